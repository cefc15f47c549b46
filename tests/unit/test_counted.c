/* Windows of engines that count their steps: a law that is fitted to their sums. */
#include "tests/unit/unit.h"

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
#define GAP_NS COUNTED_GAP_NS

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
	const struct counted_gauges before = {.running = i->running, .context_tokens = 0};

	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		struct counted_window w, several = {0};
		counted_window(i, ROLE_MIXED, &before, counted_budget_ntok[k], 0, &w);
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

TEST(the_law_comes_out_of_counts) {
	struct counted *c = must_calloc(1, sizeof *c);
	struct counted_model m;

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
	const struct counted_gauges before = {.running = 10, .context_tokens = 0};
	counted_window(&i, ROLE_MIXED, &before, m.budget_ntok, 0, &w);
	double prefill = 40 * (1000 * TOKEN_NS + (STEP_NS + 0 * SEQUENCE_NS) / 2), all = (double)WINDOW_NS - (double)i.steps * GAP_NS;
	assert_true(fabs(counted_ns(&m, &w) / all - 1) < 0.05);
	assert_true(fabs(counted_share(&m, &w, RULE_SHAPLEY) / (prefill / all) - 1) < 0.12);
	free(c);
}

/* A gauge of 0 at an end, or a day's first window: work began or ended in it, however long its steps were. */
TEST(busy_throughout) {
	static const struct {
		int64_t before, after, finished;
		double part; /* of the steps that fill the window */
		bool throughout;
	} rows[] = {
		{4, 4, 100, 1.0, true}, {4, 4, 100, 0.8, true}, {4, 4, 100, 0.6, false}, {4, 4, 3, 0.1, true},
		{1, 1, 100, 1.0, true}, {1, 1, 100, 0.8, false}, {0, 9, 100, 1.0, false}, {9, 0, 100, 1.0, false},
		{UNKNOWN, 9, 100, 1.0, false}, {UNKNOWN, UNKNOWN, 100, 1.0, true},
	};

	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		struct window_item i = busy_window(0, 4, 10);
		const struct counted_gauges before = {.running = rows[n].before, .context_tokens = 0};
		struct counted_window w;
		i.running = rows[n].after;
		i.prompts = rows[n].finished;
		i.steps = (int64_t)(rows[n].part * (double)i.steps);
		i.sequence_steps = 4 * i.steps;
		i.sequence_ns = (int64_t)((double)WINDOW_NS * rows[n].part * 4);
		counted_window(&i, ROLE_MIXED, &before, 2048, 0, &w);
		assert_int_equal(w.throughout, rows[n].throughout);
	}
}

/* Steps of 512 or of 8192 tokens in which long prompts are computed: the times between tokens differ, and show which it was. */
TEST(times_between_tokens_show_the_budget) {
	static const int64_t within_small[] = {0, 0, 900, 1000, 1000, 1000, 1000}, within_large[] = {0, 0, 980, 980, 980, 980, 1000};
	const struct counted_gauges before = {.running = 6, .context_tokens = 0};
	const double ns[COUNTED_TERMS] = {[COUNTED_STEP] = 30e6, [COUNTED_SEQUENCE] = 50e3, [COUNTED_TOKEN] = 60e3, [COUNTED_PROMPT] = 30e6};
	double off[2][2];

	for (int seen = 0; seen < 2; seen++) {
		const int64_t *within = seen ? within_large : within_small;
		struct counted *c = must_calloc(1, sizeof *c);
		struct window_item i = busy_window(0, 6, 3);
		i.sequence_steps = 1000;
		i.steps = 1000 / 6;
		i.sequence_square = 6000;
		i.prompt_steps = seen ? 3 : 17;
		i.input_tokens = i.prompt_tokens = 3 * 8000;
		i.prompt_square = INT64_C(3) * 8000 * 8000;
		i.within_10ms = within[0];
		i.within_25ms = within[1];
		i.within_50ms = within[2];
		i.within_100ms = within[3];
		i.within_200ms = within[4];
		i.within_400ms = within[5];
		i.within_1000ms = within[6];
		for (int k = 0; k < COUNTED_BUDGETS; k++) {
			struct counted_window w;
			counted_window(&i, ROLE_MIXED, &before, counted_budget_ntok[k], 0, &w);
			counted_note_latencies(c, k, &i, &w);
		}
		off[seen][0] = counted_latencies_off(c, 0, ns);
		off[seen][1] = counted_latencies_off(c, 4, ns);
		free(c);
	}
	assert_true(off[0][0] < off[0][1] && off[1][1] < off[1][0]);
	assert_true(off[0][0] >= 0 && off[1][1] >= 0);
}

/* Without buckets, or with preemptions, they say nothing. */
TEST(times_between_tokens_unknown) {
	const struct counted_gauges before = {.running = 6, .context_tokens = 0};
	const double ns[COUNTED_TERMS] = {[COUNTED_STEP] = 30e6};

	for (int n = 0; n < 2; n++) {
		struct counted *c = must_calloc(1, sizeof *c);
		struct window_item i = busy_window(0, 6, 3);
		struct counted_window w;
		i.within_200ms = n == 0 ? UNKNOWN : 0;
		i.preempted = n;
		counted_window(&i, ROLE_MIXED, &before, 2048, 0, &w);
		counted_note_latencies(c, 2, &i, &w);
		assert_true(counted_latencies_off(c, 2, ns) == 0);
		assert_true(c->by[2].fast[COUNTED_SEQUENCE] == 0);
		free(c);
	}
}

/* Prompts of 4000 tokens: the fewer tokens a step has room for, the more steps have prompts. */
TEST(steps_of_long_prompts) {
	static const double budgets[] = {512, 1024, 2048, 4096, 8192}, least[] = {7.8, 3.9, 2.0, 0.99, 0.99}, most[] = {8.9, 4.9, 2.8, 1.6, 1.1};

	for (size_t k = 0; k < sizeof budgets / sizeof *budgets; k++) {
		struct window_item i = busy_window(0, 4, 10);
		const struct counted_gauges before = {.running = 4, .context_tokens = 0};
		struct counted_window w;
		i.input_tokens = i.prompt_tokens = 10 * 4000;
		i.prompt_square = INT64_C(10) * 4000 * 4000;
		counted_window(&i, ROLE_MIXED, &before, budgets[k], 0, &w);
		assert_true(w.all[COUNTED_PROMPT] >= 10 * least[k] && w.all[COUNTED_PROMPT] <= 10 * most[k]);
	}
}

/* 120 prompts of 1000 tokens in 60 steps of 2048: they wait for each other, and most ends of steps cut one. Few: none. */
TEST(queued_prompts_are_cut) {
	static const struct {
		double prompts;
		int64_t steps; /* with prompts */
		double least, most;
	} rows[] = {{120, 60, 170, 180}, {6, 6, 6, 6.3}};

	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		struct window_item i = busy_window(0, 4, rows[n].prompts);
		const struct counted_gauges before = {.running = 4, .context_tokens = 0};
		struct counted_window w;
		i.prompt_steps = rows[n].steps;
		counted_window(&i, ROLE_MIXED, &before, 2048, 0, &w);
		assert_true(w.prompts[COUNTED_PROMPT] >= rows[n].least && w.prompts[COUNTED_PROMPT] <= rows[n].most);
	}
}

/* Sequences leave no room in steps of 512 tokens: prompts take more steps. */
TEST(sequences_take_room) {
	struct counted_window few, many;
	const struct counted_gauges before = {.running = 4, .context_tokens = 0};
	struct window_item i = busy_window(0, 4, 10);

	counted_window(&i, ROLE_MIXED, &before, 512, 0, &few);
	i = busy_window(0, 256, 10);
	counted_window(&i, ROLE_MIXED, &before, 512, 0, &many);
	assert_true(many.all[COUNTED_PROMPT] > 1.5 * few.all[COUNTED_PROMPT]);
}

/* The context of a preempted sequence is computed again. */
TEST(preempted_contexts_are_prompts) {
	struct window_item i = busy_window(0, 4, 10);
	const struct counted_gauges before = {.running = 4, .context_tokens = 8000};
	struct counted_window w;

	i.context_tokens = 8000;
	i.preempted = 5;
	counted_window(&i, ROLE_MIXED, &before, 2048, 0, &w);
	assert_true(fabs(w.all[COUNTED_TOKEN] - (10 * 1000 + 5 * 2000)) < 1);
}

/* A prompt of 64,000 tokens is computed in three windows and counted in the last: the cache's gauge shows how far it is. */
TEST(prompts_in_progress_are_followed) {
	static const struct {
		int64_t running, context, input, output, first, finished, finished_ntok, sequence_steps;
		double decoding, ntok;
	} rows[] = {
		{1, 20000, 0, 0, 0, 0, 0, 0, 0, 20000},
		{2, 51010, 1000, 11, 1, 0, 0, 10, 1, 50010 - 5.5},
		{1, 64003, 64000, 13, 1, 1, 1000, 12, 1, 0},
		{0, 0, 0, 20, 0, 1, 64000, 20, 0, 0},
	};
	struct counted_begun b = {.known = false};

	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		struct window_item i = busy_window(0, (double)rows[n].running, (double)rows[n].first);
		i.context_tokens = rows[n].context;
		i.input_tokens = rows[n].input;
		i.output_tokens = rows[n].output;
		i.sequence_steps = rows[n].sequence_steps;
		i.prompts = rows[n].finished;
		i.prompt_tokens = rows[n].finished_ntok;
		counted_begun_next(&b, &i);
		assert_true(b.known && b.decoding == rows[n].decoding && fabs(b.ntok - rows[n].ntok) < 1e-6);
	}
}

/* A log that begins with eight sequences, of which seven decode on average. */
TEST(sequences_at_the_start_of_a_log) {
	struct window_item i = busy_window(0, 7, 20);
	struct counted_begun b = {.known = false};

	i.running = 8;
	i.context_tokens = 80000;
	counted_begun_next(&b, &i);
	assert_true(b.decoding == 7 && b.prompts == 1 && b.ntok > 0 && b.ntok <= 10000);
}

/* A window in which a prompt is computed and no step makes a token: all of its time is of prompts. */
TEST(a_window_within_a_prompt) {
	const struct counted_gauges before = {.running = 1, .context_tokens = 20000, .begun_ntok = 30000, .begun_pairs = 1.05e9, .followed = true};
	struct window_item i = busy_window(0, 1, 0);
	struct counted_window w;

	i.steps = i.sequence_steps = i.sequence_ns = i.sequence_square = i.output_tokens = 0;
	i.context_tokens = 50000;
	assert_true(counted_has(&i));
	counted_window(&i, ROLE_MIXED, &before, 2048, 0, &w);
	assert_true(w.throughout && !w.long_prompts && w.step_ns > 0);
	assert_true(w.all[COUNTED_TOKEN] == 30000 && w.all[COUNTED_ATTENTION] == 1.05e9 && fabs(w.all[COUNTED_PROMPT] - 30000.0 / 2048) < 0.01);
	assert_true(w.pure[COUNTED_TOKEN] == 30000 && w.mixed[COUNTED_TOKEN] == 0 && w.all[COUNTED_STEP] < 0.01);
}

/* One sequence chooses a quarter of the experts, many choose all: a step's floor is read in part. */
TEST(few_sequences_read_few_experts) {
	static const struct {
		double sequences, chosen, part;
	} rows[] = {{1, 0.25, 0.3625}, {1, 0, 1}, {64, 0.25, 1}};

	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		struct window_item i = busy_window(0, rows[n].sequences, 0);
		const struct counted_gauges before = {.running = i.running, .context_tokens = 0};
		struct counted_window w;
		counted_window(&i, ROLE_MIXED, &before, 2048, rows[n].chosen, &w);
		assert_true(fabs(w.all[COUNTED_STEP] / (double)i.steps - rows[n].part) < 1e-3);
		assert_true(fabs(w.seen[COUNTED_STEP] / (double)i.sequence_steps - rows[n].part) < 1e-3);
	}
}

TEST(sums_do_not_depend_on_order) {
	struct counted *one = must_calloc(4, sizeof *one), *two = &one[1], *ab = &one[2], *ba = &one[3];

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
		cmocka_unit_test(busy_throughout),
		cmocka_unit_test(times_between_tokens_show_the_budget), cmocka_unit_test(times_between_tokens_unknown),
		cmocka_unit_test(steps_of_long_prompts), cmocka_unit_test(queued_prompts_are_cut),
		cmocka_unit_test(sequences_take_room), cmocka_unit_test(preempted_contexts_are_prompts),
		cmocka_unit_test(prompts_in_progress_are_followed), cmocka_unit_test(sequences_at_the_start_of_a_log),
		cmocka_unit_test(a_window_within_a_prompt),
		cmocka_unit_test(few_sequences_read_few_experts),
		cmocka_unit_test(sums_do_not_depend_on_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
