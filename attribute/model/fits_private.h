/* fits_private.h: what fits.c, solve.c and fits_text.c share; others use fits.h. */
#ifndef ATTRIBUTE_FITS_PRIVATE_H
#define ATTRIBUTE_FITS_PRIVATE_H

#include <pthread.h>

#include "attribute/model/step_bins.h"
#include "attribute/model/fits.h"
#include "attribute/model/aggregates.h"
#include "core/digest.h"
#include "core/files/spool.h"
#include "core/model/roofline.h"

struct fit {
	struct fit_key key;
	struct step_bins bins; /* its part in memory; the rest is in the spool */
	int64_t unfit;      /* steps that bins_add_step left out */
	uint64_t used;      /* when it was added to last */
	bool by_steps;      /* there are steps of it, or it was used to split some */
	bool without_sums, uses_sums; /* fits_note_sums */
	bool own;           /* model was fitted to its own bins */
	int64_t taken_from_ns; /* a model of an adjacent day: that day */
	struct rank_rule ranks; /* of engines in lock-step; pairs are 0: none, RULES_DIFFER: several */
	struct step_model model;
	struct proportions *proportions; /* computed when first needed */
	struct aggregates *aggregates;             /* sums over requests and windows; NULL: none */
	struct aggregate_model *aggregate_model; /* computed when first needed */
};

#define RULES_DIFFER (-1)

/* Fits with bins in memory at once. */
#define FITS_OPEN_MAX 16

/*
 * Bins of few fits are held in memory at once, those added to last; others go to a spool, from which all bins of one
 * fit are read together. So memory does not grow with days and pools, except for the models themselves and the sums
 * over requests and windows (32 KiB for each day and pool that has them, 100 more for rebuilt steps, 30 for windows
 * with counts).
 */
struct attribution_fits {
	struct names *names;
	const struct fleet *fleet; /* with descriptions of models, for those without steps; NULL: none */
	struct fit **list; /* in order of arrival */
	size_t count, room;
	uint32_t *slots; /* hash table: 1 + number in list */
	size_t slot_count;
	struct fit *last; /* cache: most steps have the same key as the previous one */
	struct fit *opened[FITS_OPEN_MAX]; /* fits with bins in memory */
	size_t open;
	uint64_t clock;
	struct spool *spool; /* NULL: not used yet */
	struct gpu_catalogue *cards; /* what is published about GPUs; NULL: not needed yet */
	bool sealed, solved;
	pthread_mutex_t lock; /* guards the models, which several threads may read once they are solved */
	int failed;          /* a negative error of the spool, returned by the next function that can return one */
	struct fault why;
};

/* The fit of a key, created if there is none yet. */
struct fit *fits_of(struct attribution_fits *f, const struct fit_key *key);

/* The bins of a fit, to be added to. */
struct step_bins *fits_bins(struct attribution_fits *f, struct fit *fit);

/* Calls `take` for each fit with all its bins, in the order of fits_sorted. The bins are freed when it returns. */
typedef void fits_visitor(void *context, struct fit *fit, const struct step_bins *bins);
int fits_each(struct attribution_fits *f, fits_visitor *visit, void *context, struct fault *why);

/* All fits in a fixed order: by texts of model and gpu, then GPUs, role and day. Allocated; the caller frees. */
struct fit **fits_sorted(const struct attribution_fits *f);

/*
 * fits_text.c: the hash of the lines that attribution_fits_write writes for a fit with these bins, without its first
 * line.
 */
void fit_hash(const struct fit *fit, const struct step_bins *c, char hash[DIGEST_HEX_MAX]);

/*
 * Fits the model to the bins. False if they are too few or do not determine how time depends on the batch; then *m
 * has the numbers of steps only.
 */
bool bins_solve(const struct step_bins *c, struct step_model *m);

#endif
