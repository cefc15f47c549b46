/* passes.h: the passes through all replicas' evidence, each from its first item to its last. Private to attribute/. */
#ifndef ATTRIBUTE_PASSES_H
#define ATTRIBUTE_PASSES_H

#include "attribute/evidence/replicas.h"
#include "attribute/split/pass.h"

struct passes {
	enum pass_purpose purpose;
	enum fit_part part; /* of PASS_FIT */
	const struct accounts_common *common;
	struct attribution_fits *fits;
	struct quality *quality;
	struct evidence *evidence; /* sealed, as the replicas of it */
	const struct replicas *replicas;
};

/* Over the replicas from the one of this number to before another. */
struct passes_range {
	name_id from, to;
	uint64_t items;
};

/* What a range found, to be added up over ranges. */
struct passes_found {
	int64_t duplicates;
	bool substituted[SUBSTITUTES];
};
int passes_range(const struct passes *ws, const struct passes_range *range, struct passes_found *found, struct fault *why);

/* *duplicates: the number of items of the period that were duplicates. */
int passes_run(const struct passes *ws, int64_t *duplicates, struct fault *why);

#endif
