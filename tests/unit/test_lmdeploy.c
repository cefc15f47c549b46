/* test_lmdeploy.c: LMDeploy's lines. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(lines) {
	static const struct expected_line cases[] = {
		{"[2026-08-21 10:00:10 DP0] Avg thr (in/out): 803.2 / 24.7 tokens/s, Server (succeeded/failed/routed/waiting): "
		 "9 / 0 / 1 / 0, Engine (running/waiting): 1 / 0, KV cache: 6.8%, Prefix cache hit rate: 43.1%,", UNKNOWN,
		 "window host  tenant= start=1787306400000000000 end=1787306410000000000 in=8032 cached=0 out=247 requests=? "
		 "pgpu=? dgpu=? running=1 computed=0"},
		{"[2026-08-21 10:00:20 DP1] Avg thr (in/out): 803.2 / 24.7 tokens/s, API server (completed/routed/waiting): "
		 "9 / 1 / 0, Engine (running/waiting): 1 / 0, KV cache: 6.8%, ", UNKNOWN,
		 "window host/1  tenant= start=1787306410000000000 end=1787306420000000000 in=8032 cached=0 out=247 "
		 "requests=? pgpu=? dgpu=? running=1 computed=0"},
		{"2026-08-21 10:00:10,123 - lmdeploy - INFO - async_engine.py:512 - session=7, input_tokens=26, max_new_tokens=512", UNKNOWN,
		 ""},
		{"2026-08-21 10:00:14,510 - lmdeploy - INFO - async_engine.py:588 - session 7 finished, reason \"stop\", "
		 "input_tokens 26, output_tokens 282", UNKNOWN,
		 "request   id=7@1787306414510000000 tenant= from= arrival=1787306410123000000 scheduled=? first=? "
		 "finish=1787306414510000000 prompt=26 cached=0 write=0 completion=282 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=0"},
		{"2026-08-21 10:00:14,510 - lmdeploy - INFO - async_engine.py:588 - session 8 finished, reason \"stop\", "
		 "input_tokens 26, outp", UNKNOWN,
		 "!malformed request line"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("lmdeploy", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("[2026-08-21 10:00:10 DP0] Avg thr (in/out): 803.2 / 24.7 tokens/s, Server "
	                                 "(succeeded/failed/routed/waiting): 9 / 0 / 1 / 0, Engine (running/waiting): 1 / 0, KV cache: "
	                                 "6.8%, Prefix cache hit rate: 43.1%,"), 1)->name, "lmdeploy");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
