#include "attribute/split/requests/replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/evidence/ranks.h"
#include "attribute/laws/rules.h"

/*
 * One standard deviation of prefill's share of steps with both phases that neither the bootstrap nor residuals show,
 * by the part of busy time that is spent in other steps. If these are few, the split depends on the model's form.
 */
#define FORM_SD 0.002
#define FORM_GUESSED_SD 0.006 /* if the scheduling of requests is guessed */
#define MOST_BOTH_PART 0.95
#define LEAST_FORM_SD 0.01 /* however many other steps there are */
#define LEAST_GUESSED_SD 0.027
/* The bootstrap keeps the rebuilt steps, so it shows a part of their uncertainty. */
#define BY_DRAWN 2
#define MOST_DOUBT 0.5

/* One standard deviation of what attention costs, relative, besides: the form of the model's other terms decides on it. */
#define ATTENTION_SD 0.15

/* If rows are further off on average than with good clocks: additional uncertainty of prefill's share. */
#define USUAL_OFF 0.07
#define BY_OFF 2

/*
 * Part of a step's time during which the device waited for the host, one standard deviation: instants show a part of
 * it, or nothing if no request had to wait.
 */
#define HIDDEN_GAP_NS 150e3
#define UNSEEN_GAP_NS 300e3
#define WAIT_SD 0.01

/*
 * One standard deviation of what contexts cost, relative, if all prompts are computed elsewhere: it is not logged when a
 * request's cache arrives, so that more sequences seem to decode than do.
 */
#define ELSEWHERE_CONTEXT_SD 0.3

/* If scheduling is guessed, so is who was in a step: one standard deviation of a tenant's part. */
#define GUESSED_MEMBER_SD 0.025

/* If besides the replica is a rank in lock-step: its steps take the time of the others' batches, too. */
#define RANK_GUESSED_SD 0.06

static double both_sd(const struct pass *pass, const struct replay *y, const struct batch *b) {
	double sd = y->borrowed ? hypot(y->both_sd, step_model_share_sd(y->model, b)) : y->both_sd;

	return y->by->guesses && ranks_count(pass->common->ranks, pass->summary->replica) > 1 ? sd + RANK_GUESSED_SD : sd;
}

/*
 * One standard deviation of the coefficient of attention. If it is less than half of what is usual, the fit has taken its time
 * for another cost.
 */
static double attention_sd_ns(const struct replay *y) {
	const double *ns = y->model->ns;
	double token_ns = ns[TERM_TOKENS];

	for (int j = 0; j < HINGE_COUNT; j++) {
		token_ns += ns[TERM_HINGES + j];
	}
	double missing = fmax(0, y->usual_attention * token_ns / 2 - ns[TERM_ATTENTION]);
	return hypot(hypot(BY_DRAWN * y->by->attention_sd_ns, missing), ATTENTION_SD * ns[TERM_ATTENTION]);
}

/* Relative, of a coefficient. */
static double drawn_part(const struct replay *y, enum term term, double sd_ns) {
	return y->borrowed || y->model->ns[term] <= 0 ? 0 : fmin(1, BY_DRAWN * sd_ns / y->model->ns[term]);
}

void replay_set_sd(struct replay *y, bool borrowed) {
	double part = fmin(MOST_BOTH_PART, y->by->both_part),
	       form = (y->by->guesses ? FORM_GUESSED_SD : FORM_SD) / (1 - part);

	form = hypot(hypot(form, y->by->guesses ? LEAST_GUESSED_SD : LEAST_FORM_SD), fmax(0, y->by->score - USUAL_OFF) * BY_OFF);
	form = hypot(form, y->by->both_part > 0 ? fmin(MOST_DOUBT, y->by->doubt / y->by->both_part) : 0);
	y->borrowed = borrowed;
	y->both_sd = borrowed ? form : hypot(form, BY_DRAWN * y->by->drawn_sd);
	y->attention_sd_ns = borrowed ? 0 : attention_sd_ns(y);
	y->attention_sd = drawn_part(y, TERM_ATTENTION, y->by->attention_sd_ns);
	y->context_sd = y->by->both_part > 0 ? drawn_part(y, TERM_CONTEXT, y->by->context_sd_ns) : ELSEWHERE_CONTEXT_SD;
}

static double wait_sd(const struct replay *y, double step_ns) {
	return step_ns > 0 ? hypot(WAIT_SD, fmin(1, (y->by->gap_ns > 0 ? HIDDEN_GAP_NS : UNSEEN_GAP_NS) / step_ns))
			   : WAIT_SD;
}

static double part_of(double part, double whole) {
	return whole > 0 ? fmax(0, fmin(1, part / whole)) : 0;
}

/* The engine's work between two steps; the rest is the device's. */
static int post_gaps(struct pass *pass, int64_t gaps_ns, struct fault *why) {
	int rc = gaps_ns > 0 ? accounts_gap(&pass->accounts, ENTRY_OTHER, pass->cursor_ns, pass->cursor_ns + gaps_ns,
					    false, why)
			     : 0;

	pass->cursor_ns += gaps_ns > 0 ? gaps_ns : 0;
	return rc;
}

/* `whole_ns`: the model's time of the batch. */
static int post_busy(struct pass *pass, const struct replay *y, const struct batch *b, double whole_ns, int64_t to_ns,
		     struct fault *why) {
	const struct step_model *m = y->model;
	bool prompts = b->prefill_tokens > 0, both = prompts && b->decode_tokens > 0;
	struct split_times t;
	int64_t total;

	split_times_of(m, b, whole_ns, &t);
	if (!accounts_gpu_ns(&pass->accounts, pass->cursor_ns, to_ns, &total)) {
		return fault_set(why, ERROR_RANGE, "the GPU time of requests does not fit 64 bits of nanoseconds");
	}
	int64_t prefill = both      ? split_part(total, split_prefill_share(pass->common->options->rule, &t))
			  : prompts ? total
				    : 0;
	double attention = m->ns[TERM_ATTENTION] * (double)b->prefill_token_kv;
	const struct stretch s = {
	    .from_ns = pass->cursor_ns,
	    .to_ns = to_ns,
	    .prefill_ns = prefill,
	    .decode_ns = total - prefill,
	    .grade = GRADE_C,
	    .attention_share = part_of(attention, t.prefill),
	    .prior_share = t.prefill > attention
			       ? part_of(m->ns[TERM_PREFILL_CONTEXT] * (double)b->prefill_kv_tokens, t.prefill)
			       : 0,
	    .context_share = part_of(step_model_context_ns(m, b), t.decode),
	    .attention_doubt = t.prefill > 0 ? y->attention_sd_ns * (double)b->prefill_token_kv / t.prefill : 0,
	    .member_sd = y->by->guesses ? GUESSED_MEMBER_SD : 0,
	    .attention_sd = y->attention_sd,
	    .context_sd = y->context_sd,
	    .prefill_tokens = b->prefill_tokens,
	    .prefill_token_kv = b->prefill_token_kv,
	    .prefill_kv_tokens = b->prefill_kv_tokens,
	    .decode_requests = b->decode_tokens,
	    .decode_kv_tokens = b->decode_kv_tokens,
	    .times = both ? &t : NULL,
	    .by_steps = true,
	    .share_sd = both ? hypot(both_sd(pass, y, b), wait_sd(y, t.whole)) : wait_sd(y, t.whole),
	};
	int rc = accounts_busy(&pass->accounts, &s, why);
	pass->cursor_ns = to_ns;
	return rc;
}

/* Adds tokens to all sequences. */
static void grow(struct flight *f, int64_t ntok) {
	f->context_sum += ntok * (int64_t)f->decoding_count;
	f->decode_step += ntok;
}

/* ---- a step with prompts ---- */

static bool is_scheduled(const struct active *a, int64_t at_ns) {
	int64_t ns = a->request.scheduled_ns != UNKNOWN ? a->request.scheduled_ns : a->request.head.at_ns;

	return ns <= at_ns;
}

/* Is it computed here, and is its end known? */
static bool is_prompt(const struct active *a) {
	return a->request.part != PART_DECODE && a->request.first_token_ns != UNKNOWN;
}

static struct active *first_prompt(const struct flight *f, int64_t at_ns) {
	for (size_t i = 0; i < f->waiting_count && is_scheduled(f->waiting[i], at_ns); i++) {
		if (is_prompt(f->waiting[i])) {
			return f->waiting[i];
		}
	}
	return NULL;
}

/* Adds chunks of the waiting prompts up to the step's budget. */
static struct rebuild_chunks board(struct flight *f, const struct replay *y, int64_t at_ns, int64_t next_ns) {
	int64_t room = y->by->budget_ntok - (int64_t)f->decoding_count;
	struct rebuild_chunks c = {false};

	f->chunk_count = 0;
	f->chunk_tokens = f->chunk_token_kv = f->chunk_kv = 0;
	for (size_t i = 0; i < f->waiting_count && is_scheduled(f->waiting[i], at_ns); i++) {
		struct active *a = f->waiting[i];
		bool ends = a->request.first_token_ns <= next_ns + REBUILD_EPS_NS;
		int64_t ntok = is_prompt(a) ? rebuild_chunk(a->remaining, room, ends) : 0;
		if (ntok > 0) {
			room -= ntok;
			flight_add_chunk(f, a, ntok);
		}
		if (is_prompt(a)) {
			rebuild_note_chunk(&c, ntok, a->remaining, ends, a->request.first_token_ns);
		}
	}
	return c;
}

/* Models that were fitted with the longest context need it. */
static struct batch batch_of(const struct flight *f, const struct replay *y) {
	int64_t unequal = (int64_t)f->decoding_count * flight_longest(f);

	return (struct batch){
	    .prefill_tokens = f->chunk_tokens,
	    .prefill_token_kv = f->chunk_token_kv,
	    .decode_tokens = (int64_t)f->decoding_count,
	    .decode_kv_tokens = f->context_sum,
	    .prefill_kv_tokens = f->chunk_kv,
	    .decode_unequal_kv = !y->borrowed               ? 0
				 : unequal > f->context_sum ? unequal
							    : f->context_sum,
	};
}

static int post_step(struct pass *pass, const struct replay *y, const struct batch *b, double whole_ns, int64_t to_ns,
		     struct fault *why) {
	int64_t gap_ns = y->by->gap_ns < (to_ns - pass->cursor_ns) / 2 ? y->by->gap_ns : 0;
	int rc = post_gaps(pass, gap_ns, why);

	rc = rc < 0 ? rc : post_busy(pass, y, b, whole_ns, to_ns, why);
	grow(&pass->flight, b->decode_tokens > 0 ? llround(y->by->tokens_a_step) : 0);
	return rc;
}

/* ---- time without prompts ---- */

static int post_decode(struct pass *pass, const struct replay *y, int64_t to_ns, struct fault *why) {
	struct flight *f = &pass->flight;
	struct batch b = batch_of(f, y);
	double step = step_model_ns(y->model, &b) + (double)y->by->gap_ns, ns = (double)(to_ns - pass->cursor_ns);
	double steps = step > 0 ? ns / step : 1;
	int64_t ntok = llround(steps * y->by->tokens_a_step), gaps_ns = (int64_t)(steps * (double)y->by->gap_ns);

	grow(f, ntok / 2);
	b.decode_kv_tokens = f->context_sum;
	int rc = post_gaps(pass, gaps_ns < to_ns - pass->cursor_ns ? gaps_ns : 0, why);
	rc = rc < 0 ? rc : post_busy(pass, y, &b, step_model_ns(y->model, &b), to_ns, why);
	grow(f, ntok - ntok / 2);
	return rc;
}

/* Nothing decodes: a prompt with a later last chunk is computed evenly up to then; else the device has no work. */
static int post_rest(struct pass *pass, const struct replay *y, int64_t to_ns, struct fault *why) {
	struct flight *f = &pass->flight;
	struct active *a = first_prompt(f, pass->cursor_ns + REBUILD_EPS_NS);

	if (!a) {
		bool queued = f->waiting_count > 0 && f->waiting[0]->request.head.at_ns <= pass->cursor_ns;
		int rc = accounts_gap(&pass->accounts, queued ? ENTRY_OTHER : ENTRY_IDLE, pass->cursor_ns, to_ns, false,
				      why);
		pass->cursor_ns = to_ns;
		return rc;
	}
	double life = (double)a->request.first_token_ns - (double)pass->cursor_ns;
	double part = life > 0 ? fmin(1, (double)(to_ns - pass->cursor_ns) / life) : 1;
	int64_t ntok = (int64_t)((double)a->remaining * part);
	a->remaining += a->remaining == 0;
	flight_add_chunk(f, a, ntok > 0 ? ntok : 1);
	struct batch b = batch_of(f, y);
	return post_busy(pass, y, &b, step_model_ns(y->model, &b), to_ns, why);
}

/* ---- when requests were scheduled, if that is not known ---- */

void replay_release(struct replay_queue *q) {
	guess_release(&q->guess);
	free(q->arrivals);
	free(q->list);
	free(q->actives);
}

/*
 * Until it is decided a request waits as if it were scheduled at its first token: so all undecided requests follow
 * the decided ones, in the order of first tokens.
 */
void replay_enqueue(struct replay_queue *q, struct flight *f, struct active *a) {
	if (q->first == q->count) {
		q->first = q->count = 0;
	} else if (q->count == q->room && 2 * q->first > q->room) {
		memmove(q->arrivals, q->arrivals + q->first, (q->count - q->first) * sizeof *q->arrivals);
		q->count -= q->first;
		q->first = 0;
	}
	q->arrivals = must_grow(q->arrivals, q->count, &q->room, sizeof *q->arrivals, 64);
	a->first_decode = ++q->passed; /* its number among all arrivals, until it decodes */
	q->arrivals[q->count++] = (struct replay_arrival){a->request.head.at_ns, false};
	flight_reschedule(f, a, a->request.first_token_ns);
}

static int by_arrival(const void *a_bytes, const void *b_bytes) {
	const struct active *a = *(struct active *const *)a_bytes, *b = *(struct active *const *)b_bytes;

	return a->first_decode < b->first_decode ? -1 : a->first_decode > b->first_decode;
}

static void mark_decided(struct replay_queue *q, const struct active *a) {
	size_t back = (size_t)(q->passed - a->first_decode);

	q->arrivals[q->count - 1 - back].decided = true;
	while (q->first < q->count && q->arrivals[q->first].decided) {
		q->first++;
	}
}

/* The waiting requests from `from` on with their first tokens from one step. */
static void decide(struct replay_queue *q, struct pass *pass, const struct replay *y, size_t from, size_t count) {
	struct flight *f = &pass->flight;

	if (count > q->list_room) {
		q->list_room = count + 64;
		q->list = must_realloc(q->list, q->list_room * sizeof *q->list);
		q->actives = must_realloc(q->actives, q->list_room * sizeof *q->actives);
	}
	memcpy(q->actives, f->waiting + from, count * sizeof *q->actives);
	qsort(q->actives, count, sizeof *q->actives, by_arrival);
	for (size_t i = 0; i < count; i++) {
		const struct request_item *r = &q->actives[i]->request;
		q->list[i] = (struct guess_request){
		    .arrival_ns = r->head.at_ns,
		    .first_token_ns = r->first_token_ns,
		    .finish_ns = r->part == PART_PREFILL ? r->first_token_ns : r->finish_ns,
		    .compute_ntok = q->actives[i]->remaining,
		    .cached_ntok = r->cached_tokens,
		    .prompt_ntok = r->prompt_tokens,
		    .output_ntok = r->completion_tokens,
		};
	}
	q->guess.most_sequences = y->by->most_sequences;
	q->guess.most_context = y->by->most_context;
	q->guess.gap_ns = y->by->gap_ns;
	guess_scheduled(&q->guess, y->model, y->by->budget_ntok, q->list, count);
	for (size_t i = 0; i < count; i++) {
		struct active *a = q->actives[i];
		int64_t at_ns = q->list[i].scheduled_ns;
		mark_decided(q, a);
		a->first_decode = 0;
		a->guessed = !q->list[i].certain;
		flight_reschedule(f, a, at_ns > pass->cursor_ns ? at_ns : pass->cursor_ns);
	}
}

/* The first of the waiting that is scheduled after an instant. */
static size_t first_after(const struct flight *f, int64_t at_ns) {
	size_t low = 0, high = f->waiting_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->waiting[middle]->request.scheduled_ns > at_ns) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

int64_t replay_decide(struct replay_queue *q, struct pass *pass, const struct replay *y, int64_t known_ns) {
	const struct flight *f = &pass->flight;

	if (q->first == q->count) {
		return known_ns;
	}
	for (size_t from = first_after(f, q->decided_ns), to; from < f->waiting_count; from = to) {
		int64_t first_ns = f->waiting[from]->request.scheduled_ns;
		if (first_ns >= known_ns - REBUILD_EPS_NS) {
			break;
		}
		for (to = from; to < f->waiting_count && f->waiting[to]->first_decode > 0 &&
				f->waiting[to]->request.scheduled_ns <= first_ns + REBUILD_EPS_NS;
		     to++) {
		}
		if (to > from) {
			decide(q, pass, y, from, to - from);
			q->decided_ns = first_ns + REBUILD_EPS_NS;
		} else {
			to++;
		}
	}
	return q->first < q->count && q->arrivals[q->first].at_ns < known_ns ? q->arrivals[q->first].at_ns : known_ns;
}

/* Until when no request is added. */
static int64_t next_prompt_ns(const struct flight *f, int64_t at_ns, int64_t next_ns) {
	size_t i = first_after(f, at_ns);

	return i < f->waiting_count && f->waiting[i]->request.scheduled_ns < next_ns
		   ? f->waiting[i]->request.scheduled_ns
		   : next_ns;
}

int replay_next(struct pass *pass, const struct replay *y, int64_t known_ns, bool last, struct fault *why) {
	struct flight *f = &pass->flight;
	int64_t at_ns = pass->cursor_ns + REBUILD_EPS_NS, next_ns = flight_next_change(f, at_ns);
	int rc;

	if (next_ns > known_ns && !last && first_prompt(f, at_ns)) {
		return 0; /* another request may still come before its first token */
	}
	next_ns = next_ns > known_ns ? known_ns : next_ns;
	struct rebuild_chunks c = board(f, y, at_ns, next_ns);
	if (f->chunk_count == 0) {
		next_ns = next_prompt_ns(f, at_ns, next_ns);
		rc = f->decoding_count > 0 ? post_decode(pass, y, next_ns, why) : post_rest(pass, y, next_ns, why);
		return rc < 0 ? rc : 1;
	}
	struct batch b = batch_of(f, y);
	double whole_ns = step_model_ns(y->model, &b), expected = whole_ns + (double)y->by->gap_ns;
	expected *= rebuild_stretch(y->model, &b, pass->cursor_ns, expected, &c, y->by->budget_ntok, y->by->gap_ns);
	double more = rebuild_more_ns(y->model, &b, c.rest_ntok, y->by->budget_ntok);
	rc = post_step(pass, y, &b, whole_ns, rebuild_end(pass->cursor_ns, next_ns, c.finishes, expected, more), why);
	return rc < 0 ? rc : 1;
}
