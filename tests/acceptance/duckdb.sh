#!/bin/sh
# The conversion of docs/users/finops.md from CSV to Parquet, run by DuckDB's npm package: all money is DECIMAL, all counts are BIGINT,
# and both come back digit for digit.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need node npm
[ -z "${SANITIZED:-}" ] || { echo "skip: nothing of it is the program's"; exit 77; }

modules=$(realpath "${BUILD:-build}")/duckdb
mkdir -p "$modules"
if ! [ -e "$modules/node_modules/@duckdb/node-api" ]; then
	(cd "$modules" && timeout 60 npm install --no-audit --no-fund --silent @duckdb/node-api) > "$folder/why" 2>&1 < /dev/null ||
		{ echo "skip: npm has no DuckDB here: $(head -1 "$folder/why")"; exit 77; }
fi
"$tollbook" run -q --fleet samples/fleet.json --by hour,tenant --format csv -o "$folder/costs.csv" samples/serving
ln -s "$modules/node_modules" "$folder/node_modules"
for page in docs/users/finops.md docs/invoices.md; do
	(cd "$folder" && node "$tree/tests/acceptance/duckdb.js" "$tree/$page") > "$folder/said" 2>&1
	same "$page: $(head -1 "$folder/said" | cut -c1-60) ..." "$(tail -1 "$folder/said")" same
done
finish
