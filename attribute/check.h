/*
 * check.h: what lesser evidence would have said of replicas that have steps: the tool's own measure of how far off
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
	struct quality *stated;        /* takes what it comes to, in one sentence; or NULL */
};

/*
 * Goes through the evidence again, as if requests, then windows, were all there is of replicas that also have steps,
 * and prints how far their prefill and decode are from what was posted. Nothing is posted.
 */
int check_print(const struct check *c, FILE *out, struct fault *why);

#endif
