/* Sums of a statement that do not fit are an error, and never another figure: time has 128 bits, all else 64. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/unit/statement_case.h"

#define HALF (INT64_MAX / 2 + 1)

/* Members of an entry of which two halves do not fit. */
static const struct {
	const char *name;
	size_t member;
	enum entry_kind kind;
	bool bounded; /* in a total it is a time, or a bound of an interval, which stays at the largest number */
} members[] = {
	{"gpu_ns", offsetof(struct entry, gpu_ns), ENTRY_IDLE, true},
	{"gpu_ns of work", offsetof(struct entry, gpu_ns), ENTRY_OUTPUT, true},
	{"tokens", offsetof(struct entry, tokens), ENTRY_OUTPUT, false},
	{"requests", offsetof(struct entry, requests), ENTRY_INPUT, false},
	{"reasoning_tokens", offsetof(struct entry, reasoning_tokens), ENTRY_OUTPUT, false},
	{"cache_write_tokens", offsetof(struct entry, cache_write_tokens), ENTRY_INPUT, false},
	{"spread_ns", offsetof(struct entry, spread_ns), ENTRY_OUTPUT, true},
	{"energy_mj", offsetof(struct entry, energy_mj), ENTRY_OUTPUT, false},
	{"metered_ns", offsetof(struct entry, metered_ns), ENTRY_OUTPUT, true},
};

static void begin(struct fixture *f, struct prices *prices, enum by_key by) {
	struct report_options o = options_of(f);

	stop(f);
	o.prices = prices;
	o.by[0] = by;
	o.by_count = 1;
	start(f, &o);
}

/* Adds both halves: in one cell, or in two that only meet in the totals. The error, or 0. */
static int add_halves(struct fixture *f, size_t i, bool apart, struct fault *why) {
	int rc = 0;

	for (int half = 0; half < 2 && rc == 0; half++) {
		struct entry e = entry_of(f, half && apart ? "b" : "a", members[i].kind, 0, 0);
		e.slot_ns = half && apart ? HOUR : 0;
		e.rate_nano = 1;
		e.model = half && apart ? names_id(f->names, T("other")) : e.model;
		e.grade = half && apart ? GRADE_B : e.grade;
		*(int64_t *)(void *)((char *)&e + members[i].member) = HALF;
		rc = statement_add_entry(f->s, &e);
	}
	return rc < 0 ? rc : statement_finish(f->s, &f->quality, why);
}

static void sums_of_entries(void **state) {
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		for (int apart = 0; apart < 2; apart++) {
			struct fault why = {0};
			begin(f, NULL, BY_TENANT);
			int rc = add_halves(f, i, apart, &why);
			if (rc != (apart && members[i].bounded ? 0 : ERROR_RANGE)) {
				fail_msg("%s, %s: %d %s", members[i].name, apart ? "apart" : "in one cell", rc, why.message);
			}
			const struct block *b = &f->s->total;
			int128 whole = members[i].member == offsetof(struct entry, gpu_ns) ? b->capacity_ns : b->metered_ns;
			bool time = members[i].member == offsetof(struct entry, gpu_ns) || members[i].member == offsetof(struct entry, metered_ns);
			assert_true(rc < 0 || !time || whole == 2 * (int128)HALF);
		}
	}
}

/* Money: a rate times a time is an error; a price times tokens, which is not in the sum of costs, is not known. */
static void sums_of_money(void **state) {
	struct fixture *f = *state;
	struct fault why = {0};

	begin(f, NULL, BY_TENANT);
	struct entry rich = entry_of(f, "a", ENTRY_IDLE, INT64_MAX / 4, 0);
	rich.rate_nano = INT64_MAX;
	int rc = statement_add_entry(f->s, &rich);
	rc = rc < 0 ? rc : statement_finish(f->s, &f->quality, &why);
	assert_int_equal(rc, ERROR_RANGE);
	begin(f, f->prices, BY_MODEL);
	struct entry dear = entry_of(f, "a", ENTRY_OUTPUT, SECOND, INT64_MAX / 2);
	assert_int_equal(statement_add_entry(f->s, &dear), 0);
	finish(f);
	assert_false(f->s->total.list_known); /* more than all vendors earn: not known */
	assert_false(f->s->total.margin_known);
}

static int add_row(struct fixture *f, int kind, int64_t n) {
	name_id m = names_id(f->names, T("m"));

	switch (kind) {
	case 0:
		return statement_add_batch(f->s, &(struct batch_row){m, 1, 8, 100, n, 1, 1, 1});
	case 1:
		return statement_add_batch(f->s, &(struct batch_row){m, 1, 8, 100, 1, n, 1, 1});
	case 2:
		return statement_add_batch(f->s, &(struct batch_row){m, 1, 8, 100, 1, 1, n, 1});
	case 3:
		return statement_add_batch(f->s, &(struct batch_row){m, 1, 8, 100, 1, 1, 1, n});
	case 4:
		return statement_add_curve(f->s, &(struct curve_row){m, 8, n, 1, 1});
	case 5:
		return statement_add_curve(f->s, &(struct curve_row){m, 8, 1, n, 1});
	case 6:
		return statement_add_curve(f->s, &(struct curve_row){m, 8, 1, 1, n});
	case 7:
		return statement_add_rule(f->s, &(struct rule_row){"tokens", m, 100, n, 1});
	case 8:
		return statement_add_rule(f->s, &(struct rule_row){"tokens", m, 100, 1, n});
	case 9:
		return statement_add_position(f->s, &(struct position_row){m, ENTRY_OUTPUT, 0, 4096, 0, 100, n, 1});
	default:
		return statement_add_position(f->s, &(struct position_row){m, ENTRY_OUTPUT, 0, 4096, 0, 100, 1, n});
	}
}
#define ROW_KINDS 11

/* The sum of the rows that add_row added, of a kind that is a time; else 0. */
static int128 time_of(const struct statement *s, int kind) {
	switch (kind) {
	case 2:
		return s->batches.rows[0].decode_gpu_ns;
	case 3:
		return s->batches.rows[0].step_ns;
	case 7:
		return s->rules.rows[0].prefill_gpu_ns;
	case 8:
		return s->rules.rows[0].decode_gpu_ns;
	case 10:
		return s->positions.rows[0].gpu_ns;
	default:
		return 0;
	}
}

static void sums_of_rows(void **state) {
	struct fixture *f = *state;

	for (int kind = 0; kind < ROW_KINDS; kind++) {
		struct fault why = {0};
		begin(f, NULL, BY_TENANT);
		int rc = add_row(f, kind, HALF);
		rc = rc < 0 ? rc : add_row(f, kind, HALF);
		give(f, "a", ENTRY_OUTPUT, SECOND, 10);
		rc = rc < 0 ? rc : statement_finish(f->s, &f->quality, &why);
		bool curve = kind >= 4 && kind <= 6; /* all of a row or none: a part of it would tilt the curve */
		int128 ns = time_of(f->s, kind);
		if (rc != (curve || ns != 0 ? 0 : ERROR_RANGE) || (ns != 0 && ns != 2 * (int128)HALF) || (curve && f->s->curves.rows[0].row.steps > HALF)) {
			fail_msg("kind %d: %d %s", kind, rc, why.message);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sums_of_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_of_money, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_of_rows, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
