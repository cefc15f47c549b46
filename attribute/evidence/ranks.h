/*
 * ranks.h: replicas that are ranks of one engine in lock-step (data-parallel ranks with shared experts): each step
 * begins and ends on all of them together, so its time depends on the batches of all. Private to attribute/.
 */
#ifndef ATTRIBUTE_RANKS_H
#define ATTRIBUTE_RANKS_H

#include "attribute/evidence/evidence.h"

struct ranks;

struct ranks *ranks_new(const struct names *names);
void ranks_free(struct ranks *r);

/* Adds a rank of an engine (a number other than 0). */
void ranks_add(struct ranks *r, name_id replica, uint32_t engine);
/* All are added: reads their steps. */
int ranks_read(struct ranks *r, struct evidence *e, struct fault *why);

/* The number of ranks in the engine of a replica; 1: it is no rank. */
int64_t ranks_count(const struct ranks *r, name_id replica);

/* May two steps be one step of an engine? Their begins, or their ends, differ by no more than clocks do. */
int64_t ranks_tolerance_ns(int64_t duration_ns);

/* The batch of one rank; contexts that steps do not report are 0. */
struct rank_batch {
	int64_t prefill_tokens, decode_tokens;
	int64_t prefill_token_kv, prefill_kv_tokens, decode_kv_tokens;
};

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

/* A reading of the others' batches for one replica. */
struct rank_reader;
int rank_reader_new(struct rank_reader **out, const struct ranks *r, name_id replica, struct fault *why);
void rank_reader_free(struct rank_reader *r);
/* For a step that begins at `at_ns`; steps come in the order of time. */
int rank_reader_step(struct rank_reader *r, int64_t at_ns, struct rank_others *out, struct fault *why);

#endif
