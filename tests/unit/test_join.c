/* One request in the logs of a gateway and of an engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "attribute/join.h"
#include "core/exact.h"

static void ids(void **state) {
	(void)state;
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
};

/* What became of them: "tenant tenant ...", of the engine's in the order of time, and the counts. */
static void join_made(const struct made *made, size_t count, char *tenants, size_t room, struct join_report *report) {
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
		                    .prompt_tokens = m->prompt, .completion_tokens = m->completion, .ok = true, .gateway = m->gateway}};
		assert_int_equal(evidence_take(e, 0, &record, &why), 0);
	}
	assert_int_equal(evidence_seal(e, &why), 0);
	assert_true(evidence_has_gateway(e));
	assert_int_equal(join_requests(e, n, report, &why), 0);
	assert_int_equal(evidence_reader_new(&r, e, &why), 0);
	tenants[0] = 0;
	while (evidence_next(r, &item, &why) > 0) {
		struct text t = names_text(n, ((const struct request_item *)item)->tenant);
		len += (size_t)snprintf(tenants + len, room - len, "%s ", t.len > 0 ? t.at : "-");
	}
	evidence_reader_free(r);
	evidence_free(e);
	names_free(n);
}

static void by_id(void **state) {
	(void)state;
	static const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false},
		{"chatcmpl-22222222aaaaaaaa-0", "", "r0", "m", 1000, 2000, 10, 5, false},
		{"chatcmpl-33333333aaaaaaaa", "", "r0", "m", 1100, 2000, 10, 5, false},
		{"chatcmpl-44444444aaaaaaaa", "own", "r0", "m", 1200, 2000, 10, 5, false},
		{"11111111aaaaaaaa", "a", "gw", "alias", 990, 2010, 10, 5, true},
		{"22222222aaaaaaaa", "b", "gw", "alias", 990, 2010, 10, 6, true}, /* tokens differ */
		{"99999999aaaaaaaa", "c", "gw", "alias", 90000, 92010, 7, 7, true}, /* nobody's */
	};
	char tenants[200];
	struct join_report r;

	join_made(made, sizeof made / sizeof *made, tenants, sizeof tenants, &r);
	assert_string_equal(tenants, "a b - own ");
	assert_int_equal(r.by_id, 2);
	assert_int_equal(r.by_tokens, 0);
	assert_int_equal(r.differing, 1);
	assert_int_equal(r.first_differing.line, 6);
	assert_int_equal(r.gateway_only, 1);
	assert_int_equal(r.gateway_only_tokens, 14);
	assert_int_equal(r.engine_only, 1);
	assert_int_equal(r.first_engine_only.line, 3);
}

static void by_tokens_where_unique(void **state) {
	(void)state;
	static const struct made made[] = {
		{"e1", "", "r0", "org/Model", 10000, 12000, 10, 5, false},
		{"e2", "", "r1", "org/Model", 50000, 52000, 10, 5, false},
		{"e3", "", "r0", "org/Model", 60000, 62000, 20, 5, false}, /* two that cannot be told apart */
		{"e4", "", "r1", "org/Model", 60100, 62000, 20, 5, false},
		{"e5", "", "r0", "org/Model", 70000, 72000, 30, 5, false}, /* another model at the gateway */
		{"", "a", "gw", "model", 9000, 13000, 10, 5, true},
		{"", "b", "gw", "model", 49000, 53000, 10, 5, true},
		{"", "c", "gw", "model", 59000, 63000, 20, 5, true},
		{"", "d", "gw", "other", 69000, 73000, 30, 5, true},
	};
	char tenants[200];
	struct join_report r;

	join_made(made, sizeof made / sizeof *made, tenants, sizeof tenants, &r);
	assert_string_equal(tenants, "a - - b - ");
	assert_int_equal(r.by_tokens, 2);
	assert_int_equal(r.gateway_only, 2);
	assert_int_equal(r.engine_only, 3);
}

/* A record that stands twice in the engine's log is still one, with its tenant. */
static void duplicates(void **state) {
	(void)state;
	static const struct made made[] = {
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false},
		{"chatcmpl-11111111aaaaaaaa", "", "r0", "m", 1000, 2000, 10, 5, false},
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 5, true},
		{"11111111aaaaaaaa", "a", "gw", "m", 990, 2010, 10, 5, true},
	};
	char tenants[200];
	struct join_report r;

	join_made(made, sizeof made / sizeof *made, tenants, sizeof tenants, &r);
	assert_string_equal(tenants, "a ");
	assert_int_equal(r.by_id, 1);
	assert_int_equal(r.differing, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids),
		cmocka_unit_test(by_id),
		cmocka_unit_test(by_tokens_where_unique),
		cmocka_unit_test(duplicates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
