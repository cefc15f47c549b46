/*
 * rebuild.h: the steps of a replica that logs only requests, and the step model fitted to them. Private to
 * attribute/.
 *
 * Requests' instants are ends of steps, so no step spans one: between them steps are rebuilt as an engine schedules
 * the waiting prompts, first come, first served, up to its token budget per step. See METHOD.md, "Grade C".
 */
#ifndef ATTRIBUTE_REBUILD_H
#define ATTRIBUTE_REBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attribute/model/rebuilt.h"
#include "core/model/step_model.h"
#include "core/record.h"

/* Instants this close together are one: precision of timestamps, and the engine's work between two steps. */
#define REBUILD_EPS_NS INT64_C(700000)

/* ---- what a step holds ---- */

/* Tokens of a prompt in a step with this much room; `ends`: its first token comes no later than the step may end. */
int64_t rebuild_chunk(int64_t rest_ntok, int64_t room_ntok, bool ends);
/* What of a step's prompts determines its end; all zero at the start. */
struct rebuild_chunks {
	bool finishes;     /* a prompt has its first token at the next instant */
	int64_t rest_ntok; /* of prompts with a first token there */
	int64_t head_rest_ntok, head_first_ns; /* of the first prompt, if its first token comes later: tokens after the step; 0: none */
};

/* Notes a prompt with its tokens in the step and after it; `ends` as above. In the order of scheduling. */
void rebuild_note_chunk(struct rebuild_chunks *c, int64_t ntok, int64_t rest_ntok, bool ends, int64_t first_token_ns);
/* Time of the steps that compute this many more tokens, with the same sequences. */
double rebuild_more_ns(const struct step_model *m, const struct batch *b, int64_t rest_ntok, int64_t budget_ntok);
/*
 * The factor of a step of `expected_ns` that begins at `from_ns` with which the steps that the first prompt still needs end at
 * its first token. So a wrong model changes their length, not their number.
 */
double rebuild_stretch(const struct step_model *m, const struct batch *b, int64_t from_ns, double expected_ns, const struct rebuild_chunks *c,
                       int64_t budget_ntok, int64_t gap_ns);
/*
 * The end of a step that begins at `from_ns`, before the next instant; `finishes`: one of its prompts has its first
 * token there; more_ns: other work to be done by then.
 */
int64_t rebuild_end(int64_t from_ns, int64_t next_ns, bool finishes, double expected_ns, double more_ns);

/* ---- when requests were scheduled, if that is not logged ---- */

struct guess_request {
	int64_t arrival_ns, first_token_ns, finish_ns; /* of a prompt that decodes elsewhere: finish = first token */
	int64_t compute_ntok, cached_ntok, prompt_ntok, output_ntok;
	/* results */
	int64_t scheduled_ns;
	bool certain;
};

/* What is known about requests with a first token; all zero at the start. */
struct guess {
	struct guess_sequence {
		int64_t finish_ns, context;
	} *decoding;
	size_t count, room;
	int64_t next_finish_ns; /* no sequence ends before; 0: at the start */
	int64_t context; /* of them all */
	int64_t most_sequences; /* at a time, as far as is known: more wait until one has ended; 0: not known */
	int64_t most_context;   /* the same of their contexts, if memory is short; 0: not known */
	int64_t peak_context;   /* the largest sum of contexts, if known before; 0: not known */
	int64_t seen_context;   /* the largest so far */
	size_t entered, entered_full; /* sequences, and those with contexts near the peak */
	int64_t gap_ns;  /* the host's, of each step */
	struct guess_sequence *ends; /* the decoding sequences by their finish */
	size_t end_room;
	struct guess_step {
		int64_t from_ns, to_ns, ntok; /* tokens of prompts */
		int64_t sequences;
		bool certain;                 /* from_ns */
	} last; /* the latest step that made first tokens */
	bool any;
};

/*
 * When the requests were scheduled that have their first tokens from one step; called step by step, the requests in
 * the order of arrival. Prompts are scheduled first come, first served: a request that had arrived when a step with
 * room began was in it; one that found the engine idle began on arrival; else it began as long before the first token
 * as the model predicts. certain: one of the first two.
 */
void guess_scheduled(struct guess *g, const struct step_model *m, int64_t budget_ntok, struct guess_request *list, size_t count);
/* The limit of contexts in the memory, if they were near their largest sum often; 0: none. */
int64_t guess_most_context(const struct guess *g);
void guess_release(struct guess *g);

/* ---- a batch of requests ---- */

struct rebuild_request {
	int64_t arrival_ns;
	int64_t scheduled_ns;   /* of a prompt computed elsewhere: its first token */
	int64_t first_token_ns; /* the request decodes after it */
	int64_t finish_ns;      /* of a prompt that decodes elsewhere: its first token */
	int64_t compute_ntok;   /* of the prompt, at least 1; 0: computed elsewhere */
	int64_t cached_ntok, prompt_ntok, output_ntok;
	bool preempted;
	bool guessed, certain;  /* scheduled_ns is a guess; a guess that is certain */
	uint32_t number;        /* in the current batch: it stays the same when requests are sorted */
	/* its position among the instants of the current batch */
	uint32_t at_first, at_finish;
	int64_t rest_ntok;
};

/* Sums over time between two steps with prompts: decode-only steps, steps x sequences, steps x context, ns. */
struct rebuild_alone {
	double steps, sequences, context, ns, mixed; /* mixed: steps with prompts */
};

/* Rows have none of the terms from here on: timestamps cannot distinguish them from others. */
#define ROW_TERMS TERM_PREFILL_CONTEXT

struct rebuild_row;

/* A period that begins and ends with requests' instants, and all requests in it; the next batch reuses the memory. */
struct rebuild {
	struct rebuild_request *at;
	size_t count, room;
	int64_t from_ns, until_ns; /* before and after not all requests are known */
	/* results of the fit, kept from batch to batch */
	struct step_model model;
	bool fitted;
	bool first;          /* no round was done yet */
	bool without_prompt; /* this term is left out */
	int64_t budget_ntok;
	bool cut;            /* a prompt had more tokens left than a step had room for */
	double tokens_a_step; /* tokens per step of a sequence: more than 1 with drafts */
	int64_t gap_ns;
	int64_t most_sequences; /* that decoded at a time */
	int64_t most_context;   /* of them, if scheduling is guessed and memory is short */
	int64_t peak_context;
	bool guesses;         /* when requests were scheduled is not logged, or not reliable */
	struct guess guess;
	struct guess_request *guessed;
	size_t guessed_room;
	double waiting_part;  /* of time in which prompts are scheduled and none is computed */
	double spread;        /* of prefill's part of busy time, between budgets that fit nearly as well */
	double score;         /* mean |ln(time / model)| of rows, each at most SCORE_MOST */
	/* instants, and the state after each */
	struct rebuild_mark {
		int64_t at_ns;
		int64_t sequences;
		double context, context_per_ns; /* at at_ns + t: context + t x context_per_ns */
		struct rebuild_alone before;    /* sums so far */
	} *marks;
	size_t mark_count, mark_room;
	double (*sums)[ROW_TERMS]; /* of steps with prompts up to each mark; if whole requests are rows */
	size_t sums_room;
	struct rebuild_event *events, *merged;
	size_t event_room, merged_room;
	uint32_t *prompts; /* being computed, in order */
	size_t prompt_count, prompt_room;
	struct rebuild_row *rows;
	size_t row_count, row_room;
	double *distances;
	size_t distance_room;
	uint32_t *order; /* of requests, by first tokens */
	size_t order_room;
	/* numbers of the batch's requests by first token and by finish; where in `at` the request of each number is */
	uint32_t *first_order, *finish_order, *places;
	size_t first_room, finish_room, place_room;
};

void rebuild_release(struct rebuild *r);
struct rebuild_request *rebuild_add(struct rebuild *r);

/*
 * Rebuilds the steps of the batch, fits the model to them, and adds its rows and totals to those of the pool and day.
 * Rows that begin before from_ns or end after until_ns are left out. False if the batch does not determine a model.
 */
bool rebuild_fit(struct rebuild *r, struct text replica, struct rebuilt *to);

/* ---- private to rebuild*.c ---- */

/* A row: its time is the sum of its terms times the coefficients. */
struct rebuild_row {
	double x[TERMS]; /* 0 from ROW_TERMS on */
	double ns;
	double sd; /* of ns, relative */
	double model_ns; /* by the model of the round before */
	int64_t from_ns; /* where it began */
	bool kept;
};

/* Called for each rebuilt step with a prompt in it. */
typedef void rebuild_step(void *context, const struct batch *b, int64_t from_ns, int64_t to_ns);

/* Room for `count` elements of a list. */
#define REBUILD_GROW(list, count, max) \
	do { \
		if ((count) > (max)) { \
			(max) = (count) + (count) / 2 + 64; \
			(list) = must_realloc((list), (max) * sizeof *(list)); \
		} \
	} while (0)

/* rebuild_order.c: requests and their instants in order. */
enum instant_kind { INSTANT_SCHEDULED, INSTANT_FIRST, INSTANT_FINISH };

struct rebuild_event {
	int64_t ns;
	uint32_t request;
	uint32_t kind;
};

/* Numbers the requests of a new batch. */
void rebuild_number(struct rebuild *r);
/* When the step before a request's scheduling ended. */
int64_t rebuild_scheduled_from(const struct rebuild *r, const struct rebuild_request *q);
/* Sorts the requests by their scheduling, and lists all instants in order; returns how many there are. */
size_t rebuild_list_events(struct rebuild *r);
/* Lists the requests by first tokens, then by arrival, in `order`; and sorts some of them by arrival. */
void rebuild_order_by_first_token(struct rebuild *r);
void rebuild_order_by_arrival(struct rebuild *r, uint32_t *order, size_t count);

/* rebuild.c: orders the instants; then steps and rows by the current model. */
void rebuild_marks(struct rebuild *r);
void rebuild_rows(struct rebuild *r, rebuild_step *step, void *context);

/* rebuild_solve.c: room for as many numbers, and the median of some. */
double *rebuild_distances(struct rebuild *r, size_t count);
double rebuild_median(double *list, size_t count);
/* The scale of a row's errors: the last round's model, within plausible bounds. */
double rebuild_scale(const struct rebuild_row *row);
/* Fits the model to the rows that are kept. */
void rebuild_solve(struct rebuild *r);
/* The model's time of each row; then which rows are far from it. */
void rebuild_predict(struct rebuild *r);
void rebuild_leave_out(struct rebuild *r);
double rebuild_score(const struct rebuild *r);

#endif
