/*
 * rank_batch.h: the batch of one step of an engine whose ranks run in lock-step (data-parallel ranks with shared
 * experts). See attribute/METHOD.md, "Ranks in lock-step".
 */
#ifndef CORE_MODEL_RANK_BATCH_H
#define CORE_MODEL_RANK_BATCH_H

#include "core/model/step_model.h"

/* The batch of one rank; contexts that steps do not report are 0. */
struct rank_batch {
	int64_t prefill_tokens, decode_tokens;
	int64_t prefill_token_kv, prefill_kv_tokens, decode_kv_tokens;
};

/* May two steps be one step of an engine? Their begins, or their ends, differ by no more than clocks do. */
int64_t ranks_tolerance_ns(int64_t duration_ns);

/* Which of two batches has the slower attention: > 0 the first, 0 both equal. */
int ranks_slower(const struct rank_batch *a, const struct rank_batch *b);

/* The batches of the other ranks in a step. All 0: there are none. */
struct rank_others {
	int64_t prefill_tokens, decode_tokens; /* of all of them */
	int64_t most_tokens;                   /* of one */
	struct rank_batch slowest;
	int64_t slowest_unequal_kv; /* its contexts, if all were as long as the longest; filled in by the reader's caller */
	bool counted; /* the fit counts this step for another rank */
};

/* Adds a rank's batch to the others'. */
void rank_others_add(struct rank_others *o, const struct rank_batch *b);

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
