#!/bin/sh
# Lengths: files of at most 600 lines, folders and rooms; functions by room with median and 90th percentile, the whole within 15 and 45.
# "tests/lint/lengths.sh -v" also lists the longest functions.
cd "$(dirname "$0")/../.." || exit 3
verbose=${1:-}

files() {
	find . -name '*.[ch]' ! -path './build/*' ! -path './dist/*' ! -path './.git/*' | sed 's#^\./##' | sort
}

files | xargs wc -l | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines, at most 600"; wrong = 1} END {exit wrong}' || failed=1

# A folder contains at most 25 sources; and a room of more than 6,000 lines has rooms below it.
files | grep -v '^tests/' | xargs wc -l | awk '
	$2 == "total" {next}
	{
		folder = $2; sub("/[^/]*$", "", folder)
		sources[folder] += $2 ~ /[.]c$/
		lines[folder] += $1
	}
	END {
		for (f in lines) {
			if (sources[f] > 25) {print f ": " sources[f] " sources, at most 25"; wrong = 1}
			if (lines[f] > 6000) {print f ": " lines[f] " lines, at most 6000 in one room"; wrong = 1}
		}
		exit wrong
	}' || failed=1

# Each room has a README.md of at most 25 lines with its input and output.
files | grep -v '^tests/\|^samples/' | sed 's#/[^/]*$##' | sort -u | while read -r room; do
	if [ ! -f "$room/README.md" ]; then
		echo "$room: no README.md"
	elif [ "$(wc -l < "$room/README.md")" -gt 25 ]; then
		echo "$room/README.md: more than 25 lines"
	fi
done | grep . && failed=1

# A function goes from a line at the margin that ends in ") {" to the next line that starts with "}".
files | grep '\.c$' | grep -v '^tests/' | xargs awk '
	FNR == 1 {start = 0; above = ""}
	/^[A-Za-z_].*[(]/ {above = $0}
	/^[A-Za-z_ \t].*[)] [{]$/ && !/^[ \t]+(if|for|while|switch|do|else|[}])/ && above && !start {start = FNR; name = above}
	/^[{]$/ && above && !start {start = FNR; name = above}
	/;$/ && !start {above = ""}
	/^}/ && start {
		room = FILENAME; sub("/[^/]*$", "", room)
		sub(/[(].*/, "", name); sub(/.*[ *]/, "", name)
		print FNR - start + 1, room, FILENAME ":" start, name
		start = 0; above = ""
	}' | sort -n | awk -v verbose="$verbose" '
	function summary(room, count, list) {
		printf "ok: %-18s %4d functions, median %2d lines, 90th percentile %2d, longest %3d\n", room, count,
			list[int((count + 1) / 2)], list[int((count * 9 + 9) / 10)], list[count]
	}
	{all[++total] = $1; length_of[$2, ++count[$2]] = $1; line[total] = $0}
	END {
		for (room in count) {
			split("", list)
			for (i = 1; i <= count[room]; i++) list[i] = length_of[room, i]
			summary(room, count[room], list)
		}
		summary("all", total, all)
		for (i = total; verbose && i > total - 25 && i > 0; i--) print line[i]
		if (total < 300) {print "only " total + 0 " functions seen"; exit 1}
		if (all[int((total + 1) / 2)] > 15) {print "the median is above 15"; exit 1}
		if (all[int((total * 9 + 9) / 10)] > 45) {print "the 90th percentile is above 45"; exit 1}
	}' || failed=1
exit ${failed:-0}
