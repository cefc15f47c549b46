/* Entries to statements: figures worked out by hand, and what must hold for any entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/statement.h"

#define SECOND NS_PER_SECOND
#define HOUR NS_PER_HOUR

static const char catalogue[] = "[{\"id\":\"p\",\"models\":[{\"id\":\"m\",\"prices\":"
				"{\"input_mtok\":{\"base\":1,\"tiers\":[{\"start\":1000,\"price\":2}]},\"cache_write_"
				"mtok\":1.25,\"output_mtok\":10}}]}]";

struct fixture {
	struct names *names;
	struct prices *prices;
	struct quality quality;
	struct statement *s;
};

static struct report_options options_of(const struct fixture *f) {
	return (struct report_options){
	    .names = f->names,
	    .prices = f->prices,
	    .currency = "USD",
	    .rule = "shapley",
	    .version = "test",
	    .fleet_sha256 = "",
	    .idle_proportional = true,
	    .to_ns = 10 * HOUR,
	};
}

static void start(struct fixture *f, const struct report_options *o) {
	f->s = statement_new(o);
	quality_init(&f->quality);
	f->quality.requests = 1;
}

static int setup(void **state) {
	struct fixture *f = must_calloc(1, sizeof(*f));
	struct price_source source = {0};
	struct fault why;

	f->names = names_new();
	f->prices = prices_new();
	assert_int_equal(prices_add_bytes(f->prices, "c", text_of(catalogue), &source, &why), 0);
	struct report_options o = options_of(f);
	start(f, &o);
	*state = f;
	return 0;
}

static void stop(struct fixture *f) {
	statement_free(f->s);
	quality_release(&f->quality);
}

static int teardown(void **state) {
	struct fixture *f = *state;
	stop(f);
	prices_free(f->prices);
	names_free(f->names);
	free(f);
	return 0;
}

static struct entry entry_of(struct fixture *f, const char *tenant, enum entry_kind kind, int64_t gpu_ns,
			     int64_t tokens) {
	return (struct entry){
	    .replica = names_id(f->names, T("r0")),
	    .model = names_id(f->names, T("m")),
	    .tenant = names_id(f->names, text_of(tenant)),
	    .kind = kind,
	    .grade = kind <= ENTRY_OUTPUT ? GRADE_A : GRADE_NONE,
	    .rate_nano = 3600 * INT64_C(1000000), /* 3.60 an hour: 0.001 a second */
	    .gpu_ns = gpu_ns,
	    .tokens = tokens,
	};
}

static void give(struct fixture *f, const char *tenant, enum entry_kind kind, int64_t gpu_ns, int64_t tokens) {
	struct entry e = entry_of(f, tenant, kind, gpu_ns, tokens);
	e.requests = kind == ENTRY_INPUT;
	assert_int_equal(statement_take(f->s, &e), 0);
}

static void finish(struct fixture *f) {
	struct fault why = {""};
	if (statement_finish(f->s, &f->quality, &why)) {
		fail_msg("%s", why.message);
	}
}

/*
 * 3 s of prefill over 1,000 uncached tokens, 1 s over 500 cached, 6 s of decode over 100 tokens,
 * 10 s idle, at 0.001 a second: 0.020 in all, 0.010 busy, so loaded is twice busy.
 */
static void give_worked_case(struct fixture *f) {
	give(f, "a", ENTRY_INPUT, 3 * SECOND, 1000);
	give(f, "a", ENTRY_INPUT_CACHED, 1 * SECOND, 500);
	give(f, "b", ENTRY_OUTPUT, 6 * SECOND, 100);
	give(f, "", ENTRY_IDLE, 10 * SECOND, 0);
}

static void test_worked_case(void **state) {
	struct fixture *f = *state;
	give_worked_case(f);
	finish(f);
	const struct block *b = &f->s->total;

	assert_int_equal(b->capacity_ns, 20 * SECOND);
	assert_int_equal(b->capacity_nano, 20000000);
	assert_int_equal(block_prefill_nano(b), 4000000);
	assert_int_equal(b->cost_nano[ENTRY_OUTPUT], 6000000);
	assert_int_equal(b->cost_nano[ENTRY_IDLE], 10000000);
	/* 0.003 / 1,000 tokens = 3 a million; 0.001 / 500 = 2; 0.006 / 100 = 60 */
	assert_int_equal(b->unit[TOKENS_INPUT].busy_nano, 3 * NANO);
	assert_int_equal(b->unit[TOKENS_INPUT].loaded_nano, 6 * NANO);
	assert_int_equal(b->unit[TOKENS_CACHED].busy_nano, 2 * NANO);
	assert_int_equal(b->unit[TOKENS_CACHED].loaded_nano, 4 * NANO);
	assert_int_equal(b->unit[TOKENS_OUTPUT].busy_nano, 60 * NANO);
	assert_int_equal(b->unit[TOKENS_OUTPUT].loaded_nano, 120 * NANO);
	/* 1,000 x 1 + 500 x 1 (no price for cached input) + 100 x 10 = 2,500 per million */
	assert_true(b->list_known);
	assert_string_equal(b->list_model, "p/m");
	assert_int_equal(b->revenue_nano, 2500000);
	assert_int_equal(b->margin_nano, 2500000 - 20000000);
	assert_true(b->margin_ratio == -7.0);
	assert_int_equal(f->quality.warning_count, 1);
	assert_non_null(strstr(f->quality.warnings[0], "no price for cached input"));
	assert_int_equal(f->s->evidence_ns[GRADE_A], 10 * SECOND);
	assert_false(statement_has_findings(f->s));
}

static void test_tenants_proportional(void **state) {
	struct fixture *f = *state;
	give_worked_case(f);
	finish(f);

	assert_int_equal(f->s->tenants.count, 2);
	const struct block *a = &f->s->tenants.rows[0].block, *b = &f->s->tenants.rows[1].block;
	assert_true(text_eq(f->s->tenants.rows[0].tenant, T("a")));
	assert_int_equal(a->gpu_ns[ENTRY_IDLE], 4 * SECOND);
	assert_int_equal(a->cost_nano[ENTRY_IDLE], 4000000);
	assert_int_equal(b->cost_nano[ENTRY_IDLE], 6000000);
	assert_int_equal(a->capacity_nano + b->capacity_nano, f->s->total.capacity_nano);
	assert_int_equal(a->unit[TOKENS_INPUT].loaded_nano, 6 * NANO);
}

static void test_tenants_separate(void **state) {
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	o.idle_proportional = false;
	stop(f);
	start(f, &o);
	give_worked_case(f);
	finish(f);
	const struct block *a = &f->s->tenants.rows[0].block;

	assert_int_equal(a->gpu_ns[ENTRY_IDLE], 0);
	assert_int_equal(a->capacity_nano, 4000000);
	assert_int_equal(a->unit[TOKENS_INPUT].loaded_nano, 6 * NANO);
	assert_int_equal(f->s->total.cost_nano[ENTRY_IDLE], 10000000);
}

/* Idle time is charged to those who used that model, not to everybody. */
static void test_idle_stays_with_its_model(void **state) {
	struct fixture *f = *state;
	give_worked_case(f);
	struct entry e = entry_of(f, "c", ENTRY_OUTPUT, 5 * SECOND, 10);
	e.model = names_id(f->names, T("other"));
	assert_int_equal(statement_take(f->s, &e), 0);
	finish(f);

	assert_int_equal(f->s->tenants.count, 3);
	assert_int_equal(f->s->tenants.rows[2].block.gpu_ns[ENTRY_IDLE], 0);
	assert_int_equal(f->s->tenants.rows[0].block.gpu_ns[ENTRY_IDLE], 4 * SECOND);
	assert_false(f->s->total.list_known);
	assert_true(f->s->models.rows[0].block.list_known);
	assert_false(f->s->models.rows[1].block.list_known);
}

static void test_tiers_batch_and_writes(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_INPUT, SECOND, 1000);
	e.cache_write_tokens = 400;
	assert_int_equal(statement_take(f->s, &e), 0);
	e.prompt_over_ntok = 1000;
	e.cache_write_tokens = 0;
	e.batch = true;
	assert_int_equal(statement_take(f->s, &e), 0);
	finish(f);
	/* 600 x 1 + 400 x 1.25 + 1,000 x 2 = 3,100 per million */
	assert_int_equal(f->s->total.revenue_nano, 3100000);
	assert_int_equal(f->s->total.list_nano[TOKENS_INPUT], 1550000000);
	assert_non_null(strstr(f->quality.warnings[0], "no batch price"));
}

/* Without requests nothing tells how long prompts were. */
static void test_tiers_unknown_are_said(void **state) {
	struct fixture *f = *state;
	f->quality.requests = 0;
	give(f, "a", ENTRY_INPUT, SECOND, 1000);
	finish(f);
	assert_true(f->s->total.list_known);
	assert_non_null(strstr(f->quality.warnings[0], "depends on the length of each prompt"));
}

/* 1.96 x 0.6 s of 6 s over 100 tokens at 0.001 a second: 60 a million, +- 11.76. */
static void test_interval(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_OUTPUT, 3 * SECOND, 50);
	e.spread_ns = 3 * SECOND / 10;
	assert_int_equal(statement_take(f->s, &e), 0);
	e.tenant = names_id(f->names, T("b"));
	assert_int_equal(statement_take(f->s, &e), 0);
	give(f, "a", ENTRY_INPUT, SECOND, 10);
	finish(f);
	const struct unit_cost *u = f->s->total.unit;
	assert_int_equal(u[TOKENS_OUTPUT].busy_nano, 60 * NANO);
	assert_int_equal(u[TOKENS_OUTPUT].low_nano, 48240000000);
	assert_int_equal(u[TOKENS_OUTPUT].high_nano, 71760000000);
	assert_int_equal(u[TOKENS_INPUT].low_nano, u[TOKENS_INPUT].busy_nano);
	assert_int_equal(f->s->timeline->count, 1);
	assert_int_equal(f->s->timeline->moments[0].unit[TOKENS_OUTPUT].high_nano, 71760000000);
}

/* 3,600 J over 100 tokens: 1 Wh, so 10,000 Wh a million. */
static void test_energy(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_OUTPUT, 6 * SECOND, 100);
	int64_t nano;
	e.energy_mj = 3600000;
	e.metered_ns = 5 * SECOND;
	assert_int_equal(statement_take(f->s, &e), 0);
	e = entry_of(f, "", ENTRY_IDLE, SECOND, 0);
	e.energy_mj = 100000;
	assert_int_equal(statement_take(f->s, &e), 0);
	finish(f);
	assert_int_equal(f->s->total.capacity_mj, 3700000);
	assert_int_equal(f->s->total.metered_ns, 5 * SECOND);
	assert_true(block_unit_energy(&f->s->total, TOKENS_OUTPUT, &nano));
	assert_int_equal(nano, 10000 * NANO);
	assert_false(block_unit_energy(&f->s->total, TOKENS_INPUT, &nano));
}

static void test_positions(void **state) {
	struct fixture *f = *state;
	struct position_row row = {.model = names_id(f->names, T("m")),
				   .kind = ENTRY_OUTPUT,
				   .from_ntok = 1024,
				   .to_ntok = INT64_MAX,
				   .rate_nano = 3600000000,
				   .tokens = 10,
				   .gpu_ns = SECOND};
	assert_int_equal(statement_take_position(f->s, &row), 0);
	row.rate_nano = 7200000000;
	assert_int_equal(statement_take_position(f->s, &row), 0);
	row.from_ntok = 0;
	row.to_ntok = 1024;
	assert_int_equal(statement_take_position(f->s, &row), 0);
	give_worked_case(f);
	finish(f);
	assert_int_equal(f->s->positions.count, 2);
	const struct position *p = f->s->positions.rows;
	assert_int_equal(p[0].row.from_ntok, 0);
	assert_int_equal(p[1].row.tokens, 20);
	assert_int_equal(p[1].row.gpu_ns, 2 * SECOND);
	assert_int_equal(p[1].cost_nano, 3000000); /* 0.001 + 0.002 */
	assert_int_equal(p[1].unit_nano, 150 * NANO); /* over 20 tokens */
}

static void test_rules(void **state) {
	struct fixture *f = *state;
	static const char *const names[] = {"shapley", "decode-first"};
	for (int i = 0; i < 4; i++) {
		struct rule_row row = {.rule = names[i % 2],
				       .model = names_id(f->names, T("m")),
				       .rate_nano = 3600000000,
				       .prefill_gpu_ns = (1 + i % 2) * SECOND,
				       .decode_gpu_ns = 3 * SECOND};
		assert_int_equal(statement_take_rule(f->s, &row), 0);
	}
	give_worked_case(f);
	finish(f);
	assert_int_equal(f->s->rules.count, 2);
	const struct rule_result *r = f->s->rules.rows;
	assert_string_equal(r[0].row.rule, "shapley");
	assert_int_equal(r[1].prefill_nano, 4000000);
	assert_int_equal(r[1].in_nano, 2666666667); /* 0.004 over 1,500 tokens */
	assert_int_equal(r[0].out_nano, 60 * NANO);
}

static void test_no_rate_is_said(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_OUTPUT, 7 * SECOND, 10);
	e.rate_nano = -1;
	give_worked_case(f);
	assert_int_equal(statement_take(f->s, &e), 0);
	finish(f);

	assert_int_equal(f->s->total.unpriced_ns, 7 * SECOND);
	assert_int_equal(f->s->total.capacity_nano, 20000000);
	assert_true(statement_has_findings(f->s));
	bool said = false;
	for (size_t i = 0; i < f->quality.warning_count; i++) {
		said |= strstr(f->quality.warnings[i], "7000000000 GPU-ns on 1 replicas have no known rate") != NULL;
	}
	assert_true(said);
}

static void test_rows_by_time(void **state) {
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	char buffer[KEY_TEXT_MAX];
	o.by[0] = BY_TENANT;
	o.by[1] = BY_HOUR;
	o.by_count = 2;
	stop(f);
	start(f, &o);
	struct entry e = entry_of(f, "b", ENTRY_OUTPUT, SECOND, 1);
	for (int hour = 2; hour >= 0; hour--) {
		e.slot_ns = hour * HOUR + (hour == 1 ? HOUR / 2 : 0);
		assert_int_equal(statement_take(f->s, &e), 0);
	}
	give(f, "a", ENTRY_OUTPUT, SECOND, 1);
	finish(f);

	assert_int_equal(f->s->rows.count, 4);
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[0], BY_TENANT, buffer), T("a")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_HOUR, buffer), T("1970-01-01T01:00:00Z")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_DAY, buffer), T("1970-01-01")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_MONTH, buffer), T("1970-01")));
}

static void test_nothing_at_all(void **state) {
	struct fixture *f = *state;
	finish(f);
	assert_int_equal(f->s->total.capacity_nano, 0);
	assert_false(f->s->total.list_known);
	assert_int_equal(f->s->models.count, 0);
}

static void test_too_much_is_an_error(void **state) {
	struct fixture *f = *state;
	struct fault why = {""};
	struct entry e = entry_of(f, "a", ENTRY_IDLE, INT64_MAX, 0);

	e.rate_nano = INT64_MAX;
	assert_int_equal(statement_take(f->s, &e), 0);
	assert_int_equal(statement_take(f->s, &e), ERROR_RANGE);
	assert_int_equal(statement_finish(f->s, &f->quality, &why), ERROR_RANGE);
}

/* ---- for any entries ---- */

static uint32_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static struct entry random_entry(struct fixture *f, uint64_t *seed) {
	static const char *const tenants[] = {"", "a", "b", "ccc"}, *const models[] = {"m", "n", ""},
				 *const replicas[] = {"r0", "r1", "r10"};
	struct entry e = {
	    .slot_ns = next_random(seed) % 5 * HOUR,
	    .replica = names_id(f->names, text_of(replicas[next_random(seed) % 3])),
	    .model = names_id(f->names, text_of(models[next_random(seed) % 3])),
	    .tenant = names_id(f->names, text_of(tenants[next_random(seed) % 4])),
	    .kind = (enum entry_kind)(next_random(seed) % ENTRY_KINDS),
	    .grade = (enum grade)(next_random(seed) % GRADES),
	    .rate_nano = next_random(seed) % 3 == 0 ? -1 : (int64_t)(next_random(seed) % 2 + 1) * 1234567891,
	    .gpu_ns = next_random(seed) % 7 == 0 ? 0 : (int64_t)next_random(seed) * 97,
	};
	if (e.kind <= ENTRY_OUTPUT) {
		e.tokens = next_random(seed) % 100000;
		e.requests = next_random(seed) % 9;
	}
	return e;
}

#define ENTRIES 200

static void run_random(struct fixture *f, const struct entry *entries, size_t from, enum by_key by) {
	struct report_options o = options_of(f);
	o.by[0] = BY_HOUR;
	o.by[1] = by;
	o.by_count = 2;
	stop(f);
	start(f, &o);
	for (size_t i = 0; i < ENTRIES; i++) {
		assert_int_equal(statement_take(f->s, &entries[(i * 7 + from) % ENTRIES]), 0);
	}
	finish(f);
}

static bool same_table(const struct table *a, const struct table *b) {
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		const struct block *x = &a->rows[i].block, *y = &b->rows[i].block;
		if (x->capacity_ns != y->capacity_ns || x->capacity_nano != y->capacity_nano ||
		    memcmp(x->cost_nano, y->cost_nano, sizeof x->cost_nano) != 0 ||
		    memcmp(x->unit, y->unit, sizeof x->unit) != 0 || x->revenue_nano != y->revenue_nano) {
			return false;
		}
	}
	return a->count == b->count;
}

/* Each replica and rate rounded by itself: what an invoice would say. */
static int64_t invoice(const struct entry *entries) {
	int64_t sum = 0;
	for (size_t i = 0; i < ENTRIES; i++) {
		int64_t ns = 0, nano;
		for (size_t k = 0; k < ENTRIES; k++) {
			bool same =
			    entries[k].replica == entries[i].replica && entries[k].rate_nano == entries[i].rate_nano;
			if (same && k < i) {
				ns = 0;
				break;
			}
			ns += same ? entries[k].gpu_ns : 0;
		}
		if (entries[i].rate_nano >= 0 && exact_mul_div(ns, entries[i].rate_nano, HOUR, &nano)) {
			sum += nano;
		}
	}
	return sum;
}

static int64_t sum_of(const struct table *t) {
	int64_t sum = 0;
	for (size_t i = 0; i < t->count; i++) {
		sum += t->rows[i].block.capacity_nano;
	}
	return sum;
}

static int64_t sum_for(const struct table *t, struct text tenant, struct text model) {
	int64_t sum = 0;
	for (size_t i = 0; i < t->count; i++) {
		bool same = text_eq(t->rows[i].tenant, tenant) && text_eq(t->rows[i].model, model);
		sum += same ? t->rows[i].block.capacity_nano : 0;
	}
	return sum;
}

/* The rows of one tenant, or one model, over all hours are what its block says, to the last unit. */
static void check_nesting(const struct statement *s, enum by_key by) {
	const struct table *t = by == BY_TENANT ? &s->tenants : &s->models;
	for (size_t i = 0; i < t->count; i++) {
		assert_int_equal(sum_for(&s->rows, t->rows[i].tenant, t->rows[i].model),
				 t->rows[i].block.capacity_nano);
	}
}

static void check_any_entries(struct fixture *f, enum by_key by) {
	struct entry entries[ENTRIES];

	for (uint64_t seed = 1; seed <= 50; seed++) {
		uint64_t random = seed;
		for (size_t i = 0; i < ENTRIES; i++) {
			entries[i] = random_entry(f, &random);
		}
		run_random(f, entries, 0, by);
		struct statement *first = f->s;
		struct report_options o = options_of(f);
		f->s = statement_new(&o);
		run_random(f, entries, 1 + seed, by);
		check_nesting(f->s, by);
		assert_int_equal(f->s->total.capacity_nano, invoice(entries));
		assert_int_equal(sum_of(&f->s->models), f->s->total.capacity_nano);
		assert_int_equal(sum_of(&f->s->tenants), f->s->total.capacity_nano);
		assert_int_equal(sum_of(&f->s->rows), f->s->total.capacity_nano);
		assert_true(same_table(&first->models, &f->s->models));
		assert_true(same_table(&first->tenants, &f->s->tenants));
		assert_true(same_table(&first->rows, &f->s->rows));
		statement_free(first);
	}
}

static void test_any_entries(void **state) {
	check_any_entries(*state, BY_TENANT);
	check_any_entries(*state, BY_MODEL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_worked_case),
	    TEST(test_tenants_proportional),
	    TEST(test_tenants_separate),
	    TEST(test_idle_stays_with_its_model),
	    TEST(test_tiers_batch_and_writes),
	    TEST(test_tiers_unknown_are_said),
	    TEST(test_interval),
	    TEST(test_energy),
	    TEST(test_positions),
	    TEST(test_rules),
	    TEST(test_no_rate_is_said),
	    TEST(test_rows_by_time),
	    TEST(test_nothing_at_all),
	    TEST(test_too_much_is_an_error),
	    TEST(test_any_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
