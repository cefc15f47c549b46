/*
 * counted.h: statistics of windows of engines that count steps, the time between tokens and the time of prompts.
 * Private to attribute/. See METHOD.md, "Grade D".
 *
 * A step without prompts takes u, one with prompts f; each sequence v, each token of their context w (1.4 times in a
 * step with a prompt), each prompt token a, and b for each token x context of prompts. Sums of a window give three
 * equations: the total time of steps, the same weighted by sequences, and weighted by prompts. All are sums of
 * integers, as in aggregates.h.
 */
#ifndef ATTRIBUTE_COUNTED_H
#define ATTRIBUTE_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "attribute/evidence/evidence.h"
#include "attribute/fleet/fleet.h"
#include "attribute/laws/rules.h"
#include "core/exact.h"
#include "core/record.h"
#include "core/model/bootstrap.h"

enum counted_term { COUNTED_STEP, COUNTED_SEQUENCE, COUNTED_CONTEXT, COUNTED_TOKEN, COUNTED_ATTENTION, COUNTED_PROMPT, COUNTED_TERMS };
#define COUNTED_COLUMNS (COUNTED_TERMS + 1) /* and the time */
#define COUNTED_PRODUCTS (COUNTED_COLUMNS * (COUNTED_COLUMNS + 1) / 2)
#define COUNTED_BUCKETS BOOTSTRAP_BUCKETS

/* The maximum tokens of a step are not logged: all of these are fitted. */
#define COUNTED_BUDGETS 6
extern const double counted_budget_ntok[COUNTED_BUDGETS];

/* The engine's work between two steps, ns: included in the times that engines count, but not device time. */
#define COUNTED_GAP_NS 300e3

/* Bounds of the times between tokens up to which tokens are counted. */
#define COUNTED_LATENCIES (int)(sizeof (int64_t[])WINDOW_WITHIN_MS / sizeof(int64_t))

struct counted {
	int128 steps, steps_ns; /* estimate of a step's length */
	int128 latencies, within[COUNTED_LATENCIES]; /* times between tokens, and those up to each bound */
	int128 length_ns, long_ns, unseen_ns; /* of windows, of those with long prompts, of those without a row of prompts: many were preempted */
	struct counted_by {
		struct counted_rows {
			int64_t rows;
			int128 sums[COUNTED_PRODUCTS];
		} buckets[COUNTED_BUCKETS];
		/*
		 * of all windows: terms of steps with prompts, their prefill being `prefill` less `decode`; of these
		 * steps as a whole, of all steps
		 */
		int128 prefill[COUNTED_TERMS], decode[COUNTED_TERMS], mixed[COUNTED_TERMS], all[COUNTED_TERMS];
		int128 beyond; /* steps with prompts in excess of all steps: the budget is too small */
		/* of windows with known latencies, each step weighted by its sequences: without prompts, with them, and the room there */
		int128 fast[COUNTED_TERMS], slow[COUNTED_TERMS], room;
	} by[COUNTED_BUDGETS];
};

/* The work of a window. */
struct counted_window {
	double length_ns;
	int64_t ranks;                /* of an engine in lock-step, of which this is one; else 1 */
	bool long_prompts;            /* each prompt takes a large part of the window */
	bool throughout;              /* busy from its start to its end */
	double all[COUNTED_TERMS];    /* of all steps */
	double seen[COUNTED_TERMS];   /* each step weighted by its sequences: takes seen_ns */
	double prompts[COUNTED_TERMS]; /* each step weighted by its prompts: takes prompts_ns, if count > 0 */
	double seen_ns, prompts_ns, count;
	double preempted;             /* number of prompts */
	double gaps_ns;               /* of length_ns, between steps */
	double step_ns;               /* approximate length of a step */
	double beyond;                /* steps with prompts in excess of those that were counted */
	double mixed[COUNTED_TERMS];  /* of steps with both phases; the parts that prompts and sequences need alone */
	double mixed_prompts[COUNTED_TERMS], mixed_sequences[COUNTED_TERMS];
	double pure[COUNTED_TERMS];   /* of steps with prompts only */
	/* each step weighted by its sequences: without prompts, with prompts, and tokens that such a step has room for */
	double fast[COUNTED_TERMS], slow[COUNTED_TERMS], room;
};

/* Does the engine count what this model needs? */
bool counted_has(const struct window_item *i);

/*
 * Prompts' tokens are counted at their first token, but computed before. Those of prompts in progress at a window's end
 * are what the gauge of the cache has beyond the contexts of the sequences that decode. All zero at the start.
 */
struct counted_begun {
	bool known;
	double decoding, decoding_ntok; /* sequences that decode, and their prompts' tokens */
	double outputs, first_tokens;   /* so far */
	double ntok, prompts;           /* in progress */
};
/* Moves to a window's end. */
void counted_begun_next(struct counted_begun *b, const struct window_item *i);

/* `before`: gauges at the start, UNKNOWN if not known. `chosen`: the part of the experts that a token uses; 0: there are none. */
struct counted_gauges {
	int64_t running, context_tokens;
	/* of prompts in progress: more tokens at its end, and more pairs of a token with its context */
	double begun_ntok, begun_pairs;
	bool followed; /* they are known */
};
void counted_window(const struct window_item *i, enum role role, const struct counted_gauges *before, double budget_ntok, double chosen,
                    struct counted_window *out);

/* Adds up windows that are too short to be used one by one. */
void counted_window_add(struct counted_window *to, const struct counted_window *from);

void counted_note_throughout(struct counted_by *c, unsigned bucket, const struct counted_window *w);
void counted_note_seen(struct counted_by *c, unsigned bucket, const struct counted_window *w); /* of several windows together */
void counted_note_totals(struct counted_by *c, const struct counted_window *w);
/* Terms over times are kept in multiples of 2^-this. */
int counted_bits(int column);
/* The time of sums of terms. */
double counted_sum(const int128 terms[COUNTED_TERMS], const double ns[COUNTED_TERMS]);
/* For budget `k`: what the buckets of the times between tokens are compared with; `i`: of the same window. */
void counted_note_latencies(struct counted *c, int k, const struct window_item *i, const struct counted_window *w);
/* How far the times between tokens are from a law's: the Kullback-Leibler divergence; 0 if they are not known. */
double counted_latencies_off(const struct counted *c, int k, const double ns[COUNTED_TERMS]);
/* Sums that do not depend on a budget. */
void counted_note_steps(struct counted *c, const struct counted_window *w);
void counted_join_rows(struct counted_rows *to, const struct counted_rows *from);
void counted_join(struct counted *to, const struct counted *from);

struct counted_model {
	double ns[COUNTED_TERMS];
	int64_t rows;
	double budget_ntok;
	double share_sd; /* of prefill's part of busy time: by the bootstrap, budgets, and from the form of the model */
	double drawn_sd;
	double wait_sd;  /* of busy time: the device waiting for the host */
	double time_sd;  /* of the busy time of windows that were not busy throughout */
};

/* ridge_ntok: prompt tokens that take as long as a step's floor. False if the rows do not determine a model. */
bool counted_solve(const struct counted *c, double ridge_ntok, struct counted_model *m);

/* The time of a window's work, and prefill's part of it under a rule. */
double counted_ns(const struct counted_model *m, const struct counted_window *w);
double counted_prefill_ns(const struct counted_model *m, const struct counted_window *w, enum rule rule);
double counted_share(const struct counted_model *m, const struct counted_window *w, enum rule rule);

#endif
