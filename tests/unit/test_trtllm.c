/* test_trtllm.c: TensorRT-LLM's iterations: a row's device time is that of the row before. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(rows) {
	static const struct expected_line cases[] = {
		{"[04/28/2025-22:10:31] [TRT-LLM] [I] iter = 198, global_rank = 0, rank = 0, currank_total_requests "
		 "= 0/0, elapsed_time = 0.005061149597167969s, timestamp = 2025-04-28 22:10:31, num_scheduled_requests: "
		 "10, states = {'num_ctx_requests': 0, 'num_ctx_tokens': 0, 'num_generation_tokens': 10}", UNKNOWN,
		 "step host  index=198 start=1745878230994938850 gpu=5061150 pr=0 pt=0 pkv=0 ptkv=0 dr=10 dt=10 dkv=? "
		 "pgpu=? dgpu=? kind=1 flags=4"},
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
		 "pgpu=? dgpu=? kind=0 flags=4"},
		{"0: [05/30/2026-10:00:00] [TRT-LLM] [I] [_torch][RANK 0] iter = 304, global_rank = 0, rank = 0, num_scheduled_requests "
		 "= 13, kv_cache_util = 0.112, currank_total_requests = 0/0, host_step_time = 4.08935546875ms, prev_device_step_time "
		 "= 24.313087463378906ms, timestamp = 2026-05-30 10:00:00, states = {'num_ctx_requests': 0, 'num_ctx_tokens': "
		 "0, 'num_generation_tokens': 16, 'cached_kv_tokens': 40110}", UNKNOWN,
		 "step host  index=303 start=1768550400000000000 gpu=24313087 pr=0 pt=0 pkv=0 ptkv=0 dr=5 dt=8 dkv=? "
		 "pgpu=? dgpu=? kind=0 flags=4"},
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
		 "dkv=0 pgpu=? dgpu=? kind=0 flags=4"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("trtllm", cases);
}

TEST(objects) {
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

	CHECK_LINES_OF("trtllm", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("[04/28/2025-22:10:31] [TRT-LLM] [I] iter = 198, global_rank = 0, rank = 0, "
	                                 "currank_total_requests = 0/0, elapsed_time = 0.005061149597167969s, timestamp = 2025-04-28 "
	                                 "22:10:31, num_scheduled_requests: 10, states = {'num_ctx_requests': 0, 'num_ctx_tokens': 0, "
	                                 "'num_generation_tokens': 10}"), 1)->name, "trtllm");
}

/* Triton's batcher of 2023: durations are the gaps between rows. */
TEST(triton_rows) {
#define ROW(time, iteration, active, context, generation, tokens) \
	"I1218 03:35:37." time " 20559 libtensorrtllm.cc:1205] {\"Active Request Count\":" active ",\"Iteration Counter\":" iteration \
	",\"Context Requests\":" context ",\"Generation Requests\":" generation ",\"Scheduled Requests\":3,\"Total Context Tokens\":" tokens \
	",\"MicroBatch ID\":0,\"Timestamp\":\"12-18-2023 03:35:37\"}"
	static const struct expected_line cases[] = {
		{ROW("600000", "6", "0", "0", "0", "0"), UNKNOWN, ""},
		{ROW("688135", "7", "3", "1", "2", "100"), UNKNOWN, ""}, /* its start is not known */
		{ROW("708135", "8", "3", "0", "3", "0"), UNKNOWN,
		 "step   index=8 start=1702870537688135000 gpu=20000000 pr=0 pt=0 pkv=0 ptkv=0 dr=3 dt=3 dkv=? pgpu=? dgpu=? kind=3 "
		 "flags=0"},
		{ROW("738135", "10", "3", "0", "3", "0"), UNKNOWN, ""}, /* one is missing */
		{ROW("748135", "11", "3", "1", "3", "64"), UNKNOWN,
		 "step   index=11 start=1702870537738135000 gpu=10000000 pr=1 pt=64 pkv=? ptkv=? dr=3 dt=3 dkv=? pgpu=? dgpu=? "
		 "kind=3 flags=0"},
		{"I1218 03:35:37.8 20559 libtensorrtllm.cc:1205] {\"Iteration Counter\":12", UNKNOWN, "!invalid JSON"},
	};

	CHECK_LINES_OF("trtllm", cases);
}

/* An array, an object a line; the row's own keys after the states; request metrics without tokens. */
TEST(other_shapes) {
#define OBJECT(iteration, ms) \
	"{\"timestamp\":\"11-18-2025 03:35:37.123456\",\"iter\":" iteration ",\"gpuForwardTimeMS\":" ms \
	",\"inflightBatchingStats\":{\"numContextRequests\":0,\"numGenRequests\":3,\"numCtxTokens\":0,\"numGenKvTokens\":4000}}"
	static const struct expected_line cases[] = {
		{"[" OBJECT("10", "20.25") ",", UNKNOWN,
		 "step host  index=10 start=1763436937103206000 gpu=20250000 pr=0 pt=0 pkv=0 ptkv=0 dr=3 dt=3 dkv=4000 pgpu=? dgpu=? "
		 "kind=0 flags=0"},
		{OBJECT("11", "10") "]", UNKNOWN,
		 "step host  index=11 start=1763436937123456000 gpu=10000000 pr=0 pt=0 pkv=0 ptkv=0 dr=3 dt=3 dkv=4000 pgpu=? dgpu=? "
		 "kind=0 flags=0"},
		{"[" OBJECT("12", "10"), UNKNOWN,
		 "step host  index=12 start=1763436937133456000 gpu=10000000 pr=0 pt=0 pkv=0 ptkv=0 dr=3 dt=3 dkv=4000 pgpu=? dgpu=? "
		 "kind=0 flags=0"},
		{"[{\"request_id\":7,\"perf_metrics\":{\"first_iter\":10,\"last_iter\":12}}]", UNKNOWN, ""},
	};

	CHECK_LINES_OF("trtllm", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(triton_rows),
		cmocka_unit_test(other_shapes),
		cmocka_unit_test(rows),
		cmocka_unit_test(objects),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
