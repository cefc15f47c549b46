#!/bin/sh
# A book exported as plain files and imported is the same, to the last byte; incomplete or changed exports are rejected.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
cd "$folder" || exit 3

cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
gzip -c prices.json > prices.json.gz
options="--book book --fleet fleet.json --gpu-hour 2 --prices prices.json.gz"
"$tollbook" ingest -q --book book "$tree/samples/serving" "$tree/tests/golden/format-sglang/log" > said 2>&1
"$tollbook" attribute -q $options > said 2>&1
"$tollbook" close -q --book book 2026-08
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | sed -n '1,9s/"id":"/&late-/p' > 'late, "log".jsonl'
printf '{"schema":"tollbook.step.v1","replica":"odd \\u0001/\xff","model":"m","start_ns":1786406365000000000,"gpu_ns":5,"decode_requests":1}\n' >> 'late, "log".jsonl'
"$tollbook" ingest -q --book book 'late, "log".jsonl' > said 2>&1
"$tollbook" attribute -q $options > said 2>&1

"$tollbook" export --book book out > said 2>&1
same "export" "$? $(grep -c 'files and a manifest' said)" "0 1"
"$tollbook" import --book new out > said 2>&1
same "import" "$? $(grep -c 'a book of' said)" "0 1"
"$tollbook" backup --dump --book book before; "$tollbook" backup --dump --book new after
same "they are equal" "$(cmp before after && wc -l < before | awk '{print ($1 > 20)}')" 1
same "adjustments are in it" "$(grep -c '^2026-08	' after | awk '{print ($1 > 5)}')" 1
"$tollbook" verify -q --book new --fleet fleet.json --gpu-hour 2 --prices prices.json.gz --all > said 2>&1
same "the new book verifies" "$? $(cat said)" "0 "
for run in 2 4; do
	"$tollbook" report -q --book book --as-of $run --format json > a.json 2>&1; "$tollbook" report -q --book new --as-of $run --format json > b.json 2>&1
	same "statements of run $run" "$(cmp a.json b.json) $(wc -c < a.json | awk '{print ($1 > 1000)}')" " 1"
done
"$tollbook" export -q --book new again
same "and its export is the same" "$(diff -r out again | head -3)" ""
same "files are for owner and group" "$(find out new -type f -perm /137; find out new -type d -perm /027)" ""
same "nothing half is left" "$(ls -d -- *.part-* 2> /dev/null)" ""

# ---- refused ----

# refused WHAT MESSAGE: an import of `bad` fails with this message and leaves nothing
refused() {
	"$tollbook" import -q --book never bad > said 2>&1
	same "refused: $1" "$? $(grep -c -- "$2" said) $(ls -d never never.part-* 2> /dev/null)" "2 1 "
	rm -rf bad
}
bad() { rm -rf bad; cp -r out bad; }
records=$(cd out && ls records/*/* | head -1)
bad; sed -i '7s/.$//' bad/tables/entry.jsonl; refused "a damaged line" 'bad/tables/entry.jsonl:7: invalid JSON'
bad; sed -i '7s/[0-9]\]$/"x"]/' bad/tables/entry.jsonl; refused "another type" 'bad/tables/entry.jsonl:7: a value of another type'
bad; sed -i '3s/,0,0,/,0,1,/' bad/tables/entry.jsonl; refused "a changed figure" 'entry.jsonl.*'
bad; truncate -s -3 bad/tables/posting.jsonl; refused "a cut file" 'bad/tables/posting.jsonl:[0-9]*: the line is truncated'
bad; sed -i '$d' bad/tables/segment.jsonl; refused "a row that is missing" 'segment.jsonl: is not the file that was exported'
bad; sed -i '1s/"line":/"lines":/' "bad/$records"; refused "a record without a line" "bad/$records:1: not a record"
bad; sed -i '1s/"line":1,/"line":2,/' "bad/$records"; refused "a changed record" "bad/$records"
bad; rm "bad/$records"; refused "a missing file" "bad/$records: cannot read"
bad; sed -i '/entry_day/d' bad/manifest.jsonl; refused "a manifest without a file" 'manifest.jsonl:[0-9]*: the manifest is truncated'
bad; sed -i '$d' bad/manifest.jsonl; refused "a manifest that is cut" 'manifest.jsonl:[0-9]*: the manifest is truncated'
bad; sed -i '1s/"ledger":[0-9]*/"ledger":99/' bad/manifest.jsonl; refused "another version" 'is of a ledger of version 99'
bad; echo x >> "$(ls bad/documents/* | head -1)"; refused "a changed document" 'documents/[0-9a-f]*: is not the file that was exported'
bad; rm bad/manifest.jsonl; refused "no manifest" 'manifest.jsonl: cannot read'
mkdir full; touch full/x
"$tollbook" export -q --book book full > said 2>&1
same "refused: a place where something is" "$? $(grep -c 'not empty' said) $(ls full)" "2 1 x"
"$tollbook" import -q --book full out > said 2>&1
same "refused: a book where something is" "$? $(grep -c 'not empty' said) $(ls full)" "2 1 x"
mkdir empty
"$tollbook" export -q --book book empty > said 2>&1
same "an empty folder is no obstacle" "$? $(ls empty | wc -l)" "0 4"
# ---- the place of an export, and what a killed one left next to it ----

# placed WHAT STATUS WORDS PLACE
placed() {
	"$tollbook" export -q --book book "$4" > said 2>&1
	same "$1" "$? $(grep -c -e "$3" said)" "$2 1"
}
echo mine > file
placed "a file is in its place" 2 'file: exists and is not a folder, expected a new or empty one' file
mkdir -p full/of-mine
placed "a folder with files is in its place" 2 'full: exists and is not empty, expected a new or empty folder' full
placed "a folder that there is not above it" 3 'nowhere/out: cannot make a folder next to it: No such file or directory' nowhere/out
mkdir -p fresh.part-abcdef/tables fresh.part-fedcba/photos fresh.part-locked/tables fresh.part-toolong
touch fresh.part-abcdef/manifest.jsonl fresh.part-fedcba/photos/mine
flock fresh.part-locked sleep 2 &
sleep 0.2
mkdir fresh
"$tollbook" export -q --book book fresh/ > said 2>&1
same "an empty folder is filled" "$? $(ls fresh | wc -l)" "0 $(ls out | wc -l)"
same "of folders with such names only what a killed export left is removed" "$(ls -d fresh.part-* | tr '\n' ' ')" \
	"fresh.part-fedcba fresh.part-locked fresh.part-toolong "
finish
