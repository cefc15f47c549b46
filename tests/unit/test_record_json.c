/* test_record_json.c: a record written and read back is the same record. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/record_json.h"
#include "tests/unit/ingest_help.h"

TEST(there_and_back) {
	static const char *const lines[] = {
		"{\"schema\":\"tollbook.step.v1\",\"replica\":\"r\",\"model\":\"m\",\"step\":7,\"start_ns\":1786406365000000000,\"gpu_ns\":5,"
		"\"prefill_requests\":1,\"prefill_tokens\":2,\"prefill_kv_tokens\":3,\"prefill_token_kv\":4,\"decode_requests\":5,"
		"\"decode_tokens\":9,\"decode_kv_tokens\":6,\"prefill_gpu_ns\":2,\"decode_gpu_ns\":3,\"duration_kind\":\"log_gap\","
		"\"dummy\":true,\"mixed_recompute\":true,\"coarse_clock\":true}",
		"{\"schema\":\"tollbook.step.v1\",\"start_ns\":17,\"gpu_ns\":0,\"prefill_requests\":0,\"prefill_tokens\":0,"
		"\"decode_requests\":0,\"duration_kind\":\"gpu_events\",\"relative_clock\":true}",
		"{\"schema\":\"tollbook.request.v1\",\"id\":\"a\\\"b\\u001b\",\"tenant\":\"t\",\"replica\":\"r\",\"model\":\"m\",\"prefill_replica\":\"p\","
		"\"arrival_ns\":1786406365000000000,\"scheduled_ns\":1786406365000000001,\"first_token_ns\":1786406365000000002,"
		"\"finish_ns\":1786406365000000003,\"prompt_tokens\":9,\"cached_tokens\":4,\"cache_write_tokens\":1,\"completion_tokens\":3,"
		"\"reasoning_tokens\":2,\"preemptions\":1,\"status\":\"failed\",\"batch\":true,\"exclusive_times\":true}",
		"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":9,\"cached_tokens\":0,\"completion_tokens\":0,\"reasoning_tokens\":0,"
		"\"preemptions\":0,\"status\":\"ok\",\"service\":\"priority\"}",
		"{\"schema\":\"tollbook.request.v1\",\"prompt_tokens\":9,\"cached_tokens\":0,\"completion_tokens\":0,\"reasoning_tokens\":0,"
		"\"preemptions\":0,\"status\":\"ok\"}",
		"{\"schema\":\"tollbook.window.v1\",\"tenant\":\"t\",\"replica\":\"r\",\"model\":\"m\",\"start_ns\":1786406365000000000,"
		"\"end_ns\":1786406375000000000,\"input_tokens\":9,\"cached_tokens\":4,\"output_tokens\":3,\"requests\":2,\"prefill_gpu_ns\":1,"
		"\"decode_gpu_ns\":0,\"running\":3,\"input_is_computed\":true}",
		"{\"schema\":\"tollbook.power.v1\",\"replica\":\"r\",\"gpu\":\"g\",\"at_ns\":1786406365000000000,\"watts\":412.035}",
	};
	struct bench b;
	char out[RECORD_JSON_MAX];

	bench_init(&b, "native");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct record r;
		if (bench_line(&b, lines[i], UNKNOWN, &r) != PARSE_RECORD) {
			fail_msg("%s: %s", lines[i], b.parser.reason);
		}
		size_t len = record_json(&r, out);
		assert_int_equal(len, strlen(out));
		assert_string_equal(out, lines[i]);
	}
	assert_int_equal(b.quality.unknown_keys, 0);
	bench_release(&b);
}

/* The longest possible record: names of any bytes, numbers of all digits. */
TEST(fits_always) {
	static char name[4000];
	const struct text t = {name, sizeof name};
	const int64_t most = INT64_MAX;
	struct record r = {.kind = RECORD_REQUEST, .replica = t, .model = t, .relative_clock = true,
	                   .request = {t, t, t, t, most, most, most, most, most, most, most, most, most, most, SERVICE_OTHER, false, true, true, true}};
	char out[RECORD_JSON_MAX];
	struct json *j = json_new();

	memset(name, 1, sizeof name);
	size_t len = record_json(&r, out);
	assert_true(len < RECORD_JSON_MAX && out[len - 1] == '}');
	assert_true(json_parse(j, (struct text){out, len}, NULL));
	json_free(j);
}

TEST(instants_order) {
	struct record r = {.kind = RECORD_REQUEST, .request = {.arrival_ns = 1, .scheduled_ns = 2, .first_token_ns = 3, .finish_ns = 4}};

	assert_int_equal(record_instant(&r), 4);
	r.request.finish_ns = r.request.first_token_ns = UNKNOWN;
	assert_int_equal(record_instant(&r), 2);
	r.request.scheduled_ns = r.request.arrival_ns = UNKNOWN;
	assert_true(record_instant(&r) == UNKNOWN);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(fits_always),
		cmocka_unit_test(instants_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
