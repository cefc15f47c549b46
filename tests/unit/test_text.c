/* test_text.c: slices, and numbers at the start of them. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/files/csv.h"
#include "core/text.h"

TEST(slices) {
	struct text t = T("  key = value\r\n"), before;

	assert_true(text_eq(text_trim(t), T("key = value")));
	assert_true(text_eq(text_cut(t, 2, 5), T("key")) && text_cut(t, 9, 5).len == 0 && text_cut(t, 99, 200).len == 0);
	t = text_trim(t);
	assert_true(text_until(&t, T(" = "), &before) && text_eq(before, T("key")) && text_eq(t, T("value")));
	assert_false(text_until(&t, T(" = "), &before));
	assert_true(text_skip(&t, T("val")) && !text_skip(&t, T("x")) && text_eq(t, T("ue")));
	assert_true(text_ends(t, T("e")) && !text_ends(t, T("xue")) && text_eq_nocase(t, T("UE")) && !text_eq_nocase(t, T("U")));
	assert_int_equal(text_find(T("abcabc"), T("ca")), 2);
	assert_int_equal(text_find(T("abc"), T("x")), SIZE_MAX);
	assert_int_equal(text_find((struct text){0}, T("x")), SIZE_MAX);
	assert_int_equal(text_find_byte((struct text){"a\0b", 3}, 0), 1);
	assert_int_equal(text_trim((struct text){0}).len, 0);
	assert_true(text_eq((struct text){0}, T("")));
}

TEST(orders_by_bytes) {
	assert_true(text_compare(T("a"), T("b")) < 0 && text_compare(T("b"), T("a")) > 0 && text_compare(T("a"), T("a")) == 0);
	assert_true(text_compare(T("a"), T("ab")) < 0 && text_compare(T(""), T("a")) < 0 && text_compare(T("\xff"), T("a")) > 0);
}

TEST(integers) {
	static const struct {
		const char *text;
		bool good;
		int64_t value;
		const char *rest;
	} cases[] = {
		{"12x", true, 12, "x"}, {"-7", true, -7, ""}, {"x", false, 0, "x"}, {"", false, 0, ""}, {"-", false, 0, "-"},
		{"9223372036854775807", true, INT64_MAX, ""}, {"9223372036854775808", false, 0, "9223372036854775808"},
		{"-9223372036854775808", true, INT64_MIN, ""}, {"+1", false, 0, "+1"}, {"007", true, 7, ""}, {"1.5", true, 1, ".5"},
	};
	int64_t got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text t = text_of(cases[i].text);
		if (text_take_i64(&t, &got) != cases[i].good || (cases[i].good && got != cases[i].value) ||
		    !text_eq(t, text_of(cases[i].rest))) {
			fail_msg("%s", cases[i].text);
		}
	}
	assert_true(text_to_i64(T("12"), &got) && !text_to_i64(T("12 "), &got));
}

TEST(fixed_points) {
	static const struct {
		const char *text;
		int digits;
		bool good;
		int64_t value;
		const char *rest;
	} cases[] = {
		{"61.37 ms", 6, true, 61370000, " ms"}, {"0.0000005", 6, true, 0, ""}, {"0.0000015", 6, true, 2, ""},
		{"0.00000150001", 6, true, 2, ""}, {"0.0000005000001", 6, true, 1, ""}, {"-1.5", 0, true, -2, ""}, {"2.5", 0, true, 2, ""},
		{"5.", 1, true, 50, "."}, {".5", 1, false, 0, ".5"}, {"1.2.3", 1, true, 12, ".3"}, {"99999999999999999999", 0, false, 0, "99999999999999999999"},
		{"9223372036854775.807", 3, true, INT64_MAX, ""}, {"9223372036854775.8075", 3, false, 0, "9223372036854775.8075"},
		{"1e5", 2, true, 100, "e5"}, {"-0.4", 0, true, 0, ""},
	};
	int64_t got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text t = text_of(cases[i].text);
		if (text_take_fixed(&t, cases[i].digits, &got) != cases[i].good || (cases[i].good && got != cases[i].value) ||
		    !text_eq(t, text_of(cases[i].rest))) {
			fail_msg("%s", cases[i].text);
		}
	}
}

TEST(hashes_differ) {
	assert_int_equal(text_hash(T("")), UINT64_C(14695981039346656037));
	assert_int_equal(text_hash(T("a")), UINT64_C(0xaf63dc4c8601ec8c)); /* the reference value of FNV-1a */
	assert_true(text_hash(T("ab")) != text_hash(T("ba")));
}

/* One rule for all files of CSV: figures stay figures, a formula is text, controls are visible. */
TEST(cells_of_csv) {
	static const char *const cases[][2] = {
		{"gpt-4o", "gpt-4o"}, {"", ""}, {"a,b", "\"a,b\""}, {"team \"A\"", "\"team \"\"A\"\"\""}, {"-1506.96", "-1506.96"}, {"-", "-"},
		{"-1-1", "\"'-1-1\""}, {"=1+1", "\"'=1+1\""}, {"@SUM(A1)", "\"'@SUM(A1)\""}, {"+49 30", "\"'+49 30\""}, {"a\nb", "a\\x0Ab"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		csv_put_text(out, text_of(cases[i][0]));
		fclose(out);
		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices),       cmocka_unit_test(orders_by_bytes), cmocka_unit_test(integers),
		cmocka_unit_test(fixed_points), cmocka_unit_test(hashes_differ),
		cmocka_unit_test(cells_of_csv),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
