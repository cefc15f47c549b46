/* replay.h: the split of time by steps that are rebuilt from requests' instants. Private to attribute/. */
#ifndef ATTRIBUTE_REPLAY_H
#define ATTRIBUTE_REPLAY_H

#include "attribute/model/rebuild.h"
#include "attribute/split/pass.h"

/* By what a replica's steps of a day are rebuilt. */
struct replay {
	const struct rebuilt_model *by;
	const struct step_model *model; /* of it, or of replicas alike that log steps */
	bool borrowed;
};

/* Requests of which it is not known yet when they were scheduled; all zero at the start. */
struct replay_queue {
	struct guess guess;
	int64_t decided_ns; /* those with a first token up to here are known */
	/* arrivals of those that came in, in order; the first one is that of the first that is not known */
	struct replay_arrival {
		int64_t at_ns;
		bool decided;
	} * arrivals;
	size_t first, count, room;
	int64_t passed; /* how many have come in */
	struct guess_request *list; /* of one step */
	struct active **actives;
	size_t list_room;
};
void replay_release(struct replay_queue *q);

/* A request comes in whose scheduling is to be guessed. */
void replay_enqueue(struct replay_queue *q, struct flight *f, struct active *a);
/* All that happens before an instant has come in: those with a first token before it are decided. Returns up to when all is known. */
int64_t replay_decide(struct replay_queue *q, struct pass *pass, const struct replay *y, int64_t known_ns);

/*
 * Posts the next step, or time without one, from the pass's cursor on, and moves it. `known_ns`: all that happens
 * before is known; `last`: and no more comes. Returns 1, 0 if that is not enough to decide, or a negative error. The
 * flight has been advanced to the cursor.
 */
int replay_next(struct pass *pass, const struct replay *y, int64_t known_ns, bool last, struct fault *why);

#endif
