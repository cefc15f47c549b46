/* instant.h: instants as int64 nanoseconds since the Unix epoch, UTC, and civil time. */
#ifndef CORE_INSTANT_H
#define CORE_INSTANT_H

#include "core/exact.h"
#include "core/text.h"

/* "2026-11-24T01:02:03.000000000Z" and its NUL. */
#define INSTANT_TEXT_MAX 40

/* A civil time in some zone, proleptic Gregorian. */
struct civil {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int nanosecond;
};

/* By the machine's clock. */
int64_t instant_now(void);

/* Days since 1970-01-01 of a civil date; months outside 1..12 are carried into the year. */
int64_t civil_days(int year, int month, int day);

/* Is it a valid date and time (leap seconds as :60 are not accepted)? Years 1 to 9999. */
bool civil_valid(const struct civil *c);

/* As if the civil time were UTC; false if out of the range of int64 ns (1677 to 2262). */
bool civil_to_instant(const struct civil *c, int64_t *ns);
void instant_to_civil(int64_t ns, struct civil *out);

/*
 * Reads an RFC 3339 date-time at the start of `*t` ("2026-05-12T08:50:00.123456789Z", also with a space or 't' for the
 * T, a comma before the fraction, up to 9 digits of fraction used and further ones dropped, "+05:30" or "-0800"
 * offsets) and moves past it. With `zone_given` not NULL, a missing offset is allowed: *zone_given is set
 * accordingly, and the time is returned as if UTC.
 */
bool instant_take(struct text *t, int64_t *ns, bool *zone_given);

/*
 * The second of the last instant that was read: most lines of a log have the same one as the line before, or the next.
 * All zero: none.
 */
#define INSTANT_SECOND_BYTES (sizeof "2026-05-12T08:50:00" - 1)
struct instant_near {
	char second[INSTANT_SECOND_BYTES];
	char zone[sizeof "+05:30" - 1];
	size_t zone_len; /* 0: nothing is known */
	int64_t ns;      /* the instant of the second itself */
};

/*
 * instant_take for an instant with an offset, if it is in that second and has the same offset; false, and nothing moved,
 * where instant_take has to read it.
 */
bool instant_take_near(const struct instant_near *near, struct text *t, int64_t *ns);
/* Keeps the second of an instant that instant_take read with its offset from all of `stamp`. */
void instant_keep_near(struct instant_near *near, struct text stamp, int64_t ns);

/*
 * The whole text as an instant: RFC 3339, or a bare date "2026-11-20" (midnight UTC).
 * False if anything else.
 */
bool instant_parse(struct text t, int64_t *ns);

/* Writes RFC 3339 in UTC with as many decimals of a second as needed (0, 3, 6 or 9). */
const char *instant_format(int64_t ns, char out[INSTANT_TEXT_MAX]);

/* The start of the unit (NS_PER_HOUR or NS_PER_DAY) in which `ns` lies, UTC; works before 1970. */
static inline int64_t instant_floor(int64_t ns, int64_t unit_ns) {
	int64_t rest = ns % unit_ns, floor = ns - rest;

	/* In the first unit of the range the start is not representable: there it is the first instant. */
	return rest >= 0 ? floor : floor < INT64_MIN + unit_ns ? INT64_MIN : floor - unit_ns;
}

#endif
