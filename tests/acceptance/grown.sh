#!/bin/sh
# A log of each format that was treated as finished, at any place, and grows after that: the book has the same records from it as
# from the whole log, none twice and none incomplete. $CUTS: the number of places in each log (3).
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh

# take FOLDER: reads the logs into its book, and writes their cost to its dump
take() {
	touch -d 2026-08-10T12:00:00Z "$1/vllm.r0.log" # records without a timestamp have that of their file
	"$tollbook" ingest -q --book "$1/book" --log-year 2026 --log-zone UTC $own "$1/vllm.r0.log" > "$1/said" 2>&1
	[ $? -le 1 ] && "$tollbook" attribute -q --book "$1/book" --gpu-hour 2 > "$1/said" 2>&1
	[ $? -le 1 ] && "$tollbook" backup --dump --book "$1/book" "$1/dump" > "$1/said" 2>&1 || wrong "$name: $(head -3 "$1/said")"
}

# Of segments: how many records of each kind; and entries.
content() {
	awk -F'\t' '$1 == "segment" {print $1, $2, $3, $5, $6, $7, $8} $1 == "entry"' "$1"
}

for log in tests/golden/format-*/log; do
	name=${log#tests/golden/format-} name=${name%/log}
	own=''
	[ "$name" != pattern ] || own='--pattern samples/pattern.conf'
	mkdir "$folder/whole"
	cp "$log" "$folder/whole/vllm.r0.log"
	take "$folder/whole"
	content "$folder/whole/dump" > "$folder/good"
	bytes=$(wc -c < "$log") cuts=0
	for cut in $(awk '{at += length($0) + 1; print at; print at - int(length($0) / 2)}' "$log" | sort -n |
		awk -v most="${CUTS:-3}" '{all[NR] = $1} END {for (i = 1; i <= NR; i += NR > most ? NR / most : 1) print all[int(i)]}'); do
		[ "$cut" -lt "$bytes" ] && [ "$cut" -gt 0 ] || continue
		rm -rf "$folder/grown" && mkdir "$folder/grown"
		head -c "$cut" "$log" > "$folder/grown/vllm.r0.log"
		take "$folder/grown"
		cp "$log" "$folder/grown/vllm.r0.log"
		take "$folder/grown"
		content "$folder/grown/dump" | cmp -s - "$folder/good" ||
			wrong "$name, finished at byte $cut of $bytes: $(content "$folder/grown/dump" | diff - "$folder/good" | head -4)"
		cuts=$((cuts + 1))
	done
	echo "ok: $name: finished at $cuts places"
	rm -rf "$folder/whole"
done

# A log that is truncated while its server writes on at the same place has zeros before the next line: on the disk a hole, in
# a compressed copy not. Nothing is read twice.
mkdir "$folder/hole"
log=tests/data/vllm-tiny-8b.log name=hole own=''
head -30 $log > "$folder/hole/vllm.r0.log"
take "$folder/hole"
truncate -s 70000000 "$folder/hole/vllm.r0.log"
tail -n +31 $log >> "$folder/hole/vllm.r0.log"
take "$folder/hole"
content "$folder/hole/dump" > "$folder/good"
gzip "$folder/hole/vllm.r0.log" && mv "$folder/hole/vllm.r0.log.gz" "$folder/hole/vllm.r0.log"
take "$folder/hole"
content "$folder/hole/dump" | cmp -s - "$folder/good" || wrong "a hole, compressed: $(content "$folder/hole/dump" | diff - "$folder/good" | head -4)"
steps=$("$tollbook" report --book "$folder/hole/book" | grep -c '60 steps.* 0 duplicates')
[ "$steps" = 1 ] || wrong "a hole: $("$tollbook" report --book "$folder/hole/book" | grep steps)"
echo "ok: zeros of a truncated log"
finish
