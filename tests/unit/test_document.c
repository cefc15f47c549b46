/* test_document.c: JSON over several lines is split into values. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/document.h"
#include "tests/unit/ingest_help.h"

static const struct {
	const char *text, *values; /* each followed by "|"; "!" broken, "+" too long */
	bool bids;
} cases[] = {
	{"{\n  \"a\": 1,\n  \"b\": [1, 2]\n}\n{\n \"a\": 2\n}\n", "{\"a\":1,\"b\":[1,2]}|{\"a\":2}|", true},
	{"[\n {\"a\": \"x y\"},\n {\"a\": [{}]}\n]\n", "{\"a\":\"x y\"}|{\"a\":[{}]}|", true},
	{"[{\"a\":1},\n{\"a\":2}]\n", "{\"a\":1}|{\"a\":2}|", true},
	{"{\n\"events\": [\n{\"message\": \"a\"},\n{\"message\": \"b\"}\n],\n\"nextToken\": \"x\"\n}\n", "{\"message\":\"a\"}|{\"message\":\"b\"}|", true},
	{"{\"hits\": {\"total\": 2,\n\"hits\": [{\"a\": 1},\n{\"a\": 2}]}}\n", "{\"a\":1}|{\"a\":2}|", true},
	{"{\"status\": \"success\", \"data\": {\"resultType\": \"streams\", \"result\": [{\"stream\": {},\n\"values\": [[\"1\", \"a\"]]}]}}\n",
	 "{\"stream\":{},\"values\":[[\"1\",\"a\"]]}|", true},
	{"{\"object\": \"page\",\n\"data\": [{\"results\": [{\"a\": 1}]}]}\n", "{\"object\":\"page\",\"data\":[{\"results\":[{\"a\":1}]}]}|", true},
	{"{\"a\": \"quote \\\" brace } \\\\\",\n\"b\": null}\n", "{\"a\":\"quote \\\" brace } \\\\\",\"b\":null}|", true},
	{"{\"a\":\n{\"b\": {\"c\"\n: 1}}}\nplain\n", "{\"a\":{\"b\":{\"c\":1}}}|plain|", true},
	/* arrays of objects in one line; but not of the fields of one line */
	{"[{\"a\":1}, {\"a\":\"  x\"}]\n", "{\"a\":1}|{\"a\":\"  x\"}|", true},
	{"[{\"field\":\"@message\",\"value\":\"a\"}]\n", "{\"field\":\"@message\",\"value\":\"a\"}|", false},
	{"[{\"a\":1},{\"a\":\"unfin\n", "{\"a\":1}|!", true},
	{"{\"resourceSpans\":[\n{\"a\":1},\n{\"a\":2}]}\n", "{\"a\":1}|{\"a\":2}|", true},
	{"{\"trace\":{\n\"batches\":[{\"a\":1}]}}\n", "{\"a\":1}|", true},
	/* an object with events is not an export of a log */
	{"{\"name\":\"chat\",\n\"events\":[{\"a\":1}],\"b\":2}\n", "{\"name\":\"chat\",\"events\":[{\"a\":1}],\"b\":2}|", true},
	{"{\"nextForwardToken\":\"f\",\n\"events\":[{\"a\":1}]}\n", "{\"a\":1}|", true},
	/* broken: the text after it is read */
	{"{\n\"a\": \"x\n}\n{\n\"a\": 1}\n", "!}|{\"a\":1}|", false},
	{"{\n{\n", "!", false},
	{"{\n\"a\": ]\n{\"a\":1}\n", "!{\"a\":1}|", false},
	/* lines of JSON are not a document */
	{"{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}|{\"a\":2}|", false},
	{"{\"a\":\n{\"a\":1}\n", "", false}, /* the first is cut off */
	{"[[[[\n{\"a\":1}\n{\"a\":2}\n", "", false},
	{"{\"x\": [\n{\"a\":1},\n{\"a\":2}]}\n", "{\"x\":[{\"a\":1},{\"a\":2}]}|", true},
	{"{\"a\":\n{\"b\":1}}\n", "{\"a\":{\"b\":1}}|", true},
	{"[1] [2] text\n", "text|", false},
	{"{\"a\":1}{\"a\":2}\n", "{\"a\":1}|{\"a\":2}|", true},
	{"text\n{\n", "text|", false},
	{"", "", false},
};

static void values_of(const char *text, size_t max, struct bytes *got) {
	struct document d = {.max_bytes = max};
	struct text rest = text_of(text), line, value;
	enum document_status status;

	while (text_until(&rest, T("\n"), &line)) {
		document_feed(&d, line);
		while ((status = document_next(&d, &value)) != DOCUMENT_MORE) {
			if (status == DOCUMENT_VALUE) {
				bytes_add(got, value);
			}
			bytes_add(got, status == DOCUMENT_VALUE ? T("|") : status == DOCUMENT_BROKEN ? T("!") : T("+"));
		}
	}
	bytes_add(got, (struct text){"", 1});
	document_release(&d);
}

TEST(cuts) {
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes got = {0};
		values_of(cases[i].text, 1000, &got);
		if (strcmp(got.at, cases[i].values) != 0 || document_bids(text_of(cases[i].text)) != cases[i].bids) {
			fail_msg("case %zu: %s", i, got.at);
		}
		bytes_release(&got);
	}
}

TEST(long_values_are_dropped) {
	struct bytes got = {0};

	values_of("[\n{\"a\":\"0123456789\"},\n{\"a\":\"0\"}\n]\n", 12, &got);
	assert_string_equal(got.at, "+{\"a\":\"0\"}|");
	bytes_release(&got);
}

/* A line that is read in parts, with any boundaries: within texts, escapes and keys. */
TEST(parts_do_not_matter) {
	static const struct text line = {"{\"data\": [{\"a\": \"x \\\" y\"}, {\"b\\\\\": [1, 2]}], \"n\": 1}", 52};
	struct text value;

	for (size_t bytes = 1; bytes <= line.len; bytes++) {
		struct document d = {.max_bytes = 1000, .is_long = true};
		struct bytes got = {0};
		for (size_t at = 0; at < line.len; at += bytes) {
			(at + bytes < line.len ? document_feed_part : document_feed)(&d, text_cut(line, at, at + bytes));
			while (document_next(&d, &value) == DOCUMENT_VALUE) {
				bytes_add(&got, value);
			}
		}
		bytes_add(&got, (struct text){"", 1});
		assert_string_equal(got.at, "{\"a\":\"x \\\" y\"}{\"b\\\\\":[1,2]}");
		assert_int_equal(document_end(&d, &value), DOCUMENT_MORE);
		document_release(&d);
		bytes_release(&got);
	}
}

/* The end of the file in the middle of a value; after a whole element of an array nothing is lost. */
TEST(unfinished_values_are_broken) {
	static const struct {
		struct text line;
		enum document_status end;
	} ends[] = {
	    {{"[{\"a\":1},{\"a\":", 14}, DOCUMENT_BROKEN},
	    {{"[{\"a\":1},", 9}, DOCUMENT_MORE},
	    {{"{\"a\":1,", 7}, DOCUMENT_BROKEN},
	    {{"{\"events\":[{\"a\":1}]", 20}, DOCUMENT_MORE},
	};
	struct text value;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct document d = {.max_bytes = 1000};
		document_feed(&d, ends[i].line);
		while (document_next(&d, &value) == DOCUMENT_VALUE) {
		}
		assert_int_equal(document_end(&d, &value), ends[i].end);
		document_release(&d);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_do_not_matter),
		cmocka_unit_test(unfinished_values_are_broken),
		cmocka_unit_test(cuts),
		cmocka_unit_test(long_values_are_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
