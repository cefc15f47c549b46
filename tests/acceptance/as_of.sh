#!/bin/sh
# Every former statement can be printed again, to the byte: of logs that have grown, of requests that a gateway's late
# log was joined to, of restated days, of a month that was closed, adjusted and reopened.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
data=$(realpath tests/data/truth/tiny-8b)
need jq sqlite3
cd "$folder" || exit 3
mkdir logs then
cp "$tree/samples/prices.json" .
cp "$data/fleet.json" .
cat > night.conf << 'END_OF_CONF'
{"schema": "tollbook.config.v1", "book": "book", "fleet": "fleet.json", "prices": ["prices.json"], "settle_hours": 0,
 "logs": [{"path": "logs/*"}]}
END_OF_CONF
gzip -dc "$data/requests.jsonl.gz" > known.jsonl
gzip -dc "$data/steps.jsonl.gz" > steps.jsonl
sed -E 's/"tenant":"[^"]*",//' known.jsonl > engine.jsonl
# The gateway's: one request is missing, one has other tokens, one an id that the engine does not know.
jq -c '{request_id: .id, call_type: "acompletion", prompt_tokens, completion_tokens, model, team_id: .tenant, cache_hit: "False",
	startTime: (.arrival_ns / 1e9 | floor | todate), endTime: (.finish_ns / 1e9 | ceil | todate)}' known.jsonl |
	sed '5d; 7s/"prompt_tokens":/"prompt_tokens":1/; 9s/chatcmpl-[0-9a-f]*/unknown/' > gateway.jsonl

# print_as RUN FORMAT: a statement of the whole book
print_as() {
	"$tollbook" report -q --book book ${1:+--as-of "$1"} --by day,tenant --format "$2" 2> said
	[ $? -le 1 ] || wrong "run ${1:-now}, $2: $(cat said)"
}

# keep: the current statements of the book, under the number of its last run
keep() {
	run=$(sqlite3 book/ledger.db 'SELECT max(id) FROM run')
	for format in json table csv html; do
		print_as '' $format > "then/$run.$format"
	done
}

night() {
	"$tollbook" nightly -q -c night.conf > said 2>&1
	[ $? -le 1 ] || { cat said; exit 1; }
	keep
}

head -300 steps.jsonl > logs/steps.jsonl && night                                   # 1: the log goes on
head -900 steps.jsonl > logs/steps.jsonl && head -150 engine.jsonl > logs/engine.jsonl && night # 2: it has grown
cp gateway.jsonl logs && night                                                      # 3: joined to half of the requests
cat steps.jsonl > logs/steps.jsonl && cat engine.jsonl > logs/engine.jsonl && night # 4: to all but some
echo '{"schema":"tollbook.request.v1","id":7}' >> logs/engine.jsonl && night        # 5: with a bad line
sed -i 's/"per_gpu_hour": *"[0-9.]*"/"per_gpu_hour": "7.77"/' fleet.json && night   # 6: another rate
"$tollbook" close -q --book book 2026-08 || exit 1; keep                            # 7: the month is closed
moved engine.jsonl 0 | sed 's/"d0-chatcmpl/"late/' | head -30 > logs/late.jsonl && night # 8: adjusted
"$tollbook" close -q --book book --reopen "late logs" 2026-08 || exit 1; keep       # 9: and open again
night                                                                               # 10
same "runs" "$(ls then/*.json | wc -l)" 10
# Requests of gateways that are in no engine's log are API spend at the catalogue's price: only those of engines are counted.
same "joined, as reported by four nights" "$(jq -s -c 'map([.quality.warnings[] | select(test("gateway"))] | length)' then/2.json then/3.json then/4.json then/10.json)" '[0,1,1,1]'
for kept in then/*; do
	run=${kept#then/}
	print_as "${run%.*}" "${kept##*.}" > again
	cmp -s again "$kept" || wrong "as of run $run: $(diff "$kept" again | head -4 | cut -c 1-300)"
done
total=$(ls then/*.json | wc -l)
[ "$failures" -gt 0 ] || echo "ok: $(ls then | wc -l) statements of $total runs again, to the byte"

# ---- exports of former versions; version 2 had no former joins and lengths: the current statements are the same ----

# as_of_version VERSION: the export in the form of that version
as_of_version() {
	sed -i 's/,[^,]*,[^,]*,[^,]*]$/]/' tables/segment.jsonl
	sed -i 's/,[^,]*,[^,]*,[^,]*]$/]/' tables/source.jsonl
	rm tables/chain.jsonl tables/verdict.jsonl tables/answered.jsonl
	if [ "$1" = 2 ]; then
		jq -c 'select(.[2] == null or .[2] == "until_run") | del(.[1, 2])' tables/joined.jsonl > joined && mv joined tables/joined.jsonl
		rm tables/source_was.jsonl
	fi
	for table in segment source joined; do
		echo "\"tables/$table.jsonl\" \"$(sha256sum < tables/$table.jsonl | cut -c 1-64)\""
	done | jq -n '[inputs] | [range(0; length; 2) as $i | {key: .[$i], value: .[$i + 1]}] | from_entries' > hashes
	jq -c --slurpfile hashes hashes --argjson version "$1" 'if .ledger then .ledger = $version else . end |
		if .files then .files -= (if $version == 2 then 4 else 3 end) else . end | if $hashes[0][.file // ""] then .sha256 = $hashes[0][.file] else . end |
		select((.file // "" | test("^tables/(chain|verdict|answered).jsonl$") | not) and ($version != 2 or .file != "tables/source_was.jsonl"))' manifest.jsonl > manifest && mv manifest manifest.jsonl
}
mv book origin
for version in 2 3; do
	rm -rf out book
	"$tollbook" export -q --book origin out || exit 1
	(cd out && as_of_version $version) || exit 3
	"$tollbook" import --book book out > said 2>&1 || wrong "import: $(cat said)"
	print_as '' json > again
	same "imported from version $version" "$(cmp again then/10.json 2>&1)" ""
	"$tollbook" verify --book book > said 2>&1
	same "and verified" "$? $(tail -1 said | sed 's/.*; //')" "0 0 findings"
	for book in book origin; do
		sqlite3 $book/ledger.db "SELECT day_ns, n.text, requests, span_first_ns, span_last_ns, gateways FROM segment s
			JOIN name n ON n.id = s.replica ORDER BY 1, 2" > counted-$book
	done
	same "what gateways report is counted" "$(cmp counted-book counted-origin 2>&1)" ""
done
same "segments that gateways report" "$(grep -c -v '|0$' counted-origin)" 2

# ---- a book of version 3: a reader reads it, a night upgrades it and counts what gateways report ----

rm -rf book
cp -r origin book
sqlite3 book/ledger.db "ALTER TABLE segment DROP COLUMN gateways; ALTER TABLE segment DROP COLUMN first_step;
	ALTER TABLE segment DROP COLUMN last_step; DROP TABLE chain; DROP TABLE verdict; DROP TABLE answered; DROP INDEX warning_stated; DROP INDEX source_unread;
	ALTER TABLE source DROP COLUMN named; ALTER TABLE source DROP COLUMN by_rule; ALTER TABLE source DROP COLUMN zone; PRAGMA user_version = 3"
print_as '' json > again
same "a book of version 3" "$(cmp again then/10.json 2>&1)" ""
moved engine.jsonl 9 | head -10 > logs/more.jsonl
"$tollbook" nightly -q -c night.conf > said 2>&1
sqlite3 book/ledger.db "SELECT day_ns, n.text, requests, span_first_ns, span_last_ns, gateways FROM segment s
	JOIN name n ON n.id = s.replica WHERE s.run <= 10 ORDER BY 1, 2" > counted-book
same "brought to version 5, and counted" "$(sqlite3 book/ledger.db 'PRAGMA user_version') $(grep -vc more counted-book) $(cmp counted-book counted-origin 2>&1)" "5 4 "
contents="SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
same "brought to version 5: the tables and indexes of a new book" "$(sqlite3 book/ledger.db "$contents")" "$(sqlite3 origin/ledger.db "$contents")"
stated=$(sed -n "s/.*Q_STATED. = {\"\(.*\)\"$/\1/p" "$tree/ledger/queries.c")$(sed -n '/Q_STATED/{n;s/^[^"]*"\(.*\)", 0},$/\1/p;}' "$tree/ledger/queries.c" | sed 's/\\"/"/g')
unread=$(sed -n '/Q_SOURCES_UNREAD/,/ORDER BY/s/^[^"]*"\([^"]*\)".*/\1/p' "$tree/ledger/queries.c" | tr -d '\n' | sed "s/\$1/''/")
same "logs that gave no record are read from theirs" "$(sqlite3 book/ledger.db "EXPLAIN QUERY PLAN $unread" | grep -c 'INDEX source_unread')" 1
same "what logs state is read from its index" "$(sqlite3 book/ledger.db "EXPLAIN QUERY PLAN $(echo "$stated" | sed 's/\$1/9/')" | grep -c 'COVERING INDEX warning_stated')" 1
"$tollbook" verify --book book > said 2>&1
same "and verified, with a night more" "$? $(tail -1 said | sed 's/.*; //')" "0 0 findings"
finish
