/* test_redact.c: what stays of a refused line, and what goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/tenant_key.h"
#include "ingest/redact.h"
#include "tests/unit/ingest_help.h"

static void expect(const char *line, struct redact_options o, const char *expected) {
	char *at = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&at, &len);

	redact_line(text_of(line), &o, out);
	fclose(out);
	assert_string_equal(at, expected);
	free(at);
}

static void shape_stays(void **state) {
	static const char *const same[] = {
		"", "not JSON", "iter = 198, elapsed_time = -0.005s, states = {'num_ctx_requests': 0}",
		"{\"schema\":\"tollbook.step.v1\",\"gpu_ns\":-5}", "{\"id\":\"a-1\",\"tenant\":\"acme\",\"ok\":true,\"x\":null}",
		"{\"time\":\"2026-08-10T23:59:25.138Z\",\"n\": \"17\"}", "{\"log\":\"iter = 4, n/a\",\"stream\":\"stdout\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		expect(same[i], (struct redact_options){0}, same[i]);
	}
}

static void words_go(void **state) {
	static const struct {
		const char *line, *left;
	} cases[] = {
		{"{\"prompt\":\"SECRET\"}", "{\"prompt\":\"<6 bytes>\"}"},
		{"{\"id\":\"two words\"}", "{\"id\":\"<9 bytes>\"}"},
		{"{\"a b\":1}", "{\"<3 bytes>\":1}"},
		{"{\"text\":\"a \\\"SECRET\\\": b\",\"n\":1}", "{\"text\":\"<15 bytes>\",\"n\":1}"},
		{"{\"text\":\"SECRET", "{\"text\":\"<6 bytes>"},
		{"the SECRET\", \"prompt_tokens\": 12}", "<3 bytes> <6 bytes>\"<2 bytes>\"<13 bytes>\"<5 bytes>"},
		{"Finish: obj=Req(rid='r', text='SECRET'), out={'id': 'r', 'text': 'SECRET'}",
		 "Finish: obj=Req(rid='r', text='<6 bytes>'), out={'id': 'r', 'text': '<6 bytes>'}"},
		{"{\"log\":\"a \\\"SECRET\\\"\"}", "{\"log\":\"<12 bytes>\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect(cases[i].line, (struct redact_options){0}, cases[i].left);
	}
}

static void names_and_prose(void **state) {
	(void)state;
	expect("{\"id\":\"a\",\"tenant\":\"acme\"}", (struct redact_options){.names = true}, "{\"id\":\"a\",\"tenant\":\"<4 bytes>\"}");
	expect("acme 12 2026-08-10", (struct redact_options){.names = true}, "<4 bytes> 12 2026-08-10");
	expect("c2,four,-5", (struct redact_options){.prose = true}, "<2 bytes>,<4 bytes>,-5");
	expect("it's SECRET", (struct redact_options){.prose = true}, "<2 bytes>'<8 bytes>");
}

/* Without a quote, a line is a log's own unless it is too long for that. */
static void long_pieces_go(void **state) {
	char line[600];

	(void)state;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\0';
	expect(line, (struct redact_options){0}, "<599 bytes>");
}

/* ---- aliases of tenants ---- */

static void aliases(void **state) {
	struct tenant_aliases cache = {0};
	struct tenant_key *key;
	struct place place;
	struct fault why;
	char path[256], out[TENANT_ALIAS_MAX], name[200];
	bool open;

	(void)state;
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
		cmocka_unit_test(names_and_prose),
		cmocka_unit_test(long_pieces_go),
		cmocka_unit_test(aliases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
