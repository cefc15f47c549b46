#!/bin/sh
# Runs with a known answer: tokens, busy time and capacity to the last unit, the prefill total within 2 %.
needs=truth
. "$(dirname "$0")/lib.sh"

for name in tiny-8b small-8b tiny-pd; do
	at=$shared/truth/$name
	"$tollbook" run -q --fleet "$at/fleet.json" --by replica --format json -o "$folder/$name.json" \
		"$at/steps.jsonl.gz" "$at/requests.jsonl.gz"
	status=$?
	same "$name: exit status is 0 or 1" "$((status < 2))" 1
	got=$folder/$name.json
	for pair in requests:.requests input:.tokens.input cached:.tokens.input_cached output:.tokens.output; do
		key=${pair#*:}
		same "$name: ${pair%%:*}" "$(jq ".total$key" "$got")" "$(jq ".total$key" "$at/truth.json")"
	done
	same "$name: busy time" "$(jq '.total.gpu_ns | .prefill + .decode' "$got")" "$(jq .total.busy_gpu_ns "$at/truth.json")"
	same "$name: capacity" "$(jq .total.gpu_ns.capacity "$got")" "$(jq .total.capacity_gpu_ns "$at/truth.json")"
	prefill=$(jq .total.prefill_gpu_ns "$at/truth.json")
	near "$name: prefill, within 2 %" "$(jq .total.gpu_ns.prefill "$got")" "$prefill" $((prefill / 50))
	# The logs of a replica have no gaps: only paid time outside of them is unobserved.
	same "$name: unobserved is outside of the logs" "$(jq '[.rows[] | select(.replica != "") | .gpu_ns.unobserved] | add' "$got")" 0
	same "$name: parts of time sum to capacity" \
		"$(jq '.total.gpu_ns | .capacity - .prefill - .decode - .other - .idle - .unobserved' "$got")" 0
	same "$name: parts of money sum to capacity" "$(jq -r '.total.cost | [.capacity, .prefill, .decode, .other, .idle, .unobserved]
		| map(sub("\\."; "") | tonumber) | .[0] - .[1] - .[2] - .[3] - .[4] - .[5]' "$got")" 0
	for tenant in $(jq -r '.tenants[].tenant' "$at/truth.json"); do
		for key in .requests .tokens.input .tokens.input_cached .tokens.output; do
			same "$name: $tenant $key" "$(jq --arg t "$tenant" ".tenants[] | select(.tenant == \$t) | $key" "$got")" \
				"$(jq --arg t "$tenant" ".tenants[] | select(.tenant == \$t) | $key" "$at/truth.json")"
		done
	done
done
finish
