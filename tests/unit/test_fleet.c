/* test_fleet.c: what a fleet file may not say: each mistake with its line and column, and what was expected. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "attribute/fleet/fleet.h"

#define FLEET(members) "{\"schema\":\"tollbook.fleet.v1\"," members "}"
#define POOL(members) FLEET("\n\"pools\":[{\"name\":\"a\",\"match\":\"*\"" members "}]")
#define RATE "\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"2\"}]"

static int open_none(void *context, const char *name, struct text *bytes, struct fault *why) {
	(void)context, (void)bytes;
	return fault_set(why, ERROR_IO, "%s: no such file", name);
}

TEST(mistakes) {
	static const struct {
		const char *text, *message; /* NULL: none */
	} cases[] = {
		{POOL("," RATE), NULL},
		{"[]", "f:1:1: not an object, expected { … }"},
		{"{\"schema\":\"tollbook.fleet.v1\",\"different\":[],\"different\":[]}",
	         "f:1:58: not a list, expected [[\"a\", \"b\"], …] once"},
		{"{\"schema\":\"tollbook.fleet.v2\"}", "f:1:11: unknown schema, expected \"tollbook.fleet.v1\""},
		{FLEET("\"pools\":{}"), "f:1:39: not a list, expected [ … ]"},
		{FLEET("\"pools\":[1]"), "f:1:40: not an object, expected { … }"},
		{FLEET("\"pool\":[]"), "f:1:38: unknown key, expected one such as \"pools\" (see schemas/fleet.schema.json)"},
		{FLEET("\"//\":\"a comment\",\"currency\":\"U D\""), "f:1:59: not a currency, expected a code such as \"USD\""},
		{FLEET("\"currency\":\"\""), "f:1:42: not a currency, expected a code such as \"USD\""},
		{POOL(""), "f:2:10: \"rates\" is missing here"},
		{POOL(",\"model\":1," RATE), "f:2:42: not a string, expected a name in quotes"},
		{POOL(",\"model\":\"a\\nb\"," RATE), "f:2:42: not a name, expected at most 511 bytes and no control characters"},
		{POOL(",\"role\":\"both\"," RATE), "f:2:41: unknown role, expected \"mixed\", \"prefill\" or \"decode\""},
		{POOL(",\"gpus_per_replica\":0," RATE), "f:2:53: not a count, expected a whole number from 1 to 1000000"},
		{POOL(",\"gpus_per_replica\":\"1/0\"," RATE),
		 "f:2:53: not a number of GPUs, expected one from 1 to 1000000, a decimal such as \"0.5\" or a fraction such as \"1/7\""},
		{POOL(",\"gpus_per_replica\":[]," RATE),
		 "f:2:53: not a number of GPUs, expected one from 1 to 1000000, a decimal such as \"0.5\" or a fraction such as \"1/7\""},
		{POOL(",\"rates\":[{\"from\":\"2026\",\"per_gpu_hour\":\"2\"}]"),
		 "f:2:51: not a date, expected \"2026-01-31\" or \"2026-01-31T08:00:00Z\""},
		{POOL(",\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"-2\"}]"), "f:2:79: a negative amount, expected 0 or more"},
		{POOL(",\"rates\":[{\"from\":\"2026-01-01\",\"per_gpu_hour\":true}]"),
		 "f:2:79: not a decimal, expected one such as \"2.49\" with at most 9 places"},
		{POOL("," RATE "," RATE), "f:2:93: \"rates\" appears twice"},
		{POOL(",\"rates\":[{\"from\":\"2026-02-01\",\"per_gpu_hour\":\"2\"},{\"from\":\"2026-01-01\",\"per_gpu_hour\":\"2\"}]"),
		 "f:2:42: rates out of order, expected each \"from\" later than the one before"},
		{POOL("," RATE ",\"uptime\":[{\"gpus\":1,\"from\":\"2026-01-02\",\"to\":\"2026-01-02\"}]"),
		 "f:2:94: an uptime that ends before it begins, expected \"to\" after \"from\""},
		{POOL("," RATE ",\"uptime\":[{\"gpus\":1,\"from\":\"2026-01-02\",\"to\":\"2026-01-05\"},{\"gpus\":1,\"from\":\"2026-01-04\",\"to\":\"2026-01-06\"}]"),
		 "f:2:94: uptimes overlap or are out of order, expected each to begin after the one before ends"},
		{POOL("," RATE ",\"description\":\"\""),
		 "f:2:99: not a file name, expected a model description in the folder of this file"},
		{POOL("," RATE ",\"description\":\"m.json\""), "f:2:99: \"description\": m.json: no such file"},
		{FLEET("\"pools\":[],\"pools\":[]"), "f:1:50: \"pools\" appears twice"},
		{FLEET("\"pools\":[{\"name\":\"a\",\"match\":\"x\"," RATE "},{\"name\":\"a\",\"match\":\"y\"," RATE "}]"),
		 "f:1:39: two pools have the same name, expected one each"},
		{FLEET("\"names\":[{\"replica\":\"r\"}],\"pools\":[]"), "f:1:40: neither \"path\" nor \"field\", expected one of them"},
		{FLEET("\"names\":[{\"path\":\"a\",\"field\":\"b\",\"replica\":\"r\"}],\"pools\":[]"),
		 "f:1:60: a second pattern, expected \"path\" or \"field\""},
		{FLEET("\"names\":[{\"path\":1,\"replica\":\"r\"}],\"pools\":[]"), "f:1:48: not a string, expected a text in quotes"},
	};
	char seen[700];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct names *names = names_new();
		struct fault why = {0};
		struct fleet *f = fleet_parse("f", text_of(cases[i].text), open_none, NULL, names, &why);
		snprintf(seen, sizeof seen, "%zu: %s", i, f ? "" : why.message);
		char expected[700];
		snprintf(expected, sizeof expected, "%zu: %s", i, cases[i].message ? cases[i].message : "");
		assert_string_equal(seen, expected);
		if (f) {
			fleet_free(f);
		}
		names_free(names);
	}
}

/* Pairs of hundreds of names, in either order; every third pair is stated. */
TEST(many_pairs) {
	enum { NAMES = 300 };
	struct server_pairs pairs = {.at = NULL};
	char name[NAMES][16];

	for (int i = 0; i < NAMES; i++) {
		snprintf(name[i], sizeof name[i], "r%d", i);
	}
	for (int i = 0; i < NAMES; i++) {
		for (int k = 0; k < i; k++) {
			if ((i + k) % 3 == 0) {
				server_pairs_add(&pairs, text_of(name[i]), text_of(name[k]));
			}
		}
	}
	for (int i = 0; i < NAMES; i++) {
		for (int k = 0; k < NAMES; k++) {
			assert_int_equal(server_pairs_have(&pairs, text_of(name[i]), text_of(name[k])), i != k && (i + k) % 3 == 0);
		}
	}
	server_pairs_release(&pairs);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(mistakes), cmocka_unit_test(many_pairs)};

	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
