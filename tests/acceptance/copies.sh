#!/bin/sh
# Copies of a book that are stopped by a signal leave nothing; files of a killed one are removed by the next copy to the
# same place, and no other files are removed.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
[ -z "${SANITIZED:-}" ] || { echo "skip: instants are those of the plain program"; exit 77; }
cd "$folder" || exit 3

# A book whose copies take a while: days of a replica, each in a separate folder.
gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -400 > steps
TOLLBOOK_NOW=2027-02-01T00:00:00Z; export TOLLBOOK_NOW
day=0
while [ $day -lt 150 ]; do
	moved steps $day > "day-$day.jsonl"
	day=$((day + 1))
done
"$tollbook" ingest -q --book book day-*.jsonl && "$tollbook" attribute -q --book book --gpu-hour 2 || exit 1
"$tollbook" export -q --book book whole && "$tollbook" backup -q --book book copied || exit 1

# command_of NAME: the command that writes to places/NAME
command_of() {
	case $1 in
	export) echo "export -q --book book places/export" ;;
	backup) echo "backup -q --book book places/backup" ;;
	import) echo "import -q --book places/import whole" ;;
	dump) echo "backup -q --dump --book book places/dump" ;;
	esac
}

# begun NAME: starts it, and waits until its temporary file exists; sets $pid
begun() {
	# SIGINT would be ignored in the background of a script.
	# shellcheck disable=SC2046
	env --default-signal=INT "$tollbook" $(command_of "$1") > said 2>&1 &
	pid=$!
	while [ -z "$(ls -A places)" ] && kill -0 $pid 2> /dev/null; do sleep 0.005; done
}

# caught NAME SIGNAL: stops it while it runs, unless it finishes first; sets $status
caught() {
	tries=0 status=0
	while [ $status -eq 0 ] && [ $tries -lt 50 ]; do
		rm -rf places && mkdir places
		begun "$1"
		kill -s "$2" $pid 2> /dev/null
		wait $pid 2> /dev/null
		status=$? tries=$((tries + 1))
	done
}

for name in export backup import; do
	for signal in TERM INT HUP; do
		caught $name $signal
		same "$name, SIG$signal" "$status $(grep -c 'stopped by a signal; nothing was written' said) $(ls -A places)" "3 1 "
	done
done
# A dump of such a small book may finish before the signal.
"$tollbook" backup --dump --book book dump
for signal in TERM INT HUP; do
	rm -rf places && mkdir places
	begun dump
	kill -s $signal $pid 2> /dev/null
	wait $pid
	case "$? $(ls -A places)" in
	"3 ") grep -q 'stopped by a signal; nothing was written' said || wrong "dump, SIG$signal: no message" ;;
	[03]" dump") ! grep -q 'nothing was written' said && cmp -s dump places/dump || wrong "dump, SIG$signal: it is not whole" ;;
	*) wrong "dump, SIG$signal: exit status $?: $(ls -A places)" ;;
	esac
done

for name in export backup import; do
	caught $name KILL
	same "$name, killed: remaining files" "$(ls places | grep -c "^$name.part-......\$")" 1
	# Not to be removed: another name, a folder of another owner, one with other contents, one in use.
	mkdir -p "places/$name.part-1234567" "places/other.part-123456" "places/$name.part-abcdef" "places/$name.part-atwork"
	touch "places/$name.part-abcdef/thesis"
	(flock 9; exec sleep 60) 9< "places/$name.part-atwork" &
	holder=$!
	until ! flock -n "places/$name.part-atwork" true; do sleep 0.01; done
	# shellcheck disable=SC2046
	"$tollbook" $(command_of $name | sed 's/ -q//') > said 2>&1
	same "$name, the next one" "$? $(grep -c "warning: places/$name.part-\*: removed 1 left by a killed run" said)" "0 1"
	same "$name, nothing else is removed" "$(cd places && echo *)" \
		"$(cd places && echo $name $name.part-1234567 $name.part-abcdef $name.part-atwork other.part-123456)"
	kill $holder
	wait $holder 2> /dev/null
	case $name in
	export) same "export: it is whole" "$(diff -r whole places/export | head -3)" "" ;;
	*) "$tollbook" backup --dump --book "places/$name" again
		same "$name: it is whole" "$(cmp again dump 2>&1)" "" ;;
	esac
done
rm -rf places && mkdir places places/backup
"$tollbook" backup -q --book book places/backup > said 2>&1
same "an empty folder is no obstacle" "$? $(diff -rq copied places/backup | grep -v ledger.db)" "0 "
"$tollbook" backup -q --book book places/backup > said 2>&1
same "a folder that is not empty is" "$? $(grep -c 'exists and is not empty' said)" "2 1"
finish
