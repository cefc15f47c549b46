/*
 * early_fits.h: statistics of steps, gathered while records arrive, so that the evidence need not be read for its fit.
 * Private to attribute/.
 *
 * Only where no other evidence matters: servers with steps and nothing else, of which none is reported twice: each is
 * later than the one before, or a reading has found none. Sums do not depend on the order (step_bins.h): the fits are the
 * same. In any other case what was gathered is left out, and the evidence is read.
 */
#ifndef ATTRIBUTE_EARLY_FITS_H
#define ATTRIBUTE_EARLY_FITS_H

#include "attribute/evidence/replicas.h"
#include "attribute/model/fits.h"

struct early_fits;

struct early_fits *early_fits_new(unsigned lanes);
void early_fits_free(struct early_fits *e);

/* Adds an item as it arrives; one thread per lane. */
void early_fits_add_item(struct early_fits *e, unsigned lane, const struct item *item);

/*
 * After replicas_seal: adds what was gathered to `fits`. False: not all of it is certain, nothing was added, and the
 * evidence is to be read. `once`: each record is known to be there once.
 */
bool early_fits_take(struct early_fits *e, const struct replicas *replicas, const struct attribute_options *o, bool once, struct attribution_fits *fits);

#endif
