# ledger.sh: the ledger in PostgreSQL: many writers, restarts, replicas posted twice and at once. Sourced by run.

postgres_make && postgres_start || not_started PostgreSQL initdb.log pg/log
createdb -h "$work/pg" -U tollbook tollbook

server() { # [ROLE [DATABASE]]
	echo "postgresql://${1:-tollbook}@/${2:-tollbook}?host=$work/pg"
}

sql() { # STATEMENT [ROLE [DATABASE]]
	psql -h "$work/pg" -U "${2:-tollbook}" -d "${3:-tollbook}" -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

attribute() { # PLAN TASK [BOOK]
	"$tollbook" shard attribute "$1" --task "$2" --book "${3:-$(server)}"
}

report_book() { # PLAN [BOOK]
	local status=0
	"$tollbook" shard report -q "$1" --by day,model,tenant --book "${2:-$(server)}" --format json -o "$1.book.json" || status=$?
	[ "$status" -le 1 ]
}

rows() { # [DATABASE]
	sql "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM posting), (SELECT count(*) FROM run)" tollbook "${1:-tollbook}"
}

# ---- restarts ----

cat >slow <<'END'
#!/bin/bash
[ "$2" = attribute ] && sleep 0.5
exec "$REAL" "$@"
END
chmod +x slow
attributing() {
	squeue -h -t R -n tollbook-attribute -o %i | grep -q .
}
plan 40 p
TOLLBOOK_BOOK=$(server)
export TOLLBOOK_BOOK TOLLBOOK=$work/slow
# A node that was killed before may remove a new task's script during its clean-up: an error of Slurm; retried.
stuck() {
	squeue -h -o %r | grep -q DependencyNeverSatisfied
}
under_way() {
	attributing || stuck
}
for _ in 1 2 3; do
	job=$(submit plan40p)
	wait_for $PATIENCE under_way
	stuck || break
	grep -q 'slurmstepd.*slurm_script' plan40p/*.log || fail "40 tasks into PostgreSQL: a task failed: $(grep -hv '"status":0' plan40p/*.log | head -3)"
	say "Slurm did not start a task: $(grep -h slurmstepd plan40p/*.log | head -1)"
	squeue -h -o %A | sort -u | xargs -r scancel
	rm -f plan40p/*.log
done
attributing || fail "40 tasks into PostgreSQL: not started"
for _ in 1 2 3; do
	postgres_restart
	sleep 1
done
wait_for $PATIENCE gone "$job"
unset TOLLBOOK_BOOK
export TOLLBOOK=$tollbook
report_book plan40p
same "40 tasks into PostgreSQL, restarted three times" plan40p.book.json

# ---- the same again ----

before=$(rows)
twins=
for k in 0 1 2 3 0 1 2 3; do
	attribute plan40p $k &
	twins="$twins $!"
done
for twin in $twins; do
	wait "$twin"
done
equal "tasks run again, at once: entries|replica-days|runs" "$(rows)" "$before"

# ---- permissions ----

! attribute plan40p 0 "postgresql://tollbook:secret@/tollbook" 2>refused || fail "a password on the command line"
check "a password on the command line is refused" grep -q PGPASSFILE refused
! plan 1 secret --book "postgresql://tollbook:secret@/tollbook" 2>refused || fail "a password in a plan"
check "a password in a plan is refused, and not written" [ "$(grep -c PGPASSFILE refused) $(ls -d plan1secret 2>/dev/null)" = "1 " ]
report_book plan40p "$(server | sed 's/^postgresql:/postgres:/')"
same "postgres:// is a server as well" plan40p.book.json
! attribute plan40p 0 "postgres://tollbook:secret@/tollbook" 2>refused || fail "a password after postgres://"
check "and has no password either" grep -q PGPASSFILE refused
psql -h "$work/pg" -U tollbook -d tollbook -q -v ON_ERROR_STOP=1 -f "$here/schemas/ledger-roles.sql"
sql "CREATE ROLE eye LOGIN IN ROLE tollbook_reader; CREATE ROLE hand LOGIN IN ROLE tollbook_writer"
denied() { # WHAT ROLE STATEMENT
	! sql "$3" "$2" 2>refused || fail "$1"
	check "$1 is denied" grep -q 'permission denied' refused
}
denied "a writer that deletes entries" hand "DELETE FROM entry"
denied "a reader that writes" eye "INSERT INTO name VALUES (99999, 'x')"
report_book plan40p "$(server eye)"
same "a report by a reader" plan40p.book.json
sql "TRUNCATE entry, entry_day, posting, run, chain CASCADE"
for k in $(seq 0 39); do
	attribute plan40p "$k" "$(server hand)"
done
report_book plan40p
same "entries by a writer" plan40p.book.json

# ---- the views, and the role that reads them alone ----

for _ in 1 2; do
	psql -h "$work/pg" -U tollbook -d tollbook -q -v ON_ERROR_STOP=1 -f "$here/samples/sql/views.postgresql.sql" 2>>said.views
done
sql "CREATE ROLE analyst LOGIN IN ROLE tollbook_analyst"
status=0
"$tollbook" shard report -q plan40p --idle separate --by day,tenant --book "$(server)" --format json -o views.json || status=$?
[ "$status" -le 1 ]
of() { jq -r "$1" views.json; }
equal "the views' cost" "$(sql "SELECT round(SUM(cost) * 1000000000) FROM tollbook_views.cost_by_day" analyst)" \
	"$(of '.total.cost.capacity | sub("[.]"; "") | sub("^0+"; "")')"
equal "the views' tokens" "$(sql "SELECT SUM(input_tokens), SUM(output_tokens) FROM tollbook_views.cost_by_model" analyst)" \
	"$(of '"\(.total.tokens.input)|\(.total.tokens.output)"')"
equal "the views' GPU time" "$(sql "SELECT SUM(gpu_ns) FROM tollbook_views.cost_by_tenant" analyst)" "$(of .total.gpu_ns.capacity)"
sql "INSERT INTO tollbook_views.list_price SELECT model, 1, 1, 1 FROM tollbook_views.cost_by_model WHERE input_tokens > 0"
equal "the views' revenue" "$(sql "SELECT round(SUM(revenue) * 1000000) FROM tollbook_views.margin" analyst)" \
	"$(of '.total.tokens.input + .total.tokens.output')"
denied "an analyst that reads the tables" analyst "SELECT * FROM entry"
report_book plan40p "$(server eye)"
same "a report by a reader, in addition to the views" plan40p.book.json

# ---- a ledger of a former version: a reader reads it unchanged, its owner upgrades it, another writer cannot ----

former() { # VERSION
	local was=$1 table columns
	local old="-h $work/pg -U tollbook -d old$was -q -A -t -v ON_ERROR_STOP=1"
	createdb -h "$work/pg" -U tollbook "old$was"
	sed 's/) STRICT, WITHOUT ROWID;/);/; s/) STRICT;/);/; s/ INTEGER/ BIGINT/g; s/ BLOB/ BYTEA/g; /^PRAGMA/d' \
		"$here/tests/data/ledger-v$was.sql" | psql $old
	psql $old -c "TRUNCATE name CASCADE" -c "CREATE TABLE ledger_version AS SELECT $was AS version" -f "$here/schemas/ledger-roles.sql"
	for table in $(psql $old -c "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'ledger_version'"); do
		columns=$(psql $old -c "SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_name = '$table'")
		sql "COPY (SELECT ${columns/batch/service} FROM $table) TO STDOUT" |
			psql $old -c "SET session_replication_role = replica" -c "COPY $table ($columns) FROM STDIN"
	done
	report_book plan40p "$(server eye "old$was")"
	same "a ledger of version $was, by a reader" plan40p.book.json
	! attribute plan40p 0 "$(server hand "old$was")" 2>refused || fail "another writer than the owner"
	check "a writer other than the owner gets an error" grep -q 'the owner of its tables' refused
	equal "it stays version $was" "$(psql $old -c "SELECT version FROM ledger_version")" "$was"
	# Another session holds a lock: temporary.
	psql $old -c "BEGIN; LOCK TABLE run; SELECT pg_sleep(1); COMMIT" >/dev/null &
	holder=$!
	sleep 0.3
	attribute plan40p 0 "$(server tollbook "old$was")&options=-c%20lock_timeout%3D200ms"
	wait "$holder"
	equal "its owner brings it to version 5" "$(psql $old -c "SELECT version FROM ledger_version")" 5
	report_book plan40p "$(server tollbook "old$was")"
	same "brought to version 5" plan40p.book.json
	! psql $old -c "UPDATE entry SET service = 9" 2>refused || fail "a class of service that there is not"
	check "a class of service that there is not is refused" grep -q entry_service_check refused
}
former 1
former 2
former 3

# ---- tollbook report: the same from PostgreSQL, from SQLite and from one run ----

attribute plan1 0 book
report_book plan1 book
same "one task into SQLite" plan1.book.json

statement() { # FILE COMMAND...: exit status 1 is findings
	local file=$1 status=0
	shift
	"$tollbook" "$@" -q -o "$file" || status=$?
	[ "$status" -le 1 ]
}

first=$(sed -n 's/.*"from":"\([0-9-]*\)T.*/\1/p' one.json | head -n 1)
second=$(date -u -d "$first + 1 day" +%F)
for options in "--by day,model,tenant" "--by hour,replica" "--by month,pool --idle proportional" "--by day,tenant --tz Europe/Berlin" \
	"--by day,model --prices $here/samples/prices.json" "--by day --from $second" "--by hour,model --to $second"; do
	for format in table json csv html; do
		statement pg.out report --book "$(server eye)" $options --format $format
		statement book.out report --book book $options --format $format
		same "report $options --format $format, PostgreSQL and SQLite" pg.out book.out
	done
	case $options in
	*--from* | *--to*) ;;
	*)
		statement pg.out report --book "$(server eye)" $options --format json
		statement run.out run --fleet fleet.json $options --format json logs
		same "report $options --format json, PostgreSQL and one run" pg.out run.out
		;;
	esac
done
"$tollbook" backup -q --dump --book "$(server eye)" pg.dump
"$tollbook" backup -q --dump --book book book.dump
same "backup --dump, PostgreSQL and SQLite" pg.dump book.dump

"$tollbook" export -q --book "$(server eye)" exported
"$tollbook" import -q --book imported exported
statement pg.out report --book "$(server eye)" --by day,model,tenant --format json
statement book.out report --book imported --by day,model,tenant --format json
same "a book out of an export of PostgreSQL" book.out pg.out

# ---- other requirements ----

check "verify" "$tollbook" verify -q --book "$(server eye)" --fleet fleet.json --all
"$tollbook" verify --book "$(server eye)" >said 2>&1
equal "verify reports which records are elsewhere" "$(grep -c "tasks of 'tollbook shard' posted the entries" said) $(grep -c 'does not keep' said)" "1 0"
sql "UPDATE entry SET tokens = tokens + 1 WHERE ctid = (SELECT min(ctid) FROM entry)"
status=0
"$tollbook" verify -q --book "$(server eye)" 2>refused || status=$?
equal "verify finds an entry that was changed" "$status $(grep -c 'their hash differs' refused)" "1 1"
sql "UPDATE entry SET tokens = tokens - 1 WHERE ctid = (SELECT max(ctid) FROM entry)"
refused() { # WHAT WORDS COMMAND...: exit status 2, and a message with the words
	local what=$1 words=$2 status=0
	shift 2
	"$tollbook" "$@" >refused 2>&1 || status=$?
	equal "$what: exit status 2, and what to do instead" "$status $(grep -c -e "$words" refused)" "2 1"
}
refused "a copy of a server" 'pg_dump --format=custom' backup --book "$(server)" copy
refused "a night on a server" 'expected the folder of a book' ingest --book "$(server)" logs
refused "a night in a ledger of tasks" "this ledger was filled by tasks of 'tollbook shard'" ingest --book book logs
refused "a request, whose records are not there" 'in the folders of their plans' explain --book "$(server eye)" some-id
refused "a login that there is not" 'role "nobody-at-all" does not exist' report --book "$(server nobody-at-all)"
refused "a reader that posts" 'permission denied' shard attribute plan7 --task 0 --book "$(server eye)"
refused "a plan that there is not" 'expected a plan' shard attribute nowhere --task 0 --book "$(server)"

# A reader also waits for a server that is starting.
postgres_stop
(sleep 1 && postgres_start) &
starting=$!
report_book plan40p "$(server eye)"
wait "$starting"
same "a report while the server starts" plan40p.book.json

# A server with a full disk causes a time-out of half a minute: in a separate database, while others work.
createdb -h "$work/pg" -U tollbook -T tollbook full
sql "TRUNCATE entry, entry_day, posting CASCADE; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN RAISE EXCEPTION 'no disk left' USING ERRCODE = '53100'; END \$\$;
CREATE TRIGGER refuse BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION refuse()" tollbook full
rows_full=$(rows full)
attribute plan40p 1 "$(server tollbook full)" 2>refused_full &
refused_full=$!

# ---- time-outs, and conflicts between writers ----

# A lock that is held for longer than this writer waits: it stops, retries, and finishes after the lock is released.
sql "BEGIN; SELECT pg_advisory_xact_lock(1953459052); SELECT pg_sleep(3); COMMIT" >/dev/null &
holder=$!
sleep 1
attribute plan7 0 "$(server)&options=-c%20lock_timeout%3D200ms"
wait "$holder"
check "a lock that times out is tried again" grep -q 'canceling statement due to lock timeout' pg/log
attribute plan7 1 "$(server)&options=-c%20statement_timeout%3D1h"
equal "other tasks of the same replica-days change nothing" "$(sql "SELECT count(*) FROM posting")" "$(sql "SELECT count(*) FROM posting WHERE until_run IS NULL")"

# What hangs is ended by the server, and done again: a statement that takes too long, and a writer that stopped in the
# middle of its transaction.
sql "TRUNCATE entry, entry_day, posting CASCADE"
sql "CREATE SEQUENCE naps; CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
  IF nextval('naps') = 1 THEN PERFORM pg_sleep(2); END IF;
  RETURN NEW;
END \$\$; CREATE TRIGGER nap BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION nap()"
attribute plan40p 0 "$(server)&options=-c%20statement_timeout%3D300ms"
check "a statement that times out is tried again" grep -q 'canceling statement due to statement timeout' pg/log
napping() {
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tollbook' AND wait_event = 'PgSleep'")" -eq 1 ]
}
sql "ALTER SEQUENCE naps RESTART"
"$tollbook" shard attribute plan40p --task 1 --book "$(server)&options=-c%20idle_in_transaction_session_timeout%3D300ms" &
writer=$!
wait_for 30 napping
kill -STOP "$writer"
wait_for 30 grep -q 'due to idle-in-transaction timeout' pg/log
kill -CONT "$writer"
wait "$writer"
pass "a writer that the server gave up on tries again"
sql "DROP TRIGGER nap ON posting"
for k in $(seq 2 39); do
	attribute plan40p "$k"
done
report_book plan40p
same "after time-outs" plan40p.book.json

# A report that loses its server between two rows prints an error and leaves no incomplete file.
sql "ALTER TABLE entry RENAME TO entry_real; CREATE VIEW entry AS SELECT * FROM entry_real
	WHERE posting < (SELECT max(posting) FROM entry_real) OR pg_sleep(60) IS NOT NULL"
echo before >half.json
"$tollbook" report -q --book "$(server)" --by day --format json -o half.json 2>refused &
reader=$!
wait_for 30 napping
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tollbook' AND datname = current_database()" >/dev/null
status=0
wait "$reader" || status=$?
sql "DROP VIEW entry; ALTER TABLE entry_real RENAME TO entry"
equal "a report that loses its server: exit status 3, a reason, and the file of before" \
	"$status $(grep -c 'terminating connection due to administrator command' refused) $(cat half.json) $(ls -A | grep -c '^.tollbook')" "3 1 before 0"

# Transactions that the server aborts for others are retried; one that it always aborts is not committed.
sql "TRUNCATE entry, entry_day, posting CASCADE"
sql "CREATE SEQUENCE failures; CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
  IF nextval('failures') <= 2 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF;
  IF currval('failures') <= 3 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
  RETURN NEW;
END \$\$; CREATE TRIGGER fail BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION fail()"
attribute plan40p 0
check "transactions that the server ended were tried again" [ "$(sql "SELECT last_value FROM failures")" -gt 3 ]
sql "DROP TRIGGER fail ON posting"

# Only one writer writes at a time, also with serialisable transactions as the default.
sql "ALTER DATABASE tollbook SET default_transaction_isolation = 'serializable'"
writers=
for k in $(seq 0 39); do
	attribute plan40p "$k" &
	writers="$writers $!"
done
for writer in $writers; do
	wait "$writer"
done
sql "ALTER DATABASE tollbook RESET default_transaction_isolation"
report_book plan40p
same "40 writers at once, serialisable" plan40p.book.json

# ---- the rows of a large ledger that a report reads ----

# Some thousand replica-days, and the plans by which the server answered the report of one of them all.
createdb -h "$work/pg" -U tollbook -T tollbook large
psql -h "$work/pg" -U tollbook -d large -q -v ON_ERROR_STOP=1 <<'END'
CREATE TEMP TABLE copies AS SELECT k, k * 10000 AS id, k * 400 * 86400 * 1000000000::bigint AS ns FROM generate_series(1, 40) k;
INSERT INTO posting SELECT posting.id + c.id, day_ns + ns, replica, run, until_run, entries, gpu_ns, hash FROM posting, copies c;
CREATE TEMP TABLE before AS SELECT * FROM entry_day;
INSERT INTO entry_day SELECT posting + c.id, model, tenant, pool, kind, grade, prompt_over, service, rate_nano, gpu_ns, tokens, requests,
	reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns FROM before, copies c;
CREATE TEMP TABLE slots AS SELECT * FROM entry;
INSERT INTO entry SELECT posting + c.id, slot_ns + ns, model, tenant, pool, kind, grade, prompt_over, service, rate_nano, gpu_ns, tokens,
	requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns FROM slots, copies c;
ANALYZE;
END
plans() { # OPTION...: which of these tables the server read whole for this report
	local from
	from=$(wc -c <pg/log)
	statement pg.out report --book "$(server tollbook large)&options=-c%20session_preload_libraries%3Dauto_explain%20-c%20auto_explain.log_min_duration%3D0" \
		--format json "$@"
	tail -c "+$from" pg/log >plans
	grep -q 'Index Scan.* on posting' plans || echo "no plan"
	sed -n 's/.*Seq Scan on \(entry\|entry_day\|posting\) .*/\1/p' plans | sort -u | tr '\n' ' '
}
say "a large ledger: $(psql -h "$work/pg" -U tollbook -d large -A -t -c "SELECT count(*) FROM posting") replica-days"
equal "a report of a day reads by index" "$(plans --by model --from "$first" --to "$second")" ""
equal "a report by hour of a day, too" "$(plans --by hour,tenant --from "$first" --to "$second")" ""

status=0
wait "$refused_full" || status=$?
equal "a server without disk: exit status 3, a reason, and nothing is left" \
	"$status $(grep -c 'no disk left' refused_full) $(rows full)" "3 1 $rows_full"
