#!/bin/sh
# The data and calls of the object files: no writable data at file scope, no function of the banned list.
# $BUILD: the build folder (default build).
cd "$(dirname "$0")/../.." || exit 3
[ -z "${SANITIZED:-}" ] || { echo "skip: sanitizers add symbols of their own"; exit 77; }
build=${BUILD:-build}

objects() {
	for room in core ingest attribute ledger report book shard inspect library cli; do
		[ ! -d "$build/$room" ] || find "$build/$room" -name '*.o'
	done | while read -r object; do
		source=${object#"$build/"}
		[ ! -f "${source%.o}.c" ] || echo "$object"
	done
}

# Constant data with addresses is in .data.rel.ro, which is read-only after loading.
objects | xargs nm -A -f sysv | awk -F'|' '
	{section = $NF; gsub(/ /, "", section); seen++}
	section ~ /^[.](data|bss|tdata|tbss)/ && section !~ /^[.]data[.]rel[.]ro/ || section ~ /COM/ {
		gsub(/ +/, " ", $1); print $1 " is writable data, in " section; wrong++
	}
	END {if (seen < 1000) {print "only " seen + 0 " symbols seen"; exit 1} exit wrong > 0}' || failed=1

banned="sprintf vsprintf strcpy strcat stpcpy strncpy strtok atoi atol atoll atof strtod strtof strtold gets
gmtime localtime ctime asctime mktime rand srand random system popen tmpnam mktemp tempnam"
# Allowed calls, with the reason.
allowed=$(grep -v '^#' tests/lint/allowed | cut -d'#' -f1)

objects | xargs nm -A -u | awk -v banned="$(echo $banned)" -v allowed="$(echo $allowed)" -v build="$build/" '
	BEGIN {
		count = split(banned, names, " ")
		for (i = 1; i <= count; i++) bad[names[i]] = bad["__" names[i] "_chk"] = bad["__isoc99_" names[i]] = 1
		count = split(allowed, words, " ")
		for (i = 1; i < count; i += 2) ok[words[i] " " words[i + 1]] = 1
	}
	{
		file = substr($1, length(build) + 1); sub(/[.]o:.*/, ".c", file)
		name = $NF; sub(/@.*/, "", name)
		if (!(name in bad) || (file " " name) in ok) next
		print file ": calls " name; wrong++
	}
	END {exit wrong > 0}' || failed=1

# The headers replace some of them by others (atoi by strtol): so the sources are also searched.
for room in core ingest attribute ledger report book shard inspect library cli; do
	[ ! -d $room ] || find $room -name '*.[ch]'
done | xargs grep -nHE "(^|[^A-Za-z0-9_])($(echo $banned | tr ' ' '|'))\(" | while IFS=: read -r file number text; do
	name=$(echo "$text" | grep -oE "(^|[^A-Za-z0-9_])($(echo $banned | tr ' ' '|'))\(" | tr -d ' (' | tail -1)
	grep -q "^$file ${name#[^a-z]}\b" tests/lint/allowed || echo "$file:$number: calls ${name#[^a-z]}"
done | grep . && failed=1
exit ${failed:-0}
