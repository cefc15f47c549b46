#!/bin/sh
# The arrows of the house, read from the #include lines: core ← ingest, attribute, ledger, report ← cli.
# From outside of a stage only its public header is seen; report may see the ledger's.
cd "$(dirname "$0")/../.." || exit 3

grep -HnE '^#include ' -- */*.[ch] */*/*.[ch] | grep -v '^tests/\|^build/' | awk -F: '
	BEGIN {
		split("core ingest attribute ledger report cli", names, " ")
		for (i in names) rooms[names[i]] = 1
	}
	# Is the header one that a room may include of another one?
	function allowed(room, other, header) {
		if (other == "core" || other == room) return 1
		if (room == "cli") return header == other "/" other ".h"
		return room == "report" && header == "ledger/ledger.h"
	}
	{
		if (split($3, words, "\"") < 3) next
		header = words[2]
		room = $1; sub("/.*", "", room)
		other = header; sub("/.*", "", other)
		seen++
		if (!(room in rooms)) why = "is in no room"
		else if (header !~ "/") why = "includes " header ": say its path from the root"
		else if (!(other in rooms)) why = "includes " header ": no such room"
		else if (!allowed(room, other, header)) why = "includes " header ": no arrow from " room " to there"
		else next
		print $1 ":" $2 ": " why
		wrong++
	}
	END {
		if (seen < 100) { print "only " seen + 0 " #include lines seen"; exit 1 }
		exit wrong > 0
	}'
