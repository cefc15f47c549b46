#!/bin/sh
# What README.md and docs/ show is what the program prints: the demo's output, the formats, commands and their options;
# links have a target; each --help fits a screen and has an example.
#   tests/acceptance/readme.sh --update    rewrites the blocks
cd "$(dirname "$0")/../.." || exit 3
tollbook=${TOLLBOOK:-build/tollbook}
failures=0
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

update=${1:-}
pages="README.md docs/*.md"

# The block of code after the comment <!-- NAME: ... -->
block() {
	# shellcheck disable=SC2086
	awk -v name="<!-- $1:" 'index($0, name) == 1 {seen = 1; next}
		seen && /^```/ {if (inside) exit; inside = 1; next}
		inside' $pages
}

# renew NAME FILE: with --update, replaces the block by the file
renew() {
	[ "$update" = --update ] || return 0
	# shellcheck disable=SC2086
	page=$(grep -l "^<!-- $1:" $pages)
	awk -v name="<!-- $1:" -v file="$2" '
		index($0, name) == 1 {seen = 1}
		seen && /^```/ {
			if (!inside) {print; while ((getline line < file) > 0) print line; inside = 1; next}
			seen = inside = 0
		}
		!inside' "$page" > "$folder/page" && cat "$folder/page" > "$page"
}

samples/demo.sh "$tollbook" > "$folder/said"
renew demo "$folder/said"
block demo > "$folder/shown"
cmp -s "$folder/shown" "$folder/said" || { fail "README.md's demo is not what samples/demo.sh prints:"; diff "$folder/shown" "$folder/said"; }

awk '/^<!-- answer:/ {on = 1; next} on && !NF {exit} on' README.md | grep -oE '[0-9]+[.][0-9]+' > "$folder/figures"
[ "$(wc -l < "$folder/figures")" -ge 3 ] || fail "README.md's answer has no figures"
while read -r figure; do
	grep -qF -- "$figure" "$folder/said" || fail "README.md's answer has $figure, which is not in the demo"
done < "$folder/figures"

# README's table of questions: the figures of its answers are those of the command below it.
command=$(sed -n 's/^tollbook \(estimate --explain .*\)/\1/p' README.md)
# shellcheck disable=SC2086
"$tollbook" $command > "$folder/said" || fail "README.md: tollbook $command"
awk '/^<!-- questions:/ {on = 1; next} on && !NF {exit} on' README.md | grep -oE '[0-9]+[.]?[0-9]+' | grep -vxE '10|11' > "$folder/figures"
[ "$(wc -l < "$folder/figures")" -ge 12 ] || fail "README.md's answers to questions have no figures"
while read -r figure; do
	grep -qE "(^|[^0-9.])$figure([^0-9.]|[.]?$)" "$folder/said" || fail "README.md answers a question with $figure, which its command does not print"
done < "$folder/figures"

samples/why.sh "$tollbook" > "$folder/said"
renew why "$folder/said"
block why > "$folder/shown"
cmp -s "$folder/shown" "$folder/said" || { fail "README.md's estimate is not what samples/why.sh prints:"; diff "$folder/shown" "$folder/said"; }
[ "$(wc -l < "$folder/said")" -lt 40 ] || fail "samples/why.sh prints 40 lines or more"

"$tollbook" help formats | sed -n '2,/^$/p' | sed '/^$/d' > "$folder/said"
renew formats "$folder/said"
block formats > "$folder/shown"
cmp -s "$folder/shown" "$folder/said" || { fail "README.md's formats are not those of tollbook help formats:"; diff "$folder/shown" "$folder/said"; }

# said NAME: every line of the block is in the output
said() {
	block "$1" | grep . > "$folder/shown" || fail "README.md has no block of $1"
	grep -vxFf "$folder/said" "$folder/shown" > "$folder/wrong" && fail "README.md's block of $1 has lines that nothing prints: $(cat "$folder/wrong")"
}

# shown NAME OPTION...: the block is from what the demo's run prints with these options
shown() {
	name=$1
	shift
	"$tollbook" run --fleet samples/fleet.json --prices samples/prices.json --list llama-3.1-8b=groq/llama-3.1-8b-instant \
		"$@" samples/serving > "$folder/said"
	said "$name"
}
shown model --model-report - -o /dev/null
shown position --by position
shown rules --compare-rules

# Every option of a tollbook command line in README.md and samples/ is an option of the command.
{ # command lines: in blocks of code, in back-quotes, in samples
	# shellcheck disable=SC2086
	awk '/^```/ {inside = !inside; next} inside && /tollbook [a-z]/' $pages
	# shellcheck disable=SC2086
	grep -hoE '`tollbook [a-z][^`]*`' $pages samples/README.md
	grep -hoE 'tollbook [a-z]+ --.*' samples/*.conf
} | grep -oE 'tollbook [a-z]+[^`|#]*' |
while read -r _ command rest; do
	"$tollbook" help "$command" > "$folder/help" 2> /dev/null || { echo "no command $command"; continue; }
	for word in $rest; do
		case $word in
		--*) grep -qE -- "${word%%=*}( |\$)" "$folder/help" || echo "tollbook $command has no $word" ;;
		esac
	done
done > "$folder/wrong"
[ ! -s "$folder/wrong" ] || fail "$(cat "$folder/wrong")"

# README.md is short, and all links exist.
[ "$(wc -c < README.md)" -le 8192 ] || fail "README.md is larger than 8 kB"
for page in README.md docs/*.md; do
	grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^[a-z]*://' | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$page: no $link"
	done
done > "$folder/wrong"
[ ! -s "$folder/wrong" ] || fail "$(cat "$folder/wrong")"

"$tollbook" --help | awk '/^  [a-z]/ && $1 != "tollbook" {print $1}' > "$folder/commands"
[ "$(wc -l < "$folder/commands")" -ge 4 ] || fail "--help lists fewer than 4 commands"
while read -r command; do
	"$tollbook" "$command" --help > "$folder/help" || fail "$command --help: exit status $?"
	"$tollbook" help "$command" > "$folder/all" || fail "help $command: exit status $?"
	grep -oE -- '^ .*--[a-z-]+' "$folder/all" | grep -oE -- '--[a-z-]+' | while read -r option; do
		grep -qE -- "$option( |\$)" "$folder/help" || echo "$command --help does not name $option"
	done > "$folder/wrong"
	[ ! -s "$folder/wrong" ] || fail "$(cat "$folder/wrong")"
	[ "$(wc -l < "$folder/help")" -le 40 ] || fail "$command --help does not fit a screen of 40 lines"
	[ "$(wc -L < "$folder/help")" -le 100 ] || fail "$command --help is wider than 100 columns"
	grep -q '^Example:' "$folder/help" || fail "$command --help has no example"
	# The options of the example are options of the command.
	for word in $(sed -n '/^Example:/,$p' "$folder/help"); do
		case $word in
		--*) [ "$(cat "$folder/all" "$folder/help" | grep -cE -- "^ .*${word%%=*}( |\$)")" -ge 3 ] || fail "$command: its example has $word, which it has not" ;;
		esac
	done
done < "$folder/commands"

"$tollbook" manual > "$folder/tollbook.1" || fail "manual: exit status $?"
if command -v groff > /dev/null; then
	groff -K utf8 -man -ww -Tutf8 "$folder/tollbook.1" man/tollbook.5 2> "$folder/wrong" > /dev/null
	[ ! -s "$folder/wrong" ] || fail "groff: $(cat "$folder/wrong")"
fi
"$tollbook" completion bash > "$folder/bash" && bash -n "$folder/bash" || fail "the completion for bash has an error"
if command -v zsh > /dev/null; then
	"$tollbook" completion zsh > "$folder/zsh" && zsh -n "$folder/zsh" || fail "the completion for zsh has an error"
fi

[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
echo "ok: README.md, --help, manual and completion agree with the program"
