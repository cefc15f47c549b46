/* zone_rule.h: the POSIX TZ rule at the end of a TZif file; for zone.c alone. */
#ifndef CORE_ZONE_RULE_H
#define CORE_ZONE_RULE_H

#include "core/text.h"

/* A day of the year at a local time: "M3.5.0/2", "J60", "59". */
struct zone_rule_day {
	char kind; /* 'M' month.week.weekday, 'J' 1..365 without 29 February, '0' 0..365 */
	int month, week, day;
	int time_s; /* after midnight; may be negative or above a day (RFC 8536, 3.3.1) */
};

struct zone_rule {
	int standard_s, summer_s; /* east of UTC */
	bool has_summer;
	struct zone_rule_day start, end; /* of summer time */
};

/* Reads a whole rule such as "CET-1CEST,M3.5.0,M10.5.0/3"; false if it is not one. */
bool zone_rule_parse(struct text t, struct zone_rule *out);

/* Seconds east of UTC at an instant in seconds. */
int zone_rule_offset(const struct zone_rule *r, int64_t seconds);

#endif
