#!/bin/sh
# A night that gets signals to stop at random times, with a parent that is killed, with a reader that closes the pipe, and with a second night
# at the same time: its output is complete, and after the next night the book has the expected content.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
[ -z "${SANITIZED:-}" ] || { echo "skip: instants are those of the plain program"; exit 77; }
night_start
passed_over=0
export "${uncounted?}"

# instant SEED: seconds within the run of a night
instant() {
	awk -v seed="$1" 'BEGIN {srand(seed); printf "%.4f", rand() * 0.12}'
}

# signalled SIGNAL SEED
signalled() {
	put_back
	# SIGINT would be ignored in the background of a script.
	env --default-signal=INT "$tollbook" nightly -c night.conf > said 2>&1 &
	night=$!
	sleep "$(instant "$2")"
	kill -s "$1" $night 2> /dev/null
	wait $night
	status=$?
	what="SIG$1 at instant $2"
	case $1:$status in
	*:[01]) ;;
	PIPE:141) [ ! -s said ] || wrong "$what: exit status 141: $(head -3 said)" ;; # before main, too
	PIPE:*) wrong "$what: exit status $status" ;;
	*:3) grep -q 'stopped by a signal' said || wrong "$what: no message: $(head -3 said)" ;;
	*:129 | *:130 | *:143) [ ! -s said ] || wrong "$what: exit status $status: $(head -3 said)" ;; # before main
	*) wrong "$what: exit status $status" ;;
	esac
	settle "$what"
}

# orphaned SEED: its parent and the reader of its output are killed
orphaned() {
	put_back
	sh -c '"$0" nightly -c night.conf 2>&1 & echo $! > pid; wait' "$tollbook" | cat > /dev/null &
	reader=$!
	sleep "$(instant "$1")"
	parent=$(awk '{print $4}' "/proc/$(cat pid)/stat" 2> /dev/null)
	[ -z "$parent" ] || [ "$parent" = 1 ] || [ "$parent" = $$ ] || kill -9 "$parent" 2> /dev/null
	kill -9 $reader 2> /dev/null
	wait $reader 2> /dev/null
	while kill -0 "$(cat pid)" 2> /dev/null; do sleep 0.02; done
	status=1
	settle "parent and reader killed at instant $1"
}

# beside: two at the same time; the later one gets an error that names the holder of the book
beside() {
	put_back
	"$tollbook" nightly -c night.conf > said.1 2>&1 &
	first=$!
	sleep "$(instant "$1")"
	night
	second=$status
	wait $first
	for one in "$? said.1" "$second said"; do
		case $one in
		[01]*) ;;
		3*) grep -q 'in use by process' "${one#* }" || wrong "two at once: $(head -3 "${one#* }")" ;;
		*) wrong "two at once: exit status ${one%% *}" ;;
		esac
	done
	[ "$status" -le 1 ] || grep -q restated said.1 || wrong "two at once, and none did the work"
	settle "two at once"
}

rounds=$(((kills + 4) / 5)) round=0
while [ $round -lt $rounds ] && [ $failures -lt 10 ]; do
	for signal in TERM INT HUP PIPE; do
		signalled $signal $((5 * round + 1))
	done
	orphaned $((5 * round + 2))
	beside $((5 * round + 3))
	round=$((round + 1))
done
echo "ok: $rounds rounds of SIGTERM, SIGINT, SIGHUP, SIGPIPE, a killed parent, two at once"

put_back
(
	"$tollbook" nightly -c night.conf 2> said
	echo $? > left
) | :
status=$(cat left)
[ "$status" -le 1 ] || wrong "a reader that closes the pipe: exit status $status: $(head -3 said)"
settle "a reader that leaves"
finish
