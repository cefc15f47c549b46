/* A ledger of a former version, made with the schema of that version: read unchanged, and upgraded. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "ledger/drivers/driver.h"
#include "ledger/ledger.h"

#define DAY (INT64_C(20000) * NS_PER_DAY)

/* Two entries equal except for `batch`, under their hash, their day, and an adjustment of batch traffic. */
static const char rows_1[] =
	"INSERT INTO name (id, text) VALUES (1, 'r'), (2, 'm'), (3, 't');"
	"INSERT INTO document (sha256, bytes) VALUES ('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'28b52ffd2000010000');"
	"INSERT INTO run VALUES (1, 'attribute', '0.1.0', 'shapley', 'USD', 'b', 0, 0, 0, 0, 0, 0, 0, 1);"
	"INSERT INTO posting VALUES (1, 1728000000000000000, 1, 1, NULL, 2, 30, "
	"'c793a4007301d9eba89358a0f818aa151cdde5d6414a349093c2ad52d8b032aa');"
	"INSERT INTO entry VALUES (1, 1728000000000000000, 2, 3, 0, 0, 1, 0, 0, 5, 10, 100, 1, 2, 3, 4, 5, 6);"
	"INSERT INTO entry VALUES (1, 1728000000000000000, 2, 3, 0, 0, 1, 0, 1, 5, 20, 200, 1, 2, 3, 4, 5, 6);"
	"INSERT INTO entry_day SELECT posting, model, tenant, pool, kind, grade, prompt_over, batch, rate_nano, gpu_ns, tokens, "
	"requests, reasoning_tokens, cache_write_tokens, spread_ns, energy_mj, metered_ns FROM entry;"
	"INSERT INTO period VALUES (1, '2024-10-04', 1728000000000000000, 1728086400000000000, 1, NULL, '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'h');"
	"INSERT INTO adjustment VALUES (1, 1, 1, 1728086400000000000, 1, 1728000000000000000, 2, 3, 0, 0, 1, 0, 1, 5, "
	"7, 70, 1, 2, 3, 4, 5, 6);";

/* A log that has two lines, and a day on which requests of a gateway were joined. */
static const char rows_2[] =
	"INSERT INTO run VALUES (1, 'nightly', '0.1.0', 'shapley', 'USD', 'b', 0, 0, 1, 2, 2, 0, 0, 1, 5, 6, 0, 2, 0, 0);"
	"INSERT INTO run VALUES (2, 'nightly', '0.1.0', 'shapley', 'USD', 'b', 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0);"
	"INSERT INTO source VALUES (1, 'log', 'native', 3, 'h', 20, 'c', x'', 2, 2, 0, 1, 1);"
	"INSERT INTO joined VALUES (1728000000000000000, 7, 3, 40, 2, 1, 'log:1', 'log:2', 'log:3');";

struct place {
	char at[64], book[96], path[128];
	struct names *names;
	struct fault why;
};

static void run_sql(const char *path, const char *sql) {
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
		fail_msg("%s", message);
	}
	sqlite3_close(db);
}

static int one_int(void *out, int columns, char **values, char **names) {
	(void)columns;
	(void)names;
	*(int64_t *)out = values[0] ? strtoll(values[0], NULL, 10) : -1;
	return 0;
}

static int64_t ask_sql(const char *path, const char *sql) {
	sqlite3 *db;
	int64_t n = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, one_int, &n, NULL), SQLITE_OK);
	sqlite3_close(db);
	return n;
}

static int setup_from(void **state, const char *schema_path, const char *rows) {
	struct place *p = calloc(1, sizeof *p);
	char records[128];
	struct text schema;

	snprintf(p->at, sizeof p->at, "/tmp/tollbook-migrate-XXXXXX");
	assert_non_null(mkdtemp(p->at));
	snprintf(p->book, sizeof p->book, "%s/book", p->at);
	snprintf(p->path, sizeof p->path, "%s/ledger.db", p->book);
	snprintf(records, sizeof records, "%s/records", p->book);
	assert_int_equal(mkdir(p->book, 0700), 0);
	assert_int_equal(mkdir(records, 0700), 0);
	assert_int_equal(file_read(schema_path, 1 << 20, &schema, &p->why), 0);
	char *sql = must_calloc(1, schema.len + 1);
	memcpy(sql, schema.at, schema.len);
	run_sql(p->path, sql);
	run_sql(p->path, rows);
	free(sql);
	free((char *)(uintptr_t)schema.at);
	p->names = names_new();
	*state = p;
	return 0;
}

static int setup(void **state) {
	return setup_from(state, "tests/data/ledger-v1.sql", rows_1);
}

static int setup_3(void **state) {
	return setup_from(state, "tests/data/ledger-v3.sql", "");
}

static int setup_2(void **state) {
	return setup_from(state, "tests/data/ledger-v2.sql", rows_2);
}

static int teardown(void **state) {
	struct place *p = *state;
	static const char *const files[] = {"book/ledger.db", "book/ledger.db-wal", "book/ledger.db-shm", "book/lock",
	                                    "book/records", "book", ""};
	char path[128];

	names_free(p->names);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", p->at, files[i]);
		(void)remove(path);
	}
	free(p);
	return 0;
}

static struct ledger *open_book(struct place *p, enum ledger_mode mode) {
	struct ledger *l = NULL;

	if (ledger_open(&l, p->book, mode, p->names, &p->why) != 0) {
		fail_msg("%s", p->why.message);
	}
	return l;
}

/* GPU time by class of service. */
static int add_up(void *sums, const struct entry *e) {
	assert_true(e->prompt_over_ntok == 0 && e->rate_nano == 5 && e->metered_ns == 6);
	((int64_t *)sums)[e->service] += e->gpu_ns;
	return 0;
}

static int add_adjustment(void *sums, const struct ledger_adjustment *a) {
	return add_up(sums, &a->entry);
}

static void expect_entries(struct place *p, struct ledger *l) {
	int64_t slots[SERVICES] = {0}, adjusted[SERVICES] = {0};

	assert_int_equal(ledger_entries(l, INT64_MIN, INT64_MAX, 1, add_up, slots, &p->why), 0);
	assert_int_equal(ledger_adjustments(l, INT64_MIN, INT64_MAX, 1, add_adjustment, adjusted, &p->why), 0);
	assert_int_equal(slots[SERVICE_STANDARD], 10);
	assert_int_equal(slots[SERVICE_BATCH], 20);
	assert_int_equal(adjusted[SERVICE_BATCH], 7);
}

static void a_reader_changes_nothing(void **state) {
	struct place *p = *state;
	struct ledger *l = open_book(p, LEDGER_READ);

	expect_entries(p, l);
	ledger_close(l);
	assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), 1);
	assert_int_equal(ask_sql(p->path, "SELECT sum(batch) FROM entry"), 1);
}

static void say_nothing(void *context, const char *sentence) {
	print_message("%s\n", sentence);
	(*(int *)context)++;
}

static int keep_text(void *out, int columns, char **values, char **names) {
	(void)columns;
	(void)names;
	snprintf(out, 16384, "%s", values[0]);
	return 0;
}

/* The definitions of a ledger's tables, without comments and blanks. */
static void shape_of(const char *path, char out[16384]) {
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT group_concat(line, ' ') FROM (SELECT m.name || '.' || c.name || ' ' || c.type || "
	                                  "c.\"notnull\" || c.pk AS line FROM sqlite_schema m, pragma_table_info(m.name) c WHERE "
	                                  "m.type = 'table' ORDER BY m.name, c.cid)", keep_text, out, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_writer_brings_it_up_to_date(void **state) {
	struct place *p = *state;
	struct entry e = {.slot_ns = DAY + NS_PER_DAY, .replica = names_id(p->names, T("r")), .service = SERVICE_OTHER,
	                  .gpu_ns = 1, .rate_nano = 5, .metered_ns = 6};
	struct ledger_run run = {.command = "attribute", .version = "t", .rule = "shapley", .currency = "USD", .basis = "b"};
	int64_t restated = 0, id;
	int findings = 0;

	for (int again = 0; again < 2; again++) {
		struct ledger *l = open_book(p, LEDGER_WRITE);
		expect_entries(p, l);
		ledger_close(l);
		assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), LEDGER_SCHEMA_VERSION);
		assert_int_equal(ask_sql(p->path, "SELECT count(*) FROM entry WHERE service = 1 AND tokens = 200"), 1);
		assert_int_equal(ask_sql(p->path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	}
	struct ledger *l = open_book(p, LEDGER_WRITE);
	assert_int_equal(ledger_begin(l, &p->why), 0);
	assert_int_equal(ledger_run_add(l, &run, &id, &p->why), 0);
	assert_int_equal(ledger_post_day(l, id, DAY + NS_PER_DAY, &e, 1, &restated, &p->why), 0);
	assert_int_equal(restated, 1);
	assert_int_equal(ledger_commit(l, &p->why), 0);
	assert_int_equal(ledger_check(l, say_nothing, &findings, &p->why), 0);
	assert_int_equal(findings, 0);
	ledger_close(l);
}

static void it_is_as_if_made_anew(void **state) {
	struct place *p = *state;
	char old_shape[16384], new_shape[16384], fresh[160], path[200];
	struct ledger *l = open_book(p, LEDGER_WRITE);

	ledger_close(l);
	shape_of(p->path, old_shape);
	snprintf(fresh, sizeof fresh, "%s/fresh", p->at);
	assert_int_equal(ledger_open(&l, fresh, LEDGER_CREATE, p->names, &p->why), 0);
	ledger_close(l);
	snprintf(path, sizeof path, "%s/ledger.db", fresh);
	shape_of(path, new_shape);
	assert_string_equal(old_shape, new_shape);
	static const char *const files[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "lock", "records", ""};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", fresh, files[i]);
		(void)remove(path);
	}
}

/* ---- version 2 ---- */

/* What the ledger has of a log of this many bytes, and of this many requests that no gateway reports, after a run. */
static void expect_told(struct place *p, struct ledger *l, int64_t as_of, int64_t bytes, int engine_only) {
	struct quality q;
	char sentence[120];
	bool found = false;

	quality_init(&q);
	assert_int_equal(ledger_quality_get(l, as_of, &q, &p->why), 0);
	assert_int_equal(q.input_count, 1);
	assert_int_equal(q.inputs[0].bytes, bytes);
	snprintf(sentence, sizeof sentence, "%d requests of engines are in no gateway's log: they have no tenant (the first: log:2)", engine_only);
	for (size_t i = 0; i < q.warning_count; i++) {
		found |= strcmp(q.warnings[i], sentence) == 0;
	}
	assert_true(found);
	quality_release(&q);
}

/* Data that version 2 did not distinguish are kept for each of its runs. */
static void what_was_joined_stays(void **state) {
	struct place *p = *state;
	struct ledger *l = open_book(p, LEDGER_READ);

	expect_told(p, l, 1, 20, 2);
	expect_told(p, l, 2, 20, 2);
	ledger_close(l);
	assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), 2);
	l = open_book(p, LEDGER_WRITE);
	expect_told(p, l, 1, 20, 2);
	ledger_close(l);
	assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), LEDGER_SCHEMA_VERSION);
	assert_int_equal(ask_sql(p->path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/* From here each run has separate data. */
static void later_runs_have_their_own(void **state) {
	struct place *p = *state;
	struct ledger *l = open_book(p, LEDGER_WRITE);
	struct ledger_run run = {.command = "nightly", .version = "t", .rule = "", .currency = "", .basis = ""};
	struct quality_joins j = {.joined = 9, .count = {[JOIN_ENGINE_ONLY] = 1}, .first = {[JOIN_ENGINE_ONLY] = must_copy("log:2")}};
	struct ledger_source s;
	int64_t id;

	for (int again = 0; again < 2; again++) { /* the second one finds nothing new */
		assert_int_equal(ledger_begin(l, &p->why), 0);
		assert_int_equal(ledger_run_add(l, &run, &id, &p->why), 0);
		assert_int_equal(ledger_joins_put(l, id, DAY, &j, &p->why), 0);
		assert_int_equal(ledger_source_get(l, 1, &s, &p->why), 1);
		s.bytes = 30;
		s.last_run = id;
		assert_int_equal(ledger_source_put(l, &s, &p->why), 0);
		assert_int_equal(ledger_commit(l, &p->why), 0);
	}
	free(j.first[JOIN_ENGINE_ONLY]);
	expect_told(p, l, 2, 20, 2);
	expect_told(p, l, 3, 30, 1);
	expect_told(p, l, 4, 30, 1);
	ledger_close(l);
	assert_int_equal(ask_sql(p->path, "SELECT count(*) FROM joined"), 2);
}

static void all_or_nothing_of_2(void **state) {
	struct place *p = *state;
	struct ledger *l = NULL;

	run_sql(p->path, "CREATE TABLE source_was (x INTEGER)"); /* in the way */
	assert_true(ledger_open(&l, p->book, LEDGER_WRITE, p->names, &p->why) < 0);
	assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), 2);
	assert_int_equal(ask_sql(p->path, "SELECT sum(joined) FROM joined"), 7);
}

/* An interrupted upgrade leaves the ledger unchanged. */
static void all_or_nothing(void **state) {
	struct place *p = *state;
	struct ledger *l = NULL;

	run_sql(p->path, "CREATE TABLE entry_1 (x INTEGER)"); /* in the way */
	assert_true(ledger_open(&l, p->book, LEDGER_WRITE, p->names, &p->why) < 0);
	assert_int_equal(ask_sql(p->path, "PRAGMA user_version"), 1);
	assert_int_equal(ask_sql(p->path, "SELECT sum(batch) FROM entry_day"), 1);
	run_sql(p->path, "DROP TABLE entry_1");
	l = open_book(p, LEDGER_WRITE);
	expect_entries(p, l);
	ledger_close(l);
}

static void other_versions_are_refused(void **state) {
	struct place *p = *state;
	struct ledger *l = NULL;

	run_sql(p->path, "PRAGMA user_version = 99");
	assert_int_equal(ledger_open(&l, p->book, LEDGER_READ, p->names, &p->why), ERROR_CONFIG);
	assert_non_null(strstr(p->why.message, "use a newer one"));
	run_sql(p->path, "PRAGMA user_version = 0");
	assert_int_equal(ledger_open(&l, p->book, LEDGER_READ, p->names, &p->why), ERROR_CONFIG);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reader_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_writer_brings_it_up_to_date, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_as_if_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_as_if_made_anew, setup_2, teardown),
		cmocka_unit_test_setup_teardown(what_was_joined_stays, setup_2, teardown),
		cmocka_unit_test_setup_teardown(later_runs_have_their_own, setup_2, teardown),
		cmocka_unit_test_setup_teardown(all_or_nothing_of_2, setup_2, teardown),
		cmocka_unit_test_setup_teardown(it_is_as_if_made_anew, setup_3, teardown),
		cmocka_unit_test_setup_teardown(other_versions_are_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
