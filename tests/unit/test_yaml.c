/* YAML as gcloud writes it: each entry as JSON; what is beyond it is broken, and the next entry is read. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "ingest/envelopes/yaml.h"

static const struct {
	const char *yaml, *json; /* "!": broken; "": no entry */
} cases[] = {
	{"", ""},
	{"# nothing\n\n", ""},
	{"a: 1\nb: x y\n", "{\"a\":1,\"b\":\"x y\"}"},
	/* scalars that are the same in JSON, and those that are not */
	{"a: null\nb: true\nc: false\nd: []\ne: {}\nf: -7\ng: 0\nh: -0\n", "{\"a\":null,\"b\":true,\"c\":false,\"d\":[],\"e\":{},\"f\":-7,\"g\":0,\"h\":-0}"},
	{"a: +7\nb: 07\nc: 1.5\nd: 7x\ne: ~\nf: -\ng: -07\n", "{\"a\":\"+7\",\"b\":\"07\",\"c\":\"1.5\",\"d\":\"7x\",\"e\":\"~\",\"f\":\"-\",\"g\":\"-07\"}"},
	{"a: 99999999999999999999\n", "{\"a\":\"99999999999999999999\"}"},
	/* nothing after a key */
	{"a:\nb: 1\n", "{\"a\":null,\"b\":1}"},
	{"a:\n", "{\"a\":null}"},
	/* maps and lists, lists at the indentation of their key */
	{"a:\n  b: 1\n  c:\n    d: 2\ne: 3\n", "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":3}"},
	{"a:\n- 1\n- x\nb: 2\n", "{\"a\":[1,\"x\"],\"b\":2}"},
	{"a:\n  - b: 1\n    c: 2\n  - d: 3\n", "{\"a\":[{\"b\":1,\"c\":2},{\"d\":3}]}"},
	{"a:\n-\n- 1\n", "{\"a\":[null,1]}"},
	/* quotes, escapes, lines that go on */
	{"'a b': 'it''s'\n\"c\": \"d\\n\\\"\\u001b\\u007F\\x\"\n", "{\"a b\":\"it's\",\"c\":\"d\\u000a\\\"\\u001b\x7f\"}"},
	{"a: 'x\n  y\n\n  z'\nb: 1\n", "{\"a\":\"x y\\u000a z\",\"b\":1}"},
	{"a: \"x\\\n  \\ y\"\n", "{\"a\":\"x y\"}"},
	{"a: \"\\u00e9\\u00zz\\u0\"\n", "{\"a\":\"0\"}"}, /* others are not written so */
	{"a: x\n  y\n  z\nb: 1\n", "{\"a\":\"x y z\",\"b\":1}"},
	{"a: |\n  x\n    y\n\n  z\nb: 1\n", "{\"a\":\"x\\u000a  y\\u000a\\u000az\",\"b\":1}"},
	{"a: >\n  x\n  y\nb: 1\n", "{\"a\":\"x y\",\"b\":1}"},
	{"a: |-\n  x\nb: >-\n  y\n", "{\"a\":\"x\",\"b\":\"y\"}"},
	{"a: >abc\n", "{\"a\":\">abc\"}"},
	/* beyond this */
	{"no key\n", "!"},
	{"a: 1\n  b: 2\n", "{\"a\":\"1 b: 2\"}"},
	{"a: 'x'\n  b: 2\n", "!"},
	{"a:\n    b: 1\n  c: 2\n", "!"},
	{"- 1\na: 2\n", "!"},
	{"a: 1\n- 2\n", "!"},
	{"'a: 1\n", "!"},
	{"'a' b: 1\n", "!"},
	{": 1\n", "!"},
};

/* The entries of a text: their JSON, "!" for a broken one, "#" for one that is too long, each with a ';'. */
static char *entries_of(const char *yaml, size_t max_bytes) {
	struct yaml y = {.max_bytes = max_bytes};
	struct text rest = text_of(yaml), line, out;
	char *got;
	size_t len;
	FILE *to = open_memstream(&got, &len);

	for (bool more = true; more;) {
		more = text_until(&rest, T("\n"), &line);
		enum yaml_status status = more ? yaml_line(&y, line, &out) : yaml_end(&y, &out);
		if (status == YAML_ENTRY) {
			fprintf(to, "%.*s;", TEXT_ARG(out));
		} else if (status != YAML_MORE) {
			fputs(status == YAML_BROKEN ? "!;" : "#;", to);
		}
	}
	fclose(to);
	yaml_release(&y);
	return got;
}

TEST(entries) {
	struct json *json = json_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char expected[300];
		char *got = entries_of(cases[i].yaml, 1000);
		snprintf(expected, sizeof expected, "%s%s", cases[i].json, cases[i].json[0] ? ";" : "");
		if (strcmp(got, expected) != 0) {
			fail_msg("%s\n is %s\nexpected %s", cases[i].yaml, got, expected);
		}
		assert_true(cases[i].json[0] != '{' || json_parse(json, text_of(cases[i].json), NULL));
		free(got);
	}
	json_free(json);
}

/* Markers end entries; a broken or too long one leaves no trace in the next. */
TEST(one_after_another) {
	static const char yaml[] = "---\na: 1\n---\nno key\nmore of it\n---\nb: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n...\nc: '---\n  x'\n";

	char *got = entries_of(yaml, 40);
	assert_string_equal(got, "{\"a\":1};!;#;{\"c\":\"--- x\"};");
	free(got);
}

TEST(too_deep) {
	char yaml[2000] = "";

	for (int i = 0; i < YAML_DEPTH_MAX + 2; i++) {
		size_t len = strlen(yaml);
		snprintf(yaml + len, sizeof yaml - len, "%*sa:\n", 2 * i, "");
	}
	char *got = entries_of(yaml, 1000);
	assert_string_equal(got, "!;");
	free(got);
}

TEST(bids) {
	assert_true(yaml_bids(T("---\ninsertId: x\ntextPayload: y\n")));
	assert_true(yaml_bids(T("---\na: 1\nb: 2\nlogName: x\n")));
	assert_false(yaml_bids(T("---\nno key\nlogName: x\n")));
	assert_false(yaml_bids(T("--\nlogName: x\n")));
	assert_false(yaml_bids(T("---\na: 1\n  logName: x\n")));
	assert_false(yaml_bids(T("---")));
	assert_false(yaml_bids(T("")));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(entries), cmocka_unit_test(one_after_another), cmocka_unit_test(too_deep), cmocka_unit_test(bids)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
