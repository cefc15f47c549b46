/*
 * flight_seconds.c: which prompts a step computes, if the instants of requests are truncated to the second. The order
 * within a second is not known, but tokens are: prompts that end in a step and together have its tokens belong to it.
 */
#include "attribute/flight/flight_private.h"

#include <math.h>
#include <string.h>

/* Largest difference between the clocks of requests and steps. */
#define LATE_NS (NS_PER_SECOND / 20)
/* Limits of the search: prompts, steps and combinations; steps in which finishes are searched. */
#define TRIED_MOST 128
#define STEPS_MOST 512
#define STEPS_ENOUGH 48 /* this many steps do not agree by chance */
#define WAYS_MOST 3000
#define DECODES_MOST 2048
/* A sequence accepts more or less of its drafts than others do. */
#define PACE_SD 0.1
#define OVERDUE 1e6 /* before all that are not */

/*
 * What a prompt must match besides tokens and seconds; conditions that turn out wrong or unknown are dropped.
 */
enum strictness {
	NO_ORDER = 1, /* a prompt scheduled in an earlier second may begin after a later one */
	NO_FINISH = 2, /* the following steps do not show that it leaves; contexts may differ */
	ANY_CUT = 4,  /* steps that are not full may also cut a prompt */
};
static const unsigned passes[] = {0, NO_FINISH, NO_FINISH | NO_ORDER, NO_FINISH | NO_ORDER | ANY_CUT};
#define PASSES (sizeof passes / sizeof *passes)

/* A search for the prompts of a step and of the following ones, up to one after which no prompt is partly done. */
struct search {
	const struct step_item *step[STEPS_MOST]; /* with prompts */
	size_t before[STEPS_MOST];                /* number of steps with sequences up to it */
	size_t steps;
	/* steps with sequences, and the step after each */
	const struct step_item *decode[DECODES_MOST], *behind[DECODES_MOST];
	size_t decodes;
	struct active *may[TRIED_MOST];
	size_t in_step[TRIED_MOST]; /* the step that begins it, + 1; 0: none */
	size_t count;
	struct active *cut; /* by the first step */
	long ways;
	unsigned leave_out;
	int64_t full_ntok;
	bool drafts; /* a sequence may get several tokens in a step */
};

/* Totals of the prompts that a step begins. */
struct wanted {
	size_t prompts;
	int64_t ntok, kv_ntok;
};

bool flight_in_seconds(const struct step_item *s) {
	return (s->flags & STEP_REQUESTS_IN_SECONDS) != 0;
}

/* Can an instant truncated to the second be within this time of the steps? */
static bool may_be_in(int64_t cut_ns, int64_t from_ns, int64_t to_ns) {
	return cut_ns == UNKNOWN || (cut_ns > from_ns - NS_PER_SECOND - LATE_NS && cut_ns < to_ns + LATE_NS);
}

int64_t flight_latest(const struct step_item *s, int64_t start_ns) {
	return (s->flags & STEP_COARSE_CLOCK) != 0 ? start_ns + NS_PER_SECOND : start_ns;
}

static bool may_begin(const struct active *a, const struct step_item *s) {
	return may_be_in(a->request.scheduled_ns, s->head.at_ns, flight_latest(s, s->head.at_ns));
}

static bool may_end(const struct active *a, const struct step_item *s) {
	return may_be_in(a->request.first_token_ns, s->head.at_ns + s->duration_ns, flight_latest(s, s->head.at_ns) + s->duration_ns);
}

/* ---- what is possible ---- */

static void search_add(struct search *x, const struct step_item *s, const struct step_item *behind) {
	if (s->decode_requests > 0 && x->decodes < DECODES_MOST) {
		x->behind[x->decodes] = behind;
		x->decode[x->decodes++] = s;
	}
	if (s->prefill_tokens > 0 && x->steps < STEPS_MOST) {
		x->before[x->steps] = x->decodes;
		x->step[x->steps++] = s;
	}
}

static void search_init(struct search *x, const struct flight *f, const struct step_item *s, int64_t latest_ns) {
	x->steps = x->decodes = x->count = 0;
	x->full_ntok = f->most_ntok;
	x->drafts = f->tokens_a_step > 1;
	search_add(x, s, f->ahead_count > 0 ? f->ahead : NULL);
	for (size_t i = 0; i < f->ahead_count && x->decodes < DECODES_MOST; i++) {
		search_add(x, &f->ahead[i], i + 1 < f->ahead_count ? &f->ahead[i + 1] : NULL);
	}
	latest_ns += x->step[x->steps - 1]->head.at_ns - s->head.at_ns;
	for (size_t i = 0; i < f->waiting_count && x->count < TRIED_MOST; i++) {
		struct active *a = f->waiting[i];
		if (flight_scheduled_ns(&a->request) > latest_ns) {
			break;
		}
		if (a->remaining > 0 && a->computed == 0) {
			x->may[x->count++] = a;
		}
	}
}

static void search_begin(struct search *x, unsigned leave_out) {
	memset(x->in_step, 0, x->count * sizeof *x->in_step);
	x->cut = NULL;
	x->ways = 0;
	x->leave_out = leave_out;
}

static bool may_cut(const struct search *x, const struct step_item *s) {
	return (x->leave_out & ANY_CUT) != 0 || (int64_t)s->prefill_tokens + s->decode_tokens >= x->full_ntok;
}

/* First come, first served: a step may begin a prompt if it begins all possible ones scheduled in earlier seconds. */
static bool is_next(const struct search *x, size_t i, const struct step_item *s) {
	for (size_t k = 0; k < i && (x->leave_out & NO_ORDER) == 0; k++) {
		if (x->in_step[k] == 0 && may_begin(x->may[k], s)) {
			return flight_scheduled_ns(&x->may[k]->request) == flight_scheduled_ns(&x->may[i]->request);
		}
	}
	return may_begin(x->may[i], s);
}

/*
 * A sequence decodes in each step after its prompt's last one: is the step of its last token in its second, and does
 * a sequence leave there?
 */
static bool may_finish(const struct search *x, const struct active *a, size_t step) {
	size_t last = x->before[step] + a->request.completion_tokens;

	if ((x->leave_out & NO_FINISH) != 0 || x->drafts || a->request.completion_tokens < 2 || a->request.part != PART_BOTH || last - 2 >= x->decodes ||
	    !x->behind[last - 2]) {
		return true;
	}
	const struct step_item *s = x->decode[last - 2], *behind = x->behind[last - 2];
	return may_be_in(a->request.finish_ns, s->head.at_ns + s->duration_ns, flight_latest(s, s->head.at_ns) + s->duration_ns) &&
	       behind->decode_requests < s->decode_requests + s->prefill_requests;
}

static bool may_be_whole(const struct search *x, const struct active *a, size_t step) {
	return may_end(a, x->step[step]) && may_finish(x, a, step);
}

/* Contexts before a step's prompts, if it reports them. */
static int64_t context_of(const struct step_item *s) {
	return s->prefill_kv_tokens != UNKNOWN ? s->prefill_kv_tokens : 0;
}

/* Are these all of them? */
static bool is_context(const struct search *x, const struct step_item *s, int64_t kv_ntok) {
	return (x->leave_out & NO_FINISH) != 0 || s->prefill_kv_tokens == UNKNOWN || kv_ntok == 0;
}

/* ---- the search ---- */

static bool search_step(struct search *x, size_t step, const struct active *half, int64_t half_ntok);

/* Can a step begin this prompt, whole or cut, as the last of its prompts? The following steps continue a cut one. */
static bool search_last(struct search *x, size_t step, size_t i, bool cut, struct wanted w) {
	const struct active *a = x->may[i];

	if ((cut ? a->remaining <= w.ntok : a->remaining != w.ntok) || !is_next(x, i, x->step[step]) || !is_context(x, x->step[step], w.kv_ntok - a->prior) ||
	    (!cut && !may_be_whole(x, a, step))) {
		return false;
	}
	x->in_step[i] = step + 1;
	x->cut = step == 0 ? (cut ? x->may[i] : NULL) : x->cut;
	bool found = !cut || search_step(x, step + 1, a, a->remaining - w.ntok);
	x->in_step[i] = found ? step + 1 : 0;
	return found;
}

/* Prompts that a step begins, in the order of scheduling: all but the last are whole. */
static bool search_prompts(struct search *x, size_t step, size_t from, struct wanted w) {
	if (step >= STEPS_ENOUGH) {
		return true;
	}
	if (w.prompts == 0 || w.ntok <= 0 || ++x->ways > WAYS_MOST) {
		return w.prompts == 0 && w.ntok == 0 && is_context(x, x->step[step], w.kv_ntok);
	}
	for (unsigned cut = 0; w.prompts == 1 && cut < 1U + may_cut(x, x->step[step]); cut++) {
		for (size_t i = 0; i < x->count; i++) {
			if (x->in_step[i] == 0 && search_last(x, step, i, cut > 0, w)) {
				return true;
			}
		}
	}
	for (size_t i = from; w.prompts > 1 && i < x->count; i++) {
		const struct active *a = x->may[i];
		if (x->in_step[i] != 0 || a->remaining >= w.ntok || !is_next(x, i, x->step[step]) || !may_be_whole(x, a, step)) {
			continue;
		}
		x->in_step[i] = step + 1;
		if (search_prompts(x, step, i + 1, (struct wanted){w.prompts - 1, w.ntok - a->remaining, w.kv_ntok - a->prior})) {
			return true;
		}
		x->in_step[i] = 0;
	}
	return false;
}

/* A step that continues a prompt with this many tokens remaining; if no more steps are known, nothing contradicts. */
static bool search_step(struct search *x, size_t step, const struct active *half, int64_t half_ntok) {
	if (step == x->steps || x->step[step]->prefill_requests == 0) {
		return step == x->steps;
	}
	const struct step_item *s = x->step[step];
	struct wanted w = {s->prefill_requests - 1, (int64_t)s->prefill_tokens - half_ntok,
	                   context_of(s) - (half->prior + half->computed + half->remaining - half_ntok)};
	if (half_ntok > s->prefill_tokens) {
		return w.prompts == 0 && is_context(x, s, w.kv_ntok) && search_step(x, step + 1, half, -w.ntok);
	}
	return may_be_whole(x, half, step) && search_prompts(x, step, 0, w);
}

/* ---- applying the result ---- */

/* Prompts that earlier steps began continue first. */
static int64_t go_on(struct flight *f, const struct step_item *s, int64_t left) {
	for (size_t i = 0; i < f->waiting_count && left > 0 && (s->prefill_requests == 0 || f->chunk_count < s->prefill_requests); i++) {
		struct active *a = f->waiting[i];
		if (a->computed > 0 && a->remaining > 0) {
			int64_t tokens = a->remaining < left ? a->remaining : left;
			flight_add_chunk(f, a, tokens);
			left -= tokens;
		}
	}
	return left;
}

/* Applies the result of the search to its first step. */
static void assign_found(struct flight *f, const struct search *x, int64_t left) {
	for (size_t i = 0; i < x->count; i++) {
		struct active *a = x->may[i];
		if (x->in_step[i] == 1 && a != x->cut) {
			left -= a->remaining;
			flight_add_chunk(f, a, a->remaining);
		}
	}
	if (x->cut) {
		flight_add_chunk(f, x->cut, left);
	}
}

/*
 * Tokens of prompts that the search begins in its first step, where a prompt of another tenant might as well: it has as many
 * tokens, and with drafts finishes do not show which one it is.
 */
static int64_t ambiguous_ntok(const struct search *x) {
	int64_t ntok = 0;

	for (size_t i = 0; i < x->count && x->drafts; i++) {
		const struct active *a = x->may[i];
		bool open = false;
		for (size_t k = 0; k < x->count && x->in_step[i] == 1 && !open; k++) {
			const struct active *b = x->may[k];
			open = x->in_step[k] != 1 && b->remaining == a->remaining && b->request.tenant != a->request.tenant && may_begin(b, x->step[0]) && may_end(b, x->step[0]);
		}
		ntok += open ? a->remaining : 0;
	}
	return ntok;
}

bool flight_prompts_match(const struct flight *f, const struct step_item *s, int64_t latest_ns) {
	const struct active *half = NULL;
	struct search x;

	search_init(&x, f, s, latest_ns);
	search_begin(&x, NO_FINISH);
	for (size_t i = 0; i < f->waiting_count && !half; i++) {
		half = f->waiting[i]->computed > 0 && f->waiting[i]->remaining > 0 ? f->waiting[i] : NULL;
	}
	return half ? search_step(&x, 0, half, half->remaining) : search_prompts(&x, 0, 0, (struct wanted){s->prefill_requests, s->prefill_tokens, 0});
}

int64_t flight_match_prompts(struct flight *f, const struct step_item *s, int64_t left, int64_t latest_ns) {
	left = go_on(f, s, left);
	size_t prompts = s->prefill_requests > f->chunk_count ? s->prefill_requests - f->chunk_count : 0;
	struct search x;
	bool found = false;

	if (prompts == 0 || left <= 0) {
		return left;
	}
	search_init(&x, f, s, latest_ns);
	for (size_t i = 0; i < PASSES && !found; i++) {
		search_begin(&x, passes[i]);
		found = search_prompts(&x, 0, 0, (struct wanted){prompts, left, context_of(s) - f->chunk_kv});
	}
	f->day.counted_ntok += left;
	if (!found) {
		f->day.guessed_ntok += left;
		return left;
	}
	f->day.guessed_ntok += ambiguous_ntok(&x);
	assign_found(f, &x, left);
	return 0;
}

/* ---- which sequence leaves, with drafts ---- */

/* The rate at which a normal variable ends at `z`, if it has not ended before, in standard deviations. */
static double hazard(double z) {
	double left = erfc(z * M_SQRT1_2);

	return z > 5 ? z : exp(-z * z / 2) * 0.797884560802865 / left;
}

/* How likely a sequence ends now: its steps vary with the drafts accepted; in the second of its finish in any case. */
static double done_rate(const struct flight *f, const struct active *a) {
	double m = f->tokens_a_step, steps = (double)flight_decode_steps(f, a);
	double sd = sqrt(0.25 + steps * (m - 1) / (m * m) + PACE_SD * PACE_SD * steps * steps);

	if (a->request.finish_ns == UNKNOWN || f->step_end_ns + LATE_NS < a->request.finish_ns) {
		return 0;
	}
	double rate = hazard(((double)(f->decode_step - a->first_decode) - steps) / sd) / sd;
	return f->step_end_ns - NS_PER_SECOND - LATE_NS > a->request.finish_ns ? rate + OVERDUE : rate;
}

size_t flight_likeliest_done(const struct flight *f) {
	size_t best = 0;
	double most = 0;

	for (size_t i = 0; i < f->decoding_count; i++) {
		double rate = done_rate(f, f->decoding[i]);
		bool before = rate == most && most > 0 && f->decoding[i]->until < f->decoding[best]->until;
		if (rate > most || before) {
			most = rate;
			best = i;
		}
	}
	return best;
}
