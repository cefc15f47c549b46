/* gauging.h: windows of tokens and gauges, as a pass comes to them (gauged.h). Private to attribute/split/. */
#ifndef ATTRIBUTE_GAUGING_H
#define ATTRIBUTE_GAUGING_H

#include "attribute/split/pass.h"

/* Of one replica; all zero at the start. */
struct gauging {
	struct gauges before, now;
	int64_t day_ns;
	bool began;
	const struct proportions *known; /* of the day's model */
};

/* The next window, alone in its period: what it did. False without gauges. */
bool gauging_window(struct pass *pass, struct gauging *g, const struct window_item *i, struct gauged_window *out);
/* Where one is followed by no such: nothing is known of the gauges before the next. */
void gauging_break(struct gauging *g);

struct gauged_split {
	int64_t busy_ns;
	double share;
	bool throughout;
};
/* What it takes of the time there was. */
void gauging_split(const struct pass *pass, const struct gauged_model *m, const struct gauged_window *c,
		   int64_t room_ns, struct gauged_split *out);
void gauging_spread(struct pass *pass, const struct gauged_model *m, const struct gauged_split *s, int64_t prefill_ns,
		    int64_t decode_ns);

#endif
