/* test_line.c: lines do not depend on the boundaries of blocks. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/line.h"
#include "tests/unit/ingest_help.h"

/* Lines as "[a][b]", a dropped one as "[!]". */
static void cut(struct text input, size_t block, size_t max_bytes, struct bytes *out) {
	struct lines l = {.max_bytes = max_bytes};
	enum line_status status;
	struct text line;
	uint64_t count = 0;

	for (size_t at = 0; at < input.len; at += block) {
		/* In separate memory, so that use of a line after its block is detected. */
		struct text part = text_cut(input, at, at + block);
		char *copy = must_alloc(part.len);
		memcpy(copy, part.at, part.len);
		lines_feed(&l, (struct text){copy, part.len});
		while ((status = lines_next(&l, &line)) != LINE_NONE) {
			bytes_add(out, T("["));
			bytes_add(out, status == LINE_READY ? line : T("!"));
			bytes_add(out, T("]"));
			assert_int_equal(l.number, ++count);
		}
		free(copy);
	}
	status = lines_last(&l, &line);
	if (status != LINE_NONE) {
		bytes_add(out, T("[last "));
		bytes_add(out, status == LINE_READY ? line : T("!"));
		bytes_add(out, T("]"));
	}
	assert_int_equal(lines_last(&l, &line), LINE_NONE);
	lines_release(&l);
}

static const struct {
	const char *what;
	struct text input;
	size_t max_bytes;
	const char *lines;
} cases[] = {
	{"nothing", {"", 0}, 100, ""},
	{"plain", {"a\nbc\n\nd", 7}, 100, "[a][bc][][last d]"},
	{"CRLF, and a lone CR inside", {"a\r\nb\rc\r\n", 8}, 100, "[a][b\rc]"},
	{"byte order mark, once", {"\xef\xbb\xbf" "a\n\xef\xbb\xbf" "b\n", 10}, 100, "[a][\xef\xbb\xbf" "b]"},
	{"NULs in front", {"\0\0\0a\nb\n", 7}, 100, "[a][b]"},
	{"NUL inside", {"a\0b\n", 4}, 100, "[a\0b]"},
	{"as long as may be", {"12345\n123456\n1\n", 15}, 5, "[12345][!][1]"},
	{"far too long", {"1234567890123456789012345678901234567890\nx\n", 43}, 5, "[!][x]"},
	{"too long, without an end", {"a\n123456", 8}, 5, "[a][last !]"},
};

TEST(blocks_do_not_matter) {
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t block = 1; block <= 50; block++) {
			struct bytes got = {0};
			cut(cases[i].input, block, cases[i].max_bytes, &got);
			bytes_add(&got, (struct text){"", 1});
			size_t expected = i == 5 ? 5 : strlen(cases[i].lines);
			assert_int_equal(got.len - 1, expected);
			assert_memory_equal(got.at, cases[i].lines, expected);
			bytes_release(&got);
		}
	}
}

/* 64 MiB without a newline use no more memory than the limit. */
TEST(long_line_is_bounded) {
	struct lines l = {.max_bytes = 100000};
	char block[8192];
	struct text line;

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 8192; i++) {
		lines_feed(&l, (struct text){block, sizeof block});
		assert_int_equal(lines_next(&l, &line), LINE_NONE);
	}
	assert_true(l.carry_room <= 2 * l.max_bytes);
	lines_feed(&l, T("end\nnext\n"));
	assert_int_equal(lines_next(&l, &line), LINE_TOO_LONG);
	assert_int_equal(lines_next(&l, &line), LINE_READY);
	assert_true(text_eq(line, T("next")));
	lines_release(&l);
}

/* Empty lines that follow are counted, and no byte of another line is. */
TEST(empty_lines_are_skipped) {
	struct lines l = {.max_bytes = 100};
	struct text line;

	lines_feed(&l, T("a\n\n\n\r\n\nb\r\n\r"));
	assert_int_equal(lines_next(&l, &line), LINE_READY);
	assert_int_equal(lines_skip_empty(&l), 4);
	assert_int_equal(l.number, 5);
	assert_int_equal(lines_skip_empty(&l), 0);
	assert_int_equal(lines_next(&l, &line), LINE_READY);
	assert_true(text_eq(line, T("b")));
	assert_int_equal(l.number, 6);
	assert_int_equal(lines_skip_empty(&l), 0); /* a CR at the end may be a part of a line */
	assert_int_equal(lines_next(&l, &line), LINE_NONE);
	lines_feed(&l, T("\n"));
	assert_int_equal(lines_next(&l, &line), LINE_READY);
	assert_int_equal(line.len, 0);
	lines_release(&l);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_do_not_matter),
		cmocka_unit_test(long_line_is_bounded),
		cmocka_unit_test(empty_lines_are_skipped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
