/* test_usage.c: token counts in answers of APIs. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ingest_help.h"

TEST(answers) {
	static const struct expected_line cases[] = {
		{"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1786406365,\"model\":\"gpt-x\",\"usage\":{\"prompt_tokens\":40,"
		 "\"completion_tokens\":7,\"total_tokens\":47,\"prompt_tokens_details\":{\"cached_tokens\":12},\"completion_tokens_details\":{\"reasoning_tokens\":2}"
		 "}}", UNKNOWN,
		 "request  gpt-x id=chatcmpl-1 tenant= from= arrival=? scheduled=? first=? finish=1786406365000000000 "
		 "prompt=40 cached=12 write=0 completion=7 reasoning=2 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1786406365,\"model\":\"gpt-x\",\"usage\":null}", UNKNOWN,
		 ""},
		{"{\"timestamp\":\"2026-08-10T23:59:26Z\",\"user\":\"acme\",\"response\":{\"id\":\"resp_1\",\"object\":\"response\","
		 "\"created_at\":1786406365,\"model\":\"gpt-y\",\"status\":\"completed\",\"usage\":{\"input_tokens\":40,\"input_tokens_details\":{\"cached_tokens\":12}"
		 ",\"output_tokens\":7,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":47}}}", UNKNOWN,
		 "request  gpt-y id=resp_1 tenant=acme from= arrival=? scheduled=? first=? finish=1786406366000000000 "
		 "prompt=40 cached=12 write=0 completion=7 reasoning=2 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":28,"
		 "\"cache_read_input_tokens\":12,\"cache_creation_input_tokens\":5,\"output_tokens\":7,\"service_tier\":\"batch\"}"
		 "}", INT64_C(1786406367000000000),
		 "request  claude-x id=msg_1 tenant= from= arrival=? scheduled=? first=? finish=1786406367000000000 "
		 "prompt=45 cached=12 write=5 completion=7 reasoning=0 preemptions=0 ok=1 service=1 exclusive=0"},
		{"{\"id\":\"batch_req_1\",\"custom_id\":\"c1\",\"response\":{\"status_code\":200,\"request_id\":\"r\",\"body\":{\"id\":\"chatcmpl-2\","
		 "\"created\":1786406365,\"model\":\"gpt-x\",\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":7}}},\"error\":null}", UNKNOWN,
		 "request  gpt-x id=chatcmpl-2 tenant= from= arrival=? scheduled=? first=? finish=1786406365000000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=1 exclusive=0"},
		{"{\"custom_id\":\"c2\",\"result\":{\"type\":\"succeeded\",\"message\":{\"id\":\"msg_2\",\"type\":\"message\","
		 "\"model\":\"claude-x\",\"usage\":{\"input_tokens\":28,\"output_tokens\":7}}}}", UNKNOWN,
		 "request  claude-x id=msg_2 tenant= from= arrival=? scheduled=? first=? finish=? prompt=28 cached=0 "
		 "write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=1 exclusive=0"},
		{"{\"id\":\"chatcmpl-3\",\"created\":1786406365,\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":12}"
		 "}}", UNKNOWN,
		 "!more cached tokens than prompt tokens"},
		{"{\"id\":\"chatcmpl-4\",\"created\":1786406365,\"usage\":{\"prompt_tokens\":\"many\",\"completion_tokens\":7}"
		 "}", UNKNOWN,
		 "!wrong type of value"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("usage", cases);
}

TEST(litellm) {
	static const struct expected_line cases[] = {
		{"[{\"request_id\":\"r1\",\"call_type\":\"acompletion\",\"spend\":0.001,\"prompt_tokens\":40,\"completion_tokens\":7,"
		 "\"total_tokens\":47,\"startTime\":\"2026-08-10T23:59:25.138000Z\",\"endTime\":\"2026-08-10T23:59:26.5Z\",\"completionStartTime\":\"2026-08-10T23:59:25.5Z\","
		 "\"model\":\"m\",\"team_id\":\"t\",\"user\":\"u\",\"cache_hit\":\"False\",\"status\":\"success\",\"metadata\":{\"user_api_key_team_alias\":\"team "
		 "one\"}},{\"request_id\":\"r2\",\"prompt_tokens\":40,\"completion_tokens\":7,\"startTime\":\"2026-08-10T23:59:25.138Z\","
		 "\"endTime\":\"2026-08-10T23:59:26.5Z\",\"model\":\"m\",\"cache_hit\":\"True\"}]", UNKNOWN,
		 "request  m id=r1 tenant=team one from= arrival=1786406365138000000 scheduled=? first=1786406365500000000 "
		 "finish=1786406366500000000 prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 "
		 "service=0 exclusive=0"},
		{"{\"id\":\"p1\",\"call_type\":\"completion\",\"stream\":true,\"status\":\"failure\",\"prompt_tokens\":40,\"completion_tokens\":0,"
		 "\"startTime\":1786406365.25,\"endTime\":1786406366.5,\"completionStartTime\":1786406365.5,\"response_time\":0.25,"
		 "\"model\":\"m\",\"metadata\":{\"user_api_key_team_id\":\"t2\",\"usage_object\":{\"prompt_tokens\":40,\"completion_tokens\":0,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":32}}},\"cache_hit\":null}", UNKNOWN,
		 "request  m id=p1 tenant=t2 from= arrival=1786406365250000000 scheduled=? first=1786406365500000000 "
		 "finish=1786406366500000000 prompt=40 cached=32 write=0 completion=0 reasoning=0 preemptions=0 ok=0 "
		 "service=0 exclusive=0"},
		{NULL, UNKNOWN,
		 ""},
	};

	CHECK_LINES_OF("usage", cases);
}

/* The class of service is in the answer or its usage; the requested class comes after both. */
TEST(services) {
	static const struct {
		const char *around, *usage;
		enum service service;
	} cases[] = {
		{"\"service_tier\":\"default\"", "", SERVICE_STANDARD},
		{"\"service_tier\":null", "", SERVICE_STANDARD},
		{"\"service_tier\":\"auto\"", "", SERVICE_STANDARD},
		{"\"service_tier\":\"flex\"", "", SERVICE_FLEX},
		{"\"service_tier\":\"priority\"", "", SERVICE_PRIORITY},
		{"\"service_tier\":\"scale\"", "", SERVICE_OTHER},
		{"\"service_tier\":\"ultrafast\"", "", SERVICE_OTHER},
		{"\"service_tier\":\"on_demand\"", "", SERVICE_STANDARD},
		{"\"type\":\"message\"", ",\"trafficType\":\"ON_DEMAND\"", SERVICE_STANDARD},
		{"\"type\":\"message\"", ",\"trafficType\":\"ON_DEMAND_PRIORITY\"", SERVICE_PRIORITY},
		{"\"type\":\"message\"", ",\"traffic_type\":\"ON_DEMAND_FLEX\"", SERVICE_FLEX},
		{"\"type\":\"message\"", ",\"trafficType\":\"PROVISIONED_THROUGHPUT\"", SERVICE_OTHER},
		{"\"type\":\"message\"", ",\"serviceTier\":\"flex\"", SERVICE_FLEX},
		{"\"type\":\"message\"", ",\"service_tier\":\"standard\"", SERVICE_STANDARD},
		{"\"type\":\"message\"", ",\"service_tier\":\"priority\"", SERVICE_PRIORITY},
		{"\"type\":\"message\"", ",\"service_tier\":\"batch\"", SERVICE_BATCH},
		{"\"type\":\"message\"", ",\"service_tier\":\"standard\",\"speed\":\"standard\"", SERVICE_STANDARD},
		{"\"type\":\"message\"", ",\"service_tier\":\"standard\",\"speed\":\"fast\"", SERVICE_OTHER},
		{"\"service_tier\":\"fast\"", "", SERVICE_PRIORITY},
		{"\"custom_id\":\"c\",\"service_tier\":\"default\"", "", SERVICE_BATCH},
		{"\"startTime\":1786406365,\"endTime\":1786406366,\"prompt_tokens\":4,\"model_parameters\":{\"service_tier\":\"flex\"}", "", SERVICE_FLEX},
		{"\"startTime\":1786406365,\"endTime\":1786406366,\"prompt_tokens\":4,\"response\":{\"service_tier\":\"default\"},"
		 "\"model_parameters\":{\"service_tier\":\"flex\"}", "", SERVICE_STANDARD},
		{"\"startTime\":1786406365,\"endTime\":1786406366,\"prompt_tokens\":4,\"metadata\":{\"usage_object\":{\"prompt_tokens\":4,"
		 "\"service_tier\":\"priority\"}},\"model_parameters\":{\"service_tier\":\"auto\"}", "", SERVICE_PRIORITY},
	};
	struct bench b;
	char line[600];

	bench_init(&b, "usage");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct record r;
		snprintf(line, sizeof line, "{\"id\":\"x\",%s,\"usage\":{\"input_tokens\":4,\"output_tokens\":1%s}}", cases[i].around, cases[i].usage);
		assert_int_equal(bench_line(&b, line, UNKNOWN, &r), PARSE_RECORD);
		if (r.request.service != cases[i].service) {
			fail_msg("%s: %d", line, (int)r.request.service);
		}
	}
	bench_release(&b);
}

TEST(spend_logs) {
	static const struct expected_line cases[] = {
		{"request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,completionStartTime,"
		 "model,user,metadata,cache_hit,team_id", UNKNOWN,
		 ""},
		{"r1,acompletion,k,0.1,47,40,7,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,\"{\"\"a\"\": \"\"b, "
		 "c\"\"}\",False,t", UNKNOWN,
		 "request  m id=r1 tenant=t from= arrival=1786406365138000000 scheduled=? first=? finish=1786406366500000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"r2,acompletion,k,0.1,47,40,7,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,\"{\"\"a\"\": \"\"b, "
		 "c\"\"}\",True,t", UNKNOWN,
		 ""},
		{"r3,acompletion,k,0.1,47,40,x,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,\"\",False,", UNKNOWN,
		 "!wrong type of value"},
		/* a row that continues in the next lines; a truncated row before a complete one; a row without end */
		{"r4,acompletion,k,0.1,47,40,7,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,\"two", UNKNOWN,
		 ""},
		{"lines, and \"\"quotes\"\"\",False,t", UNKNOWN,
		 "request  m id=r4 tenant=t from= arrival=1786406365138000000 scheduled=? first=? finish=1786406366500000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"r5,\"cut", UNKNOWN,
		 ""},
		{"r6,acompletion,k,0.1,47,40,7,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,,False,t", UNKNOWN,
		 "!malformed row\n"
		 "request  m id=r6 tenant=t from= arrival=1786406365138000000 scheduled=? first=? finish=1786406366500000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"r8,acompletion,k,0.1,47,40,7,2026-08-10 23:59:25.138,2026-08-10T23:59:26.5Z,,m,u,,False,\"team \"\"A\"\", GmbH\"", UNKNOWN,
		 "request  m id=r8 tenant=team \"A\", GmbH from= arrival=1786406365138000000 scheduled=? first=? finish=1786406366500000000 "
		 "prompt=40 cached=0 write=0 completion=7 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"r7,\"cut", UNKNOWN,
		 ""},
		{NULL, UNKNOWN,
		 "!malformed row"},
	};

	CHECK_LINES_OF("usage", cases);
}

TEST(bids) {
	assert_string_equal(format_detect(&T("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1786406365,"
	                                 "\"model\":\"gpt-x\",\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":7,\"total_tokens\":47,"
	                                 "\"prompt_tokens_details\":{\"cached_tokens\":12},"
	                                 "\"completion_tokens_details\":{\"reasoning_tokens\":2}}}"), 1)->name, "usage");
	assert_string_equal(format_detect(&T("request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,"
	                                 "endTime,completionStartTime,model,user,metadata,cache_hit,team_id"), 1)->name, "usage");
}

/* llama.cpp's answers: cached tokens are only in its timings. */
TEST(llamacpp_answers) {
#define TIMINGS "\"timings\":{\"cache_n\":4,\"prompt_n\":20,\"prompt_ms\":40.5,\"predicted_n\":20,\"predicted_ms\":700.25}"
	static const struct expected_line cases[] = {
		{"{\"content\":\"x\",\"model\":\"m\",\"tokens_predicted\":20,\"tokens_evaluated\":25,\"tokens_cached\":43," TIMINGS "}", UNKNOWN,
		 "request  m id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=25 cached=5 write=0 completion=20 reasoning=0 "
		 "preemptions=0 ok=1 service=0 exclusive=0"},
		{"{\"id\":\"c-9\",\"created\":1786406365,\"model\":\"m\",\"usage\":{\"prompt_tokens\":24,\"completion_tokens\":20}," TIMINGS "}",
		 UNKNOWN,
		 "request  m id=c-9 tenant= from= arrival=? scheduled=1786406364259250000 first=1786406364299750000 finish=1786406365000000000 "
		 "prompt=24 cached=4 write=0 completion=20 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		/* vLLM's */
		{"{\"id\":\"c-8\",\"created\":1786406365,\"model\":\"m\",\"usage\":{\"prompt_tokens\":24,\"completion_tokens\":20},"
		 "\"metrics\":{\"time_to_first_token_ms\":100.5,\"generation_time_ms\":900,\"queue_time_ms\":10,\"mean_itl_ms\":47.3}}", UNKNOWN,
		 "request  m id=c-8 tenant= from= arrival=1786406365000000000 scheduled=1786406365010000000 first=1786406365110500000 "
		 "finish=1786406366010500000 prompt=24 cached=0 write=0 completion=20 reasoning=0 preemptions=0 ok=1 service=0 exclusive=0"},
		{"{" TIMINGS "}", UNKNOWN,
		 "request   id= tenant= from= arrival=? scheduled=? first=? finish=? prompt=24 cached=4 write=0 completion=20 reasoning=0 "
		 "preemptions=0 ok=1 service=0 exclusive=0"},
	};

	CHECK_LINES_OF("usage", cases);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(llamacpp_answers),
		cmocka_unit_test(answers),
		cmocka_unit_test(litellm),
		cmocka_unit_test(services),
		cmocka_unit_test(spend_logs),
		cmocka_unit_test(bids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
