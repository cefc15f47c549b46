#!/bin/sh
# make demo: a statement of the samples. $1: the program (default: build/tollbook).
cd "$(dirname "$0")/.." || exit 3
set -- "${1:-build/tollbook}" run --fleet samples/fleet.json --prices samples/prices.json \
	--list llama-3.1-8b=groq/llama-3.1-8b-instant --by tenant samples/serving
echo "$ tollbook $(shift && echo "$*")"
echo
exec "$@"
