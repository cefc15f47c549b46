/* fits_private.h: what fits.c, solve.c and fits_text.c share; others use fits.h. */
#ifndef ATTRIBUTE_FITS_PRIVATE_H
#define ATTRIBUTE_FITS_PRIVATE_H

#include "attribute/cells.h"
#include "attribute/fits.h"

struct fit {
	struct fit_key key;
	struct cells cells;
	int64_t unfit; /* steps that cells_take left out */
	bool solved;   /* model is that of the cells as they stand */
	struct step_model model;
};

struct attribution_fits {
	struct names *names;
	struct fit **list; /* in order of arrival */
	size_t count, room;
	uint32_t *slots; /* hash table: 1 + number in list */
	size_t slot_count;
	struct fit *last; /* most steps are of the same key as the one before */
};

/* The fit of a key, made where there is none yet. */
struct fit *fits_of(struct attribution_fits *f, const struct fit_key *key);

/* All fits in one order: by texts of model and gpu, then GPUs, role and day. Allocated; the caller frees. */
struct fit **fits_sorted(const struct attribution_fits *f);

/*
 * Fits the model to the cells. False if they are too few or say nothing of how time depends on the
 * batch; *m then has the numbers of steps only.
 */
bool cells_solve(const struct cells *c, struct step_model *m);

#endif
