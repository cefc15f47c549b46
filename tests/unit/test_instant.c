/* test_instant.c: civil dates, RFC 3339 and invalid texts. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/instant.h"

TEST(days_count_through_leap_years) {
	assert_int_equal(civil_days(1970, 1, 1), 0);
	assert_int_equal(civil_days(2000, 3, 1), 11017);
	assert_int_equal(civil_days(1900, 3, 1) - civil_days(1900, 2, 1), 28);
	assert_int_equal(civil_days(2000, 3, 1) - civil_days(2000, 2, 1), 29);
	assert_int_equal(civil_days(2026, 13, 1), civil_days(2027, 1, 1));
	assert_int_equal(civil_days(2026, 0, 1), civil_days(2025, 12, 1));
	assert_int_equal(civil_days(2026, -11, 1), civil_days(2025, 1, 1));
	for (int64_t day = -700000; day < 2900000 / 40; day += 11) {
		struct civil c;
		instant_to_civil(day % 100000 * NS_PER_DAY, &c);
		assert_true(civil_valid(&c));
		assert_int_equal(civil_days(c.year, c.month, c.day), day % 100000);
	}
}

TEST(reads) {
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0}, {"1969-12-31T23:59:59.999999999Z", -1}, {"2026-11-24T01:02:03Z", 1795482123 * NS_PER_SECOND},
		{"2026-11-24 01:02:03,5+00:00", 1795482123 * NS_PER_SECOND + 500000000}, {"2026-11-24t06:32:03+05:30", 1795482123 * NS_PER_SECOND},
		{"2026-11-23T17:02:03-0800", 1795482123 * NS_PER_SECOND}, {"1970-01-01T00:00:00.1234567899Z", 123456789}, {"1970-01-02", NS_PER_DAY},
	};
	int64_t ns;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!instant_parse(text_of(cases[i].text), &ns) || ns != cases[i].ns) {
			fail_msg("%s: %lld", cases[i].text, (long long)ns);
		}
	}
}

TEST(refuses) {
	static const char *const bad[] = {"", "2026-11-24T01:02:03", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z",
	                                  "2026-11-24T00:60:00Z", "2016-12-31T23:59:60Z", "2026-11-24T00:00:00Zx", "2026-11-24T00:00:00+24:00",
	                                  "0000-01-01", "2026-1-1", "2026-11-24T0:00:00Z", "9999-12-31T00:00:00Z", "1600-01-01", "2026-11-31"};
	int64_t ns;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (instant_parse(text_of(bad[i]), &ns)) {
			fail_msg("taken: %s", bad[i]);
		}
	}
}

TEST(takes_from_the_start) {
	struct text t = T("2026-11-24 01:02:03.250 INFO");
	bool zone;
	int64_t ns;

	assert_true(instant_take(&t, &ns, &zone));
	assert_false(zone);
	assert_true(text_eq(t, T(" INFO")) && ns == 1795482123 * NS_PER_SECOND + 250000000);
	assert_false(instant_take(&t, &ns, &zone));
}

TEST(writes_what_it_reads) {
	static const char *const texts[] = {"2026-11-24T01:02:03Z", "2026-11-24T01:02:03.120Z", "1969-12-31T23:59:59.999999Z",
	                                    "2262-04-11T23:47:16.854775807Z", "1677-09-21T00:12:43.145224192Z"};
	char out[INSTANT_TEXT_MAX];
	int64_t ns;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_true(instant_parse(text_of(texts[i]), &ns));
		assert_string_equal(instant_format(ns, out), texts[i]);
	}
	assert_int_equal(instant_floor(-1, NS_PER_HOUR), -NS_PER_HOUR);
	assert_int_equal(instant_floor(NS_PER_HOUR, NS_PER_HOUR), NS_PER_HOUR);
	assert_int_equal(instant_floor(INT64_MIN, NS_PER_DAY), INT64_MIN);
	assert_int_equal(instant_floor(INT64_MIN + 2 * NS_PER_DAY, NS_PER_DAY) % NS_PER_DAY, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_count_through_leap_years), cmocka_unit_test(reads),
		cmocka_unit_test(refuses),                       cmocka_unit_test(takes_from_the_start),
		cmocka_unit_test(writes_what_it_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
