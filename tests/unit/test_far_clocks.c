/* test_far_clocks.c: durations with a sum beyond any clock are rejected, and no sum overflows. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

#define LINES 400000

static void feed(const char *format, const char *const *lines, size_t count, bool refuses) {
	struct bench b;
	struct record r;
	int64_t refused = 0;

	bench_init(&b, format);
	for (int i = 0; i < LINES; i++) {
		enum parse_result result = bench_line(&b, lines[(size_t)i % count], UNKNOWN, &r);
		refused += result == PARSE_REJECT;
		if (result == PARSE_RECORD) {
			assert_true(r.kind != RECORD_STEP || r.step.start_ns > 0);
			assert_true(r.kind != RECORD_REQUEST || r.request.finish_ns >= r.request.scheduled_ns);
		}
	}
	assert_true((refused > 0) == refuses);
	bench_release(&b);
}

/* Steps of one day each, 400,000 of them in a second. */
TEST(steps) {
	static const char *const vllm[] = {"INFO 07-14 18:02:01 [core.py:1] Iteration(1): 0 context requests, 0 context tokens, 1 generation "
	                                   "requests, 1 generation tokens, iteration elapsed time: 86400000.00 ms"};
	static const char *const trtllm[] = {"[04/28/2025-22:10:31] [TRT-LLM] [I] iter = 198, global_rank = 0, rank = 0, currank_total_requests = "
	                                     "0/0, elapsed_time = 86400s, timestamp = 2025-04-28 22:10:31, num_scheduled_requests: 10, states = "
	                                     "{'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_generation_tokens': 10}"};

	feed("vllm", vllm, 1, false); /* placed at its line again when it is far ahead of it */
	feed("trtllm", trtllm, 1, true);
}

TEST(requests) {
	static const char *const new[] = {"slot print_timing: id  0 | task 9161 | prompt eval time = 86400000.00 ms /     1 tokens ( 0 ms per token, nan tokens per second)",
	                                  "slot print_timing: id  0 | task 9161 |        eval time = 86400000.00 ms /     1 tokens ( 0 ms per token, nan tokens per second)",
	                                  "slot print_timing: id  0 | task 9161 |       total time = 172800000.00 ms /     2 tokens"};
	static const char *const old[] = {"print_timings: prompt eval time = 86400000.00 ms /    15 tokens (    6.22 ms per token,   160.82 tokens per second)",
	                                  "print_timings:        eval time = 86400000.00 ms /    15 runs   (    6.22 ms per token,   160.82 tokens per second)",
	                                  "print_timings:       total time = 172800000.00 ms"};

	feed("llamacpp", new, 3, true);
	feed("llamacpp-old", old, 3, true);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(steps), cmocka_unit_test(requests)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
