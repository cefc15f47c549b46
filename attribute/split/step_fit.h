/* step_fit.h: what a step adds to the fits. Private to attribute/. */
#ifndef ATTRIBUTE_STEP_FIT_H
#define ATTRIBUTE_STEP_FIT_H

#include "attribute/flight/batch.h"
#include "attribute/model/fits.h"

/* A step that computes nothing. */
bool step_is_empty(const struct step_item *s);

/* A step, with the requests that are in flight, for its fit; false: it is left out. */
bool step_fit(const struct flight *f, const struct step_item *s, struct fit_step *out);

#endif
