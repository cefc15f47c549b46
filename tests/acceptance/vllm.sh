#!/bin/sh
# vLLM's log alone: a statement, busy time to the log's rounding, and missing evidence is reported.
needs=truth
. "$(dirname "$0")/lib.sh"

log=$shared/truth/tiny-8b/vllm.r0.log.gz
"$tollbook" run --gpu-hour 2.00 --log-year 2026 --log-zone UTC --format json -o "$folder/got.json" "$log" 2> "$folder/said"
same "exit status is 0 or 1" "$(($? < 2))" 1
steps=$(jq .total.steps "$shared/truth/tiny-8b/truth.json")
same "steps" "$(jq .quality.records.step "$folder/got.json")" "$steps"
# Each step is rounded to 0.01 ms.
near "busy time" "$(jq '.total.gpu_ns | .prefill + .decode' "$folder/got.json")" \
	"$(jq .total.busy_gpu_ns "$shared/truth/tiny-8b/truth.json")" $((steps * 5000))
same "a grade below A has time" "$(jq '[.evidence[] | select(.grade != "A") | .gpu_ns] | add > 0' "$folder/got.json")" true
same "missing context lengths are a warning" \
	"$(jq '[.quality.warnings[] | select(test("context"))] | length > 0' "$folder/got.json")" true
same "also on standard error" "$(grep -c context "$folder/said")" 1

# With the requests the contexts are rebuilt: prefill within 2 % of the truth, nothing below grade B.
"$tollbook" run -q --fleet "$shared/truth/tiny-8b/fleet.json" --log-year 2026 --log-zone UTC --replica rtx-tiny-01 \
	--model llama-3.1-8b --format json -o "$folder/both.json" "$log" "$shared/truth/tiny-8b/requests.jsonl.gz"
prefill=$(jq .total.prefill_gpu_ns "$shared/truth/tiny-8b/truth.json")
near "with requests: prefill, within 2 %" "$(jq .total.gpu_ns.prefill "$folder/both.json")" "$prefill" $((prefill / 50))
same "with requests: all is grade A or B" \
	"$(jq '[.evidence[] | select(.grade == "C" or .grade == "D") | .gpu_ns] | add // 0' "$folder/both.json")" 0
finish
