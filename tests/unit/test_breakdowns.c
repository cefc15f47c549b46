/* Breakdowns as a book keeps them: which rows enter a statement. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/unit/statement_case.h"

enum breakdown { POSITIONS, RULES, BATCHES, CURVES, ROOFS, TABLES };
static const char *const keys[TABLES] = {"positions", "rules", "batches", "curves", "roofline"};

static size_t count_of(const struct statement *s, enum breakdown t) {
	const size_t counts[TABLES] = {s->positions.count, s->rules.count, s->batches.count, s->curves.count, s->roofs.cells.count};
	return counts[t];
}

static const struct {
	enum breakdown table;
	const char *row;
	size_t rows;
} cases[] = {
	{POSITIONS, "[\"m\",0,0,4096,100,7,9,3]", 1},
	{POSITIONS, "[\"m\",2,0,4096,-1,7,9]", 1}, /* without a rate, by an older version */
	{POSITIONS, "[\"m\",3,0,4096,100,7,9,3]", 0}, /* no kind of tokens */
	{POSITIONS, "[\"m\",-1,0,4096,100,7,9,3]", 0},
	{POSITIONS, "[\"m\",0,4096,4096,100,7,9,3]", 0},
	{POSITIONS, "[\"m\",0,-1,4096,100,7,9,3]", 0},
	{POSITIONS, "[\"m\",0,0,4096,-2,7,9,3]", 0},
	{POSITIONS, "[\"m\",0,0,4096,100,-7,9,3]", 0},
	{POSITIONS, "[\"m\",0,0,4096,100,7,-9,3]", 0},
	{POSITIONS, "[\"m\",0,0,4096,100,7]", 0},
	{POSITIONS, "[\"m\",0,0,\"4096\",100,7,9]", 0},
	{POSITIONS, "[]", 0},
	{POSITIONS, "{\"m\":0}", 0},
	{POSITIONS, "7", 0},
	{RULES, "[\"m\",\"tokens\",100,5,6]", 1},
	{RULES, "[\"m\",\"tokens\",-2,5,6]", 0},
	{RULES, "[\"m\",\"tokens\",100,-5,6]", 0},
	{RULES, "[\"m\",\"tokens\",100,5,-6]", 0},
	{RULES, "[\"m\"]", 0},
	{BATCHES, "[\"m\",1,8,100,5,6,7,8]", 1},
	{BATCHES, "[\"m\",0,8,100,5,6,7,8]", 0},
	{BATCHES, "[\"m\",9,8,100,5,6,7,8]", 0},
	{BATCHES, "[\"m\",1,8,100,-5,6,7,8]", 0},
	{BATCHES, "[\"m\",1,8,100,5,-6,7,8]", 0},
	{BATCHES, "[\"m\",1,8,100,5,6,-7,8]", 0},
	{BATCHES, "[\"m\",1,8,100,5,6,7,-8]", 0},
	{BATCHES, "[\"m\",1,8,100,5,6,7]", 0},
	{CURVES, "[\"m\",4,100,20000,20000]", 1},
	{CURVES, "[\"m\",0,100,20000,20000]", 0},
	{CURVES, "[\"m\",4,-1,20000,20000]", 0},
	{CURVES, "[\"m\",4,100,-1,20000]", 0},
	{CURVES, "[\"m\",4,100,20000,-1]", 0},
	{CURVES, "[\"m\",4,100,20000]", 0},
	{ROOFS, "[\"m\",\"H100\",1,989000000000000,3350000000000,[[0,10,20,5,100],[1,-10,-20,5,0]]]", 2},
	{ROOFS, "[\"m\",\"H100\",1,989000000000000,3350000000000,[[3,10,20,5,100],[0,32767,20,5,100],[0,10,-32768,5,100],[0,10,20,0,100],"
		"[0,10,20,5,-1],[0,10,20,5]]]", 0},
	{ROOFS, "[\"m\",\"H100\",1,989000000000000,3350000000000]", 0},
	{ROOFS, "[\"m\",\"H100\",1,989000000000000,3350000000000,7]", 0},
	{ROOFS, "[\"m\",\"H100\",0,989000000000000,3350000000000,[[0,10,20,5,100]]]", 0},
	{ROOFS, "[\"m\",\"H100\",1,0,3350000000000,[[0,10,20,5,100]]]", 0},
	{ROOFS, "[\"m\",\"H100\",1,989000000000000,0,[[0,10,20,5,100]]]", 0},
	{ROOFS, "[\"m\"]", 0},
};

/* A row that is not valid is left out, and only that row: the next one enters. */
static void rows_enter_if_valid(void **state) {
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[400];
		stop(f);
		struct report_options o = options_of(f);
		start(f, &o);
		snprintf(text, sizeof text, "{\"%s\":[%s]}", keys[cases[i].table], cases[i].row);
		assert_int_equal(statement_add_breakdowns(f->s, f->names, text_of(text), true, true), 0);
		for (enum breakdown t = 0; t < TABLES; t++) {
			size_t rows = t == cases[i].table ? cases[i].rows : 0;
			if (count_of(f->s, t) != rows) {
				fail_msg("%s: %zu rows of %s, expected %zu", text, count_of(f->s, t), keys[t], rows);
			}
		}
	}
}

static void positions_and_rules_only_if_wanted(void **state) {
	static const char text[] = "{\"positions\":[[\"m\",0,0,4096,100,7,9,3]],\"rules\":[[\"m\",\"tokens\",100,5,6]],\"batches\":[[\"m\",1,8,100,5,6,7,8]]}";
	struct fixture *f = *state;

	assert_int_equal(statement_add_breakdowns(f->s, f->names, text_of(text), false, false), 0);
	assert_int_equal(f->s->positions.count, 0);
	assert_int_equal(f->s->rules.count, 0);
	assert_int_equal(f->s->batches.count, 1);
	assert_int_equal(statement_add_breakdowns(f->s, f->names, text_of(text), true, false), 0);
	assert_int_equal(f->s->positions.count, 1);
	assert_int_equal(f->s->rules.count, 0);
	/* the same row of another day adds up */
	assert_int_equal(statement_add_breakdowns(f->s, f->names, text_of(text), true, true), 0);
	assert_int_equal(f->s->positions.count, 1);
	assert_int_equal(f->s->positions.rows[0].row.tokens, 2 * 7);
	assert_int_equal(f->s->batches.rows[0].row.steps, 3 * 5);
	assert_int_equal(f->s->rules.count, 1);
}

static void texts_that_are_no_breakdowns(void **state) {
	static const char *const texts[] = {"", "{", "[]", "{\"positions\":7}", "{\"positions\":{}}", "{\"roofline\":null}"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(statement_add_breakdowns(f->s, f->names, text_of(texts[i]), true, true), 0);
	}
	for (enum breakdown t = 0; t < TABLES; t++) {
		assert_int_equal(count_of(f->s, t), 0);
	}
}

/* Rows of tasks belong to all of their plan: a statement of a part of it states that they are missing. */
static void notes_of_tasks(void **state) {
	struct fixture *f = *state;
	const struct batch_row row = {.from_sequences = 1, .to_sequences = 8, .rate_nano = 100, .steps = 5, .tokens = 6, .decode_gpu_ns = 7, .step_ns = 8};

	give(f, "a", ENTRY_INPUT, 3 * SECOND, 10);
	quality_add_batch(&f->quality, T("m"), &row);
	assert_int_equal(statement_add_notes(f->s, f->names, &f->quality, true, true, true), 0);
	assert_int_equal(f->s->batches.count, 0); /* it is not known of which time they are */
	assert_int_equal(f->quality.notice_count, 0);
	quality_add_busy(&f->quality, 4 * SECOND);
	assert_int_equal(statement_add_notes(f->s, f->names, &f->quality, true, true, true), 0);
	assert_int_equal(f->s->batches.count, 0);
	assert_int_equal(f->quality.notice_count, 1);
	assert_string_equal(f->quality.notices[0].field[NOTICE_OPTION], "--from, --to");
	give(f, "a", ENTRY_OUTPUT, SECOND, 10);
	assert_int_equal(statement_add_notes(f->s, f->names, &f->quality, true, false, false), 0);
	assert_int_equal(f->s->batches.count, 1);
	assert_int_equal(f->quality.notice_count, 2); /* tasks keep no steps under the roofline */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_enter_if_valid, setup, teardown),
		cmocka_unit_test_setup_teardown(positions_and_rules_only_if_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(texts_that_are_no_breakdowns, setup, teardown),
		cmocka_unit_test_setup_teardown(notes_of_tasks, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
