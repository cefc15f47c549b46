/* Every rendering of one statement says the same, in its own form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "report/renderings/renderings.h"
#include "tests/unit/worked_case.h"

static const struct {
	const char *format, *line;
} cases[] = {
    {"csv",
     "\r\ntotal,,,,,,,,1,1500,500,100,20000000000,4000000000,6000000000,0,10000000000,0,0.020000000,0.004000000,"
     "0.006000000,0.000000000,0.010000000,0.000000000,3.000000000,6.000000000,2.000000000,4.000000000,60.000000000,"
     "120.000000000,\"p/model \"\"x\"\"\",1.000000000,0.500000000,10.000000000,0.002250000,-0.017750000,-7.888889\r\n"},
    {"csv", "\r\ntenant,,,,,,,\"'=b,\xc3\xa9\xff\",0,0,0,100,"},
    {"csv", "\r\nrow,,1970-01-01,,,,,a\x1b[31m,1,1500,500,0,"},
    {"jsonl", "{\"table\":\"total\",\"row\":{\"requests\":1,\"tokens\":{\"input\":1500,"},
    {"jsonl", "{\"table\":\"models\",\"row\":{\"model\":\"org/model \\\"x\\\"\",\"requests\":1,"},
    {"prometheus",
     "llm_cost_per_million_tokens{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\","
     "cost_basis=\"allocation\",phase=\"generation\",allocation_method=\"compute_time\"} 120.000000000\n"},
    /* 0.004 over 1,500 delivered input tokens */
    {"prometheus", "cost_basis=\"usage\",phase=\"prompt\",allocation_method=\"compute_time\"} 2.666666667\n"},
    {"prometheus", "cost_basis=\"usage\",phase=\"\",allocation_method=\"\"} 6.250000000\n"},
    /* 0.020 in 20 s */
    {"prometheus", "llm_total_hourly_cost{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\","
		   "cost_basis=\"allocation\"} 3.600000000\n"},
    {"prometheus",
     "llm_cache_savings_fraction{model_name=\"org/model \\\"x\\\"\",model_version=\"\",namespace=\"\"} 0.333333333\n"},
    {"prometheus", "tollbook_gpu_seconds{model=\"org/model \\\"x\\\"\",part=\"idle\"} 10.000000000\n"},
    {"prometheus", "tollbook_tenant_cost{tenant=\"a\\\\x1B[31m\",part=\"prefill\"} 0.004000000\n"},
    {"prometheus", "tollbook_period_end_timestamp_seconds 20.000000000\n"},
    {"journal", "1970-01-01 GPU capacity from 1970-01-01T00:00:00Z to 1970-01-01T00:00:20Z\n"},
    {"journal",
     "    expenses:gpu:prefill:org-model--x-:a--31m                          0.004000000 USD  ; tenant a\\x1B[31m, "
     "model org/model \"x\"\n"},
    {"journal", "    expenses:gpu:idle:org-model--x-:none                               0.010000000 USD"},
    {"journal", "    liabilities:gpu rent                                              -0.020000000 USD\n"},
    {"focus", "\r\n0.003000000,Self-hosted,Self-hosted,USD,1970-02-01T00:00:00Z,1970-01-01T00:00:00Z,Usage,,"
	      "Prefill of uncached input,Usage-Based,1970-01-01T00:00:20Z,1970-01-01T00:00:00Z,1000,Tokens,0.003000000,"
	      "0.003000000,Self-hosted,0.001000000,1.000000000,Standard,0.001000,1000000 Tokens,"},
    {"focus", "Idle GPU time,Usage-Based,1970-01-01T00:00:20Z,1970-01-01T00:00:00Z,0.002777778,GPU-Hours,"},
};

static void test_lines(void **state) {
	struct worked_case w;

	(void)state;
	worked_setup(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = worked_render(&w, cases[i].format, 100);
		if (!strstr(text, cases[i].line)) {
			fprintf(stderr, "%s\n", text);
			fail_msg("%s: no line %s", cases[i].format, cases[i].line);
		}
		free(text);
	}
	worked_teardown(&w);
}

static void test_jsonl_parses(void **state) {
	struct json *j = json_new();
	struct worked_case w;
	size_t lines = 0;

	(void)state;
	worked_setup(&w);
	char *text = worked_render(&w, "jsonl", 0);
	for (struct text rest = text_of(text), line; text_until(&rest, T("\n"), &line); lines++) {
		assert_true(json_parse(j, line, NULL));
	}
	assert_int_equal(lines, 1 + 1 + 2 + 2);
	free(text);
	json_free(j);
	worked_teardown(&w);
}

/* Nothing but printable text and line ends, whatever a log said. */
static void test_no_control_bytes(void **state) {
	static const char *const formats[] = {"table", "json", "jsonl", "prometheus", "journal"};
	struct worked_case w;

	(void)state;
	worked_setup(&w);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char *text = worked_render(&w, formats[i], 100);
		for (const char *c = text; *c; c++) {
			assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
		}
		free(text);
	}
	worked_teardown(&w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_jsonl_parses),
	    cmocka_unit_test(test_no_control_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
