# lib.sh: what the acceptance scripts share. They run from the root of the tree, on ../shared, and skip (77) without it.
# $TOLLBOOK: the program, by default build/tollbook.
tollbook=${TOLLBOOK:-build/tollbook}
shared=${SHARED:-../shared}
failures=0

[ -d "$shared/$needs" ] || { echo "skip: $shared/$needs is not here"; exit 77; }
command -v jq >/dev/null || { echo "skip: no jq"; exit 77; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT

# same WHAT GOT EXPECTED
same() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1: $2"
	else
		echo "FAIL: $1: $2, expected $3"
		failures=$((failures + 1))
	fi
}

# near WHAT GOT EXPECTED DISTANCE: whole numbers, at most so far apart
near() {
	off=$(($2 - $3))
	if [ "${off#-}" -le "$4" ]; then
		echo "ok: $1: $2, off by $off of $3"
	else
		echo "FAIL: $1: $2, off by $off of $3, expected at most $4"
		failures=$((failures + 1))
	fi
}

finish() {
	[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
	exit 0
}
