#!/bin/sh
# A replica with different logs on different days: each day is split by its best evidence, and none is lost.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
data=$(realpath tests/data/truth/tiny-8b)
need jq
cd "$folder" || exit 3
mkdir logs
cp "$data/fleet.json" .

# Steps with requests, requests, steps, windows, nothing, steps with requests again; each crosses midnight.
gzip -dc "$data/steps.jsonl.gz" > steps
gzip -dc "$data/requests.jsonl.gz" > requests
for day in 0 10; do
	moved steps $day > logs/$day-steps.jsonl
	moved requests $day > logs/$day-requests.jsonl
done
moved requests 2 > logs/2-requests.jsonl
moved steps 4 > logs/4-steps.jsonl
awk '
function put() {
	if (from) print "{\"schema\":\"tollbook.window.v1\",\"replica\":\"rtx-tiny-01\",\"model\":\"" model "\",\"start_ns\":" from ",\"end_ns\":" at \
		",\"input_tokens\":" input ",\"cached_tokens\":0,\"output_tokens\":" output ",\"running\":" running "}"
}
function field(name) {match($0, "\"" name "\":[0-9]+"); return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)}
{
	at = field("start_ns"); model = $0; sub(/.*"model":"/, "", model); sub(/".*/, "", model)
	if (NR % 100 == 1) {put(); from = at; input = output = 0}
	input += field("prefill_tokens"); running = field("decode_requests"); output += running
}' steps > windows
sed 's/"end_ns"/"finish_ns"/' windows > renamed # a name that moved knows
moved renamed 6 | sed 's/"finish_ns"/"end_ns"/' > logs/6-windows.jsonl

# date_of DAY: after the first
date_of() {
	date -u -d "$first + $1 days" +%F
}
# rows FILE DAY: what its tenants had that day and the next, without idle time; cached input is not known for all days together, because
# steps alone do not report it
rows() {
	jq -c --arg day "$(date_of "$2")" --arg next "$(date_of $(($2 + 1)))" \
		'.rows[] | select((.day == $day or .day == $next) and .tenant != "(not allocated)") | [.day, .tenant, .requests, (.tokens | del(.input_cached)), .gpu_ns.prefill, .gpu_ns.decode]' "$1" | sort
}
statement() { # FILE LOG...
	file=$1
	shift
	"$tollbook" run -q --no-progress --fleet fleet.json --by day,tenant --format json -o "$file" "$@"
}
statement all.json logs
first=$(jq -r '.rows[0].day' all.json)
for day in 0 2 4 6 10; do
	statement alone.json logs/$day-*.jsonl
	[ "$(rows alone.json $day | wc -l)" -ge 2 ] || wrong "day $day alone: nothing"
	# Requests alone are split by the step models of the adjacent days.
	fields=$([ $day = 2 ] && echo 'del(.[4:])' || echo .)
	same "day $day: equal to a run of this day alone" "$(rows all.json $day | jq -c "$fields")" "$(rows alone.json $day | jq -c "$fields")"
done
same "grades, and days with work" "$(jq -c '[.evidence[] | select(.gpu_ns > 0) | .grade], ([.rows[] | select(.tenant != "(not allocated)") | .day] | unique | length)' all.json)" '["A","B","C","D"]
10'
same "paid from the first to the last day" "$(jq '.total.gpu_ns.capacity / 3600e9 | floor' all.json)" 240

# ---- nights and shards ----

figures='{total, models, tenants, rows, evidence, period}'
cat > tollbook.conf << 'END_OF_CONF'
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "logs": [{"path": "in/*"}],
 "reports": [{"period": "all", "by": "day,tenant", "format": "json", "output": "report.json"}]}
END_OF_CONF
for order in "0 2 4 6 10" "10 6 2 0 4"; do
	rm -rf book in
	mkdir in
	for day in $order; do
		cp logs/$day-*.jsonl in/
		"$tollbook" nightly -q -c tollbook.conf
	done
	same "nights $order: the same" "$(jq -S "$figures" report.json | sha256sum)" "$(jq -S "$figures" all.json | sha256sum)"
	"$tollbook" verify -q --book book > said
	same "nights $order: verified" "$?" 0
done
"$tollbook" shard plan -q --tasks 2 --fleet fleet.json -o plan logs
for step in map fit attribute; do
	for task in 0 1; do
		"$tollbook" shard $step -q --task $task plan
	done
done
"$tollbook" shard report -q --by day,tenant --format json -o shards.json plan
same "shards: the same" "$(jq -S "$figures" shards.json | sha256sum)" "$(jq -S "$figures" all.json | sha256sum)"
"$tollbook" run -q --no-progress --fleet fleet.json --by day --requests each.csv --format json -o requests.json logs
# Windows report no request.
same "what requests cost is what the phases took" "$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i; next} {p += $at["prefill_gpu_ns"]; d += $at["decode_gpu_ns"]} END {printf "%.0f %.0f", p, d}' each.csv)" \
	"$(jq -r --arg day "$(date_of 6)" --arg next "$(date_of 7)" '[.rows[] | select(.day != $day and .day != $next) | .gpu_ns] | "\(map(.prefill) | add) \(map(.decode) | add)"' requests.json)"

# ---- kinds that change while requests are in flight ----

# At midnight steps are no longer logged, or windows begin; requests continue after it.
midnight=$(date -u -d "$(date_of 1)" +%s)000000000
rm -rf logs in book
mkdir logs in
awk -v midnight="$midnight" '{match($0, /"start_ns":[0-9]+/)} substr($0, RSTART + 11, RLENGTH - 11) < midnight "" {print}' steps > logs/steps.jsonl
cp requests logs/requests.jsonl
statement met.json logs
same "steps end at midnight: every request and token" "$(jq -c '[.total.requests, .total.tokens]' met.json)" \
	"$(jq -sc '[length, {input: (map(.prompt_tokens) | add), input_cached: (map(.cached_tokens) | add), output: (map(.completion_tokens) | add)}]' requests)"
same "steps end at midnight: both days are busy" "$(jq '[.rows[] | select(.gpu_ns.decode > 1e9) | .day] | unique | length' met.json)" 2
near "steps end at midnight: GPU-ms, as by steps" "$(jq '.total.gpu_ns | (.prefill + .decode) / 1e6 | floor' met.json)" \
	"$(statement by-steps.json steps requests; jq '.total.gpu_ns | (.prefill + .decode) / 1e6 | floor' by-steps.json)" 1500
for log in requests steps; do
	cp logs/$log.jsonl in/
	"$tollbook" nightly -q -c tollbook.conf
done
same "steps end at midnight: the same in nights" "$(jq -S "$figures" report.json | sha256sum)" "$(jq -S "$figures" met.json | sha256sum)"

# ---- a restart whose first steps are not in the log: a gap; one that begins with 0 is none ----
for first in 0 50; do
	awk -v first=$first 'BEGIN {
		for (run = 0; run < 2; run++) for (i = run * first; i < 1000; i++) {
			printf "{\"schema\":\"tollbook.step.v1\",\"replica\":\"r\",\"model\":\"m\",\"step\":%d,\"start_ns\":%d%09d,\"gpu_ns\":20000000,\"prefill_requests\":%d,\"prefill_tokens\":%d,\"decode_requests\":8,\"decode_kv_tokens\":8000}\n", i, 1790000000 + run * 30 + int(n / 40), n % 40 * 25000000, i % 10 == 0, i % 10 == 0 ? 800 : 0
			n++
		}
	}' > restart.jsonl
	"$tollbook" run -q --gpu-hour 2 --format json -o restart.json restart.jsonl > said 2>&1
	rm -rf restarts
	"$tollbook" ingest -q --book restarts restart.jsonl > said 2>&1
	"$tollbook" attribute -q --gpu-hour 2 --book restarts > said 2>&1
	"$tollbook" report -q --book restarts --format json -o restarts.json > said 2>&1
	for way in restart restarts; do
		same "a restart at step $first: $way" "$(jq -c '[.findings[] | select(.kind == "gap") | .text[:28]]' $way.json)" "$([ $first = 0 ] && echo '[]' || echo '["r: 50 of 2000 steps are miss"]')"
	done
done

# ---- a day with steps in a part only: it is reported, because days are split as a whole ----

step() { # HOUR
	echo "{\"kind\":\"step\",\"replica\":\"r\",\"model\":\"m\",\"start_ns\":$((1786320000 + $1 * 3600))000000000,\"gpu_ns\":5000000,\"prefill_requests\":0,\"prefill_tokens\":0,\"decode_requests\":1}"
}
window() { # HOUR TOKENS
	echo "{\"kind\":\"window\",\"replica\":\"r\",\"model\":\"m\",\"start_ns\":$((1786320000 + $1 * 3600))000000000,\"end_ns\":$((1786320000 + $1 * 3600 + 10))000000000,\"input_tokens\":$2,\"output_tokens\":0}"
}
warnings() { # the warnings on the lines of the standard input
	cat > part.jsonl
	"$tollbook" run -q --no-progress --fleet fleet.json --format json part.jsonl | jq -r '[.quality.warnings[] | select(test("more than an hour before"))] | length'
}
same "work long before the first step" "$({ window 2 7; step 5; } | warnings)" 1
same "work long after the last step" "$({ step 5; window 7 7; } | warnings)" 1
same "windows without tokens" "$({ window 2 0; step 5; window 7 0; } | warnings)" 0
same "work in addition to steps" "$({ window 4 7; step 4; step 5; window 5 7; } | warnings)" 0
same "work on another day" "$({ step 5; window 29 7; } | warnings)" 0
finish
