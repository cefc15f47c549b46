#!/bin/sh
# Clocks: days of 25 and of 23 hours, steps that straddle an hour, a day and a change of rate, clocks of replicas that differ.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3

fleet() { # FROM TO: one GPU, up from instant to instant
	echo "{\"schema\":\"tollbook.fleet.v1\",\"currency\":\"USD\",\"pools\":[{\"name\":\"p\",\"match\":\"*\",\"gpus_per_replica\":1,\"role\":\"mixed\",
		\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"1\"}${3:-}],\"uptime\":[{\"from\":\"$1\",\"to\":\"$2\",\"gpus\":1}]}]}"
}

# steps FROM TO EVERY NS: pure prefill, by seconds since 1970
steps() {
	awk -v from="$1" -v to="$2" -v every="$3" -v ns="$4" 'BEGIN {for (t = from; t < to; t += every) printf "{\"schema\":\"tollbook.step.v1\",\"replica\":\"a\",\"model\":\"m\",\"step\":%d,\"start_ns\":%d000000000,\"gpu_ns\":%s,\"prefill_requests\":1,\"prefill_tokens\":100,\"prefill_kv_tokens\":0,\"prefill_token_kv\":5000,\"decode_requests\":0,\"decode_kv_tokens\":0,\"duration_kind\":\"gpu_events\"}\n", (t - from) / every, t, ns}'
}

by() { # WHAT LOG
	"$tollbook" run -q --fleet fleet.json --tz Europe/Berlin --by "$1" --format json "$2"
}

# Clocks go back on 2026-10-25 at 1:00 UTC and forward on 2026-03-29: two steps an hour of a hundredth of a second.
fleet 2026-10-23T22:00:00Z 2026-10-26T23:00:00Z > fleet.json
steps 1792792800 1793055600 1800 10000000 > autumn.jsonl
same "the days around the end of summer time" "$(by day autumn.jsonl | jq -c '.rows[] | [.day, .gpu_ns.capacity / 3600e9, .gpu_ns.prefill]' | tr '\n' ' ')" \
	'["2026-10-24",24,480000000] ["2026-10-25",25,500000000] ["2026-10-26",24,480000000] '
same "the hour that occurs twice" "$(by hour autumn.jsonl | jq -c '.rows[] | select(.hour | test("2026-10-25T02")) | [.hour, .gpu_ns.capacity / 3600e9, .gpu_ns.prefill]' | tr '\n' ' ')" \
	'["2026-10-25T02:00:00+02:00",1,20000000] ["2026-10-25T02:00:00+01:00",1,20000000] '
fleet 2026-03-27T23:00:00Z 2026-03-30T22:00:00Z > fleet.json
steps 1774652400 1774908000 1800 10000000 > spring.jsonl
same "the days around its beginning" "$(by day spring.jsonl | jq -c '.rows[] | [.day, .gpu_ns.capacity / 3600e9, .gpu_ns.prefill]' | tr '\n' ' ')" \
	'["2026-03-28",24,480000000] ["2026-03-29",23,460000000] ["2026-03-30",24,480000000] '

# One step of 30 s over midnight in Berlin and in UTC, each at a change of rate: divided by time, to the nanosecond.
fleet 2026-11-19T22:00:00Z 2026-11-20T02:00:00Z ',{"from":"2026-11-20T00:00:00Z","per_gpu_hour":"3600"}' > fleet.json
steps 1795129190 1795129191 1 30000000001 > berlin.jsonl
same "a step over a day of Berlin" "$(by day berlin.jsonl | jq -c '[.rows[] | .gpu_ns.prefill]')" '[10000000000,20000000001]'
steps 1795132790 1795132791 1 30000000001 > utc.jsonl
same "a step over a change of rate" "$(by hour utc.jsonl | jq -c '[.rows[] | select(.gpu_ns.prefill > 0) | [.gpu_ns.prefill, .cost.prefill]]')" \
	'[[10000000000,"0.002777778"],[20000000001,"20.000000001"]]'

# A replica's clock differs from those of the others (their requests name it): phases and capacity do not change, to the last unit;
# time that requests no longer explain is reported.
run=$tree/tests/data/truth/tiny-pd
gzip -dc "$run/steps.jsonl.gz" > steps.jsonl
gzip -dc "$run/requests.jsonl.gz" > requests.jsonl
off_by() { # MS
	awk -v ms="$1" 'index($0, "\"dc-8b-02\"") {
		match($0, /"start_ns":[0-9]+/)
		$0 = substr($0, 1, RSTART + 10) sprintf("%.0f", substr($0, RSTART + 11, 13) + ms) substr($0, RSTART + 24)
	} {print}' steps.jsonl > off.jsonl
	"$tollbook" run -q --fleet "$run/fleet.json" --format json -o off.json off.jsonl requests.jsonl
}
due=$(jq -c '.total | [.prefill_gpu_ns, .decode_gpu_ns, .capacity_gpu_ns]' "$run/truth.json")
for ms in 0 5 -50 400 2000; do
	off_by $ms
	same "a clock off by $ms ms: phases and capacity" "$(jq -c '.total.gpu_ns | [.prefill, .decode, .capacity]' off.json)" "$due"
	same "a clock off by $ms ms: tenants sum to them" "$(jq '[.tenants[].gpu_ns | .prefill + .decode] | add' off.json)" "$(jq '.total.gpu_ns | .prefill + .decode' off.json)"
	near "a clock off by $ms ms: unattributed, in thousandths of busy time" \
		"$(jq '([.tenants[] | select(.tenant == "(unattributed)") | .gpu_ns | .prefill + .decode] | add // 0) / (.total.gpu_ns | .prefill + .decode) * 1000 | round' off.json)" 0 \
		$((${ms#-} / 8 + (${ms#-} > 0)))
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
