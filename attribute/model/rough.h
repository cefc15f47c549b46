/*
 * rough.h: what requests and windows say, where no steps are logged, of how long a pool's work takes. Private to
 * attribute/. Kept beside the steps' cells in the fits, by the same keys: model, GPU, GPUs per replica, role, day.
 *
 * Everything kept is a sum of integers, so that it does not depend on the order of replicas, on threads or on machines.
 * Rows are of relative errors: each term over the row's time, rounded to a multiple of a power of two.
 *
 * For the block bootstrap rows are cut into blocks of time, and each block of each replica goes to one of
 * ROUGH_BUCKETS buckets by a hash with a fixed seed. Buckets are what is drawn anew: they add up over replicas, files and
 * machines, and their number bounds the memory.
 */
#ifndef ATTRIBUTE_ROUGH_H
#define ATTRIBUTE_ROUGH_H

#include <stdbool.h>
#include <stdint.h>

#include "attribute/model/counted.h"
#include "attribute/model/rebuilt.h"
#include "attribute/model/rules.h"
#include "core/exact.h"
#include "core/text.h"

#define ROUGH_TERMS 4
#define ROUGH_PRODUCTS (ROUGH_TERMS * (ROUGH_TERMS + 1) / 2)
#define ROUGH_SUMS (ROUGH_PRODUCTS + ROUGH_TERMS)
#define ROUGH_BUCKETS 32

/* What the rows of a fit say the time of. */
enum rough_kind {
	ROUGH_STEP,   /* a decode step alone: by 1, sequences, context tokens (of many steps at a time) */
	ROUGH_PROMPT, /* steps that compute a prompt: by 1, prompt tokens, sequences, context tokens */
	ROUGH_LIFE,   /* a request whose first token is not logged: by 1, prompt, output tokens */
	ROUGH_WINDOW, /* a window that was busy throughout: by prompt tokens, decode steps, output tokens */
	ROUGH_KINDS
};

struct rough_rows {
	int64_t rows;
	int128 sums[ROUGH_SUMS]; /* upper triangle of products by rows, then the terms */
};

/* Sums of what was done, over which the fits are used; those marked / are multiples of 1 / ROUGH_UNIT. */
#define ROUGH_UNIT ((int64_t)1 << 20)
enum rough_total {
	/* of windows with tokens */
	TOTAL_WINDOWS, TOTAL_WINDOW_NS, TOTAL_PROMPT, TOTAL_STEPS /**/, TOTAL_OUTPUT, TOTAL_MIXED_STEPS /**/,
	TOTAL_GAUGES /**/, /* of windows busy throughout: how far the mean of two gauges is from either, of the mean */
	/* of time in which requests' prompts are computed beside sequences: ns, and over it steps, prompt tokens, steps x
	 * sequences, steps x context */
	TOTAL_BOTH_NS, TOTAL_BOTH_STEPS /**/, TOTAL_BOTH_TOKENS /**/, TOTAL_BOTH_SEQUENCES /**/, TOTAL_BOTH_CONTEXT /**/,
	/* of requests whose first token is not logged */
	TOTAL_LIVES, TOTAL_LIFE_PROMPT, TOTAL_LIFE_OUTPUT,
	ROUGH_TOTALS
};

struct rough {
	struct rough_rows buckets[ROUGH_KINDS][ROUGH_BUCKETS];
	int128 totals[ROUGH_TOTALS];
	struct rebuilt *rebuilt; /* of requests; NULL: nothing was rebuilt */
	struct counted *counted; /* of windows whose engine counts steps; NULL: none */
};

void rough_free(struct rough *r);
struct rebuilt *rough_rebuilt(struct rough *r);
struct counted *rough_counted(struct rough *r);

/* The bucket of a replica's block: `block_ns` long, the one in which `at_ns` lies. */
unsigned rough_bucket(struct text replica, int64_t at_ns, int64_t block_ns);

/* Adds a row: the sum of x times coefficients is ns (> 0, else it is left out, as is what no engine can have done). */
void rough_add(struct rough *r, enum rough_kind kind, unsigned bucket, const double x[ROUGH_TERMS], int64_t ns);
/* Adds to a total, in whole units; and in parts of ROUGH_UNIT. */
void rough_count(struct rough *r, enum rough_total total, int64_t units);
void rough_count_part(struct rough *r, enum rough_total total, double units);
void rough_join(struct rough *to, const struct rough *from);
/* Terms over time are kept in multiples of 2^-this. */
int rough_bits(enum rough_kind kind, int term);
int64_t rough_rows_of(const struct rough *r, enum rough_kind kind);

/* ---- the models made of them ---- */

enum rough_origin {
	ROUGH_OWN,   /* rows of the pool on the day, the day before and the day after */
	ROUGH_ROLES, /* of pools of the same model and GPUs in other roles too: its own are too few */
	ROUGH_PRIOR, /* no row: proportions that hold for GPUs of today */
	ROUGH_ORIGINS
};

struct rough_model {
	double ns[ROUGH_KINDS][ROUGH_TERMS];
	int64_t rows[ROUGH_KINDS];
	enum rough_origin origin; /* of the windows' coefficients */
	/* One standard deviation: of a window's split, of its lesser phase; of how long a window was busy that was not busy
	 * throughout, of that; of prefill's share of time with both phases; of prefill's and of decode's time where
	 * first tokens are not logged, of that. */
	double window_share_sd, window_time_sd, both_share_sd, life_prompt_sd, life_output_sd;
	double drawn_window, drawn_both, drawn_life; /* what the bootstrap found, for the model report */
	bool has_rebuilt;
	struct rebuilt_model rebuilt;
	bool has_counted;
	struct counted_model counted;
};

/* What there is of the day, and of the days beside it; `roles`: with pools of other roles. NULL: nothing. */
struct rough_sources {
	const struct rough *day;                 /* requests are fitted by their own day */
	const struct rough *days[3];             /* windows: the day before, the day, the day after */
	const struct rough *others[3 * 2];       /* the same days of other roles */
	double ridge_ntok;                       /* tokens whose arithmetic takes as long as reading the weights */
};

void rough_solve(const struct rough_sources *s, struct rough_model *m);

/* What a window did, as the fit counts it; `mixed`: how many of the steps computed prompts too. */
struct rough_work {
	double prompt, steps, output, mixed;
};
/* How long that takes, ns; and prefill's share of it, by a rule. */
double rough_window_ns(const struct rough_model *m, const struct rough_work *k);
double rough_window_share(const struct rough_model *m, const struct rough_work *k, enum rule rule);

#endif
