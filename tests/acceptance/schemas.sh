#!/bin/sh
# The documents of golden runs are valid by the schemas that they name, and each schema has a stable id, because other programs rely on
# them.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
python3 -c 'import jsonschema' 2> /dev/null || { echo "skip: no python3 with jsonschema"; exit 77; }

same "golden runs" "$(PYTHONDONTWRITEBYTECODE=1 python3 tests/renderings/goldens.py)" ""
# Each schema has a stable id with its name and version, and is a valid schema; documents name the same version.
same "ids" "$(python3 - << 'END'
import glob, json, os
import jsonschema
for path in sorted(glob.glob("schemas/*.json")):
    name = os.path.basename(path).removesuffix(".schema.json")
    schema = json.load(open(path, encoding="utf-8"))
    if schema.get("$id") != f"urn:tollbook:{name}.v1":
        print(f"{path}: $id is {schema.get('$id')}")
    const = schema.get("properties", {}).get("schema", {}).get("const", f"tollbook.{name}.v1")
    if const != f"tollbook.{name}.v1":
        print(f"{path}: its documents name {const}")
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        print(f"{path}: {error.message[:300]}")
END
)" ""
same "schemas" "$(($(ls schemas/*.schema.json | wc -l) >= 17))" 1
finish
