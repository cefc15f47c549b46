/* Entries to statements: figures computed by hand. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "tests/unit/statement_case.h"

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
	const struct row *none = &f->s->tenants.rows[0];
	const struct block *a = &f->s->tenants.rows[1].block;

	assert_int_equal(f->s->tenants.count, 3);
	assert_true(none->not_allocated && text_eq(none->tenant, T("(not allocated)")));
	assert_int_equal(none->block.capacity_nano, 10000000);
	assert_int_equal(block_shared_nano(&none->block), 10000000);
	assert_int_equal(none->block.margin_nano, -10000000);
	assert_int_equal(a->gpu_ns[ENTRY_IDLE], 0);
	assert_int_equal(a->capacity_nano, 4000000);
	assert_int_equal(a->unit[TOKENS_INPUT].loaded_nano, 3 * NANO);
	assert_int_equal(f->s->total.cost_nano[ENTRY_IDLE], 10000000);
}

/*
 * Idle time is allocated to the work of the same pool and hour, for any model; that of an hour without work is not
 * allocated. The margin covers only the model with a list price, and the cost that is not allocated.
 */
static void test_shared_by_pool_and_hour(void **state) {
	struct fixture *f = *state;
	give_worked_case(f);
	struct entry e = entry_of(f, "c", ENTRY_OUTPUT, 10 * SECOND, 10);
	e.model = names_id(f->names, T("other"));
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	e = entry_of(f, "", ENTRY_IDLE, 7 * SECOND, 0);
	e.slot_ns = HOUR;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	e = entry_of(f, "d", ENTRY_OUTPUT, SECOND, 10);
	e.slot_ns = HOUR;
	e.pool = names_id(f->names, T("elsewhere"));
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	finish(f);
	const struct table *t = &f->s->tenants;

	assert_int_equal(t->count, 5);
	assert_true(t->rows[0].not_allocated);
	assert_int_equal(t->rows[0].block.gpu_ns[ENTRY_IDLE], 7 * SECOND);
	assert_int_equal(t->rows[1].block.gpu_ns[ENTRY_IDLE], 2 * SECOND);
	assert_int_equal(t->rows[3].block.gpu_ns[ENTRY_IDLE], 5 * SECOND);
	assert_int_equal(t->rows[4].block.gpu_ns[ENTRY_IDLE], 0);
	assert_int_equal(f->s->models.count, 3);
	assert_true(f->s->models.rows[1].block.list_known);
	assert_false(f->s->models.rows[2].block.list_known);
	/* Of 38 s, 15 are the unpriced model's: its own 10, and 5 idle ones. */
	assert_int_equal(f->s->priced_models, 1);
	assert_int_equal(f->s->total.capacity_nano, 38000000);
	assert_int_equal(f->s->total.priced_nano, 23000000);
	assert_true(f->s->total.list_known);
	assert_int_equal(f->s->total.margin_nano, 2500000 + 100000 - 23000000);
}

/* Three GPUs for a month at 2.49, in parts of hours: the bill, every day and their sum are exact. */
static void test_month_to_the_nano_unit(void **state) {
	static const enum entry_kind kinds[] = {ENTRY_INPUT, ENTRY_OUTPUT, ENTRY_IDLE};
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	o.by[o.by_count++] = BY_DAY;
	o.to_ns = 30 * NS_PER_DAY;
	stop(f);
	start(f, &o);
	for (int hour = 0; hour < 720; hour++) {
		int64_t left_ns = 3 * HOUR;
		for (int k = 0; k < 3; k++) {
			struct entry e = entry_of(f, k < 2 ? "a" : "", kinds[k], k < 2 ? left_ns / 7 * (k + 1) : left_ns, 0);
			e.rate_nano = 2490000000;
			e.slot_ns = hour * HOUR;
			left_ns -= e.gpu_ns;
			assert_int_equal(statement_add_entry(f->s, &e), 0);
		}
	}
	finish(f);
	assert_int_equal(f->s->total.capacity_nano, 5378400000000);
	assert_int_equal(f->s->rows.count, 30);
	for (size_t i = 0; i < 30; i++) {
		assert_int_equal(f->s->rows.rows[i].block.capacity_nano, 179280000000);
	}
}

static void test_tiers_batch_and_writes(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_INPUT, SECOND, 1000);
	e.cache_write_tokens = 400;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	e.prompt_over_ntok = 1000;
	e.cache_write_tokens = 0;
	e.service = SERVICE_BATCH;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	finish(f);
	/* 600 x 1 + 400 x 1.25 + 1,000 x 2 = 3,100 per million */
	assert_int_equal(f->s->total.revenue_nano, 3100000);
	assert_int_equal(f->s->total.list_nano[TOKENS_INPUT], 1550000000);
	assert_non_null(strstr(f->quality.warnings[0], "no batch price"));
}

/* Each class at its price; if the catalogue has none, the standard price is used, with a notice. */
static void test_services(void **state) {
	static const char prices[] =
	    "{\"schema\":\"tollbook.prices.v1\",\"providers\":[{\"id\":\"p\",\"models\":[{\"id\":\"m\",\"prices\":"
	    "[{\"input\":10,\"cache_read\":1,\"output\":40,\"priority\":{\"input\":20,\"cache_read\":2,\"output\":80},"
	    "\"flex\":{\"input\":5,\"output\":20}}]}]}]}";
	static const struct {
		enum service service;
		enum entry_kind kind;
		int64_t per_million;
	} cases[] = {
	    {SERVICE_STANDARD, ENTRY_INPUT, 10},       {SERVICE_STANDARD, ENTRY_OUTPUT, 40}, {SERVICE_PRIORITY, ENTRY_INPUT, 20},
	    {SERVICE_PRIORITY, ENTRY_INPUT_CACHED, 2}, {SERVICE_PRIORITY, ENTRY_OUTPUT, 80}, {SERVICE_FLEX, ENTRY_INPUT, 5},
	    {SERVICE_FLEX, ENTRY_INPUT_CACHED, 1},     {SERVICE_FLEX, ENTRY_OUTPUT, 20},     {SERVICE_BATCH, ENTRY_INPUT, 10},
	    {SERVICE_OTHER, ENTRY_OUTPUT, 40},
	};
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	struct price_source source = {0};
	struct fault why = {0};
	int64_t due_nano = 0;

	prices_free(f->prices);
	f->prices = prices_new();
	assert_int_equal(prices_add_bytes(f->prices, "n", text_of(prices), &source, &why), 0);
	o.prices = f->prices;
	stop(f);
	start(f, &o);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct entry e = entry_of(f, "a", cases[i].kind, SECOND, 1000);
		e.service = cases[i].service;
		assert_int_equal(statement_add_entry(f->s, &e), 0);
		due_nano += cases[i].per_million * 1000000;
	}
	finish(f);
	assert_true(f->s->total.list_known);
	assert_int_equal(f->s->total.revenue_nano, due_nano);
	assert_int_equal(f->quality.warning_count, 3);
	assert_non_null(strstr(f->quality.warnings[0], "no batch price for uncached input, so such traffic is priced as standard"));
	assert_non_null(strstr(f->quality.warnings[1], "no flex price for cached input,"));
	assert_non_null(strstr(f->quality.warnings[2], "a class of service that catalogues do not price"));
}

/* Without requests the lengths of prompts are not known. */
static void test_tiers_unknown_are_said(void **state) {
	struct fixture *f = *state;
	f->quality.requests = 0;
	give(f, "a", ENTRY_INPUT, SECOND, 1000);
	finish(f);
	assert_true(f->s->total.list_known);
	assert_non_null(strstr(f->quality.warnings[0], "depends on the length of each prompt"));
}

/*
 * 10 a million up to 100 tokens of prompt, 30 above, cached ones 1: two prompts of 150, one with 60 of them cached,
 * the other with all: 20 of it are above. 40 x 10 + 50 x 30 + 60 x 1, and 150 x 1 + 50 x 20.
 */
static void test_part_above(void **state) {
	static const char prices[] =
	    "{\"schema\":\"tollbook.prices.v1\",\"providers\":[{\"id\":\"p\",\"models\":[{\"id\":\"m\",\"prices\":"
	    "[{\"input\":{\"base\":10,\"tiers\":[{\"over\":100,\"price\":30}],\"moves\":\"above\"},"
	    "\"cache_read\":1,\"output\":1}]}]}]}";
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	struct price_source source = {0};
	struct fault why = {0};

	prices_free(f->prices);
	f->prices = prices_new();
	assert_int_equal(prices_add_bytes(f->prices, "n", text_of(prices), &source, &why), 0);
	o.prices = f->prices;
	stop(f);
	start(f, &o);
	for (int i = 0; i < 2; i++) {
		struct entry e = entry_of(f, "a", ENTRY_INPUT, 0, i == 0 ? 90 : 0);
		e.requests = 1;
		e.prompt_over_ntok = 100;
		assert_int_equal(statement_add_entry(f->s, &e), 0);
		e = entry_of(f, "a", ENTRY_INPUT_CACHED, 0, i == 0 ? 60 : 150);
		e.prompt_over_ntok = 100;
		assert_int_equal(statement_add_entry(f->s, &e), 0);
	}
	finish(f);
	assert_int_equal(f->s->total.revenue_nano, (40 * 10 + 50 * 30 + 60 * 1 + 150 * 1 + 50 * 20) * 1000);
}

/* 1.96 x 0.6 s of 6 s over 100 tokens at 0.001 a second: 60 a million, +- 11.76. */
static void test_interval(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_OUTPUT, 3 * SECOND, 50);
	e.spread_ns = 3 * SECOND / 10;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	e.tenant = names_id(f->names, T("b"));
	assert_int_equal(statement_add_entry(f->s, &e), 0);
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
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	e = entry_of(f, "", ENTRY_IDLE, SECOND, 0);
	e.energy_mj = 100000;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
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
	assert_int_equal(statement_add_position(f->s, &row), 0);
	row.rate_nano = 7200000000;
	assert_int_equal(statement_add_position(f->s, &row), 0);
	row.from_ntok = 0;
	row.to_ntok = 1024;
	assert_int_equal(statement_add_position(f->s, &row), 0);
	give_worked_case(f);
	finish(f);
	assert_int_equal(f->s->positions.count, 2);
	const struct position *p = f->s->positions.rows;
	assert_int_equal(p[0].row.from_ntok, 0);
	assert_int_equal(p[1].row.tokens, 20);
	assert_int_equal(p[1].gpu_ns, 2 * SECOND);
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
		assert_int_equal(statement_add_rule(f->s, &row), 0);
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
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	finish(f);

	assert_int_equal(f->s->total.unpriced_ns, 7 * SECOND);
	assert_int_equal(f->s->total.capacity_nano, 20000000);
	assert_true(statement_has_findings(f->s));
	bool said = false;
	for (size_t i = 0; i < f->quality.warning_count; i++) {
		said |= strstr(f->quality.warnings[i], "7000000000 GPU-ns on 1 replicas have no known rate") != NULL;
	}
	assert_true(said);
	/* Its tokens would make those that have a cost look cheaper than they are, and the margin better. */
	const struct block *t = &f->s->total;
	assert_int_equal(t->tokens[TOKENS_OUTPUT], 110);
	assert_int_equal(t->unit[TOKENS_OUTPUT].busy_nano, 60 * NANO); /* as in the worked case: over 100 */
	assert_false(t->margin_known);
	assert_true(block_has_cost(t));
}

static void test_nothing_has_a_rate(void **state) {
	struct fixture *f = *state;
	struct entry e = entry_of(f, "a", ENTRY_OUTPUT, 7 * SECOND, 10);
	struct position_row row = {.model = names_id(f->names, T("m")), .kind = ENTRY_OUTPUT, .to_ntok = 1024, .rate_nano = -1,
				   .tokens = 10, .gpu_ns = SECOND};
	e.rate_nano = -1;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	assert_int_equal(statement_add_position(f->s, &row), 0);
	finish(f);
	assert_false(f->s->total.unit[TOKENS_OUTPUT].known);
	assert_false(f->s->total.blended.known);
	assert_false(block_has_cost(&f->s->total));
	assert_int_equal(f->s->positions.rows[0].rated_tokens, 0);
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
		assert_int_equal(statement_add_entry(f->s, &e), 0);
	}
	give(f, "a", ENTRY_OUTPUT, SECOND, 1);
	finish(f);

	assert_int_equal(f->s->rows.count, 4);
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[0], BY_TENANT, buffer), T("a")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_HOUR, buffer), T("1970-01-01T01:00:00Z")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_DAY, buffer), T("1970-01-01")));
	assert_true(text_eq(row_key(f->s, &f->s->rows.rows[2], BY_MONTH, buffer), T("1970-01")));
}

/* A month's rows remain together, whatever is between month and day in --by; days are in the zone. */
static void test_rows_by_several_times(void **state) {
	static const struct {
		const char *tenant, *month, *day;
		int64_t slot, bucket; /* hours */
	} cases[] = {
	    {"a", "1970-01", "1970-01-02", 24, 22},
	    {"a", "1970-01", "1970-01-04", 24 + 64, 70},
	    {"b", "1970-01", "1970-01-01", 0, -2},
	    {"a", "1970-02", "1970-02-01", 31 * 24 - 1, 31 * 24 - 2},
	};
	struct fixture *f = *state;
	struct report_options o = options_of(f);
	struct fault why;
	struct zone *tz = zone_new(T("+02:00"), &why);
	char buffer[KEY_TEXT_MAX];

	o.by[0] = BY_MONTH;
	o.by[1] = BY_TENANT;
	o.by[2] = BY_DAY;
	o.by_count = 3;
	o.tz = tz;
	stop(f);
	start(f, &o);
	for (size_t i = 4; i-- > 0;) {
		struct entry e = entry_of(f, cases[i].tenant, ENTRY_OUTPUT, SECOND, 1);
		e.slot_ns = cases[i].slot * HOUR;
		assert_int_equal(statement_add_entry(f->s, &e), 0);
	}
	finish(f);
	assert_int_equal(f->s->rows.count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct row *r = &f->s->rows.rows[i];
		assert_true(text_eq(row_key(f->s, r, BY_TENANT, buffer), text_of(cases[i].tenant)));
		assert_true(text_eq(row_key(f->s, r, BY_MONTH, buffer), text_of(cases[i].month)));
		assert_true(text_eq(row_key(f->s, r, BY_DAY, buffer), text_of(cases[i].day)));
		assert_true(r->bucket_ns == cases[i].bucket * HOUR);
	}
	zone_free(tz);
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
	struct fault why = {0};
	struct entry e = entry_of(f, "a", ENTRY_IDLE, INT64_MAX, 0);

	e.rate_nano = INT64_MAX;
	assert_int_equal(statement_add_entry(f->s, &e), 0);
	assert_int_equal(statement_add_entry(f->s, &e), ERROR_RANGE);
	assert_int_equal(statement_finish(f->s, &f->quality, &why), ERROR_RANGE);
}

int main(void) {
#define WITH_STATE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_STATE(test_worked_case),
	    WITH_STATE(test_tenants_proportional),
	    WITH_STATE(test_tenants_separate),
	    WITH_STATE(test_shared_by_pool_and_hour),
	    WITH_STATE(test_month_to_the_nano_unit),
	    WITH_STATE(test_tiers_batch_and_writes),
	    WITH_STATE(test_services),
	    WITH_STATE(test_tiers_unknown_are_said),
	    WITH_STATE(test_part_above),
	    WITH_STATE(test_interval),
	    WITH_STATE(test_energy),
	    WITH_STATE(test_positions),
	    WITH_STATE(test_rules),
	    WITH_STATE(test_no_rate_is_said),
	    WITH_STATE(test_nothing_has_a_rate),
	    WITH_STATE(test_rows_by_time),
	    WITH_STATE(test_rows_by_several_times),
	    WITH_STATE(test_nothing_at_all),
	    WITH_STATE(test_too_much_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
