# lib.sh: each call of a kind fails once, or from there on for good. What must hold each time: exit status 3 and a
# message, or 2 and a message and no file (a configuration that cannot be read), or all as without the fault; and no
# file but whole ones. A log or folder that cannot be read is a finding: 1, a message, and
# other figures.
#
#   faults_start BUILD            the build folder; skips (77) where sanitizers are in it
#   faults_every NAME COMMAND     COMMAND (for sh) writes its files to $out, an empty folder; tried once per call
#   faults_finish
#
# FAULT_RUNS (default 120) bounds the runs of each kind: further calls are sampled evenly.

faults_start() {
	[ -z "${SANITIZED:-}" ] || { echo "skip: sanitizers take the place of malloc"; exit 77; }
	library=$PWD/$1/tests/faults/faults.so
	tollbook=$PWD/$1/tollbook
	[ -f "$library" ] || { echo "no $library: make test builds it"; exit 3; }
	folder=$(mktemp -d) || exit 3
	trap 'rm -rf "$folder"' EXIT
	out=$folder/out
	failures=0
	export out tollbook
}

# attempt COMMAND: with the faults that are in the environment; sets $status
attempt() {
	rm -rf "$out" && mkdir "$out"
	timeout 60 sh -c "$1" > "$folder/said" 2>&1
	status=$?
}

wrong() {
	echo "FAIL: $name: $*"
	head -3 "$folder/said" | sed 's/^/    /'
	failures=$((failures + 1))
}

# Is what the attempt left what it may leave?
judge() {
	case $status:$1 in
	2:*)
		grep -q '^tollbook.*: error: ' "$folder/said" && [ -z "$(ls -A "$out")" ] || wrong "$1: exit status 2, and files or no message"
		return
		;;
	1:*) ! grep -qE ': (read error|cannot be listed)' "$folder/said" || return ;;
	esac
	for file in $(ls -A "$out"); do
		cmp -s "$out/$file" "$folder/good/$file" || { wrong "$1: $file is left, and not as it should be"; return; }
	done
	if [ $status -eq 3 ]; then
		grep -q '^tollbook.*: ' "$folder/said" || wrong "$1: exit status 3 without a message"
	elif [ $status -ne "$expected" ]; then
		wrong "$1: exit status $status"
	elif [ "$(ls -A "$out")" != "$(ls -A "$folder/good")" ]; then
		wrong "$1: exit status $status, but files are missing"
	fi
}

faults_every() {
	name=$1
	rm -rf "$folder/good"
	attempt "TOLLBOOK_FAULT_COUNT=$folder/count LD_PRELOAD=$library $2"
	expected=$status
	cp -r "$out" "$folder/good"
	[ "$expected" -le 1 ] || { wrong "without any fault: exit status $expected"; return; }
	while read -r kind count; do
		step=$((count / ${FAULT_RUNS:-120} + 1))
		call=1
		while [ $call -le "$count" ]; do
			for extent in '' :on; do
				attempt "TOLLBOOK_FAULT=$kind:$call$extent LD_PRELOAD=$library $2"
				judge "$kind $call of $count${extent:+ and all after}"
			done
			[ $failures -lt 20 ] || return
			# The first ones are each tried.
			call=$((call + (call < 40 ? 1 : step)))
		done
		echo "ok: $name: $count calls of $kind"
	done < "$folder/count"
}

faults_finish() {
	[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
	exit 0
}
