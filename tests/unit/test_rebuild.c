/* Steps rebuilt from the timestamps of requests that an engine with a known law served. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>

#include "attribute/model/rebuild/rebuild.h"
#include "core/error.h"

#define REQUESTS 600
#define BEGIN_NS INT64_C(1790000000000000000)
#define GAP_NS 200000

struct engine {
	int64_t budget_ntok;
	struct rebuild_request list[REQUESTS];
	int64_t rest[REQUESTS], made[REQUESTS];
};

static uint64_t draw(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* The law: a floor, tokens, attention of prompts and of sequences. */
static double law_ns(const struct batch *b) {
	return 9e6 + 30e3 * (double)(b->prefill_tokens + b->decode_tokens) + 1.5 * (double)b->prefill_token_kv + 90 * (double)b->decode_kv_tokens;
}

static void arrive(struct engine *e, uint64_t seed) {
	int64_t at_ns = BEGIN_NS;

	for (int i = 0; i < REQUESTS; i++) {
		at_ns += (int64_t)(-150e6 * log(((double)draw(&seed) + 1) / 2147483649.0));
		int64_t prompt = 50 + (int64_t)(draw(&seed) % 1000), output = 5 + (int64_t)(draw(&seed) % 120);
		prompt += draw(&seed) % 8 == 0 ? 4000 : 0;
		e->list[i] = (struct rebuild_request){.arrival_ns = at_ns, .scheduled_ns = UNKNOWN, .first_token_ns = UNKNOWN, .compute_ntok = prompt,
		                                      .prompt_ntok = prompt, .output_ntok = output};
		e->rest[i] = prompt;
		e->made[i] = 0;
	}
}

/* One step from an instant on; returns when it ends, or the instant if there is nothing to do. */
static int64_t step(struct engine *e, int64_t at_ns) {
	struct batch b = {0};
	bool decodes[REQUESTS] = {false};
	int64_t taken[REQUESTS] = {0};

	for (int i = 0; i < REQUESTS; i++) {
		struct rebuild_request *q = &e->list[i];
		if (q->first_token_ns != UNKNOWN && e->made[i] < q->output_ntok) {
			decodes[i] = true;
			b.decode_tokens++;
			b.decode_kv_tokens += q->prompt_ntok + e->made[i];
		}
	}
	int64_t room = e->budget_ntok - b.decode_tokens;
	for (int i = 0; i < REQUESTS && room > 0; i++) {
		struct rebuild_request *q = &e->list[i];
		if (q->arrival_ns > at_ns || e->rest[i] == 0) {
			continue;
		}
		q->scheduled_ns = q->scheduled_ns == UNKNOWN ? at_ns : q->scheduled_ns;
		taken[i] = e->rest[i] < room ? e->rest[i] : room;
		int64_t before = q->compute_ntok - e->rest[i];
		b.prefill_tokens += taken[i];
		b.prefill_token_kv += taken[i] * before + taken[i] * taken[i] / 2;
		room -= taken[i];
	}
	if (b.prefill_tokens + b.decode_tokens == 0) {
		return at_ns;
	}
	int64_t end_ns = at_ns + (int64_t)law_ns(&b);
	for (int i = 0; i < REQUESTS; i++) {
		struct rebuild_request *q = &e->list[i];
		e->rest[i] -= taken[i];
		e->made[i] += decodes[i];
		if (taken[i] > 0 && e->rest[i] == 0) {
			q->first_token_ns = q->finish_ns = end_ns;
			e->made[i] = 1;
		}
		q->finish_ns = decodes[i] ? end_ns : q->finish_ns;
	}
	return end_ns;
}

static void serve(struct engine *e) {
	int64_t at_ns = BEGIN_NS;
	int next = 0;

	while (next < REQUESTS || at_ns > 0) {
		int64_t end_ns = step(e, at_ns);
		if (end_ns > at_ns) {
			at_ns = end_ns + GAP_NS;
			continue;
		}
		while (next < REQUESTS && e->list[next].arrival_ns <= at_ns) {
			next++;
		}
		if (next == REQUESTS) {
			return;
		}
		at_ns = e->list[next].arrival_ns;
	}
}

static void rebuild_of(const struct engine *e, bool guesses, struct rebuild *r, struct rebuilt *to) {
	*r = (struct rebuild){.guesses = guesses, .from_ns = INT64_MIN, .until_ns = INT64_MAX};
	for (int i = 0; i < REQUESTS; i++) {
		struct rebuild_request *q = rebuild_add(r);
		*q = e->list[i];
		q->scheduled_ns = guesses ? q->arrival_ns : q->scheduled_ns;
	}
	assert_true(rebuild_fit(r, T("a"), to));
}

static void assert_near_law(const struct step_model *m, struct batch b, double most) {
	double off = step_model_ns(m, &b) / law_ns(&b) - 1;

	if (fabs(off) > most) {
		fail_msg("a step of %d prompt tokens and %d sequences is %.1f %% off", (int)b.prefill_tokens, (int)b.decode_tokens, 100 * off);
	}
}

static const struct batch batches[] = {
	{.decode_tokens = 4, .decode_kv_tokens = 4000},
	{.decode_tokens = 8, .decode_kv_tokens = 9000},
	{.prefill_tokens = 600, .prefill_token_kv = 180000, .decode_tokens = 6, .decode_kv_tokens = 6000},
	{.prefill_tokens = 2000, .prefill_token_kv = 4000000, .decode_tokens = 6, .decode_kv_tokens = 6000},
};

static void check(int64_t budget_ntok, bool guesses, double most) {
	struct engine *e = must_calloc(1, sizeof *e);
	struct rebuilt *to = must_calloc(1, sizeof *to);
	struct rebuild r;
	struct rebuilt_model m;

	e->budget_ntok = budget_ntok;
	arrive(e, 7);
	serve(e);
	rebuild_of(e, guesses, &r, to);
	assert_int_equal(r.budget_ntok, budget_ntok);
	assert_true(r.tokens_a_step == 1);
	assert_true(rebuilt_solve(to, &m));
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
		assert_near_law(&m.steps, batches[i], most);
	}
	assert_true(m.drawn_sd > 0 && m.drawn_sd < 0.05);
	assert_int_equal(m.guesses, guesses);
	rebuild_release(&r);
	free(to);
	free(e);
}

TEST(the_law_comes_out_of_requests_instants) {
	check(2048, false, 0.03);
	check(8192, false, 0.03);
}

TEST(without_scheduled_it_is_guessed) {
	check(2048, true, 0.06);
}

/* The sums of shards equal those of one run over all logs. */
TEST(sums_do_not_depend_on_order) {
	struct engine *e = must_calloc(1, sizeof *e);
	struct rebuilt *one = must_calloc(3, sizeof *one), *ab = &one[1], *ba = &one[2];
	struct rebuild r;

	e->budget_ntok = 2048;
	arrive(e, 3);
	serve(e);
	rebuild_of(e, false, &r, one);
	rebuilt_join(ab, one);
	rebuild_release(&r);
	arrive(e, 4);
	serve(e);
	struct rebuilt *other = must_calloc(1, sizeof *other);
	rebuild_of(e, false, &r, other);
	rebuild_release(&r);
	rebuilt_join(ab, other);
	rebuilt_join(ba, other);
	rebuilt_join(ba, one);
	assert_memory_equal(ab, ba, sizeof *ab);
	free(other);
	free(one);
	free(e);
}

TEST(a_chunk_waits_for_its_end) {
	assert_int_equal(rebuild_chunk(100, 2048, true), 100);
	assert_int_equal(rebuild_chunk(100, 2048, false), 0);
	assert_int_equal(rebuild_chunk(5000, 2048, false), 2048);
	assert_int_equal(rebuild_chunk(5000, 0, true), 0);
}

TEST(steps_end_at_instants) {
	assert_int_equal(rebuild_end(0, 100000000, true, 10e6, 0), 100000000);  /* a prompt ends there */
	assert_int_equal(rebuild_end(0, 100000000, false, 80e6, 0), 100000000); /* it fills the time */
	assert_int_equal(rebuild_end(0, 100000000, false, 30e6, 0), 30000000);
	assert_int_equal(rebuild_end(0, 100000000, false, 80e6, 80e6), 50000000); /* the same number of tokens remains */
}

/* A prompt of 10,000 tokens in steps of 1000 has its first token 200 ms after the first of them began: 20 ms each. */
TEST(a_prompt_ends_at_its_first_token) {
	struct step_model m = {.has_attention = true, .has_context = true};
	const struct batch b = {.prefill_tokens = 1000, .decode_tokens = 1};
	struct rebuild_chunks c = {false};

	m.ns[TERM_TOKENS] = 10e3; /* a step of 10 ms */
	rebuild_note_chunk(&c, 1000, 9000, false, 205000000);
	rebuild_note_chunk(&c, 0, 500, false, 300000000);
	assert_int_equal(c.head_rest_ntok, 9000);
	assert_false(c.finishes);
	assert_float_equal(rebuild_stretch(&m, &b, 5000000, 10e6, &c, 1000, 0), 2, 0.01);
	assert_float_equal(rebuild_stretch(&m, &b, 195000000, 10e6, &c, 1000, 0), 0.25, 0.01); /* no shorter than a quarter */
	c = (struct rebuild_chunks){false};
	rebuild_note_chunk(&c, 1000, 0, true, 205000000);
	assert_true(c.finishes);
	assert_float_equal(rebuild_stretch(&m, &b, 5000000, 10e6, &c, 1000, 0), 1, 0);
}

/* ---- guesses ---- */

/* Two sequences run at a time: a third waits for the end of the first, at 100 ms. */
TEST(who_has_no_place_waits_for_an_end) {
	struct step_model m = {.has_attention = true, .has_context = true};
	struct guess g = {.most_sequences = 2};
	struct guess_request first = {.arrival_ns = 1000000, .first_token_ns = 41000000, .finish_ns = 100000000, .compute_ntok = 1000,
	                              .prompt_ntok = 1000, .output_ntok = 50};
	struct guess_request second = {.arrival_ns = 2000000, .first_token_ns = 81000000, .finish_ns = 900000000, .compute_ntok = 1000,
	                               .prompt_ntok = 1000, .output_ntok = 50};
	struct guess_request third = {.arrival_ns = 3000000, .first_token_ns = 140000000, .finish_ns = 900000000, .compute_ntok = 1000,
	                              .prompt_ntok = 1000, .output_ntok = 50};

	m.ns[TERM_TOKENS] = 40e3;
	guess_scheduled(&g, &m, 2048, &first, 1);
	guess_scheduled(&g, &m, 2048, &second, 1);
	guess_scheduled(&g, &m, 2048, &third, 1);
	assert_int_equal(second.scheduled_ns, 41000000);
	assert_int_equal(third.scheduled_ns, 100000000);
	assert_true(third.certain);
	guess_release(&g);
}

TEST(who_waited_began_when_the_last_step_ended) {
	struct step_model m = {.has_attention = true, .has_context = true};
	struct guess g = {0};
	struct guess_request first = {.arrival_ns = 1000000, .first_token_ns = 41000000, .finish_ns = 900000000, .compute_ntok = 1000,
	                              .prompt_ntok = 1000, .output_ntok = 50};
	struct guess_request second = {.arrival_ns = 20000000, .first_token_ns = 81000000, .finish_ns = 900000000, .compute_ntok = 1000,
	                               .prompt_ntok = 1000, .output_ntok = 50};
	struct guess_request third = {.arrival_ns = 200000000, .first_token_ns = 260000000, .finish_ns = 900000000, .compute_ntok = 1000,
	                              .prompt_ntok = 1000, .output_ntok = 50};

	m.ns[TERM_FLOOR] = 10e6;
	m.ns[TERM_TOKENS] = 30e3;
	guess_scheduled(&g, &m, 2048, &first, 1);
	assert_int_equal(first.scheduled_ns, 1000000); /* it found no work */
	assert_true(first.certain);
	guess_scheduled(&g, &m, 2048, &second, 1);
	assert_int_equal(second.scheduled_ns, 41000000);
	assert_true(second.certain);
	guess_scheduled(&g, &m, 2048, &third, 1);
	assert_int_equal(third.scheduled_ns, 260000000 - 40060000); /* two other sequences: by the model */
	assert_false(third.certain);
	guess_release(&g);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_law_comes_out_of_requests_instants),
		cmocka_unit_test(without_scheduled_it_is_guessed),
		cmocka_unit_test(sums_do_not_depend_on_order),
		cmocka_unit_test(a_chunk_waits_for_its_end),
		cmocka_unit_test(steps_end_at_instants),
		cmocka_unit_test(a_prompt_ends_at_its_first_token),
		cmocka_unit_test(who_has_no_place_waits_for_an_end),
		cmocka_unit_test(who_waited_began_when_the_last_step_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
