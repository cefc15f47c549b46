/* The heap: items are removed in order. */

#include "tests/unit/unit.h"

#include "core/heap.h"

#define THINGS 1000

static bool by_key(const void *keys, int64_t a, int64_t b) {
	const int64_t *k = keys;

	return k[a] != k[b] ? k[a] < k[b] : a < b;
}

TEST(what_goes_in_comes_out_in_order) {
	int64_t keys[THINGS] = {0}, last = -1;
	uint64_t random = 7;
	struct heap h;

	heap_init(&h, by_key, keys);
	for (int64_t i = 0; i < THINGS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		keys[i] = (int64_t)(random >> 33) % 100; /* many are equal */
		heap_push(&h, i);
	}
	for (int i = 0; i < THINGS; i++) {
		int64_t first = heap_first(&h), next = heap_pop(&h);
		assert_int_equal(first, next);
		assert_true(last < 0 || by_key(keys, last, next));
		last = next;
	}
	assert_int_equal(h.count, 0);
	heap_release(&h);
}

/* A removed item may be added again with another key. */
TEST(keys_may_change) {
	int64_t load[3] = {0, 0, 0};
	struct heap h;

	heap_init(&h, by_key, load);
	for (int64_t i = 0; i < 3; i++) {
		heap_push(&h, i);
	}
	for (int i = 0; i < 30; i++) {
		int64_t least = heap_pop(&h);
		load[least] += 1 + i % 2;
		heap_push(&h, least);
	}
	assert_true(load[0] + load[1] + load[2] == 45);
	for (int i = 0; i < 3; i++) {
		assert_in_range(load[i], 14, 16);
	}
	heap_release(&h);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_in_order),
		cmocka_unit_test(keys_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
