/* Windows of engines that count their steps: a law that is fitted to their sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "attribute/laws/counted.h"
#include "core/error.h"
#include "core/instant.h"

#define WINDOW_NS (15 * NS_PER_SECOND)
#define WINDOWS 64
#define RIDGE_NTOK 300

/* The law: a step, a sequence, a prompt token. */
#define STEP_NS 10e6
#define SEQUENCE_NS 50e3
#define TOKEN_NS 35e3
#define GAP_NS 200e3

/* A window in which the given number of sequences decode throughout and prompts of 1000 tokens arrive one by one. */
static struct window_item busy_window(int64_t number, double sequences, double prompts) {
	double decode_ns = STEP_NS + SEQUENCE_NS * sequences + GAP_NS, mixed_ns = decode_ns + 1000 * TOKEN_NS;
	double steps = ((double)WINDOW_NS - prompts * (mixed_ns - decode_ns)) / decode_ns, seen = sequences * (double)WINDOW_NS;

	return (struct window_item){
		.head = {.at_ns = number * WINDOW_NS, .kind = ITEM_WINDOW},
		.end_ns = (number + 1) * WINDOW_NS,
		.input_tokens = (int64_t)(1000 * prompts),
		.output_tokens = (int64_t)(steps * sequences),
		.requests = UNKNOWN,
		.running = (int64_t)sequences,
		.steps = (int64_t)steps,
		.prompt_steps = (int64_t)prompts,
		.sequence_steps = (int64_t)(steps * sequences),
		.sequence_ns = (int64_t)seen,
		.sequence_square = (int64_t)(steps * sequences * sequences),
		.first_tokens = (int64_t)prompts,
		.prompt_ns = (int64_t)(prompts * mixed_ns),
		.prompts = (int64_t)prompts,
		.prompt_tokens = (int64_t)(1000 * prompts),
		.prompt_square = (int64_t)(1000000 * prompts),
		.prompt_chunks = (int64_t)prompts,
		.context_tokens = 0,
		.preempted = 0,
	};
}

static void note(struct counted *c, const struct window_item *i, int64_t number) {
	const struct counted_gauges before = {i->running, 0};

	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		struct counted_window w, several = {0};
		counted_window(i, ROLE_MIXED, &before, counted_budget_ntok[k], &w);
		assert_true(w.throughout);
		counted_note_totals(&c->by[k], &w);
		counted_note_throughout(&c->by[k], (unsigned)number % COUNTED_BUCKETS, &w);
		counted_window_add(&several, &w);
		counted_note_seen(&c->by[k], (unsigned)number % COUNTED_BUCKETS, &several);
		if (k == 0) {
			counted_note_steps(c, &w);
		}
	}
}

static void the_law_comes_out_of_counts(void **state) {
	struct counted *c = must_calloc(1, sizeof *c);
	struct counted_model m;

	(void)state;
	for (int64_t n = 0; n < WINDOWS; n++) {
		struct window_item i = busy_window(n, 6 + (double)(n * 7 % 20), (double)(10 + n * 11 % 60));
		assert_true(counted_has(&i));
		note(c, &i, n);
	}
	assert_true(counted_solve(c, RIDGE_NTOK, &m));
	assert_true(fabs(m.ns[COUNTED_STEP] / STEP_NS - 1) < 0.1);
	assert_true(fabs(m.ns[COUNTED_TOKEN] / TOKEN_NS - 1) < 0.15);
	assert_true(m.share_sd > 0.005 && m.share_sd < 0.1);
	struct window_item i = busy_window(0, 10, 40);
	struct counted_window w;
	const struct counted_gauges before = {10, 0};
	counted_window(&i, ROLE_MIXED, &before, m.budget_ntok, &w);
	double prefill = 40 * (1000 * TOKEN_NS + (STEP_NS + 0 * SEQUENCE_NS) / 2), all = (double)WINDOW_NS - (double)i.steps * GAP_NS;
	assert_true(fabs(counted_ns(&m, &w) / all - 1) < 0.05);
	assert_true(fabs(counted_share(&m, &w, RULE_SHAPLEY) / (prefill / all) - 1) < 0.12);
	free(c);
}

static void sums_do_not_depend_on_order(void **state) {
	struct counted *one = must_calloc(4, sizeof *one), *two = &one[1], *ab = &one[2], *ba = &one[3];

	(void)state;
	for (int64_t n = 0; n < 16; n++) {
		struct window_item i = busy_window(n, 6 + (double)n, (double)(10 + n));
		note(n % 2 ? one : two, &i, n);
	}
	counted_join(ab, one);
	counted_join(ab, two);
	counted_join(ba, two);
	counted_join(ba, one);
	assert_memory_equal(ab, ba, sizeof *ab);
	free(one);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_law_comes_out_of_counts),
		cmocka_unit_test(sums_do_not_depend_on_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
