/* replay.h: the split of time by steps that are rebuilt from requests' instants. Private to attribute/. */
#ifndef ATTRIBUTE_REPLAY_H
#define ATTRIBUTE_REPLAY_H

#include "attribute/split/walk.h"

/* By what a replica's steps of a day are rebuilt. */
struct replay {
	const struct rebuilt_model *by;
	const struct step_model *model; /* of it, or of replicas alike that log steps */
	bool borrowed;
};

/*
 * Posts the next step, or time without one, from the walk's cursor on, and moves it. `known_ns`: all that happens before is known;
 * `last`: and no more comes. Returns 1, 0 if that is not enough to say, or a negative error. The flight has been advanced to the cursor.
 */
int replay_next(struct walk *w, const struct replay *y, int64_t known_ns, bool last, struct fault *why);

#endif
