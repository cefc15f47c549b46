#include "attribute/evidence/active.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"

static void insert(struct active_days *days, size_t at, const struct active_day *one) {
	days->at = must_grow(days->at, days->count, &days->room, sizeof *days->at, 4);
	memmove(days->at + at + 1, days->at + at, (days->count - at) * sizeof *days->at);
	days->at[at] = *one;
	days->count++;
}

/* One more than there may be: the last two become one. */
static void join_last(struct active_days *days) {
	struct active_day *kept = &days->at[days->count - 2], *last = kept + 1;

	exact_widen(&kept->first_ns, &kept->last_ns, last->first_ns, last->last_ns);
	days->count--;
}

void active_put(struct active_days *days, const struct active_day *one) {
	size_t at = days->count;

	if (at == 0 || days->at[at - 1].day >= one->day) { /* most records come in the order of time */
		at = SORTED_FROM(days->at, days->count, struct active_day, day, one->day);
	}
	if (at < days->count && days->at[at].day == one->day) {
		exact_widen(&days->at[at].first_ns, &days->at[at].last_ns, one->first_ns, one->last_ns);
		return;
	}
	insert(days, at, one);
	if (days->count > ACTIVE_DAYS_MOST) {
		join_last(days);
	}
}

void active_add(struct active_days *days, int64_t first_ns, int64_t last_ns) {
	active_put(days, &(struct active_day){instant_floor(first_ns, NS_PER_DAY) / NS_PER_DAY, first_ns, last_ns > first_ns ? last_ns : first_ns});
}

bool active_overlap(const struct active_days *a, const struct active_days *b) {
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count; k++) {
			const struct active_day *x = &a->at[i], *y = &b->at[k];
			if (x->first_ns <= y->last_ns && y->first_ns <= x->last_ns) {
				return true;
			}
		}
	}
	return false;
}

bool active_covers(const struct active_days *days, int64_t from_ns, int64_t to_ns, int64_t reach_ns) {
	size_t at = SORTED_FROM(days->at, days->count, struct active_day, day, instant_floor(from_ns, NS_PER_DAY) / NS_PER_DAY);
	size_t end = at + 2 < days->count ? at + 2 : days->count; /* it may lie a little before the next day's first one */

	for (size_t i = at > 0 ? at - 1 : 0; i < end; i++) {
		if (from_ns >= days->at[i].first_ns - reach_ns && to_ns <= days->at[i].last_ns + reach_ns) {
			return true;
		}
	}
	return false;
}

void active_release(struct active_days *days) {
	free(days->at);
}
