#!/bin/sh
# Plain technical English: phrases that a native technical reader has to decode, and what to write instead.
cd "$(dirname "$0")/../.." || exit 3
command -v git > /dev/null && git rev-parse --git-dir > /dev/null 2>&1 || { echo "skip: not a git checkout"; exit 77; }
while IFS='|' read -r phrase instead; do
	git grep -nIiE "\\b($phrase)\\b" -- '*.c' '*.h' '*.md' 'man/*' 'schemas/*' 'docs/*' 'samples/*' Makefile \
		':!tests/data' ':!tests/golden' ':!tests/fuzz/corpus' > "${TMPDIR:-/tmp}/phrases.$$" &&
		{ sed "s/\$/    (write: $instead)/" "${TMPDIR:-/tmp}/phrases.$$"; failed=1; }
done << 'END'
tells? of|reports, contains, covers
told apart|distinguished
told by content|detected from the content
speaks? of|covers, mentions
no log speaks|not covered by any log
says otherwise|override with --OPTION
goes on behind|resumes after
dearer|more expensive
whose is|to whom ... belongs
END
rm -f "${TMPDIR:-/tmp}/phrases.$$"
exit ${failed:-0}
