#!/bin/sh
# Every kind of price in published catalogues is applied, or reported as omitted: for extracts in the tree, and for whole files where they
# are available.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need python3

# kinds CATALOGUE
kinds() {
	PYTHONDONTWRITEBYTECODE=1 python3 tests/renderings/price_kinds.py "$tollbook" "$1" > "$folder/said" 2>&1
	same "$(basename "$1")" "$? $(grep -c DROPPED "$folder/said")" "0 0"
	[ -z "${VERBOSE:-}" ] || cat "$folder/said"
}
for catalogue in tests/data/prices/*.json ../shared/prices/genai-prices-v2.json.gz ../shared/prices/litellm-subset.json.gz ../shared/prices/models-dev.json; do
	[ ! -f "$catalogue" ] || kinds "$catalogue"
done
finish
