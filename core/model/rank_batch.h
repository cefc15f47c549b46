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

/* How a joint step depends on the batches of its ranks; found from the steps of a day (attribute/evidence/rank_rule.h). */
#define RANK_PARTS 16
struct rank_rule {
	int32_t pairs;  /* tokens x context of a prompt's attention that take the time of a token of a sequence's context */
	int32_t token;  /* tokens of contexts that take the time of the products that each rank computes of a token */
	int32_t shared; /* the weight of all ranks' tokens, in sixteenths: the rest is that of the slowest rank's */
};

/* What a rank's own part of the step takes, in tokens of contexts: the slowest rank has the most. */
double rank_slowness(const struct rank_rule *rule, const struct rank_batch *b);

/* The tokens of a joint step. */
int64_t rank_ntok(const struct rank_rule *rule, int64_t all_ntok, const struct rank_batch *slowest);

/* The batches of the other ranks in a step. All 0: there are none. */
struct rank_others {
	int64_t prefill_tokens, decode_tokens; /* of all of them */
	struct rank_batch slowest;
	struct rank_rule rule;
	int64_t slowest_unequal_kv; /* its contexts, if all were as long as the longest; filled in by the reader's caller */
	bool counted; /* the fit counts this step for another rank */
};

bool rank_others_any(const struct rank_others *o);

/* Adds a rank's batch to the others'. */
void rank_others_add(struct rank_others *o, const struct rank_batch *b);

/* A batch, and what it would be without its sequences, and without its chunks. */
struct phase_batches {
	struct batch whole, chunks, decoders;
};

/*
 * The same of a step of several ranks, of one rank's batch: those of the others remain. The tokens are a mean of
 * those of all ranks (experts) and of the slowest (its own products); attention is that of the slowest rank, and the
 * step counts as one with a chunk beside sequences if that rank has both.
 */
struct phase_batches batches_of_rank(const struct batch *b, const struct rank_others *o);

#endif
