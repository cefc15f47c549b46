/*
 * ranks.h: replicas that are ranks of one engine in lock-step (data-parallel ranks with shared experts): each step
 * begins and ends on all of them together, so its time depends on the batches of all. Private to attribute/.
 */
#ifndef ATTRIBUTE_RANKS_H
#define ATTRIBUTE_RANKS_H

#include "attribute/evidence/evidence.h"
#include "core/model/rank_batch.h"

struct ranks;

struct ranks *ranks_new(const struct names *names);
void ranks_free(struct ranks *r);

/* Adds a rank of an engine (a number other than 0). */
void ranks_add(struct ranks *r, name_id replica, uint32_t engine);
/* All are added: reads their steps. */
int ranks_read(struct ranks *r, struct evidence *e, struct fault *why);

/* The number of ranks in the engine of a replica; 1: it is no rank. */
int64_t ranks_count(const struct ranks *r, name_id replica);

/* A reading of the others' batches for one replica. */
struct rank_reader;
int rank_reader_new(struct rank_reader **out, const struct ranks *r, name_id replica, struct fault *why);
void rank_reader_free(struct rank_reader *r);
/* For a step that begins at `at_ns`; steps come in the order of time. */
int rank_reader_step(struct rank_reader *r, int64_t at_ns, struct rank_others *out, struct fault *why);

#endif
