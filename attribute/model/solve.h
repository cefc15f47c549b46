/*
 * solve.h: shared by solve*.c and forms.c, which fit a step model to bins. Private to attribute/model/.
 */
#ifndef ATTRIBUTE_SOLVE_H
#define ATTRIBUTE_SOLVE_H

#include "attribute/model/step_bins.h"

/*
 * Terms that the model does not have, and other forms of it do: a prompt without sequences in its step, and the time of sequences' contexts beyond NEAR_NTOK together with a prompt.
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
	double sums[BIN_SUMS]; /* the bin's, without their scale */
	struct batch mean;
};

/* Samples with the same parts of terms are of one class. */
#define SAMPLE_CLASSES ((HINGE_COUNT + 1) * 4 * 2 * 2)
int sample_class(const struct sample *a);

struct solve {
	struct sample *samples;
	size_t count;
	struct step_model *model;
	double gram[FORM_TERMS][FORM_TERMS], moment[FORM_TERMS];
	double steps, squares; /* weighted number of kept steps; sum of their squared relative errors */
};

/*
 * Sums of a class in the model's terms. Terms have few parts and some have none: those are left out, which changes no bit
 * of the sums.
 */
struct expanded {
	int terms[FORM_TERMS]; /* those with parts */
	int count;
	double gram[FORM_TERMS][FORM_TERMS], moment[FORM_TERMS]; /* by the place in that list */
};

/* Sets what follows from the bin and its kind. */
void sample_set(struct sample *a);

/* A term as a sum over the bin's own: part[0] of 1 + part[1] of n ... */
void solve_parts(const struct sample *a, const struct step_model *m, double parts[FORM_TERMS][BIN_TERMS]);

/* The sum of terms times coefficients, as factors of the bin's own terms. */
void solve_factors(const struct sample *a, const struct step_model *m, double factors[BIN_TERMS]);

/* The normal equations of sums in the model's terms, all of the class of a sample; their error at x is x'Gx - 2 m'x + steps. */
void solve_expand(const struct sample *a, const double sums[BIN_SUMS], const struct step_model *m, struct expanded *out);

/* Adds the column of near contexts to those of contexts, in normal equations of `count` terms: it costs as much then. */
void solve_join_near(double *gram, double *moment, int count);

/* The inverse for the terms in use; `gram` is changed. */
void solve_invert(double gram[TERMS][TERMS], const double ns[TERMS], double inverse[TERMS][TERMS]);

/* Least squares with some of the terms only; the sum of squared relative errors. */
double solve_with(const struct solve *s, const bool terms[FORM_TERMS], double ns[FORM_TERMS]);

/* Fits other forms to the same sums and measures how far they are from the model, into form_share_sd. */
void forms_compare(struct solve *s);

#endif
