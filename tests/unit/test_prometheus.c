/* test_prometheus.c: scrapes of counters become windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ingest/formats/metrics/prometheus.h"
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

/* A query answer or a dump, in the order of time: one scrape per timestamp, with the series that it has. */
static void samples_with_times(void **state) {
	static const struct expected_line cases[] = {
		{"vllm:prompt_tokens_total{instance=\"a:8000\",model_name=\"m\"} 1024 1786406365.781", UNKNOWN, ""},
		{"vllm:generation_tokens_total{instance=\"a:8000\",model_name=\"m\"} 10 1786406365.781", UNKNOWN, ""},
		{"DCGM_FI_DEV_POWER_USAGE{UUID=\"GPU-1\"} 312.5 1786406366", UNKNOWN,
		 "power   gpu=GPU-1 at=1786406366000000000 mw=312500"},
		{"vllm:prompt_tokens_total{instance=\"a:8000\",model_name=\"m\"} 2024 1786406380.781", UNKNOWN, ""},
		{"vllm:generation_tokens_total{instance=\"a:8000\",model_name=\"m\"} 20 1786406380.781", UNKNOWN, ""},
		{"DCGM_FI_DEV_POWER_USAGE{UUID=\"GPU-1\"} NaN 1786406381", UNKNOWN,
		 "window a:8000 m tenant= start=1786406365781000000 end=1786406380781000000 in=1000 cached=0 out=10 "
		 "requests=? pgpu=? dgpu=? running=? computed=0"},
		{"vllm:prompt_tokens_total{instance=\"a:8000\",model_name=\"m\"} 24 1786406395.781", UNKNOWN, ""},
		/* a series that a scrape lacks is not 0 in it */
		{"vllm:prompt_tokens_total{instance=\"a:8000\",model_name=\"m\"} 34 1786406410.781", UNKNOWN,
		 "window a:8000 m tenant= start=1786406380781000000 end=1786406395781000000 in=24 cached=0 out=0 requests=? "
		 "pgpu=? dgpu=? running=? computed=0"},
		{"vllm:generation_tokens_total{instance=\"a:8000\",model_name=\"m\"} 27 1786406410.781", UNKNOWN, ""},
		{NULL, UNKNOWN,
		 "window a:8000 m tenant= start=1786406395781000000 end=1786406410781000000 in=10 cached=0 out=7 requests=? "
		 "pgpu=? dgpu=? running=? computed=0"},
	};

	(void)state;
	CHECK_LINES_OF("prometheus", cases);
}

/* Lines that are nothing but a time: 2026-08-10T23:59:25Z, the last ones without a zone. */
static const char *const times[] = {
	"# 2026-08-10T23:59:25Z", "2026-08-10T23:59:25Z", "# 2026-08-11T01:59:25+02:00", "=== 1786406365 ===", "1786406365000",
	"@1786406365", "Mon Aug 10 23:59:25 UTC 2026", "Mon Aug 10 11:59:25 PM UTC 2026", "Mon 10 Aug 2026 11:59:25 PM UTC",
	"Mon, 10 Aug 2026 23:59:25 +0000", "# Tue, 11 Aug 2026 01:59:25 +0200", "Date: Mon, 10 Aug 2026 23:59:25 GMT",
	"date: Mon, 10 Aug 2026 23:59:25 GMT", "# 2026-08-10 23:59:25 UTC", "2026-08-10 23:59:25", "# 2026-08-10_23:59:25",
	"Mon Aug 10 23:59:25 CEST 2026",
};
static const char *const no_times[] = {
	"# HELP vllm:prompt_tokens_total Number of prefill tokens.", "# EOF", "", "up 1", "# Mon Aug 10", "2026-08-10", "17",
	"Mon Aug 32 23:59:25 UTC 2026", "Mon Aug 10 25:59:25 UTC 2026", "Date: never",
};

static void times_in_front(void **state) {
	struct bench b;
	struct scrape_time t;
	int64_t ns;

	(void)state;
	bench_init(&b, "prometheus");
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		if (!scrape_time(text_of(times[i]), &t) || !scrape_time_resolve(&b.parser, &t, &ns) || ns != INT64_C(1786406365000000000)) {
			fail_msg("%s", times[i]);
		}
	}
	for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++) {
		if (scrape_time(text_of(no_times[i]), &t)) {
			fail_msg("taken as a time: %s", no_times[i]);
		}
	}
	bench_release(&b);
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
		cmocka_unit_test(samples_with_times),
		cmocka_unit_test(times_in_front),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
