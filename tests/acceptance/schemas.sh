#!/bin/sh
# The documents of golden runs are valid by the schemas that they name: what other programs rely on is written down.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
python3 -c 'import jsonschema' 2> /dev/null || { echo "skip: no python3 with jsonschema"; exit 77; }

same "golden runs" "$(PYTHONDONTWRITEBYTECODE=1 python3 tests/renderings/goldens.py)" ""
finish
