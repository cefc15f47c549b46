#!/bin/sh
# The rates of the fit are between 30 % and 100 % of the GPU's published peaks, on a log that was composed of measured
# layer times; the causes sum to the paid amount, to the last unit; and a book has the result of a run.
needs=truth
. "$(dirname "$0")/lib.sh"

for name in small-8b tiny-8b tiny-pd; do
	at=$shared/truth/$name
	"$tollbook" run -q --fleet "$at/fleet.json" --versus-estimate samples/models/llama-3.1-8b.json "$at/steps.jsonl.gz" \
		"$at/requests.jsonl.gz" > "$folder/$name.txt"
	same "$name: all shares of peaks lie between 30 % and 100 %" \
		"$(grep -E ' % of [0-9.]+$' "$folder/$name.txt" | awk '$(NF - 3) < 30 || $(NF - 3) > 100')" ""
	[ "$name" = tiny-pd ] || fits=$(grep -c 'steps, residual' "$folder/$name.txt")
	[ "$name" = tiny-pd ] || same "$name: four shares for each fit" "$(grep -cE ' % of [0-9.]+$' "$folder/$name.txt")" $((4 * fits))
	jq '.pools[] |= . + {description: "8b.json", power: {watts_per_gpu: 500, pue: "1.2", per_kwh: "0.1"}}' "$at/fleet.json" > "$folder/fleet.json"
	cp samples/models/llama-3.1-8b.json "$folder/8b.json"
	"$tollbook" run -q --no-progress --fleet "$folder/fleet.json" --versus-estimate fleet --energy --grid 380 --format json \
		"$at/steps.jsonl.gz" "$at/requests.jsonl.gz" > "$folder/run.json"
	same "$name: causes sum to capacity, in GPU-nanoseconds" "$(jq '[.versus_estimate.total.gpu_ns[]] | add' "$folder/run.json")" \
		"$(jq .total.gpu_ns.capacity "$folder/run.json")"
	same "$name: and to its cost, in nano-units" \
		"$(jq '[.versus_estimate.total.cost[] | sub("\\."; "") | tonumber] | add' "$folder/run.json")" \
		"$(jq '.total.cost.capacity | sub("\\."; "") | tonumber' "$folder/run.json")"
	same "$name: rows sum to each cause" \
		"$(jq -c '[.versus_estimate.rows[].gpu_ns | to_entries[]] | group_by(.key) | map({(.[0].key): map(.value) | add}) | add' "$folder/run.json")" \
		"$(jq -cS '.versus_estimate.total.gpu_ns' "$folder/run.json")"
	same "$name: all of busy time has steps" "$(jq .versus_estimate.total.gpu_ns.not_known "$folder/run.json")" 0
	same "$name: the shares are those of the table" "$(jq '[.versus_estimate.fits[] | .[] | objects] | length' "$folder/run.json")" \
		"$(grep -cE ' % of [0-9.]+$' "$folder/$name.txt")"
	if python3 -c 'import jsonschema' 2> /dev/null; then
		same "$name: valid by the schema" \
			"$(PYTHONDONTWRITEBYTECODE=1 python3 tests/renderings/schema.py schemas/statement.schema.json "$folder/run.json")" ""
	fi
	rm -rf "$folder/book"
	"$tollbook" ingest -q --no-progress --book "$folder/book" "$at/steps.jsonl.gz" "$at/requests.jsonl.gz"
	"$tollbook" attribute -q --book "$folder/book" --fleet "$folder/fleet.json"
	"$tollbook" report -q --book "$folder/book" --versus-estimate fleet --energy --grid 380 --format json > "$folder/report.json"
	same "$name: a book has the same theory and energy" "$(jq -cS '.versus_estimate, .energy' "$folder/report.json" | sha256sum)" \
		"$(jq -cS '.versus_estimate, .energy' "$folder/run.json" | sha256sum)"
	same "$name: energy's kinds sum to all" "$(jq '[.energy.kinds[].gpu_ns] | add' "$folder/report.json")" "$(jq .energy.total.gpu_ns "$folder/report.json")"
done

# A rate that changes within an hour, and within steps.
at=$shared/truth/tiny-8b
cp samples/models/llama-3.1-8b.json "$folder/8b.json"
jq '.pools[] |= . + {description: "8b.json", rates: [{from: "2026-01-01", per_gpu_hour: "1.89"},
	{from: "2026-08-10T23:59:40Z", per_gpu_hour: "2.77"}, {from: "2026-08-11T00:00:10Z", per_gpu_hour: "0.333333333"}]}' \
	"$at/fleet.json" > "$folder/fleet.json"
"$tollbook" run -q --no-progress --fleet "$folder/fleet.json" --versus-estimate fleet --format json "$at/steps.jsonl.gz" \
	"$at/requests.jsonl.gz" > "$folder/run.json"
same "rates within an hour: money sums" "$(jq '[.versus_estimate.total.cost[] | sub("\\."; "") | tonumber] | add' "$folder/run.json")" \
	"$(jq '.total.cost.capacity | sub("\\."; "") | tonumber' "$folder/run.json")"
same "rates within an hour: all of busy time has steps" "$(jq .versus_estimate.total.gpu_ns.not_known "$folder/run.json")" 0

# As of a run: the next day's logs change nothing, more logs of the same day are an error.
at=$tree/samples/serving
day_later() { # logs of REPLICA a day later
	gzip -dc "$at/steps.jsonl.gz" | jq -c --arg replica "$1" '.start_ns += 172800000000000 | .replica = $replica'
}
jq '.pools[] |= . + {description: "8b.json", match: "*"}' samples/fleet.json > "$folder/fleet.json"
as_of() {
	"$tollbook" report -q --book "$folder/book" --as-of "$1" --versus-estimate fleet --format json > "$folder/$2.json" 2> "$folder/$2.txt"
	status=$?
}
add() {
	"$tollbook" ingest -q --no-progress --book "$folder/book" "$@"
	"$tollbook" attribute -q --book "$folder/book" --fleet "$folder/fleet.json"
}
rm -rf "$folder/book"
add "$at/steps.jsonl.gz" "$at/requests.jsonl.gz"
as_of 2 first
same "as of a run: before others" "$status" 0
day_later rtx-tiny-01 > "$folder/later.jsonl"
add "$folder/later.jsonl"
as_of 2 then
same "as of a run: later days change nothing" "$status $(jq -cS .versus_estimate "$folder/then.json" | sha256sum)" \
	"0 $(jq -cS .versus_estimate "$folder/first.json" | sha256sum)"
gzip -dc "$at/steps.jsonl.gz" | head -100 | sed 's/rtx-tiny-01/rtx-tiny-02/' > "$folder/more.jsonl"
add "$folder/more.jsonl"
as_of 2 changed
same "as of a run: records of the period changed since" "$status $(grep -c 'were added by run 5, after run 2' "$folder/changed.txt")" "2 1"
finish
