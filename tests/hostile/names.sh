#!/bin/sh
# Names that users choose, in every rendering: tests/hostile/names.py.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need python3
exec python3 tests/hostile/names.py "$tollbook"
