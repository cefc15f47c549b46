/* test_redact.c: the parts of a rejected line that are kept, and those that are removed. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/tenant_key.h"
#include "ingest/redact.h"
#include "tests/unit/ingest_help.h"

static void expect(const char *line, const char *expected) {
	char *at = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&at, &len);

	redact_line(text_of(line), out);
	fclose(out);
	assert_string_equal(at, expected);
	free(at);
}

/* The words of the formats, and the numbers that belong to them. */
TEST(shape_stays) {
	static const char *const same[] = {
		"", "{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}",
		"[2026-10-31 03:45:10] Prefill batch, #new-seq: 1, #new-token: 161, token usage: 0.08",
		"{\"time\":\"2026-08-10T23:59:25.138Z\",\"prompt_tokens\": \"17\"}",
		"{\"log\":\"{\\\"usage\\\":{\\\"prompt_tokens\\\":-40}}\",\"stream\":\"stdout\"}",
		"{\"key\":\"gen_ai.usage.prompt_tokens\",\"value\":{\"intValue\":\"-40\"}}",
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		expect(same[i], same[i]);
	}
}

/* A NUL is not part of a number. */
TEST(nul_goes) {
	char *at = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&at, &len);

	redact_line(T("prompt_tokens: 12\0-7"), out);
	fclose(out);
	assert_string_equal(at, "prompt_tokens: <5 bytes>");
	assert_int_equal(len, strlen(at));
	free(at);
}

TEST(words_go) {
	static const struct {
		const char *line, *left;
	} cases[] = {
		{"{\"prompt\":\"SECRET\"}", "{\"prompt\":\"<6 bytes>\"}"},
		{"{\"id\":\"two words\"}", "{\"id\":\"<3 bytes> <5 bytes>\"}"},
		{"{\"text\":\"4111-1111-1111-7731\"}", "{\"text\":\"<19 bytes>\"}"},
		{"{\"text\":\"2026-01-01 10:00:00\"}", "{\"text\":\"<10 bytes> <2 bytes>:<2 bytes>:<2 bytes>\"}"},
		{"prompt_token_ids: [1,2,7731]", "<16 bytes>: [<1 bytes>,<1 bytes>,<4 bytes>]"},
		{"{\"prompt_tokens\":[7731]}", "{\"prompt_tokens\":[<4 bytes>]}"},
		{"\"prompt_tokens\": 12, 7731", "\"prompt_tokens\": 12, <4 bytes>"},
		{"{\"api_key\":\"sk-SECRET\",\"key\":\"sk-SECRET\"}", "{\"api_key\":\"<9 bytes>\",\"key\":\"<9 bytes>\"}"},
		{"the SECRET\", \"prompt_tokens\": 12}", "<3 bytes> <6 bytes>\", \"prompt_tokens\": 12}"},
		{"Finish: obj=GenerateReqInput(rid='r', text=[\"it's SECRET\"])",
		 "Finish: obj=GenerateReqInput(rid='<1 bytes>', text=[\"<2 bytes>'s <6 bytes>\"])"},
		{"\"prompt_tokens\": 4111-1111-1111-7731", "\"prompt_tokens\": <19 bytes>"},
		{"7731 7731", "<4 bytes> <4 bytes>"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect(cases[i].line, cases[i].left);
	}
}

/* The list is searched by bisection: each of its words is found. */
TEST(list_is_in_order) {
	static const struct text some[] = {T("#cached-token"), T("arrival_ns"), T("tokens/s"), T("window"), T("Engine")};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		assert_non_null(redact_word_find(some[i]));
	}
	assert_null(redact_word_find(T("SECRET")));
	assert_null(redact_word_find(T("")));
}

/* ---- aliases of tenants ---- */

TEST(aliases) {
	struct tenant_aliases cache = {0};
	struct tenant_key *key;
	struct place place;
	struct fault why;
	char path[256], out[TENANT_ALIAS_MAX], name[200];
	bool open;

	place_init(&place);
	place_write(&place, "key", T("0123456789abcdef\n"));
	assert_int_equal(tenant_key_read(&key, place_path(&place, "key", path), &open, &why), 0);
	struct text t = tenant_alias(key, T("acme"), out);
	/* printf acme | openssl dgst -sha256 -hmac 0123456789abcdef */
	assert_string_equal(t.at, "t-42dd7a21e34198f4");
	assert_true(text_eq(tenant_alias(key, T("(unattributed)"), out), T("(unattributed)")));
	assert_int_equal(tenant_alias(key, T(""), out).len, 0);
	for (int i = 0; i < 2000; i++) { /* more than the memory holds, short names and long */
		int len = snprintf(name, sizeof name, i % 7 == 0 ? "tenant-%0150d" : "tenant-%d", i % 900);
		struct text n = {name, (size_t)len}, alias = tenant_alias(key, n, out);
		assert_true(text_eq(tenant_alias_cached(&cache, key, n), alias));
	}
	assert_true(text_eq(tenant_alias_cached(&cache, key, T("(unattributed)")), T("(unattributed)")));
	tenant_key_free(key);
	place_write(&place, "key", T(" 0123456789abcde \n"));
	assert_int_equal(tenant_key_read(&key, path, &open, &why), ERROR_CONFIG);
	place_release(&place);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_stays),
		cmocka_unit_test(words_go),
		cmocka_unit_test(nul_goes),
		cmocka_unit_test(list_is_in_order),
		cmocka_unit_test(aliases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
