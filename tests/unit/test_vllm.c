/* test_vllm.c: vLLM's lines, by the shapes of its versions. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

#define API "(APIServer pid=77120) INFO 07-14 18:02:01 "
#define CORE "(EngineCore_DP0 pid=2010411) INFO 12-22 21:44:38 [core.py:349] "
/* 2026-07-14T18:02:01Z, and 2025-12-22T21:44:38Z: the latest that is not in the future. */
#define JULY INT64_C(1784052121000000000)
#define DECEMBER INT64_C(1766439878000000000)
#define AVG "Avg prompt throughput: 803.2 tokens/s, Avg generation throughput: 24.7 tokens/s"

#define CHECK_LINES(cases) CHECK_LINES_OF("vllm", cases)

TEST(three_forms_of_iterations) {
	static const struct expected_line cases[] = {
		{CORE "Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, "
		 "iteration elapsed time: 61.37 ms", UNKNOWN,
		 "step host  index=512 start=1766439877938630000 gpu=61370000 pr=1 pt=2048 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=4"},
		/* the same second: right after the one before */
		{CORE "Iteration(513): 0 context requests, 0 context tokens, 20 generation requests, 20 generation tokens, "
		 "iteration elapsed time: 11.02 ms", UNKNOWN,
		 "step host  index=513 start=1766439878000000000 gpu=11020000 pr=0 pt=0 pkv=? ptkv=? dr=20 dt=20 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=4"},
		{"(EngineCore_DP1 pid=88123) INFO 12-22 21:44:39 [core.py:401] Iteration(9120): 0 context requests, 0 context "
		 "tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 7.44 ms (dummy)", UNKNOWN,
		 "step host/1  index=9120 start=1766439878992560000 gpu=7440000 pr=0 pt=0 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=5"},
		/* New Year */
		{"(APIServer pid=1) INFO 01-01 00:00:00 [loggers.py:179] Engine 002: Iteration(1): 0 context requests, 0 context "
		 "tokens, 32 generation requests, 64 generation tokens, iteration elapsed time: 13.77 ms, GPU KV cache usage: "
		 "12.5%", UNKNOWN,
		 "step host/2  index=1 start=1767225599986230000 gpu=13770000 pr=0 pt=0 pkv=? ptkv=? dr=32 dt=64 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=4"},
		{"INFO 01-01 00:00:01 [loggers.py:179] Engine 000: Iteration(514): 0 context requests, 0 context tokens, 1 "
		 "generation requests, 1 generation tokens, iteration elapsed time: 1.00 ms, GPU KV cache usage: 12.5%, encoder "
		 "inputs: 1, encoder output embeddings: 576", UNKNOWN,
		 "step host  index=514 start=1767225600999000000 gpu=1000000 pr=0 pt=0 pkv=? ptkv=? dr=1 dt=1 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=4"},
	};

	CHECK_LINES(cases);
}

/* A step of a process: the replica that it is of. */
static void check_process(struct bench *b, const char *pid, int64_t second, int64_t number, const char *replica) {
	char line[400];
	struct record out;

	snprintf(line, sizeof line, "(EngineCore_DP0 pid=%s) INFO 12-22 21:44:38 [core.py:349] Iteration(%lld): 0 context requests, 0 context tokens, 3 "
	         "generation requests, 3 generation tokens, iteration elapsed time: 10.00 ms", pid, (long long)number);
	assert_int_equal(bench_line(b, line, JULY + second * NS_PER_SECOND, &out), PARSE_RECORD);
	assert_true(text_eq(out.replica, text_of(replica)));
}

/* Two processes that log by turns are two servers, each with its own times; one after the other, it is a restart. */
TEST(processes_are_servers_or_restarts) {
	static const struct {
		const char *pid;
		int64_t second, number;
		const char *replica;
	} cases[] = {
		{"17", 0, 1, "host"}, {"17", 1, 2, "host"}, {"18", 1, 500, "host#2"}, {"17", 2, 3, "host"}, {"18", 2, 501, "host#2"},
		/* the first one restarts, while the second one goes on */
		{"18", 39, 502, "host#2"}, {"19", 40, 0, "host"}, {"18", 41, 503, "host#2"}, {"19", 42, 1, "host"},
		/* what seemed to be a restart is a third one */
		{"19", 90, 2, "host"}, {"20", 100, 0, "host#2"}, {"18", 101, 504, "host#2"}, {"20", 102, 1, "host#3"}, {"19", 103, 3, "host"},
	};
	struct bench b;

	bench_init(&b, "vllm");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_process(&b, cases[i].pid, cases[i].second, cases[i].number, cases[i].replica);
	}
	bench_release(&b);
}

#define DECODE(requests, tokens) \
	CORE "Iteration(1): 0 context requests, 0 context tokens, " requests " generation requests, " tokens \
	     " generation tokens, iteration elapsed time: 10.00 ms"

/* An envelope's stamp is the end of the step; recomputed tokens are distinguished from drafts. */
TEST(stamps_and_recomputes) {
	static const struct expected_line cases[] = {
		{DECODE("2", "2"), JULY, "step host  index=1 start=1784052120990000000 gpu=10000000 pr=0 pt=0 pkv=? ptkv=? dr=2 dt=2 "
		 "dkv=? pgpu=? dgpu=? kind=2 flags=0"},
		{DECODE("2", "500"), JULY + 5000000, "step host  index=1 start=1784052121000000000 gpu=10000000 pr=0 pt=0 pkv=? "
		 "ptkv=? dr=2 dt=500 dkv=? pgpu=? dgpu=? kind=2 flags=2"},
		{DECODE("3", "7"), JULY + 30000000, "step host  index=1 start=1784052121020000000 gpu=10000000 pr=0 pt=0 pkv=? "
		 "ptkv=? dr=3 dt=7 dkv=? pgpu=? dgpu=? kind=2 flags=2"},
		{API "[metrics.py:100] SpecDecoding metrics: Mean acceptance length: 2.00", JULY, ""},
		{DECODE("3", "7"), JULY + 60000000, "step host  index=1 start=1784052121050000000 gpu=10000000 pr=0 pt=0 pkv=? "
		 "ptkv=? dr=3 dt=7 dkv=? pgpu=? dgpu=? kind=2 flags=0"},
	};

	CHECK_LINES(cases);
}

TEST(refuses_damage) {
	static const struct expected_line cases[] = {
		{CORE "Iteration(512): 1 context requests, 2048 context tok", UNKNOWN, "!malformed iteration line"},
		{CORE "Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, "
		 "iteration elapsed time: 61.37 msx", UNKNOWN, "!malformed iteration line"},
		{CORE "Iteration(512): 1 context requests, 99999999999 context tokens, 0 generation requests, 0 generation "
		 "tokens, iteration elapsed time: 61.37 ms", UNKNOWN, "!absurd count"},
		{CORE "Iteration(512): -1 context requests, 9 context tokens, 0 generation requests, 0 generation tokens, "
		 "iteration elapsed time: 61.37 ms", UNKNOWN, "!negative count"},
		{CORE "Iteration(512): 1 context requests, 9 context tokens, 0 generation requests, 0 generation tokens, "
		 "iteration elapsed time: 99999999999.00 ms", UNKNOWN, "!absurd duration"},
		{"INFO 13-22 21:44:38 [core.py:349] Iteration(1): 0 context requests, 0 context tokens, 1 generation requests, 1 "
		 "generation tokens, iteration elapsed time: 1.00 ms", UNKNOWN, "!invalid time stamp"},
		{API "[loggers.py:9] Engine 999: Iteration(1): 0 context requests, 0 context tokens, 1 generation requests, 1 "
		 "generation tokens, iteration elapsed time: 1.00 ms", UNKNOWN, "!engine number out of range"},
		{API "[loggers.py:9] Engine 000: " AVG ", Running: 1 re", UNKNOWN, "!malformed statistics line"},
		{API "[loggers.py:9] Engine 000: Avg prompt throughput: nan tokens/s", UNKNOWN, "!malformed statistics line"},
		/* a user's text is not evidence */
		{API "[logger.py:40] Iteration(1): 0 context requests, 0 context tokens, 1 generation requests, 1 generation "
		 "tokens, iteration elapsed time: 1.00 ms", UNKNOWN, ""},
		{"Iteration(1): 0 context requests, 0 context tokens, 1 generation requests, 1 generation tokens, iteration elapsed "
		 "time: 1.00 ms", UNKNOWN, ""},
		{API "[logger.py:40] Received request x: prompt: 'INFO [core.py:1] Iteration(1): '", UNKNOWN, ""},
		{"(APIServer pid=359) INFO:     127.0.0.1:1 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK", UNKNOWN, ""},
		{"(", UNKNOWN, ""},
		{"INFO 07-14", UNKNOWN, ""},
		{"", UNKNOWN, ""},
	};

	CHECK_LINES(cases);
}

/* Rates times the time between lines; the first, and one after silence, are one interval of 10 s. */
TEST(windows) {
	static const struct expected_line cases[] = {
		{"INFO 02-14 10:11:12 loggers.py:72] " AVG ", Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 6.8%, Prefix "
		 "cache hit rate: 43.1%", UNKNOWN,
		 "window host  tenant= start=1771063862000000000 end=1771063872000000000 in=8032 cached=0 out=247 requests=? "
		 "pgpu=? dgpu=? running=1 computed=0"},
		{"(APIServer pid=1) INFO 02-14 10:11:23 [loggers.py:236] Engine 000: " AVG ", Running: 212 reqs, Waiting: 44 reqs, "
		 "Deferred: 2 reqs, Preemptions: 7, GPU KV cache usage: 99.6%, Prefix cache hit rate: 0.0%, Corrupted: 0 reqs, "
		 "External prefix cache hit rate: 74.6%, MM cache hit rate: 1.0%", UNKNOWN,
		 "window host  tenant= start=1771063872000000000 end=1771063883000000000 in=8835 cached=0 out=272 requests=? "
		 "pgpu=? dgpu=? running=212 computed=0"},
		{"INFO 02-14 10:11:33 [loggers.py:72] Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: "
		 "0.0 tokens/s, Running: 0 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%, Prefix cache hit rate: 0.0%", UNKNOWN,
		 "window host  tenant= start=1771063883000000000 end=1771063893000000000 in=0 cached=0 out=0 requests=? pgpu=? "
		 "dgpu=? running=0 computed=0"},
		{"INFO 02-14 11:11:33 [loggers.py:72] Engine 000: " AVG ", Running: 1 reqs, New key: 5 things", UNKNOWN,
		 "window host  tenant= start=1771067483000000000 end=1771067493000000000 in=8032 cached=0 out=247 requests=? "
		 "pgpu=? dgpu=? running=1 computed=0"},
		{"INFO 02-14 11:11:43 [loggers.py:72] 2 Engines Aggregated: " AVG ", Running: 1 reqs", UNKNOWN,
		 "window host  tenant= start=1771067493000000000 end=1771067503000000000 in=8032 cached=0 out=247 requests=? "
		 "pgpu=? dgpu=? running=1 computed=0"},
		{"INFO 06-01 00:00:00 [metrics.py:455] " AVG ", Running: 1 reqs, Swapped: 0 reqs, Pending: 0 reqs, GPU KV cache "
		 "usage: 0.1%, CPU KV cache usage: 0.0%.", JULY,
		 "window host  tenant= start=1771067503000000000 end=1784052121000000000 in=10429245178 cached=0 out=320720065 "
		 "requests=? pgpu=? dgpu=? running=1 computed=1"},
	};

	CHECK_LINES(cases);
}

TEST(model_and_version) {
	static const struct expected_line cases[] = {
		{API "[utils.py:253] non-default args: {'model': 'meta-llama/Llama-3.1-8B', 'max_num_batched_tokens': 2048}",
		 UNKNOWN, ""},
		{API "[api_server.py:1977] vLLM API server version 0.21.0", UNKNOWN, ""},
		{API "[loggers.py:1] Engine 000: " AVG ", Running: 1 reqs", UNKNOWN,
		 "window host meta-llama/Llama-3.1-8B tenant= start=1784052111000000000 end=1784052121000000000 in=8032 cached=0 "
		 "out=247 requests=? pgpu=? dgpu=? running=1 computed=1"},
		{"INFO 07-14 18:02:02 [core.py:58] Initializing a V1 LLM engine (v0.8.5) with config: model='facebook/opt', "
		 "speculative_config=None, tokenizer='x'", UNKNOWN, ""},
		{"INFO 07-14 18:02:03 [loggers.py:1] Engine 000: " AVG ", Running: 1 reqs", UNKNOWN,
		 "window host facebook/opt tenant= start=1784052121000000000 end=1784052123000000000 in=1606 cached=0 out=49 "
		 "requests=? pgpu=? dgpu=? running=1 computed=0"},
	};

	CHECK_LINES(cases);
}

TEST(says_what_it_assumed) {
	struct bench b;
	struct record r;

	bench_init(&b, "vllm");
	assert_int_equal(bench_line(&b, DECODE("2", "2"), UNKNOWN, &r), PARSE_RECORD);
	assert_int_equal(bench_line(&b, DECODE("2", "2"), UNKNOWN, &r), PARSE_RECORD);
	assert_int_equal(b.quality.warning_count, 2);
	assert_non_null(strstr(b.quality.warnings[0], "--log-year"));
	assert_non_null(strstr(b.quality.warnings[1], "--log-zone"));
	bench_release(&b);

	bench_init(&b, "vllm");
	b.parser.stamps.zone = zone_new(T("+02:00"), &(struct fault){0});
	b.parser.stamps.year = 2024;
	assert_int_equal(bench_line(&b, DECODE("2", "2"), UNKNOWN, &r), PARSE_RECORD);
	assert_int_equal(r.step.start_ns + r.step.gpu_ns, INT64_C(1734896678000000000));
	assert_int_equal(b.quality.warning_count, 0);
	zone_free((struct zone *)(uintptr_t)b.parser.stamps.zone);
	bench_release(&b);
}

/* A log rotated on New Year contains the old year's lines. */
TEST(year_by_name) {
	static const struct {
		const char *name;
		int64_t ns;
	} cases[] = {
		{"/logs/vllm-20250101.log", INT64_C(1734903878000000000)},
		{"vllm.2024-12-23.log.gz", INT64_C(1734903878000000000)},
		{"vllm-2025_02_01", INT64_C(1734903878000000000)},
		{"vllm-123456789.log", DECEMBER},
		{"vllm-20251399.log", DECEMBER},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		struct record r;
		bench_init(&b, "vllm");
		stamp_near_name(&b.parser.stamps, text_of(cases[i].name));
		assert_int_equal(bench_line(&b, DECODE("2", "2"), UNKNOWN, &r), PARSE_RECORD);
		assert_int_equal(r.step.start_ns + r.step.gpu_ns, cases[i].ns);
		bench_release(&b);
	}
}

TEST(bids) {
	const struct text sure[] = {T("starting"), T(API "[loggers.py:9] Engine 000: " AVG)};
	const struct text likely[] = {T("INFO 02-14 10:11:12 api_server.py:72] vLLM API")};

	assert_string_equal(format_detect(sure, 2)->name, "vllm");
	assert_string_equal(format_detect(likely, 1)->name, "vllm");
}

#define RUST " INFO vllm_llm::log_stats: "

TEST(rust_front_end) {
	static const struct expected_line cases[] = {
		{RUST "Avg prompt tput: 803.2 toks/s, Avg generation tput: 24.7 toks/s, Reqs Running: 4, Waiting: 0, Deferred: 1 reqs, "
		 "GPU KV cache used: 6.8%, Prefix cache hit rate: 43.1%", JULY,
		 "window host  tenant= start=1784052111000000000 end=1784052121000000000 in=8032 cached=0 out=247 requests=? pgpu=? "
		 "dgpu=? running=4 computed=1"},
		{" INFO vllm_server::chat: chat completion finished stream=true model=\"llama\" prompt_tokens=26 output_tokens=282 "
		 "finish_reason=\"stop\"", JULY,
		 "request host llama id=1784052121000000000-0 tenant= from= arrival=? scheduled=? first=? finish=1784052121000000000 "
		 "prompt=26 cached=0 write=0 completion=282 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{" INFO vllm_server::chat: completion finished stream=false model=llama prompt_tokens=26 finish_reason=stop", JULY,
		 "!malformed request line"},
		{RUST "Avg prompt tput: x", JULY, "!malformed statistics line"},
		{" INFO Avg prompt tput: 803.2 toks/s", JULY, ""},
	};

	CHECK_LINES(cases);
}

/* A JSON logger keeps only the message; without its timestamp it may be any text. */
TEST(messages_alone) {
	static const struct expected_line cases[] = {
		{"Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed "
		 "time: 61.37 ms", UNKNOWN, ""},
		{"Engine 001: Iteration(512): 1 context requests, 2048 context tokens, 0 generation requests, 0 generation tokens, "
		 "iteration elapsed time: 61.37 ms", JULY,
		 "step host/1  index=512 start=1784052120938630000 gpu=61370000 pr=1 pt=2048 pkv=? ptkv=? dr=0 dt=0 dkv=? pgpu=? "
		 "dgpu=? kind=2 flags=0"},
	};

	CHECK_LINES(cases);
}

/* The engine before V1: windows of 5 s, "Swapped" and "Pending", later a full stop. */
TEST(before_v1) {
	static const struct expected_line cases[] = {
		{"INFO 07-14 18:02:01 llm_engine.py:72] Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 20.0 tokens/s, "
		 "Running: 1 reqs, Swapped: 0 reqs, Pending: 0 reqs, GPU KV cache usage: 0.1%, CPU KV cache usage: 0.0%", UNKNOWN,
		 "window host  tenant= start=1784052116000000000 end=1784052121000000000 in=50 cached=0 out=100 requests=? pgpu=? dgpu=? "
		 "running=1 computed=1"},
		{"INFO 07-14 18:02:06 metrics.py:345] Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 20.0 tokens/s, "
		 "Running: 1 reqs, Swapped: 0 reqs, Pending: 0 reqs, GPU KV cache usage: 0.1%, CPU KV cache usage: 0.0%.", UNKNOWN,
		 "window host  tenant= start=1784052121000000000 end=1784052126000000000 in=0 cached=0 out=100 requests=? pgpu=? dgpu=? "
		 "running=1 computed=1"},
		{"INFO 07-14 18:02:06 metrics.py:359] Prefix cache hit rate: GPU: 12.50%, CPU: 0.00%", UNKNOWN, ""},
		{"INFO 07-14 18:02:06 async_llm_engine.py:174] Added request cmpl-1.", UNKNOWN, ""},
		{"INFO 07-14 18:02:06 logger.py:36] Received request cmpl-1: prompt: 'Avg prompt throughput: 1.0 tokens/s', params: "
		 "SamplingParams(n=1), lora_request: None.", UNKNOWN, ""},
	};

	CHECK_LINES(cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rust_front_end),
		cmocka_unit_test(messages_alone),
		cmocka_unit_test(before_v1),
		cmocka_unit_test(three_forms_of_iterations), cmocka_unit_test(processes_are_servers_or_restarts), cmocka_unit_test(stamps_and_recomputes),
		cmocka_unit_test(refuses_damage),            cmocka_unit_test(windows),
		cmocka_unit_test(model_and_version),         cmocka_unit_test(says_what_it_assumed),
		cmocka_unit_test(year_by_name),              cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
