/*
 * replica_fits.h: what is learnt of a replica without steps in a first pass over its evidence, and used in the
 * second one. Private to attribute/. Each replica's is its own, so that the order of replicas does not matter.
 */
#ifndef ATTRIBUTE_REPLICA_FITS_H
#define ATTRIBUTE_REPLICA_FITS_H

#include <stdbool.h>

#include "core/names.h"

/* Normal equations of a small least squares fit with coefficients >= 0, of relative errors. */
#define SMALL_TERMS 4
struct small_fit {
	double gram[SMALL_TERMS * SMALL_TERMS], moment[SMALL_TERMS];
	int64_t rows;
};

/* Adds a row: sum of x times coefficients is y (> 0, else it is left out). */
void small_fit_add(struct small_fit *f, const double x[SMALL_TERMS], double y);
/* Adds a row that should be 0, as if y were `scale`, so many times. */
void small_fit_prefer(struct small_fit *f, const double x[SMALL_TERMS], double scale, double times);
/* Adds all rows of another fit. */
void small_fit_join(struct small_fit *to, const struct small_fit *from);
void small_fit_solve(const struct small_fit *f, double coefficients[SMALL_TERMS]);

struct replica_fit {
	/* Requests without steps, see sweep.c. */
	struct small_fit step;   /* a decode step alone, ns: by 1, sequences, context tokens */
	struct small_fit prompt; /* a step that computes prompts, ns: by 1, prompt tokens, sequences, context tokens */
	struct small_fit life;   /* a request's time, ns, where its first token is not logged: by 1, prompt, output tokens */
	double step_ns[SMALL_TERMS], prompt_ns[SMALL_TERMS], life_ns[SMALL_TERMS];
	/* Windows, see windows.c. */
	struct small_fit window; /* a window's time, ns: by prompt tokens, decode steps, output tokens */
	struct small_fit *window_blocks; /* the same, of runs of windows apart: for the bootstrap; NULL: none yet */
	double window_ns[SMALL_TERMS];
	double window_sd; /* standard deviation of a split, of the lesser phase */
	double window_prompt, window_steps, window_output; /* sums over windows with tokens */
	int64_t windows;
	bool solved;
};

struct replica_fits;

struct replica_fits *replica_fits_new(void);
void replica_fits_free(struct replica_fits *f);
/* The fit of a replica; it stays where it is until another one is asked for. */
struct replica_fit *replica_fits_of(struct replica_fits *f, name_id replica);

#endif
