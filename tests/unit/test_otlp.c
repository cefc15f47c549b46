/* test_otlp.c: spans of engines and of clients. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(spans) {
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

	CHECK_LINES_OF("otlp", cases);
}

/* Jaeger; Zipkin, the child first; an exporter to the console. */
TEST(spans_of_other_tracers) {
	static const struct expected_line cases[] = {
		{"{\"data\":[{\"traceID\":\"t1\",\"spans\":[{\"traceID\":\"t1\",\"spanID\":\"p1\",\"operationName\":\"workflow\",\"references\":[],\"startTime\":1786406365055047,\"duration\":2000000,\"tags\":[{\"key\":\"gen_ai.usage.prompt_tokens\",\"type\":\"int64\",\"value\":12}]},{\"traceID\":\"t1\",\"spanID\":\"c1\",\"operationName\":\"chat\",\"references\":[{\"refType\":\"CHILD_OF\",\"traceID\":\"t1\",\"spanID\":\"p1\"}],\"startTime\":1786406365055047,\"duration\":1500000,\"tags\":[{\"key\":\"gen_ai.usage.prompt_tokens\",\"type\":\"int64\",\"value\":12},{\"key\":\"gen_ai.usage.completion_tokens\",\"type\":\"int64\",\"value\":5},{\"key\":\"gen_ai.request.model\",\"type\":\"string\",\"value\":\"gpt-x\"}]}]}]}", UNKNOWN,
		 "request  gpt-x id=c1 tenant= from= arrival=1786406365055047000 scheduled=? first=? finish=1786406366555047000 prompt=12 cached=0 write=0 completion=5 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"traceId\":\"t2\",\"id\":\"z1\",\"parentId\":\"z0\",\"name\":\"chat\",\"timestamp\":1786406365055047,\"duration\":1500000,\"localEndpoint\":{\"serviceName\":\"app\"},\"tags\":{\"gen_ai.usage.input_tokens\":\"30\",\"gen_ai.usage.output_tokens\":\"7\",\"gen_ai.response.model\":\"gpt-y\"}}", UNKNOWN,
		 "request  gpt-y id=z1 tenant= from= arrival=1786406365055047000 scheduled=? first=? finish=1786406366555047000 prompt=30 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"traceId\":\"t2\",\"id\":\"z0\",\"parentId\":null,\"name\":\"workflow\",\"timestamp\":1786406365055047,\"duration\":1600000,\"tags\":{\"gen_ai.usage.input_tokens\":\"30\"}}", UNKNOWN,
		 ""},
		{"{\"name\":\"ChatCompletion\",\"context\":{\"trace_id\":\"0xa\",\"span_id\":\"0xb\"},\"kind\":\"SpanKind.INTERNAL\",\"parent_id\":null,\"start_time\":\"2026-10-05T06:00:00.100000Z\",\"end_time\":\"2026-10-05T06:00:01.600000Z\",\"status\":{\"status_code\":\"ERROR\"},\"attributes\":{\"openinference.span.kind\":\"LLM\",\"llm.token_count.prompt\":40,\"llm.token_count.completion\":4,\"llm.token_count.total\":44,\"llm.model_name\":\"gpt-z\",\"gen_ai.usage.cache_read.input_tokens\":null},\"events\":[],\"resource\":{\"attributes\":{\"service.name\":\"a\"}}}", UNKNOWN,
		 "request  gpt-z id=0xb tenant= from= arrival=1791180000100000000 scheduled=? first=? finish=1791180001600000000 prompt=40 cached=0 write=0 completion=4 reasoning=0 preemptions=0 ok=0 service=0 exclusive=0"},
		{NULL, UNKNOWN, ""},
	};

	CHECK_LINES_OF("otlp", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
		cmocka_unit_test(spans_of_other_tracers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
