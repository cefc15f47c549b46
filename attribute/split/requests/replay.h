/* replay.h: splits time by steps that are rebuilt from requests' instants. Private to attribute/. */
#ifndef ATTRIBUTE_REPLAY_H
#define ATTRIBUTE_REPLAY_H

#include "attribute/model/rebuild/rebuild.h"
#include "attribute/split/pass.h"

/* What a replica's steps of a day are rebuilt with. */
struct replay {
	const struct rebuilt_model *by;
	const struct step_model *model; /* of the replica, or of similar replicas that log steps */
	bool borrowed;
	double usual_attention; /* with one token of context, over the time of a token's products */
	double both_sd; /* of steps with both phases; if the model is borrowed, without what depends on the batch */
	double attention_sd_ns;          /* of its coefficient, in all */
	double attention_sd, context_sd; /* of coefficients, relative: what the fit leaves open */
};

/* When the model changes. */
void replay_set_sd(struct replay *y, bool borrowed);

/* Requests with a scheduling that is not known yet; all zero at the start. */
struct replay_queue {
	struct guess guess;
	int64_t decided_ns; /* those with a first token up to here are known */
	/* arrivals of all added requests, in order, from the first with an unknown scheduling on */
	struct replay_arrival {
		int64_t at_ns;
		bool decided;
	} * arrivals;
	size_t first, count, room;
	int64_t passed; /* number of added requests */
	struct guess_request *list; /* of one step */
	struct active **actives;
	size_t list_room;
};
void replay_release(struct replay_queue *q);

/* Adds a request with a scheduling to be guessed. */
void replay_enqueue(struct replay_queue *q, struct flight *f, struct active *a);
/*
 * All events before an instant were added: decides the requests with a first token before it. Returns up to when all
 * is known.
 */
int64_t replay_decide(struct replay_queue *q, struct pass *pass, const struct replay *y, int64_t known_ns);

/*
 * Posts the next step, or time without one, from the pass's cursor on, and moves the cursor. `known_ns`: all events
 * before it are known; `last`: and no more follow. Returns 1, 0 if that is not enough to decide, or a negative error.
 * The flight has been advanced to the cursor.
 */
int replay_next(struct pass *pass, const struct replay *y, int64_t known_ns, bool last, struct fault *why);

#endif
