# lib.sh: for scripts that work on ../shared: they skip (77) without it. Before it is read, $needs says what part of it.
shared=${SHARED:-../shared}
[ -d "$shared/$needs" ] || { echo "skip: $shared/$needs is not here"; exit 77; }
. tests/lib.sh
need jq
