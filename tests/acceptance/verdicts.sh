#!/bin/sh
# One server under two names in a book: its engine's log and its requests come in any nights and any order, some days have
# few requests, or none, or no engine's log. The book is the same as after one night; nothing is counted or paid for twice.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
cp "$tree/samples/prices.json" .
cat > fleet.json << 'END'
{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "p", "match": "*", "gpu": "RTX-PRO-6000-96GB",
 "gpus_per_replica": 1, "rates": [{"from": "2026-01-01", "per_gpu_hour": "2"}]}]}
END
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -240 | sed 's/"replica":"[^"]*"/"replica":"engine-a"/' > steps
last=$(tail -1 steps | jq -r '.start_ns + .gpu_ns')
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | jq -c "select(.finish_ns <= $last)" |
	sed 's/"replica":"[^"]*"/"replica":"spans-a"/' > requests
[ "$(wc -l < requests)" -ge 10 ] || wrong "only $(wc -l < requests) requests"

# Days 0 to 6: both logs; three requests; both; no requests; only requests; one request; both.
mkdir parts
for day in 0 1 2 3 5 6; do moved steps $day > parts/steps.$day.jsonl; done
for day in 0 2 4 6; do moved requests $day > parts/requests.$day.jsonl; done
head -3 requests > few; moved few 1 > parts/requests.1.jsonl
tail -1 requests > few; moved few 5 > parts/requests.5.jsonl

# book NAME NIGHT...: a book in folder NAME; a night is a list of parts
book() {
	name=$1
	shift
	mkdir -p "$name/logs"
	cat > "$name.conf" << END
{"schema": "tollbook.config.v1", "book": "$name/book", "fleet": "fleet.json", "prices": ["prices.json"], "logs": [{"path": "$name/logs/*"}],
 "reports": [{"output": "$name.json", "format": "json", "by": "day,replica,tenant"}]}
END
	for night; do
		for part in $night; do cp "parts/$part" "$name/logs"; done
		"$tollbook" nightly -q -c "$name.conf" > said 2>&1
		[ $? -le 1 ] || wrong "$name: $(cat said)"
	done
	"$tollbook" backup -q --dump --book "$name/book" dump || wrong "$name: dump"
	# The order of logs numbers them, which is in segments.
	grep -Ev '^(source|segment)' dump | sort > "$name.dump"
	rm dump
	"$tollbook" verify -q --book "$name/book" --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "$name: verify: $(cat said)"
}

all=$(cd parts && echo *)
book one "$all"
grep -q '^verdict' one.dump || wrong "no verdicts in the dump"
same "one replica" "$(jq -c '[.rows[].replica] | unique' one.json)" '["engine-a"]'
same "findings about names" "$(jq -c '[.findings[]? | select(.kind == "counted-twice" or .kind == "identity")]' one.json)" '[]'
same "taken from other days" "$(jq '[.assumptions[] | select(.text | test("as on other days"))] | length' one.json)" 1
"$tollbook" run -q --fleet fleet.json --prices prices.json --by day,replica,tenant --format json -o run.json parts 2> said
for figure in .total.tokens .total.requests .total.gpu_ns.prefill .total.gpu_ns.decode; do
	same "book and run: $figure" "$(jq -c $figure one.json)" "$(jq -c $figure run.json)"
done
near "book and run: paid time" "$(jq .total.gpu_ns.capacity one.json)" "$(jq .total.gpu_ns.capacity run.json)" 1000000000

# Dealt to nights at random, by fixed seeds.
seed=1
while [ $seed -le 6 ]; do
	yes $seed | head -c 4096 > source
	# shellcheck disable=SC2086 # names of parts
	set -- $(printf '%s\n' $all | shuf --random-source=source)
	size=$((seed % 3 + 1)) night='' count=0
	: > nights
	for part; do
		night="$night $part" count=$((count + 1))
		[ $((count % size)) -ne 0 ] || { echo "$night" >> nights; night=''; }
	done
	[ -z "$night" ] || echo "$night" >> nights
	set --
	while read -r night; do set -- "$@" "$night"; done < nights
	book "many$seed" "$@"
	cmp -s one.dump "many$seed.dump" || wrong "seed $seed, $# nights: another book: $(diff one.dump "many$seed.dump" | head -4)"
	[ "$(jq -cS '.findings, .assumptions' one.json)" = "$(jq -cS '.findings, .assumptions' "many$seed.json")" ] ||
		wrong "seed $seed: other findings or assumptions"
	seed=$((seed + 1))
done

# A closed day keeps its entries when later days decide. Days 3 and 4 alone decide nothing.
book closed "steps.3.jsonl requests.4.jsonl"
day=$(jq -r '.rows[0].day' closed.json)
"$tollbook" close -q --book closed/book "$day" || wrong "close"
"$tollbook" report -q --book closed/book --from "$day" --to "$(date -u -d "$day + 1 day" +%F)" --format json > before.json 2> said
book closed "steps.0.jsonl requests.0.jsonl" "steps.6.jsonl requests.6.jsonl"
"$tollbook" report -q --book closed/book --from "$day" --to "$(date -u -d "$day + 1 day" +%F)" --format json > after.json 2> said
same "a closed day" "$(jq -cS '.total, .rows' after.json)" "$(jq -cS '.total, .rows' before.json)"
[ $failures -eq 0 ] && echo "ok: seven days in any nights are one book"
finish
