/*
 * accounts_energy.h: the energy of a segment, by what its time went to: from power samples, and for time
 * without samples from the fleet's watts. Private to attribute/.
 */
#ifndef ATTRIBUTE_ACCOUNTS_ENERGY_H
#define ATTRIBUTE_ACCOUNTS_ENERGY_H

#include "attribute/split/accounts.h"

/* Counts a stretch of one use (an entry_kind, or ENTRY_KINDS where uses are not distinguished). */
int accounts_energy_count(struct accounts *a, int use, int64_t from_ns, int64_t to_ns, struct fault *why);

/* Of busy time: prefill and decode have it as they have the time. */
int accounts_energy_busy(struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t prefill_ns, int64_t decode_ns,
                         struct fault *why);

/* Shares what was counted over the segment's postings, and starts again. */
void accounts_energy_post(struct accounts *a);

#endif
