#!/usr/bin/env python3
"""Checks each JSON document of a golden run by the schema that it names. Prints invalid documents, and schemas without a run."""
import json
import pathlib
import re

import jsonschema

START = re.compile(r'\{\s*"schema":\s*"tollbook\.([a-z]+)\.v1"')
PRINTED = ("audit", "estimate", "reconcile", "statement", "whatif")  # what commands print as one document; diff: tests/renderings/run

checked = dict.fromkeys(PRINTED, 0)
for path in sorted(pathlib.Path("tests/golden").glob("*/stdout")):
    text = path.read_text(encoding="utf-8", errors="replace")
    for found in START.finditer(text):
        name = found.group(1)
        if name not in checked:
            continue
        try:
            document, _ = json.JSONDecoder().raw_decode(text, found.start())
        except ValueError:
            continue  # truncated, or with a part replaced
        schema = json.loads(pathlib.Path(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        checked[name] += 1
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
            print(f"{path}: {name}: {'/'.join(map(str, error.path))}: {error.message[:300]}")
for name, count in checked.items():
    if count == 0:
        print(f"no golden run has a document of schemas/{name}.schema.json")
