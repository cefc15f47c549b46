#!/bin/sh
# The table of the comment: $BEFORE and $AFTER are statements in JSON. Writes it to the summary of the job and to a file, whose path
# and whether anything changed are outputs. The exit status is that of tollbook diff, except for findings.
set -eu
comment=${RUNNER_TEMP:-.}/tollbook-diff.md
{
	echo '### Cost of tokens'
	echo
	"${TOLLBOOK:-tollbook}" diff --format markdown "$BEFORE" "$AFTER" || [ $? = 1 ]
} > "$comment"
if cmp -s "$BEFORE" "$AFTER"; then changed=false; else changed=true; fi
cat "$comment" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
printf 'changed=%s\ncomment=%s\n' "$changed" "$comment" >> "${GITHUB_OUTPUT:-/dev/null}"
