# ledger.sh: the ledger in PostgreSQL: many writers, restarts, replicas posted twice and at once. Sourced by run.

postgres_make && postgres_start || skip "PostgreSQL does not start here: $(tail -n 1 initdb.log pg/log 2>/dev/null | tr '\n' ' ')"
createdb -h "$work/pg" -U tollbook tollbook

server() { # [ROLE]
	echo "postgresql://${1:-tollbook}@/tollbook?host=$work/pg"
}

sql() { # STATEMENT [ROLE]
	psql -h "$work/pg" -U "${2:-tollbook}" -d tollbook -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

attribute() { # PLAN TASK [BOOK]
	"$tollbook" shard attribute "$1" --task "$2" --book "${3:-$(server)}"
}

report_book() { # PLAN [BOOK]
	local status=0
	"$tollbook" shard report -q "$1" --by day,model,tenant --book "${2:-$(server)}" --format json -o "$1.book.json" || status=$?
	[ "$status" -le 1 ]
}

rows() {
	sql "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM posting), (SELECT count(*) FROM run)"
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
job=$(submit plan40p)
wait_for $PATIENCE attributing
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

# ---- who may do what ----

! attribute plan40p 0 "postgresql://tollbook:secret@/tollbook" 2>refused || fail "a password on the command line"
check "a password on the command line is refused" grep -q PGPASSFILE refused
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
sql "TRUNCATE entry, entry_day, posting CASCADE"
for k in $(seq 0 39); do
	attribute plan40p "$k" "$(server hand)"
done
report_book plan40p
same "entries by a writer" plan40p.book.json

# ---- a ledger of version 1: a reader reads it as it is, its owner brings it up to date, another writer cannot ----

sql "ALTER TABLE entry DROP CONSTRAINT entry_service_check; ALTER TABLE entry RENAME COLUMN service TO batch;
	ALTER TABLE entry ADD CONSTRAINT entry_batch_check CHECK (batch IN (0, 1)); ALTER TABLE entry_day RENAME COLUMN service TO batch;
	ALTER TABLE adjustment RENAME COLUMN service TO batch; UPDATE ledger_version SET version = 1"
report_book plan40p "$(server eye)"
same "a ledger of version 1, by a reader" plan40p.book.json
! attribute plan40p 0 "$(server hand)" 2>refused || fail "another writer than the owner"
check "another writer than the owner is told" grep -q 'the owner of its tables' refused
equal "it stays version 1" "$(sql "SELECT version FROM ledger_version")" 1
attribute plan40p 0
equal "its owner brings it to version 2" "$(sql "SELECT version FROM ledger_version")" 2
report_book plan40p
same "brought to version 2" plan40p.book.json
! sql "UPDATE entry SET service = 9" 2>refused || fail "a class of service that there is not"
check "a class of service that there is not is refused" grep -q entry_service_check refused

# ---- the same tasks into SQLite ----

attribute plan1 0 book
report_book plan1 book
same "one task into SQLite" plan1.book.json
