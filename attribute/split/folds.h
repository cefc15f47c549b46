/*
 * folds.h: cross-validation of the step model: a tenth of the steps is left out at a time and predicted. Private to
 * attribute/.
 */
#ifndef ATTRIBUTE_FOLDS_H
#define ATTRIBUTE_FOLDS_H

#include "attribute/model/fits.h"

#define FOLDS 10

enum fold_kind { FOLD_PROMPTS, FOLD_SEQUENCES, FOLD_BOTH, FOLD_KINDS };

struct folds {
	struct attribution_fits *fits[FOLDS]; /* each fitted to all steps but a tenth */
	bool predict;                         /* they are fitted, and predict the tenth that each has not seen */
	/* steps of this period are predicted; others are read only for the models */
	int64_t from_ns, to_ns;
	struct fold_sums {
		int64_t steps;
		double ns, more_ns, off_ns; /* measured; predicted minus measured, signed and absolute */
	} of[FOLD_KINDS];
};

void folds_init(struct folds *f, struct names *names, int64_t from_ns, int64_t to_ns);
void folds_release(struct folds *f);

/* A step, of the kind of pass in `predict`. */
void folds_add_step(struct folds *f, const struct fit_key *key, const struct fit_step *s, int64_t at_ns);

/* Between the passes. */
int folds_solve(struct folds *f, struct fault *why);

/* The same in one sentence, for mixed steps; false if none was predicted. */
bool folds_sentence(const struct folds *f, char *out, size_t size);

void folds_print(const struct folds *f, FILE *out);

#endif
