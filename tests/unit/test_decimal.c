/* test_decimal.c: money read and written without double. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/decimal.h"

TEST(reads_exactly) {
	static const struct {
		const char *text;
		int shift;
		int64_t nano;
	} cases[] = {
		{"2.49", 0, 2490000000}, {"-0.5", 0, -500000000}, {"5e-07", 6, 500000000}, {"1.25E3", 0, 1250000000000},
		{"0", 0, 0}, {"0.000000001", 0, 1}, {"1.000000000000000000", 0, 1000000000}, {"9223372036.854775807", 0, INT64_MAX},
		{"-9223372036.854775808", 0, INT64_MIN}, {"0.00000015", 6, 150000000}, {"1e+2", 0, 100000000000}, {"0e400", 0, 0},
		{"3e-06", 6, 3000000000}, {"100000000000000000000e-20", 0, 1000000000},
	};
	int64_t got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!decimal_parse(text_of(cases[i].text), cases[i].shift, &got) || got != cases[i].nano) {
			fail_msg("%s", cases[i].text);
		}
	}
}

TEST(refuses_what_it_cannot_hold) {
	static const char *const bad[] = {"", "-", ".", "1.", ".5", "+1", "1e", "1e1.0", "1,5", " 1", "1 ", "0x10", "nan", "inf", "1e401",
	                                  "0.0000000001", "9223372036.854775808", "1e11", "1--2", "1e-", "$1"};
	int64_t got;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (decimal_parse(text_of(bad[i]), 0, &got)) {
			fail_msg("taken: %s", bad[i]);
		}
	}
}

TEST(writes_rounded_half_to_even) {
	static const struct {
		int64_t nano;
		int places;
		const char *text;
	} cases[] = {
		{2490000000, 2, "2.49"}, {2495000000, 2, "2.50"}, {2485000000, 2, "2.48"}, {-1, 9, "-0.000000001"}, {-1, 2, "0.00"},
		{0, 0, "0"}, {1500000000, 0, "2"}, {2500000000, 0, "2"}, {INT64_MIN, 9, "-9223372036.854775808"},
		{INT64_MAX, 9, "9223372036.854775807"}, {-2490000000, 1, "-2.5"},
	};
	char out[DECIMAL_TEXT_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(decimal_format(cases[i].nano, cases[i].places, out), cases[i].text);
	}
}

/* Sums of the time of many GPUs. */
TEST(writes_beyond_64_bits) {
	const int128 most = (int128)((~(unsigned __int128)0) >> 1);
	char out[DECIMAL_TEXT_MAX], digits[EXACT_TEXT_MAX];

	assert_string_equal(decimal_format((int128)INT64_MAX * 1000, 9, out), "9223372036854.775807000");
	assert_string_equal(decimal_format(-(int128)INT64_MAX * 10, 2, out), "-92233720368.55");
	assert_string_equal(decimal_format(most, 9, out), "170141183460469231731687303715.884105727");
	assert_string_equal(exact_print((int128)INT64_MAX + 1, digits), "9223372036854775808");
	assert_string_equal(exact_print(most, digits), "170141183460469231731687303715884105727");
	assert_string_equal(exact_print(-most - 1, digits), "-170141183460469231731687303715884105728");
	assert_string_equal(exact_print(0, digits), "0");
}

TEST(there_and_back) {
	char out[DECIMAL_TEXT_MAX];
	uint64_t seed = 3;
	int64_t got;

	for (int i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		int64_t nano = (int64_t)seed >> (seed >> 58);
		assert_true(decimal_parse(text_of(decimal_format(nano, 9, out)), 0, &got));
		assert_int_equal(got, nano);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_exactly),
		cmocka_unit_test(refuses_what_it_cannot_hold),
		cmocka_unit_test(writes_rounded_half_to_even),
		cmocka_unit_test(writes_beyond_64_bits),
		cmocka_unit_test(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
