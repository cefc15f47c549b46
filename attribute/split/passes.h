/* passes.h: the passes through all replicas' evidence, one replica after the other. Private to attribute/. */
#ifndef ATTRIBUTE_PASSES_H
#define ATTRIBUTE_PASSES_H

#include "attribute/evidence/replicas.h"
#include "attribute/split/pass.h"

struct passes {
	enum pass_purpose purpose;
	const struct accounts_common *common;
	struct attribution_fits *fits;
	struct quality *quality;
	struct evidence *evidence; /* sealed, as the replicas of it */
	const struct replicas *replicas;
};

/* *duplicates: the number of items of the period that were duplicates. */
int passes_run(const struct passes *ws, int64_t *duplicates, struct fault *why);

#endif
