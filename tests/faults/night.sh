#!/bin/sh
# A night that is killed at every write, sync and change of a name in turn, with and without the power, and at random
# times; and one in which memory, disk, descriptors or reads fail. After the next, undisturbed night the book has
# the content that it would have had, to the last byte. See lib.sh for the number of faults.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
night_start
night_faults
night_kills 0.12

put_back
"$tollbook" nightly -c night.conf > /dev/full 2>&1
status=$?
settle "standard output is full"
finish
