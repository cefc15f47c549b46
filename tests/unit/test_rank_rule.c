/* test_rank_rule.c: which rank of a joint step is the slowest, found from steps of engines with other proportions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "attribute/evidence/rank_rule.h"
#include "core/hash_index.h"

#define RANKS 3
#define STEPS 6000 /* more than are sampled */

/* A server: what a rank's own part takes, ns, and all ranks' tokens. */
struct server {
	double context_ns, pair_ns, token_ns, all_ns;
};

static int64_t drawn(uint64_t *seed, int64_t below) {
	return (int64_t)(hash_spread(*seed += UINT64_C(0x9e3779b97f4a7c15)) % (uint64_t)below);
}

static struct rank_batch batch_drawn(uint64_t *seed) {
	struct rank_batch b = {.decode_tokens = drawn(seed, 40)};

	b.decode_kv_tokens = b.decode_tokens * (200 + drawn(seed, 4000));
	if (drawn(seed, 3) == 0) {
		b.prefill_tokens = 1 + drawn(seed, 1000);
		b.prefill_kv_tokens = drawn(seed, 20000);
		b.prefill_token_kv = b.prefill_tokens * (b.prefill_kv_tokens + b.prefill_tokens / 2);
	}
	return b;
}

static double own_ns(const struct server *s, const struct rank_batch *b) {
	return s->context_ns * (double)b->decode_kv_tokens * (b->prefill_tokens > 0 ? 1.5 : 1) + s->pair_ns * (double)b->prefill_token_kv +
	       s->token_ns * (double)(b->prefill_tokens + b->decode_tokens);
}

/* One of so many steps is logged as 1000 times too short. */
static void draw_step(const struct server *server, uint64_t *seed, int64_t outlier, struct rank_batch ranks[RANKS], int64_t *duration_ns) {
	double slowest = 0, all = 0;

	for (int i = 0; i < RANKS; i++) {
		ranks[i] = batch_drawn(seed);
		slowest = own_ns(server, &ranks[i]) > slowest ? own_ns(server, &ranks[i]) : slowest;
		all += server->all_ns * (double)(ranks[i].prefill_tokens + ranks[i].decode_tokens);
	}
	double noise = 1 + ((double)drawn(seed, 2000) - 1000) / 1e5;
	*duration_ns = (int64_t)((8e6 + slowest + all) * noise) / (drawn(seed, outlier) == 0 ? 1000 : 1);
}

static struct rank_rule rule_found(const struct server *server, int steps, int64_t outlier, bool backward) {
	struct rank_sample *sample = rank_sample_new();
	struct rank_batch ranks[RANKS];
	uint64_t seed = 5;
	int64_t duration_ns;

	for (int i = 0; i < steps; i++) {
		draw_step(server, &seed, outlier, ranks, &duration_ns);
		rank_sample_step(sample, duration_ns);
		for (int k = 0; k < RANKS; k++) {
			rank_sample_add(sample, &ranks[backward ? RANKS - 1 - k : k]);
		}
	}
	struct rank_rule rule = rank_rule_find(sample);
	rank_sample_free(sample);
	return rule;
}

static int slowest_of(const struct rank_rule *rule, const struct rank_batch ranks[RANKS]) {
	int slowest = 0;

	for (int i = 1; i < RANKS; i++) {
		slowest = rank_slowness(rule, &ranks[i]) > rank_slowness(rule, &ranks[slowest]) ? i : slowest;
	}
	return slowest;
}

/* Steps of a thousand others in which the rule names a rank that takes clearly less than the slowest. */
static int mistaken(const struct server *server, const struct rank_rule *rule) {
	struct rank_batch ranks[RANKS];
	uint64_t seed = 99;
	int64_t duration_ns;
	int wrong = 0;

	for (int i = 0; i < 1000; i++) {
		draw_step(server, &seed, INT64_MAX, ranks, &duration_ns);
		double named = own_ns(server, &ranks[slowest_of(rule, ranks)]), slowest = 0;
		for (int k = 0; k < RANKS; k++) {
			slowest = own_ns(server, &ranks[k]) > slowest ? own_ns(server, &ranks[k]) : slowest;
		}
		wrong += named < 0.9 * slowest;
	}
	return wrong;
}

static const struct server servers[] = {
	{60, 1, 2000, 10000},  /* products are shared, arithmetic is fast */
	{60, 1, 40000, 4000},  /* products are each rank's own */
	{40, 8, 4000, 20000},  /* arithmetic is slow */
	{200, 2, 8000, 8000},
};

static void finds_the_slowest(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		struct rank_rule rule = rule_found(&servers[i], STEPS, INT64_MAX, false);
		assert_true(mistaken(&servers[i], &rule) <= 10);
	}
}

/* A rule that is fixed is wrong for some of them. */
static void differs_by_server(void **state) {
	struct rank_rule first = rule_found(&servers[0], STEPS, INT64_MAX, false), third = rule_found(&servers[2], STEPS, INT64_MAX, false);

	(void)state;
	assert_true(mistaken(&servers[0], &third) > 50);
	assert_true(mistaken(&servers[2], &first) > 50);
}

static void ignores_outliers(void **state) {
	struct rank_rule rule = rule_found(&servers[0], STEPS, 50, false);

	(void)state;
	assert_true(mistaken(&servers[0], &rule) <= 10);
}

static void order_has_no_effect(void **state) {
	struct rank_rule forward = rule_found(&servers[1], STEPS, 50, false), backward = rule_found(&servers[1], STEPS, 50, true);

	(void)state;
	assert_memory_equal(&forward, &backward, sizeof forward);
}

/* Few steps show too little: all servers then have the same rule. */
static void few_steps_have_a_common_rule(void **state) {
	struct rank_rule none = rule_found(&servers[0], 0, INT64_MAX, false), few = rule_found(&servers[2], 100, INT64_MAX, false);

	(void)state;
	assert_true(none.pairs > 0 && none.token > 0 && none.shared > 0 && none.shared < RANK_PARTS);
	assert_memory_equal(&none, &few, sizeof none);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_slowest),
		cmocka_unit_test(differs_by_server),
		cmocka_unit_test(ignores_outliers),
		cmocka_unit_test(order_has_no_effect),
		cmocka_unit_test(few_steps_have_a_common_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
