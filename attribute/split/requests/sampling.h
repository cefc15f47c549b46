/* sampling.h: which requests of a day are rebuilt as steps, for the fit. Private to attribute/split/requests/. */
#ifndef ATTRIBUTE_SAMPLING_H
#define ATTRIBUTE_SAMPLING_H

#include "attribute/model/rebuild/rebuild.h"
#include "attribute/split/pass.h"

/* All zero at the start; released by rebuild_release of the sample. */
struct sampling {
	struct rebuild sample; /* requests of the current batch */
	int64_t day_ns, batches, sampled; /* sampled: requests of the current batch */
};

/* Adds a request, in the order of time; batches that are full are fitted. */
void sampling_add(struct sampling *st, struct pass *pass, const struct request_item *q);
/* Fits the last batch of the day. */
void sampling_end_day(struct sampling *st, struct pass *pass);

#endif
