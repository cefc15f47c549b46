#!/bin/sh
# make demo, first part: why output costs more, from first principles; the statement follows. $1: the program (default: build/tollbook).
cd "$(dirname "$0")/.." || exit 3
set -- "${1:-build/tollbook}" estimate --model samples/models/llama-3.1-8b.json --gpu RTX-PRO-6000 --gpu-hour 1.89 \
	--batch 32 --prompt 1600 --list-input 0.05 --list-output 0.08 --explain
echo "$ tollbook $(shift && echo "$*") | head -33"
echo
"$@" | head -33 # four of its seven tables: a screen
