#!/bin/sh
# Plain technical English: phrases that a native technical reader has to decode, and what to write instead. A row: an extended
# regular expression of whole words, " => ", what to write. Not searched: CHANGELOG.md, recorded data and outputs of golden runs.
cd "$(dirname "$0")/../.." || exit 3
command -v git > /dev/null && git rev-parse --git-dir > /dev/null 2>&1 || { echo "skip: not a git checkout"; exit 77; }
rows=$(mktemp) && hits=$(mktemp) || exit 3
trap 'rm -f "$rows" "$hits"' EXIT
cat > "$rows" << 'END'
tells? of => reports, contains, covers
told apart => distinguished
told by content => detected from the content
(is|are|was|were) told (of|that|from|apart|twice|by|where|when) => is called for, is reported, is detected
speaks? => covers, mentions
no log speaks => not covered by any log
tells => reports, contains
(logs?|files?) (says?|speaks?) => contains, reports
told => reported, detected, distinguished
taken for => treated as
stands? for => represents
its rests => remaining, remainder
(a book|books) that may only be read => read-only
the place of a token => the token's position
dear(er|est) => more expensive
from arithmetic on => compute-bound above
no launches => ignores launch overhead
asks? much => long prompts
at hand => current, available
one behind the other => one after the other
but for => except
without a word => silently
1 files => a plural is a plural
says otherwise => override with --OPTION
goes on behind => resumes after
whose is => to whom ... belongs
nobody'?s => of no tenant, shared
settles it => resolves it
stands? (here|there|beside|behind|in for) => is, appears, follows, is used in place of
cut to the second => truncated to the second
with a line on each => describes each
(go|goes) by contexts? => depends on contexts
made again from => recomputed from
the middle one => the median
no truth value => not a boolean
gone by retention => removed by retention
if that is as it should be => if that is expected
log stamps => log timestamps
catalogue of cards => GPU catalogue
rent of one GPU => price of one GPU-hour
so near to => this close to
it is no (number|time|bundle|error|adjustment|terminal|pair|such thing|text|file) => it is not a ...
(is|are) taken for (a|waiting|work) => is treated as
heeded => respected
keeps nothing => stores nothing
END
if grep -nE -e '^ => ' -e '^$' "$rows"; then
	echo "an empty row"
	exit 1
fi
# One search for all phrases; the hits are then explained row by row.
all=$(sed 's/ => .*//' "$rows" | paste -sd '|')
git grep -nIiE "\\b($all)\\b" -- '*.c' '*.h' '*.md' 'man/*' 'schemas/*' 'docs/*' 'samples/*' Makefile \
	':!tests/data' ':!tests/golden' ':!tests/fuzz/corpus' > "$hits" || exit 0
while read -r row; do
	grep -iE "\\b(${row%% => *})\\b" "$hits" | sed "s/\$/    (write: ${row#* => })/"
done < "$rows"
exit 1
