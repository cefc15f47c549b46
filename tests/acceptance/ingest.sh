#!/bin/sh
# tollbook ingest writes the same bytes for any compression, order of files and number of threads.
# On ../shared/logs and ../shared/truth where they are, else on tests/data.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
shared=${SHARED:-../shared}

if [ -d "$shared/logs" ]; then
	logs="$shared/logs/llamacpp/plain.log.gz $shared/logs/llamacpp/single.log.gz $shared/truth/tiny-8b/vllm.r0.log.gz
		$shared/truth/small-8b/vllm.r1.log.gz $shared/truth/tiny-pd/steps.jsonl.gz $shared/truth/tiny-pd/requests.jsonl.gz"
else
	logs="tests/data/llamacpp-plain.log tests/data/vllm-tiny-8b.log tests/data/steps-tiny-8b.jsonl tests/data/requests-tiny-8b.jsonl"
fi

# hash_of OPTIONS AND LOGS...
hash_of() {
	"$tollbook" ingest -q --log-year 2026 --log-zone UTC "$@" >"$folder/out" || { echo "exit status $?"; return; }
	[ -s "$folder/out" ] || { echo "nothing"; return; }
	sha256sum <"$folder/out"
}

# as_expected WHAT OPTIONS AND LOGS...: the same bytes as the first time
as_expected() {
	what=$1
	shift
	same "$what" "$(hash_of "$@")" "$expected"
}

# Copies under the same names, because the names are those of the replicas: plain, gzip, zstd.
reversed=
for kind in plain gzip zstd; do
	mkdir "$folder/$kind"
done
for log in $logs; do
	name=$(basename "$log" .gz)
	gzip -dcf "$log" >"$folder/plain/$name"
	gzip -1c "$folder/plain/$name" >"$folder/gzip/$name"
	command -v zstd >/dev/null && zstd -qc "$folder/plain/$name" >"$folder/zstd/$name"
	reversed="$folder/plain/$name $reversed"
done

# shellcheck disable=SC2086 # words
expected=$(hash_of $logs)
case $expected in exit*|nothing) echo "FAIL: $expected"; exit 1 ;; esac
echo "$(wc -l <"$folder/out") records"
# shellcheck disable=SC2086
as_expected "files in reverse order" $reversed
as_expected "plain" "$folder/plain"
as_expected "gzip of another level" "$folder/gzip"
command -v zstd >/dev/null && as_expected "zstd" "$folder/zstd"
for threads in 1 2 7; do
	as_expected "$threads threads" --threads "$threads" "$folder/plain"
done
"$tollbook" ingest -q --log-year 2026 --log-zone UTC "$folder/plain" >"$folder/records.jsonl"
as_expected "its own output" "$folder/records.jsonl"
finish
