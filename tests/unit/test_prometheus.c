/* test_prometheus.c: scrapes of counters become windows. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/formats/metrics/prometheus.h"
#include "tests/unit/ingest_help.h"

TEST(scrapes) {
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

	CHECK_LINES_OF("prometheus", cases);
}

TEST(device_times) {
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

	CHECK_LINES_OF("prometheus", cases);
}

/* A query answer or a dump, in the order of time: one scrape per timestamp, with the series that it has. */
TEST(samples_with_times) {
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

	CHECK_LINES_OF("prometheus", cases);
}

/* Lines that are nothing but a time: 2026-08-10T23:59:25Z, the last ones without a zone. */
static const char *const times[] = {
	"# 2026-08-10T23:59:25Z", "2026-08-10T23:59:25Z", "# 2026-08-11T01:59:25+02:00", "=== 1786406365 ===", "1786406365000",
	"@1786406365", "Mon Aug 10 23:59:25 UTC 2026", "Mon Aug 10 11:59:25 PM UTC 2026", "Mon 10 Aug 2026 11:59:25 PM UTC",
	"Mon, 10 Aug 2026 23:59:25 +0000", "# Tue, 11 Aug 2026 01:59:25 +0200", "Date: Mon, 10 Aug 2026 23:59:25 GMT",
	"date: Mon, 10 Aug 2026 23:59:25 GMT", "# 2026-08-10 23:59:25 UTC", "2026-08-10 23:59:25", "# 2026-08-10_23:59:25",
	"Mon Aug 10 23:59:25 CEST 2026", "20260810T235925Z", "20260810T235925", "scraped at 2026-08-10T23:59:25Z", "time=20260810T235925Z",
	"Mon Aug 10 18:59:25 -0500 2026", "Mon Aug 10 23:59:25 GMT 2026", "Mon Aug 10 23:59:25 Z 2026", "2026-08-10 23:59:25 UTC ===",
	"timestamp: 1786406365000000000", "< date: Mon, 10 Aug 2026 23:59:25 GMT", "Mon  Aug  10  23:59:25  UTC  2026",
};
static const char *const no_times[] = {
	"# HELP vllm:prompt_tokens_total Number of prefill tokens.", "# EOF", "", "up 1", "# Mon Aug 10", "2026-08-10", "17",
	"Mon Aug 32 23:59:25 UTC 2026", "Mon Aug 10 25:59:25 UTC 2026", "Date: never",
	/* words twice, parts that are missing or out of range */
	"Mon Aug Sep 10 23:59:25 UTC 2026", "Mon Aug 10 11 23:59:25 UTC 2026", "Mon Aug 10 23:59:25 23:59:26 2026", "Mon Aug 10 23:59:25 2026 2027",
	"Mon 10 23:59:25 UTC 2026", "Mon Aug 23:59:25 UTC 2026", "Mon Aug 10 23:59:25 UTC", "Mon Aug 10 UTC 2026", "Mon Aug 10 23:59:25 UTC 1999",
	"Mon Aug 0 23:59:25 UTC 2026", "Mon Aug -1 23:59:25 UTC 2026", "Mon Aug 10 -1:59:25 UTC 2026", "Mon Aug 10 23:-1:25 UTC 2026",
	"Mon Aug 10 23:60:25 UTC 2026", "Mon Aug 10 23:59:60 UTC 2026", "Mon Aug 10 23:59:-1 UTC 2026", "Mon Aug 10 23:59:25x UTC 2026",
	"Mon Aug 10 23:59 UTC 2026", "Mon Aug 10 23.59.25 UTC 2026", "Mon Aug 10 x3:59:25 UTC 2026", "Mon Aug 10 23:x9:25 UTC 2026",
	"Mon Aug 10 23:59:x5 UTC 2026", "Mon Aug 10 23:59:25 +9999 2026", "Mon Aug 10 23:59:25 +02x0 2026", "Mon Aug 10 23:59:25 CentralTime 2026",
	"Mon Aug 10 23:59:25 cest 2026", "Mon Aug 10 23:59:25 LONGER 2026", "Feb 30 23:59:25 UTC 2026",
	"20260810 235925Z", "20260810T2359", "20261310T235925Z", "2026-08-10T23:59:25Zx", "2026-13-10T23:59:25Z", "0786406365", "178640636x",
	"up{at=\"2026-08-10T23:59:25Z\"}", "HELP up 2026-08-10T23:59:25Z", "TYPE up 2026-08-10T23:59:25Z", "UNIT up 2026-08-10T23:59:25Z",
	"a line that has no number in its beginning", "a time of 20 or more characters, which is none of them",
};

TEST(times_in_front) {
	struct bench b;
	struct scrape_time t;
	int64_t ns;

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

#define M "{model_name=\"m\"} "
#define LE(le) "{model_name=\"m\",le=\"" le "\"} "
#define NOTHING UNKNOWN, ""

/* What vLLM counts besides tokens: steps and prompts by size, sums of times, the cache. */
TEST(counts_of_steps) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"31250\"} 1", NOTHING},
		{"vllm:cache_config_info{block_size=\"0\",num_gpu_blocks=\"31250\"} 1", NOTHING}, /* not taken */
		{"vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"many\"} 1", NOTHING},
		{"vllm:prompt_tokens_total" M "1000", NOTHING},
		{"vllm:generation_tokens_total" M "100", NOTHING},
		{"vllm:iteration_tokens_total_count" M "10", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("8") "4", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("4") "2", NOTHING}, /* out of order: left out */
		{"vllm:iteration_tokens_total_bucket" LE("64") "8", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("+Inf") "10", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("much") "10", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("128") "-1", NOTHING},
		{"vllm:inter_token_latency_seconds_count" M "50", NOTHING},
		{"vllm:inter_token_latency_seconds_sum" M "1.0", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.01") "5", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.025") "30", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.05") "50", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.075") "50", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.1") "50", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("1.0") "50", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("+Inf") "50", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1") "0", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1000") "1", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("10000") "1", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("+Inf") "1", NOTHING},
		{"vllm:request_prompt_tokens_sum" M "1000", NOTHING},
		{"vllm:time_to_first_token_seconds_count" M "1", NOTHING},
		{"vllm:time_to_first_token_seconds_sum" M "0.5", NOTHING},
		{"vllm:request_prefill_time_seconds_sum" M "0.25", NOTHING},
		{"vllm:request_prefill_time_seconds_count" M "1", NOTHING},
		{"vllm:num_requests_running" M "4", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total" M "13000", NOTHING},
		{"vllm:generation_tokens_total" M "400", NOTHING},
		{"vllm:iteration_tokens_total_count" M "110", NOTHING},
		{"vllm:iteration_tokens_total_bucket" LE("8") "84", NOTHING},  /* 80 steps of about 4.5 tokens */
		{"vllm:iteration_tokens_total_bucket" LE("64") "98", NOTHING}, /* 10 of about 36.5 */
		{"vllm:iteration_tokens_total_bucket" LE("+Inf") "110", NOTHING}, /* 10 of more: with prompts, at 4 to 4 running requests */
		{"vllm:inter_token_latency_seconds_count" M "450", NOTHING},
		{"vllm:inter_token_latency_seconds_sum" M "9.0", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.01") "25", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.025") "330", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.05") "440", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.075") "445", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("0.1") "445", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("1.0") "450", NOTHING},
		{"vllm:inter_token_latency_seconds_bucket" LE("+Inf") "450", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1") "0", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1000") "3", NOTHING},   /* 2 of about 501 */
		{"vllm:request_prompt_tokens_bucket" LE("10000") "5", NOTHING},  /* 2 of about 5,500 */
		{"vllm:request_prompt_tokens_bucket" LE("+Inf") "5", NOTHING},
		{"vllm:request_prompt_tokens_sum" M "13000", NOTHING},
		{"vllm:time_to_first_token_seconds_count" M "5", NOTHING},
		{"vllm:time_to_first_token_seconds_sum" M "2.5", NOTHING},
		{"vllm:request_prefill_time_seconds_sum" M "1.25", NOTHING},
		{"vllm:request_prefill_time_seconds_count" M "5", NOTHING},
		{"vllm:num_requests_running" M "4", NOTHING},
		{"vllm:num_requests_waiting" M "2", NOTHING},
		{"vllm:num_preemptions_total" M "1", NOTHING},
		{"vllm:kv_cache_usage_perc" M "0.25", NOTHING},
		{NULL, UNKNOWN,
		 "window host m tenant= start=1786406365000000000 end=1786406380000000000 in=12000 cached=0 out=300 requests=? pgpu=? dgpu=? "
		 "running=4 computed=0 steps=100 prompt_steps=10 sequence_steps=400 sequence_ns=8000000000 "
		 "sequence_square=4094 first_tokens=4 prompt_ns=1000000000 prompts=4 prompt_tokens=12000 prompt_square=60982507 "
		 "prompt_chunks=8 context_tokens=125000 waiting=2 preempted=1 "
		 "within_10ms=20 within_25ms=300 within_50ms=390 within_100ms=395 within_1000ms=400"}, /* no bound of 0.2 or 0.4 */
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* Before December 2024, vLLM had the times of prefill and decode swapped: they are left out, and all else is used. */
TEST(swapped_times) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"vllm:prompt_tokens_total" M "1000", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total" M "2000", NOTHING},
		{"vllm:time_to_first_token_seconds_count" M "5", NOTHING},
		{"vllm:time_to_first_token_seconds_sum" M "2.5", NOTHING},
		{"vllm:request_prefill_time_seconds_sum" M "7.75", NOTHING},
		{"vllm:request_prefill_time_seconds_count" M "5", NOTHING},
		{NULL, UNKNOWN,
		 "window host m tenant= start=1786406365000000000 end=1786406380000000000 in=1000 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0 first_tokens=5"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* A process that starts anew counts from 0, also where its counters have passed the former ones; start times are gauges. */
TEST(restarts) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"process_start_time_seconds 1786400000", NOTHING},
		{"vllm:prompt_tokens_total" M "1000", NOTHING},
		{"process_start_time_seconds" M "1786400000.5", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total" M "5000", NOTHING},
		{"process_start_time_seconds" M "1786406370.5", NOTHING},
		{"# 2026-08-10T23:59:55Z", UNKNOWN,
		 "window host m tenant= start=1786406365000000000 end=1786406380000000000 in=5000 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0"},
		{"vllm:prompt_tokens_total" M "5500", NOTHING},
		{"process_start_time_seconds" M "1786406369.9", NOTHING}, /* the same one, read less exactly */
		{NULL, UNKNOWN,
		 "window host m tenant= start=1786406380000000000 end=1786406395000000000 in=500 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* A histogram that one scrape lacks is as it was, not 0. */
TEST(scrape_without_buckets) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"vllm:prompt_tokens_total" M "1000", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1000") "10", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("+Inf") "10", NOTHING},
		{"vllm:request_prompt_tokens_sum" M "1000", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total" M "2000", NOTHING},
		{"# 2026-08-10T23:59:55Z", UNKNOWN,
		 "window host m tenant= start=1786406365000000000 end=1786406380000000000 in=1000 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0"},
		{"vllm:prompt_tokens_total" M "3000", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("1000") "12", NOTHING},
		{"vllm:request_prompt_tokens_bucket" LE("+Inf") "12", NOTHING},
		{"vllm:request_prompt_tokens_sum" M "2000", NOTHING},
		{NULL, UNKNOWN, /* two prompts of 500 */
		 "window host m tenant= start=1786406380000000000 end=1786406395000000000 in=1000 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=0 prompt_tokens=1000 prompt_square=500000 prompt_chunks=2"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* llama.cpp's times are those of slots: the device's only if one slot was busy at a time. */
TEST(times_of_slots) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"llamacpp:prompt_tokens_total 100", NOTHING},
		{"llamacpp:prompt_seconds_total 1", NOTHING},
		{"llamacpp:n_busy_slots_per_decode 1", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"llamacpp:prompt_tokens_total 300", NOTHING},
		{"llamacpp:prompt_seconds_total 3", NOTHING},
		{"llamacpp:n_busy_slots_per_decode 1", NOTHING},
		{"# 2026-08-10T23:59:55Z", UNKNOWN,
		 "window host  tenant= start=1786406365000000000 end=1786406380000000000 in=200 cached=0 out=0 requests=? pgpu=2000000000 "
		 "dgpu=0 running=? computed=1"},
		{"llamacpp:prompt_tokens_total 400", NOTHING},
		{"llamacpp:prompt_seconds_total 4", NOTHING},
		{"llamacpp:n_busy_slots_per_decode 1.5", NOTHING},
		{NULL, UNKNOWN,
		 "window host  tenant= start=1786406380000000000 end=1786406395000000000 in=100 cached=0 out=0 requests=? pgpu=? dgpu=? "
		 "running=? computed=1"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* One sample twice: of a second Prometheus server, or of another rank, whose times are its own. */
TEST(copies_of_samples) {
	static const struct expected_line cases[] = {
		{"# 2026-08-10T23:59:25Z", NOTHING},
		{"vllm:prompt_tokens_total{prometheus_replica=\"a\"} 100", NOTHING},
		{"vllm:prompt_tokens_total{prometheus_replica=\"b\"} 90", NOTHING},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total{prometheus_replica=\"b\"} 250", NOTHING},
		{"vllm:prompt_tokens_total{prometheus_replica=\"a\"} 300", NOTHING},
		{"vllm:generation_tokens_total{tp_rank=\"0\"} 7", NOTHING},
		{"vllm:generation_tokens_total{tp_rank=\"1\"} 7", NOTHING},
		{"sglang:forward_execution_seconds_total{category=\"extend\",pp_rank=\"0\"} 1", NOTHING},
		{"sglang:forward_execution_seconds_total{category=\"extend\",pp_rank=\"1\"} 2", NOTHING},
		{NULL, UNKNOWN,
		 "window host  tenant= start=1786406365000000000 end=1786406380000000000 in=200 cached=0 out=7 requests=? pgpu=3000000000 "
		 "dgpu=0 running=? computed=0"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* More servers than a file of counters has room for: the others are left out, with a warning, once. */
TEST(too_many_series) {
	struct bench b;
	struct record r;
	char line[200];

	bench_init(&b, "prometheus");
	assert_int_equal(bench_line(&b, "# 2026-08-10T23:59:25Z", UNKNOWN, &r), PARSE_NONE);
	for (int i = 0; i < SERIES_MAX + 2; i++) {
		snprintf(line, sizeof line, "vllm:prompt_tokens_total{instance=\"s%d\"} 1", i);
		assert_int_equal(bench_line(&b, line, UNKNOWN, &r), PARSE_NONE);
		snprintf(line, sizeof line, "vllm:request_prompt_tokens_bucket{instance=\"s%d\",le=\"8\"} 1", i);
		assert_int_equal(bench_line(&b, line, UNKNOWN, &r), PARSE_NONE);
		assert_int_equal(b.quality.warning_count, i >= SERIES_MAX);
	}
	assert_string_equal(b.quality.warnings[0], "more than 256 replicas in one file of counters: the others are left out");
	bench_release(&b);
}

TEST(absurd_values) {
	static const struct expected_line cases[] = {
		{"DCGM_FI_DEV_POWER_USAGE{gpu=\"0\"} 412", UNKNOWN, "!sample without a time"},
		{"vllm:prompt_tokens_total" M "1", UNKNOWN, ""},
		{"# 2026-08-10T23:59:25Z", UNKNOWN, "!scrape without a time"},
		{"vllm:prompt_tokens_total" M "1", NOTHING},
		{"vllm:generation_tokens_total" M "1", NOTHING},
		{"DCGM_FI_DEV_POWER_USAGE{gpu=\"0\"} -1", UNKNOWN, "!absurd power"},
		{"DCGM_FI_DEV_POWER_USAGE{gpu=\"0\"} 100001", UNKNOWN, "!absurd power"},
		{"# 2026-08-10T23:59:40Z", NOTHING},
		{"vllm:prompt_tokens_total" M "2", NOTHING},
		{"vllm:generation_tokens_total" M "1e16", NOTHING},
		{NULL, UNKNOWN, "!absurd count"},
	};

	CHECK_LINES_OF("prometheus", cases);
}

/* Names as Ray and other exporters print them. */
TEST(names_of_metrics) {
	static const char *const known[] = {"vllm:prompt_tokens_total", "ray_vllm_prompt_tokens_total", "vllm_prompt_tokens_total",
	                                    "DCGM_FI_DEV_POWER_USAGE", "vllm:cache_config_info", "vllm:iteration_tokens_total_bucket",
	                                    "vllm:request_prompt_tokens_bucket"};
	static const char *const others[] = {"vllm-prompt_tokens_total", "vlln_prompt_tokens_total", "vllm_prompt_tokens_totam", "up", ""};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		assert_true(metric_known(text_of(known[i])));
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_false(metric_known(text_of(others[i])));
	}
}

TEST(bids) {
	assert_string_equal(format_detect(&T("vllm:prompt_tokens_total{engine=\"0\",model_name=\"org/m\"} 10290.0"), 1)->name, "prometheus");
	assert_string_equal(format_detect(&T("sglang:prompt_tokens_total{model_name=\"m\",tp_rank=\"0\"} 100 1786406365000"), 1)->name, "prometheus");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrapes),
		cmocka_unit_test(device_times),
		cmocka_unit_test(samples_with_times),
		cmocka_unit_test(times_in_front),
		cmocka_unit_test(counts_of_steps),
		cmocka_unit_test(swapped_times),
		cmocka_unit_test(restarts),
		cmocka_unit_test(scrape_without_buckets),
		cmocka_unit_test(times_of_slots),
		cmocka_unit_test(copies_of_samples),
		cmocka_unit_test(too_many_series),
		cmocka_unit_test(absurd_values),
		cmocka_unit_test(names_of_metrics),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
