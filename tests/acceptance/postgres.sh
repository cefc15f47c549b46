#!/bin/bash
# A ledger in PostgreSQL, on a server of its own: the same statements as from SQLite; each message to the server in turn is lost, and
# refused by it. Many writers, restarts, TLS and time-outs: tests/scale/run.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
work=$folder
. tests/scale/servers.sh
need jq python3 psql postgres
"$tollbook" report --book 'postgresql://u:secret@/x' 2>&1 | grep -q 'built without PostgreSQL' && { echo "skip: built without PostgreSQL"; exit 77; }
as_postgres true 2> /dev/null || { echo "skip: no user beside root, for PostgreSQL"; exit 77; }
chmod 755 "$folder"
cd "$folder" || exit 3
proxy=
stop() {
	[ -z "$proxy" ] || kill "$proxy" 2> /dev/null
	postgres_stop
	rm -rf "$folder"
}
trap stop EXIT
postgres_make || { cat initdb.log; exit 1; }
as_postgres sh -c "printf '%s\n' 'fsync = off' 'max_connections = 40' >> '$work/pg/data/postgresql.conf'"
if ! postgres_start; then
	refusal=$(log_refusal pg/log) && { echo "skip: PostgreSQL does not start here: $refusal"; exit 77; }
	tail -5 pg/log
	exit 1
fi
createdb -h "$work/pg" -U tollbook empty

server() { # [DATABASE [ROLE]]
	echo "postgresql://${2:-tollbook}@/${1:-tollbook}?host=$work/pg"
}
sql() { # DATABASE OPTION...
	psql -h "$work/pg" -U tollbook -d "$@" -q -A -t -v ON_ERROR_STOP=1
}
attribute() { # BOOK
	"$tollbook" shard attribute plan --task 0 --book "$1" > out 2> said
}
report() { # BOOK FILE
	"$tollbook" report -q --book "$1" --by hour,tenant --format json -o "$2" 2> said
}

gzip -dc "$tree/samples/serving/steps.jsonl.gz" | head -300 > steps.jsonl
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | head -20 > requests.jsonl
# Names with NUL or bytes that are not UTF-8, and names that differ only in how they are written.
gzip -dc "$tree/samples/serving/requests.jsonl.gz" | sed -n '21,28p' | python3 -c '
import sys
names = [(b"nul\\u0000x", b"m\\u0000"), (b"nul\\\\x00x", b"m\\\\x00"), (b"bad\xff\xfe", b"m\xff"), (b"\\ud800lone", b"m"),
         (b"caf\\u00e9", b"a\\tb"), (b"caf\xc3\xa9", b"a\\\\tb"), (b"cafe\xcc\x81", b"a/b"), (b"\xed\xa0\x80", b"a\\/b")]
for line, (tenant, model) in zip(sys.stdin.buffer, names):
    before, rest = line.split(b"\"tenant\":\"", 1)
    of, rest = rest.split(b"\"model\":\"", 1)
    sys.stdout.buffer.write(before + b"\"tenant\":\"" + tenant + b"\",\"model\":\"" + model + rest[rest.index(b"\""):])' >> requests.jsonl
"$tollbook" shard plan --fleet "$tree/samples/fleet.json" --tasks 1 -o plan steps.jsonl requests.jsonl
"$tollbook" shard map plan --task 0 -q && "$tollbook" shard fit plan --task 0 -q || exit 1
attribute book || { cat said; exit 1; }
report book good.json
[ $? -le 1 ] || { cat said; exit 1; }
"$tollbook" backup -q --dump --book book good.dump

# ---- an undisturbed server ----

createdb -h "$work/pg" -U tollbook tollbook
attribute "$(server)"
same "a task posts" "$? $(cat said)" "0 "
report "$(server)" pg.json
same "the report" "$(cmp pg.json good.json 2>&1)" ""
"$tollbook" backup -q --dump --book "$(server)" pg.dump
same "the dump" "$(cmp pg.dump good.dump 2>&1)" ""
same "names with NUL, bytes that are not UTF-8, and other escapes" \
	"$(sql tollbook -c "SELECT count(*) FROM name WHERE text LIKE 'caf%' OR text LIKE 'nul%' OR text LIKE 'bad%' OR text LIKE 'a%b'")" 8
PGCLIENTENCODING=LATIN1 report "$(server)" pg.json
same "a client's encoding changes nothing" "$(cmp pg.json good.json 2>&1)" ""
createdb -h "$work/pg" -U tollbook --encoding=EUC_JP --template=template0 --locale=C japanese
attribute "$(server japanese)"
same "a database of another encoding is refused" "$? $(grep -c 'expected a database of that encoding' said)" "2 1"
runs=$(sql tollbook -c 'SELECT count(*) FROM run')
attribute "$(server)"
same "the same task again: no other run" "$? $(sql tollbook -c 'SELECT count(*) FROM run')" "0 $runs"
"$tollbook" verify -q --book "$(server)" > said 2>&1
same "verify" "$? $(cat said)" "0 "
"$tollbook" export -q --book "$(server)" exported && "$tollbook" import -q --book imported exported
report imported imported.json
same "the report of a book made of an export" "$(cmp imported.json good.json 2>&1)" ""

mkdir again && sed 's/rtx-tiny-01/second/g' steps.jsonl > again/steps.jsonl && sed 's/rtx-tiny-01/second/g' requests.jsonl > again/requests.jsonl
"$tollbook" ingest -q --book twice again > said 2>&1
"$tollbook" attribute -q --book twice --fleet "$tree/samples/fleet.json" > said 2>&1
"$tollbook" report -q --book "$(server)" --book twice --by model --format json > two.json 2> said
same "a server that another book has under another name" "$? $(jq -r '.findings[] | select(.kind == "counted-twice").subjects[0]' two.json)" "1 second"

# ---- what cannot be opened ----

# refused WHAT STATUS WORDS COMMAND...
refused() {
	what=$1 expected=$2 words=$3
	shift 3
	"$@" > said 2>&1
	same "$what" "$? $(grep -c -e "$words" said)" "$expected 1"
}
refused "a password on the command line" 2 'PGPASSFILE' report "postgresql://tollbook:secret@/tollbook" never.json
refused "a database that there is not" 2 'database "nowhere" does not exist' report "$(server nowhere)" never.json
refused "a role that there is not" 2 'role "nobody-at-all" does not exist' report "$(server tollbook nobody-at-all)" never.json
refused "a database without a ledger" 2 'there is no ledger in this database' report "$(server empty)" never.json
refused "an option that the server does not know" 2 'unrecognized configuration parameter' report "$(server)&options=-c%20no_such%3D1" never.json
sql empty -c "CREATE TABLE ledger_version AS SELECT 99 AS version"
refused "a ledger of a newer version" 2 'version 99, this tollbook knows versions up to' report "$(server empty)" never.json
sql empty -c "UPDATE ledger_version SET version = 0"
refused "a version that there never was" 2 'version 0, which no tollbook wrote' report "$(server empty)" never.json
mkdir lib && echo 'int nothing_here;' | gcc -shared -x c -o lib/libpq.so.5 - 2> /dev/null &&
	refused "a client library without its functions" 2 'need its client library libpq.so.5' env LD_LIBRARY_PATH="$folder/lib" "$tollbook" report --book "$(server)"

# ---- former versions: a reader sees them as they are, the owner of the tables upgrades them ----

for was in 1 2 3 4; do
	createdb -h "$work/pg" -U tollbook "old$was"
	sed 's/) STRICT, WITHOUT ROWID;/);/; s/) STRICT;/);/; s/ INTEGER/ BIGINT/g; s/ BLOB/ BYTEA/g; /^PRAGMA/d' "$tree/tests/data/ledger-v$was.sql" |
		sql "old$was" -c 'SET client_min_messages = error' -f - -c "CREATE TABLE ledger_version AS SELECT $was AS version" > /dev/null
	report "$(server "old$was")" never.json
	same "version $was: a reader finds it empty" "$? $(cat said)" "1 "
	same "version $was: a reader does not change it" "$(sql "old$was" -c 'SELECT version FROM ledger_version')" "$was"
	attribute "$(server "old$was")"
	same "version $was: a writer upgrades it" "$? $(sql "old$was" -c 'SELECT version FROM ledger_version')" "0 5"
	report "$(server "old$was")" old.json
	same "version $was: the report" "$(cmp old.json good.json 2>&1)" ""
done

# ---- each message in turn is lost, or made one that the server refuses ----


# ports BASE: those of the proxy; a sample, since a task takes half a second
ports() {
	case $1 in 10000) step=5 ;; 20000) step=1 ;; 30000) step=14 ;; *) step=3 ;; esac
	seq $(($1 + 2)) $step $(($1 + 60))
}
python3 "$tree/tests/acceptance/stubs/pgproxy.py" "$work" "$work/pg" 5432 $(for base in 10000 20000 30000 40000; do ports $base; done) > ready 2> proxy.log &
proxy=$!
wait_for 30 test -s ready || { cat proxy.log; exit 1; }
through() { # PORT [DATABASE]
	echo "postgresql://tollbook@/${2:-tollbook}?host=$work&port=$1"
}

# A report ends with a reason, and the file of before is left.
for base in 10000 20000; do
	failed=0 spoiled=0
	for port in $(ports $base); do
		echo before > some.json
		report "$(through "$port")" some.json
		status=$?
		[ -f "spoiled.$port" ] || continue
		spoiled=$((spoiled + 1))
		kind=$(cat "spoiled.$port")
		case $status in
		[01]) cmp -s some.json good.json || wrong "report, message $port ($kind): other figures" ;; # it was the last one
		[23]) failed=$((failed + 1)); [ "$(cat some.json)" = before ] && grep -q 'error: PostgreSQL: ' said || wrong "report, message $port ($kind): $(head -2 said)" ;;
		*) wrong "report, message $port ($kind): exit status $status: $(head -2 said)" ;;
		esac
	done
	[ $failed -gt 5 ] && echo "ok: a report ended with a reason in $failed of $spoiled cases" || wrong "a report ended in $failed of $spoiled cases"
done

# A task that loses its server posts all of it with the next connection; one that it refuses ends, and what it left is whole.
for base in 30000 40000; do
	spoiled=0
	for port in $(ports $base); do
		sql tollbook -c "TRUNCATE entry, entry_day, posting, run, chain, evidence, document CASCADE"
		attribute "$(through "$port")"
		status=$?
		[ -f "spoiled.$port" ] || continue
		spoiled=$((spoiled + 1))
		what="task, message $port ($(cat "spoiled.$port"))"
		case $base:$status in
		30000:0) ;;
		40000:2) grep -q 'error: PostgreSQL: ' said || wrong "$what: $(head -2 said)"
			attribute "$(server)" ;;
		*) wrong "$what: exit status $status: $(head -2 said)" ;;
		esac
		report "$(server)" some.json
		cmp -s some.json good.json || wrong "$what: the report differs"
	done
	[ $spoiled -gt 3 ] && echo "ok: $spoiled messages of a task" || wrong "only $spoiled messages of a task"
done
finish
