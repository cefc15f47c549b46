/* capacity.h: what was paid for, against what the logs tell of. Private to attribute/. */
#ifndef ATTRIBUTE_CAPACITY_H
#define ATTRIBUTE_CAPACITY_H

#include "attribute/postings.h"
#include "attribute/segment.h"

struct capacity;

struct capacity *capacity_new(const struct attribute_options *o);
void capacity_free(struct capacity *c);

/* A replica told of so much GPU time in a segment. Kept only for pools with uptime. */
void capacity_observed(struct capacity *c, const struct pool *p, const struct segment *s, int64_t gpu_ns);

/*
 * Posts what pools were up for and no log tells of, as unobserved time of no replica, from the
 * earliest to the latest uptime. Warns where logs tell of more than was paid for.
 */
int capacity_post(struct capacity *c, struct entries *entries, const struct names *names, struct quality *quality,
                  struct fault *why);

#endif
