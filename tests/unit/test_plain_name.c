/* test_plain_name.c: names from logs in a form that every ledger can store; different names remain different. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/plain_name.h"

TEST(names_become_plain) {
	static const struct {
		struct text name, plain;
	} cases[] = {
		{T("acme"), T("acme")},
		{T(""), T("")},
		{T("Zoë 日本"), T("Zoë 日本")},
		{T("a\0b"), T("a\\x00b")},
		{T("\0"), T("\\x00")},
		{T("a\\x00b"), T("a\\x5Cx00b")}, /* else it would be the name above */
		{T("a\\x5Cx00b"), T("a\\x5Cx5Cx00b")},
		{T("corp\\xavier"), T("corp\\xavier")},
		{T("caf\xe9"), T("caf\\xE9")},
		{T("\xed\xa0\x80"), T("\\xED\\xA0\\x80")}, /* half of a surrogate pair */
		{T("\xc0\x80"), T("\\xC0\\x80")},         /* NUL in two bytes */
		{T("\xf0\x9f\x98"), T("\\xF0\\x9F\\x98")},
		{T("tab\tline\n"), T("tab\tline\n")},
	};
	char out[PLAIN_NAME_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text plain = plain_name(cases[i].name, PLAIN_NAME_MAX, out);
		if (!text_eq(plain, cases[i].plain)) {
			fail_msg("case %zu: %.*s", i, TEXT_ARG(plain));
		}
	}
}

TEST(long_names_differ) {
	static char a[2000], b[2000];
	char a_out[PLAIN_NAME_MAX], b_out[PLAIN_NAME_MAX];

	memset(a, 'n', sizeof a);
	memset(b, 'n', sizeof b);
	b[sizeof b - 1] = 'o';
	for (size_t len = 1000; len <= 1024; len++) {
		struct text same = {a, len};
		assert_true(plain_name(same, PLAIN_NAME_MAX, a_out).at == a);
	}
	struct text x = plain_name((struct text){a, sizeof a}, PLAIN_NAME_MAX, a_out);
	struct text y = plain_name((struct text){b, sizeof b}, PLAIN_NAME_MAX, b_out);
	assert_int_equal(x.len, PLAIN_NAME_MAX);
	assert_int_equal(y.len, PLAIN_NAME_MAX);
	assert_false(text_eq(x, y));
	/* Not within a character. */
	for (size_t i = 0; i + 1 < sizeof a; i += 2) {
		memcpy(a + i, "\xc3\xab", 2);
	}
	for (size_t max = PLAIN_ID_MAX; max < PLAIN_ID_MAX + 2; max++) {
		uint32_t c;
		x = plain_name((struct text){a, sizeof a}, max, a_out);
		assert_true(x.len <= max && x.len > max - 3);
		for (struct text rest = x; rest.len > 0; rest = text_cut(rest, text_character(rest, &c), rest.len)) {
			assert_int_not_equal(text_character(rest, &c), 0);
		}
	}
}

/* Every text of three bytes out of these gives another name. */
TEST(names_stay_different) {
	static const char bytes[] = {'\0', '\\', 'x', '0', '5', 'C', '\xff', 'a'};
	static char seen[600][PLAIN_NAME_MAX];
	size_t lens[600], count = 0;

	for (unsigned i = 0; i < 512; i++) {
		const char name[] = {bytes[i & 7], bytes[i >> 3 & 7], bytes[i >> 6]};
		struct text plain = plain_name((struct text){name, sizeof name}, PLAIN_NAME_MAX, seen[count]);
		memmove(seen[count], plain.at, plain.len);
		lens[count] = plain.len;
		for (size_t k = 0; k < count; k++) {
			assert_false(lens[k] == plain.len && memcmp(seen[k], plain.at, plain.len) == 0);
		}
		count++;
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_plain),
		cmocka_unit_test(long_names_differ),
		cmocka_unit_test(names_stay_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
