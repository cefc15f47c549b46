/* test_dynamo.c: Dynamo's traces. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(traces) {
	static const struct expected_line cases[] = {
		{"{\"timestamp\":41000,\"event\":{\"schema\":\"dynamo.fpm.trace.v1\",\"source\":{\"namespace\":\"dynamo\",\"component\":\"backend\","
		 "\"producer_id\":\"p0\"},\"capture_mode\":\"full\",\"observed_at_unix_ms\":1783944000451,\"fpm\":{\"version\":1,"
		 "\"worker_id\":\"w0\",\"dp_rank\":0,\"counter_id\":41,\"wall_time\":0.0612,\"scheduled_requests\":{\"num_prefill_requests\":1,"
		 "\"sum_prefill_tokens\":2048,\"var_prefill_length\":0.0,\"sum_prefill_kv_tokens\":100,\"num_decode_requests\":0,"
		 "\"sum_decode_kv_tokens\":0,\"var_decode_kv_tokens\":0.0},\"queued_requests\":{}}}}", UNKNOWN,
		 "step w0  index=41 start=1783944000389800000 gpu=61200000 pr=1 pt=2048 pkv=100 ptkv=2301952 dr=0 dt=0 "
		 "dkv=0 pgpu=? dgpu=? kind=1 flags=0"},
		{"{\"timestamp\":41001,\"event\":{\"schema\":\"dynamo.fpm.trace.v1\",\"capture_mode\":\"sampled\",\"observed_at_unix_ms\":1783944000452,"
		 "\"fpm\":{\"version\":1,\"worker_id\":18446744073709551615,\"dp_rank\":1,\"counter_id\":42,\"wall_time\":0.05,"
		 "\"scheduled_requests\":{\"num_prefill_requests\":2,\"sum_prefill_tokens\":100,\"var_prefill_length\":100.0,"
		 "\"sum_prefill_kv_tokens\":0,\"num_decode_requests\":3,\"sum_decode_kv_tokens\":900,\"var_decode_kv_tokens\":0.0}"
		 "}}}", UNKNOWN,
		 "step 18446744073709551615/1  index=42 start=1783944000402000000 gpu=50000000 pr=2 pt=100 pkv=0 ptkv=2600 "
		 "dr=3 dt=3 dkv=900 pgpu=? dgpu=? kind=1 flags=0"},
		{"{\"timestamp\":41002,\"event\":{\"schema\":\"dynamo.fpm.trace.v1\",\"observed_at_unix_ms\":1783944000453,\"fpm\":{\"worker_id\":\"w0\","
		 "\"counter_id\":43,\"wall_time\":0.0,\"scheduled_requests\":{\"num_prefill_requests\":0}}}}", UNKNOWN,
		 ""},
		{"{\"timestamp\":41000,\"event\":{\"schema\":\"dynamo.request.trace.v1\",\"event_type\":\"request_end\",\"event_time_unix_ms\":1783944000451,"
		 "\"request\":{\"request_id\":\"a\",\"model\":\"m\",\"input_tokens\":40,\"output_tokens\":7,\"cached_tokens\":12,"
		 "\"request_received_ms\":1783944000000,\"prefill_wait_time_ms\":1.5,\"prefill_time_ms\":59.5,\"ttft_ms\":61.0,"
		 "\"total_time_ms\":451.0,\"worker\":{\"prefill_worker_id\":17,\"prefill_dp_rank\":0,\"decode_worker_id\":18,"
		 "\"decode_dp_rank\":2}}}}", UNKNOWN,
		 "request 18/2 m id=a tenant= from=17 arrival=1783944000000000000 scheduled=1783944000001500000 first=1783944000061000000 "
		 "finish=1783944000451000000 prompt=40 cached=12 write=0 completion=7 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=0"},
		{"{\"timestamp\":41000,\"event\":{\"schema\":\"dynamo.request.trace.v1\",\"event_type\":\"request_end\",\"event_time_unix_ms\":1783944000451,"
		 "\"request\":{\"request_id\":\"b\",\"request_received_ms\":1783944000000,\"output_tokens\":7,\"replay\":{\"trace_block_size\":64,"
		 "\"input_length\":128,\"input_sequence_hashes\":[18446744073709551615]}}}}", UNKNOWN,
		 "request   id=b tenant= from= arrival=1783944000000000000 scheduled=? first=? finish=1783944000451000000 "
		 "prompt=128 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"timestamp\":41000,\"event\":{\"schema\":\"dynamo.request.trace.v1\",\"event_type\":\"tool_start\",\"event_time_unix_ms\":1783944000451}"
		 "}", UNKNOWN,
		 ""},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("dynamo", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
