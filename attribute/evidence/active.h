/* active.h: the days on which a name has records, and from when to when on each. Private to attribute/. */
#ifndef ATTRIBUTE_ACTIVE_H
#define ATTRIBUTE_ACTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct active_day {
	int64_t day, first_ns, last_ns; /* day: since 1970, of the first one's begin */
};

/* In the order of days. Of more than ACTIVE_DAYS_MOST the last ones are one. */
struct active_days {
	struct active_day *at;
	size_t count, room;
};
#define ACTIVE_DAYS_MOST ((size_t)4096)

/* A record on the day on which it begins. */
void active_add(struct active_days *days, int64_t first_ns, int64_t last_ns);
/* A day of a part of the name's records. */
void active_put(struct active_days *days, const struct active_day *one);
/* Is there an instant that lies between the first and the last record of a day of each? */
bool active_overlap(const struct active_days *a, const struct active_days *b);
/* Does a time of at most a day lie between the first and the last record of a day, or up to `reach_ns` outside? */
bool active_covers(const struct active_days *days, int64_t from_ns, int64_t to_ns, int64_t reach_ns);
void active_release(struct active_days *days);

#endif
