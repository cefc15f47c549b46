/* The HTML page: the statement's figures, nothing from outside unescaped, nothing fetched. */

#include "tests/unit/unit.h"

#include "report/renderings/page/html.h"
#include "tests/unit/worked_case.h"

TEST(test_figures) {
	static const char *const parts[] = {
	    "<!doctype html>",
	    "<td class=\"l\">org/model &quot;x&quot;</td><td class=\"l\">output</td><td><data "
	    "value=\"100\">100</data></td>"
	    "<td><data value=\"60.000000000\">60.00</data></td><td><data value=\"60.000000000\">60.00</data></td>"
	    "<td><data value=\"60.000000000\">60.00</data></td><td><data value=\"120.000000000\">120.00</data></td>"
	    "<td><data value=\"10.000000000\">10.00</data></td>",
	    "<td class=\"bad\"><data value=\"-0.017750000\">−0.017750</data></td>",
	    "idle</td><td><data value=\"10000000000\">0.0027778</data></td><td><data value=\"0.500000\">50.0 %</data></td>",
	    "a\\x1B[31m",
	    "log\\x0A.txt:7",
	    "50.0 ¢</b> <data value=\"0.010000000\">$0.010</data>",
	    "<h1>Output cost <data value=\"120.000000000\">$120</data> per million tokens",
	};
	struct worked_case w;

	worked_setup(&w);
	char *text = worked_render(&w, "html", 0);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!strstr(text, parts[i])) {
			fail_msg("no %s", parts[i]);
		}
	}
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	free(text);
	worked_teardown(&w);
}

TEST(test_escapes) {
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	html_put_text(out, T("<script>alert('x&y')</script>\x1b\""));
	fclose(out);
	assert_string_equal(text, "&lt;script&gt;alert(&#39;x&amp;y&#39;)&lt;/script&gt;\\x1B&quot;");
	free(text);
}

/* A page without any data is still a page. */
TEST(test_empty) {
	struct worked_case w = {0};
	struct report_options o;
	struct fault why;

	w.names = names_new();
	quality_init(&w.quality);
	worked_options(&w, &o);
	w.s = statement_new(&o);
	assert_int_equal(statement_finish(w.s, &w.quality, &why), 0);
	char *text = worked_render(&w, "html", 0);
	assert_non_null(strstr(text, "</html>"));
	free(text);
	statement_free(w.s);
	quality_release(&w.quality);
	names_free(w.names);
}

int main(void) {
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_figures),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
