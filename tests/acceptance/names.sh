#!/bin/sh
# Names of servers that only the paths of all logs together tell from each other: folders of hosts, namespaces, containers.
# A run, tasks and a book have the same names and figures, in whatever nights and order the logs came; a rule of the fleet file
# that is added later renames what is stored; closed days keep their names.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need jq
cd "$folder" || exit 3
pods=$tree/tests/golden/run-pods/pods
cp "$tree/samples/prices.json" .
echo '{"schema": "tollbook.fleet.v1", "currency": "USD", "pools": [{"name": "p", "match": "*", "rates": [{"from": "2026-01-01", "per_gpu_hour": "2"}]}]}' > fleet.json
sed 's/"currency"/"names": [{"path": "hosts\/{host}\/log\/*", "replica": "gpu-{host}"}], "currency"/' fleet.json > rules.json

place() { # place SOURCE PATH: the log of a pod, elsewhere
	mkdir -p "$(dirname "$2")"
	cat "$pods"/*_vllm-"$1"_*/*/0.log > "$2"
}
place 0 all/hosts/h1/log/engine.log
place 1 all/hosts/h2/log/engine.log
place 0 all/spaces/prod_vllm-0_0123abcd/vllm/0.log
place 1 all/spaces/test_vllm-0_0123abcd/vllm/0.log
place 0 all/containers/llm_two_0123abcd/engine-a/0.log
place 1 all/containers/llm_two_0123abcd/engine-b/0.log
place 0 all/dates/2026-10-05/h1/engine.log
place 1 all/dates/2026/10/05/h2/engine.log

figures='[.rows[] | {day, replica, gpu_ns, tokens}]'

# night BOOK FLEET LOG...: a night with these logs
night() {
	book=$1
	echo "{\"schema\": \"tollbook.config.v1\", \"book\": \"$book.book\", \"fleet\": \"$2\", \"prices\": [\"prices.json\"],
		\"logs\": [{\"path\": \"$book.logs\", \"log_zone\": \"UTC\"}], \"reports\": [{\"output\": \"$book.json\", \"format\": \"json\", \"by\": \"day,replica\"}]}" > "$book.conf"
	shift 2
	mkdir -p "$book.logs"
	for log; do
		mkdir -p "$book.logs/$(dirname "${log#all/}")"
		cp "$log" "$book.logs/${log#all/}"
	done
	TOLLBOOK_NOW=2026-12-01T00:00:00Z "$tollbook" nightly -q -c "$book.conf" > said 2>&1
	[ $? -le 1 ] || wrong "$book: $(cat said)"
}

sharded() { # sharded LOG: the statement of three tasks
	rm -rf plan
	"$tollbook" shard plan --fleet fleet.json --prices prices.json --log-year 2026 --log-zone UTC --tasks 3 -o plan "$1" || wrong "plan"
	for step in map fit attribute; do
		for task in 0 1 2; do "$tollbook" shard $step plan --task $task > said 2>&1; [ $? -le 1 ] || wrong "shard $step: $(cat said)"; done
	done
	"$tollbook" shard report -q plan --by day,replica --format json -o sharded.json 2> said
}

for layout in hosts spaces containers dates; do
	"$tollbook" run -q --fleet fleet.json --prices prices.json --log-year 2026 --log-zone UTC --by day,replica --format json -o run.json all/$layout 2> said
	sharded all/$layout
	same "$layout: run and tasks" "$(jq -cS "$figures, .findings, .assumptions" sharded.json)" "$(jq -cS "$figures, .findings, .assumptions" run.json)"
	same "$layout: two servers" "$(jq '[.rows[].replica] | unique | length' run.json)" 2
	set -- $(find all/$layout -type f | sort)
	night "$layout-1" fleet.json "$1" "$2"
	night "$layout-2" fleet.json "$2"
	same "$layout: one name alone" "$(jq -c '[.rows[].replica] | unique | length' "$layout-2.json")" 1
	night "$layout-2" fleet.json "$1"
	for book in 1 2; do
		same "$layout: run and book $book" "$(jq -cS "$figures" "$layout-$book.json")" "$(jq -cS "$figures" run.json)"
		"$tollbook" backup -q --dump --book "$layout-$book.book" dump || wrong "dump"
		grep -Ev '^(source|segment)' dump | sort > dump.$book
		rm dump
		"$tollbook" verify -q --book "$layout-$book.book" --fleet fleet.json --prices prices.json --all > said 2>&1 || wrong "$layout: verify: $(cat said)"
	done
	cmp -s dump.1 dump.2 || wrong "$layout: another book: $(diff dump.1 dump.2 | head -4)"
done

# A log that grows after it got another name.
half=$(($(wc -l < all/hosts/h1/log/engine.log) / 2))
mkdir -p half/hosts/h1/log
head -$half all/hosts/h1/log/engine.log > half/hosts/h1/log/engine.log
mkdir -p grown.logs/hosts/h1/log
cp half/hosts/h1/log/engine.log grown.logs/hosts/h1/log/engine.log
night grown fleet.json
night grown fleet.json all/hosts/h2/log/engine.log
night grown fleet.json all/hosts/h1/log/engine.log
same "a log that grows" "$(jq -cS "$figures" grown.json)" "$(jq -cS "$figures" hosts-1.json)"

# A rule that is added later, without new logs.
night grown rules.json
same "a rule" "$(jq -c '[.rows[].replica] | unique' grown.json)" '["gpu-h1","gpu-h2"]'
same "findings about names" "$(jq -c '[.findings[]? | select(.kind == "names")]' grown.json)" '[]'
same "the same figures" "$(jq -cS '.total' grown.json)" "$(jq -cS '.total' hosts-1.json)"

# Closed days keep theirs.
night closed fleet.json all/hosts/h1/log/engine.log
day=$(jq -r '.rows[0].day' closed.json)
"$tollbook" close -q --book closed.book "$day" || wrong "close"
jq -cS '.total, .rows' closed.json > before
night closed rules.json
jq -cS '.total, .rows' closed.json | cmp -s before - || wrong "a closed day changed"
finish
