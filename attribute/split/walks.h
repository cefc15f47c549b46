/* walks.h: the walks through all replicas' evidence, one replica after the other. Private to attribute/. */
#ifndef ATTRIBUTE_WALKS_H
#define ATTRIBUTE_WALKS_H

#include "attribute/evidence/replicas.h"
#include "attribute/split/walk.h"

struct walks {
	enum walk_purpose purpose;
	const struct accounts_common *common;
	struct attribution_fits *fits;
	struct quality *quality;
	struct evidence *evidence; /* sealed, as the replicas of it */
	const struct replicas *replicas;
};

/* *duplicates: how many items of the period stood there twice. */
int walks_go(const struct walks *ws, int64_t *duplicates, struct fault *why);

#endif
