/* test_sglang.c: SGLang's lines, by the shapes of its versions. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(batches) {
	static const struct expected_line cases[] = {
		{"[2026-04-05 20:02:40] server_args=ServerArgs(model_path='org/M-8B', tokenizer_path='x', served_model_name='m-8b',"
		 " tp_size=1, decode_log_interval=40, enable_metrics=False)", UNKNOWN,
		 ""},
		{"[2026-04-05 20:02:51] Prefill batch, #new-seq: 1, #new-token: 161, #cached-token: 0, token usage: "
		 "0.08, #running-req: 31, #queue-req: 0, cuda graph: True, input throughput (token/s): 561.22", UNKNOWN,
		 ""},
		{"[2026-04-05 20:02:52] Decode batch, #running-req: 24, #token: 233600, token usage: 0.66, accept len: "
		 "3.05, accept rate: 0.68, npu graph: True, gen throughput (token/s): 239.12, #queue-req: 2", UNKNOWN,
		 ""},
		{"[2026-04-05 20:02:54] INFO:     127.0.0.1:40052 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK", UNKNOWN,
		 ""},
		{"[2026-04-05 20:02:56] Prefill batch, #new-seq: 2, #new-token: 300, #cached-token: 1000, token usage: "
		 "0.08, #running-req: 31, #queue-req: 0, cuda graph: True, input throughput (token/s): 561.22, est. "
		 "prefill TFLOPS/s (per GPU): 12.00, fwd occupancy: nan%", UNKNOWN,
		 ""},
		{"[2026-04-05 20:03:02] Decode batch, #running-req: 24, #token: 233600, token usage: 0.66, cuda graph: "
		 "True, gen throughput (token/s): 100.50, #queue-req: 2,", UNKNOWN,
		 "window host m-8b tenant= start=1775419371000000000 end=1775419382000000000 in=1461 cached=1000 out=1968 "
		 "requests=? pgpu=? dgpu=? running=24 computed=0"},
		{"[2026-04-05 20:03:12 DP1 TP0] Decode batch [51342], #running-req: 3, #token: 1093004, token usage: "
		 "0.67, cuda graph: True, gen throughput (token/s): 14790.13, #queue-req: 0, new thing: 5", UNKNOWN,
		 ""},
		{"[2026-05-28 02:59:59 TP0] Decode batch, #running-req: 45, #token: 44672, token usaccept rate: 0.32, "
		 "npu graph: False, gen throughput (token/s): 861.02, #queue-req", UNKNOWN,
		 "!malformed batch line"},
		{"[2026-05-28 02:59:59 TP0] Prefill batch, #new-seq: 1, #new-tok", UNKNOWN,
		 "!malformed batch line"},
		{NULL, UNKNOWN,
		 "window host/1 m-8b tenant= start=1775419392000000000 end=1775419393000000000 in=0 cached=0 out=120 "
		 "requests=? pgpu=? dgpu=? running=3 computed=0"},
	};

	CHECK_LINES_OF("sglang", cases);
}

TEST(requests) {
	static const struct expected_line cases[] = {
		{"[2026-05-28 03:00:00 TP0] ReqTimeStats(rid=a1, input_len=40, cached_input_len=12, output_len=7, attempts=1,"
		 " type=unified): queue_duration=1.23ms, forward_duration=456.78ms, entry_time=1779937199.123", UNKNOWN,
		 "request host  id=a1 tenant= from= arrival=1779937199123000000 scheduled=1779937199124230000 first=? "
		 "finish=1779937199581010000 prompt=40 cached=12 write=0 completion=7 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=0"},
		{"[2026-05-28 03:00:01 TP0] Finish: obj=GenerateReqInput(rid='b2', text=\"say 'meta_info': {'id': 'fake', "
		 "'prompt_tokens': 9}}\"), out={'text': 'no', 'meta_info': {'id': 'b2', 'finish_reason': {'type': 'stop', "
		 "'matched': 2}, 'prompt_tokens': 41, 'weight_version': 'default', 'completion_tokens': 8, 'cached_tokens': "
		 "13, 'e2e_latency': 0.5}}", UNKNOWN,
		 "request host  id=b2 tenant= from= arrival=1779937200500000000 scheduled=? first=? finish=1779937201000000000 "
		 "prompt=41 cached=13 write=0 completion=8 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"timestamp\": \"2026-05-28T03:04:05.678901\", \"event\": \"request.finished\", \"rid\": \"c3\", "
		 "\"obj\": {\"text\": \"x\"}, \"out\": {\"meta_info\": {\"id\": \"c3\", \"finish_reason\": {\"type\": "
		 "\"length\", \"length\": 7}, \"prompt_tokens\": 40, \"completion_tokens\": 7, \"cached_tokens\": 12, "
		 "\"reasoning_tokens\": 2, \"num_retractions\": 1, \"dp_rank\": 2, \"e2e_latency\": 0.52, \"queue_time\": "
		 "0.01}}}", UNKNOWN,
		 "request host/2  id=c3 tenant= from= arrival=1779937445158901000 scheduled=1779937445168901000 first=? "
		 "finish=1779937445678901000 prompt=40 cached=12 write=0 completion=7 reasoning=2 preemptions=1 ok=1 "
		 "service=0 exclusive=0"},
		{"{\"timestamp\": \"2026-05-28T03:04:05.678901\", \"event\": \"request.received\", \"rid\": \"c4\", "
		 "\"obj\": {\"text\": \"x\"}}", UNKNOWN,
		 ""},
		{"{\"timestamp\": \"2026-05-28T03:04:06\", \"event\": \"request.finished\", \"rid\": \"d4\", \"out\": "
		 "[{\"meta_info\": {\"id\": \"d4-0\", \"prompt_tokens\": 4, \"completion_tokens\": 1, \"cached_tokens\": "
		 "5}}, {\"meta_info\": {\"id\": \"d4-1\", \"prompt_tokens\": 4, \"completion_tokens\": 1}}, 7]}", UNKNOWN,
		 "!more cached tokens than prompt tokens\n"
		 "request host  id=d4-1 tenant= from= arrival=? scheduled=? first=? finish=1779937446000000000 prompt=4 "
		 "cached=0 write=0 completion=1 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0\n"
		 "!missing field"},
		{"{\"request_parameters\": \"{\\\"text\\\": \\\"a\\\"}\", \"id\": \"e5\", \"finish_reason\": {\"type\": "
		 "\"abort\"}, \"prompt_tokens\": 40, \"completion_tokens\": 7, \"cached_tokens\": 0, \"request_received_ts\": "
		 "1779937199.5, \"forward_entry_time\": 1779937199.75, \"prefill_finished_time\": 1779937200.0, \"request_finished_ts\": "
		 "1779937201.25}", UNKNOWN,
		 "request host  id=e5 tenant= from= arrival=1779937199500000000 scheduled=1779937199750000000 first=1779937200000000000 "
		 "finish=1779937201250000000 prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=0 "
		 "service=0 exclusive=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("sglang", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("[2026-04-05 20:02:40] server_args=ServerArgs(model_path='org/M-8B', tokenizer_path='x', "
	                                 "served_model_name='m-8b', tp_size=1, decode_log_interval=40, enable_metrics=False)"), 1)->name, "sglang");
	assert_string_equal(format_detect(&T("[2026-05-28 03:00:00 TP0] ReqTimeStats(rid=a1, input_len=40, cached_input_len=12, output_len=7, "
	                                 "attempts=1, type=unified): queue_duration=1.23ms, forward_duration=456.78ms, "
	                                 "entry_time=1779937199.123"), 1)->name, "sglang");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches),
		cmocka_unit_test(requests),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
