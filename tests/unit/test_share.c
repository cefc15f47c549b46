/* test_share.c: parts sum to the whole to the last unit, and products round as stated. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/share.h"

static uint64_t next(uint64_t *seed) {
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 11;
}

TEST(products_round_half_to_even) {
	static const struct {
		int64_t a, b, c, result;
	} cases[] = {
		{1, 1, 2, 0},   {3, 1, 2, 2},   {5, 1, 2, 2},  {-1, 1, 2, 0}, {-3, 1, 2, -2}, {-5, 1, 2, -2}, {7, 3, 4, 5}, {2, 1, 3, 1},
		{-2, 1, 3, -1}, {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}, {INT64_MIN, 1, 1, INT64_MIN},
		{INT64_C(3600000000000), 2490000000, INT64_C(3600000000000), 2490000000},
	};
	int64_t got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(exact_mul_div(cases[i].a, cases[i].b, cases[i].c, &got));
		assert_int_equal(got, cases[i].result);
	}
	assert_false(exact_mul_div(INT64_MAX, 2, 1, &got));
	assert_false(exact_mul_div(INT64_MIN, 2, 1, &got));
	int64_t sum = INT64_MAX - 1;
	assert_true(exact_add(&sum, 1));
	assert_false(exact_add(&sum, 1));
	assert_int_equal(sum, INT64_MAX);
}

TEST(running_splits_sum) {
	uint64_t seed = 42;

	for (int round = 0; round < 100000; round++) {
		int64_t weights[8], sum = 0, given = 0, total = (int64_t)(next(&seed) % 1000003) * (round % 3 - 1) * 977;
		size_t count = 1 + next(&seed) % 8;
		for (size_t i = 0; i < count; i++) {
			weights[i] = (int64_t)(next(&seed) % 5) * (int64_t)(next(&seed) % 100000);
			sum += weights[i];
		}
		struct share s;
		share_init(&s, total, sum);
		for (size_t i = 0; i < count; i++) {
			int64_t part = share_next(&s, weights[i]);
			if (sum > 0) {
				int128 error = (int128)part * sum - (int128)total * weights[i];
				assert_true(error < sum && error > -(int128)sum);
			}
			given += part;
		}
		assert_int_equal(given, total);
	}
}

TEST(largest_remainders_sum_and_stay_within_one) {
	uint64_t seed = 7;

	for (int round = 0; round < 50000; round++) {
		int64_t weights[8], parts[8], sum = 0, given = 0, total = (int64_t)(next(&seed) % 100000);
		size_t count = 1 + next(&seed) % 8;
		for (size_t i = 0; i < count; i++) {
			weights[i] = (int64_t)(next(&seed) % 7);
			sum += weights[i];
		}
		share_largest_remainder(total, weights, count, parts);
		for (size_t i = 0; i < count; i++) {
			given += parts[i];
			if (sum > 0) {
				int64_t floor_of = total * weights[i] / sum;
				assert_true(parts[i] == floor_of || parts[i] == floor_of + 1);
			}
		}
		assert_int_equal(given, total);
	}
}

TEST(ties_fall_to_the_earlier) {
	int64_t parts[4];

	share_largest_remainder(2, (const int64_t[]){1, 1, 1, 1}, 4, parts);
	assert_true(parts[0] == 1 && parts[1] == 1 && parts[2] == 0 && parts[3] == 0);
	share_largest_remainder(5, (const int64_t[]){0, 0}, 2, parts);
	assert_true(parts[0] == 5 && parts[1] == 0);
	share_largest_remainder(INT64_MAX, (const int64_t[]){INT64_MAX, INT64_MAX, 1}, 3, parts);
	assert_true(parts[0] == parts[1] + 1 || parts[0] == parts[1]);
	assert_true((int128)parts[0] + parts[1] + parts[2] == INT64_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_round_half_to_even),
		cmocka_unit_test(running_splits_sum),
		cmocka_unit_test(largest_remainders_sum_and_stay_within_one),
		cmocka_unit_test(ties_fall_to_the_earlier),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
