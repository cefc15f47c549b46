/* The replay of an engine: steps by hand, places and budgets, and requests that leave and arrive computed. */
#include "tests/unit/unit.h"

#include <string.h>

#include "report/estimate/replay.h"

/* 1,000 ns a step, 10 ns a token, 1 ns a token of the decoders' contexts, 0.01 ns a pair of prefill. */
static const struct fitted_model model = {.fitted = true, .floor_ns = 1000, .token_ns = 10, .decode_kv_ns = 1, .prefill_token_kv_ns = 0.01};

static struct replay *engine(int64_t chunk, int64_t places) {
	struct replay *r = replay_new(&(struct replay_options){.chunk = chunk, .max_batch = places});
	replay_model(r, &model);
	return r;
}

static void add(struct replay *r, int64_t at, int64_t prompt, int64_t cached, int64_t completion) {
	struct fault why;
	assert_int_equal(replay_add(r, &(struct replay_request){.arrival_ns = at, .prompt = prompt, .cached = cached, .completion = completion}, &why), 0);
}

/*
 * A prompt of 100 and 3 tokens: 1000 + 100 x 10 + 5000 x 0.01 = 2050; then two steps with 100 and 101 tokens of
 * context: 1110 and 1111.
 */
TEST(test_one) {
	struct fault why;
	struct replay *r = engine(2048, 256);
	add(r, 5000, 100, 0, 3);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_int_equal(s->prefill_ns, 2050);
	assert_int_equal(s->decode_ns, 1110 + 1111);
	assert_int_equal(s->busy_ns, 2050 + 1110 + 1111);
	assert_int_equal(s->steps, 3);
	assert_int_equal(s->decode_slots, 2);
	assert_int_equal(s->output, 3);
	assert_int_equal(s->first_token_wait_ns, 2050);
	replay_free(r);
}

/* 100 tokens in chunks of 40, the first 20 of them cached: 40 + 40 + 0 … that is two steps of 40. */
TEST(test_chunks) {
	struct fault why;
	struct replay *r = engine(40, 256);
	add(r, 0, 100, 20, 1);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	/* pairs: 40 x (20 + 20), 40 x (60 + 20); cached of them 40 x 20 in each step */
	assert_int_equal(s->busy_ns, 1000 + 400 + 16 + 1000 + 400 + 32);
	assert_int_equal(s->steps, 2);
	assert_int_equal(s->cached_ns, 8 + 8);
	assert_int_equal(s->input, 100);
	assert_int_equal(s->input_cached, 20);
	replay_free(r);
}

/* One slot: the second request waits until the first one is done. */
TEST(test_places) {
	struct fault why;
	struct replay *r = engine(2048, 1);
	add(r, 0, 100, 0, 2);
	add(r, 1, 100, 0, 1);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_int_equal(s->busy_ns, 2050 + 1110 + 2050);
	assert_int_equal(s->first_token_wait_ns, 2050 + (2050 + 1110 + 2050 - 1));
	replay_free(r);
}

/* A decoder beside a prompt: 1000 + 10 x (100 + 1) + 50 + 100; alone they take 2050 and 1110: prefill bears half of
 * 2160 + 2050 - 1110. */
TEST(test_mixed) {
	struct fault why;
	struct replay *r = engine(2048, 256);
	add(r, 0, 100, 0, 2);
	add(r, 2000, 100, 0, 1);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_int_equal(s->busy_ns, 2050 + 2160);
	assert_int_equal(s->prefill_ns, 2050 + (2160 + 2050 - 1110) / 2);
	assert_int_equal(s->prefill_ns + s->decode_ns, s->busy_ns);
	replay_free(r);
}

static int note(void *context, const struct replay_request *q, int64_t at_ns, struct fault *why) {
	(void)why;
	int64_t *noted = context;
	noted[0] = at_ns;
	noted[1] = q->to;
	return 0;
}

/*
 * Steps of eleven days (no longer step is played): waits of 200 requests are more than 64 bits hold, and what ends in centuries is an
 * error. One slot: the k-th of them begins after 2k steps, a prompt and a token each.
 */
static void test_centuries(void **state) {
	(void)state;
	static const struct fitted_model slow = {.fitted = true, .floor_ns = 1e18};
	struct fault why = {0};
	struct replay *r = engine(2048, 1);
	replay_model(r, &slow);
	for (int i = 0; i < 200; i++) {
		add(r, 0, 100, 0, 2);
	}
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_true(s->busy_ns == (int128)400 * 1000000000000000);
	assert_true(s->first_token_wait_ns == (int128)200 * 200 * 1000000000000000);
	replay_free(r);

	r = engine(2048, 1);
	replay_model(r, &slow);
	add(r, 0, 100, 0, 10000);
	assert_int_equal(replay_end(r, &why), ERROR_RANGE);
	assert_string_equal(why.message, "the replay of these requests takes centuries, expected shorter logs, more --load or a larger --max-batch");
	replay_free(r);
}

/* A request that leaves is reported when its prompt is computed; elsewhere it begins with its second token. */
TEST(test_apart) {
	struct fault why;
	int64_t noted[2] = {0};
	struct replay *r = replay_new(&(struct replay_options){.chunk = 2048, .max_batch = 256, .done = note, .context = noted});
	replay_model(r, &model);
	assert_int_equal(replay_add(r, &(struct replay_request){.arrival_ns = 7, .prompt = 100, .completion = 3, .leaves = true, .to = 9}, &why), 0);
	assert_int_equal(replay_end(r, &why), 0);
	assert_int_equal(noted[0], 7 + 2050);
	assert_int_equal(noted[1], 9);
	assert_int_equal(replay_result(r)->decode_ns, 0);
	replay_free(r);

	r = engine(2048, 256);
	assert_int_equal(replay_add(r, &(struct replay_request){.arrival_ns = 7, .prompt = 100, .completion = 3, .prefilled = true}, &why), 0);
	assert_int_equal(replay_add(r, &(struct replay_request){.arrival_ns = 8, .prompt = 100, .completion = 1, .prefilled = true}, &why), 0);
	assert_int_equal(replay_end(r, &why), 0);
	assert_int_equal(replay_result(r)->busy_ns, 1110 + 1111);
	assert_int_equal(replay_result(r)->output, 2);
	replay_free(r);
}

/* Every token of every request is computed, with any budget and number of slots. */
TEST(test_nothing_lost) {
	for (int64_t chunk = 1; chunk <= 64; chunk *= 4) {
		for (int64_t places = 1; places <= 64; places *= 8) {
			struct fault why;
			struct replay *r = engine(chunk, places);
			uint64_t seed = 7;
			int64_t at = 0, input = 0, output = 0;
			for (int i = 0; i < 300; i++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				int64_t prompt = 1 + (int64_t)((seed >> 33) % 50), completion = 1 + (int64_t)((seed >> 45) % 20);
				at += (int64_t)((seed >> 40) % 20000);
				add(r, at, prompt, prompt / 3, completion);
				input += prompt;
				output += completion;
			}
			assert_int_equal(replay_end(r, &why), 0);
			const struct replay_sums *s = replay_result(r);
			assert_int_equal(s->requests, 300);
			assert_int_equal(s->input, input);
			assert_int_equal(s->output, output);
			assert_int_equal(s->decode_slots, output - 300);
			assert_int_equal(s->busy_ns, s->prefill_ns + s->decode_ns);
			replay_free(r);
		}
	}
}

/*
 * A cache of 205 tokens, two prompts of 100 and 10 tokens each. One step for both prompts, one for both decoders
 * (with 204 tokens in the cache); the second one is preempted and waits until the first is done, at nine steps with
 * 100 to 108 tokens of context. Then 102 tokens are computed, and seven steps follow.
 */
TEST(test_preemption) {
	struct fault why;
	struct replay *r = engine(2048, 256);
	replay_kv_tokens(r, 205);
	add(r, 0, 100, 0, 10);
	add(r, 0, 100, 0, 10);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_int_equal(s->preemptions, 1);
	assert_int_equal(s->recomputed, 101);
	assert_int_equal(s->requests, 2);
	assert_int_equal(s->input, 200);
	assert_int_equal(s->output, 20);
	assert_int_equal(s->first_tokens, 2);
	assert_int_equal(s->busy_ns, 3100 + 1220 + 1111 + 7805 + 2072 + 7805);
	replay_free(r);
}

/* One that is larger than the cache runs alone; as without a bound, except those that wait for it. */
TEST(test_too_large) {
	struct fault why;
	struct replay *r = engine(2048, 256);
	replay_kv_tokens(r, 50);
	add(r, 5000, 100, 0, 3);
	add(r, 5000, 20, 0, 1);
	assert_int_equal(replay_end(r, &why), 0);
	const struct replay_sums *s = replay_result(r);
	assert_int_equal(s->busy_ns, 2050 + 1110 + 1111 + 1202);
	assert_int_equal(s->preemptions, 0);
	assert_int_equal(s->output, 4);
	replay_free(r);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preemption), cmocka_unit_test(test_too_large), cmocka_unit_test(test_one),   cmocka_unit_test(test_chunks), cmocka_unit_test(test_places),
		cmocka_unit_test(test_mixed), cmocka_unit_test(test_apart),  cmocka_unit_test(test_nothing_lost), cmocka_unit_test(test_centuries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
