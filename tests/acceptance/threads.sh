#!/bin/sh
# tollbook run prints the same bytes for any number of threads over the replicas, and on a processor without FMA.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq

# Six replicas at the same time: with steps and requests, with one of them, and with power.
# of REPLICA FILE
of() {
	gzip -dc "samples/serving/$2.jsonl.gz" | sed "s/rtx-tiny-01/rtx-tiny-$1/; s/chatcmpl-/chatcmpl-$1-/"
}
{
	for replica in 01 02 03; do
		of $replica steps
		of $replica requests
	done
	of 04 requests
	of 05 steps
	of 06 steps
	for replica in 02 05; do
		of $replica steps | awk -F'[:,]' -v r="rtx-tiny-$replica" 'NR % 100 == 1 {
			printf "{\"schema\":\"tollbook.power.v1\",\"replica\":\"%s\",\"gpu\":\"0\",\"at_ns\":%s,\"watts\":%d}\n", r, $(10), 200 + NR % 77}'
	done
} >"$folder/fleet.jsonl"
# They are six, although their logs are the same.
jq '. + {different: [("01", "02", "03", "04", "05", "06") as $a | ("01", "02", "03", "04", "05", "06") as $b | select($a < $b) |
	["rtx-tiny-" + $a, "rtx-tiny-" + $b]]}' samples/fleet.json >"$folder/fleet.json"

# hash_of THREADS OPTIONS...
hash_of() {
	threads=$1
	shift
	"$tollbook" run -q --threads "$threads" --fleet "$folder/fleet.json" --format json --requests "$folder/requests.csv" \
		-o "$folder/out.json" "$@" "$folder/fleet.jsonl" 2>"$folder/said"
	[ $? -le 1 ] || { echo "exit status"; cat "$folder/said"; return; }
	[ -s "$folder/out.json" ] && [ -s "$folder/requests.csv" ] || { echo "nothing"; return; }
	cat "$folder/out.json" "$folder/requests.csv" "$folder/said" | sha256sum
}

compare() {
	expected=$(hash_of 1 "$@")
	for threads in 2 3 8; do
		same "$threads threads $*" "$(hash_of $threads "$@")" "$expected"
	done
}

compare --by replica,hour
compare --by position
compare --by tenant,hour --compare-rules
compare --by day --from 2026-08-10T23:59:30Z --to 2026-08-11T00:00:10Z

# A processor without FMA: glibc's exp, log and pow then differ in their last bit, what is stated does not.
same "without FMA" "$(export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA; hash_of 1 --by replica,hour)" "$(hash_of 1 --by replica,hour)"
finish
