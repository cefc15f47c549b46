#!/bin/sh
# A clock that is set back, or ahead, between two nights and at each of its readings within one: new records are read
# nevertheless, and the book equals that of a correct clock.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
day=86400
# The offset of a clock that shows the day after the sample's logs.
right=$(($(date -u -d 2026-08-12T03:00:00Z +%s) - $(date +%s)))
night_place
night_options=-v # each rejection and warning
unset TOLLBOOK_NOW

# of_night NIGHT CLOCK
of_night() {
	if [ "$1" = 1 ]; then
		head -400 all.jsonl > logs/steps.jsonl
		head -20 requests.jsonl > logs/requests.jsonl
	else
		head -700 all.jsonl > logs/steps.jsonl
		sed -n '21,40p' requests.jsonl | gzip > logs/requests.jsonl.gz
	fi
	touch -d 2026-08-11T12:00:00Z logs/*
	night "LD_PRELOAD=$library" "TOLLBOOK_CLOCK=$2" "TOLLBOOK_FAULT_COUNT=$folder/count"
	[ $status -le 1 ] || wrong "night $1, clock $2: exit status $status: $(head -3 said)"
}

# two_nights FIRST SECOND: the book after them, in said_now
two_nights() {
	rm -rf logs book && mkdir logs
	of_night 1 "$1"
	of_night 2 "$2"
	cp said said_last
	dump said_now || wrong "clock $1, $2: no dump: $(head -3 said)"
}

two_nights "$right" "$right"
mv said_now good
readings=$(awk '$1 == "clock" {print $2}' count)
for off in -400 -30 -3 -1 2 30; do
	two_nights "$right" $((right + off * day))
	cmp -s said_now good || wrong "set by $off days between nights: $(diff said_now good | head -3)"
	[ $off -gt 0 ] || grep -q 'system clock is before' said_last || wrong "set by $off days between nights: no message"
done
for off in -30 -1 1; do
	reading=1
	while [ $reading -le "$readings" ]; do
		two_nights "$right" "$right:$reading:$((right + off * day))"
		cmp -s said_now good || wrong "set by $off days at reading $reading: $(diff said_now good | head -3)"
		reading=$((reading + 1))
	done
done
echo "ok: 6 clocks set between nights, 3 within one at each of $readings readings"

# Where no evidence confirms the clock and it is before the logs' timestamps: the logs are set aside for a night with the correct clock.
# doubted WHAT CLOCK LOGS: such a night, in which this number of logs is set aside
doubted() {
	night "LD_PRELOAD=$library" "TOLLBOOK_CLOCK=$2"
	same "$1" "$status $(grep -cE "logs/[a-z]*.jsonl: set aside, no record of it was stored: the system clock is at 20..-..-..T..:..:..Z, and [0-9]+ of its [0-9]+ records are more than a day later" said)" "1 $3"
}

rm -rf logs book && mkdir logs
head -400 all.jsonl > logs/steps.jsonl
head -20 requests.jsonl > logs/requests.jsonl
touch -d 2026-08-11T12:00:00Z logs/*
doubted "the first night, years in the past" $((right - 2000 * day)) 2
doubted "again, days in the past" $((right - 5 * day)) 2
same "nothing was read" "$("$tollbook" report --runs --book book | wc -l)" 0
of_night 1 "$right"
of_night 2 "$right"
dump said_now
same "with the right clock, all of it" "$(cmp said_now good 2>&1)" ""

# It is set back years, and logs of days after the last night arrive.
moved requests.jsonl 20 > logs/later.jsonl
doubted "set back, and later logs" $((right - 400 * day)) 1
night "LD_PRELOAD=$library" "TOLLBOOK_CLOCK=$((right + 20 * day))"
same "with the correct clock, they are read" "$status $(grep -c ' 0 rejected' said) $("$tollbook" report --runs --book book | wc -l)" "1 1 3"

# One log of the future does not stop a first night: it is set aside, and the others are read.
rm -rf logs book && mkdir logs
head -400 all.jsonl > logs/steps.jsonl
moved requests.jsonl 300 | head -20 > logs/later.jsonl
doubted "one log of the future" "$right" 1
same "the others are read" "$(grep -c ' 400 records, 0 rejected' said)" 1
night "LD_PRELOAD=$library" "TOLLBOOK_CLOCK=$((right + 300 * day))"
same "its day has arrived" "$status $(grep -c ' 20 records, 0 rejected' said)" "0 1"

# A few lines of the future are no evidence on the clock: they are rejected, and the others are read.
rm -rf logs book && mkdir logs
head -400 all.jsonl > logs/steps.jsonl
moved all.jsonl 300 | head -20 >> logs/steps.jsonl
night "LD_PRELOAD=$library" "TOLLBOOK_CLOCK=$right"
same "a few lines of the future" "$status $(grep -c '20 lines rejected: instant in the future, first at logs/steps.jsonl:401' said) $(grep -c ' 400 records, 20 rejected' said)" "1 1 1"
finish
