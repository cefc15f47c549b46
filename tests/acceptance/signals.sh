#!/bin/sh
# SIGTERM, SIGINT and a reader that leaves: exit status 3 or none, and no file half written.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh

# Steps that are written for as long as the reader reads.
endless() {
	gzip -dc samples/serving/steps.jsonl.gz > "$folder/steps"
	while cat "$folder/steps" 2> /dev/null; do sleep 0.05; done
}

# stops SIGNAL: a run that is in progress when the signal arrives
stops() {
	mkdir "$folder/out"
	mkfifo "$folder/pipe"
	endless > "$folder/pipe" 2> /dev/null &
	writer=$!
	"$tollbook" run --fleet samples/fleet.json --quarantine "$folder/out/rejected" --requests "$folder/out/requests.csv.gz" \
		-o "$folder/out/statement" "$folder/pipe" 2> "$folder/said" &
	run=$!
	sleep 0.5
	kill -s "$1" "$run"
	wait "$run"
	same "SIG$1: exit status" "$?" 3
	same "SIG$1: nothing is left" "$(ls -A "$folder/out")" ""
	same "SIG$1: a message" "$(grep -c 'stopped by a signal' "$folder/said")" 1
	kill "$writer" 2> /dev/null
	wait "$writer" 2> /dev/null
	rm -r "$folder/pipe" "$folder/out"
}

# In the background of a script SIGINT is ignored, as for nohup: then it must be ignored here too.
stops TERM
stops HUP

# Without input and without an open file, it ends at once.
mkfifo "$folder/pipe"
sleep 30 > "$folder/pipe" &
writer=$!
"$tollbook" run --fleet samples/fleet.json "$folder/pipe" 2> "$folder/said" &
run=$!
sleep 0.3
kill -s TERM "$run"
wait "$run"
same "waiting for input: exit status" "$?" 3
kill "$writer"

# A reader that closes the pipe causes no message.
"$tollbook" help formats > "$folder/formats"
(
	"$tollbook" run --fleet samples/fleet.json --by hour,replica,tenant samples/serving 2> "$folder/said"
	echo "$?" > "$folder/status"
) | :
same "reader closes the pipe: no message" "$(cat "$folder/said")" ""

"$tollbook" run --fleet samples/fleet.json samples/serving > /dev/full 2> "$folder/said"
same "full disk: exit status" "$?" 3
same "full disk: a message" "$(grep -c 'No space left' "$folder/said")" 1

finish
