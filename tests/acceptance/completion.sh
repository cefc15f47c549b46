#!/bin/bash
# The completions of bash after Tab: commands, options of the current command, the words of an option's value.
cd "$(dirname "$0")/../.." || exit 3
tollbook=${TOLLBOOK:-build/tollbook}
failures=0
source <("$tollbook" completion bash) || exit 1

# offers EXPECTED WORD...: the last word is what is being typed
offers() {
	local expected=$1
	shift
	COMP_WORDS=(tollbook "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_tollbook
	if [ "${COMPREPLY[*]}" != "$expected" ]; then
		echo "FAIL: tollbook $* offers '${COMPREPLY[*]}', expected '$expected'"
		failures=$((failures + 1))
	fi
}

offers run ru
offers --gpu-hour run --gpu-h
offers "shapley proportional prefill-first decode-first" run --rule ""
offers proportional run --idle p
offers "json jsonl journal" run --format j
offers import prices i
offers --at prices list --a
offers "run report reconcile" help r
offers "" run "" # names of files, which bash itself completes
# The other shells at least load theirs.
for shell in zsh fish; do
	if command -v $shell > /dev/null && ! "$tollbook" completion $shell | $shell -n; then
		echo "FAIL: $shell does not take its script"
		failures=$((failures + 1))
	fi
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
