#!/bin/sh
# Where steps are rebuilt from requests, run leaves out sums that no split uses; with --model-report, which prints them, it does not.
# The statement and the costs of requests are the same, also where some days or replicas need the sums.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq

gzip -dc samples/serving/requests.jsonl.gz >"$folder/rebuilt.jsonl"
# Instants in whole seconds are not ends of steps.
sed 's/_ns":\([0-9]*\)[0-9]\{9\}/_ns":\1000000000/g' "$folder/rebuilt.jsonl" >"$folder/seconds.jsonl"
# Too few on a second day
{ cat "$folder/rebuilt.jsonl"; head -6 "$folder/rebuilt.jsonl" >"$folder/few"; moved "$folder/few" 3; } >"$folder/days.jsonl"
# Two servers of one model and day: one with times of its own slots, which are split by the sums of both
{ cat "$folder/rebuilt.jsonl"; sed 's/rtx-tiny-01/slots/; s/chatcmpl-/slot-/; s/}$/,"exclusive_times":true}/' "$folder/rebuilt.jsonl"; } >"$folder/slots.jsonl"
# First tokens of a few only
awk 'NR % 3 > 0 { sub(/"first_token_ns":[0-9]*,/, "") } { print }' "$folder/rebuilt.jsonl" >"$folder/untimed.jsonl"

# bytes_of LOG OPTIONS...
bytes_of() {
	log=$1
	shift
	"$tollbook" run -q --gpu-hour 2 --different rtx-tiny-01=slots --by hour,replica,tenant --format json --requests "$folder/costs.csv" "$@" \
		-o "$folder/out.json" "$folder/$log.jsonl" 2>"$folder/said"
	[ $? -le 1 ] || { echo "exit status"; cat "$folder/said"; return; }
	[ "$(jq '.total.gpu_ns.decode > 0' "$folder/out.json")" = true ] || { echo nothing; return; }
	cat "$folder/out.json" "$folder/costs.csv" | sha256sum
}

for log in rebuilt seconds days slots untimed; do
	expected=$(bytes_of $log --threads 1 --model-report "$folder/models")
	same "$log" "$(bytes_of $log --threads 1)" "$expected"
	same "$log, 3 threads" "$(bytes_of $log --threads 3)" "$expected"
done
# The logs are of both kinds.
"$tollbook" run -q --gpu-hour 2 --model-report "$folder/models" --format json -o "$folder/out.json" "$folder/rebuilt.jsonl" 2>"$folder/said"
same "days with rebuilt steps" "$(grep -c 'rebuilt steps' "$folder/models")" 2
"$tollbook" run -q --gpu-hour 2 --model-report "$folder/models" --format json -o "$folder/out.json" "$folder/seconds.jsonl" 2>"$folder/said"
same "days without, in seconds" "$(grep -c 'rebuilt steps' "$folder/models")" 0
finish
