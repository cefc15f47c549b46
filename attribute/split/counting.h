/* counting.h: windows of engines that count their steps, in a pass (counted.h). Private to attribute/split/. */
#ifndef ATTRIBUTE_COUNTING_H
#define ATTRIBUTE_COUNTING_H

#include "attribute/split/pass.h"

/* Blocks of the bootstrap: at least this long. */
#define COUNTING_BLOCK_NS (64 * NS_PER_SECOND)

/* Of one replica; all zero at the start. */
struct counting {
	struct counted_window several[COUNTED_BUDGETS]; /* windows collected until they are enough for a row */
	int count;
	int64_t from_ns; /* in which the first one began */
	bool was_long; /* prompts of the window before were long: another one may be computed in a window in which none ends */
	int64_t day_ns, end_ns; /* of the last window */
	struct counted_begun begun; /* at its end */
	struct counted_gauges gauges; /* at the start of this window */
	double owed; /* prefill's time in excess of the length of windows */
};

/* The next window, alone in its period. Moves the gauges to its start. Prompts in progress are followed within a day. */
void counting_next(struct counting *c, const struct window_item *i, int64_t running, int64_t context_tokens);

/* Adds a window, alone in its period, to the sums of its day. */
void counting_note(struct pass *pass, struct counting *c, const struct window_item *i, struct aggregates *r,
		   unsigned bucket);
/* Adds windows that were not enough for a row yet. */
void counting_end_rows(struct pass *pass, struct counting *c);

struct counted_split {
	int64_t busy_ns, gaps_ns; /* gaps: between steps */
	double share;
	bool throughout;
};
/* A window's part of the available time. */
void counting_split(const struct pass *pass, struct counting *c, const struct counted_model *m,
		    const struct window_item *i, int64_t room_ns, struct counted_split *out);
void counting_spread(struct pass *pass, const struct counted_model *m, const struct counted_split *s,
		     int64_t prefill_ns, int64_t decode_ns);

#endif
