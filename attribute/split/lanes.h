/*
 * lanes.h: a replica with steps of several models: requests in flight and accounts of each model. Private to
 * attribute/.
 *
 * The pass has those of the current model; the others are stored here and swapped in.
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
	struct lane *at; /* the slot of the one in use is empty */
	size_t count, used;
};

/* Switches the pass to a model's lane, which starts at an instant if it is new. 0: the first one. */
void lanes_use(struct lanes *l, struct pass *pass, name_id model, int64_t at_ns);
/* Ends all lanes but the first, which is the pass's from then on and has the sums of all. */
int lanes_close(struct lanes *l, struct pass *pass, flight_leave *leave, struct fault *why);

#endif
