#!/bin/sh
# Each file that docs/house.md names exists, and each room of the code is named there.
cd "$(dirname "$0")/../.." || exit 3
failed=0
# shellcheck disable=SC2016
for path in $(grep -o '`[A-Za-z_/.]*`' docs/house.md | tr -d '`' | grep '/' | grep -v NAME); do
	[ -e "$path" ] || { echo "docs/house.md: $path does not exist"; failed=1; }
done
for room in attribute book cli core ingest inspect ledger library report shard; do
	grep -q "$room/" docs/house.md || { echo "docs/house.md: $room/ is missing"; failed=1; }
done
exit $failed
