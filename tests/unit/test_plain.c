/* test_plain.c: nothing of a book is lost in its export: every table and column, every field of a record. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "core/files/embedded.h"
#include "ledger/plain.h"
#include "ledger/segments/segment.h"

static const struct plain_table *table_named(const char *name) {
	for (size_t i = 0; i < plain_table_count; i++) {
		if (strcmp(plain_tables[i].name, name) == 0) {
			return &plain_tables[i];
		}
	}
	return NULL;
}

/* "id, text" and "it" of a table of the schema. */
static void columns_of(sqlite3 *db, const char *table, char *columns, size_t size, char types[PLAIN_COLUMNS_MAX + 1]) {
	sqlite3_stmt *s;
	size_t n = 0, len = 0;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name, type FROM pragma_table_info(?1)", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *type = (const char *)sqlite3_column_text(s, 1);
		assert_true(n < PLAIN_COLUMNS_MAX);
		len += (size_t)snprintf(columns + len, size - len, "%s%s", n > 0 ? ", " : "", sqlite3_column_text(s, 0));
		types[n++] = type[0] == 'I' ? 'i' : type[0] == 'T' ? 't' : 'b';
	}
	types[n] = '\0';
	sqlite3_finalize(s);
}

TEST(every_table_and_column) {
	sqlite3 *db;
	sqlite3_stmt *s;
	size_t tables = 0;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, embedded_ledger_sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &s, NULL), SQLITE_OK);
	for (; sqlite3_step(s) == SQLITE_ROW; tables++) {
		char columns[1024], types[PLAIN_COLUMNS_MAX + 1];
		const char *name = (const char *)sqlite3_column_text(s, 0);
		const struct plain_table *t = table_named(name);
		if (!t) {
			fail_msg("table %s is in no export", name);
		}
		columns_of(db, name, columns, sizeof columns, types);
		bool is_document = strcmp(name, "document") == 0; /* its bytes are files */
		assert_string_equal(t->columns, is_document ? "sha256" : columns);
		assert_string_equal(t->types, is_document ? "t" : types);
	}
	assert_int_equal(tables, plain_table_count);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void round_trip(const struct record *r) {
	unsigned char before[SEGMENT_RECORD_MAX], after[SEGMENT_RECORD_MAX];
	char *line = NULL, buffer[8192];
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	struct plain_out p;
	struct record back;
	struct json *j = json_new();

	plain_out_init(&p, out);
	plain_put_record(&p, r);
	plain_out_release(&p);
	fclose(out);
	assert_true(json_parse(j, (struct text){line, len - 1}, NULL));
	assert_true(plain_get_record(j, 0, buffer, sizeof buffer, &back));
	size_t a = segment_encode(r, 0, before), b = segment_encode(&back, 0, after);
	assert_int_equal(a, b);
	assert_memory_equal(before, after, a);
	json_free(j);
	free(line);
}

static uint64_t seed = 20261125;

static uint64_t draw(void) {
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return seed >> 16;
}

static int64_t draw_number(void) {
	uint64_t how = draw() % 4;

	return how == 0 ? UNKNOWN : how == 1 ? (int64_t)(draw() % 100) : how == 2 ? -(int64_t)(draw() % 100000) : (int64_t)draw() * 30000;
}

static struct text draw_text(char at[40]) {
	static const char bytes[] = "ab\"\\/\n\x01\x7f\xff\xc3\xa4\xef\xbf\xbd {}";
	size_t len = draw() % 40;

	for (size_t i = 0; i < len; i++) {
		at[i] = bytes[draw() % (sizeof bytes)]; /* NUL, too */
	}
	return (struct text){at, len};
}

TEST(every_field) {
	char texts[4][40];

	for (int n = 0; n < 20000; n++) {
		struct record r = {.kind = (enum record_kind)(draw() % RECORD_KINDS), .file = (uint32_t)draw(), .line = (int64_t)(draw() % 1000000)};
		int64_t *numbers = (int64_t *)(void *)&r.step;
		if (r.kind == RECORD_STEP) {
			for (size_t i = 0; i < offsetof(struct step, duration_kind) / sizeof *numbers; i++) {
				numbers[i] = draw_number();
			}
			r.step.duration_kind = (enum duration_kind)(draw() % DURATION_KINDS);
			r.step.flags = (unsigned)(draw() % 8);
		} else if (r.kind == RECORD_REQUEST) {
			struct request *q = &r.request;
			*q = (struct request){draw_text(texts[0]), draw_text(texts[1]), draw_text(texts[2]), draw_text(texts[3]), draw_number(), draw_number(),
			                      draw_number(), draw_number(), draw_number(), draw_number(), draw_number(), draw_number(),
			                      draw_number(), draw_number(), .ok = draw() % 2, .service = (enum service)(draw() % SERVICES),
			                      .gateway = draw() % 2, .server_id = draw() % 2, .exclusive_times = draw() % 2};
		} else if (r.kind == RECORD_WINDOW) {
			r.window = (struct window){draw_text(texts[0]), draw_number(), draw_number(), draw_number(), draw_number(), draw_number(),
			                           draw_number(), draw_number(), draw_number(), draw_number(), .input_is_computed = draw() % 2};
#define DRAW_COUNT(name) r.window.name = draw_number();
			WINDOW_COUNTS(DRAW_COUNT)
		} else {
			r.power = (struct power){draw_text(texts[0]), draw_number(), draw_number()};
		}
		r.model = draw_text(texts[3]);
		r.relative_clock = draw() % 2;
		round_trip(&r);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_table_and_column), cmocka_unit_test(every_field)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
