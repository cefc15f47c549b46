#!/bin/sh
# Logs, exports, usage files and bills in the forms that users have, each with an answer computed by hand: all hold.
# The cases and their runner are in a folder next to the checkout; without them this is skipped.
cd "$(dirname "$0")/../.." || exit 3
tollbook=${TOLLBOOK:-build/tollbook}
[ -d ../shared/cases ] || { echo "skip: ../shared/cases is not here"; exit 77; }
command -v python3 > /dev/null || { echo "skip: no python3"; exit 77; }
[ -z "${SANITIZED:-}" ] || { echo "skip: a case has 20 s, which sanitizers may need"; exit 77; }
for kind in logs money; do
	python3 ../shared/cases/$kind/run_cases.py "$tollbook" ../shared/cases/$kind || failed=1
done

# Hostile files: within the time limit, and no user text in the output.
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
for file in ../shared/cases/hostile/*.log ../shared/cases/hostile/*.jsonl; do
	timeout 10 "$tollbook" run --gpu-hour 2 --quarantine "$folder/quarantine" "$file" > "$folder/out" 2>&1
	status=$?
	[ $status -le 3 ] || { echo "$file: exit status $status"; failed=1; }
	cat "$folder/quarantine" 2> /dev/null >> "$folder/out"
	grep -q 'CANARY\|hunter2\|sk-' "$folder/out" && { echo "$file: what people wrote is printed"; failed=1; }
	rm -f "$folder/quarantine"
done
exit ${failed:-0}
