/* The table: its lines, its width, and that no text of a log is printed unescaped. */

#include "tests/unit/unit.h"

#include "report/renderings/grid.h"
#include "tests/unit/worked_case.h"

static void expect(const char *text, const char *const *lines, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (!strstr(text, lines[i])) {
			fail_msg("no \"%s\" in\n%s", lines[i], text);
		}
	}
}

TEST(test_lines) {
	static const char *const lines[] = {
	    "What a token costs, in USD per million tokens",
	    "\norg/model \"x\"\n",
	    "  input, uncached   1,000      3.00      6.00        1.00           6.00\n",
	    "input, cached       500      2.00      4.00        0.50           8.00\n",
	    "output              100     60.00    120.00       10.00          12.00\n",
	    "output to input          20.0 : 1  20.0 : 1    10.0 : 1\n",
	    "p/model \"x\"    0.002250  0.020000  -0.017750    -788.9 %\n",
	    "prefill     0.0011111   20.0 %  0.004000    20.0 %\n",
	    "decode      0.0016667   30.0 %  0.006000    30.0 %\n",
	    "idle        0.0027778   50.0 %  0.010000    50.0 %\n",
	    "= capacity  0.0055556  100.0 %  0.020000   100.0 %\n",
	    "B      mixed steps, split by the step model              0.0011111   40.0 %\n",
	    "Rejected: 1 line, invalid JSON, first at log\\x0A.txt:7\n",
	    "Damaged at byte 99, cut short: cut.gz\n",
	    "a\\x1B[31m",
	    "=b,\xc3\xa9\\xFF",
	};
	struct worked_case w;

	worked_setup(&w);
	char *text = worked_render(&w, "table", 100);
	expect(text, lines, sizeof lines / sizeof *lines);
	free(text);
	worked_teardown(&w);
}

TEST(test_fits) {
	struct worked_case w;

	worked_setup(&w);
	for (int width = 60; width <= 120; width += 20) {
		char *text = worked_render(&w, "table", width), *rest = text;
		for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
			if ((int)printable_width(line) > width) {
				fail_msg("wider than %d: %s", width, line);
			}
			if (line[0] != '\0' && line[strlen(line) - 1] == ' ') {
				fail_msg("ends with a space at width %d: '%s'", width, line);
			}
		}
		free(text);
	}
	worked_teardown(&w);
}

TEST(test_no_control_bytes) {
	struct worked_case w;

	worked_setup(&w);
	char *text = worked_render(&w, "table", 100);
	for (const char *c = text; *c; c++) {
		assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
	}
	free(text);
	worked_teardown(&w);
}

TEST(test_printable) {
	static const struct {
		const char *bytes, *shown;
	} cases[] = {
	    {"plain", "plain"},
	    {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
	    {"\x1b[2J", "\\x1B[2J"},
	    {"\xc0\xaf", "\\xC0\\xAF"},
	    {"\xed\xa0\x80", "\\xED\\xA0\\x80"},
	    {"a\xe2\x80\xaeopen", "a\\u{202E}open"},
	    {"\xc2\x9b", "\\u{9B}"},
	    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	    {"\xf0\x9f", "\\xF0\\x9F"},
	};
	char out[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		printable(text_of(cases[i].bytes), out, sizeof out);
		assert_string_equal(out, cases[i].shown);
	}
	assert_int_equal(printable(T("\xc3\xa9\xc3\xa9"), out, 4), 2);
}

TEST(test_figures) {
	char out[FIGURE_MAX];

	assert_string_equal(figure_count(0, out), "0");
	assert_string_equal(figure_count(-1234567, out), "-1,234,567");
	assert_string_equal(figure_money(1234567890123, 2, out), "1,234.57");
	assert_string_equal(figure_money(-5, 9, out), "-0.000000005");
	assert_string_equal(figure_percent(1, 3, out), "33.3 %");
	assert_string_equal(figure_percent(1, 0, out), "–");
	assert_string_equal(figure_percent(-5, 4, out), "-125.0 %");
	assert_string_equal(figure_percent(-102369225500, 1, out), "–");
	assert_string_equal(figure_compact(99999, 99999, out), "99,999");
	assert_string_equal(figure_compact(99999, 339170, out), "100.0k");
	assert_string_equal(figure_compact(49, 339170, out), "<0.1k");
	assert_string_equal(figure_compact(0, 339170, out), "0");
	assert_string_equal(figure_compact(339170, 339170, out), "339.2k");
	assert_string_equal(figure_compact(INT64_C(1204650000), INT64_C(1204650000), out), "1,204.6M");
	assert_int_equal(figure_places(0), 2);
	assert_int_equal(figure_places(150 * NANO), 2);
	assert_int_equal(figure_places(20000000), 6);
}

TEST(test_unknown_format) {
	struct rendering_options r = {.width = 100};
	struct fault why = {0};
	struct worked_case w;

	worked_setup(&w);
	assert_int_equal(statement_render(w.s, "tabel", &r, stdout, &why), ERROR_CONFIG);
	assert_non_null(strstr(why.message, "expected one of table, "));
	worked_teardown(&w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),     cmocka_unit_test(test_fits),    cmocka_unit_test(test_no_control_bytes),
	    cmocka_unit_test(test_printable), cmocka_unit_test(test_figures), cmocka_unit_test(test_unknown_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
