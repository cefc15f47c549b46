/*
 * check.h: how lesser evidence would have split replicas that have steps: the tool's own measure of how far off
 * grades C and D are. Private to attribute/.
 */
#ifndef ATTRIBUTE_CHECK_H
#define ATTRIBUTE_CHECK_H

#include "attribute/evidence/replicas.h"

struct check {
	struct evidence *evidence;
	const struct replicas *replicas;
	const struct attribute_options *options;
	struct attribution_fits *fits; /* in use */
	struct hits *hits;             /* likewise; see hits.h */
	const struct ranks *ranks;     /* replicas in lock-step; NULL: none */
	struct quality *stated;        /* receives the result in one sentence; or NULL */
};

/*
 * Reads the evidence again, as if replicas that have steps had only requests, then only windows, and prints how far
 * that prefill and decode differ from what was posted. Nothing is posted.
 */
int check_print(const struct check *c, FILE *out, struct fault *why);

#endif
