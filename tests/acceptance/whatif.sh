#!/bin/sh
# Replaying what happened gives its busy time within 5 %, on logs with a known answer.
needs=truth
. "$(dirname "$0")/lib.sh"

for name in tiny-8b small-8b tiny-pd; do
	at=$shared/truth/$name
	"$tollbook" whatif -q --fleet "$at/fleet.json" --format json "$at/steps.jsonl.gz" "$at/requests.jsonl.gz" > "$folder/$name.json"
	same "$name: exit status" $? 0
	for part in busy prefill decode; do
		logged=$(jq ".logged.${part}_gpu_ns" "$folder/$name.json")
		near "$name: $part time replayed, within 5 %" "$(jq ".scenarios[0].${part}_gpu_ns" "$folder/$name.json")" "$logged" $((logged / 20))
	done
	same "$name: logged is what the truth says was busy" "$(jq .logged.busy_gpu_ns "$folder/$name.json")" "$(jq .total.busy_gpu_ns "$at/truth.json")"
	same "$name: phases sum to busy time in all scenarios" \
		"$(jq '[.scenarios[] | .busy_gpu_ns - .prefill_gpu_ns - .decode_gpu_ns] | map(select(. != 0)) | length' "$folder/$name.json")" 0
done
finish
