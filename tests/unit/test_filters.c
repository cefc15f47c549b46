/* test_filters.c: the two inflaters give the same bytes and report the same damage. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/bytes/filter.h"
#include "tests/unit/ingest_help.h"

struct unpacked {
	unsigned char *at;
	size_t len;
	const char *reason;
};

/* Feeds the bytes in pieces of `in_block`, takes them in pieces of `out_block`. */
static struct unpacked unpack(const struct filter *f, struct text stored, size_t in_block, size_t out_block, size_t room) {
	struct unpacked u = {.at = malloc(room)};
	void *state = f->open();
	size_t taken = 0;
	bool stuck = false;

	while (!u.reason && !stuck) {
		size_t piece = stored.len - taken < in_block ? stored.len - taken : in_block;
		size_t space = room - u.len < out_block ? room - u.len : out_block;
		struct filter_flow flow = {(const unsigned char *)stored.at + taken, piece, u.at + u.len, space};
		u.reason = f->unpack(state, &flow);
		stuck = flow.in_len == piece && flow.out_room == space;
		taken += piece - flow.in_len;
		u.len += space - flow.out_room;
	}
	if (!u.reason) {
		u.reason = f->finish(state);
	}
	f->close(state);
	return u;
}

/* UTF-16 of either byte order, in pieces of any size; halves of a pair are not characters. */
TEST(utf16) {
	static const struct {
		const char *at;
		size_t len;
		const char *text, *reason;
	} cases[] = {
		{"\xff\xfe", 2, "", NULL},
		{"\xff\xfe" "a\0b\0\n\0", 8, "ab\n", NULL},
		{"\xfe\xff" "\0a\0b\0\n", 8, "ab\n", NULL},
		{"\xff\xfe" "\xe9\0\xac\x20", 6, "\xc3\xa9\xe2\x82\xac", NULL},          /* e acute, the euro sign */
		{"\xff\xfe" "\x3d\xd8\x00\xde", 6, "\xf0\x9f\x98\x80", NULL},             /* a pair of surrogates */
		{"\xfe\xff" "\xd8\x3d\xde\x00", 6, "\xf0\x9f\x98\x80", NULL},
		{"\xff\xfe" "\x00\xde" "a\0", 6, "\xef\xbf\xbd" "a", NULL},                  /* the second half alone */
		{"\xff\xfe" "\x3d\xd8" "a\0", 6, "a", NULL},                                 /* the first half alone */
		{"\xff\xfe" "\x3d\xd8\x3d\xd8\x00\xde", 8, "\xf0\x9f\x98\x80", NULL},
		{"\xff\xfe" "a\0\xff\xfe", 6, "a\xef\xbb\xbf", NULL},                       /* a mark is one at the start only */
		{"\xff\xfe" "\0\xe0", 4, "\xee\x80\x80", NULL},                             /* after the surrogates */
		{"\xff\xfe" "a", 3, "", "ends within a character of UTF-16"},
		{"\xff\xfe" "\x3d\xd8", 4, "", "ends within a character of UTF-16"},
	};

	assert_true(filter_utf16.bid((struct text){"\xff\xfe", 2}) > 0 && filter_utf16.bid((struct text){"\xfe\xff", 2}) > 0);
	assert_int_equal(filter_utf16.bid(T("ab")), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t block = 1; block <= 8; block++) {
			struct unpacked u = unpack(&filter_utf16, (struct text){cases[i].at, cases[i].len}, block, 1 + block % 4, 64);
			if (u.len != strlen(cases[i].text) || memcmp(u.at, cases[i].text, u.len) != 0) {
				fail_msg("case %zu: %zu bytes: %.*s", i, u.len, (int)u.len, (const char *)u.at);
			}
			assert_true(u.reason ? cases[i].reason && strcmp(u.reason, cases[i].reason) == 0 : !cases[i].reason);
			free(u.at);
		}
	}
}

#ifdef TOLLBOOK_ISAL
static struct bytes sample(int lines) {
	struct bytes plain = {0}, packed = {0};
	char line[80];

	for (int i = 0; i < lines; i++) {
		snprintf(line, sizeof line, "{\"step\":%d,\"gpu_ns\":%d,\"x\":\"%c\"}\n", i, i * 7919 % 100003, 'a' + i % 26);
		bytes_add(&plain, text_of(line));
	}
	bytes_add_gzip(&packed, text_cut(bytes_text(&plain), 0, plain.len / 3));
	bytes_add_gzip(&packed, text_cut(bytes_text(&plain), plain.len / 3, plain.len));
	bytes_release(&plain);
	return packed;
}

static bool same_reason(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void compare(struct text stored, size_t in_block, size_t out_block, const char *what, size_t where) {
	enum { ROOM = 1 << 17 };
	struct unpacked a = unpack(&filter_gzip, stored, in_block, out_block, ROOM);
	struct unpacked b = unpack(&filter_isal, stored, in_block, out_block, ROOM);

	if (!same_reason(a.reason, b.reason) || a.len != b.len || memcmp(a.at, b.at, a.len) != 0) {
		fail_msg("%s at %zu: zlib %zu bytes, %s; ISA-L %zu bytes, %s", what, where, a.len, a.reason ? a.reason : "good", b.len,
		         b.reason ? b.reason : "good");
	}
	free(a.at);
	free(b.at);
}

TEST(whole_data) {
	static const size_t blocks[] = {1, 2, 7, 16, 1000, 262144};
	struct bytes packed = sample(2000);

	for (size_t i = 0; i < 6; i++) {
		for (size_t o = 0; o < 6; o++) {
			compare(bytes_text(&packed), blocks[i], blocks[o], "whole", 0);
		}
	}
	bytes_release(&packed);
}

TEST(cut_data) {
	struct bytes packed = sample(300);

	for (size_t cut = 0; cut < packed.len; cut++) {
		compare(text_cut(bytes_text(&packed), 0, cut), 4096, 4096, "cut", cut);
		compare(text_cut(bytes_text(&packed), 0, cut), 3, 50, "cut", cut);
	}
	bytes_release(&packed);
}

/* Both detect the damage. They stop at places that differ by some bytes; up to there they agree. */
static void compare_damaged(struct text stored, size_t where) {
	enum { ROOM = 1 << 17 };
	struct unpacked a = unpack(&filter_gzip, stored, 4096, 4096, ROOM), b = unpack(&filter_isal, stored, 4096, 4096, ROOM);
	size_t common = a.len < b.len ? a.len : b.len;

	if (!a.reason != !b.reason || memcmp(a.at, b.at, common) != 0 || (!a.reason && a.len != b.len)) {
		fail_msg("flip at %zu: zlib %zu bytes, %s; ISA-L %zu bytes, %s", where, a.len, a.reason ? a.reason : "good", b.len,
		         b.reason ? b.reason : "good");
	}
	free(a.at);
	free(b.at);
}

TEST(flipped_bits) {
	struct bytes packed = sample(300);

	for (size_t i = 0; i < packed.len; i++) {
		packed.at[i] = (char)(packed.at[i] ^ 1 << i % 8);
		compare_damaged(bytes_text(&packed), i);
		packed.at[i] = (char)(packed.at[i] ^ 1 << i % 8);
	}
	bytes_release(&packed);
}
#else
TEST(whole_data) {
	print_message("built with one inflater\n");
	skip();
}
#define cut_data whole_data
#define flipped_bits whole_data
#endif

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_data),
		cmocka_unit_test(cut_data),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(utf16),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
