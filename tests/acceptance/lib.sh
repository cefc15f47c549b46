# lib.sh: for scripts that work on ../shared: they skip (77) without it. Set $needs to the required part before sourcing it.
shared=${SHARED:-../shared}
[ -d "$shared/$needs" ] || { echo "skip: $shared/$needs is not here"; exit 77; }
. tests/lib.sh
need jq
