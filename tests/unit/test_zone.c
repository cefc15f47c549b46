/* test_zone.c: offsets, hours that occur twice or never, and days of 23 and 25 hours. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/zone.h"
#include "core/zone_rule.h"

static struct zone *open_zone(const char *name) {
	struct fault why;
	struct zone *z = zone_new(text_of(name), &why);

	if (!z) {
		print_message("%s\n", why.message);
	}
	return z;
}

static int64_t at(const char *s) {
	int64_t ns;

	assert_true(instant_parse(text_of(s), &ns));
	return ns;
}

static bool no_database(void) {
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0) {
		return false;
	}
	print_message("no tz database here\n");
	return true;
}

TEST(fixed_offsets) {
	static const struct {
		const char *name;
		int seconds;
	} cases[] = {{"UTC", 0}, {"Z", 0}, {"+02:00", 7200}, {"-0530", -19800}, {"+02", 7200}, {"-12:45", -45900}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zone *z = open_zone(cases[i].name);
		assert_non_null(z);
		assert_int_equal(zone_offset_s(z, 0), cases[i].seconds);
		zone_free(z);
	}
	assert_int_equal(zone_offset_s(NULL, at("2026-07-01T00:00:00Z")), 0);
	zone_free(NULL);
}

TEST(refuses_what_is_no_zone) {
	static const char *const names[] = {"", "Nowhere/City", "../../etc/passwd", "/etc/localtime", "Europe/../UTC", "+2", "+25:00",
	                                    "+02:60", "+02:0", "a\x1b[m", "zone.tab", "+02:00x"};
	struct fault why;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_null(zone_new(text_of(names[i]), &why));
		assert_non_null(strstr(why.message, "expected"));
		assert_null(strchr(why.message, 0x1b));
	}
}

TEST(berlin_through_the_years) {
	static const struct {
		const char *instant;
		int seconds;
	} cases[] = {
		{"1945-06-01T00:00:00Z", 10800}, {"1970-07-01T00:00:00Z", 3600}, {"2024-03-31T00:59:59Z", 3600},
		{"2024-03-31T01:00:00Z", 7200},  {"2024-10-27T00:59:59Z", 7200}, {"2024-10-27T01:00:00Z", 3600},
		{"2059-07-01T00:00:00Z", 7200},  {"2059-12-01T00:00:00Z", 3600}, {"2060-03-28T00:59:59Z", 3600},
		{"2060-03-28T01:00:00Z", 7200},  {"1800-01-01T00:00:00Z", 3208},
	};
	if (no_database()) {
		skip();
	}
	struct zone *z = open_zone("Europe/Berlin");
	assert_non_null(z);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (zone_offset_s(z, at(cases[i].instant)) != cases[i].seconds) {
			fail_msg("%s: %d", cases[i].instant, zone_offset_s(z, at(cases[i].instant)));
		}
	}
	zone_free(z);
}

static void civil(struct zone *z, const char *local, const char *utc, bool twice) {
	struct civil c;
	int64_t ns;
	bool ambiguous;

	instant_to_civil(at(local), &c);
	assert_true(zone_to_instant(z, &c, &ns, &ambiguous));
	if (ns != at(utc) || ambiguous != twice) {
		char got[INSTANT_TEXT_MAX];
		fail_msg("%s is %s (%d), not %s (%d)", local, instant_format(ns, got), ambiguous, utc, twice);
	}
}

TEST(civil_times_of_berlin) {
	if (no_database()) {
		skip();
	}
	struct zone *z = open_zone("Europe/Berlin");
	civil(z, "2026-01-15T12:00:00.5Z", "2026-01-15T11:00:00.5Z", false);
	civil(z, "2026-07-15T12:00:00Z", "2026-07-15T10:00:00Z", false);
	civil(z, "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z", false);
	civil(z, "2026-03-29T02:30:00Z", "2026-03-29T01:30:00Z", true); /* does not exist */
	civil(z, "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z", false);
	civil(z, "2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z", false);
	civil(z, "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z", true); /* the first of two */
	civil(z, "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", false);
	zone_free(z);
	z = open_zone("Australia/Lord_Howe"); /* half an hour of summer time */
	civil(z, "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z", true);
	civil(z, "2026-01-01T00:00:00Z", "2025-12-31T13:00:00Z", false);
	zone_free(z);
	z = open_zone("Pacific/Kiritimati");
	civil(z, "2026-01-01T14:00:00Z", "2026-01-01T00:00:00Z", false);
	zone_free(z);
	civil(NULL, "2026-01-01T14:00:00Z", "2026-01-01T14:00:00Z", false);
}

TEST(days_and_months) {
	if (no_database()) {
		skip();
	}
	struct zone *z = open_zone("Europe/Berlin");
	assert_int_equal(zone_day_start(z, at("2026-10-25T22:59:59Z")), at("2026-10-24T22:00:00Z"));
	assert_int_equal(zone_day_start(z, at("2026-10-25T23:00:00Z")), at("2026-10-25T23:00:00Z"));
	assert_int_equal(zone_month_start(z, at("2026-10-31T22:30:00Z")), at("2026-09-30T22:00:00Z"));
	assert_int_equal(zone_month_start(z, at("2026-10-31T23:30:00Z")), at("2026-10-31T23:00:00Z"));
	zone_free(z);
	z = open_zone("America/Sao_Paulo"); /* midnight of 2018-11-04 did not exist */
	assert_int_equal(zone_day_start(z, at("2018-11-04T12:00:00Z")), at("2018-11-04T03:00:00Z"));
	zone_free(z);
	assert_int_equal(zone_day_start(NULL, at("2026-10-25T22:59:59Z")), at("2026-10-25T00:00:00Z"));
	assert_int_equal(zone_month_start(NULL, -1), at("1969-12-01T00:00:00Z"));
}

/* Any time, converted to local time and back, is the same time or one with the same wall clock. */
TEST(there_and_back) {
	static const char *const names[] = {"Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Sydney",
	                                    "Africa/Casablanca", "America/St_Johns", "Pacific/Apia"};
	if (no_database()) {
		skip();
	}
	uint64_t seed = 1;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct zone *z = open_zone(names[i]);
		assert_non_null(z);
		for (int n = 0; n < 20000; n++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			int64_t ns = at("2005-01-01") + (int64_t)(seed >> 11) % (40 * 365 * NS_PER_DAY), back;
			struct civil c;
			bool twice;
			instant_to_civil(ns + zone_offset_s(z, ns) * NS_PER_SECOND, &c);
			assert_true(zone_to_instant(z, &c, &back, &twice));
			if (back != ns && !(twice && back < ns)) {
				fail_msg("%s: %lld came back as %lld", names[i], (long long)ns, (long long)back);
			}
			assert_true(zone_day_start(z, ns) <= ns && ns - zone_day_start(z, ns) < 26 * NS_PER_HOUR);
		}
		zone_free(z);
	}
}

TEST(rules) {
	static const char *const bad[] = {"", "CE-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "<+03-3",
	                                  "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-999", "CET-26", "CET-1CEST-27,M3.5.0,M10.5.0", "CET-1CEST,J0,J366"};
	struct zone_rule r;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(zone_rule_parse(text_of(bad[i]), &r));
	}
	assert_true(zone_rule_parse(T("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"), &r));
	assert_int_equal(zone_rule_offset(&r, at("2026-03-29T00:59:59Z") / NS_PER_SECOND), -7200);
	assert_int_equal(zone_rule_offset(&r, at("2026-03-29T01:00:00Z") / NS_PER_SECOND), -3600);
	assert_true(zone_rule_parse(T("AEST-10AEDT,M10.1.0,M4.1.0/3"), &r));
	assert_int_equal(zone_rule_offset(&r, at("2026-01-01T00:00:00Z") / NS_PER_SECOND), 39600);
	assert_int_equal(zone_rule_offset(&r, at("2026-06-01T00:00:00Z") / NS_PER_SECOND), 36000);
	assert_true(zone_rule_parse(T("EST5EDT,J60,J300/1:30:15"), &r));
	assert_int_equal(zone_rule_offset(&r, at("2024-03-01T06:59:59Z") / NS_PER_SECOND), -18000);
	assert_int_equal(zone_rule_offset(&r, at("2024-03-01T07:00:00Z") / NS_PER_SECOND), -14400);
	assert_true(zone_rule_parse(T("EST5EDT,59,299"), &r));
	assert_int_equal(zone_rule_offset(&r, at("2024-02-29T07:00:00Z") / NS_PER_SECOND), -14400);
	assert_true(zone_rule_parse(T("<+0545>-5:45"), &r));
	assert_int_equal(zone_rule_offset(&r, 0), 20700);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_offsets),        cmocka_unit_test(refuses_what_is_no_zone), cmocka_unit_test(berlin_through_the_years),
		cmocka_unit_test(civil_times_of_berlin), cmocka_unit_test(days_and_months),         cmocka_unit_test(there_and_back),
		cmocka_unit_test(rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
