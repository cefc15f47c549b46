#!/bin/sh
# docs/users: every command marked sh runs, and ends with exit status 0 or 1.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need awk

mkdir "$folder/bin" && ln -s "$tollbook" "$folder/bin/tollbook"
PATH=$folder/bin:$PATH
commands() { awk '/^```sh$/ {on = 1; next} /^```/ {on = 0} on' "$1"; }

for page in docs/users/*.md; do
	at="$folder/${page##*/}.d"
	mkdir "$at" && ln -s "$tree/samples" "$tree/tests" "$at"
	commands "$page" > "$folder/commands"
	[ -s "$folder/commands" ] || { same "$page: only the list of pages has no commands" "${page##*/}" README.md; continue; }
	while IFS= read -r line; do
		(cd "$at" && sh -c "$line" > said 2> why < /dev/null)
		status=$?
		case $status in 0 | 1) echo "ok: $page: $line" ;; *) wrong "$page: $line: exit status $status: $(cat "$at/why")" ;; esac
		# Findings are allowed, a command that prints nothing at all is not, unless it writes a file or is quiet.
		case $line in *' -q '* | *' -o '* | head* ) ;; *) [ -s "$at/said" ] || wrong "$page: $line: printed nothing" ;; esac
	done < "$folder/commands"
done
finish
