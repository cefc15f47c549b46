/* test_names.c: one number for one text in all threads, and texts with stable addresses. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>

#include "core/names.h"

#define THREADS 4
#define PER_THREAD 20000
#define MANY 1000000u

TEST(the_empty_text_is_0) {
	struct names *n = names_new();
	struct names_cache c = {0};

	assert_int_equal(names_count(n), 1);
	assert_int_equal(names_id(n, T("")), 0);
	assert_int_equal(names_id(n, (struct text){NULL, 0}), 0);
	assert_int_equal(names_cached(&c, n, (struct text){NULL, 0}), 0);
	assert_int_equal(names_text(n, 0).len, 0);
	assert_string_equal(names_text(n, 0).at, "");
	assert_int_equal(names_count(n), 1);
	names_free(n);
	names_free(NULL);
}

TEST(same_text_same_number) {
	static const struct text texts[] = {{"a", 1}, {"b", 1}, {"ab", 2}, {"a\0b", 3}, {"a\0c", 3}, {"\0", 1}, {"\0\0", 2},
	                                    {"a name of more than eight bytes", 31}, {"a name of more than eight byteS", 31}};
	enum { COUNT = sizeof texts / sizeof *texts };
	struct names *n = names_new();
	struct names_cache c = {0};
	name_id ids[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		ids[i] = names_id(n, texts[i]);
		assert_int_equal(ids[i], i + 1);
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(names_id(n, texts[i]), ids[i]);
		assert_int_equal(names_cached(&c, n, texts[i]), ids[i]);
		assert_int_equal(names_cached(&c, n, texts[i]), ids[i]);
		assert_true(text_eq(names_text(n, ids[i]), texts[i]));
		assert_int_equal(names_text(n, ids[i]).at[texts[i].len], '\0');
	}
	assert_int_equal(names_count(n), COUNT + 1);
	names_free(n);
}

static struct text numbered(char buffer[32], unsigned i) {
	return (struct text){buffer, (size_t)snprintf(buffer, 32, "tenant-%u", i)};
}

TEST(a_million_names) {
	struct names *n = names_new();
	char buffer[32];
	name_id first = names_id(n, numbered(buffer, 0));
	const char *at = names_text(n, first).at;

	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(names_id(n, numbered(buffer, i)), i + 1);
	}
	for (unsigned i = 0; i < MANY; i++) {
		assert_true(text_eq(names_text(n, i + 1), numbered(buffer, i)));
	}
	assert_int_equal(names_count(n), MANY + 1);
	assert_ptr_equal(names_text(n, first).at, at);
	names_free(n);
}

TEST(a_long_name) {
	size_t len = 300000;
	struct names *n = names_new();
	char *long_name = malloc(len);

	memset(long_name, 'x', len);
	name_id short_id = names_id(n, T("short")), id = names_id(n, (struct text){long_name, len});
	assert_int_equal(names_id(n, (struct text){long_name, len}), id);
	assert_int_not_equal(names_id(n, (struct text){long_name, len - 1}), id);
	free(long_name);
	assert_int_equal(names_text(n, id).len, len);
	assert_string_equal(names_text(n, short_id).at, "short");
	names_free(n);
}

struct work {
	pthread_t thread;
	struct names *names;
	unsigned first;
	name_id ids[PER_THREAD];
};

/* All threads look up the same names, each beginning with another one, with and without the cache. */
static void *ask(void *context) {
	struct work *w = context;
	struct names_cache c = {0};
	char buffer[32];

	for (unsigned k = 0; k < PER_THREAD; k++) {
		unsigned i = (w->first + k) % PER_THREAD;
		struct text t = numbered(buffer, i);
		w->ids[i] = k % 2 == 0 ? names_cached(&c, w->names, t) : names_id(w->names, t);
		if (!text_eq(names_text(w->names, w->ids[i]), t) || names_cached(&c, w->names, t) != w->ids[i]) {
			w->ids[i] = 0;
		}
	}
	return NULL;
}

TEST(threads_agree) {
	struct names *n = names_new();
	struct work *work = calloc(THREADS, sizeof *work);

	for (unsigned i = 0; i < THREADS; i++) {
		work[i].names = n;
		work[i].first = i * PER_THREAD / THREADS;
		assert_int_equal(pthread_create(&work[i].thread, NULL, ask, &work[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(work[i].thread, NULL);
	}
	for (unsigned i = 0; i < PER_THREAD; i++) {
		assert_int_not_equal(work[0].ids[i], 0);
		for (unsigned k = 1; k < THREADS; k++) {
			assert_int_equal(work[k].ids[i], work[0].ids[i]);
		}
	}
	assert_int_equal(names_count(n), PER_THREAD + 1);
	free(work);
	names_free(n);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_text_is_0), cmocka_unit_test(same_text_same_number),
		cmocka_unit_test(a_million_names),     cmocka_unit_test(a_long_name),
		cmocka_unit_test(threads_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
