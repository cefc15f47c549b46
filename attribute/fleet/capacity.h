/* capacity.h: paid GPU time compared with logged GPU time. Private to attribute/. */
#ifndef ATTRIBUTE_CAPACITY_H
#define ATTRIBUTE_CAPACITY_H

#include "attribute/fleet/segment.h"

struct capacity;

struct capacity *capacity_new(const struct attribute_options *o);
void capacity_free(struct capacity *c);

/* Adds logged GPU time of a replica in a slot at a rate. Stored only for pools with uptime. */
void capacity_observed(struct capacity *c, const struct pool *p, int64_t slot_ns, int64_t rate_nano, int64_t gpu_ns);

/* Adds all that `from` has. */
void capacity_merge(struct capacity *c, const struct capacity *from);

/*
 * Posts uptime of pools that no log covers as unobserved time of no replica. Warns if logs report more than was paid
 * for.
 */
int capacity_post_unobserved(struct capacity *c, entry_sink *sink, void *context, struct quality *quality, struct fault *why);

#endif
