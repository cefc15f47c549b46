/*
 * aggregates.h: sums over requests and windows, which cover many steps each, and the models fitted to them for
 * replicas that log no steps. Private to attribute/. Stored in the fits together with the steps' bins, under the same
 * keys: model, GPU, GPUs per replica, role, day.
 *
 * Everything stored is a sum of integers, so that it does not depend on the order of replicas, on threads or on
 * machines. Rows are of relative errors: each term over the row's time, rounded to a multiple of a power of two.
 *
 * For the block bootstrap rows are cut into blocks of time, and each block of each replica goes to one of
 * AGGREGATE_BUCKETS buckets by a hash with a fixed seed. The bootstrap draws buckets: they add up over replicas,
 * files and machines, and their number bounds the memory.
 */
#ifndef ATTRIBUTE_AGGREGATES_H
#define ATTRIBUTE_AGGREGATES_H

#include <stdbool.h>
#include <stdint.h>

#include "attribute/laws/counted.h"
#include "attribute/laws/gauged.h"
#include "attribute/model/rebuilt.h"
#include "attribute/laws/rules.h"
#include "core/exact.h"
#include "core/model/bootstrap.h"
#include "core/text.h"

#define AGGREGATE_TERMS 4
#define AGGREGATE_PRODUCTS (AGGREGATE_TERMS * (AGGREGATE_TERMS + 1) / 2)
#define AGGREGATE_SUMS (AGGREGATE_PRODUCTS + AGGREGATE_TERMS)
#define AGGREGATE_BUCKETS BOOTSTRAP_BUCKETS

/* What a row contains the time of. */
enum aggregate_kind {
	AGGREGATE_STEP,   /* a decode step alone: by 1, sequences, context tokens (of many steps at a time) */
	AGGREGATE_PROMPT, /* steps that compute a prompt: by 1, prompt tokens, sequences, context tokens */
	AGGREGATE_LIFE,   /* a request without a logged first token: by 1, prompt, output tokens */
	AGGREGATE_WINDOW, /* a window that was busy throughout: by prompt tokens, decode steps, output tokens */
	AGGREGATE_KINDS
};

struct aggregate_rows {
	int64_t rows;
	int128 sums[AGGREGATE_SUMS]; /* upper triangle of products by rows, then the terms */
};

/* Sums of the work to which the fits are applied; those marked / are multiples of 1 / AGGREGATE_UNIT. */
#define AGGREGATE_UNIT ((int64_t)1 << 20)
enum aggregate_total {
	/* of windows with tokens */
	TOTAL_WINDOWS, TOTAL_WINDOW_NS, TOTAL_PROMPT, TOTAL_STEPS /**/, TOTAL_OUTPUT, TOTAL_MIXED_STEPS /**/,
	/* of windows busy throughout: distance of the mean of two gauges from each, relative to the mean */
	TOTAL_GAUGES /**/,
	/*
	 * of time in which requests' prompts are computed together with sequences: ns, and over it steps, prompt
	 * tokens, steps x sequences, steps x context
	 */
	TOTAL_BOTH_NS, TOTAL_BOTH_STEPS /**/, TOTAL_BOTH_TOKENS /**/, TOTAL_BOTH_SEQUENCES /**/, TOTAL_BOTH_CONTEXT /**/,
	/* of requests without a logged first token */
	TOTAL_LIVES, TOTAL_LIFE_PROMPT, TOTAL_LIFE_OUTPUT,
	AGGREGATE_TOTALS
};

struct aggregates {
	struct aggregate_rows buckets[AGGREGATE_KINDS][AGGREGATE_BUCKETS];
	int128 totals[AGGREGATE_TOTALS];
	struct rebuilt *rebuilt; /* from requests; NULL: nothing was rebuilt */
	struct counted *counted; /* from windows of engines that count steps; NULL: none */
	struct gauged *gauged;   /* from windows with the number of running sequences at their ends; NULL: none */
};

void aggregates_free(struct aggregates *r);
struct rebuilt *aggregates_rebuilt(struct aggregates *r);
struct counted *aggregates_counted(struct aggregates *r);
struct gauged *aggregates_gauged(struct aggregates *r);

/* The bucket of a replica's block: `block_ns` long, the one in which `at_ns` lies. */
unsigned aggregates_bucket(struct text replica, int64_t at_ns, int64_t block_ns);

/* Adds a row: the sum of x times coefficients is ns (> 0, else it is left out, like impossible rows). */
void aggregates_add(struct aggregates *r, enum aggregate_kind kind, unsigned bucket, const double x[AGGREGATE_TERMS], int64_t ns);
/* Adds to a total, in whole units; and in parts of AGGREGATE_UNIT. */
void aggregates_count(struct aggregates *r, enum aggregate_total total, int64_t units);
void aggregates_count_part(struct aggregates *r, enum aggregate_total total, double units);
void aggregates_join(struct aggregates *to, const struct aggregates *from);
/* Terms over time are kept in multiples of 2^-this. */
int aggregates_bits(enum aggregate_kind kind, int term);
int64_t aggregates_rows_of(const struct aggregates *r, enum aggregate_kind kind);

/* ---- the models fitted to them ---- */

enum aggregate_origin {
	AGGREGATE_OWN,   /* rows of the pool on the day, the day before and the day after */
	AGGREGATE_ROLES, /* of pools of the same model and GPUs in other roles as well: its own are too few */
	AGGREGATE_PRIOR, /* no row: proportions that hold for today's GPUs */
	AGGREGATE_ORIGINS
};

struct aggregate_model {
	double ns[AGGREGATE_KINDS][AGGREGATE_TERMS];
	int64_t rows[AGGREGATE_KINDS];
	enum aggregate_origin origin; /* of the windows' coefficients */
	/* One standard deviation: of a window's split, relative to its lesser phase; of the busy time of a window
	 * that was not busy throughout, relative; of prefill's share of time with both phases; of prefill's and
	 * of decode's time if first tokens are not logged, relative. */
	double window_share_sd, window_time_sd, both_share_sd, life_prompt_sd, life_output_sd;
	double drawn_window, drawn_both, drawn_life; /* results of the bootstrap, for the model report */
	bool has_rebuilt;
	struct rebuilt_model rebuilt;
	bool has_counted;
	struct counted_model counted;
	bool has_gauged;
	struct gauged_model gauged;
};

/* The rows of the day and of the days before and after it. NULL: none. */
struct aggregate_sources {
	const struct aggregates *day;                 /* requests are fitted by their own day */
	const struct aggregates *days[3];             /* windows: the day before, the day, the day after */
	const struct aggregates *others[3 * 2];       /* the same days of other roles */
	double ridge_ntok;                       /* tokens that take as long to compute as reading the weights */
	const struct proportions *proportions;
	bool prefill_only;
};

/* Do requests determine a model of rebuilt steps? */
bool aggregates_are_rebuilt(const struct aggregates *r);
void aggregates_solve(const struct aggregate_sources *s, struct aggregate_model *m);

/* The work of a window in the terms of the fit; `mixed`: how many of the steps also computed prompts. */
struct aggregate_work {
	double prompt, steps, output, mixed;
};
/* Its time, ns; and prefill's share of it under a rule. */
double aggregate_window_ns(const struct aggregate_model *m, const struct aggregate_work *k);
double aggregate_window_share(const struct aggregate_model *m, const struct aggregate_work *k, enum rule rule);

#endif
