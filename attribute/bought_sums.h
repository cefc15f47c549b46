/* bought_sums.h: a warning about requests bought from vendors. Private to attribute/. */
#ifndef ATTRIBUTE_BOUGHT_SUMS_H
#define ATTRIBUTE_BOUGHT_SUMS_H

#include "attribute/attribute.h"
#include "attribute/split/hits.h"

/* Warns about a gateway's log that omits the vendor's cached tokens for over 1 % of prompts of a day (bought_post.h). */
void bought_state_unknown(const struct hits *unknown, const struct names *names, struct quality *q);

#endif
