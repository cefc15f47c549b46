/* test_json.c: valid and invalid JSON, and the values read from it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/json.h"

static bool parses(struct json *j, const char *s, size_t *bad) {
	return json_parse(j, text_of(s), bad);
}

TEST(takes_whole_values) {
	static const char *const good[] = {"{}", "[]", " [ ] ", "\"\"", "1", "-0", " 12.5e-3\n", "true", "null", "[1,2]",
	                                   "{\"a\":1,\"b\":[{},{\"c\":null}],\"a\":2}", "[\"\\u00e9\\ud83d\\ude00\"]",
	                                   "{\"\":{}}", "[[],[],{}]", "\t{\r\n\"a\" : \"b\" }"};
	struct json *j = json_new();

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (!parses(j, good[i], NULL)) {
			fail_msg("refused: %s", good[i]);
		}
	}
	json_free(j);
}

TEST(refuses_the_rest) {
	static const struct {
		const char *bytes;
		size_t bad;
	} cases[] = {
		{"", 0}, {"  ", 2}, {"{", 1}, {"}", 0}, {"{]", 1}, {"[1", 1}, {"[1}", 2}, {"[1,]", 3}, {"[,1]", 1}, {"[1 2]", 3},
		{"[1,,2]", 3}, {"{\"a\"}", 4}, {"{\"a\":}", 5}, {"{\"a\":1,}", 7}, {"{\"a\" 1}", 5}, {"{1:2}", 1}, {"{\"a\":1 \"b\":2}", 7},
		{"{\"a\"::1}", 5}, {"{\"a\":1:2}", 6}, {"[01]", 1}, {"[1.]", 1}, {"[.5]", 1}, {"[+1]", 1}, {"[1e]", 1}, {"[-]", 1},
		{"[nul]", 1}, {"[True]", 1}, {"[NaN]", 1}, {"{} {}", 3}, {"{}x", 2}, {"1 2", 0}, {"\"a", 0}, {"[\"\\x\"]", 1},
		{"[\"\\u12\"]", 1}, {"{\"a\":{}\"b\":1}", 7}, {"[[]1]", 3}, {"{\"a\":[1]2}", 8}, {"nope", 0},
	};
	struct json *j = json_new();
	size_t bad;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bad = 9999;
		if (parses(j, cases[i].bytes, &bad)) {
			fail_msg("taken: %s", cases[i].bytes);
		}
		if (bad > strlen(cases[i].bytes) || bad + 1 < cases[i].bad || bad > cases[i].bad + 1) {
			fail_msg("%s: offence at %zu, not at %zu", cases[i].bytes, bad, cases[i].bad);
		}
		assert_int_equal(json_type(j, 0), JSON_NONE);
	}
	assert_false(json_parse(j, (struct text){"{}\0", 3}, &bad));
	assert_int_equal(bad, 2);
	json_free(j);
}

static void nested(struct json *j, int depth, const char *open, const char *close, bool good) {
	size_t o = strlen(open), c = strlen(close);
	char *bytes = malloc((size_t)depth * (o + c) + 2), *to = bytes;

	for (int i = 0; i < depth; i++, to += o) {
		memcpy(to, open, o);
	}
	*to++ = '1';
	for (int i = 0; i < depth; i++, to += c) {
		memcpy(to, close, c);
	}
	assert_int_equal(json_parse(j, (struct text){bytes, (size_t)(to - bytes)}, NULL), good);
	free(bytes);
}

TEST(depth_ends_at_64) {
	struct json *j = json_new();

	nested(j, 64, "[", "]", true);
	nested(j, 65, "[", "]", false);
	nested(j, 64, "{\"a\":", "}", true);
	nested(j, 65, "{\"a\":", "}", false);
	nested(j, 200, "[", "]", false);
	nested(j, 3000000, "[", "]", false); /* at once, not in quadratic time */
	json_free(j);
}

TEST(walks_and_finds) {
	struct json *j = json_new();
	struct text doc = T("{\"a\": 1, \"b\": [10, {\"x\": []}, \"s\"], \"c\": {\"d\": {}, \"e\": true}, \"a\": \"last\"}");

	assert_true(json_parse(j, doc, NULL));
	assert_int_equal(json_type(j, 0), JSON_OBJECT);
	assert_int_equal(json_count(j, 0), 4);
	json_at v = json_first(j, 0);
	assert_true(text_eq(json_key(j, v), T("a")) && text_eq(json_raw(j, v), T("1")));
	json_at b = json_next(j, v);
	assert_true(text_eq(json_key(j, b), T("b")) && json_count(j, b) == 3);
	json_at ten = json_first(j, b), object = json_next(j, ten), s = json_next(j, object);
	assert_true(text_eq(json_raw(j, ten), T("10")) && json_key(j, ten).len == 0);
	assert_int_equal(json_type(j, object), JSON_OBJECT);
	assert_int_equal(json_first(j, json_get(j, object, T("x"))), JSON_ABSENT);
	assert_true(text_eq(json_raw(j, s), T("s")) && json_next(j, s) == JSON_ABSENT);
	json_at c = json_next(j, b), last = json_next(j, c);
	assert_true(text_eq(json_key(j, c), T("c")) && text_eq(json_raw(j, last), T("last")));
	assert_int_equal(json_next(j, last), JSON_ABSENT);
	assert_int_equal(json_get(j, 0, T("a")), last);
	assert_int_equal(json_get(j, 0, T("d")), JSON_ABSENT);
	assert_int_equal(json_get(j, b, T("a")), JSON_ABSENT);
	assert_int_equal(json_get(j, JSON_ABSENT, T("a")), JSON_ABSENT);
	assert_int_equal(json_type(j, json_get(j, c, T("e"))), JSON_BOOL);
	assert_int_equal(json_offset(j, json_get(j, 0, T("a"))), text_find(doc, T("\"last\"")));
	assert_int_equal(json_next(j, 0), JSON_ABSENT);
	json_free(j);
}

TEST(integers_are_whole) {
	static const struct {
		const char *bytes;
		bool good;
		int64_t value;
	} cases[] = {
		{"0", true, 0}, {"-0", true, 0}, {"12", true, 12}, {"12.0", true, 12}, {"12.5", false, 0}, {"1e3", true, 1000},
		{"1.5e1", true, 15}, {"150e-1", true, 15}, {"15e-2", false, 0}, {"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN}, {"9223372036854775808", false, 0}, {"1e18", true, 1000000000000000000},
		{"1e19", false, 0}, {"0e999999999", true, 0}, {"0.000", true, 0}, {"1e99999999999999999999", false, 0},
		{"100000000000000000000000000000e-28", true, 10}, {"\"12\"", false, 0}, {"true", false, 0}, {"-12.0E+0", true, -12},
		{"0.5e1", true, 5}, {"1e-0", true, 1},
	};
	struct json *j = json_new();
	int64_t got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(parses(j, cases[i].bytes, NULL));
		if (json_i64(j, 0, &got) != cases[i].good || (cases[i].good && got != cases[i].value)) {
			fail_msg("%s", cases[i].bytes);
		}
	}
	json_free(j);
}

TEST(integers_beyond_64_bits) {
	static const struct {
		const char *bytes;
		bool good;
		int128 value;
	} cases[] = {
		{"12", true, 12}, {"-7", true, -7}, {"1e3", true, 1000}, {"9223372036854775808", true, (int128)INT64_MAX + 1},
		{"92233720368547758070", true, (int128)INT64_MAX * 10}, {"\"12\"", false, 0}, {"9223372036854775808.5", false, 0},
		{"-9223372036854775809", false, 0}, {"99999999999999999999999999999999999999999", false, 0}, {"[]", false, 0},
		{"\"9223372036854775808\"", false, 0},
	};
	struct json *j = json_new();
	int128 got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(parses(j, cases[i].bytes, NULL));
		if (json_wide(j, 0, &got) != cases[i].good || (cases[i].good && got != cases[i].value)) {
			fail_msg("%s", cases[i].bytes);
		}
	}
	assert_false(json_wide(j, JSON_ABSENT, &got));
	json_free(j);
}

TEST(a_number_of_400_digits_does_not_fit) {
	struct json *j = json_new();
	char digits[401];
	int64_t got;

	memset(digits, '9', 400);
	digits[400] = 0;
	assert_true(parses(j, digits, NULL));
	assert_false(json_i64(j, 0, &got));
	json_free(j);
}

TEST(strings_lose_their_escapes) {
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"\"plain\"", "plain"}, {"\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "a\n\t\"\\/\b\f\r"}, {"\"\\u00e9\"", "\xc3\xa9"},
		{"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"}, {"\"\\ud83d\"", "\xef\xbf\xbd"}, {"\"\\ude00x\"", "\xef\xbf\xbdx"},
		{"\"\\ud83d\\u0041\"", "\xef\xbf\xbd""A"}, {"\"\\u20AC\"", "\xe2\x82\xac"},
	};
	struct json *j = json_new();
	char buffer[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(parses(j, cases[i].bytes, NULL));
		assert_true(text_eq(json_string(j, 0, buffer, sizeof buffer), text_of(cases[i].text)));
	}
	assert_true(parses(j, "\"abc\\u20ac\"", NULL));
	assert_int_equal(json_string(j, 0, buffer, 5).len, 3); /* no part of a character */
	assert_true(parses(j, "12", NULL));
	assert_int_equal(json_string(j, 0, buffer, 5).len, 0);
	json_free(j);
}

TEST(escapes_what_could_do_harm) {
	static const struct {
		struct text in;
		const char *out;
	} cases[] = {
		{{"a\"b\\c", 5}, "a\\\"b\\\\c"}, {{"\x1b[31m\x7f\n", 7}, "\\u001b[31m\\u007f\\n"}, {{"\xc3\xa9", 2}, "\xc3\xa9"},
		{{"\xc3", 1}, "\\ufffd"}, {{"\xed\xa0\x80", 3}, "\\ufffd\\ufffd\\ufffd"}, {{"\xc2\x9b" "2J", 4}, "\\u009b2J"},
		{{"\0x", 2}, "\\u0000x"}, {{"\xf0\x9f\x98\x80", 4}, "\xf0\x9f\x98\x80"}, {{"\xc0\xaf", 2}, "\\ufffd\\ufffd"},
	};
	char out[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(json_escape(cases[i].in, out, sizeof out), strlen(cases[i].out));
		assert_string_equal(out, cases[i].out);
	}
	assert_int_equal(json_escape(T("ab\"c"), out, 4), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(json_escape(T("ab"), out, 1), 0);
}

/* Any string that was escaped is read back unchanged if it was UTF-8. */
TEST(escaping_can_be_undone) {
	struct json *j = json_new();
	char all[256 + 8], out[6 * sizeof all + 3], back[sizeof all];
	size_t n = 0;

	for (int c = 0; c < 0x80; c++) {
		all[n++] = (char)c;
	}
	memcpy(all + n, "\xc2\x80\xe2\x82\xac", 5);
	n += 5;
	out[0] = '"';
	size_t len = json_escape((struct text){all, n}, out + 1, sizeof out - 2);
	out[len + 1] = '"';
	assert_true(json_parse(j, (struct text){out, len + 2}, NULL));
	assert_true(text_eq(json_string(j, 0, back, sizeof back), (struct text){all, n}));
	json_free(j);
}

TEST(places_are_lines_and_columns) {
	int line, column;

	text_place(T("ab\ncd\n"), 4, &line, &column);
	assert_true(line == 2 && column == 2);
	text_place(T("ab"), 0, &line, &column);
	assert_true(line == 1 && column == 1);
	text_place(T("ab\n"), 99, &line, &column);
	assert_true(line == 2 && column == 1);
}

/* Parses an object of the given number of keys; the processor time of the fastest of five, in ms. */
static double parse_keys(struct json *j, int keys) {
	char *doc = malloc((size_t)keys * 24 + 2), *to = doc;
	struct timespec from, until;
	int64_t sum = 0, value;
	double best = 1e9;

	*to++ = '{';
	for (int i = 0; i < keys; i++) {
		to += snprintf(to, 24, "%s\"key%d\":%d", i > 0 ? "," : "", i, i);
	}
	*to++ = '}';
	struct text bytes = {doc, (size_t)(to - doc)};
	for (int again = 0; again < 5; again++) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		assert_true(json_parse(j, bytes, NULL));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &until);
		double ms = (double)(until.tv_sec - from.tv_sec) * 1e3 + (double)(until.tv_nsec - from.tv_nsec) / 1e6;
		best = ms < best ? ms : best;
	}
	for (json_at v = json_first(j, 0); v != JSON_ABSENT; v = json_next(j, v)) {
		assert_true(json_i64(j, v, &value));
		sum += value;
	}
	assert_int_equal(sum, (int64_t)keys * (keys - 1) / 2);
	assert_int_equal(json_count(j, 0), keys);
	assert_true(json_i64(j, json_get(j, 0, T("key5555")), &value) && value == 5555);
	free(doc);
	return best;
}

/* 16 times the keys take about 16 times as long; with a search among all keys before each it would be 256 times. */
TEST(many_keys_take_linear_time) {
	struct json *j = json_new();
	double few = parse_keys(j, 6250), many = parse_keys(j, 100000);

	print_message("6,250 keys: %.2f ms; 100,000: %.2f ms\n", few, many);
	assert_true(many < 96 * few);
	json_free(j);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_whole_values),         cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(depth_ends_at_64),           cmocka_unit_test(walks_and_finds),
		cmocka_unit_test(integers_are_whole),         cmocka_unit_test(integers_beyond_64_bits),
		cmocka_unit_test(a_number_of_400_digits_does_not_fit),
		cmocka_unit_test(strings_lose_their_escapes), cmocka_unit_test(escapes_what_could_do_harm),
		cmocka_unit_test(escaping_can_be_undone),     cmocka_unit_test(places_are_lines_and_columns),
		cmocka_unit_test(many_keys_take_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
