/*
 * gauged.h: statistics of windows with tokens and gauges (running sequences, use of the cache). Private to
 * attribute/. See METHOD.md, "Grade D".
 *
 * A step without prompts takes u, one with prompts f; each sequence v, each token of contexts w (1.4 times in a step
 * with a prompt), each prompt token a, and b for each token of its context. The number of running sequences is known
 * at the ends of windows only, so it must not be in a denominator: the sequences' mean times the window's length is
 * the sum over steps of sequences times duration, and that is fitted by instruments (the rates of tokens, which are
 * counted) together with priors (proportions.h). All are sums of integers, as in aggregates.h.
 */
#ifndef ATTRIBUTE_GAUGED_H
#define ATTRIBUTE_GAUGED_H

#include <stdbool.h>
#include <stdint.h>

#include "attribute/evidence/evidence.h"
#include "attribute/fleet/fleet.h"
#include "attribute/laws/proportions.h"
#include "attribute/laws/rules.h"
#include "core/exact.h"
#include "core/model/bootstrap.h"

enum gauged_term { GAUGED_STEP, GAUGED_SEQUENCE, GAUGED_CONTEXT, GAUGED_TOKEN, GAUGED_ATTENTION, GAUGED_PROMPT, GAUGED_TERMS };
#define GAUGED_COLUMNS (GAUGED_TERMS + 1) /* and the sequences' mean */
#define GAUGED_INSTRUMENTS 3              /* output and prompt tokens a second, and 1 */
#define GAUGED_SUMS (GAUGED_INSTRUMENTS * GAUGED_COLUMNS)
#define GAUGED_BUCKETS BOOTSTRAP_BUCKETS

/* Rows of windows that were busy throughout, and of all. */
enum gauged_kind { GAUGED_THROUGHOUT, GAUGED_ALL, GAUGED_KINDS };

struct gauged {
	struct gauged_rows {
		int64_t rows;
		int128 sums[GAUGED_SUMS]; /* by instruments, then columns */
	} buckets[GAUGED_KINDS][GAUGED_BUCKETS];
	int128 running, gauges; /* the sum of the gauges that were not 0, and their number */
	int128 windows, contexts; /* all, and those with known contexts */
	/*
	 * of all windows: terms of all steps; of those with prompts, in total, of their prompts alone and of their
	 * sequences alone
	 */
	int128 all[GAUGED_TERMS], mixed[GAUGED_TERMS], prompts[GAUGED_TERMS], sequences[GAUGED_TERMS];
};
#define GAUGED_TOTALS (4 + 4 * GAUGED_TERMS)
void gauged_pack(const struct gauged *g, int128 totals[GAUGED_TOTALS]);
void gauged_join_totals(struct gauged *to, const int128 totals[GAUGED_TOTALS]);

/* Gauges so far on a day, and at the end of the last window. */
struct gauges {
	int64_t running, context_tokens;    /* or UNKNOWN */
	int64_t running_sum, running_count; /* of gauges that were not 0 */
	int64_t context_sum, context_running; /* of both, if neither was 0 */
};
void gauges_forget(struct gauges *g);
/* The end of a window. */
void gauges_note(struct gauges *g, const struct window_item *i, const struct proportions *p);

/* The work of a window. */
struct gauged_window {
	double length_ns, running;
	bool throughout;              /* sequences ran at both of its ends */
	bool has_row, has_context;
	int64_t gauge;                /* at its end, 0 if none */
	double prompt_rate, output_rate; /* tokens a second */
	double all[GAUGED_TERMS];     /* of all steps */
	double seen[GAUGED_TERMS];    /* each step weighted by its sequences: takes running x length_ns */
	double mixed[GAUGED_TERMS], prompts[GAUGED_TERMS], sequences[GAUGED_TERMS];
};
/* `g`: with this window's end noted, except for the gauges at its start, which are `before`. False without gauges. */
bool gauged_window(const struct window_item *i, enum role role, const struct gauges *before, const struct gauges *g,
                   const struct proportions *p, struct gauged_window *out);

void gauged_note(struct gauged *g, unsigned bucket, const struct gauged_window *w);
void gauged_join_rows(struct gauged_rows *to, const struct gauged_rows *from);
void gauged_join(struct gauged *to, const struct gauged *from);
/* Columns are kept in multiples of 2^-this, instruments in multiples of 2^-GAUGED_RATE_BITS. */
int gauged_bits(int column);
#define GAUGED_RATE_BITS 10

struct gauged_model {
	double ns[GAUGED_TERMS];
	int64_t rows;
	bool of_others;  /* the rows are of other roles */
	double share;    /* prefill's, of busy time */
	double share_sd; /* of that, from the rows and priors */
	double form_sd;  /* from the form of the model, of the lesser phase */
	/*
	 * Tokens of a sequence per step. Not 1 if a step would take less than reading its weights (drafts, or fewer
	 * bits per weight, which windows do not show): then halfway between both. ns[GAUGED_STEP] is for one token.
	 */
	double tokens_a_step;
	double time_sd;  /* of the busy time of windows that were not busy throughout, relative */
};

/* The law for the work in `g`, from its rows; from those of `others` if it has any. False if there are no rows. */
bool gauged_solve(const struct gauged *g, const struct gauged *others, const struct proportions *p, struct gauged_model *m);

/* The time of a window's work, and prefill's part of it under a rule. */
double gauged_ns(const struct gauged_model *m, const struct gauged_window *w);
double gauged_share(const struct gauged_model *m, const struct gauged_window *w, enum rule rule);

#endif
