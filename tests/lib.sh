# lib.sh: shared by test scripts, which run from the root of the tree.
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

# near WHAT GOT EXPECTED DISTANCE: integers that differ by at most DISTANCE
near() {
	off=$(($2 - $3))
	if [ "${off#-}" -le "$4" ]; then
		echo "ok: $1: $2, off by $off of $3"
	else
		wrong "$1: $2, off by $off of $3, expected at most $4"
	fi
}

# moved FILE DAYS: native records, moved by DAYS days; in integers, because jq has only doubles
moved() {
	awk -v days="$2" -v day=86400000000000 '
	function add(s, n,  low, high, sum) { # 19 digits in two parts
		high = substr(s, 1, length(s) - 9) + 0; low = substr(s, length(s) - 8) + 0
		sum = low + n % 1000000000
		return sprintf("%d%09d", high + int(n / 1000000000) + (sum >= 1000000000), sum % 1000000000)
	}
	{
		out = ""; rest = $0
		while (match(rest, /"(start|arrival|scheduled|first_token|finish)_ns":[0-9]+/)) {
			field = substr(rest, RSTART, RLENGTH); at = index(field, ":")
			out = out substr(rest, 1, RSTART - 1) substr(field, 1, at) add(substr(field, at + 1), days * day)
			rest = substr(rest, RSTART + RLENGTH)
		}
		rest = out rest
		gsub(/"id":"/, "\"id\":\"d" days "-", rest)
		sub(/"step":/, "\"step\":" days + 1 "0", rest)
		print rest
	}' "$1"
}

finish() {
	[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
	exit 0
}
