/* Aggregates of requests and windows: sums that can be added, coefficients, the bootstrap, and fallbacks. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fits_help.h"

#define WINDOW_NS (10 * NS_PER_SECOND)

/* One busy window of an engine with 11 ms a step, 37 us a prompt token, 0.2 ms an output token; noise in parts of 1. */
static void add_window(struct aggregates *r, uint64_t *seed, int64_t number, double noise) {
	double sequences = 4 + (double)below(seed, 40), prompt_part = (double)below(seed, 80) / 100;
	double step_ns = 11e6 + 2e5 * sequences, uniform = (double)below(seed, 2001) / 1000 - 1;
	double steps = (1 - prompt_part) * (double)WINDOW_NS / step_ns * (1 + noise * uniform);
	const double x[AGGREGATE_TERMS] = {prompt_part * (double)WINDOW_NS / 37e3, steps, steps * sequences};

	aggregates_count(r, TOTAL_WINDOWS, 1);
	aggregates_count_part(r, TOTAL_WINDOW_NS, (double)WINDOW_NS / (double)AGGREGATE_UNIT);
	aggregates_count(r, TOTAL_PROMPT, (int64_t)x[0]);
	aggregates_count_part(r, TOTAL_STEPS, x[1]);
	aggregates_count(r, TOTAL_OUTPUT, (int64_t)x[2]);
	aggregates_count_part(r, TOTAL_MIXED_STEPS, x[0] / 1024);
	aggregates_add(r, AGGREGATE_WINDOW, aggregates_bucket(T("a"), number * WINDOW_NS, 64 * NS_PER_SECOND), x, WINDOW_NS);
}

static void add_windows(struct attribution_fits *f, const struct fit_key *key, int64_t from, int64_t to, double noise) {
	for (int64_t i = from; i < to; i++) {
		uint64_t seed = (uint64_t)i * 7919 + 1;
		for (int k = 0; k < 8; k++) {
			next_random(&seed);
		}
		add_window(fits_aggregates(f, key), &seed, i, noise);
	}
}

static const struct aggregate_model *solved(struct attribution_fits *f, const struct fit_key *key) {
	struct fault why = {0};

	assert_int_equal(fits_solve(f, &why), 0);
	return fits_aggregate_model(f, key);
}

static void assert_same(struct attribution_fits *a, struct attribution_fits *b) {
	assert_written_same(a, b);
	assert_memory_equal(solved(a, &day_one), solved(b, &day_one), sizeof(struct aggregate_model));
}

TEST(sums_add_up_and_come_back) {
	struct names *n = names_new();
	struct attribution_fits *whole = attribution_fits_new(n), *sum = attribution_fits_new(n);
	struct attribution_fits *rest = attribution_fits_new(n);

	add_windows(whole, &day_one, 0, 400, 0.2);
	add_windows(sum, &day_one, 150, 400, 0.2);
	add_windows(rest, &day_one, 0, 150, 0.2);
	check_sums(n, whole, sum, rest, assert_same);
	attribution_fits_free(whole);
	attribution_fits_free(sum);
	attribution_fits_free(rest);
	names_free(n);
}

TEST(finds_the_engine) {
	struct names *n = names_new();
	struct attribution_fits *f = attribution_fits_new(n);

	add_windows(f, &day_one, 0, 400, 0);
	const struct aggregate_model *m = solved(f, &day_one);
	assert_int_equal(m->origin, AGGREGATE_OWN);
	assert_int_equal(m->rows[AGGREGATE_WINDOW], 400);
	assert_true(fabs(m->ns[AGGREGATE_WINDOW][0] / 37e3 - 1) < 0.01);
	assert_true(fabs(m->ns[AGGREGATE_WINDOW][1] / 11e6 - 1) < 0.01);
	assert_true(m->drawn_window < 0.005);
	attribution_fits_free(f);
	names_free(n);
}

/* The bootstrap measures noise, less with more blocks, and the error of the form is added. */
TEST(bootstrap_sees_noise) {
	struct names *n = names_new();
	double drawn[2];

	for (int i = 0; i < 2; i++) {
		struct attribution_fits *f = attribution_fits_new(n);
		add_windows(f, &day_one, 0, i == 0 ? 100 : 3000, 0.5);
		const struct aggregate_model *m = solved(f, &day_one);
		drawn[i] = m->drawn_window;
		assert_true(m->window_share_sd > m->drawn_window && m->window_share_sd >= 0.15);
		attribution_fits_free(f);
	}
	assert_true(drawn[0] > 0.01);
	assert_true(drawn[1] > 0 && drawn[1] < drawn[0] / 2);
	names_free(n);
}

/* The day's windows; with too few, those of the day before, then after; then of other roles; then published figures. */
TEST(fallbacks) {
	struct names *n = names_new();
	struct attribution_fits *f = attribution_fits_new(n);
	struct fit_key before = day_one, after = day_one, far = day_one, prefill = day_one, other_model = day_one;

	before.day_ns -= NS_PER_DAY;
	after.day_ns += NS_PER_DAY;
	far.day_ns += 4 * NS_PER_DAY;
	prefill.role = ROLE_PREFILL;
	other_model.model = names_id(n, T("another"));
	add_windows(f, &day_one, 0, 7, 0);
	add_windows(f, &before, 7, 9, 0);
	add_windows(f, &after, 9, 500, 0);
	assert_int_equal(solved(f, &day_one)->rows[AGGREGATE_WINDOW], 9); /* the day before was enough */
	assert_int_equal(solved(f, &after)->rows[AGGREGATE_WINDOW], 491);
	assert_int_equal(solved(f, &before)->rows[AGGREGATE_WINDOW], 9);
	assert_int_equal(solved(f, &prefill)->origin, AGGREGATE_ROLES);
	assert_int_equal(solved(f, &prefill)->rows[AGGREGATE_WINDOW], 500);
	assert_true(solved(f, &prefill)->window_time_sd > solved(f, &day_one)->window_time_sd);
	assert_int_equal(solved(f, &far)->origin, AGGREGATE_PRIOR);
	assert_int_equal(solved(f, &other_model)->origin, AGGREGATE_PRIOR);
	assert_true(fabs(solved(f, &far)->ns[AGGREGATE_WINDOW][1] / solved(f, &far)->ns[AGGREGATE_WINDOW][0] - 300) < 1e-6);
	far.gpu = names_id(n, T("NVIDIA A100-SXM4-80GB")); /* 312 TFLOP/s over 2.039 TB/s */
	assert_true(fabs(solved(f, &far)->ns[AGGREGATE_WINDOW][1] / solved(f, &far)->ns[AGGREGATE_WINDOW][0] - 153) < 1);
	assert_true(solved(f, &far)->window_time_sd >= 0.5);
	attribution_fits_free(f);
	names_free(n);
}

/* A rule moves the floor of mixed steps, and nothing else. */
TEST(rules) {
	const struct aggregate_model m = {.ns = {[AGGREGATE_WINDOW] = {40e3, 10e6, 0.1e6}}};
	const struct aggregate_work k = {.prompt = 100000, .steps = 500, .output = 5000, .mixed = 100};
	double all = 4e9 + 5e9 + 0.5e9;

	assert_true(fabs(aggregate_window_ns(&m, &k) - all) < 1);
	assert_true(fabs(aggregate_window_share(&m, &k, RULE_SHAPLEY) - (4e9 + 0.5e9) / all) < 1e-9);
	assert_true(fabs(aggregate_window_share(&m, &k, RULE_PREFILL_FIRST) - (4e9 + 1e9) / all) < 1e-9);
	assert_true(fabs(aggregate_window_share(&m, &k, RULE_DECODE_FIRST) - 4e9 / all) < 1e-9);
}

TEST(blocks) {
	const int64_t block_ns = 64 * NS_PER_SECOND;
	int used[AGGREGATE_BUCKETS] = {0}, empty = 0;

	assert_int_equal(aggregates_bucket(T("a"), 0, block_ns), aggregates_bucket(T("a"), block_ns - 1, block_ns));
	assert_int_equal(aggregates_bucket(T("a"), -1, block_ns), aggregates_bucket(T("a"), -block_ns, block_ns));
	for (int64_t i = 0; i < 1000; i++) {
		used[aggregates_bucket(T("a"), i * block_ns, block_ns)]++;
	}
	for (int i = 0; i < AGGREGATE_BUCKETS; i++) {
		empty += used[i] < 10;
	}
	assert_int_equal(empty, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_add_up_and_come_back),
		cmocka_unit_test(finds_the_engine),
		cmocka_unit_test(bootstrap_sees_noise),
		cmocka_unit_test(fallbacks),
		cmocka_unit_test(rules),
		cmocka_unit_test(blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
