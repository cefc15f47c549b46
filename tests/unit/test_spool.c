/* test_spool.c: with any memory limit, all items are read back in order and unchanged. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/files/spool.h"
#include "core/text.h"

/* The context is empty; it only has to be passed on. */
static const char the_context[] = "context";

static int by_bytes(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	if (context != the_context || (uintptr_t)a % 8 != 0 || (uintptr_t)b % 8 != 0) {
		abort();
	}
	size_t len = a_len < b_len ? a_len : b_len;
	int c = len > 0 ? memcmp(a, b, len) : 0;
	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static int compare_texts(const void *x, const void *y) {
	const struct text *a = x, *b = y;
	size_t len = a->len < b->len ? a->len : b->len;
	int c = memcmp(a->at, b->at, len);

	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static uint64_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* How items are made: the number of bytes, and the order they come in. */
enum disorder { ANY, SORTED, REVERSED, NEARLY, BLOCKS, EQUAL, DISORDERS };

struct items {
	struct text *at;
	size_t count;
};

static uint64_t key_of(enum disorder d, size_t i, size_t count, uint64_t random) {
	switch (d) {
	case SORTED:
		return i;
	case REVERSED:
		return count - i;
	case NEARLY:
		return 10 * i + random % 100;
	case BLOCKS: /* two files one after the other, over the same hours */
		return i % (count / 2 + 1);
	case EQUAL:
		return 7;
	default:
		return random;
	}
}

static struct items make_items(enum disorder d, size_t count, size_t len_max, uint64_t seed) {
	struct items all = {.at = calloc(count + 1, sizeof *all.at), .count = count};

	for (size_t i = 0; i < count; i++) {
		char key[24];
		int key_len = snprintf(key, sizeof key, "%020llu", (unsigned long long)key_of(d, i, count, next_random(&seed)));
		size_t len = d == EQUAL ? 13 : next_random(&seed) % (len_max + 1);
		char *bytes = malloc(len + 1);
		memset(bytes, (int)('a' + i % 3), len + 1);
		memcpy(bytes, key, len < (size_t)key_len ? len : (size_t)key_len);
		all.at[i] = (struct text){bytes, len};
	}
	return all;
}

static void free_items(struct items *all) {
	for (size_t i = 0; i < all->count; i++) {
		free((char *)(uintptr_t)all->at[i].at);
	}
	free(all->at);
}

static void add(struct spool *s, unsigned lane, const struct items *all, size_t from, size_t to) {
	struct fault why;

	for (size_t i = from; i < to; i++) {
		assert_int_equal(spool_add(s, lane, all->at[i].at, all->at[i].len, &why), 0);
	}
}

static struct spool_reader *open_reader(struct spool *s) {
	struct spool_reader *r;
	struct fault why;

	assert_int_equal(spool_reader_new(&r, s, &why), 0);
	return r;
}

static void expect_next(struct spool_reader *r, struct text expected) {
	struct fault why;
	const void *item;
	size_t len;

	assert_int_equal(spool_next(r, &item, &len, &why), 1);
	assert_int_equal((uintptr_t)item % 8, 0);
	assert_int_equal(len, expected.len);
	assert_true(len == 0 || memcmp(item, expected.at, len) == 0);
}

static void expect_end(struct spool_reader *r) {
	struct fault why;
	const void *item;
	size_t len;

	assert_int_equal(spool_next(r, &item, &len, &why), 0);
	assert_int_equal(spool_next(r, &item, &len, &why), 0);
	spool_reader_free(r);
}

/* Two readers, one twice as fast as the other, and a third that stops early. */
static void expect_sorted(struct spool *s, const struct items *sorted) {
	struct spool_reader *fast = open_reader(s), *slow = open_reader(s), *idle = open_reader(s);
	size_t at = 0;

	assert_int_equal(spool_count(s), sorted->count);
	for (size_t i = 0; i < sorted->count; i++) {
		expect_next(fast, sorted->at[i]);
		if (i % 2 == 0) {
			expect_next(slow, sorted->at[at++]);
		}
		if (i < 3) {
			expect_next(idle, sorted->at[i]);
		}
	}
	expect_end(fast);
	while (at < sorted->count) {
		expect_next(slow, sorted->at[at++]);
	}
	expect_end(slow);
	spool_reader_free(idle);
}

/* Reads that begin with an item, or with the first one after a missing item. */
static void expect_found(struct spool *s, const struct items *sorted) {
	for (size_t part = 0; part < 7 && sorted->count > 0; part++) {
		struct text from = sorted->at[(sorted->count - 1) * part / 6];
		if (part % 2 == 1 && from.len > 0) {
			from.len--; /* less than it, and most likely not there */
		}
		struct spool_reader *r = open_reader(s);
		size_t i = 0;
		spool_reader_seek(r, from.at, from.len);
		while (compare_texts(&sorted->at[i], &from) < 0) {
			i++;
		}
		for (size_t end = i + 1000 < sorted->count ? i + 1000 : sorted->count; i < end; i++) {
			expect_next(r, sorted->at[i]);
		}
		spool_reader_free(r);
	}
}

/* No item is this large. */
static void expect_none_found(struct spool *s) {
	static const char most[] = "\xff\xff";
	struct spool_reader *r = open_reader(s);

	spool_reader_seek(r, most, 2);
	expect_end(r);
}

static void sort_items(struct items *all) {
	if (all->count > 0) {
		qsort(all->at, all->count, sizeof *all->at, compare_texts);
	}
}

static void check(enum disorder d, size_t count, size_t len_max, size_t memory, unsigned lanes) {
	struct items all = make_items(d, count, len_max, count + memory);
	struct spool *s = spool_new(lanes, memory, by_bytes, the_context);
	struct fault why;

	for (unsigned lane = 0; lane < lanes; lane++) {
		add(s, lane, &all, count * lane / lanes, count * (lane + 1) / lanes);
	}
	assert_int_equal(spool_seal(s, &why), 0);
	sort_items(&all);
	expect_sorted(s, &all);
	expect_found(s, &all);
	expect_none_found(s);
	spool_free(s);
	free_items(&all);
}

TEST(any_order_any_memory) {
	static const size_t counts[] = {1, 2, 3, 11, 12, 13, 100, 1000, 5000};
	static const size_t memories[] = {0, 500, 4000, 60000, 10000000};

	for (unsigned d = 0; d < DISORDERS; d++) {
		for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
			for (size_t m = 0; m < sizeof memories / sizeof *memories; m++) {
				check((enum disorder)d, counts[c], 41, memories[m], 1 + (unsigned)(c + m) % 3);
			}
		}
	}
}

TEST(long_items) {
	check(ANY, 200, 64 * 1024, 0, 1);
	check(ANY, 200, 64 * 1024, 300000, 2);
	check(NEARLY, 300, 20000, 1 << 20, 1);
	check(ANY, 300, 64 * 1024, 64 << 20, 1);
}

TEST(many_items) {
	check(ANY, 200000, 41, 100000, 1);
	check(NEARLY, 200000, 41, 1 << 20, 2);
	check(BLOCKS, 200000, 41, 64 << 20, 1);
	check(REVERSED, 200000, 41, 64 << 20, 1);
	check(BLOCKS, 30000, 4000, 1 << 20, 2); /* runs of which each second place is kept */
}

TEST(empty) {
	struct spool *s = spool_new(3, 1000, by_bytes, the_context);
	struct fault why;

	assert_int_equal(spool_seal(s, &why), 0);
	assert_int_equal(spool_count(s), 0);
	expect_end(open_reader(s));
	spool_free(s);
	spool_free(NULL);
	spool_reader_free(NULL);
}

TEST(the_longest_item) {
	size_t len = 64 * 1024;
	char *bytes = malloc(len);
	struct fault why;

	memset(bytes, 'x', len);
	for (size_t memory = 0; memory <= 1 << 20; memory += 1 << 20) {
		struct spool *s = spool_new(1, memory, by_bytes, the_context);
		assert_int_equal(spool_add(s, 0, bytes, len, &why), 0);
		assert_int_equal(spool_add(s, 0, NULL, 0, &why), 0);
		assert_int_equal(spool_add(s, 0, bytes, len - 1, &why), 0);
		assert_int_equal(spool_seal(s, &why), 0);
		struct spool_reader *r = open_reader(s);
		expect_next(r, (struct text){NULL, 0});
		expect_next(r, (struct text){bytes, len - 1});
		expect_next(r, (struct text){bytes, len});
		expect_end(r);
		spool_free(s);
	}
	free(bytes);
}

struct work {
	pthread_t thread;
	struct spool *spool;
	struct items *items;
	unsigned lane;
	int error;
};

static void *add_half(void *context) {
	struct work *w = context;
	struct fault why;

	for (size_t i = w->lane; i < w->items->count && w->error == 0; i += 2) {
		w->error = spool_add(w->spool, w->lane, w->items->at[i].at, w->items->at[i].len, &why);
	}
	return NULL;
}

static void *read_all(void *context) {
	struct work *w = context;
	struct spool_reader *r;
	struct fault why;
	const void *item;
	size_t len, i = 0;
	int got;

	w->error = spool_reader_new(&r, w->spool, &why);
	while ((got = spool_next(r, &item, &len, &why)) > 0) {
		if (i == w->items->count || len != w->items->at[i].len || memcmp(item, w->items->at[i].at, len) != 0) {
			got = -1;
			break;
		}
		i++;
	}
	w->error = got < 0 || i != w->items->count;
	spool_reader_free(r);
	return NULL;
}

static void run_both(struct work work[2], void *(*start)(void *)) {
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&work[i].thread, NULL, start, &work[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(work[i].thread, NULL);
		assert_int_equal(work[i].error, 0);
	}
}

TEST(lanes_and_readers_in_threads) {
	struct items all = make_items(NEARLY, 30000, 50, 4);
	struct spool *s = spool_new(2, 20000, by_bytes, the_context);
	struct work work[2] = {{.spool = s, .items = &all, .lane = 0}, {.spool = s, .items = &all, .lane = 1}};
	struct fault why;

	run_both(work, add_half);
	assert_int_equal(spool_seal(s, &why), 0);
	sort_items(&all);
	run_both(work, read_all);
	spool_free(s);
	free_items(&all);
}

/* A helper writes for the first lane, until the second one is used, too. */
TEST(one_lane_then_both) {
	for (size_t first = 0; first <= 9000; first += 3000) {
		struct items all = make_items(ANY, 9000, 50, 7);
		struct spool *s = spool_new(2, 20000, by_bytes, the_context);
		struct fault why;

		add(s, 0, &all, 0, first);
		for (size_t i = first; i < all.count; i++) {
			add(s, i % 2, &all, i, i + 1);
		}
		assert_int_equal(spool_seal(s, &why), 0);
		sort_items(&all);
		expect_sorted(s, &all);
		spool_free(s);
		free_items(&all);
	}
}

/* Adds until the first error; its message. With several lanes it is a helper's. */
static void fill(unsigned lanes, struct fault *why) {
	struct spool *s = spool_new(lanes, 10000, by_bytes, the_context);
	char item[100] = "x";
	int error = 0;

	for (int i = 0; i < 20000 && error == 0; i++) {
		error = spool_add(s, 0, item, sizeof item, why);
	}
	assert_int_equal(error, ERROR_IO);
	spool_free(s);
}

TEST(no_folder) {
	struct fault why;

	setenv("TMPDIR", "/no/such/folder", 1);
	for (unsigned lanes = 1; lanes <= 2; lanes++) {
		fill(lanes, &why);
		assert_non_null(strstr(why.message, "/no/such/folder: cannot make a file for temporary data"));
		assert_non_null(strstr(why.message, "set TMPDIR to a folder that is writable"));
	}
	unsetenv("TMPDIR");
}

TEST(no_room) {
	struct rlimit old, small;
	struct fault why;

	/* A bound on the size of files represents a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){.rlim_cur = 50000, .rlim_max = old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned lanes = 1; lanes <= 2; lanes++) {
		fill(lanes, &why);
		assert_non_null(strstr(why.message, "cannot write temporary data"));
		assert_non_null(strstr(why.message, "set TMPDIR to a folder with free space"));
	}
	setrlimit(RLIMIT_FSIZE, &old);
}

TEST(nothing_is_left_behind) {
	char folder[] = "/tmp/test-spool-XXXXXX";
	struct fault why;

	assert_non_null(mkdtemp(folder));
	setenv("TMPDIR", folder, 1);
	struct items all = make_items(ANY, 1000, 41, 1);
	struct spool *s = spool_new(1, 1000, by_bytes, the_context);
	add(s, 0, &all, 0, all.count);
	assert_int_equal(spool_seal(s, &why), 0);
	/* Not even now: rmdir fails if anything is in the folder. */
	assert_int_equal(rmdir(folder), 0);
	sort_items(&all);
	expect_sorted(s, &all);
	spool_free(s);
	free_items(&all);
	unsetenv("TMPDIR");
}

struct keyed {
	struct spool_key key;
	uint64_t more[2];
};

static int by_key(const void *context, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	struct spool_key a, b;

	memcpy(&a, a_bytes, sizeof a);
	memcpy(&b, b_bytes, sizeof b);
	if (a.group != b.group) {
		return a.group < b.group ? -1 : 1;
	}
	return a.at != b.at ? (a.at < b.at ? -1 : 1) : by_bytes(context, a_bytes, a_len, b_bytes, b_len);
}

/* `late`: so much later than others an item may come; of equal instants, some. */
static struct spool *spool_of_groups(bool keyed, size_t memory, uint32_t groups, uint32_t apart, int64_t late, size_t count) {
	struct spool *s = spool_new(1, memory, by_key, the_context);
	uint64_t seed = groups + count;
	struct fault why;

	if (keyed) {
		spool_keyed(s);
	}
	for (size_t i = 0; i < count; i++) {
		struct keyed item = {.key = {(uint32_t)(next_random(&seed) % groups) * apart, 5, (int64_t)(i / 2) - (int64_t)(next_random(&seed) % (uint64_t)late)},
		                     .more = {next_random(&seed) % 3, i}};
		size_t len = next_random(&seed) % 2 == 0 ? sizeof item : sizeof item.key;
		assert_int_equal(spool_add(s, 0, &item, len, &why), 0);
	}
	assert_int_equal(spool_seal(s, &why), 0);
	return s;
}

/* Items of groups, in one place and in several, in order and not: as without keys. */
TEST(groups) {
	static const uint32_t counts[] = {1, 2, 3, 255, 256, 257, 2000}, aparts[] = {1, 7, 256, 65537};

	for (size_t i = 0; i < 7 * 4 * 3 * 3; i++) {
		uint32_t count = counts[i % 7], apart = aparts[i / 7 % 4];
		int64_t late = i / 28 % 3 == 0 ? 1 : i / 28 % 3 == 1 ? 20 : 1000000;
		size_t memory = i / 84 == 0 ? 2000 : i / 84 == 1 ? 50000 : 10000000;
		struct spool *plain = spool_of_groups(false, memory, count, apart, late, 3000), *keyed = spool_of_groups(true, memory, count, apart, late, 3000);
		struct spool_reader *expected = open_reader(plain), *r = open_reader(keyed);
		const void *item;
		struct fault why;
		for (size_t len; spool_next(expected, &item, &len, &why) == 1;) {
			expect_next(r, (struct text){item, len});
		}
		expect_end(r);
		spool_reader_free(expected);
		spool_free(plain);
		spool_free(keyed);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(any_order_any_memory),
		cmocka_unit_test(groups),
		cmocka_unit_test(long_items),
		cmocka_unit_test(many_items),
		cmocka_unit_test(the_longest_item),
		cmocka_unit_test(lanes_and_readers_in_threads),
		cmocka_unit_test(one_lane_then_both),
		cmocka_unit_test(no_folder),
		cmocka_unit_test(no_room),
		cmocka_unit_test(nothing_is_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
