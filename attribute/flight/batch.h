/*
 * batch.h: the batch of a step, completed by what requests show; and of a step of several ranks. Private to attribute/.
 */
#ifndef ATTRIBUTE_BATCH_H
#define ATTRIBUTE_BATCH_H

#include "attribute/evidence/ranks.h"
#include "attribute/flight/flight.h"
#include "core/model/step_model.h"

struct known_batch {
	struct batch batch;
	bool attention_known, context_known;
};

/* The batch of a step; known: are attention and contexts measured, or explained by requests? */
void batch_of_step(const struct flight *f, const struct step_item *s, struct batch *out, bool *attention_known, bool *context_known);

/* A batch, and what it would be without its sequences, and without its chunks. */
struct batches {
	struct batch whole, chunks, decoders;
};

struct batches batches_of(const struct batch *b);

/*
 * The same of a step of several ranks, of one rank's batch: those of the others remain. The tokens are the mean of
 * those of all ranks (experts) and of the rank with the most (its own products); attention is that of the slowest rank,
 * and the step counts as one with a chunk beside sequences if that rank has both.
 */
struct batches batches_of_rank(const struct batch *b, const struct rank_others *o);

#endif
