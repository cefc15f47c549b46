/*
 * rebuilt.h: statistics of the rebuilt steps of a pool and day, as sums of integers that add up over replicas,
 * files and machines. Private to attribute/.
 */
#ifndef ATTRIBUTE_REBUILT_H
#define ATTRIBUTE_REBUILT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/exact.h"
#include "core/model/step_model.h"
#include "core/text.h"

#define REBUILT_BUCKETS 16
/* The model's terms over the row's time and, as the last one, 1; each over the row's standard deviation. */
#define REBUILT_TERMS (TERMS + 1)
#define REBUILT_PRODUCTS (REBUILT_TERMS * (REBUILT_TERMS + 1) / 2)
#define REBUILT_BUDGETS 6
extern const int64_t rebuilt_budget_ntok[REBUILT_BUDGETS];

/* Sums over rebuilt batches; those with a unit in their comment are multiples of 1 / REBUILT_UNIT. */
#define REBUILT_UNIT ((int64_t)1 << 20)
enum rebuilt_total {
	REBUILT_BUSY_NS, REBUILT_BOTH_NS, /* ns, and of them those of steps with both phases */
	REBUILT_REQUESTS,
	REBUILT_GUESSED,    /* requests with a guessed scheduling */
	REBUILT_REFUSED,    /* requests with instants that are not ends of steps */
	REBUILT_GAP_NS,     /* x requests */
	REBUILT_TOKENS_A_STEP, /* x requests, in REBUILT_UNIT */
	REBUILT_SCORE,      /* x requests, in REBUILT_UNIT */
	REBUILT_DOUBT,      /* x requests, in REBUILT_UNIT */
	REBUILT_MOST_SEQUENCES, REBUILT_MOST_CONTEXT, /* the largest, not a sum */
	REBUILT_BUDGET,     /* requests by budget */
	REBUILT_PREFILL = REBUILT_BUDGET + REBUILT_BUDGETS, /* prefill's terms of steps with both: (prompts + whole - sequences) / 2 */
	REBUILT_WHOLE = REBUILT_PREFILL + TERMS,            /* all terms of the same */
	REBUILT_TOTALS = REBUILT_WHOLE + TERMS
};

struct rebuilt_rows {
	int64_t rows;
	int128 sums[REBUILT_PRODUCTS]; /* upper triangle by rows */
};

struct rebuilt {
	struct rebuilt_rows buckets[REBUILT_BUCKETS];
	int128 totals[REBUILT_TOTALS];
};

/*
 * Terms of steps that sum to `ns`, known to a relative sd; model_ns: the time by a first model. Left out if far out
 * of bounds.
 */
void rebuilt_add(struct rebuilt *r, unsigned bucket, const double x[TERMS], double ns, double model_ns, double sd);
void rebuilt_count(struct rebuilt *r, int total, int64_t units);
void rebuilt_note_most(struct rebuilt *r, int total, int64_t units);
void rebuilt_count_part(struct rebuilt *r, int total, double units);
/* Adds the units of prefill's terms and of all terms of steps with both phases. */
void rebuilt_count_terms(struct rebuilt *r, const double prefill[TERMS], const double whole[TERMS]);
void rebuilt_join_rows(struct rebuilt_rows *to, const struct rebuilt_rows *from);
void rebuilt_join_totals(struct rebuilt *to, const int128 totals[REBUILT_TOTALS]);
void rebuilt_join(struct rebuilt *to, const struct rebuilt *from);

/* The result of the fit. */
struct rebuilt_model {
	struct step_model steps; /* its `steps`: rows */
	int64_t budget_ntok, gap_ns;
	int64_t most_sequences, most_context; /* that decoded at a time, and their contexts */
	double tokens_a_step, score;
	bool guesses;       /* when requests were scheduled */
	double both_part;   /* of busy time, in steps with both phases */
	double doubt;       /* of prefill's part of busy time, one standard deviation: what the rows do not show */
	/* standard deviations by the bootstrap: of prefill's share of these; of the coefficients of attention and of contexts */
	double drawn_sd, attention_sd_ns, context_sd_ns;
};

/* Do they determine a model? rebuilt_solve returns the same. */
bool rebuilt_determines(const struct rebuilt *r);
bool rebuilt_solve(const struct rebuilt *r, struct rebuilt_model *m);

#endif
