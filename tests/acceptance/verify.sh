#!/bin/sh
# Any change in a book is found; and a folder that is not a book is not opened.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need sqlite3
cd "$folder" || exit 3

# A book with a closed month, an adjustment of it, and an open one with former entries.
cp "$tree/samples/fleet.json" "$tree/samples/prices.json" .
gzip -dc "$tree/samples/serving/requests.jsonl.gz" > all.jsonl
sed -n '1~7!p' all.jsonl > first.jsonl
sed -n '1~7p' all.jsonl > late.jsonl
steps() { gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -300; }
steps | sed 's/"start_ns":1786/"start_ns":1790/' > september.jsonl
options='--book book --fleet fleet.json --prices prices.json'
take() { "$tollbook" ingest -q --book book "$@" && "$tollbook" attribute -q $options; }
take "$tree/samples/serving/steps.jsonl.gz" first.jsonl && "$tollbook" close -q --book book 2026-08 && cp -r book closed && take late.jsonl &&
	head -200 september.jsonl > part.jsonl && take part.jsonl && tail -100 september.jsonl > rest.jsonl && take rest.jsonl || exit 1
cp -r book good
"$tollbook" verify $options --all > said 2>&1
same "a good book" "$? $(tail -1 said | sed 's/[0-9]* entries/N entries/')" "0 3 segments, 3160 records; 50 days attributed again, N entries, 1 fits; 0 findings"
same "what cannot be recomputed is reported" "$(grep -c 'Fits of 4 closed days cannot be recomputed: later records' said)" 1
"$tollbook" verify -q --book book > said 2>&1
same "and without a fleet" "$? $(cat said)" "0 "

# found WHAT PATTERN [OPTIONS]: verify has findings that match the pattern
found() {
	# shellcheck disable=SC2086
	"$tollbook" verify ${3-$options --all} > said 2>&1
	same "found: $1" "$? $(grep -cE -- "$2" said | awk '{print ($1 > 0)}')" "1 1"
	rm -rf book
	cp -r good book
}
change() { sqlite3 book/ledger.db "PRAGMA foreign_keys = OFF; $1"; }
bare='--book book'
change "UPDATE entry SET tokens = tokens + 1 WHERE kind = 2"
found "tokens of entries" "its entries are not those that were posted \(their hash differs\)" "$bare"
change "INSERT INTO name SELECT max(id) + 1, 'other' FROM name; UPDATE entry SET tenant = (SELECT max(id) FROM name) WHERE kind = 3"
found "a tenant of entries" "its entries are not those that were posted" "$bare"
change "UPDATE entry SET gpu_ns = gpu_ns + 1 WHERE kind = 3"
found "GPU time of entries" "its entries do not sum to what was posted" "$bare"
change "UPDATE entry SET requests = requests + 1 WHERE posting IN (SELECT id FROM posting WHERE until_run IS NOT NULL)"
found "former entries" "former entries are not those that were posted .*restore a backup" "$bare"
change "UPDATE entry_day SET requests = requests + 1 WHERE kind = 0"
found "entries by day" "entries by day and by hour differ" "$bare"
change "INSERT INTO name SELECT max(id) + 1, 'other' FROM name; UPDATE entry_day SET tenant = (SELECT max(id) FROM name) WHERE kind = 3"
found "a tenant of entries by day" "entries by day and by hour differ" "$bare"
change "UPDATE posting SET hash = substr(hash, 33) || substr(hash, 1, 32) WHERE until_run IS NULL"
found "the hash of a posting" "is closed, and its entries changed since" "$bare"
change "DELETE FROM posting WHERE day_ns = (SELECT max(day_ns) FROM posting WHERE entries > 2); DELETE FROM entry WHERE posting NOT IN (SELECT id FROM posting); DELETE FROM entry_day WHERE posting NOT IN (SELECT id FROM posting)"
found "a posting that is missing" "run [0-9]+: what it wrote was changed or removed later; restore a backup"
change "DELETE FROM run WHERE id = 2"
found "a run that others name" "run" "$bare"
change "UPDATE period SET entries = substr(entries, 33) || substr(entries, 1, 32)"
found "the entries of a closed period" "2026-08: is closed, and its entries changed since; restore a backup" "$bare"
change "UPDATE document SET bytes = (SELECT bytes FROM document d WHERE d.sha256 <> document.sha256 LIMIT 1) WHERE sha256 = (SELECT statement FROM period)"
found "the statement of a closed period" "2026-08: is closed, and its statement differs from the stored one" "$bare"
change "UPDATE document SET bytes = x'28b52ffd' WHERE sha256 = (SELECT min(sha256) FROM run_document JOIN document USING (sha256) WHERE kind = 'fleet')"
found "a document that is damaged" "document [0-9a-f]*: the ledger is damaged: a document cannot be unpacked; restore a backup" "$bare"
change "UPDATE adjustment SET tokens = tokens + 1 WHERE id = 1"
found "an adjustment" "run [0-9]+: what it wrote was changed or removed later; restore a backup"
change "DELETE FROM adjustment WHERE id = 1"
found "an adjustment that is missing" "run [0-9]+: what it wrote was changed or removed later; restore a backup"
# The chain of runs: what no sum and no other hash covers.
while IFS='|' read -r what sql; do
	change "$sql"
	found "$what" "run [0-9]+: (what it wrote was changed or removed later|is not in the chain of runs); restore a backup" "$bare"
done << 'END'
a closed period that is missing|DELETE FROM period
the currency of runs|UPDATE run SET currency = 'EUR' WHERE currency <> ''
a closed statement that is another document|UPDATE period SET statement = (SELECT sha256 FROM run_document WHERE kind = 'prices' LIMIT 1)
counts of a run|UPDATE run SET lines = 1, steps = 1, records = 1, rejected = 5 WHERE id = 1
a posting of another run|UPDATE posting SET run = run + 1
a posting that ended later|UPDATE posting SET until_run = until_run + 1 WHERE until_run IS NOT NULL
a document of a run|UPDATE run_document SET path = 'other.json'
a warning that is missing|DELETE FROM warning; INSERT INTO warning VALUES (1, 'other')
a reason for opening again|UPDATE period SET reopened_run = 1, reason = 'x'
a seal|UPDATE chain SET seal = substr(seal, 33) || substr(seal, 1, 32) WHERE run = 1
a run that was added|INSERT INTO run SELECT id + 100, command, version, rule, currency, basis, started_ns, finished_ns, 0, 0, 0, 0, 0, 0, first_ns, last_ns, 0, 0, 0, 0 FROM run WHERE id = 1
END
# A chain that was truncated is valid: only its head, stored elsewhere, shows the truncation.
same "the head" "$("$tollbook" verify --book book --head)" "$(sqlite3 -separator ' ' book/ledger.db 'SELECT run, seal FROM chain ORDER BY run DESC LIMIT 1')"
fit="fit SET lines = replace(lines, '\"ns\":', '\"ns\":1')"
mend="run 'tollbook attribute --all'"
change "UPDATE $fit"
found "a coefficient of a fit" "2026-09-2[0-9], fit of llama-3.1-8b: the stored one differs from what its records give: its \"terms\"; $mend"
change "UPDATE fit SET lines = replace(lines, '\"evidence\":\"', '\"evidence\":\"0')"
found "the evidence of a fit" "differs from what its records give: its \"evidence\"; $mend"
change "DELETE FROM fit"
found "a fit that is missing" "fit of llama-3.1-8b: its records give one that the ledger does not have; $mend"
change "INSERT INTO fit SELECT day_ns, 'other' || part, lines FROM fit"
found "a fit without records" "fit of otherllama-3.1-8b: its records give none, and one is stored; $mend"
change "UPDATE fit SET lines = replace(lines, '\"ns\":', '\"ns\":1')"
"$tollbook" attribute -q --all $options && "$tollbook" verify -q $options --all > said 2>&1
same "a fit is mended" "$? $(cat said)" "0 "
rm -rf book && cp -r closed book
"$tollbook" verify $options --all > said 2>&1
same "fits of closed days without later records" "$? $(grep -c 'cannot be recomputed' said) $(sed -n 's/.*entries, \(.*\);.*/\1/p' said)" "0 0 2 fits"
change "UPDATE $fit"
found "a coefficient of a closed day's fit" "2026-08-1[01], fit of llama-3.1-8b: .*its \"terms\"; it is closed: restore a backup"
change "UPDATE segment SET requests = requests + 1 WHERE requests > 0"
found "a number of records" "its numbers of records, or their instants, differ from the ledger" "$bare"
for what in 'bytes = bytes + 1' 'span_first_ns = span_first_ns + 1' 'span_last_ns = span_last_ns - 1' 'gateways = 1' 'last_step = 7'; do
	change "UPDATE segment SET $what WHERE steps > 0"
	found "of a segment: $what" "its size, its numbers of records, or their instants, differ from the ledger" "$bare"
done
change "UPDATE segment SET hash = substr(hash, 33) || substr(hash, 1, 32)"
found "the hash of a segment" "is not the segment that was written \(its hash differs\); restore it from a backup" "$bare"
change "DELETE FROM segment WHERE day_ns = (SELECT max(day_ns) FROM segment)"
found "a segment that the ledger lost" "its records give different entries"
segment=$(find book -name '*.seg' | sort | head -1)
printf 'X' | dd of="$segment" bs=1 seek=2000 conv=notrunc 2> /dev/null
found "a byte of a segment" "${segment#book/}.*(damaged|hash differs)" "$bare"
truncate -s -10 "$segment"
found "a segment that is cut" "${segment#book/}: the segment is damaged; restore it from a backup" "$bare"
rm "$segment"
found "a segment that is missing" "${segment#book/}: cannot open: .*; restore it from a backup" "$bare"
page=$(sqlite3 book/ledger.db "SELECT rootpage FROM sqlite_schema WHERE name = 'segment'")
head -c 4000 /dev/urandom | dd of=book/ledger.db bs=4096 seek=$((page - 1)) conv=notrunc 2> /dev/null
"$tollbook" verify --book book > said 2>&1
same "found: a page of the ledger" "$(($? > 0)) $(grep -cE 'malformed|damaged|corrupt|integrity' said | awk '{print ($1 > 0)}')" "1 1"
rm -rf book; cp -r good book

# ---- not a book ----

# refused WHAT PATTERN
refused() {
	"$tollbook" report --book book > said 2>&1
	same "refused: $1" "$(($? >= 2)) $(grep -cE -- "$2" said)" "1 1"
	rm -rf book
	cp -r good book
}
change "PRAGMA user_version = 99"
refused "a newer version" "is a ledger of version 99, this tollbook knows versions up to [0-9]*: use a newer one"
change "PRAGMA application_id = 1"
refused "a database of something else" "is a database of something else, expected a ledger of tollbook"
head -c 20000 /dev/urandom > book/ledger.db; rm -f book/ledger.db-wal book/ledger.db-shm
refused "no database" "ledger.db: .*(not a database|damaged)"
: > book/ledger.db; rm -f book/ledger.db-wal book/ledger.db-shm
refused "an empty file" "is empty, expected a ledger"
truncate -s 8192 book/ledger.db; rm -f book/ledger.db-wal book/ledger.db-shm
refused "a database that is cut" "ledger.db|malformed|damaged"
rm book/ledger.db
refused "a folder without a ledger" "there is no book here"
rm -rf book; : > book
refused "a file" "there is no book here"
finish
