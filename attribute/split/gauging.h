/* gauging.h: windows of tokens and gauges, in a pass (gauged.h). Private to attribute/split/. */
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

/* The work of the next window, alone in its period. False without gauges. */
bool gauging_window(struct pass *pass, struct gauging *g, const struct window_item *i, struct gauged_window *out);
/* Called after a window without gauges: those before the next one are unknown. */
void gauging_break(struct gauging *g);

struct gauged_split {
	int64_t busy_ns;
	double share;
	bool throughout;
};
/* Its part of the available time. */
void gauging_split(const struct pass *pass, const struct gauged_model *m, const struct gauged_window *c,
		   int64_t room_ns, struct gauged_split *out);
void gauging_spread(struct pass *pass, const struct gauged_model *m, const struct gauged_split *s, int64_t prefill_ns,
		    int64_t decode_ns);

#endif
