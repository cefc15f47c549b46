/*
 * sweep.c: a replica of which only requests are logged, with their instants.
 *
 * Between two events (a prompt is scheduled, a first token comes, a request ends) the same prompts are
 * computed and the same sequences decode. Where both happen, the time is shared as in a
 * mixed step: what a decode step takes alone is told by how long output tokens take while
 * no prompt is computed.
 */
#include "attribute/replica_fits.h"
#include "attribute/walk.h"

/* A prompt is computed in chunks of so many tokens (the default of vLLM's max_num_batched_tokens for serving). */
#define CHUNK_NTOK 2048

/* How far off the shared part of a mixed stretch may be, one standard deviation; see METHOD.md, "Grade C". */
#define MIXED_SHARE_SD 0.1
/* What of the time between a request's instants the device did not work, one standard deviation. */
#define WAIT_SD 0.025

struct sweep_state {
	struct replica_fit *fit;
	/*
	 * Running sums, in the places that flight.h hands down to requests when they begin to decode. ALONE: over time
	 * in which no prompt is computed, of time, time x sequences, time x context. ALL: over
	 * all time, of prompt tokens computed, and of the latter two. CHUNKS: of prompts' chunks.
	 */
	struct decode_sums sums[TIME_GRADES];
};
enum { ALONE, CHUNKS, ALL };

static int64_t chunks_of(const struct request_item *r) {
	int64_t tokens = (int64_t)r->prompt_tokens - r->cached_tokens;

	return tokens > CHUNK_NTOK ? (tokens + CHUNK_NTOK - 1) / CHUNK_NTOK : 1;
}

/* For how long a prompt was computed. */
static int64_t prompt_time_ns(const struct request_item *r) {
	int64_t from_ns = r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->head.at_ns;

	return r->first_token_ns - from_ns;
}

/* Fractions of a prompt token that are told apart. */
#define TOKEN_FRACTIONS 1000

/* ---- first pass: what decode steps take alone ---- */

/* So many steps of a sequence took so long while no prompt was computed. */
static void note_steps(struct sweep_state *st, const struct active *a) {
	double alone_ns = (double)(st->sums[ALONE].equal - a->base[ALONE].equal);
	double others = (double)(st->sums[CHUNKS].equal - a->base[CHUNKS].equal);
	double steps = (double)a->request.completion_tokens - 1 - others;

	if (alone_ns > 0 && steps >= 1) {
		double sequences = (double)(st->sums[ALONE].context - a->base[ALONE].context) / alone_ns;
		double context = (double)(st->sums[ALONE].counted - a->base[ALONE].counted) / alone_ns;
		const double x[SMALL_TERMS] = {steps, steps * sequences, steps * context};
		small_fit_add(&st->fit->step, x, alone_ns);
	}
}

/* So long took the steps that computed a prompt, beside others' prompts and sequences. */
static void note_prompt(struct sweep_state *st, const struct active *a) {
	double ns = (double)prompt_time_ns(&a->request), steps = (double)chunks_of(&a->request);

	if (ns > 0) {
		const struct decode_sums *end = &a->base[ALL];
		double tokens = (double)end->equal - (double)a->open_prefill_ns[0] / TOKEN_FRACTIONS;
		double sequences = (double)(end->context - (long double)a->open_prefill_ns[1]) / ns;
		double context = (double)(end->counted - (long double)a->open_prefill_ns[2]) / ns;
		const double x[SMALL_TERMS] = {steps, tokens, steps * sequences, steps * context};
		small_fit_add(&st->fit->prompt, x, ns);
	}
}

/* The first pass has no use for what the second one collects there: where the sums stood when a prompt began. */
static void note_start(struct sweep_state *st, struct active *a) {
	if (a->computed == 0) {
		a->computed = 1;
		a->open_prefill_ns[0] = (int64_t)(st->sums[ALL].equal * TOKEN_FRACTIONS);
		a->open_prefill_ns[1] = (int64_t)st->sums[ALL].context;
		a->open_prefill_ns[2] = (int64_t)st->sums[ALL].counted;
	}
}

static int note_request(void *walk, struct active *a, struct fault *why) {
	struct walk *w = walk;

	(void)why;
	if (a->decoding) {
		note_steps(w->state, a);
	}
	if (a->decoding && a->computed > 0) {
		note_prompt(w->state, a);
	}
	return 0;
}

static void note_life(struct replica_fit *f, const struct request_item *r) {
	if (r->first_token_ns == UNKNOWN && r->arrival_ns != UNKNOWN && r->finish_ns > r->arrival_ns) {
		const double x[SMALL_TERMS] = {1, (double)r->prompt_tokens - r->cached_tokens, (double)r->completion_tokens};
		small_fit_add(&f->life, x, (double)(r->finish_ns - r->arrival_ns));
	}
}

/* Prompt tokens computed per ns: each prompt's evenly over its time. */
static double token_rate(const struct flight *f) {
	double rate = 0;

	for (size_t i = 0; i < f->chunk_count; i++) {
		const struct request_item *r = &f->chunks[i].active->request;
		int64_t ns = prompt_time_ns(r);
		rate += ns > 0 ? ((double)r->prompt_tokens - r->cached_tokens) / (double)ns : 0;
	}
	return rate;
}

static void note_stretch(struct walk *w, int64_t to_ns, size_t prompts) {
	struct sweep_state *st = w->state;
	const struct flight *f = &w->flight;
	long double ns = (long double)(to_ns - w->cursor_ns);

	for (size_t i = 0; i < prompts; i++) {
		note_start(st, f->chunks[i].active);
	}
	if (prompts == 0) {
		st->sums[ALONE].equal += ns;
		st->sums[ALONE].context += ns * (long double)f->decoding_count;
		st->sums[ALONE].counted += ns * (long double)f->context_sum;
	}
	st->sums[ALL].equal += ns * (long double)token_rate(f);
	st->sums[ALL].context += ns * (long double)f->decoding_count;
	st->sums[ALL].counted += ns * (long double)f->context_sum;
}

static void solve(struct replica_fit *f) {
	if (f->solved) {
		return;
	}
	f->solved = true;
	small_fit_solve(&f->step, f->step_ns);
	small_fit_solve(&f->prompt, f->prompt_ns);
	small_fit_solve(&f->life, f->life_ns);
	/* Without first tokens, a step is what one output token takes. */
	if (f->step.rows == 0) {
		f->step_ns[0] = f->life_ns[2];
	}
}

/* ---- second pass ---- */

/* A first token that the log does not tell of: where the fit over all requests puts it. */
static int64_t first_token_ns(const struct replica_fit *f, const struct request_item *r) {
	double prompt = f->life_ns[0] + f->life_ns[1] * ((double)r->prompt_tokens - r->cached_tokens);
	double whole = prompt + f->life_ns[2] * (double)r->completion_tokens;
	int64_t life_ns = r->finish_ns - r->head.at_ns;

	return whole > 0 ? r->head.at_ns + (int64_t)((double)life_ns * (prompt / whole)) : r->head.at_ns + life_ns / 2;
}

/*
 * The prefill share of time in which prompts are computed and sequences decode, (p + c - d) / 2c:
 * c is what such a step took, p and d what the fits say of its prompts and its sequences alone.
 */
static double mixed_share(const struct replica_fit *fit, const struct flight *f) {
	const struct request_item *first = &f->chunks[0].active->request;
	double whole = (double)prompt_time_ns(first) / (double)chunks_of(first);
	double decode = fit->step_ns[0] + fit->step_ns[1] * (double)f->decoding_count +
	                fit->step_ns[2] * (double)f->context_sum;
	double prefill = fit->prompt_ns[0] + fit->prompt_ns[1] * token_rate(f) * whole;

	if (!(whole > 0)) {
		return 0.5;
	}
	double share = ((prefill < whole ? prefill : whole) + whole - decode) / (2 * whole);
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static double context_share(const struct replica_fit *f, const struct flight *flight) {
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
		.prefill_tokens = f->chunk_tokens,
		.decode_requests = (int64_t)sequences,
		.share_sd = alone ? 0 : prompts > 0 && sequences > 0 ? MIXED_SHARE_SD : WAIT_SD,
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

	if (w->purpose == WALK_FIT && busy) {
		note_stretch(w, to_ns, prompts);
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
	st->fit = replica_fits_of(w->replica_fits, w->summary->replica);
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
		st->sums[CHUNKS].equal += chunks_of(r); /* of prompts that come while others decode */
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
