#!/bin/sh
# The tree contains nothing of one machine: no absolute paths of homes or build folders, no keys, no file
# of more than 1 MB (left by a test).
cd "$(dirname "$0")/../.." || exit 3
command -v git > /dev/null && git rev-parse --git-dir > /dev/null 2>&1 || { echo "skip: not a git checkout"; exit 77; }
if git grep -nIE '(^|[^A-Za-z0-9_.}/])/(work|home/[a-z]+|root|Users/[a-z]+)/[A-Za-z.]|BEGIN [A-Z ]*PRIVATE KEY|sk-[A-Za-z0-9]{20}' \
	-- . ':!tests/lint/words.sh' ':!tests/fuzz/corpus' ':!tests/data'; then
	exit 1
fi
git ls-files -z | xargs -0 stat -c '%s %n' 2> /dev/null | awk '$1 > 1000000 {print $2 ": " $1 " bytes"; wrong = 1} END {exit wrong}'
