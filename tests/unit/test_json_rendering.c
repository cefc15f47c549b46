/* Statement JSON: it parses, and contains the contract's keys with the statement's figures. */

#include "tests/unit/unit.h"

#include "core/json.h"
#include "tests/unit/worked_case.h"

/* "total.cost.idle", "tenants.1.tenant" */
static json_at follow(const struct json *j, const char *path) {
	json_at at = 0;
	for (struct text rest = text_of(path), key; rest.len > 0 && at != JSON_ABSENT;) {
		if (!text_until(&rest, T("."), &key)) {
			key = rest;
			rest.len = 0;
		}
		if (json_type(j, at) == JSON_ARRAY) {
			int index = key.at[0] - '0';
			at = json_first(j, at);
			while (index-- > 0 && at != JSON_ABSENT) {
				at = json_next(j, at);
			}
		} else {
			at = json_get(j, at, key);
		}
	}
	return at;
}

TEST(test_figures) {
	static const struct {
		const char *path, *raw;
	} cases[] = {
	    {"schema", "tollbook.statement.v1"},
	    {"period.from", "1970-01-01T00:00:00Z"},
	    {"period.to", "1970-01-01T00:00:20Z"},
	    {"currency", "USD"},
	    {"rule", "shapley"},
	    {"total.requests", "1"},
	    {"total.tokens.input", "1500"},
	    {"total.tokens.input_cached", "500"},
	    {"total.tokens.output", "100"},
	    {"total.gpu_ns.capacity", "20000000000"},
	    {"total.gpu_ns.prefill", "4000000000"},
	    {"total.gpu_ns.unobserved", "0"},
	    {"total.cost.capacity", "0.020000000"},
	    {"total.cost.prefill", "0.004000000"},
	    {"total.cost.decode", "0.006000000"},
	    {"total.cost.idle", "0.010000000"},
	    {"total.unit_cost.input_uncached.busy", "3.000000000"},
	    {"total.unit_cost.input_cached.loaded", "4.000000000"},
	    {"total.unit_cost.output.loaded", "120.000000000"},
	    {"total.list.revenue", "0.002250000"},
	    {"total.list.input_cached", "0.500000000"},
	    {"total.margin.amount", "-0.017750000"},
	    {"total.margin.ratio", "-7.888889"},
	    {"models.0.model", "org/model \\\"x\\\""},
	    {"models.0.list.model", "p/model \\\"x\\\""},
	    {"tenants.0.tenant", "=b,\xc3\xa9\\ufffd"},
	    {"tenants.0.unit_cost.input_uncached.busy", "null"},
	    {"tenants.0.cost.idle", "0.006000000"},
	    {"tenants.1.tenant", "a\\u001b[31m"},
	    {"tenants.1.cost.capacity", "0.008000000"},
	    {"rows.0.day", "1970-01-01"},
	    {"rows.1.cost.capacity", "0.008000000"},
	    {"evidence.0.grade", "A"},
	    {"evidence.0.gpu_ns", "6000000000"},
	    {"evidence.1.gpu_ns", "4000000000"},
	    {"quality.rejected.0.lines", "1"},
	    {"quality.damaged.0.offset", "99"},
	    {"quality.records.power", "0"},
	    {"provenance.version", "0.0.0"},
	    {"provenance.fleet_sha256", ""},
	};
	struct worked_case w;
	struct json *j = json_new();

	worked_setup(&w);
	char *text = worked_render(&w, "json", 0);
	assert_true(json_parse(j, text_of(text), NULL));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text got = json_raw(j, follow(j, cases[i].path));
		if (!text_eq(got, text_of(cases[i].raw))) {
			fail_msg("%s: %.*s", cases[i].path, TEXT_ARG(got));
		}
	}
	json_free(j);
	free(text);
	worked_teardown(&w);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_figures)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
