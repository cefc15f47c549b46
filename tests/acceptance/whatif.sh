#!/bin/sh
# A replay of the logged run has its busy time within 5 %, on logs with a known answer.
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
	same "$name: logged equals the true busy time" "$(jq .logged.busy_gpu_ns "$folder/$name.json")" "$(jq .total.busy_gpu_ns "$at/truth.json")"
	jq '.pools[] |= . + {description: "8b.json"}' "$at/fleet.json" > "$folder/fleet.json"
	cp samples/models/llama-3.1-8b.json "$folder/8b.json"
	"$tollbook" whatif -q --fleet "$folder/fleet.json" --kv-tokens 30000 --format json "$at/steps.jsonl.gz" "$at/requests.jsonl.gz" > "$folder/kv.json"
	# 96 GB x 0.9 less 16.06 GB of weights, over 131,072 bytes a token: the logged run never filled that.
	same "$name: tokens that the card's memory holds" "$(jq .scenarios[0].kv_tokens "$folder/kv.json")" 536647
	same "$name: no bound in the run as logged" "$(jq .scenarios[0].busy_gpu_ns "$folder/kv.json")" "$(jq .scenarios[0].busy_gpu_ns "$folder/$name.json")"
	same "$name: a small cache preempts, and computes again" \
		"$(jq '.scenarios[1] | .preemptions > 0 and .recomputed_tokens > 0 and .kv_tokens == 30000' "$folder/kv.json")" true
	same "$name: phases sum to busy time in all scenarios" \
		"$(jq '[.scenarios[] | .busy_gpu_ns - .prefill_gpu_ns - .decode_gpu_ns] | map(select(. != 0)) | length' "$folder/$name.json")" 0
done
finish
