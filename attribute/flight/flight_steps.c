/*
 * flight_steps.c: which prompts a step computes, and which sequences decode in it: also for requests that were
 * preempted, and for those that do not report cached tokens.
 */
#include <math.h>

#include "attribute/flight/flight_private.h"

/* At most this many prompts of a step are distinguished. */
#define PROMPTS_MAX 256
/* First tokens of one step, and their delay after the step's end. */
#define TOGETHER_NS (NS_PER_SECOND / 1000)
#define LATE_NS (3 * NS_PER_SECOND / 1000)

/*
 * Records have the number of preemptions of a request, not when: fewer sequences decode than should, and of those
 * with a preemption left, the one scheduled last recomputes its context before it continues, as engines do.
 */
static void preempt(struct flight *f) {
	size_t at = SIZE_MAX;

	for (size_t i = 0; i < f->decoding_count; i++) {
		if (flight_is_preemptible(f->decoding[i]) && (at == SIZE_MAX || flight_comes_before(f->decoding[at], f->decoding[i]))) {
			at = i;
		}
	}
	struct active *a = f->decoding[at];
	int64_t context = flight_context_of(f, a);
	if (f->settle) {
		f->settle(f->settle_context, a);
	}
	flight_stop_decoding(f, at);
	a->decoding = false;
	a->pauses++;
	a->paused = true;
	f->paused++;
	/* Includes the last token, which no step has read yet; the next one is made when this is done. */
	a->context = context + 1;
	a->remaining = context + 1 < COUNT_UNKNOWN ? (uint32_t)(context + 1) : 0;
	a->computed = a->stalled_ntok = 0;
	a->prior = 0;
	flight_put_waiting(f, a);
}

/* More sequences decode than should: one with a context that was partly cached. */
static bool resume(struct flight *f, bool by_count) {
	for (size_t i = 0; i < f->waiting_count; i++) {
		struct active *a = f->waiting[i];
		if (a->paused) {
			f->waiting_count--;
			memmove(f->waiting + i, f->waiting + i + 1, (f->waiting_count - i) * sizeof *f->waiting);
			flight_start_decoding(f, a, by_count ? flight_until_by_count(f, a) : a->request.finish_ns != UNKNOWN ? a->request.finish_ns : INT64_MAX);
			return true;
		}
	}
	return false;
}

static void match_decoders(struct flight *f, int64_t decoders, bool by_count) {
	while (f->preemptible > 0 && (int64_t)f->decoding_count > decoders) {
		preempt(f);
	}
	while (f->paused > 0 && (int64_t)f->decoding_count < decoders && resume(f, by_count)) {
	}
}

/* First come, first served: distributes the tokens of a step's prompts; returns the unexplained ones. */
static int64_t assign_chunks(struct flight *f, const struct step_item *s, int64_t left, int64_t latest_ns) {
	size_t most = s->prefill_requests > 0 && !flight_in_seconds(s) ? s->prefill_requests : SIZE_MAX;

	for (size_t i = 0; i < f->waiting_count && left > 0; i++) {
		struct active *a = f->waiting[i];
		if (flight_scheduled_ns(&a->request) > latest_ns || f->chunk_count >= most) {
			break;
		}
		if (a->remaining > 0) {
			int64_t tokens = a->remaining < left ? a->remaining : left;
			flight_add_chunk(f, a, tokens);
			left -= tokens;
		}
	}
	return left;
}

/* Prompts of a step: those that it finishes, then at most one that it cuts. */
struct prompts {
	size_t at[PROMPTS_MAX]; /* in waiting */
	size_t count;
	size_t finished;
	int64_t remaining; /* tokens of those that it finishes, if nothing was cached */
};

/*
 * By the clock: prompts with a first token at the step's end. By count: all with simultaneous first tokens; the first
 * one unless it is alone in a full step.
 */
static bool is_finished(const struct flight *f, const struct step_item *s, const struct prompts *p, int64_t end_ns, bool by_count) {
	const struct active *a = f->waiting[p->at[p->finished]], *head = f->waiting[p->at[0]];
	int64_t first = a->request.first_token_ns, with = head->request.first_token_ns;

	if (!by_count && first != UNKNOWN) {
		return first <= end_ns;
	}
	if (flight_in_seconds(s)) {
		first = UNKNOWN;
	}
	bool full = (int64_t)s->prefill_tokens + s->decode_tokens >= f->most_ntok, last = p->finished + 1 == p->count;
	if (p->finished > 0 && first != UNKNOWN && with != UNKNOWN) {
		return first - with <= TOGETHER_NS;
	}
	return !full || !last;
}

static struct prompts prompts_of(const struct flight *f, const struct step_item *s, int64_t latest_ns, int64_t end_ns, bool by_count) {
	struct prompts p = {.count = 0};
	size_t most = s->prefill_requests > 0 && s->prefill_requests < PROMPTS_MAX ? s->prefill_requests : PROMPTS_MAX;

	for (size_t i = 0; i < f->waiting_count && p.count < most; i++) {
		const struct active *a = f->waiting[i];
		if (flight_scheduled_ns(&a->request) > latest_ns) {
			break;
		}
		if (a->remaining > 0) {
			p.at[p.count++] = i;
		}
	}
	while (p.finished < p.count && is_finished(f, s, &p, end_ns, by_count)) {
		p.remaining += f->waiting[p.at[p.finished++]]->remaining;
	}
	return p;
}

/*
 * By count, a prompt that was treated as cut may have been done. Steps are never placed too late: a prompt with a
 * first token before a step begins is not in it.
 */
static void catch_up(struct flight *f, int64_t start_ns) {
	size_t kept = 0;

	for (size_t i = 0; i < f->waiting_count; i++) {
		struct active *a = f->waiting[i];
		int64_t first = a->request.first_token_ns;
		if (a->remaining > 0 && !a->paused && first != UNKNOWN && first < start_ns - TOGETHER_NS && a->request.part == PART_BOTH) {
			flight_find_rest(f, a);
			a->remaining = 0;
			flight_start_decoding(f, a, flight_until_by_count(f, a));
		} else {
			f->waiting[kept++] = a;
		}
	}
	f->waiting_count = kept;
}

static void find_in_cache(struct flight *f, struct active *a, int64_t ntok) {
	a->prior += ntok;
	a->request.cached_tokens += (uint32_t)ntok;
	a->remaining -= (uint32_t)ntok;
	f->day.hit_ntok += ntok;
}

/*
 * Cached tokens of a step's prompts: the difference to the tokens that would finish them, in proportion. With a cut
 * prompt the owner of the tokens is not known: the same cached part as for earlier prompts is assumed.
 */
static void seek_hits(struct flight *f, const struct step_item *s, int64_t latest_ns, int64_t end_ns, bool by_count) {
	struct prompts p = prompts_of(f, s, latest_ns, end_ns, by_count);
	int64_t computed = s->prefill_tokens, seen = 0, given = 0;

	if (p.finished < p.count) {
		double missed = f->day.prompt_ntok > 0 ? 1 - fmin(1, (double)f->day.hit_ntok / (double)f->day.prompt_ntok) : 1;
		computed = (int64_t)fmin((double)computed - 1, (double)p.remaining * missed);
	}
	if (computed >= p.remaining || computed < (int64_t)p.finished) {
		return;
	}
	for (size_t i = 0; i < p.finished; i++) {
		struct active *a = f->waiting[p.at[i]];
		seen += a->remaining;
		int64_t upto = (int64_t)((int128)computed * seen / p.remaining), left = (int64_t)(p.finished - i) - 1;
		int64_t part = upto - given > 1 ? upto - given : 1;
		part = part > computed - given - left ? computed - given - left : part;
		given += part;
		if (part < a->remaining) {
			find_in_cache(f, a, a->remaining - part);
		}
	}
}

/* By count: tokens recomputed in a step that the log marks. The sequence continues in the next one. */
static void assign_again(struct flight *f, const struct step_item *s) {
	struct active *last = NULL;

	for (size_t i = 0; i < f->decoding_count && s->again_tokens > 0; i++) {
		struct active *a = f->decoding[i];
		if (flight_is_preemptible(a) && (!last || flight_comes_before(last, a))) {
			last = a;
		}
	}
	if (last) {
		f->preemptible--;
		last->pauses++;
		f->preemptible += flight_is_preemptible(last);
		last->prior = 0;
		last->remaining = s->again_tokens;
		last->computed = 0;
		flight_add_chunk(f, last, s->again_tokens);
	}
}

/* A prompt that is done, or nearly, without a first token was preempted. */
static struct active *done_without_token(const struct flight *f, int64_t latest_ns) {
	struct active *found = NULL;

	for (size_t i = 0; i < f->waiting_count && flight_scheduled_ns(&f->waiting[i]->request) <= latest_ns; i++) {
		struct active *a = f->waiting[i];
		if (!a->paused && flight_is_preemptible(a) && a->computed > 0 && a->remaining == 0) {
			found = a;
		}
	}
	return found;
}

/* It was preempted when memory was short, else now. */
static void restart(struct active *a) {
	if (a->stalled_ntok > a->prior && a->stalled_ntok <= a->prior + a->computed) {
		a->computed -= a->stalled_ntok - (uint32_t)a->prior;
		a->remaining += a->stalled_ntok;
		a->prior = 0;
	} else {
		a->remaining += a->computed;
		a->computed = 0;
	}
	a->pauses++;
	a->stalled_ntok = 0;
}

static void begin_again(struct active *a) {
	a->pauses++;
	a->stalled_ntok = 0;
	a->remaining += (uint32_t)(a->prior + a->computed);
	a->prior = a->computed = 0;
}

static bool may_begin_again(const struct active *a) {
	return a->computed > 0 && a->remaining > 0 && flight_is_preemptible(a);
}

/*
 * Steps without prompts while one is partly computed: memory was short. If no sequence left before prompts are
 * computed again, the memory is that of the prompt itself, as engines preempt the last one first. Else it is noted:
 * the prompt began again if it is not done when its tokens are.
 */
static void restart_stalled(struct flight *f, const struct step_item *s) {
	int64_t before = f->stalled_decoders;

	f->stalled_decoders = s->prefill_tokens == 0 ? s->decode_requests : 0;
	for (size_t i = 0; i < f->waiting_count && before > 0 && s->prefill_tokens > 0; i++) {
		struct active *a = f->waiting[i];
		if (a->computed == 0 && a->remaining > 0) {
			return; /* neither it nor those after it have begun */
		}
		if (may_begin_again(a)) {
			a->stalled_ntok = a->stalled_ntok > 0 ? a->stalled_ntok : (uint32_t)(a->prior + a->computed);
			if (s->decode_requests >= before) {
				begin_again(a);
			}
			return;
		}
	}
}

/* A prompt that is partly computed begins again: the chunks of the step have less context than it would have. */
static void restart_partial(struct flight *f, const struct step_item *s, int64_t latest_ns) {
	int64_t before = 0, left = s->prefill_tokens;

	for (size_t i = 0; i < f->waiting_count && left > 0 && flight_scheduled_ns(&f->waiting[i]->request) <= latest_ns; i++) {
		struct active *a = f->waiting[i];
		before += a->remaining > 0 ? a->prior + a->computed : 0;
		if (before > s->prefill_kv_tokens && may_begin_again(a)) {
			begin_again(a);
			return;
		}
		left -= a->remaining;
	}
}

/* Steps without prompts have no contexts before chunks, in any log. */
static void find_restart(struct flight *f, const struct step_item *s, int64_t latest_ns, bool by_count) {
	if (!by_count && s->prefill_tokens > 0 && s->prefill_kv_tokens != UNKNOWN) {
		f->stalled_decoders = 0;
		restart_partial(f, s, latest_ns);
	} else {
		restart_stalled(f, s);
	}
}

/* Tokens that no prompt explains: finds the request that is recomputed. */
static bool start_again(struct flight *f, const struct step_item *s, int64_t latest_ns) {
	struct active *done = done_without_token(f, latest_ns);

	if (done) {
		restart(done);
		return true;
	}
	if (f->preemptible > 0 && (int64_t)f->decoding_count > s->decode_requests) {
		preempt(f);
		return true;
	}
	return false;
}

static int64_t take_chunk_back(struct flight *f) {
	const struct chunk *c = &f->chunks[--f->chunk_count];

	c->active->computed -= (uint32_t)c->tokens;
	c->active->remaining += (uint32_t)c->tokens;
	f->chunk_tokens -= c->tokens;
	f->chunk_token_kv -= c->tokens * c->before + c->tokens * c->tokens / 2;
	f->chunk_kv -= c->before;
	return c->tokens;
}

/* By count, where the step has no other prompts: one of them has more tokens. Returns the tokens to assign again. */
static int64_t restart_counted(struct flight *f, const struct step_item *s, int64_t latest_ns) {
	bool full = !flight_in_seconds(s) && s->prefill_requests > 0 && f->chunk_count >= s->prefill_requests;
	struct active *a = full ? done_without_token(f, latest_ns) : NULL;
	size_t at = 0;
	int64_t tokens = 0;

	while (at < f->chunk_count && f->chunks[at].active != a) {
		at++;
	}
	if (at == f->chunk_count || (a->computed <= f->chunks[at].tokens && a->stalled_ntok == 0)) {
		return 0; /* no more tokens than those of the step */
	}
	while (f->chunk_count > at) {
		tokens += take_chunk_back(f);
	}
	restart(a);
	return tokens;
}

int flight_enter_step(struct flight *f, const struct step_item *s, int64_t start_ns, bool by_count, flight_leave *leave,
                 void *context, struct fault *why) {
	int64_t middle = start_ns + s->duration_ns / 2;
	int64_t latest = !by_count ? middle : flight_in_seconds(s) ? flight_latest(s, start_ns) : start_ns + SLACK_NS;

	f->late_ns = s->flags & STEP_COARSE_CLOCK ? NS_PER_SECOND : 0;
	int rc = flight_advance_to(f, middle, s->decode_requests, by_count, leave, context, why);
	if (rc >= 0 && by_count && f->tokens_a_step > 1 && s->decode_requests > 0) {
		rc = flight_retire(f, s->decode_requests, leave, context, why);
	}
	/* In a step with prompts only, engines may let sequences wait. */
	if (rc >= 0 && !(by_count && f->tokens_a_step > 1) && s->decode_requests > 0) {
		match_decoders(f, s->decode_requests, by_count);
	}
	f->chunk_count = 0;
	f->chunk_tokens = f->chunk_token_kv = f->chunk_kv = 0;
	if (rc >= 0 && by_count && s->prefill_tokens > 0) {
		catch_up(f, start_ns - (flight_in_seconds(s) ? NS_PER_SECOND : 0));
		assign_again(f, s);
	}
	if (rc >= 0) {
		find_restart(f, s, latest, by_count);
	}
	if (rc >= 0 && f->seeks_hits && s->prefill_tokens > 0 && !(flight_in_seconds(s) && flight_prompts_match(f, s, latest))) {
		int64_t late_ns = s->duration_ns / 2 < LATE_NS ? s->duration_ns / 2 : LATE_NS;
		seek_hits(f, s, latest, start_ns + s->duration_ns + late_ns, by_count);
	}
	int64_t left = (int64_t)s->prefill_tokens - f->chunk_tokens;
	left = flight_in_seconds(s) ? flight_match_prompts(f, s, left, latest) : left;
	left = assign_chunks(f, s, left, latest);
	for (int64_t again; rc >= 0 && by_count && left > 0 && (again = restart_counted(f, s, latest)) > 0;) {
		left = assign_chunks(f, s, left + again, latest);
	}
	while (rc >= 0 && left > 0 && !by_count && start_again(f, s, latest)) {
		left = assign_chunks(f, s, left, latest);
	}
	return rc;
}

/* By count: a request with a finished prompt has its first token, and leaves after the steps of the others. */
static int finish_prompts(struct flight *f, flight_leave *leave, void *context, struct fault *why) {
	int rc = 0;

	for (size_t i = 0; i < f->chunk_count && rc >= 0; i++) {
		struct active *a = f->chunks[i].active;
		if (a->remaining > 0) {
			continue;
		}
		flight_find_rest(f, a);
		size_t at = 0;
		while (f->waiting[at] != a) {
			at++;
		}
		f->waiting_count--;
		memmove(f->waiting + at, f->waiting + at + 1, (f->waiting_count - at) * sizeof *f->waiting);
		if (flight_decode_steps(f, a) == 0 || a->request.part == PART_PREFILL) {
			rc = flight_let_go(f, a, leave, context, why);
		} else {
			flight_start_decoding(f, a, flight_until_by_count(f, a));
		}
	}
	return rc;
}

/* Steps over which the time of a step is averaged. */
#define PACE_STEPS 16

int flight_end_step(struct flight *f, const struct step_item *s, bool by_count, flight_leave *leave, void *context,
                  struct fault *why) {
	f->in_seconds = flight_in_seconds(s);
	f->step_end_ns = s->head.at_ns + s->duration_ns;
	if (s->decode_requests > 0) {
		f->pace_ns = f->pace_ns > 0 ? f->pace_ns - f->pace_ns / PACE_STEPS + s->duration_ns / PACE_STEPS : s->duration_ns;
		f->context_seen += (double)f->context_sum;
		f->unequal_seen += (double)f->decoding_count * (double)flight_longest(f);
		f->context_sum += (int64_t)f->decoding_count;
		f->decode_step++;
	}
	return by_count ? finish_prompts(f, leave, context, why) : 0;
}
