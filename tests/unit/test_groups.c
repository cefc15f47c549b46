/* test_groups.c: cells in groups of equal keys, compared with a direct computation. */

#include "tests/unit/unit.h"

#include "report/groups.h"

struct items {
	size_t key_count, count;
	int64_t keys[3000][GROUP_KEYS_MAX];
};

/* Every seventh is in no group. */
static bool keys_of(const void *context, size_t item, int64_t keys[GROUP_KEYS_MAX]) {
	const struct items *all = context;

	for (size_t k = 0; k < all->key_count; k++) {
		keys[k] = all->keys[item][k];
	}
	return item % 7 != 3;
}

static int compare(const struct items *all, uint32_t a, uint32_t b) {
	for (size_t k = 0; k < all->key_count; k++) {
		if (all->keys[a][k] != all->keys[b][k]) {
			return all->keys[a][k] < all->keys[b][k] ? -1 : 1;
		}
	}
	return 0;
}

static void check(const struct items *all) {
	struct groups g;
	size_t members = 0, in_none = 0;

	groups_make(&g, all->count, all->key_count, keys_of, all);
	for (size_t i = 0; i < all->count; i++) {
		in_none += i % 7 == 3;
	}
	assert_int_equal(g.first[0], 0);
	for (size_t group = 0; group < g.count; group++) {
		assert_true(g.first[group] < g.first[group + 1]); /* none is empty */
		for (size_t i = g.first[group]; i < g.first[group + 1]; i++, members++) {
			uint32_t item = g.items[i];
			assert_true(item < all->count && item % 7 != 3);
			if (i > g.first[group]) {
				assert_int_equal(compare(all, g.items[i - 1], item), 0);
				assert_true(g.items[i - 1] < item);
			} else if (group > 0) {
				assert_int_equal(compare(all, g.items[i - 1], item), -1);
			}
		}
	}
	assert_int_equal(members, all->count - in_none); /* each once: in a group they ascend, and groups differ */
	groups_release(&g);
}

TEST(test_groups) {
	static struct items all;
	uint64_t seed = 1;

	for (int64_t range = 1; range <= 10000; range *= 10) {
		for (all.key_count = 1; all.key_count <= GROUP_KEYS_MAX; all.key_count++) {
			for (size_t i = 0; i < 3000; i++) {
				for (size_t k = 0; k < all.key_count; k++) {
					seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
					all.keys[i][k] = (int64_t)(seed >> 33) % range - range / 2;
				}
			}
			all.count = 3000;
			check(&all);
		}
	}
}

TEST(test_few) {
	static struct items few = {.key_count = 2, .keys = {{INT64_MAX, INT64_MIN}, {INT64_MIN, INT64_MAX}}};
	struct items *all = &few;

	for (all->count = 0; all->count < 5; all->count++) {
		check(all);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_groups), cmocka_unit_test(test_few)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
