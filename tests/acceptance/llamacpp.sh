#!/bin/sh
# Real logs of llama.cpp compared with the clients' records: requests and tokens are equal, times within the log's rounding.
needs=logs
. "$(dirname "$0")/lib.sh"

for name in single plain; do
	log=$shared/logs/llamacpp/$name.log.gz
	"$tollbook" run -q --gpu-hour 1 --model random-40m --format json -o "$folder/$name.json" "$log"
	status=$?
	same "$name: exit status is 0 or 1" "$((status < 2))" 1
	gzip -dc "$shared/logs/llamacpp/client-$name.jsonl.gz" | jq -s '{
		requests: length,
		input: (map(.tokens_evaluated) | add),
		cached: (map(.tokens_evaluated - .timings.prompt_n) | add),
		output: (map(.tokens_predicted) | add),
		prefill_ns: (map(.timings.prompt_ms * 1000 | round) | add * 1000),
		decode_ns: (map(.timings.predicted_ms * 1000 | round) | add * 1000)}' > "$folder/$name.truth"
	for pair in requests:.total.requests input:.total.tokens.input cached:.total.tokens.input_cached \
		output:.total.tokens.output; do
		same "$name: ${pair%%:*}" "$(jq "${pair#*:}" "$folder/$name.json")" "$(jq ".${pair%%:*}" "$folder/$name.truth")"
	done
	same "$name: parts sum to capacity" \
		"$(jq '.total.gpu_ns | .capacity - .prefill - .decode - .other - .idle - .unobserved' "$folder/$name.json")" 0
done

# One slot: times do not overlap, so they are GPU time. The log has 0.01 ms: at most 0.005 ms off a request.
for phase in prefill decode; do
	near "single: $phase" "$(jq ".total.gpu_ns.$phase" "$folder/single.json")" \
		"$(jq ".${phase}_ns" "$folder/single.truth")" $((80 * 5000))
done
finish
