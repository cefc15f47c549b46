/* bundles.h: several bundles read as one, by replica. Private to shard/. */
#ifndef SHARD_BUNDLES_H
#define SHARD_BUNDLES_H

#include "core/heap.h"
#include "core/files/bundle.h"

struct bundles {
	struct bundle **at;
	struct bundle_part *next; /* the next part in each */
	int64_t count, room;
	struct heap ahead; /* those with a next part, by replica */
};

/* At most `room` bundles; raises the limit of open files. */
void bundles_init(struct bundles *b, int64_t room);
void bundles_release(struct bundles *b);
/* Adds a bundle, which is closed with the others, also on an error. */
int bundles_add(struct bundles *b, struct bundle *bundle, struct fault *why);
/* The bundle with the first part of all: it is taken out until bundles_advance. False if there is none. */
bool bundles_first(struct bundles *b, int64_t *i);
/* Its replica, without taking it out. */
bool bundles_ahead(const struct bundles *b, struct text *replica);
int bundles_advance(struct bundles *b, int64_t i, struct fault *why);

#endif
