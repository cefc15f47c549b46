#!/bin/sh
# tollbook without arguments on a terminal: at most ten lines that fit it, with commands that exist; elsewhere the list of commands.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need script

script -qec "'$tollbook'" /dev/null < /dev/null | tr -d '\r' > "$folder/said"
same "at most ten lines" "$(($(wc -l < "$folder/said") <= 10))" 1
same "of at most 120 columns" "$(awk 'length > 120' "$folder/said")" ""
for command in $(sed -n 's/^  tollbook \([a-z]*\) .*/\1/p' "$folder/said"); do
	"$tollbook" "$command" --help > /dev/null
	same "tollbook $command is a command" "$?" 0
done
"$tollbook" 2> "$folder/said"
same "not on a terminal: exit status, and all commands" "$? $(grep -c 'Usage: tollbook COMMAND' "$folder/said")" "2 1"
finish
