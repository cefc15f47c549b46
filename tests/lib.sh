# lib.sh: what test scripts share. They run from the root of the tree.
# $tollbook: the program ($TOLLBOOK, else build/tollbook); $folder: a new one, removed at the end.
tree=$PWD
tollbook=$(realpath "${TOLLBOOK:-build/tollbook}")
failures=0
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT

need() { # need PROGRAM...: skips the script (77) without them
	for program in "$@"; do
		command -v "$program" > /dev/null || { echo "skip: no $program"; exit 77; }
	done
}

wrong() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# same WHAT GOT EXPECTED
same() {
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		wrong "$1: $2, expected $3"
	fi
}

# near WHAT GOT EXPECTED DISTANCE: whole numbers, at most so far apart
near() {
	off=$(($2 - $3))
	if [ "${off#-}" -le "$4" ]; then
		echo "ok: $1: $2, off by $off of $3"
	else
		wrong "$1: $2, off by $off of $3, expected at most $4"
	fi
}

finish() {
	[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
	exit 0
}
