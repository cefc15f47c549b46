#!/bin/sh
# The example of the library prints the figures of tollbook run over the same logs, or the reason for an error.
cd "$(dirname "$0")/../.." || exit 3
build=${BUILD:-build}
[ -x "$build/samples/library" ] || make --no-print-directory BUILD="$build" "$build/samples/library" > /dev/null || exit 1
failed=0

"$build/samples/library" 2.49 samples/serving > "$build/library.out" 2> "$build/library.err"
status=$?
"$build/tollbook" run -q --gpu-hour 2.49 --format json samples/serving > "$build/library.json"
expected=$?
[ "$status" -eq "$expected" ] || { echo "exit status $status, expected that of tollbook run: $expected"; failed=1; }
cost=$(sed -n 's/.*GPU-hours, cost //p' "$build/library.out")
grep -q "\"capacity\": *\"*$cost" "$build/library.json" || { echo "cost $cost is not that of tollbook run"; failed=1; }
grep -q '^301 requests' "$build/library.out" || { cat "$build/library.out"; failed=1; }
grep -qE '^a million tokens: input [0-9.]+, output [0-9.]+$' "$build/library.out" || { cat "$build/library.out"; failed=1; }

"$build/samples/library" 2.49 samples/none > "$build/library.out" 2> "$build/library.err"
[ $? -eq 3 ] && grep -q '^error: ' "$build/library.err" || { echo "no error for a missing log"; failed=1; }
exit $failed
