/*
 * model_states.h: a replica with steps of several models: requests in flight and accounts of each model. Private to
 * attribute/.
 *
 * The pass has those of the current model; the others are stored here and swapped in.
 */
#ifndef ATTRIBUTE_MODEL_STATES_H
#define ATTRIBUTE_MODEL_STATES_H

#include "attribute/split/pass.h"
#include "core/hash_index.h"

struct model_state {
	name_id model;
	struct flight flight;
	struct accounts accounts;
};

/* All zero at the start: one state, which is the pass's. */
struct model_states {
	struct model_state *at; /* the slot of the one in use is empty */
	size_t count, used, room;
	struct hash_index index; /* of the models */
};

/* Switches the pass to a model's state, which starts at an instant if it is new. 0: the first one. */
void model_states_use(struct model_states *l, struct pass *pass, name_id model, int64_t at_ns);
/* Ends all states but the first, which is the pass's from then on and has the sums of all. */
int model_states_close(struct model_states *l, struct pass *pass, flight_leave *leave, struct fault *why);

#endif
