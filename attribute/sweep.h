/* sweep.h: what replicas that log requests only say of their decode steps. Private to attribute/. */
#ifndef ATTRIBUTE_SWEEP_H
#define ATTRIBUTE_SWEEP_H

#include "core/names.h"

/* By replica, collected by the sweep's first pass and used by its second one. */
struct sweep_fits;

struct sweep_fits *sweep_fits_new(void);
void sweep_fits_free(struct sweep_fits *f);

#endif
