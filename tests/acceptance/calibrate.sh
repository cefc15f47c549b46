#!/bin/sh
# --calibrate: by a run's model report, and by its statement, an estimate of the run is closer to the measured time of a request.
needs=truth
. "$(dirname "$0")/lib.sh"

# Estimated over measured GPU time of a request of the run, in thousandths off 1.
off() {
	"$tollbook" estimate --model samples/models/llama-3.1-8b.json --gpu RTX-PRO-6000-96GB --engine vllm --batch "$batch" --prompt "$prompt" \
		--cached "$cached" --completion "$output" --format json "$@" > "$folder/estimate.json" || return
	jq --argjson p "$((prompt - cached))" --argjson o "$output" --argjson measured "$measured" '[.values[] | {(.name): .value}] | add
		| (.input_ns * $p + .output_ns * $o) * 1000 / $measured - 1 | if . < 0 then -. else . end | . * 1000 | floor' "$folder/estimate.json"
}

for name in tiny-8b small-8b; do
	at=$shared/truth/$name
	"$tollbook" run -q --fleet "$at/fleet.json" --format json --model-report "$folder/fits.txt" -o "$folder/statement.json" \
		"$at/steps.jsonl.gz" "$at/requests.jsonl.gz"
	eval "$(jq -r '.total | .requests as $n | "prompt=\(.tokens.input / $n | round) cached=\(.tokens.input_cached / $n | round)
		output=\(.tokens.output / $n | round) batch=\(.tokens.decode_scheduled / .steps | round) measured=\(.busy_gpu_ns / $n | round)"' "$at/truth.json")"
	published=$(off)
	report=$(off --calibrate "$folder/fits.txt")
	statement=$(off --calibrate "$folder/statement.json")
	same "$name: off by ${report} with its report, ${published} without (thousandths)" "$((report < published))" 1
	same "$name: within a tenth with its report" "$((report <= 100))" 1
	same "$name: within a fiftieth with its statement" "$((statement <= 20))" 1
	same "$name: within its interval" "$(jq ".interval_factor > $((1000 + report)) / 1000" "$folder/estimate.json")" true
done
finish
