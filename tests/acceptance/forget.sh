#!/bin/sh
# A log with wrong units in a book: taken out again (ingest --forget), the book is what it was; corrected, it is read as a new one.
# A log without a usable line is listed with its reason, and read again by another version.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
cp "$tree/samples/prices.json" "$tree/samples/fleet.json" .
mkdir logs
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -240 > steps
for day in 0 1 2; do moved steps $day > logs/steps.$day.jsonl; done
moved steps 1 | tail -5 | sed 's/"step":/"step":77/; s/"replica":"[^"]*"/"replica":"rtx-tiny-02"/' > fine
sed 's/"gpu_ns":\([0-9]*\)/"gpu_ns":\1000/' fine > poison
sed 's/"gpu_ns":\([0-9]*\)/"gpu_ns":\1000000000000/' fine > refused
cat > night.conf << 'END'
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "logs": [{"path": "logs"}],
 "reports": [{"output": "night.json", "format": "json", "by": "day,replica"}]}
END
night() {
	"$tollbook" nightly -q -c night.conf > said 2>&1
	[ $? -le 1 ] || wrong "night: $(cat said)"
}
dump() { # dump NAME: the content of the book, without the numbers of its logs
	"$tollbook" backup -q --dump --book book out || wrong "dump"
	grep -Ev '^(source|segment)' out | sort > "$1"
	rm out
	"$tollbook" verify -q --book book --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "$1: verify: $(cat said)"
}
figures='del(.provenance.run, .provenance.as_of, .provenance.started, .provenance.finished)'
night
dump good.dump
jq -S "$figures" night.json > good

# Wrong units.
cp poison logs/other.jsonl
night
dump bad.dump
cmp -s good.dump bad.dump && wrong "the log changed nothing"
"$tollbook" ingest --book book --forget 'logs/other.jsonl' > said 2>&1
same "forgotten" "$? $(sed 's/^run [0-9]*: //; s/;.*//' said)" "0 1 log taken out of the book, with 5 records"
rm logs/other.jsonl
night
dump again.dump
cmp -s good.dump again.dump || wrong "the book is not healed: $(diff good.dump again.dump | head -4)"
same "and its statement" "$(jq -cS '.total, .rows, .findings, .provenance.inputs' night.json)" "$(jq -cS '.total, .rows, .findings, .provenance.inputs' good)"

# Still there: it is read again, here corrected.
cp poison logs/other.jsonl
night
cp fine logs/other.jsonl
"$tollbook" ingest -q --book book --forget other.jsonl 2> said || wrong "forget: $(cat said)"
night
dump corrected.dump
rm -rf book
night
dump fresh.dump
cmp -s corrected.dump fresh.dump || wrong "corrected: another book: $(diff corrected.dump fresh.dump | head -4)"

# Without a usable line: a finding, until it is taken out.
cp refused logs/other.jsonl
rm -rf book
night
same "nothing of use" "$(jq -c '[.findings[] | select(.kind == "empty-file") | .subjects[0]]' night.json)" '["logs/other.jsonl"]'
"$tollbook" ingest -q --book book --forget 'other.*' 2> said || wrong "forget: $(cat said)"
rm logs/other.jsonl
night
dump healed.dump
cmp -s good.dump healed.dump || wrong "not healed: $(diff good.dump healed.dump | head -4)"
same "no finding" "$(jq -c '[.findings[] | select(.kind == "empty-file")]' night.json)" '[]'

# A closed day: what was closed stays, the difference is posted.
cp poison logs/other.jsonl
night
day=$(jq -r '[.rows[] | select(.replica == "rtx-tiny-02")][0].day' night.json)
"$tollbook" close -q --book book "$day" || wrong "close"
"$tollbook" report -q --book book --from "$day" --to "$(date -u -d "$day + 1 day" +%F)" --format json > closed.json 2> said
"$tollbook" ingest -q --book book --forget other.jsonl 2> said || wrong "forget: $(cat said)"
rm logs/other.jsonl
night
"$tollbook" report -q --book book --from "$day" --to "$(date -u -d "$day + 1 day" +%F)" --format json > after.json 2> said
same "a closed day" "$(jq -cS .rows after.json)" "$(jq -cS .rows closed.json)"
"$tollbook" backup -q --dump --book book posted || wrong "dump"
grep -q "^$day	" posted || wrong "no adjustment"
"$tollbook" verify -q --book book > said 2>&1 || wrong "a closed day: verify: $(cat said)"

"$tollbook" ingest --book book --forget nothing.log 2> said
same "no such log" "$? $(head -1 said)" "2 tollbook ingest: error: no log in the book has the path nothing.log"
"$tollbook" ingest --forget nothing.log 2> said
same "no book" "$?" 2
finish
