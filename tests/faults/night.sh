#!/bin/sh
# A night that is killed at every write, sync and rename in turn, and at random instants; and one in which memory, disk
# or reads fail. After the next, undisturbed one the book says what it would have said, to the last byte.
#
# FAULT_RUNS (default 25) bounds the runs of each kind, KILLS (default 10) the kills at random instants.
cd "$(dirname "$0")/../.." || exit 3
build=${BUILD:-build}
[ -z "${SANITIZED:-}" ] || { echo "skip: sanitizers take the place of malloc"; exit 77; }
case $build in /*) ;; *) build=$PWD/$build ;; esac
library=$build/tests/faults/faults.so
tollbook=$build/tollbook
[ -f "$library" ] || { echo "no $library: make test builds it"; exit 3; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
samples=$PWD/samples
failures=0
cp samples/fleet.json samples/prices.json "$folder"
cd "$folder" || exit 3
mkdir logs
cat > night.conf << END
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "settle_hours": 0,
 "logs": [{"path": "logs/*"}], "reports": [{"output": "statement.json", "format": "json", "by": "tenant,hour"}]}
END

# night [NAME=VALUE...]
night() {
	timeout 60 env "$@" "$tollbook" nightly -c night.conf > said 2>&1
}

# put_back: the book as the first night left it
put_back() {
	rm -rf book statement.json
	cp -r first book
}

wrong() {
	echo "FAIL: $*"
	head -3 said | sed 's/^/    /'
	failures=$((failures + 1))
}

# settle WHAT: the next night, and what the book must say then
settle() {
	night
	[ $? -le 1 ] || { wrong "$1: the next night fails"; return; }
	"$tollbook" backup --dump --book book dump > said 2>&1 || { wrong "$1: no dump"; return; }
	cmp -s dump good || wrong "$1: the book says something else: $(diff dump good | head -3)"
	find book -name '*.tmp' | grep -q . && wrong "$1: a temporary file is left"
	return 0
}

# The first night has a part of the logs; the second the rest, one grown, one renamed.
gzip -dc "$samples/serving/steps.jsonl.gz" > all.jsonl
head -400 all.jsonl > logs/steps.jsonl
gzip -dc "$samples/serving/requests.jsonl.gz" | head -20 > logs/requests.jsonl
night || [ $? -eq 1 ] || { cat said; exit 1; }
cp -r book first
head -700 all.jsonl > logs/steps.jsonl
mv logs/requests.jsonl logs/requests.1.jsonl
gzip -dc "$samples/serving/requests.jsonl.gz" | sed -n '21,40p' > logs/requests.jsonl
night "LD_PRELOAD=$library" "TOLLBOOK_FAULT_COUNT=$folder/count"
[ $? -le 1 ] || { cat said; exit 1; }
"$tollbook" backup --dump --book book good || exit 1
"$tollbook" verify --book book --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "verify: $(cat said)"

while read -r kind count; do
	extents=''
	case $kind in write | sync | rename) extents=kill ;; esac
	step=$((count / ${FAULT_RUNS:-25} + 1))
	for extent in $extents ''; do
		call=1
		while [ $call -le "$count" ] && [ $failures -lt 10 ]; do
			put_back
			night "TOLLBOOK_FAULT=$kind:$call${extent:+:$extent}" "LD_PRELOAD=$library"
			status=$?
			case $extent:$status in
			kill:137 | kill:0 | kill:1 | :0 | :1 | :2) ;;
			:3) grep -q '^tollbook.*: ' said || wrong "$kind $call: exit status 3 without a message" ;;
			*) wrong "$kind $call $extent: exit status $status" ;;
			esac
			settle "$kind $call of $count${extent:+ ($extent)}"
			call=$((call + step))
		done
		echo "ok: $kind${extent:+ ($extent)}: $count calls, every ${step}th"
	done
done < count

instant=0
while [ $instant -lt "${KILLS:-10}" ] && [ $failures -lt 10 ]; do
	put_back
	delay=$(awk -v seed="$instant" 'BEGIN {srand(seed); printf "%.4f", rand() * 0.12}')
	"$tollbook" nightly -c night.conf > said 2>&1 &
	night=$!
	sleep "$delay"
	kill -9 $night 2> /dev/null
	wait $night 2> /dev/null
	settle "killed after $delay s"
	instant=$((instant + 1))
done
echo "ok: $instant kills at random instants"

# Two at once: one of them is told who has the book.
put_back
"$tollbook" backup --book book held > /dev/null 2>&1
flock book/lock sleep 2 &
sleep 0.3
night
[ $? -eq 3 ] && grep -q 'in use by' said || wrong "a second one at the same time"
wait
# A book that cannot be written, as who may not.
put_back
"$tollbook" nightly -c night.conf > /dev/full 2>&1
settle "standard output is full"

[ $failures -eq 0 ] || { echo "$failures failed"; exit 1; }
