#!/bin/sh
# The commands of the docs run: each line of a block marked sh ends with exit status 0 or 1, and prints something. The programs
# kubectl, logcli, aws, gcloud, psql and docker are in tests/acceptance/stubs, which accept only the commands of the docs.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need awk gzip jq python3 sqlite3 zstd
python3 -c 'import yaml' 2> /dev/null || /usr/bin/python3 -c 'import yaml' 2> /dev/null || { echo "skip: no PyYAML"; exit 77; } # the docker stub reads compose.yaml

mkdir "$folder/bin" && ln -s "$tollbook" "$folder/bin/tollbook"
PATH=$folder/bin:$tree/tests/acceptance/stubs:$PATH
commands() { awk '/^```sh$/ {on = 1; next} /^```/ {on = 0} on && !/^$/' "$1"; }

# The files that the general pages assume: a user's logs, prices, fleet, configuration, two statements, books of two regions, and a
# book with an invoice of its month.
given() {
	mkdir logs && cp "$tree/samples/serving/steps.jsonl.gz" "$tree/samples/serving/requests.jsonl.gz" logs
	zstd -dcq "$tree/samples/vllm.log.zst" | gzip > vllm.log.gz
	cp "$tree/samples/prices.json" .
	cp "$tree/samples/gateway/usage.jsonl" .
	sed 's/"match": "[^"]*"/"match": "*"/' "$tree/samples/fleet.json" > fleet.json
	case $1 in
	*guide.md)
		tollbook run -q --fleet fleet.json -o 2026-09.json logs && cp 2026-09.json 2026-10.json
		for book in east west; do
			gzip -dc logs/steps.jsonl.gz | sed "s/rtx-tiny-01/$book-01/" > $book.jsonl
			tollbook ingest -q --book $book $book.jsonl && tollbook attribute -q --book $book --fleet fleet.json
			rm $book.jsonl
		done ;;
	*invoices.md)
		tollbook ingest -q --book book "$tree/samples/invoice/requests.jsonl"
		tollbook attribute -q --book book --fleet "$tree/samples/invoice/fleet.json" 2> /dev/null
		cp "$tree/samples/invoice/aws-cur-2026-09.csv" october.csv ;;
	*) tollbook init -q --force --gpu-hour 1.89 logs > /dev/null ;;
	esac
}

for page in README.md docs/*.md docs/users/*.md; do
	commands "$page" > "$folder/commands"
	[ -s "$folder/commands" ] || continue
	at="$folder/$(echo "$page" | tr / -).d"
	mkdir "$at" && ln -s "$tree/samples" "$tree/tests" "$at"
	case $page in
	docs/users/*) ;;
	*) (cd "$at" && given "$page") > "$folder/why" 2>&1 || wrong "$page: its given files: $(cat "$folder/why")" ;;
	esac
	while IFS= read -r line; do
		case $line in 'tollbook init '*) rm -f "$at/fleet.json" ;; esac # it writes one, and does not replace one
		(cd "$at" && sh -c "$line" > said 2> why < /dev/null)
		status=$?
		case $status in 0 | 1) echo "ok: $page: $line" ;; *) wrong "$page: $line: exit status $status: $(cat "$at/why")" ;; esac
		# Findings are allowed; a command without any output is not, unless it writes a file or is quiet.
		case $line in *' -q '* | *' -o '* | *' > '* | *' < '* | head* | cp* | mkdir* | for*) ;; *) [ -s "$at/said" ] || wrong "$page: $line: printed nothing" ;; esac
	done < "$folder/commands"
done
for page in docs/users/*.md; do
	[ "${page##*/}" = README.md ] || same "$page has commands" "$(commands "$page" | head -1 | wc -l)" 1
done

same "docs/scale.md: the book of the tasks" "$(cd "$folder/docs-scale.md.d" && tollbook report -q --book book --format json | jq -c .total.tokens)" \
	"$(tollbook run -q --gpu-hour 1 --format json samples/serving | jq -c .total.tokens)"

# The export of a collector has the figures of the pods' logs.
at=$folder/docs-users-collectors.md.d
cd "$at" || exit 3
mkdir pods && zstd -dcq samples/vllm.log.zst > pods/vllm-0.log && sed 's/ 08-10 23:/ 08-10 21:/' tests/data/vllm-tiny-8b.log > pods/vllm-1.log
figures() { tollbook run -q --log-year 2026 --fleet fleet.json --by replica --format json "$1" 2> /dev/null | jq -c '.total, [.rows[].replica]'; }
expected=$(figures pods)
same "two pods" "$(echo "$expected" | tail -1)" '["vllm-0","vllm-1"]'
for export in loki.jsonl cloudwatch gcs; do same "$export: the figures of the pods' logs" "$(figures $export)" "$expected"; done
# Tenants of a gateway are those of the engine.
tenants() { tollbook run -q --fleet samples/fleet.json --by tenant --format json "$@" 2> /dev/null | jq -c '[.rows[] | select(.tokens.output > 0) | [.tenant, .tokens.input, .tokens.output]]'; }
cd "$folder/docs-users-gateway.md.d" || exit 3
expected=$(tenants samples/serving)
for gateway in litellm envoy; do same "$gateway: tenants and tokens as the engine's" "$(tenants $gateway samples/serving/steps.jsonl.gz)" "$expected"; done
finish
