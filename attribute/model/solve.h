/*
 * solve.h: shared by solve.c and forms.c, which fit a step model to bins. Private to attribute/model/.
 */
#ifndef ATTRIBUTE_SOLVE_H
#define ATTRIBUTE_SOLVE_H

#include "attribute/model/step_bins.h"

/*
 * Terms that the model does not have, and other forms of it do: a prompt without sequences in its step, and the time
 * of sequences' contexts beyond NEAR_NTOK together with a prompt.
 */
enum { FORM_PURE = TERMS, FORM_FAR, FORM_TERMS };

struct sample {
	const struct step_bin *bin;
	struct bin_kind kind;
	bool usable; /* has all terms of the model */
	bool kept;   /* not an outlier */
	bool far;    /* contexts of its sequences are beyond NEAR_NTOK */
	bool prompts_less; /* the attention of its prompts is less than that of its sequences */
	double weight;
	double ratio; /* mean of model / T */
};

struct solve {
	struct sample *samples;
	size_t count;
	struct step_model *model;
	double gram[FORM_TERMS][FORM_TERMS], moment[FORM_TERMS];
	double steps, squares; /* weighted number of kept steps; sum of their squared relative errors */
};

/* The mean batch of a bin. */
struct batch sample_batch(const struct sample *a);

/* Least squares with some of the terms only; the sum of squared relative errors. */
double solve_with(const struct solve *s, const bool terms[FORM_TERMS], double ns[FORM_TERMS]);

/* Fits other forms to the same sums and measures how far they are from the model, into form_share_sd. */
void forms_compare(struct solve *s);

#endif
