#!/bin/sh
# Each fuzz target without a fuzzer: its seeds, CHANGES (default 100) changes of each and JSON with one value replaced, the same on
# every machine. tests/fuzz/replay.c
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
replay=${BUILD:-build}/tests/fuzz/replay
changes=${CHANGES:-100}
[ -x "$replay" ] || { echo "no $replay: make test builds it"; exit 3; }

# more TARGET: seeds beside those in its folder
more() {
	case $1 in
	prices) ls tests/data/prices/* samples/prices.json samples/prices-native.json tests/golden/prices-*/*.json ;;
	invoice) ls tests/data/invoices/*.[cj]s* samples/invoice/* ;;
	modelspec) ls samples/models/*.json tests/golden/*/config.json ;;
	fleet) ls samples/fleet.json tests/golden/*/fleet.json ;;
	pattern) ls samples/pattern.conf ;;
	envelope | document | shape | redact) find tests/golden/log-shapes/logs -type f | sort ;;
	format-usage) ls tests/data/usage/*.* tests/golden/usage-shapes/logs/* ;;
	format-*) ls "tests/golden/$1"/* ;;
	statement) ls tests/fuzz/corpus/native/* tests/fuzz/corpus/vllm/* ;;
	esac 2> /dev/null | grep -v -E '/(cmd|stdout|stderr|exit)$'
}

for target in $("$replay" --list); do
	number=$changes
	[ "$target" != statement ] || number=$((changes / 10)) # whole runs and books
	seeds=$(ls tests/fuzz/corpus/"${target#format-}"/* 2> /dev/null; more "$target")
	# shellcheck disable=SC2086 # words
	"$replay" "$target" "$number" ${seeds:-tests/fuzz/corpus/json/*} > "$folder/said" 2>&1 || wrong "$target: exit status $?: $(tail -3 "$folder/said")"
	tail -1 "$folder/said"
done
finish
