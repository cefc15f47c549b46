/* test_envoy.c: access logs of the Envoy AI gateway. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(lines) {
	static const struct expected_line cases[] = {
		{"{\"start_time\":\"2026-08-10T23:59:25.138Z\",\"duration\":451,\"response_code\":200,\"x-request-id\":\"a\","
		 "\"gen_ai.request.model\":\"m\",\"gen_ai.response.model\":\"m-1\",\"gen_ai.provider.name\":\"openai\",\"gen_ai.usage.input_tokens\":40,"
		 "\"gen_ai.usage.output_tokens\":7,\"gen_ai.usage.reasoning_tokens\":\"-\",\"session.id\":null,\"x-envoy-upstream-service-time\":\"449\"}", UNKNOWN,
		 "request  m-1 id=a tenant= from= arrival=1786406365138000000 scheduled=? first=? finish=1786406365589000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"start_time\":\"2026-08-10T23:59:25.138Z\",\"duration\":1,\"response_code\":404,\"gen_ai.usage.input_tokens\":null}", UNKNOWN,
		 ""},
		{"{\"start_time\":\"2026-08-10T23:59:25.138Z\",\"duration\":451,\"response_code\":503,\"genai_tokens_input\":\"40\","
		 "\"genai_tokens_output\":\"7\",\"llm_cached_input_token\":8,\"token_latency_ttft\":60,\"genai_model_name\":\"m\"}", UNKNOWN,
		 "request  m id= tenant= from= arrival=1786406365138000000 scheduled=? first=1786406365198000000 finish=1786406365589000000 "
		 "prompt=40 cached=8 write=0 completion=7 reasoning=0 preemptions=0 ok=0 service=0 exclusive=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("envoy", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
