/* test_source.c: packed, damaged and hostile bytes. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/files/platform.h"
#include "ingest/bytes/source.h"
#include "tests/unit/ingest_help.h"

/* The result of reading a file. */
struct got {
	struct bytes bytes;
	struct source_damage damage;
	int64_t stored;
	char sha256[DIGEST_HEX_MAX];
};

/* `ahead`: in its own thread after this many blocks; -1: never. */
static struct got read_bytes_ahead(struct text stored, struct source_limits limits, int ahead) {
	struct got got = {0};
	struct place place;
	struct source *s;
	struct fault why;
	struct text block;
	char path[256];

	place_init(&place);
	place_write(&place, "f", stored);
	assert_int_equal(source_open(&s, place_path(&place, "f", path), limits, &why), 0);
	bytes_add(&got.bytes, T(""));
	for (int i = 0;; i++) {
		if (i == ahead) {
			source_read_ahead(s);
		}
		if (!source_next(s, &block)) {
			break;
		}
		bytes_add(&got.bytes, block);
		assert_in_range(source_bytes(s), 0, stored.len);
	}
	assert_false(source_next(s, &block));
	got.damage = source_damage(s);
	got.stored = source_bytes(s);
	memcpy(got.sha256, source_sha256(s), sizeof got.sha256);
	source_free(s);
	place_release(&place);
	return got;
}

static struct got read_bytes(struct text stored, struct source_limits limits) {
	return read_bytes_ahead(stored, limits, -1);
}

static void check(struct text stored, struct text plain, const char *reason) {
	static const size_t blocks[] = {0, 16, 17, 100, 4096};

	for (size_t i = 0; i < 2 * sizeof blocks / sizeof *blocks; i++) {
		struct got got = read_bytes_ahead(stored, (struct source_limits){.block_bytes = blocks[i / 2]}, i % 2 == 0 ? -1 : (int)i / 2);
		assert_int_equal(got.bytes.len, plain.len);
		assert_memory_equal(got.bytes.at, plain.at, plain.len);
		assert_int_equal(got.stored, stored.len);
		if (reason) {
			assert_non_null(got.damage.reason);
			assert_string_equal(got.damage.reason, reason);
			assert_in_range(got.damage.offset, 0, stored.len);
		} else {
			assert_null(got.damage.reason);
		}
		bytes_release(&got.bytes);
	}
}

/* A source may be closed while its thread runs. */
static void close_early(struct text stored) {
	struct place place;
	struct source *s;
	struct fault why;
	struct text block;
	char path[256];

	place_init(&place);
	place_write(&place, "f", stored);
	for (int blocks = 0; blocks < 6; blocks++) {
		assert_int_equal(source_open(&s, place_path(&place, "f", path), (struct source_limits){.block_bytes = 64}, &why), 0);
		source_read_ahead(s);
		for (int i = 0; i < blocks; i++) {
			assert_true(source_next(s, &block));
		}
		source_free(s);
	}
	place_release(&place);
}

static struct bytes some_lines(int count) {
	struct bytes b = {0};
	char line[64];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof line, "line %d of a log, %d\n", i, i * 7919 % 1000);
		bytes_add(&b, text_of(line));
	}
	return b;
}

TEST(plain_and_empty) {
	check(T("a\nb"), T("a\nb"), NULL);
	check(T(""), T(""), NULL);
	check(T("\x1f"), T("\x1f"), NULL);
	struct got got = read_bytes(T("abc"), (struct source_limits){0});
	assert_string_equal(got.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	bytes_release(&got.bytes);
}

TEST(gzip_members) {
	struct bytes packed = {0}, plain = some_lines(3000);

	bytes_add_gzip(&packed, text_cut(bytes_text(&plain), 0, 1000));
	bytes_add_gzip(&packed, T(""));
	bytes_add_gzip(&packed, text_cut(bytes_text(&plain), 1000, plain.len));
	check(bytes_text(&packed), bytes_text(&plain), NULL);
	bytes_add(&packed, T("\0\0\0\0"));
	check(bytes_text(&packed), bytes_text(&plain), NULL);
	bytes_add(&packed, T("PK junk"));
	check(bytes_text(&packed), bytes_text(&plain), "trailing junk after gzip data");
	close_early(bytes_text(&packed));
	close_early(bytes_text(&plain));
	bytes_release(&packed);
	bytes_release(&plain);
}

TEST(gzip_damage) {
	struct bytes packed = {0}, plain = some_lines(3000);

	bytes_add_gzip(&packed, bytes_text(&plain));
	packed.at[packed.len - 6] ^= 1; /* in the CRC */
	check(bytes_text(&packed), bytes_text(&plain), "gzip CRC error");
	packed.at[packed.len - 6] ^= 1;
	packed.at[packed.len - 1] ^= 1;
	check(bytes_text(&packed), bytes_text(&plain), "gzip length error");
	packed.at[packed.len - 1] ^= 1;
	check(text_cut(bytes_text(&packed), 0, packed.len - 8), bytes_text(&plain), "gzip data cut off");
	check(text_cut(bytes_text(&packed), 0, 10), T(""), "gzip data cut off");

	struct got got = read_bytes(text_cut(bytes_text(&packed), 0, packed.len / 2), (struct source_limits){0});
	assert_in_range(got.bytes.len, plain.len / 4, plain.len - 1);
	assert_memory_equal(got.bytes.at, plain.at, got.bytes.len);
	assert_string_equal(got.damage.reason, "gzip data cut off");
	assert_int_equal(got.damage.offset, packed.len / 2);
	bytes_release(&got.bytes);
	bytes_release(&packed);
	bytes_release(&plain);
}

TEST(zstd_frames) {
	struct bytes packed = {0}, plain = some_lines(3000);

	bytes_add(&packed, T("\x53\x2a\x4d\x18\x05\0\0\0hello")); /* a frame to be skipped */
	bytes_add_zstd(&packed, text_cut(bytes_text(&plain), 0, 1000));
	bytes_add_zstd(&packed, text_cut(bytes_text(&plain), 1000, plain.len));
	check(bytes_text(&packed), bytes_text(&plain), NULL);
	/* Without its end a block cannot be unpacked at all. */
	check(text_cut(bytes_text(&packed), 0, packed.len - 1), text_cut(bytes_text(&plain), 0, 1000), "zstd data cut off");
	bytes_add(&packed, T("junk behind"));
	check(bytes_text(&packed), bytes_text(&plain), "trailing junk after zstd data");
	bytes_release(&packed);
	bytes_release(&plain);
}

/* The OpenTelemetry collector: each message after its length. */
TEST(zstd_messages) {
	static const char *const messages[] = {"{\"resourceSpans\":[1]}", "{\"resourceSpans\":[2]}", "{\"resourceSpans\":[3]}"};
	struct bytes packed = {0}, plain = {0};

	for (size_t i = 0; i < 3; i++) {
		struct bytes one = {0};
		bytes_add_zstd(&one, text_of(messages[i]));
		const char length[4] = {0, 0, (char)(one.len >> 8), (char)one.len};
		bytes_add(&packed, (struct text){length, 4});
		bytes_add(&packed, bytes_text(&one));
		bytes_add(&plain, text_of(messages[i]));
		bytes_add(&plain, T("\n"));
		bytes_release(&one);
	}
	check(bytes_text(&packed), bytes_text(&plain), NULL);
	struct got cut = read_bytes(text_cut(bytes_text(&packed), 0, packed.len - 1), (struct source_limits){0});
	assert_string_equal(cut.damage.reason, "zstd data cut off");
	bytes_release(&cut.bytes);
	bytes_add(&packed, T("\0\0"));
	check(bytes_text(&packed), bytes_text(&plain), "zstd data cut off");
	bytes_release(&packed);
	bytes_release(&plain);
}

/* A frame with a declared size and no content: damage with any block size. */
TEST(zstd_without_content) {
	struct got a = read_bytes((struct text){"\x28\xb5\x2f\xfd\x20\xa8\x01\x00\x00", 9}, (struct source_limits){0});
	struct got b = read_bytes((struct text){"\x28\xb5\x2f\xfd\x20\xa8\x01\x00\x00", 9}, (struct source_limits){.block_bytes = 16});
	assert_true(!a.damage.reason == !b.damage.reason);
	bytes_release(&a.bytes);
	bytes_release(&b.bytes);
}

TEST(zstd_huge_window) {
	struct bytes packed = {0};

	/* A frame header that asks for a window of 2 GiB: 0xa8 is exponent 21, 2^(10+21). */
	bytes_add(&packed, T("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"));
	check(bytes_text(&packed), T(""), "zstd window too large");
	bytes_release(&packed);
}

/* 64 MiB of one letter in 64 KiB: about 1:1000, deflate's limit. */
TEST(bomb) {
	struct bytes packed = {0};
	size_t len = (size_t)64 * 1024 * 1024;
	char *letters = memset(must_alloc(len), 'a', len);

	bytes_add_gzip(&packed, (struct text){letters, len});
	struct got got = read_bytes(bytes_text(&packed), (struct source_limits){0});
	assert_null(got.damage.reason);
	assert_int_equal(got.bytes.len, len);
	bytes_release(&got.bytes);

	got = read_bytes(bytes_text(&packed), (struct source_limits){.max_ratio = 100});
	assert_string_equal(got.damage.reason, "decompresses to too many times its size");
	assert_true(got.bytes.len < len / 2);
	assert_int_equal(got.stored, packed.len);
	bytes_release(&got.bytes);
	bytes_release(&packed);
	free(letters);
}

#define MIB ((size_t)1024 * 1024)

/* Of NULs in a row a MiB is delivered: the same from a file with a hole, from one without, and from a compressed one. */
TEST(many_zeros) {
	static const struct {
		size_t at, zeros, delivered;
	} cases[] = {{0, 0, 0}, {0, MIB, MIB}, {0, MIB + 1, MIB}, {1, MIB + 7, MIB}, {300000, 5 * MIB + 12345, MIB}, {4096, 4 * MIB, MIB}};
	static const size_t blocks[] = {0, 4096, 100000, 8 * MIB};

	for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
		size_t at = cases[i / 4].at, zeros = cases[i / 4].zeros, len = at + zeros + 3, kept = cases[i / 4].delivered;
		struct source_limits limits = {.block_bytes = blocks[i % 4]};
		struct text stored = {must_calloc(len, 1), len};
		struct bytes packed = {0};
		memset((char *)(uintptr_t)stored.at, 'a', at);
		memset((char *)(uintptr_t)stored.at + len - 3, 'b', 3);
		bytes_add_gzip(&packed, stored);
		struct got plain = read_bytes_ahead(stored, limits, (int)i % 3 - 1), from_gzip = read_bytes_ahead(bytes_text(&packed), limits, (int)i % 2 - 1);
		assert_int_equal(plain.bytes.len, at + kept + 3);
		assert_memory_equal(plain.bytes.at, stored.at, at + kept);
		assert_memory_equal(plain.bytes.at + at + kept, "bbb", 3);
		assert_int_equal(plain.stored, len);
		assert_true(text_eq(bytes_text(&plain.bytes), bytes_text(&from_gzip.bytes)));
		bytes_release(&plain.bytes);
		bytes_release(&from_gzip.bytes);
		bytes_release(&packed);
		free((char *)(uintptr_t)stored.at);
	}
}

/* A terabyte that takes no disk is read at once. */
TEST(sparse) {
	const off_t len = (off_t)1 << 40;
	struct place place;
	char path[256];
	struct source *s;
	struct fault why;
	struct text block;
	struct bytes got = {0};

	place_init(&place);
	place_write(&place, "f", T("first\n"));
	place_path(&place, "f", path);
	int fd = open(path, O_RDWR);
	bool holes = ftruncate(fd, len) == 0 && pwrite(fd, "last\n", 5, len) == 5 && lseek(fd, len / 2, SEEK_SET) > 0 && platform_hole_here(fd) > len / 4;
	close(fd);
	if (holes) {
		assert_int_equal(source_open(&s, path, (struct source_limits){0}, &why), 0);
		while (source_next(s, &block)) {
			bytes_add(&got, block);
		}
		assert_null(source_damage(s).reason);
		assert_int_equal(source_bytes(s), len + 5);
		assert_int_equal(got.len, 6 + MIB + 5);
		assert_memory_equal(got.at, "first\n\0", 7);
		assert_memory_equal(got.at + got.len - 6, "\0last\n", 6);
		source_free(s);
	}
	bytes_release(&got);
	place_release(&place);
	if (!holes) {
		skip();
	}
}

TEST(not_there) {
	struct source *s;
	struct fault why;

	assert_int_equal(source_open(&s, "/nonexistent/log", (struct source_limits){0}, &why), ERROR_IO);
	assert_string_equal(why.message, "/nonexistent/log: No such file or directory");
}

/* A directory opens, but does not read. */
TEST(unreadable) {
	struct source *s;
	struct fault why;
	struct text block;

	assert_int_equal(source_open(&s, "/tmp", (struct source_limits){0}, &why), 0);
	assert_false(source_next(s, &block));
	assert_string_equal(source_damage(s).reason, "read error");
	source_free(s);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_empty), cmocka_unit_test(gzip_members), cmocka_unit_test(gzip_damage),
		cmocka_unit_test(zstd_frames),     cmocka_unit_test(zstd_huge_window), cmocka_unit_test(zstd_messages),
		cmocka_unit_test(zstd_without_content), cmocka_unit_test(bomb),
		cmocka_unit_test(many_zeros),      cmocka_unit_test(sparse),
		cmocka_unit_test(not_there),       cmocka_unit_test(unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
