/* test_llamacpp.c: the log of llama.cpp's server: slots overlap, lines of timings have no stamp or one of the process. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(lines_without_stamps) {
	static const struct expected_line cases[] = {
		{"srv    load_model: loading model 'm.gguf'", UNKNOWN,
		 ""},
		{"print_info: general.name     = tiny-40m", UNKNOWN,
		 ""},
		{"slot launch_slot_: id  0 | task 0 | processing task", UNKNOWN,
		 ""},
		{"slot update_slots: id  0 | task 0 | new prompt, n_ctx_slot = 8192, n_keep = 0, n_prompt_tokens = "
		 "60", UNKNOWN,
		 ""},
		{"slot      release: id  0 | task 0 | stop processing: n_past = 334, truncated = 0", UNKNOWN,
		 ""},
		{"slot print_timing: id  0 | task 0 | ", UNKNOWN,
		 ""},
		{"prompt eval time =     921.80 ms /    51 tokens (   18.07 ms per token,    55.33 tokens per second)", UNKNOWN,
		 ""},
		{"       eval time =   22988.05 ms /   275 tokens (   83.59 ms per token,    11.96 tokens per second)", UNKNOWN,
		 ""},
		{"      total time =   23909.85 ms /   326 tokens", UNKNOWN,
		 "request  tiny-40m relative id=0/0 tenant= from= arrival=? scheduled=1 first=921800001 finish=23909850001 "
		 "prompt=60 cached=9 write=0 completion=275 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{"slot launch_slot_: id  1 | task 2 | processing task", UNKNOWN,
		 ""},
		{"slot launch_slot_: id  0 | task 3 | processing task", UNKNOWN,
		 ""},
		{"slot      release: id  1 | task 2 | stop processing: n_past = 29, truncated = 0", UNKNOWN,
		 ""},
		{"slot print_timing: id  1 | task 2 | ", UNKNOWN,
		 ""},
		{"prompt eval time =     100.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", UNKNOWN,
		 ""},
		{"       eval time =      90.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", UNKNOWN,
		 ""},
		{"      total time =     190.00 ms /    20 tokens", UNKNOWN,
		 "request  tiny-40m relative id=1/2 tenant= from= arrival=? scheduled=23909850001 first=24009850001 "
		 "finish=24099850001 prompt=20 cached=10 write=0 completion=10 reasoning=0 preemptions=0 ok=1 service=0 "
		 "exclusive=1"},
		{"srv  log_server_r: request: POST /completion 127.0.0.1 200", UNKNOWN,
		 ""},
		{"slot print_timing: id  0 | task 3 | ", UNKNOWN,
		 ""},
		{"prompt eval time =     100.00 ms /    10 tokens (   10.00 ms per token,   999.00 tokens per second)", UNKNOWN,
		 "!malformed timings"},
		{"       eval time =     100.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", UNKNOWN,
		 ""},
		{"      total time =     200.00 ms /    20 tokens", UNKNOWN,
		 "!incomplete timings"},
		{"       eval time =     100.00 ms /    10 tok", UNKNOWN,
		 "!malformed timings"},
		{"slot print_timing: id  0 | task 4 | ", UNKNOWN,
		 ""},
		{"prompt eval time =       0.00 ms /     1 tokens (    0.00 ms per token,      inf tokens per second)", UNKNOWN,
		 ""},
		{"       eval time =       5.00 ms /     1 tokens (    5.00 ms per token,   200.00 tokens per second)", UNKNOWN,
		 ""},
		{"      total time =       9.00 ms /     2 tokens", UNKNOWN,
		 "!timings do not sum to their total"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("llamacpp", cases);
}

TEST(stamps_of_the_process) {
	static const struct expected_line cases[] = {
		{"0.17.959.794 I slot launch_slot_: id  0 | task 8 | processing task, is_child = 0", UNKNOWN,
		 ""},
		{"0.18.000.000 I slot update_slots: id  0 | task 8 | new prompt, n_ctx_slot = 8192, n_keep = 0, task.n_tokens "
		 "= 2000", UNKNOWN,
		 ""},
		{"132.02.359.400 I slot print_timing: id  0 | task 8 | prompt eval time =    8461.20 ms /  1934 tokens "
		 "(    4.37 ms per token,   228.57 tokens per second)", UNKNOWN,
		 ""},
		{"132.02.359.404 I slot print_timing: id  0 | task 8 |        eval time =    1851.77 ms /    62 tokens "
		 "(   29.87 ms per token,    33.48 tokens per second)", UNKNOWN,
		 ""},
		{"132.02.359.410 I slot print_timing: id  0 | task 8 |       total time =   10312.97 ms /  1996 tokens", UNKNOWN,
		 "request   relative id=0/8 tenant= from= arrival=? scheduled=7912046440000 first=7920507640000 finish=7922359410000 "
		 "prompt=2000 cached=66 write=0 completion=62 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{"132.02.359.414 I slot print_timing: id  0 | task 8 |    graphs reused =         61", UNKNOWN,
		 ""},
		{"132.02.359.418 I slot print_timing: id  0 | task 8 | draft acceptance = 0.92727 (   51 accepted / "
		 "   55 generated), mean len =  5.64", UNKNOWN,
		 ""},
		{"133.00.000.000 I slot print_timing: id  0 | task 9 | prompt eval time =     100.00 ms /    10 tokens "
		 "(   10.00 ms per token,   100.00 tokens per second)", UNKNOWN,
		 ""},
		{"133.00.000.000 I slot print_timing: id  0 | task 9 |        eval time =      90.00 ms /    10 tokens "
		 "(   10.00 ms per token,   100.00 tokens per second)", UNKNOWN,
		 ""},
		{"133.00.000.000 I slot print_timing: id  0 | task 9 |       total time =     190.00 ms /    20 tokens", UNKNOWN,
		 ""},
		{"133.00.000.100 I slot      release: id  0 | task 9 | stop processing: n_tokens = 49, truncated = 0", UNKNOWN,
		 "request   relative id=0/9 tenant= from= arrival=? scheduled=7979810000000 first=7979910000000 finish=7980000000000 "
		 "prompt=40 cached=30 write=0 completion=10 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("llamacpp", cases);
}

#define TIMINGS(task) \
	{"133.00.000.000 I slot print_timing: id  0 | task " task " | prompt eval time =     100.00 ms /    10 tokens " \
	 "(   10.00 ms per token,   100.00 tokens per second)", UNKNOWN, ""}, \
	{"133.00.000.000 I slot print_timing: id  0 | task " task " |        eval time =      90.00 ms /    10 tokens " \
	 "(    9.00 ms per token,   111.11 tokens per second)", UNKNOWN, ""}, \
	{"133.00.000.000 I slot print_timing: id  0 | task " task " |       total time =     190.00 ms /    20 tokens", UNKNOWN, ""}
#define UNRELEASED(id, scheduled, first, finish) \
	"request   relative id=" id " tenant= from= arrival=? scheduled=" scheduled " first=" first " finish=" finish \
	" prompt=10 cached=0 write=0 completion=10 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"

/* The lines of a release are missing, as where a server ends (golden/format-llamacpp: their cached input is not known). */
TEST(no_release) {
	static const struct expected_line cases[] = {
		TIMINGS("9"),
		{"133.00.000.000 I slot launch_slot_: id  0 | task 10 | processing task, is_child = 0", UNKNOWN,
		 UNRELEASED("0/9", "7979810000000", "7979910000000", "7980000000000")},
		TIMINGS("10"),
		{"0.00.000.100 I srv    load_model: loading model 'other.gguf'", UNKNOWN,
		 UNRELEASED("0/10", "7980000000000", "7980100000000", "7980190000000")},
		TIMINGS("0"),
		/* and the timings of the next one begin */
		{"133.00.000.000 I slot print_timing: id  0 | task 0 | prompt eval time =     921.80 ms /    51 tokens (   18.07 ms per token,    55.33 tokens per second)",
		 UNKNOWN, UNRELEASED("0/0", "15959810000000", "15959910000000", "15960000000000")},
		{NULL, UNKNOWN, ""},
	};

	CHECK_LINES_OF("llamacpp", cases);
}

TEST(stamps_of_an_envelope) {
	static const struct expected_line cases[] = {
		{"slot print_timing: id  0 | task 9 | ", INT64_C(1786406365000000000),
		 ""},
		{"prompt eval time =     100.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", INT64_C(1786406365000000100),
		 ""},
		{"       eval time =      90.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", INT64_C(1786406365000000200),
		 ""},
		{"      total time =     190.00 ms /    20 tokens", INT64_C(1786406365000000300),
		 ""},
		{"slot      release: id  0 | task 9 | stop processing: n_tokens = 19, truncated = 0", INT64_C(1786406365000000400),
		 "request   id=0/9 tenant= from= arrival=? scheduled=1786406364810000300 first=1786406364910000300 "
		 "finish=1786406365000000300 prompt=10 cached=0 write=0 completion=10 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=1"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("llamacpp", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("srv    load_model: loading model 'm.gguf'"), 1)->name, "llamacpp");
	assert_string_equal(format_detect(&T("0.17.959.794 I slot launch_slot_: id  0 | task 8 | processing task, is_child = 0"), 1)->name, "llamacpp");
	assert_string_equal(format_detect(&T("slot print_timing: id  0 | task 9 | "), 1)->name, "llamacpp");
}

/* A router's children print at the same time: the lines of one port belong together. */
TEST(router) {
	static const struct expected_line cases[] = {
		{"[8081] slot print_timing: id  0 | task 0 | ", UNKNOWN, ""},
		{"[8082] slot print_timing: id  0 | task 7 | ", UNKNOWN, ""},
		{"[8081] prompt eval time =     100.00 ms /    10 tokens (   10.00 ms per token,   100.00 tokens per second)", UNKNOWN, ""},
		{"[8082] prompt eval time =     200.00 ms /    20 tokens (   10.00 ms per token,   100.00 tokens per second)", UNKNOWN, ""},
		{"[8082]        eval time =      90.00 ms /    10 tokens (    9.00 ms per token,   111.11 tokens per second)", UNKNOWN, ""},
		{"[8082]       total time =     290.00 ms /    30 tokens", UNKNOWN, ""},
		{"[8082] slot      release: id  0 | task 7 | stop processing: n_tokens = 29, truncated = 0", UNKNOWN,
		 "request host/8082  relative id=0/7 tenant= from= arrival=? scheduled=0 first=200000000 finish=290000000 prompt=20 cached=0 "
		 "write=0 completion=10 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{"[8081]        eval time =      90.00 ms /    10 tokens (    9.00 ms per token,   111.11 tokens per second)", UNKNOWN, ""},
		{"[8081]       total time =     190.00 ms /    20 tokens", UNKNOWN, ""},
		{NULL, UNKNOWN,
		 "request host/8081  relative id=0/0 tenant= from= arrival=? scheduled=0 first=100000000 finish=190000000 prompt=10 cached=0 "
		 "write=0 completion=10 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
	};

	CHECK_LINES_OF("llamacpp", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(router),
		cmocka_unit_test(lines_without_stamps),
		cmocka_unit_test(stamps_of_the_process),
		cmocka_unit_test(no_release),
		cmocka_unit_test(stamps_of_an_envelope),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
