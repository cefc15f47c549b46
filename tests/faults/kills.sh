#!/bin/sh
# Every command that writes a book, killed at random times and run again: kills.py. 10,000 kills with FAULTS=all, else a few.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need python3
case ${FAULTS:-} in
all) kills=${KILLS:-10000} ;;
part) kills=${KILLS:-700} ;;
*) kills=${KILLS:-42} ;;
esac
python3 tests/faults/kills.py "$BUILD" "${KILLS_FIRST:-0}" "$kills"
