/*
 * accounts_energy.h: the energy of a segment by use of its time: from power samples, and for time without samples
 * from the fleet's watts. Private to attribute/.
 */
#ifndef ATTRIBUTE_ACCOUNTS_ENERGY_H
#define ATTRIBUTE_ACCOUNTS_ENERGY_H

#include "attribute/split/accounts.h"

/* Counts a stretch of one use (an entry_kind, or ENTRY_KINDS if uses are not distinguished). */
int accounts_energy_count(struct accounts *a, int use, int64_t from_ns, int64_t to_ns, struct fault *why);

/* Of busy time: shared by prefill and decode like the time. */
int accounts_energy_busy(struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t prefill_ns, int64_t decode_ns,
                         struct fault *why);

/* Shares the counted energy over the segment's postings, and resets. */
void accounts_energy_post(struct accounts *a);

#endif
