/* batch.h: the batch of a step, completed by what requests show. Private to attribute/. */
#ifndef ATTRIBUTE_BATCH_H
#define ATTRIBUTE_BATCH_H

#include "attribute/evidence/ranks.h"
#include "attribute/flight/flight.h"

/* The batch of a step; known: are attention and contexts measured, or explained by requests? */
void batch_of_step(const struct flight *f, const struct step_item *s, struct batch *out, bool *attention_known, bool *context_known);

#endif
