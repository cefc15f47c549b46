/*
 * segment.h: periods within which no key of an entry changes: the hour, the rate, the list price, what is paid, the
 * requested period. Private to attribute/.
 */
#ifndef ATTRIBUTE_SEGMENT_H
#define ATTRIBUTE_SEGMENT_H

#include "attribute/fleet/fleet.h"

struct segment {
	int64_t from_ns, to_ns; /* half-open */
	int64_t slot_ns;        /* of its entries */
	int64_t rate_nano;      /* per GPU-hour, or -1 */
	bool wanted;            /* in the requested period */
	bool paid;              /* the pool has no uptime, or is up */
	int64_t pool_gpus;      /* of the whole pool; 0 without uptime */
};

/* The segment of a pool (NULL: none) in which an instant lies. */
void segment_at(const struct attribute_options *o, const struct pool *p, int64_t at_ns, struct segment *out);
/* The same; `at_hand` is a segment of the same options and pool, and usually the one. */
void segment_again(const struct attribute_options *o, const struct pool *p, int64_t at_ns, const struct segment *at_hand,
                   struct segment *out);

#endif
