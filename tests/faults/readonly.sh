#!/bin/sh
# A read-only book: commands that would write fail with a message and change nothing; commands that read work.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
night_start

# refused WHAT COMMAND...: exit status 3, a message with the reason, and an unchanged book
refused() {
	what=$1
	shift
	before=$(state)
	env "TOLLBOOK_READONLY=$folder/book" "LD_PRELOAD=$library" "$@" > said 2>&1
	status=$?
	[ $status -eq 3 ] && grep -q 'tollbook.*: error: book.*Read-only file system' said || wrong "$what: exit status $status: $(head -3 said)"
	[ "$(state)" = "$before" ] || wrong "$what: the book has changed"
}

# read_only COMMAND...
read_only() {
	env "TOLLBOOK_READONLY=$folder/book" "LD_PRELOAD=$library" "$@" 2> said
}

put_back
refused nightly "$tollbook" nightly -c night.conf
refused ingest "$tollbook" ingest --book book logs
refused attribute "$tollbook" attribute --book book --fleet fleet.json
refused close "$tollbook" close --book book 2026-08
settle "a book that could not be written to"

night
"$tollbook" report -q --book book --by tenant,hour --format json -o statement.json 2> said
reported=$?
[ $reported -le 1 ] || wrong "report: exit status $reported: $(head -3 said)"
read_only "$tollbook" report -q --book book --by tenant,hour --format json > read.json
same "a report is the same" "$? $(cmp statement.json read.json 2>&1)" "$reported "
read_only "$tollbook" verify -q --book book --fleet fleet.json --prices prices.json --all > /dev/null
same "verify" "$? $(cat said)" "0 "
same "no file next to the ledger" "$(ls book | tr '\n' ' ')" "ledger.db lock records "

# A killed night leaves files that a reader cannot recover; a night in progress is not read.
put_back
count=$(awk '$1 == "write" {print $2}' "$folder/count")
call=$count
while [ $call -gt 0 ] && [ ! -s book/ledger.db-wal ]; do
	put_back
	night "TOLLBOOK_FAULT=write:$call:kill" "LD_PRELOAD=$library" "$uncounted"
	call=$((call - 1))
done
read_only "$tollbook" report -q --book book > /dev/null
same "what a killed night left: exit status" "$?" 3
same "a message" "$(grep -c 'without write permission' said)" 1
status=137 passed_over=0
settle "killed, and read"
flock book/lock sleep 2 &
sleep 0.3
read_only "$tollbook" report -q --book book > /dev/null
same "during a write: exit status" "$? $(grep -c 'in use by' said)" "3 1"
wait
# A writer waits for a reader.
flock -s book/lock sleep 1 &
sleep 0.3
night
same "during a read: exit status" "$((status < 2))" 1
wait
finish
