/*
 * fits.h: statistics of steps, as sums that add up, and the models fitted to them. Private to attribute/; attribute.h
 * has the functions for other rooms.
 *
 * Everything stored is a sum of integers in bins of similar steps (by tokens, contexts and duration), so that it does
 * not depend on the order of steps, on threads or on machines, and outliers can be left out later, bin by bin.
 */
#ifndef ATTRIBUTE_FITS_H
#define ATTRIBUTE_FITS_H

#include "attribute/attribute.h"
#include "attribute/fleet/fleet.h"
#include "attribute/model/aggregates.h"
#include "core/model/rank_batch.h"
#include "core/model/step_model.h"

/* What one model is fitted for. */
struct fit_key {
	name_id model, gpu;
	int64_t gpus_per_replica;
	enum role role;
	int64_t day_ns; /* start of the UTC day in which the steps start */
};

/* One step: its batch, its duration (> 0), and whether A and K are known (measured or rebuilt). */
struct fit_step {
	struct batch batch;
	int64_t duration_ns;
	bool attention_known, context_known;
	const struct rank_rule *ranks; /* of an engine in lock-step, which is kept with the fit; NULL: of one server */
};

/* Adds a step. Memory is only allocated for a kind of step not seen before. */
void fits_add_step(struct attribution_fits *f, const struct fit_key *key, const struct fit_step *s);

/* The sums of requests and windows of a key. */
struct aggregates *fits_aggregates(struct attribution_fits *f, const struct fit_key *key);

/*
 * Notes that sums over some requests of a key are left out so far, or that its sums are used whatever else there is; and
 * whether sums are left out that are used. Before fits_solve.
 */
void fits_note_sums(struct attribution_fits *f, const struct fit_key *key, bool used);
bool fits_lack_sums(const struct attribution_fits *f);

/* An empty one with the same names and descriptions, for a separate thread. */
struct attribution_fits *fits_like(const struct attribution_fits *f);

/* Adds all of `from`, which shares the names. */
int fits_merge(struct attribution_fits *f, struct attribution_fits *from, struct fault *why);

/* Sets the fleet with descriptions of models, for those without steps to fit; it must live as long as the fits. */
void fits_describe(struct attribution_fits *f, const struct fleet *fleet);

/* Fits the models of all keys. Nothing may be added afterwards. What follows may be called by several threads. */
int fits_solve(struct attribution_fits *f, struct fault *why);

/*
 * The model for a key, after fits_solve: of the day's own steps; else of the day before, else of the day after, of
 * the same pool shape; else from what is published about the GPU (and the model, if the fleet file names its
 * description); else by tokens (each token the same), marked as such. Days further off are not used, so that a day's
 * entries depend only on what the book reads for them. Never NULL; lives as long as the fits.
 */
const struct step_model *fits_model(struct attribution_fits *f, const struct fit_key *key);

/* What is known about a key's model on its GPU before anything is measured. Never NULL; lives as long as the fits. */
const struct proportions *fits_proportions(struct attribution_fits *f, const struct fit_key *key);

/* The same from requests and windows, see aggregates.h. Never NULL. */
const struct aggregate_model *fits_aggregate_model(struct attribution_fits *f, const struct fit_key *key);

/* The step model of a key if it was fitted with contexts, to its own steps or those of an adjacent day; else NULL. */
const struct step_model *fits_fitted(struct attribution_fits *f, const struct fit_key *key);

/* All keys that have steps or were used to split some, in a fixed order (by texts, then day); for reports. */
size_t fits_keys(const struct attribution_fits *f, struct fit_key *out, size_t max);

/* The fits of a day as JSON (attribution_keep_fits). */
int fits_keep(struct attribution_fits *f, int64_t day_ns, fit_sink *sink, void *context, struct fault *why);

/*
 * Adds a finding for each model with over 1 % of a day's steps of impossible duration or size: most likely the log
 * counts time in another unit. After fits_solve.
 */
void fits_find_impossible(const struct attribution_fits *f, int64_t from_ns, int64_t to_ns, struct quality *quality);

/* Every fit of the days of a period with its coefficients: for --model-report. */
void fits_print(struct attribution_fits *f, int64_t from_ns, int64_t to_ns, FILE *out);

/* What steps take by the fits of a period (attribution_each_curve). 0, or what the sink returned. */
int fits_each_curve(struct attribution_fits *f, int64_t from_ns, int64_t to_ns, curve_sink *sink, void *context);

/* Every fit for use by other rooms (attribution_each_model). */
int fits_each_model(struct attribution_fits *f, fitted_sink *sink, void *context);

#endif
