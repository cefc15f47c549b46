/* test_llamacpp_old.c: llama.cpp's server before September 2024. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(lines) {
	static const struct expected_line cases[] = {
		{"print_timings: prompt eval time =      93.27 ms /    15 tokens (    6.22 ms per token,   160.82 tokens "
		 "per second)", UNKNOWN,
		 ""},
		{"print_timings:        eval time =    2330.45 ms /   100 runs   (   23.30 ms per token,    42.91 tokens "
		 "per second)", UNKNOWN,
		 ""},
		{"print_timings:       total time =    2423.72 ms", UNKNOWN,
		 "request   relative id=0/0 tenant= from= arrival=? scheduled=0 first=93270000 finish=2423720000 prompt=15 "
		 "cached=0 write=0 completion=100 reasoning=0 preemptions=0 ok=1 service=0 exclusive=1"},
		{"llama_print_timings: prompt eval time =      93.27 ms /    15 tokens (    6.22 ms per token,   160.82 "
		 "tokens per second)", UNKNOWN,
		 ""},
		{"print_timings: prompt eval time =      93.27 ms /    15 tok", UNKNOWN,
		 "!malformed timings"},
		{"print_timings:       total time =    2423.72 ms", UNKNOWN,
		 "!incomplete timings"},
		{"INFO [           print_timings] prompt eval time     =      15.61 ms /    12 tokens (    1.30 ms "
		 "per token,   768.50 tokens per second) | tid=\"1\" timestamp=1711111111 id_slot=0 id_task=2 t_prompt_processing=15.615 "
		 "n_prompt_tokens_processed=12 t_token=1.30125 n_tokens_second=768.5", UNKNOWN,
		 ""},
		{"INFO [           print_timings] generation eval time =    1200.50 ms /   100 runs   (   12.00 ms "
		 "per token,    83.30 tokens per second) | tid=\"1\" timestamp=1711111113 id_slot=0 id_task=2 t_token_generation=1200.5 "
		 "n_decoded=100 t_token=12.005 n_tokens_second=83.3", UNKNOWN,
		 ""},
		{"INFO [           print_timings]           total time =    1216.11 ms | tid=\"1\" timestamp=1711111113 "
		 "id_slot=0 id_task=2 t_prompt_processing=15.615 t_token_generation=1200.5 t_total=1216.115", UNKNOWN,
		 "request   id=0/2 tenant= from= arrival=? scheduled=1711111111783890000 first=1711111111799500000 "
		 "finish=1711111113000000000 prompt=12 cached=0 write=0 completion=100 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=1"},
		{"{\"tid\":\"1\",\"timestamp\":1711111120,\"level\":\"INFO\",\"function\":\"print_timings\",\"line\":300,\"msg\":\"prompt "
		 "eval time     =      15.61 ms /    12 tokens (    1.30 ms per token,   768.50 tokens per second)\",\"id_slot\":1,"
		 "\"id_task\":3,\"t_prompt_processing\":15.615,\"n_prompt_tokens_processed\":12,\"t_token\":1.3,\"n_tokens_second\":768.5}", UNKNOWN,
		 ""},
		{"{\"tid\":\"1\",\"timestamp\":1711111121,\"level\":\"INFO\",\"function\":\"print_timings\",\"line\":310,\"msg\":\"generation "
		 "eval time =    1200.50 ms /   100 runs\",\"id_slot\":1,\"id_task\":3,\"t_token_generation\":1200.5,\"n_decoded\":100}", UNKNOWN,
		 ""},
		{"{\"tid\":\"1\",\"timestamp\":1711111121,\"level\":\"INFO\",\"function\":\"print_timings\",\"line\":320,\"msg\":\" "
		 "         total time =    1216.11 ms\",\"id_slot\":1,\"id_task\":3,\"t_total\":1216.115}", UNKNOWN,
		 "request   id=1/3 tenant= from= arrival=? scheduled=1711111119783885000 first=1711111119799500000 "
		 "finish=1711111121000000000 prompt=12 cached=0 write=0 completion=100 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=1"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("llamacpp-old", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("print_timings: prompt eval time =      93.27 ms /    15 tokens (    6.22 ms per token,   160.82 "
	                                 "tokens per second)"), 1)->name, "llamacpp-old");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
