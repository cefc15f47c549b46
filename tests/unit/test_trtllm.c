/* test_trtllm.c: TensorRT-LLM's iterations: a row's device time is that of the row before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ingest_help.c"

static void rows(void **state) {
	static const struct expected_line cases[] = {
		{"[04/28/2025-22:10:31] [TRT-LLM] [I] iter = 198, global_rank = 0, rank = 0, currank_total_requests "
		 "= 0/0, elapsed_time = 0.005061149597167969s, timestamp = 2025-04-28 22:10:31, num_scheduled_requests: "
		 "10, states = {'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_generation_tokens': 10}", UNKNOWN,
		 "step host  index=198 start=1745878230994938850 gpu=5061150 pr=0 pt=0 pkv=0 ptkv=0 dr=10 dt=10 dkv=? "
		 "pgpu=? dgpu=? kind=1 flags=0"},
		{"[01/16/2026-08:00:00] [TRT-LLM] [RANK 0] [I] iter = 302, global_rank = 0, rank = 0, currank_total_requests "
		 "= 4/4, host_step_time = 6.020069122314453ms, prev_device_step_time = 7.103455066680908ms, timestamp "
		 "= 2026-01-16 08:00:00, num_scheduled_requests: 5, states = {'num_ctx_requests': 4, 'num_ctx_tokens': "
		 "8192, 'num_generation_tokens': 1}", UNKNOWN,
		 ""},
		{"[01/16/2026-08:00:00] [TRT-LLM] [RANK 0] [I] iter = 303, global_rank = 0, rank = 0, currank_total_requests "
		 "= 4/4, host_step_time = 6.020069122314453ms, prev_device_step_time = 77.5ms, timestamp = 2026-01-16 "
		 "08:00:00, num_scheduled_requests: 5, states = {'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_generation_tokens': "
		 "8}", UNKNOWN,
		 "step host  index=302 start=1768550399922500000 gpu=77500000 pr=4 pt=8192 pkv=? ptkv=? dr=1 dt=1 dkv=? "
		 "pgpu=? dgpu=? kind=0 flags=0"},
		{"0: [05/30/2026-10:00:00] [TRT-LLM] [I] [_torch][RANK 0] iter = 304, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 13, kv_cache_util = 0.112, currank_total_requests = 0/0, host_step_time = 4.08935546875ms, prev_device_step_time "
		 "= 24.313087463378906ms, timestamp = 2026-05-30 10:00:00, states = {'num_ctx_requests': 0, 'num_ctx_tokens': "
		 "0, 'num_generation_tokens': 16, 'cached_kv_tokens': 40110}", UNKNOWN,
		 "step host  index=303 start=1768550400000000000 gpu=24313087 pr=0 pt=0 pkv=0 ptkv=0 dr=5 dt=8 dkv=? "
		 "pgpu=? dgpu=? kind=0 flags=0"},
		{"[05/30/2026-10:00:00] [TRT-LLM] [I] [_torch][RANK 0] iter = 306, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 0, kv_cache_util = N/A, currank_total_requests = 0/0, host_step_time = 4.0ms, prev_device_step_time "
		 "= N/A, timestamp = 2026-05-30 10:00:00, num_active = 1, states = {'num_ctx_requests': 0, 'num_ctx_tokens': "
		 "0, 'num_generation_tokens': 0}", UNKNOWN,
		 "!no device time of the iteration before"},
		{"[05/30/2026-10:00:01] [TRT-LLM] [I] [_torch][RANK 0] iter = 307, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 1, kv_cache_util = N/A, currank_total_requests = 0/0, host_step_time = 4.0ms, prev_device_step_time "
		 "= 900.0ms, timestamp = 2026-05-30 10:00:01, states = {'num_ctx_requests': 1, 'num_ctx_tokens': 100, "
		 "'num_generation_tokens': 0, 'cached_kv_tokens': 50}", UNKNOWN,
		 ""},
		{"[05/30/2026-10:00:01] [TRT-LLM] [I] [_torch][RANK 0] iter = 308, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 1, host_step_time = 4.0ms, prev_device_step_time = 9.5ms, timestamp = 2026-05-30 10:00:01, states "
		 "= {'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_gen", UNKNOWN,
		 "!malformed iteration line"},
		{"[05/30/2026-10:00:01] [TRT-LLM] [I] [_torch][RANK 0] iter = 308, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 1, host_step_time = 4.0ms, prev_device_step_time = 9.5ms, timestamp = 2026-05-30 10:00:01, states "
		 "= {'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_generation_tokens': 1}", UNKNOWN,
		 "step host  index=307 start=1780135200990500000 gpu=9500000 pr=1 pt=100 pkv=50 ptkv=10000 dr=0 dt=0 "
		 "dkv=0 pgpu=? dgpu=? kind=0 flags=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	(void)state;
	CHECK_LINES_OF("trtllm", cases);
}

static void objects(void **state) {
	static const struct expected_line cases[] = {
		{"[{\"timestamp\":\"05-30-2026 10:00:00.123456\",\"iter\":5000,\"iterLatencyMS\":30.0,\"prevDeviceStepTimeMS\":24.3,"
		 "\"inflightBatchingStats\":{\"numScheduledRequests\":14,\"numContextRequests\":1,\"numGenRequests\":13,\"numCtxTokens\":100,"
		 "\"numCtxKvTokens\":28,\"numGenKvTokens\":40110,\"microBatchId\":0}},{\"timestamp\":\"05-30-2026 10:00:00.200000\","
		 "\"iter\":5001,\"prevDeviceStepTimeMS\":25.5,\"inflightBatchingStats\":{\"numContextRequests\":0,\"numGenRequests\":13,"
		 "\"numCtxTokens\":0}},{\"iter\":-1,\"inflightBatchingStats\":{}}]", UNKNOWN,
		 "step host  index=5000 start=1780135200097956000 gpu=25500000 pr=1 pt=100 pkv=28 ptkv=7800 dr=13 dt=13 "
		 "dkv=40110 pgpu=? dgpu=? kind=0 flags=0\n"
		 "!negative count"},
		{NULL, UNKNOWN,
		 ""},
	};

	(void)state;
	CHECK_LINES_OF("trtllm", cases);
}

static void bids(void **state) {
	(void)state;
	assert_string_equal(format_detect(&T("[04/28/2025-22:10:31] [TRT-LLM] [I] iter = 198, global_rank = 0, rank = 0, "
	                                 "currank_total_requests = 0/0, elapsed_time = 0.005061149597167969s, timestamp = 2025-04-28 "
	                                 "22:10:31, num_scheduled_requests: 10, states = {'num_ctx_requests': 0, 'num_ctx_tokens': 0, "
	                                 "'num_generation_tokens': 10}"), 1)->name, "trtllm");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(objects),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
