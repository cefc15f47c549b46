/*
 * sweep.c: a replica of which only requests are logged, with their instants.
 *
 * Between two events (a prompt is scheduled, a first token comes, a request ends) the same prompts are
 * computed and the same sequences decode. Where both happen, the time is shared as in a
 * mixed step: what a decode step takes alone is told by how long output tokens take while
 * no prompt is computed.
 */
#include "attribute/sweep.h"

#include <stdlib.h>

#include "attribute/nnls.h"
#include "attribute/walk.h"

/* A prompt is computed in chunks of so many tokens (the default of vLLM's max_num_batched_tokens for serving). */
#define CHUNK_NTOK 2048

/* How far off the shared part of a mixed stretch may be, one standard deviation; see METHOD.md, "Grade C". */
#define MIXED_SHARE_SD 0.1

/* Normal equations of a small least squares fit, weighted by 1 / y. */
#define SMALL 3
struct small_fit {
	double gram[SMALL * SMALL], moment[SMALL];
	int64_t rows;
};

static void small_add(struct small_fit *f, const double x[SMALL], double y) {
	if (!(y > 0)) {
		return;
	}
	for (int i = 0; i < SMALL; i++) {
		for (int j = 0; j < SMALL; j++) {
			f->gram[i * SMALL + j] += x[i] * x[j] / (y * y);
		}
		f->moment[i] += x[i] / y;
	}
	f->rows++;
}

struct sweep_fit {
	struct small_fit step; /* a decode step alone, ns: by 1, sequences, context tokens */
	struct small_fit life; /* a request's time, ns, where its first token is not logged: by 1, prompt, output tokens */
	double step_ns[SMALL], life_ns[SMALL];
	bool solved;
};

struct sweep_fits {
	struct sweep_fit *at; /* by name_id */
	size_t room;
};

struct sweep_fits *sweep_fits_new(void) {
	return must_calloc(1, sizeof(struct sweep_fits));
}

void sweep_fits_free(struct sweep_fits *f) {
	if (f) {
		free(f->at);
		free(f);
	}
}

static struct sweep_fit *fit_of(struct sweep_fits *f, name_id replica) {
	if (replica >= f->room) {
		size_t room = (size_t)replica * 2 + 16;
		f->at = must_realloc(f->at, room * sizeof *f->at);
		memset(f->at + f->room, 0, (room - f->room) * sizeof *f->at);
		f->room = room;
	}
	return &f->at[replica];
}

struct sweep_state {
	struct sweep_fit *fit;
	/*
	 * Sums over time in which no prompt is computed, in the places that flight.h hands down to
	 * requests: [0] of time, time x sequences, time x context; [1].equal counts prompts' chunks.
	 */
	struct decode_sums sums[TIME_GRADES];
};

static int64_t chunks_of(const struct request_item *r) {
	int64_t tokens = (int64_t)r->prompt_tokens - r->cached_tokens;

	return tokens > CHUNK_NTOK ? (tokens + CHUNK_NTOK - 1) / CHUNK_NTOK : 1;
}

/* ---- first pass: what decode steps take alone ---- */

/* A request leaves: so many steps took so long while no prompt was computed. */
static int note_request(void *walk, struct active *a, struct fault *why) {
	struct walk *w = walk;
	struct sweep_state *st = w->state;
	double alone_ns = (double)(st->sums[0].equal - a->base[0].equal);
	double others = (double)(st->sums[1].equal - a->base[1].equal);
	double steps = (double)a->request.completion_tokens - 1 - others;

	(void)why;
	if (a->decoding && alone_ns > 0 && steps >= 1) {
		double sequences = (double)(st->sums[0].context - a->base[0].context) / alone_ns;
		double context = (double)(st->sums[0].counted - a->base[0].counted) / alone_ns;
		const double x[SMALL] = {steps, steps * sequences, steps * context};
		small_add(&st->fit->step, x, alone_ns);
	}
	return 0;
}

static void note_life(struct sweep_fit *f, const struct request_item *r) {
	if (r->first_token_ns == UNKNOWN && r->arrival_ns != UNKNOWN && r->finish_ns > r->arrival_ns) {
		const double x[SMALL] = {1, (double)r->prompt_tokens - r->cached_tokens, (double)r->completion_tokens};
		small_add(&f->life, x, (double)(r->finish_ns - r->arrival_ns));
	}
}

static void note_alone(struct walk *w, int64_t to_ns) {
	struct sweep_state *st = w->state;
	long double ns = (long double)(to_ns - w->cursor_ns);

	st->sums[0].equal += ns;
	st->sums[0].context += ns * (long double)w->flight.decoding_count;
	st->sums[0].counted += ns * (long double)w->flight.context_sum;
}

static void solve(struct sweep_fit *f) {
	if (f->solved) {
		return;
	}
	f->solved = true;
	nnls_solve(f->step.gram, f->step.moment, SMALL, f->step_ns);
	nnls_solve(f->life.gram, f->life.moment, SMALL, f->life_ns);
	/* Without first tokens, a step is what one output token takes. */
	if (f->step.rows == 0) {
		f->step_ns[0] = f->life_ns[2];
	}
}

/* ---- second pass ---- */

/* A first token that the log does not tell of: where the fit over all requests puts it. */
static int64_t first_token_ns(const struct sweep_fit *f, const struct request_item *r) {
	double prompt = f->life_ns[0] + f->life_ns[1] * ((double)r->prompt_tokens - r->cached_tokens);
	double whole = prompt + f->life_ns[2] * (double)r->completion_tokens;
	int64_t life_ns = r->finish_ns - r->head.at_ns;

	return whole > 0 ? r->head.at_ns + (int64_t)((double)life_ns * (prompt / whole)) : r->head.at_ns + life_ns / 2;
}

/* How long a step takes in which the prompt that comes first in line is computed. */
static double mixed_step_ns(const struct flight *f) {
	const struct request_item *r = &f->chunks[0].active->request;
	int64_t from_ns = r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->head.at_ns;

	return (double)(r->first_token_ns - from_ns) / (double)chunks_of(r);
}

/* The prefill share of time in which prompts are computed and sequences decode: (p + c - d) / 2c. */
static double mixed_share(const struct sweep_fit *fit, const struct flight *f) {
	double sequences = (double)f->decoding_count, context = (double)f->context_sum;
	double whole = mixed_step_ns(f);
	double more = fit->step_ns[1] * sequences + fit->step_ns[2] * context;
	double decode = fit->step_ns[0] + more;
	double prefill = whole > more ? whole - more : 0;

	if (!(whole > 0)) {
		return 0.5;
	}
	double share = (prefill + whole - decode) / (2 * whole);
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double context_share(const struct sweep_fit *f, const struct flight *flight) {
	double by_context = f->step_ns[2] * (double)flight->context_sum;
	double whole = f->step_ns[0] + f->step_ns[1] * (double)flight->decoding_count + by_context;

	return whole > 0 ? by_context / whole : 0;
}

static int post_busy(struct walk *w, int64_t to_ns, size_t prompts, struct fault *why) {
	struct sweep_state *st = w->state;
	const struct flight *f = &w->flight;
	size_t sequences = f->decoding_count;
	double share = sequences == 0 ? 1 : prompts == 0 ? 0 : mixed_share(st->fit, f);
	bool alone = w->summary->exclusive && prompts + sequences == 1;
	int64_t total;

	if (__builtin_mul_overflow(to_ns - w->cursor_ns, w->accounts.gpus, &total)) {
		return fault_set(why, ERROR_RANGE, "the GPU time of requests does not fit 64 bits of nanoseconds");
	}
	int64_t prefill = (int64_t)((double)total * share);
	prefill = share >= 1 || prefill > total ? total : prefill;
	const struct stretch s = {
		.from_ns = w->cursor_ns,
		.to_ns = to_ns,
		.prefill_ns = prefill,
		.decode_ns = total - prefill,
		.grade = alone ? GRADE_A : GRADE_C,
		.context_share = context_share(st->fit, f),
		.prefill_tokens = (int64_t)prompts,
		.decode_requests = (int64_t)sequences,
		.share_sd = prompts > 0 && sequences > 0 ? MIXED_SHARE_SD : 0,
	};
	return accounts_busy(&w->accounts, &s, why);
}

/* ---- both ---- */

/* A stretch in which nothing changes, from the cursor on. */
static int take_stretch(struct walk *w, int64_t to_ns, struct fault *why) {
	size_t prompts = flight_board_waiting(&w->flight, w->cursor_ns);
	bool busy = prompts + w->flight.decoding_count > 0;
	bool queued = w->flight.waiting_count > 0 && w->flight.waiting[0]->request.head.at_ns <= w->cursor_ns;
	int rc = 0;

	if (w->purpose == WALK_FIT && busy && prompts == 0) {
		note_alone(w, to_ns);
	} else if (w->purpose == WALK_POST && busy) {
		rc = post_busy(w, to_ns, prompts, why);
	} else if (w->purpose == WALK_POST) {
		rc = accounts_gap(&w->accounts, queued ? ENTRY_OTHER : ENTRY_IDLE, w->cursor_ns, to_ns, false, why);
	}
	w->cursor_ns = to_ns;
	return rc;
}

static int advance(struct walk *w, struct fault *why) {
	return w->purpose == WALK_POST ? flight_advance(&w->flight, w->cursor_ns, false, accounts_leave, &w->accounts, why)
	                               : flight_advance(&w->flight, w->cursor_ns, false, note_request, w, why);
}

static int sweep_to(struct walk *w, int64_t to_ns, struct fault *why) {
	int rc = advance(w, why);

	while (rc >= 0 && w->cursor_ns < to_ns) {
		int64_t next_ns = flight_next_change(&w->flight, w->cursor_ns);
		rc = take_stretch(w, next_ns < to_ns ? next_ns : to_ns, why);
		rc = rc < 0 ? rc : advance(w, why);
	}
	return rc;
}

static bool has_requests(const struct replica_summary *s) {
	return s->steps == 0 && s->requests > 0;
}

static void sweep_span(struct walk *w) {
	struct sweep_state *st = w->state;

	w->from_ns = w->summary->first_ns;
	w->to_ns = w->summary->last_ns;
	st->fit = fit_of(w->sweeps, w->summary->replica);
	if (w->purpose == WALK_POST) {
		solve(st->fit);
	} else {
		w->flight.now = st->sums;
	}
}

static int sweep_item(struct walk *w, const struct item *item, struct fault *why) {
	struct sweep_state *st = w->state;

	if (item->kind != ITEM_REQUEST) {
		return 0;
	}
	struct active *a;
	const struct request_item *r = (const struct request_item *)item;
	int rc = sweep_to(w, r->head.at_ns, why);
	if (w->purpose == WALK_FIT) {
		note_life(st->fit, r);
	}
	a = flight_admit(&w->flight, r);
	a->context = (int64_t)r->prompt_tokens + r->completion_tokens / 2; /* on the average of its life */
	if (r->first_token_ns == UNKNOWN && r->finish_ns != UNKNOWN) {
		a->request.first_token_ns = first_token_ns(st->fit, r);
	}
	if (w->purpose == WALK_FIT) {
		st->sums[1].equal += chunks_of(r); /* of prompts that come while others decode */
	}
	return rc;
}

static int sweep_end(struct walk *w, struct fault *why) {
	int rc = sweep_to(w, w->to_ns, why);

	return rc >= 0 && w->purpose == WALK_FIT ? flight_clear(&w->flight, note_request, w, why) : rc;
}

const struct walker walk_sweep = {
	.state_size = sizeof(struct sweep_state),
	.fits = has_requests,
	.span = sweep_span,
	.item = sweep_item,
	.end = sweep_end,
};
