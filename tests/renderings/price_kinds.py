#!/usr/bin/env python3
"""price_kinds.py TOLLBOOK CATALOGUE...: checks that every kind of price in a catalogue is applied or listed as omitted.

For each key of a price: of up to five models that have it, from all over the file, a catalogue of that model alone is imported as it is, and with that
price doubled. A price that is applied changes the native catalogue; one that is not must be named in its "left_out". Prints a
table by file and key, and a line "DROPPED …" for each that is neither; exit status 1 if there is any.
"""
import copy
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

MODELS = 5
WORDS = ("cost", "pric", "multiplier", "provider_specific_entry")


def doubled(value):
    """Each number twice as large; the limits of prompt length do not change."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return value * 2 if value else 7e-6
    if isinstance(value, list):
        return [doubled(v) for v in value]
    return {k: v if k in ("start", "range", "tier", "hours_utc", "weekdays") else doubled(v) for k, v in value.items()}


def genai(catalogue):
    for provider in catalogue:
        for model in provider["models"]:
            prices = model["prices"] if isinstance(model["prices"], list) else [{"prices": model["prices"]}]
            for key in sorted({k for p in prices for k in p["prices"]}):
                def only(change, provider=provider, model=model, key=key):
                    m = copy.deepcopy(model)
                    lists = m["prices"] if isinstance(m["prices"], list) else [{"prices": m["prices"]}]
                    for p in lists:
                        if key in p["prices"]:
                            p["prices"][key] = change(p["prices"][key])
                    return [dict(provider, models=[m])]
                yield key, only


def litellm(catalogue):
    for name, model in catalogue.items():
        if name == "sample_spec":
            continue
        for key in model:
            value = model[key]
            if any(w in key for w in WORDS) and not isinstance(value, (str, bool)) and value is not None:
                yield key, lambda change, name=name, model=model, key=key: {name: dict(model, **{key: change(model[key])})}


def models_dev(catalogue):
    flat = {}
    for name, model in catalogue.items():
        flat.update(model["models"] if "models" in model else {name: model})
    for name, model in flat.items():
        for key in model.get("cost", {}):
            yield key, lambda change, name=name, model=model, key=key: {
                name: dict(model, cost=dict(model["cost"], **{key: change(model["cost"][key])}))}
        for mode, body in model.get("experimental", {}).get("modes", {}).items():
            def only(change, name=name, model=model, mode=mode):
                m = copy.deepcopy(model)
                m["experimental"]["modes"][mode]["cost"] = change(m["experimental"]["modes"][mode]["cost"])
                return {name: m}
            if "cost" in body:
                yield f"experimental.modes.{mode}", only


def read(path):
    data = pathlib.Path(path).read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def prices_of(catalogue):
    if isinstance(catalogue, list):
        return "genai-prices", genai(catalogue)
    first = next(v for k, v in catalogue.items() if k != "sample_spec")
    return ("LiteLLM", litellm(catalogue)) if "litellm_provider" in first else ("models.dev", models_dev(catalogue))


def imported(tollbook, folder, catalogue):
    source, out = pathlib.Path(folder, "in.json"), pathlib.Path(folder, "out.json")
    source.write_text(json.dumps(catalogue), encoding="utf-8")
    out.unlink(missing_ok=True)
    subprocess.run([tollbook, "prices", "import", "--date", "2026-08-21", "-o", str(out), str(source)], check=True, capture_output=True)
    native = json.loads(out.read_text(encoding="utf-8"))
    return json.dumps(native["providers"], sort_keys=True), json.dumps(native)


def without_left_out(text):
    providers = json.loads(text)
    for provider in providers:
        for model in provider["models"]:
            model.pop("left_out", None)
    return providers


def main():
    tollbook, dropped = sys.argv[1], 0
    for path in sys.argv[2:]:
        form, prices = prices_of(read(path))
        by_key = {}
        for key, only in prices:
            by_key.setdefault(key, []).append(only)
        print(f"{form}: {len(by_key)} kinds of price")
        with tempfile.TemporaryDirectory() as folder:
            for key, models in sorted(by_key.items()):
                applied = said = 0
                for only in models[:: max(1, len(models) // MODELS)][:MODELS]:
                    before, whole = imported(tollbook, folder, only(lambda v: v))
                    after, changed = imported(tollbook, folder, only(doubled))
                    if without_left_out(before) != without_left_out(after):
                        applied += 1
                    elif key.split(".")[-1] in changed or "not priced by tokens" in whole:
                        said += 1
                    else:
                        dropped += 1
                        print(f"DROPPED {path}: {key}: {json.dumps(only(lambda v: v))[:300]}")
                print(f"  {key:58} {len(models):5} models  {'applied' if not said else 'said' if not applied else 'applied, or said'}")
    sys.exit(1 if dropped else 0)


if __name__ == "__main__":
    main()
