/*
 * lanes.h: a replica whose steps name several models: the requests in flight and the accounts of each. Private to
 * attribute/.
 *
 * The pass's own are those of the model at hand; the others wait here, and change places with them.
 */
#ifndef ATTRIBUTE_LANES_H
#define ATTRIBUTE_LANES_H

#include "attribute/split/pass.h"

struct lane {
	name_id model;
	struct flight flight;
	struct accounts accounts;
};

/* All zero at the start: one lane, which is the pass's. */
struct lanes {
	struct lane *at; /* the place of the one in use is empty */
	size_t count, used;
};

/* Makes a model's lane the pass's, from an instant on if it is new. 0: the first one. */
void lanes_use(struct lanes *l, struct pass *pass, name_id model, int64_t at_ns);
/* The end: closes all but the first, which is the pass's from then on and has the sums of all. */
int lanes_close(struct lanes *l, struct pass *pass, flight_leave *leave, struct fault *why);

#endif
