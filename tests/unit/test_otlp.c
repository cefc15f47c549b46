/* test_otlp.c: spans of engines and of clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ingest_help.h"

static void spans(void **state) {
	static const struct expected_line cases[] = {
		{"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"vllm\"}"
		 "},{\"key\":\"k8s.pod.name\",\"value\":{\"stringValue\":\"pod-1\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"vllm.llm_engine\"}"
		 ",\"spans\":[{\"traceId\":\"5b8e\",\"spanId\":\"eee1\",\"name\":\"llm_request\",\"kind\":2,\"startTimeUnixNano\":\"1786406365055047398\","
		 "\"endTimeUnixNano\":1786406366055047398,\"attributes\":[{\"key\":\"gen_ai.latency.time_to_first_token\",\"value\":{\"doubleValue\":0.11}"
		 "},{\"key\":\"gen_ai.latency.e2e\",\"value\":{\"doubleValue\":0.95}},{\"key\":\"gen_ai.latency.time_in_queue\","
		 "\"value\":{\"doubleValue\":1e-05}},{\"key\":\"gen_ai.usage.prompt_tokens\",\"value\":{\"intValue\":\"12\"}}"
		 ",{\"key\":\"gen_ai.usage.completion_tokens\",\"value\":{\"intValue\":7}},{\"key\":\"gen_ai.request.id\",\"value\":{\"stringValue\":\"cmpl-1\"}"
		 "}],\"status\":{}},{\"spanId\":\"eee2\",\"name\":\"tool\",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"2\"}"
		 "]},{\"spans\":[]},{\"spans\":[{\"spanId\":\"eee3\",\"name\":\"chat gpt\",\"startTimeUnixNano\":\"1786406365055047398\","
		 "\"endTimeUnixNano\":\"1786406366055047398\",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}"
		 "},{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"gpt-x\"}},{\"key\":\"gen_ai.response.model\","
		 "\"value\":{\"stringValue\":\"gpt-x-2026\"}},{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"100\"}"
		 "},{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"9\"}},{\"key\":\"gen_ai.usage.cache_read.input_tokens\","
		 "\"value\":{\"intValue\":\"64\"}},{\"key\":\"openai.request.service_tier\",\"value\":{\"stringValue\":\"auto\"}},"
		 "{\"key\":\"openai.response.service_tier\",\"value\":{\"stringValue\":\"priority\"}},{\"key\":\"gen_ai.response.id\",\"value\":{\"stringValue\":\"resp-1\"}}],\"status\":{\"code\":2}"
		 "}]}]},{\"scopeSpans\":[{\"spans\":[{\"spanId\":\"e4\",\"name\":\"invoke_agent\",\"startTimeUnixNano\":\"1786406365055047398\","
		 "\"endTimeUnixNano\":\"1786406366055047398\",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"invoke_agent\"}"
		 "},{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"100\"}}]},{\"spanId\":\"e5\",\"startTimeUnixNano\":\"1786406365055047398\","
		 "\"endTimeUnixNano\":\"1786406366055047398\",\"attributes\":[{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"-1\"}"
		 "}]}]}]}]}", UNKNOWN,
		 "request pod-1  id=cmpl-1 tenant= from= arrival=1786406365055047398 scheduled=1786406365055057398 "
		 "first=1786406365165047398 finish=1786406366005047398 prompt=12 cached=0 write=0 completion=7 reasoning=0 "
		 "preemptions=0 ok=1 service=0 exclusive=0\n"
		 "request  gpt-x-2026 id=resp-1 tenant= from= arrival=1786406365055047398 scheduled=? first=? finish=1786406366055047398 "
		 "prompt=100 cached=64 write=0 completion=9 reasoning=0 preemptions=0 ok=0 service=2 exclusive=0\n"
		 "!negative count"},
		{"{\"resourceSpans\":[]}", UNKNOWN,
		 ""},
		{"{\"resourceLogs\":[]}", UNKNOWN,
		 ""},
		{NULL, UNKNOWN,
		 ""},
	};

	(void)state;
	CHECK_LINES_OF("otlp", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
