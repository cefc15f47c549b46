/* One request in the logs of a gateway and of an engine. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "attribute/evidence/evidence_private.h"
#include "attribute/evidence/join.h"
#include "core/exact.h"

TEST(ids) {
	static const char *const cases[][2] = {
		{"chatcmpl-ee773efbc845fbf81a7b7a9d3cfdd60b", "ee773efbc845fbf81a7b7a9d3cfdd60b"},
		{"cmpl-ee773efbc845fbf81a7b7a9d3cfdd60b-0", "ee773efbc845fbf81a7b7a9d3cfdd60b"},
		{"chatcmpl-3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a", "3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a"},
		{"3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a", "3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a"},
		{"cmpl-3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a-1a2b3c4d", "3f0c6e0e-93a5-4f2e-9d0c-5a4e3f2d1b0a"},
		{"req-7", "7"},
		{"a-0", "a-0"},
		{"chatcmpl-", "chatcmpl-"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(text_eq(join_id(text_of(cases[i][0])), text_of(cases[i][1])));
	}
}

struct made {
	const char *id, *tenant, *replica, *model;
	int64_t arrival_ms, finish_ms, prompt, completion;
	bool gateway;
	enum service service;
};

/* The result: "tenant tenant/2 ..." of the engine's requests in the order of time. Returns the counts. */
static struct join_report check_joined(const struct made *made, size_t count, const char *expected) {
	struct join_report report;
	char tenants[200] = "";
	struct names *n = names_new();
	struct evidence *e = evidence_new(n, 1, 1 << 20);
	struct evidence_reader *r;
	const struct item *item;
	struct fault why;
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const struct made *m = &made[i];
		const struct record record = {
			.kind = RECORD_REQUEST, .replica = text_of(m->replica), .model = text_of(m->model), .file = m->gateway, .line = (int64_t)i + 1,
			.request = {.id = text_of(m->id), .tenant = text_of(m->tenant), .arrival_ns = m->arrival_ms * 1000000,
		                    .scheduled_ns = UNKNOWN, .first_token_ns = UNKNOWN, .finish_ns = m->finish_ms * 1000000,
		                    .prompt_tokens = m->prompt, .completion_tokens = m->completion, .ok = true, .service = m->service, .gateway = m->gateway}};
		assert_int_equal(evidence_add_record(e, 0, &record, &why), 0);
	}
	assert_int_equal(evidence_seal(e, &why), 0);
	assert_true(evidence_has_gateway(e));
	assert_int_equal(join_requests(e, n, INT64_MIN, INT64_MAX, JOIN_WHOLE, &report, &why), 0);
	assert_int_equal(evidence_reader_new(&r, e, &why), 0);
	while (evidence_next(r, &item, &why) > 0) {
		const struct request_item *q = (const struct request_item *)item;
		struct text t = names_text(n, q->tenant);
		len += (size_t)snprintf(tenants + len, sizeof tenants - len, q->service ? "%s/%d " : "%s ", t.len > 0 ? t.at : "-", q->service);
	}
	evidence_reader_free(r);
	evidence_free(e);
	names_free(n);
	assert_string_equal(tenants, expected);
	return report;
}
#define CHECK_JOINED(made, expected) check_joined(made, sizeof made / sizeof *made, expected)

TEST(by_id) {
	static const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-22222222aaaaaaaa-0", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-33333333aaaaaaaa", "", "r0", "m", 1100, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-44444444aaaaaaaa", "own", "r0", "m", 1200, 2000, 10, 5, false, SERVICE_STANDARD},
		{"11111111aaaaaaaa", "a", "gw", "alias", 990, 2010, 10, 5, true, SERVICE_STANDARD},
		{"22222222aaaaaaaa", "b", "gw", "alias", 990, 2010, 10, 6, true, SERVICE_STANDARD}, /* tokens differ */
		{"99999999aaaaaaaa", "c", "gw", "alias", 90000, 92010, 7, 7, true, SERVICE_STANDARD}, /* of no tenant */
	};
	struct join_report r = CHECK_JOINED(made, "a b - own ");

	assert_int_equal(r.by_id, 2);
	assert_int_equal(r.by_tokens, 0);
	assert_int_equal(r.differing, 1);
	assert_int_equal(r.first_differing.line, 6);
	assert_int_equal(r.gateway_only, 1);
	assert_int_equal(r.gateway_only_tokens, 14);
	assert_int_equal(r.engine_only, 1);
	assert_int_equal(r.first_engine_only.line, 3);
}

TEST(by_tokens_where_unique) {
	static const struct made made[] = {
		{"e1", "", "r0", "org/Model", 10000, 12000, 10, 5, false, SERVICE_STANDARD},
		{"e2", "", "r1", "org/Model", 50000, 52000, 10, 5, false, SERVICE_STANDARD},
		{"e3", "", "r0", "org/Model", 60000, 62000, 20, 5, false, SERVICE_STANDARD}, /* two that cannot be distinguished */
		{"e4", "", "r1", "org/Model", 60100, 62000, 20, 5, false, SERVICE_STANDARD},
		{"e5", "", "r0", "org/Model", 70000, 72000, 30, 5, false, SERVICE_STANDARD}, /* another model at the gateway */
		{"", "a", "gw", "model", 9000, 13000, 10, 5, true, SERVICE_STANDARD},
		{"", "b", "gw", "model", 49000, 53000, 10, 5, true, SERVICE_STANDARD},
		{"", "c", "gw", "model", 59000, 63000, 20, 5, true, SERVICE_STANDARD},
		{"", "d", "gw", "other", 69000, 73000, 30, 5, true, SERVICE_STANDARD},
	};
	struct join_report r = CHECK_JOINED(made, "a - - b - ");

	assert_int_equal(r.by_tokens, 2);
	assert_int_equal(r.gateway_only, 2);
	assert_int_equal(r.engine_only, 3);
}

/* An engine's record has no class of service; if it has one, a gateway without one does not change it. */
TEST(services) {
	static const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-22222222aaaaaaaa", "own", "r0", "m", 1100, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-33333333aaaaaaaa", "", "r0", "m", 1200, 2000, 10, 5, false, SERVICE_BATCH},
		{"e4", "", "r0", "m", 5000, 6000, 30, 5, false, SERVICE_STANDARD},
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 5, true, SERVICE_FLEX},
		{"22222222aaaaaaaa", "", "gw", "m", 1090, 2010, 10, 5, true, SERVICE_PRIORITY},
		{"33333333aaaaaaaa", "b", "gw", "m", 1190, 2010, 10, 5, true, SERVICE_STANDARD},
		{"", "c", "gw", "m", 4990, 6010, 30, 5, true, SERVICE_BATCH},
	};
	CHECK_JOINED(made, "a/3 own/2 b/1 c/1 ");
}

/* A record that is twice in the engine's log counts once, with its tenant. */
TEST(duplicates) {
	static const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 5, true, SERVICE_STANDARD},
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 5, true, SERVICE_STANDARD},
	};
	struct join_report r = CHECK_JOINED(made, "a ");

	assert_int_equal(r.by_id, 1);
	assert_int_equal(r.differing, 0);
	assert_int_equal(r.duplicates, 1); /* of the gateway's; the engine's are counted where they are read */
}

/* Two gateways' logs in different forms: records with the same name, id and finish are one request, within an hour. */
TEST(told_twice) {
	const int64_t hour = 3600000, end = 3 * hour;
	const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-22222222aaaaaaaa", "", "r0", "m", 1100, 2100, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-33333333aaaaaaaa", "", "r0", "m", 1200, 2200, 10, 5, false, SERVICE_STANDARD},
		{"chatcmpl-44444444aaaaaaaa", "", "r0", "m", 1300, end, 10, 5, false, SERVICE_STANDARD},
		{"e5", "", "r0", "m", 50000, 51000, 30, 5, false, SERVICE_STANDARD},
		{"11111111aaaaaaaa", "late", "gw", "m", 995, 2010, 10, 5, true, SERVICE_STANDARD}, /* begins later, comes first */
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 6, true, SERVICE_STANDARD},
		{"22222222aaaaaaaa", "", "gw", "m", 1090, 2110, 10, 6, true, SERVICE_STANDARD}, /* together: the one with a tenant */
		{"22222222aaaaaaaa", "b", "gw", "m", 1090, 2110, 10, 5, true, SERVICE_STANDARD},
		{"33333333aaaaaaaa", "c", "gw", "m", 1190, 2210, 10, 5, true, SERVICE_STANDARD},
		{"33333333aaaaaaaa", "c", "gw2", "m", 1190, 2210, 10, 5, true, SERVICE_STANDARD},          /* another gateway */
		{"33333333aaaaaaaa", "c", "gw", "m", 1191, 2211, 10, 5, true, SERVICE_STANDARD},           /* another finish */
		{"chatcmpl-33333333aaaaaaaa", "c", "gw", "m", 1190, 2210, 10, 5, true, SERVICE_STANDARD},  /* another id */
		{"44444444aaaaaaaa", "d", "gw", "m", 1290, end, 10, 5, true, SERVICE_STANDARD},
		{"44444444aaaaaaaa", "d", "gw", "m", hour - 1000, end, 10, 5, true, SERVICE_STANDARD},     /* of the first */
		{"44444444aaaaaaaa", "d", "gw", "m", hour + 1291, end, 10, 5, true, SERVICE_STANDARD},     /* an hour away */
		{"", "e", "gw", "m", 49990, 51010, 30, 5, true, SERVICE_STANDARD}, /* cannot be decided without an id */
		{"", "f", "gw", "m", 49991, 51010, 30, 5, true, SERVICE_STANDARD},
	};
	struct join_report r = CHECK_JOINED(made, "a b c d - ");

	assert_int_equal(r.duplicates, 3);
	assert_int_equal(r.by_id, 8);
	assert_int_equal(r.differing, 1);
	assert_int_equal(r.first_differing.line, 7);
	assert_int_equal(r.gateway_only, 2);
	assert_int_equal(r.engine_only, 1);
}

/* A step with these counts, one after the other; all that is in it must come back, though most is not stored. */
TEST(whole_steps) {
	static const struct step made[] = {
		{.decode_requests = 3, .decode_tokens = 3, .decode_kv_tokens = 70, .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN},
		{.decode_requests = 3, .decode_tokens = 3, .decode_kv_tokens = 70, .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN}, /* a duplicate */
		{.prefill_requests = 1, .prefill_tokens = 9, .prefill_token_kv = 40, .prefill_kv_tokens = UNKNOWN, .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN},
		{.prefill_requests = 2, .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN},
		{.decode_requests = 1, .decode_tokens = 1, .decode_kv_tokens = 8, .prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = 5},
		{.prefill_requests = 1, .prefill_tokens = 9, .prefill_token_kv = 40, .prefill_kv_tokens = 3, .prefill_gpu_ns = 0, .decode_gpu_ns = 0},
		{.prefill_gpu_ns = UNKNOWN, .decode_gpu_ns = UNKNOWN},
	};
	struct names *n = names_new();
	struct evidence *e = evidence_new(n, 1, 1 << 20);
	struct evidence_reader *r;
	const struct item *item;
	struct fault why;

	for (size_t i = 0; i < 7; i++) {
		struct record record = {.kind = RECORD_STEP, .replica = T("r"), .model = T("m"), .line = (int64_t)i + 1, .step = made[i]};
		record.step.start_ns = i < 2 ? 0 : (int64_t)i;
		assert_int_equal(evidence_add_record(e, 0, &record, &why), 0);
	}
	assert_int_equal(evidence_seal(e, &why), 0);
	assert_int_equal(evidence_reader_new(&r, e, &why), 0);
	for (size_t i = 0; i < 7; i += i == 0 ? 2 : 1) {
		assert_int_equal(evidence_next(r, &item, &why), 1);
		const struct step_item *s = (const struct step_item *)item;
		assert_int_equal(evidence_item_len(r), sizeof *s);
		assert_int_equal(s->decode_requests, made[i].decode_requests);
		assert_int_equal(s->decode_tokens, made[i].decode_tokens);
		assert_int_equal(s->decode_kv_tokens, made[i].decode_kv_tokens);
		assert_int_equal(s->prefill_requests, made[i].prefill_requests);
		assert_int_equal(s->prefill_tokens, made[i].prefill_tokens);
		assert_int_equal(s->prefill_token_kv, made[i].prefill_token_kv);
		assert_int_equal(s->prefill_kv_tokens, made[i].prefill_kv_tokens);
		assert_int_equal(s->prefill_gpu_ns, made[i].prefill_gpu_ns);
		assert_int_equal(s->decode_gpu_ns, made[i].decode_gpu_ns);
	}
	assert_int_equal(evidence_next(r, &item, &why), 0);
	assert_int_equal(evidence_duplicates(r), 1);
	evidence_reader_free(r);
	evidence_free(e);
	names_free(n);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(by_id),
		cmocka_unit_test(by_tokens_where_unique),
		cmocka_unit_test(services),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(told_twice),
		cmocka_unit_test(whole_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
