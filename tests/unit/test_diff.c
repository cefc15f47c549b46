/* The difference between two statements. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/json.h"
#include "report/report.h"

#define BLOCK(model, in, out, ns_p, ns_d, ns_i, p, d, i)                                                               \
	"{\"model\":\"" model "\",\"tokens\":{\"input\":" in ",\"input_cached\":0,\"output\":" out                     \
	"},\"gpu_ns\":{\"prefill\":" ns_p ",\"decode\":" ns_d ",\"other\":0,\"idle\":" ns_i                            \
	",\"unobserved\":0},\"cost\":{\"prefill\":\"" p "\",\"decode\":\"" d                                           \
	"\",\"other\":\"0.000000000\",\"idle\":\"" i "\",\"unobserved\":\"0.000000000\"}}"
#define LARGEST "9223372036854775807"
#define STATEMENT(currency, models)                                                                                    \
	"{\"schema\":\"tollbook.statement.v1\",\"currency\":\"" currency "\",\"models\":[" models "]}"

static char *file_of(const char *text) {
	char *path = strdup("/tmp/tollbook-diff-XXXXXX");
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

/* The JSON of statement_diff, or NULL with the error. */
static char *diff_of(const char *before, const char *after, bool as_json, struct fault *why) {
	char *a = file_of(before), *b = file_of(after), *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	int error = statement_diff(a, b, as_json ? DIFF_JSON : DIFF_TABLE, 100, out, why);
	fclose(out);
	unlink(a);
	unlink(b);
	free(a);
	free(b);
	if (error) {
		free(text);
		return NULL;
	}
	return text;
}

static int64_t nano_of(const struct json *j, json_at row, const char *key) {
	int64_t nano = INT64_MIN;
	assert_true(decimal_parse(json_raw(j, json_get(j, row, text_of(key))), 0, &nano));
	return nano;
}

static void check_sums(const struct json *j, json_at row) {
	static const char *const causes[] = {"volume", "mix", "efficiency", "price", "idle"};
	int64_t sum = 0;
	for (size_t i = 0; i < 5; i++) {
		sum += nano_of(j, row, causes[i]);
	}
	assert_int_equal(sum, nano_of(j, row, "change"));
	assert_int_equal(nano_of(j, row, "after") - nano_of(j, row, "before"), sum);
}

/*
 * One model, 1,000 tokens in and 100 out for 4 + 6, idle 10. After: twice the tokens, 1.5 times the prefill time
 * and twice the decode time, at twice the rate; idle 5 s instead of 10.
 * Volume: 10 more. Mix: none. Efficiency: prefill 6 instead of 8: -2. Price: 6 + 12 again, and 5 for idle. Idle: -5.
 */
static void check_causes(const char *before, const char *after) {
	static const struct {
		const char *cause;
		int64_t units;
	} cases[] = {{"before", 20},     {"after", 46}, {"volume", 10}, {"mix", 0},
		     {"efficiency", -2}, {"price", 23}, {"idle", -5}};
	struct fault why = {0};
	struct json *j = json_new();

	char *text = diff_of(before, after, true, &why);
	assert_non_null(text);
	assert_true(json_parse(j, text_of(text), NULL));
	json_at total = json_get(j, 0, T("total"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t nano = nano_of(j, total, cases[i].cause);
		if (nano != cases[i].units * INT64_C(1000000000)) {
			fail_msg("%s: %lld", cases[i].cause, (long long)nano);
		}
	}
	check_sums(j, total);
	json_free(j);
	free(text);
}

TEST(test_causes) {
	check_causes(STATEMENT("USD", BLOCK("m", "1000", "100", "4000", "6000", "10000", "4", "6", "10")),
	             STATEMENT("USD", BLOCK("m", "2000", "200", "6000", "12000", "5000", "12", "24", "10")));
}

/* Times beyond 64 bits: years of many GPUs. */
TEST(test_wide) {
	check_causes(STATEMENT("USD", BLOCK("m", "1000", "100", "40000000000000000000", "60000000000000000000", "100000000000000000000", "4", "6", "10")),
	             STATEMENT("USD", BLOCK("m", "2000", "200", "60000000000000000000", "120000000000000000000", "50000000000000000000", "12", "24", "10")));
}

/* Odd figures, a new model and a removed one: the sums are exact to the last unit. */
TEST(test_sums) {
	struct fault why = {0};
	struct json *j = json_new();
	size_t rows = 0;

	char *text = diff_of(
	    STATEMENT("USD", BLOCK("a", "1013", "97", "4001", "6007", "0", "4.000000007", "6.1",
				   "0") "," BLOCK("gone", "7", "3", "1", "2", "3", "0.000000001", "0.000000002", "3")),
	    STATEMENT("USD", BLOCK("new \\\"x\\\"", "11", "13", "17", "19", "23", "1.7", "1.9",
				   "2.3") "," BLOCK("a", "1019", "103", "4003", "6011", "9", "3.999999999", "7", "1")),
	    true, &why);
	assert_non_null(text);
	assert_true(json_parse(j, text_of(text), NULL));
	check_sums(j, json_get(j, 0, T("total")));
	json_at models = json_get(j, 0, T("models"));
	for (json_at v = json_first(j, models); v != JSON_ABSENT; v = json_next(j, v), rows++) {
		check_sums(j, v);
	}
	assert_int_equal(rows, 3);
	json_free(j);
	free(text);
}

TEST(test_table) {
	struct fault why = {0};

	char *text = diff_of(STATEMENT("EUR", BLOCK("m", "1000", "100", "4000", "6000", "10000", "400", "600", "1000")),
			     STATEMENT("EUR", BLOCK("m", "1000", "100", "4000", "6000", "5000", "400", "600", "500")),
			     false, &why);
	assert_non_null(text);
	assert_non_null(
	    strstr(text, "= total  2,000.00  1,500.00  -500.00    0.00  0.00        0.00   0.00  -500.00\n"));
	free(text);
}

/* A former statement without tokens has no volume, and a model without a name a row. */
TEST(test_without_tokens) {
	struct fault why = {0};
	struct json *j = json_new();

	char *text = diff_of(STATEMENT("USD", BLOCK("", "0", "0", "0", "0", "7", "0", "0", "7")),
	                     STATEMENT("USD", BLOCK("", "5", "5", "1", "1", "1", "3", "4", "1")), true, &why);
	assert_non_null(text);
	assert_true(json_parse(j, text_of(text), NULL));
	json_at total = json_get(j, 0, T("total"));
	check_sums(j, total);
	assert_int_equal(nano_of(j, total, "volume"), 0);
	assert_int_equal(nano_of(j, total, "idle"), -6 * INT64_C(1000000000));
	json_free(j);
	free(text);
	text = diff_of(STATEMENT("USD", BLOCK("", "1", "1", "1", "1", "1", "1", "1", "1")), STATEMENT("USD", ""), false, &why);
	assert_non_null(text);
	assert_non_null(strstr(text, "(none)"));
	free(text);
}

TEST(test_refused) {
	static const char good[] = STATEMENT("USD", BLOCK("m", "1", "1", "1", "1", "1", "9", "9", "9"));
	static const struct {
		const char *text, *message;
	} cases[] = {
	    {STATEMENT("USD", BLOCK("m", "-1", "100", "4000", "6000", "5000", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "\"1\"", "100", "4000", "6000", "5000", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "1e99", "4000", "6000", "5000", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "-4000", "6000", "5000", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "4000", "0.5", "5000", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "4000", "6000", "null", "4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "4000", "6000", "5000", "-4", "6", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "4000", "6000", "5000", "4", "six", "5")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", "1", "100", "4000", "6000", "5000", "4", "6", "99999999999")), "not a row of a statement"},
	    {STATEMENT("USD", BLOCK("m", LARGEST, "100", "4000", "6000", "5000", "4", "6", "5")), "more tokens than fit 64 bits"},
	    {STATEMENT("USD", BLOCK("m", "100", LARGEST, "4000", "6000", "5000", "4", "6", "5")), "more tokens than fit 64 bits"},
	    {STATEMENT("USD", BLOCK("m", "1000000000000", "1", "1", "1", "1", "4", "6", "5")), "a cause of the change does not fit"},
	    {STATEMENT("USD", BLOCK("m", "1", "1000000000000", "1", "1", "1", "4", "6", "5")), "a cause of the change does not fit"},
	    {STATEMENT("USD", BLOCK("m", "1", "1", "1", "1", "10000000000000000000", "4", "6", "5")), "a cause of the change does not fit"},
	    {STATEMENT("USD", BLOCK("m", "1", "1", "10000000000000000000", "1", "1", "4", "6", "5")), "a cause of the change does not fit"},
	    {STATEMENT("USD", BLOCK("m", "1", "1", "1", "900000000000000000000000000", "1", "4", "6", "5")), "a cause of the change does not fit"},
	    {STATEMENT("USD", BLOCK("m", "1", "1", "1", "1", "99999999999999999999999999999999999999999", "4", "6", "5")), "not a row of a statement"},
	    {"{", ":1:2: not valid JSON"},
	    {"{}", "not a statement"},
	    {STATEMENT("EUR", ""), "expected two statements of one currency"},
	    {STATEMENT("USD", "{\"model\":\"m\"}"), "not a row of a statement"},
	    {"{\"schema\":\"tollbook.statement.v1\",\"currency\":\"USD\"}", "no models here"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fault why = {0};
		assert_null(diff_of(good, cases[i].text, true, &why));
		if (!strstr(why.message, cases[i].message)) {
			fail_msg("%s gave %s", cases[i].text, why.message);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_causes),
		cmocka_unit_test(test_wide),
	    cmocka_unit_test(test_sums),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_without_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
