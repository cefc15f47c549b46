/* Windows of tokens and gauges: a law fitted to them and to the parameters in a model's name. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>

#include "attribute/laws/gauged.h"
#include "core/error.h"
#include "core/instant.h"
#include "core/model/roofline.h"

#define WINDOW_NS (10 * NS_PER_SECOND)
#define PROMPT_NTOK 1000

/* The law: a step, a prompt token. */
#define STEP_NS 10e6

struct named {
	const char *name;
	double params, active; /* in 1e9; 0: not known */
};

TEST(parameters_stand_in_names) {
	static const struct named names[] = {
		{"llama-3.1-8b", 8, 8}, {"meta-llama/Llama-3.1-70B-Instruct", 70, 70}, {"qwen3-30b-a3b", 30, 3}, {"Qwen/Qwen3-235B-A22B-FP8", 235, 22},
		{"mixtral-8x7b", 8 * 7 * 0.83, 7 * 0.83 * 2.2}, {"qwen2.5-0.5b", 0.5, 0.5}, {"gpt-oss-120b", 120, 120}, {"some-model", 0, 0},
		{"", 0, 0}, {"b", 0, 0}, {"8x", 0, 0}, {"model-8bit", 0, 0}, {"v3b2", 0, 0}, {"a3b", 0, 0}, {"x-0b", 0, 0},
		{"m-99999999999999999999999999b-a1b", 0, 0}, {"llama3.8b", 0, 0},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct proportions p;
		proportions_of(NULL, text_of(""), 1, NULL, text_of(names[i].name), &p);
		bool known = names[i].params > 0;
		if (p.params_known != known || fabs(p.params / 1e9 - (known ? names[i].params : 8)) > 1e-3 ||
		    fabs(p.active / 1e9 - (known ? names[i].active : 8)) > 1e-3) {
			fail_msg("%s: %g and %g", names[i].name, p.params, p.active);
		}
		assert_true(p.chosen >= 0 && p.chosen < 1 && (p.chosen > 0) == (p.active < p.params));
	}
}

TEST(the_card_says_the_ridge_and_the_cache) {
	struct gpu_catalogue *catalogue;
	struct proportions p;
	struct fault why;

	assert_true(gpu_catalogue_read(&catalogue, NULL, &why) >= 0);
	proportions_of(catalogue, text_of("H100-SXM5-80GB"), 1, NULL, text_of("llama-3.1-8b"), &p);
	assert_true(p.ridge_ntok > 250 && p.ridge_ntok < 350);
	/* 80 GB less a tenth and the weights, at 128 KiB a token */
	assert_true(p.cache_ntok > 350e3 && p.cache_ntok < 550e3);
	assert_true(fabs(p.least_ns / 4.8e6 - 1) < 0.1);
	proportions_of(catalogue, text_of("H100-SXM5-80GB"), 1, NULL, text_of("llama-3.1-70b"), &p);
	assert_true(p.cache_ntok == 0); /* it does not fit */
	gpu_catalogue_free(catalogue);
}

/* ---- the law ---- */

/* Always busy with the given number of sequences; prompts of PROMPT_NTOK tokens arrive one by one, one step each. */
static struct window_item busy_window(int64_t number, int64_t sequences, int64_t prompts, double token_ns) {
	double steps = ((double)WINDOW_NS - (double)prompts * PROMPT_NTOK * token_ns) / STEP_NS;

	return (struct window_item){
		.head = {.at_ns = number * WINDOW_NS, .kind = ITEM_WINDOW},
		.end_ns = (number + 1) * WINDOW_NS,
		.input_tokens = prompts * PROMPT_NTOK,
		.output_tokens = (int64_t)(steps * (double)sequences),
		.requests = UNKNOWN,
		.running = sequences,
		.steps = UNKNOWN,
		.context_tokens = sequences * PROMPT_NTOK,
		.waiting = 0,
		.cache_ppm = UNKNOWN,
		.input_is_computed = 1,
	};
}

static void note(struct gauged *g, const struct window_item *i, const struct proportions *p, int64_t number) {
	struct gauges before, after;
	struct gauged_window w;

	gauges_forget(&before);
	gauges_note(&before, i, p);
	after = before;
	gauges_note(&after, i, p);
	assert_true(gauged_window(i, ROLE_MIXED, &before, &after, p, &w));
	assert_true(w.throughout && w.has_row && w.has_context);
	gauged_note(g, (unsigned)number % GAUGED_BUCKETS, &w);
}

static struct gauged_model solved(int64_t windows, double token_ns, const struct proportions *p) {
	struct gauged *g = must_calloc(1, sizeof *g);
	struct gauged_model m;

	for (int64_t n = 0; n < windows; n++) {
		struct window_item i = busy_window(n, 8 + n * 7 % 24, 10 + n * 11 % 90, token_ns);
		note(g, &i, p, n);
	}
	assert_true(gauged_solve(g, NULL, p, &m));
	assert_int_equal(m.rows, windows);
	free(g);
	return m;
}

TEST(many_windows_decide_and_few_lean_on_what_is_known) {
	struct proportions p;

	proportions_of(NULL, text_of(""), 1, NULL, text_of("model-8b"), &p); /* a ridge of 300 tokens */
	double token_ns = STEP_NS / p.ridge_ntok;
	struct gauged_model few = solved(2, token_ns, &p), many = solved(400, 2 * token_ns, &p), as_known = solved(400, token_ns, &p);
	assert_true(fabs(few.ns[GAUGED_TOKEN] / few.ns[GAUGED_STEP] * p.ridge_ntok - 1) < 0.2);
	assert_true(many.ns[GAUGED_TOKEN] / many.ns[GAUGED_STEP] * p.ridge_ntok > 1.4);
	assert_true(many.share > as_known.share * 1.15);
	assert_true(few.share_sd > 0.3 * few.share && as_known.share_sd / as_known.share < few.share_sd / few.share);
	assert_true(few.tokens_a_step == 1);
}

/* With one gauge the number of sequences in a step is off by a factor, and so is the split. */
TEST(one_gauge_leaves_the_split_open) {
	struct proportions p;

	proportions_of(NULL, text_of(""), 1, NULL, text_of("model-8b"), &p);
	assert_true(solved(1, 30e3, &p).form_sd > 2);
	assert_true(solved(20, 30e3, &p).form_sd < 0.25);
}

/* Errors of the law that a small phase takes up are a larger part of it. */
TEST(a_small_phase_is_left_more_open) {
	struct proportions p;

	proportions_of(NULL, text_of(""), 1, NULL, text_of("model-8b"), &p);
	struct gauged_model equal = solved(40, 150e3, &p), small = solved(40, 5e3, &p);
	assert_true(equal.share > 0.3 && equal.share < 0.7 && small.share < 0.15);
	assert_true(equal.form_sd < 0.175 && small.form_sd > 1.15 * equal.form_sd);
}

TEST(windows_without_gauges_make_no_law) {
	struct window_item i = busy_window(0, 8, 10, STEP_NS / 300);
	struct proportions p;
	struct gauges g;
	struct gauged_window w;
	struct gauged *sums = must_calloc(1, sizeof *sums);
	struct gauged_model m;

	proportions_of(NULL, text_of(""), 1, NULL, text_of(""), &p);
	gauges_forget(&g);
	i.running = UNKNOWN;
	assert_false(gauged_window(&i, ROLE_MIXED, &g, &g, &p, &w));
	i.running = 0; /* its start is unknown: no row */
	assert_true(gauged_window(&i, ROLE_MIXED, &g, &g, &p, &w));
	assert_false(w.has_row || w.throughout);
	gauged_note(sums, 0, &w);
	assert_false(gauged_solve(sums, NULL, &p, &m));
	free(sums);
}

TEST(sums_do_not_depend_on_order) {
	struct gauged *one = must_calloc(4, sizeof *one), *two = &one[1], *ab = &one[2], *ba = &one[3];
	int128 totals[GAUGED_TOTALS];
	struct proportions p;

	proportions_of(NULL, text_of(""), 1, NULL, text_of(""), &p);
	for (int64_t n = 0; n < 16; n++) {
		struct window_item i = busy_window(n, 6 + n, 10 + n, STEP_NS / 300);
		note(n % 2 ? one : two, &i, &p, n);
	}
	gauged_join(ab, one);
	gauged_join(ab, two);
	gauged_join(ba, two);
	gauged_join(ba, one);
	assert_memory_equal(ab, ba, sizeof *ab);
	gauged_pack(ab, totals);
	assert_true(totals[2] == 16 && totals[3] == 16);
	free(one);
}

/* Impossible numbers are not a row, and nothing overflows. */
TEST(absurd_windows_are_left_out) {
	struct gauged *g = must_calloc(1, sizeof *g);
	struct window_item i = busy_window(0, 8, 10, STEP_NS / 300);
	struct gauges before, after;
	struct gauged_window w;
	struct proportions p;

	proportions_of(NULL, text_of(""), 1, NULL, text_of(""), &p);
	i.running = i.input_tokens = i.output_tokens = i.context_tokens = INT64_MAX;
	gauges_forget(&before);
	for (int n = 0; n < 100; n++) {
		gauges_note(&before, &i, &p);
	}
	after = before;
	if (gauged_window(&i, ROLE_MIXED, &before, &after, &p, &w)) {
		gauged_note(g, 0, &w);
	}
	assert_true(g->buckets[GAUGED_ALL][0].rows == 0);
	free(g);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_stand_in_names),
		cmocka_unit_test(the_card_says_the_ridge_and_the_cache),
		cmocka_unit_test(many_windows_decide_and_few_lean_on_what_is_known),
		cmocka_unit_test(one_gauge_leaves_the_split_open), cmocka_unit_test(a_small_phase_is_left_more_open),
		cmocka_unit_test(windows_without_gauges_make_no_law),
		cmocka_unit_test(sums_do_not_depend_on_order),
		cmocka_unit_test(absurd_windows_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
