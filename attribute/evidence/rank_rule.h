/*
 * rank_rule.h: how a joint step of ranks in lock-step depends on the batches of its ranks, found from a sample of the
 * steps of one engine and day. Private to attribute/.
 */
#ifndef ATTRIBUTE_RANK_RULE_H
#define ATTRIBUTE_RANK_RULE_H

#include <stddef.h>

#include "core/model/rank_batch.h"

/* At most this many steps are sampled: evenly, the same for any order of logs. */
#define RANK_SAMPLE_STEPS 2048

struct rank_sample;

struct rank_sample *rank_sample_new(void);
void rank_sample_free(struct rank_sample *s);
void rank_sample_clear(struct rank_sample *s);

/* Begins a joint step of `duration_ns`; adds a rank's batch to it. */
void rank_sample_step(struct rank_sample *s, int64_t duration_ns);
void rank_sample_add(struct rank_sample *s, const struct rank_batch *b);

/* The rule with the smallest error; with few steps, or if it makes no difference, a common one. The sample is used up. */
struct rank_rule rank_rule_find(struct rank_sample *s);

#endif
