/* test_prometheus.c: scrapes of counters become windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/ingest_help.h"

static void scrapes(void **state) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", UNKNOWN,
		 ""},
		{"# HELP vllm:prompt_tokens_total Number of prefill tokens processed.", UNKNOWN,
		 ""},
		{"# TYPE vllm:prompt_tokens_total counter", UNKNOWN,
		 ""},
		{"vllm:prompt_tokens_total{engine=\"0\",model_name=\"org/m\"} 10290.0", UNKNOWN,
		 ""},
		{"vllm:prompt_tokens_total{engine=\"1\",model_name=\"org/m\"} 5.0", UNKNOWN,
		 ""},
		{"vllm:generation_tokens_total{engine=\"0\",model_name=\"org/m\"} 1.823e+03", UNKNOWN,
		 ""},
		{"vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"org/m\"} 90", UNKNOWN,
		 ""},
		{"vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"org/m\"} 10", UNKNOWN,
		 ""},
		{"vllm:request_success_total{engine=\"0\",finished_reason=\"length\",model_name=\"org/m\"} 2", UNKNOWN,
		 ""},
		{"# 2026-08-10T23:59:40Z", UNKNOWN,
		 ""},
		{"vllm:prompt_tokens_total{engine=\"0\",model_name=\"org/m\"} 10390.0", UNKNOWN,
		 ""},
		{"vllm:prompt_tokens_total{engine=\"1\",model_name=\"org/m\"} 2.0", UNKNOWN,
		 ""},
		{"vllm:generation_tokens_total{engine=\"0\",model_name=\"org/m\"} 1.923e+03", UNKNOWN,
		 ""},
		{"vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"org/m\"} 100", UNKNOWN,
		 ""},
		{"vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"org/m\"} 11", UNKNOWN,
		 ""},
		{"vllm:request_success_total{engine=\"0\",finished_reason=\"length\",model_name=\"org/m\"} 4", UNKNOWN,
		 ""},
		{"vllm:num_requests_running{engine=\"0\",model_name=\"org/m\"} 3", UNKNOWN,
		 ""},
		{"DCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-1\",Hostname=\"h\"} 412.35", UNKNOWN,
		 "power h  gpu=GPU-1 at=1786406380000000000 mw=412350"},
		{"DCGM_FI_DEV_POWER_USAGE{gpu=\"1\",UUID=\"GPU-2\",Hostname=\"h\"} 9223372036854775794", UNKNOWN,
		 ""},
		{"broken{a=\"b\" 3", UNKNOWN,
		 "!malformed sample"},
		{NULL, UNKNOWN,
		 "window host org/m tenant= start=1786406365000000000 end=1786406380000000000 in=100 cached=10 out=100 "
		 "requests=3 pgpu=? dgpu=? running=3 computed=0\n"
		 "window host/1 org/m tenant= start=1786406365000000000 end=1786406380000000000 in=2 cached=0 out=0 "
		 "requests=? pgpu=? dgpu=? running=? computed=0"},
	};

	(void)state;
	CHECK_LINES_OF("prometheus", cases);
}

static void device_times(void **state) {
	static const struct expected_line cases[] = {
		{"sglang:prompt_tokens_total{model_name=\"m\",tp_rank=\"0\"} 100 1786406365000", UNKNOWN,
		 ""},
		{"sglang:forward_execution_seconds_total{category=\"extend\",model_name=\"m\"} 1.5 1786406365000", UNKNOWN,
		 ""},
		{"sglang:forward_execution_seconds_total{category=\"decode\",model_name=\"m\"} 2.5 1786406365000", UNKNOWN,
		 ""},
		{"sglang:prompt_tokens_total{model_name=\"m\",tp_rank=\"0\"} 200 1786406375000", UNKNOWN,
		 ""},
		{"sglang:forward_execution_seconds_total{category=\"extend\",model_name=\"m\"} 2.75 1786406375000", UNKNOWN,
		 ""},
		{"sglang:forward_execution_seconds_total{category=\"decode\",model_name=\"m\"} 5.5 1786406375000", UNKNOWN,
		 ""},
		{"sglang:forward_execution_seconds_total{category=\"target_verify\",model_name=\"m\"} 1 1786406375000", UNKNOWN,
		 ""},
		{"sglang:cached_tokens_total{cache_source=\"device\",model_name=\"m\"} 20 1786406375000", UNKNOWN,
		 ""},
		{"sglang:generation_tokens_total{model_name=\"m\"} 50 1786406375000", UNKNOWN,
		 ""},
		{"# EOF", UNKNOWN,
		 "window host m tenant= start=1786406365000000000 end=1786406375000000000 in=100 cached=20 out=50 requests=? "
		 "pgpu=1250000000 dgpu=4000000000 running=? computed=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	(void)state;
	CHECK_LINES_OF("prometheus", cases);
}

static void range_of_a_query(void **state) {
	static const struct expected_line cases[] = {
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"vllm:prompt_tokens_total\","
		 "\"instance\":\"a:8000\",\"model_name\":\"m\"},\"values\":[[1786406365.781,\"1024\"],[1786406380.781,\"2024\"],"
		 "[1786406395.781,\"24\"]]},{\"metric\":{\"__name__\":\"vllm:generation_tokens_total\",\"instance\":\"a:8000\","
		 "\"model_name\":\"m\"},\"values\":[[1786406365.781,\"10\"],[1786406380.781,\"20\"],[1786406395.781,\"5\"]]},"
		 "{\"metric\":{\"__name__\":\"DCGM_FI_DEV_POWER_USAGE\",\"UUID\":\"GPU-1\"},\"values\":[[1786406366,\"312.5\"],"
		 "[1786406381,\"NaN\"]]},{\"metric\":{\"__name__\":\"up\"},\"values\":[[1,\"1\"]]}]}}", UNKNOWN,
		 "power   gpu=GPU-1 at=1786406366000000000 mw=312500\n"
		 "window a:8000 m tenant= start=1786406365781000000 end=1786406380781000000 in=1000 cached=0 out=10 "
		 "requests=? pgpu=? dgpu=? running=? computed=0\n"
		 "window a:8000 m tenant= start=1786406380781000000 end=1786406395781000000 in=24 cached=0 out=5 requests=? "
		 "pgpu=? dgpu=? running=? computed=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	(void)state;
	CHECK_LINES_OF("prometheus", cases);
}

static void bids(void **state) {
	(void)state;
	assert_string_equal(format_detect(&T("vllm:prompt_tokens_total{engine=\"0\",model_name=\"org/m\"} 10290.0"), 1)->name, "prometheus");
	assert_string_equal(format_detect(&T("sglang:prompt_tokens_total{model_name=\"m\",tp_rank=\"0\"} 100 1786406365000"), 1)->name, "prometheus");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrapes),
		cmocka_unit_test(device_times),
		cmocka_unit_test(range_of_a_query),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
