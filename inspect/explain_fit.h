/* explain_fit.h: the step models stored in a ledger, and their evaluation for a step, to be checked by hand. */
#ifndef INSPECT_EXPLAIN_FIT_H
#define INSPECT_EXPLAIN_FIT_H

#include "core/model/rank_batch.h"
#include "core/record.h"
#include "ledger/ledger.h"

struct kept_fits;

/* Those of the days that a period touches. The caller frees. */
int kept_fits_read(struct kept_fits **out, struct ledger *l, int64_t from_ns, int64_t to_ns, struct fault *why);
void kept_fits_free(struct kept_fits *k);

/* Prints those of a model (empty: all), at most this many; returns their number. */
size_t kept_fits_print(const struct kept_fits *k, struct text model, size_t max);

/* Prints those of a model and a day, one line each. */
void kept_fits_list(const struct kept_fits *k, struct text model, int64_t day_ns);

/* Does a model of a day split steps that were rebuilt from requests? */
bool kept_fits_rebuilt(const struct kept_fits *k, struct text model, int64_t day_ns);

/*
 * The number of ranks in lock-step whose batches decide how a step is split: 1 if it is that of its replica alone.
 * *rule: how they do; pairs are 0 if that is not kept.
 */
int64_t kept_fits_ranks(const struct kept_fits *k, const struct record *r, int64_t gpus, struct rank_rule *rule);
/*
 * Prints how a step of both phases is split by its day's model and the rule. False if there is nothing to split, or
 * not exactly one model. `others`: of the other ranks in the step; NULL: not known.
 */
bool kept_fits_split(const struct kept_fits *k, const struct record *r, const char *rule, int64_t gpus, const struct rank_others *others);

#endif
