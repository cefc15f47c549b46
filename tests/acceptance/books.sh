#!/bin/sh
# Several books, each of a part of the fleet: report reads them as one, with the bytes of one book that has all logs.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
cp "$tree/samples/llamacpp.log" .

# fill BOOK LOG...: a night's work at a price per GPU-hour
fill() {
	book=$1
	shift
	"$tollbook" ingest -q --book "$book" "$@"
	"$tollbook" attribute -q --book "$book" --gpu-hour 2 --prices prices.json
}
fill one "$tree/samples/serving"
fill other llamacpp.log
fill all "$tree/samples/serving" llamacpp.log

# compare OPTION...: both books in either order
compare() {
	"$tollbook" report -q --book all "$@" > expected
	wanted=$?
	for books in "--book one --book other" "--book other --book one"; do
		"$tollbook" report -q $books "$@" > got
		same "$books $*" "$? $(sha256sum < got)" "$wanted $(sha256sum < expected)"
	done
}
compare --by day,model --format json
compare --by hour,tenant --format json
compare --by replica --format csv
compare --by model --format html
compare --by position --format json
compare --compare-rules --format json
compare --format focus
compare --by day --format prometheus
compare --by day --from 2026-08-11 --format json
compare --by model --prices "$tree/samples/prices-native.json" --format json
compare

# ---- as of a run ----

"$tollbook" report -q --book all --as-of 2 --by model --format json > expected
"$tollbook" report -q --book one --book other --as-of 2 --by model --format json > got
same "as of a run of both" "$(sha256sum < got)" "$(sha256sum < expected)"
"$tollbook" report -q --book one --by model --format json > expected
"$tollbook" report -q --book one --book other --as-of 2,1 --by model --format json > got
same "as of a run of each: nothing was attributed in the second" "$(jq -S '.total, .rows' got)" "$(jq -S '.total, .rows' expected)"

# refused WORDS OPTION...: exit status 2, and a message with these words
refused() {
	words=$1
	shift
	"$tollbook" report -q "$@" > got 2> said
	same "refused: $*" "$? $(grep -c -e "$words" said) $(wc -c < got)" "2 1 0"
}
refused 'rtx-tiny-01 is in both one and one' --book one --book one
refused 'rtx-tiny-01 is in both one and all' --book one --book other --book all
refused 'other has no run 9' --book one --book other --as-of 2,9
refused '3 runs for 2 books' --book one --book other --as-of 1,2,3
refused 'is not a count' --book one --book other --as-of 2,x
refused '--runs is of one book' --book one --book other --runs
refused 'there is no book here' --book one --book none

# ---- one server under two names ----

mkdir again
for log in "$tree"/samples/serving/*; do
	gzip -dcf "$log" | sed 's/rtx-tiny-01/second/g' > "again/$(basename "$log" .gz)"
done
fill twice again
"$tollbook" report -q --book one --book twice --by replica --format json > got
same "one server in two books is a finding" "$? $(jq -r '.findings[] | select(.kind == "counted-twice").subjects[0]' got)" "1 second"

# A part of its work under another name: some of its steps, or its requests without its steps.
"$tollbook" ingest -q --book steps "$tree"/samples/serving/steps.jsonl.gz
"$tollbook" attribute -q --book steps --gpu-hour 2 --prices prices.json
cp -r steps steps-2
for part in steps requests; do
	gzip -dc "$tree/samples/serving/$part.jsonl.gz" | sed 's/rtx-tiny-01/second/g' | head -n 200 > "some-$part.jsonl"
	fill "some-$part" "some-$part.jsonl"
	[ $part = steps ] && against=one || against=steps
	for books in "--book $against --book some-$part" "--book some-$part --book $against"; do
		"$tollbook" report -q $books --by replica --format json > got
		same "$books: a part in another book is a finding" "$? $(jq -c '[.findings[] | select(.kind == "counted-twice").option]' got)" '1 ["--different"]'
		"$tollbook" report -q $books --different second=rtx-tiny-01 --by replica --format json > got
		same "$books: stated to be two" "$(jq -c '[.findings[] | select(.kind == "counted-twice")]' got)" '[]'
	done
done
jq -n --slurpfile fleet fleet.json '$fleet[0] + {different: [["rtx-tiny-01", "second"]]}' > apart.json
"$tollbook" attribute -q --book steps-2 --fleet apart.json --prices prices.json
"$tollbook" report -q --book steps-2 --book some-requests --by replica --format json > got
same "stated in the fleet file of one of them" "$(jq -c '[.findings[] | select(.kind == "counted-twice")]' got)" '[]'

# ---- books that do not belong together ----

"$tollbook" ingest -q --book euros llamacpp.log
jq '.currency = "EUR" | .pools[0] |= (.match = "*" | del(.model))' fleet.json > euros.json
"$tollbook" attribute -q --book euros --fleet euros.json --prices prices.json
refused 'one has amounts in USD, euros has EUR' --book one --book euros
"$tollbook" ingest -q --book rule llamacpp.log
"$tollbook" attribute -q --book rule --gpu-hour 2 --prices prices.json --rule proportional
refused 'one has the rule shapley, rule has proportional' --book one --book rule
"$tollbook" ingest -q --book priced llamacpp.log
"$tollbook" attribute -q --book priced --gpu-hour 2 --prices "$tree/samples/prices-native.json"
refused 'different list prices, expected --prices' --book one --book priced

# A pool with an uptime: the time that no server of a book had is unobserved in each book.
jq '.pools[0] |= (.match = "*" | del(.model) | .uptime = [{"from": "2026-08-10T20:00:00Z", "to": "2026-08-11T04:00:00Z", "gpus": 4}])' fleet.json > up.json
for book in up-1 up-2; do
	[ $book = up-1 ] && logs=$tree/samples/serving || logs=llamacpp.log
	"$tollbook" ingest -q --book $book "$logs"
	"$tollbook" attribute -q --book $book --fleet up.json --prices prices.json
done
refused 'paid time of pool chat-8b is in both up-1 and up-2' --book up-1 --book up-2

# Different fleet files are allowed: each part of a fleet has its own.
jq '.pools[0] |= (.name = "llama" | .match = "*" | del(.model))' fleet.json > llama.json
"$tollbook" ingest -q --book own-1 "$tree/samples/serving" && "$tollbook" attribute -q --book own-1 --fleet fleet.json --prices prices.json
"$tollbook" ingest -q --book own-2 llamacpp.log && "$tollbook" attribute -q --book own-2 --fleet llama.json --prices prices.json
"$tollbook" report -q --book own-1 --book own-2 --by pool --format json > got
same "two fleet files: pools" "$(jq -c '[[.rows[].pool], .provenance.fleet_sha256, .provenance.fleets_sha256]' got)" \
	"[[\"chat-8b\",\"llama\"],\"\",[\"$(sha256sum < fleet.json | cut -c 1-64)\",\"$(sha256sum < llama.json | cut -c 1-64)\"]]"

# ---- ledgers that tasks filled: two plans, and one plan in both ----

# plan PLAN BOOK LOG...: one task
plan() {
	name=$1 book=$2
	shift 2
	"$tollbook" shard plan -q --gpu-hour 2 --prices prices.json --tasks 1 -o "$name" "$@"
	for step in map fit; do
		"$tollbook" shard $step -q --task 0 "$name"
	done
	"$tollbook" shard attribute -q --task 0 --book "$book" "$name"
}
plan first tasks-1 "$tree/samples/serving"
plan second tasks-2 llamacpp.log
plan both tasks-all "$tree/samples/serving" llamacpp.log
"$tollbook" report -q --book tasks-all --by hour,model --format json > expected
"$tollbook" report -q --book tasks-1 --book tasks-2 --by hour,model --format json > got
same "ledgers of tasks" "$(jq -S 'del(.provenance.inputs)' got | sha256sum)" "$(jq -S 'del(.provenance.inputs)' expected | sha256sum)"
"$tollbook" shard attribute -q --task 0 --book again first
refused 'the plan [0-9a-f]* of tollbook shard is in both tasks-1 and again' --book tasks-1 --book again

finish
