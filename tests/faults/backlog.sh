#!/bin/sh
# A backlog that is read batch by batch into a new book, with the faults of night.sh: killed and run again, it
# resumes after the last committed batch, and the book at the end equals that of an undisturbed run, to the
# last byte.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
backlog_start
night
commits=$("$tollbook" report --book book --as-of 1 --format json -q 2> /dev/null | jq .quality.lines)
lines=$(jq .quality.lines good.json)
[ "$commits" -gt 0 ] && [ "$commits" -lt "$lines" ] || wrong "the first commit has $commits of $lines lines: no portion"
# The figures are those of one batch.
put_back
night_options=''
night
[ "$(result statement.json)" = "$(result good.json)" ] || wrong "in one portion the report differs"
night_options='--portion 2'
night_faults
night_kills 0.3
finish
