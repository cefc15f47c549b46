/* test_hash_index.c: numbers by hash, compared with a linear search. */

#include "tests/unit/unit.h"

#include "core/hash_index.h"

#define COUNT 3000

/* All numbers of a hash, and in the order in which they were added. */
static void check(const struct hash_index *h, const uint64_t *hashes, size_t count, uint64_t hash) {
	uint64_t at = hash;
	uint32_t number;

	for (size_t i = 0; i < count; i++) {
		if (hashes[i] == hash) {
			do {
				assert_true(hash_index_next(h, hash, &at, &number));
			} while (hashes[number] != hash);
			assert_int_equal(number, i);
		}
	}
	while (hash_index_next(h, hash, &at, &number)) {
		assert_true(hashes[number] != hash);
	}
}

/* Few different hashes: long runs that wrap at the end of the table, and keep their order when it grows. */
TEST(test_against_list) {
	static uint64_t hashes[COUNT];

	for (uint64_t range = 1; range <= 100000; range *= 10) {
		struct hash_index h = {0};
		uint64_t seed = range;
		for (uint32_t i = 0; i < COUNT; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
			hashes[i] = UINT64_MAX - (seed >> 33) % range; /* at the end of the table */
			hash_index_add(&h, hashes[i], i);
		}
		for (uint64_t i = 0; i < (range < 100 ? range : 100) + 1; i++) {
			check(&h, hashes, COUNT, UINT64_MAX - i);
		}
		hash_index_release(&h);
	}
}

TEST(test_empty) {
	struct hash_index h = {0};
	uint64_t at = 7;
	uint32_t number;

	assert_false(hash_index_next(&h, 7, &at, &number));
	hash_index_add(&h, 7, 0);
	at = 7;
	assert_true(hash_index_next(&h, 7, &at, &number));
	assert_int_equal(number, 0);
	assert_false(hash_index_next(&h, 7, &at, &number));
	hash_index_release(&h);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_list), cmocka_unit_test(test_empty)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
