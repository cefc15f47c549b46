#!/bin/sh
# Prefill and decode on separate servers, with requests that name one of them, or neither (a router): each prompt and each output
# token counts once, on the server that computed it. Where a router's requests went to two decode servers, it is a finding.
cd "$(dirname "$0")/../.." || exit 3
needs=truth/disagg
. tests/acceptance/lib.sh

# counted WHAT STATUS RUN LOG...: prefill, decode, input and output of the router's requests with these logs
counted() {
	what=$1 expected=$2 run=$shared/truth/$3
	shift 3
	"$tollbook" run -q --fleet "$run/fleet.json" --by replica --format json -o "$folder/out.json" "$@" "$folder/requests.jsonl" 2> "$folder/said"
	same "$what: exit status" $? "$expected"
	jq -r '.total | .gpu_ns.prefill, .gpu_ns.decode, .tokens.input // 0, .tokens.output // 0, .requests' "$folder/out.json" > "$folder/figures"
}

# truth RUN: the same of the simulated run
truth() {
	jq -r '.total | .prefill_gpu_ns, .decode_gpu_ns, .tokens.input, .tokens.output, .requests' "$shared/truth/$1/truth.json" > "$folder/truth"
}

close_to_truth() {
	paste "$folder/figures" "$folder/truth" | while read -r got expected; do
		off=$((got - expected))
		[ $((${off#-} * 10000)) -le "$expected" ] || echo "$got, expected $expected"
	done > "$folder/wrong"
	same "$what: figures" "$(cat "$folder/wrong")" ''
}

disagg=$shared/truth/disagg
gzip -dc "$disagg/requests.jsonl.gz" | sed 's/,"prefill_replica":"[^"]*"//; s/"replica":"[^"]*"/"replica":"router-0"/' > "$folder/requests.jsonl"
truth disagg
counted "a router, native steps" 0 disagg "$disagg/steps.jsonl.gz"
close_to_truth
counted "a router, vLLM logs" 1 disagg "$disagg/vllm.r0.log.gz" "$disagg/vllm.r1.log.gz" # pools do not know the logs' names
close_to_truth
gzip -dc "$disagg/requests.jsonl.gz" | sed 's/,"prefill_replica":"[^"]*"//' > "$folder/requests.jsonl"
counted "the decode server's name, vLLM logs" 1 disagg "$disagg/vllm.r0.log.gz" "$disagg/vllm.r1.log.gz"
close_to_truth

two=$shared/truth/tiny-pd
gzip -dc "$two/requests.jsonl.gz" | sed 's/,"prefill_replica":"[^"]*"//; s/"replica":"[^"]*"/"replica":"router-0"/' > "$folder/requests.jsonl"
counted "two decode servers" 1 tiny-pd "$two/steps.jsonl.gz"
same "two decode servers: a finding" "$(jq '[.findings[] | select(.kind == "counted-twice")] | length' "$folder/out.json")" 1
near "two decode servers: output" "$(sed -n 4p "$folder/figures")" "$(jq '.total.tokens.decode_scheduled' "$two/truth.json")" 0
finish
