#!/bin/sh
# The arrows of the house, read from the #include lines. A row: a room, and what it may include: a room's public header, the
# headers of one folder, or (with /*) all of a room. Every room may include core and its folders, except those of attribute/,
# which have separate rows. "-v" prints the existing arrows (make map).
cd "$(dirname "$0")/../.." || exit 3

rows='
core
ingest
ledger
report              ledger/ledger.h
attribute           attribute/fleet/* attribute/evidence/* attribute/servers/* attribute/laws/* attribute/model/* attribute/flight/* attribute/split/*
attribute/fleet     attribute/attribute.h
attribute/evidence  attribute/attribute.h attribute/fleet/*
attribute/servers   attribute/attribute.h attribute/fleet/* attribute/evidence/*
attribute/servers/summaries attribute/attribute.h attribute/fleet/* attribute/evidence/* attribute/servers/*
attribute/laws      attribute/attribute.h attribute/fleet/* attribute/evidence/*
attribute/model     attribute/attribute.h attribute/fleet/* attribute/evidence/* attribute/laws/*
attribute/model/rebuild attribute/attribute.h attribute/fleet/* attribute/evidence/* attribute/laws/* attribute/model/*
attribute/flight    attribute/attribute.h attribute/evidence/*
attribute/split     attribute/attribute.h attribute/fleet/* attribute/evidence/* attribute/laws/* attribute/model/* attribute/flight/*
attribute/split/requests attribute/attribute.h attribute/fleet/* attribute/evidence/* attribute/laws/* attribute/model/* attribute/flight/* attribute/split/*
book                report/report.h ledger/ledger.h ingest/ingest.h attribute/attribute.h
shard               book/* report/report.h ledger/ledger.h ingest/ingest.h attribute/attribute.h
inspect             book/* report/report.h report/page.h ledger/ledger.h attribute/attribute.h
library             book/* report/report.h
cli                 book/* shard/shard.h inspect/inspect.h report/report.h ledger/ledger.h ingest/ingest.h attribute/attribute.h
'

find . -name '*.[ch]' ! -path './build/*' ! -path './tests/*' ! -path './samples/*' ! -path './.git/*' | sed 's#^\./##' | sort |
	xargs grep -HnE '^#include ' | awk -v rows="$rows" -v verbose="${1:-}" '
	BEGIN {
		count = split(rows, lines, "\n")
		for (i = 1; i <= count; i++) {
			n = split(lines[i], words, " ")
			if (n > 0) rooms[words[1]] = 1
			for (k = 2; k <= n; k++) may[words[1] " " words[k]] = 1
		}
	}
	function folder(path) { sub("/[^/]*$", "", path); return path }
	# The room of a folder: the longest row that it is in.
	function room_of(f) {
		while (!(f in rooms) && f ~ "/") f = folder(f)
		return f
	}
	function allowed(room, header,   other, f) {
		other = room_of(folder(header))
		if (other == "core" || other == room || ((room " " header) in may)) return 1
		for (f = folder(header); ; f = folder(f)) {
			if ((room " " f "/*") in may) return 1
			if (f !~ "/") return 0
		}
	}
	{
		file = $0; sub(":.*", "", file)
		if (split($0, words, "\"") < 3) next
		header = words[2]
		place = $0; sub(":#.*", "", place)
		room = room_of(folder(file)); other = room_of(folder(header))
		seen++
		if (!(room in rooms)) why = "is in no room"
		else if (header !~ "/") why = "includes " header ": expected its path from the root"
		else if (!(other in rooms)) why = "includes " header ": no such room"
		else if (!allowed(room, header)) why = "includes " header ": no arrow from " room " to there"
		else { if (room != other) arrows[room " " other]++; next }
		print place ": " why
		wrong++
	}
	END {
		if (seen < 300) { print "only " seen + 0 " #include lines seen"; exit 1 }
		for (a in arrows) if (verbose) { split(a, w, " "); printf "%-20s -> %-20s %4d\n", w[1], w[2], arrows[a] | "sort" }
		close("sort")
		exit wrong > 0
	}'
