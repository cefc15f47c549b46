#!/bin/sh
# Random fleets whose logs are divided over nights, tasks and books, and doubled under other names: see fleets.py.
#
#   FLEETS_FIRST=SEED FLEETS_RUNS=1 tests/property/fleets.sh     repeats one (default: 8 from 1)
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need python3
cd "$folder" || exit 3
export TOLLBOOK_NOW=2026-12-01T00:00:00Z
python3 "$tree/tests/property/fleets.py" "$tollbook" "${FLEETS_FIRST:-1}" "${FLEETS_RUNS:-8}"
