#include "report/estimate/replay.h"

#include <math.h>
#include <stdlib.h>

/* A request in a batch slot. */
struct place {
	struct replay_request request;
	int64_t computed; /* of the prompt, cached tokens included */
	int64_t made;     /* output tokens */
	int64_t chunk;    /* of the current step */
	bool counted;     /* its prompt was computed before a preemption */
};

struct replay {
	struct replay_options o;
	const struct fitted_model *model;
	struct replay_sums sums;
	int64_t now_ns, last_ns; /* last_ns: of arrivals */
	struct place *places; /* in the order of admission */
	size_t count, room;
	int64_t held; /* tokens in the cache of all slots, with whole prompts */
	struct place *waiting; /* a ring of waiting requests */
	size_t first, waiting_count, waiting_room; /* room: a power of 2 */
};

struct replay *replay_new(const struct replay_options *o) {
	struct replay *r = must_calloc(1, sizeof *r);

	r->o = *o;
	r->now_ns = INT64_MIN;
	return r;
}

void replay_free(struct replay *r) {
	if (r) {
		free(r->places);
		free(r->waiting);
		free(r);
	}
}

void replay_kv_tokens(struct replay *r, int64_t kv_tokens) {
	r->o.kv_tokens = kv_tokens;
}

void replay_model(struct replay *r, const struct fitted_model *m) {
	r->model = m;
}

const struct replay_sums *replay_result(const struct replay *r) {
	return &r->sums;
}

/* ---- batch slots ---- */

static bool is_decoding(const struct place *p) {
	return p->computed >= p->request.prompt;
}

static void wait_grow(struct replay *r) {
	size_t room = r->waiting_room > 0 ? 2 * r->waiting_room : 64;
	struct place *ring = must_alloc(room * sizeof *ring);

	for (size_t i = 0; i < r->waiting_count; i++) {
		ring[i] = r->waiting[(r->first + i) & (r->waiting_room - 1)];
	}
	free(r->waiting);
	r->waiting = ring;
	r->waiting_room = room;
	r->first = 0;
}

static void wait_push(struct replay *r, const struct replay_request *q) {
	if (r->waiting_count == r->waiting_room) {
		wait_grow(r);
	}
	r->waiting[(r->first + r->waiting_count++) & (r->waiting_room - 1)] =
		(struct place){.request = *q, .computed = q->prefilled ? q->prompt : q->cached, .made = q->prefilled ? 1 : 0};
}

/* Before all others. */
static void wait_again(struct replay *r, const struct place *p) {
	if (r->waiting_count == r->waiting_room) {
		wait_grow(r);
	}
	r->first = (r->first + r->waiting_room - 1) & (r->waiting_room - 1);
	r->waiting[r->first] = *p;
	r->waiting_count++;
}

/* Cache tokens of a slot: its whole prompt from the start, then one more per step. */
static int64_t holds(const struct place *p) {
	return p->request.prompt + p->made;
}

/*
 * Is there a slot, and room in the cache, for the first waiting request and a token of each? A single one always
 * fits.
 */
static bool has_room(const struct replay *r) {
	if (r->waiting_count == 0 || (int64_t)r->count >= r->o.max_batch) {
		return false;
	}
	return r->o.kv_tokens == 0 || r->count == 0 || r->held + holds(&r->waiting[r->first]) + (int64_t)r->count < r->o.kv_tokens;
}

static void occupy_place(struct replay *r) {
	r->places = must_grow(r->places, r->count, &r->room, sizeof *r->places, 64);
	r->places[r->count] = r->waiting[r->first];
	r->held += holds(&r->places[r->count++]);
	r->first = (r->first + 1) & (r->waiting_room - 1);
	r->waiting_count--;
}

/* Preempts the request admitted last. Its last token is not yet context: it would have been computed now. */
static void preempt(struct replay *r) {
	struct place p = r->places[--r->count];
	int64_t made = p.made;

	r->held -= holds(&p);
	r->sums.preemptions++;
	r->sums.recomputed += p.computed - p.request.cached + (made > 0 ? made - 1 : 0);
	p.counted = p.counted || made > 0;
	p.request.prompt += made;
	p.request.completion -= made;
	p.request.prefilled = false;
	p.computed = p.request.cached;
	p.made = 0;
	wait_again(r, &p);
}

static int64_t decoders(const struct replay *r) {
	int64_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		n += is_decoding(&r->places[i]);
	}
	return n;
}

/* Each decoder produces a token now: was any request preempted for that? */
static bool make_room(struct replay *r) {
	int64_t before = r->sums.preemptions;

	while (r->o.kv_tokens > 0 && r->count > 1 && r->held + decoders(r) > r->o.kv_tokens) {
		preempt(r);
	}
	return r->sums.preemptions > before;
}

/* ---- a step ---- */

struct work {
	int64_t prefill, token_kv, cached_kv, decoders, decode_kv;
};

static void compute_chunk(struct work *w, struct place *p, int64_t *budget) {
	int64_t left = p->request.prompt - p->computed;
	int64_t tokens = left < *budget ? left : *budget;

	p->chunk = tokens;
	w->prefill += tokens;
	w->token_kv += tokens * p->computed + tokens * tokens / 2;
	w->cached_kv += tokens * p->request.cached;
	*budget -= tokens;
}

static struct work fill_step(struct replay *r) {
	struct work w = {0};
	int64_t budget;

	bool crowded = make_room(r);
	for (size_t i = 0; i < r->count; i++) {
		struct place *p = &r->places[i];
		p->chunk = 0;
		if (is_decoding(p)) {
			w.decoders++;
			w.decode_kv += p->request.prompt + p->made - 1;
		}
	}
	budget = r->o.chunk - w.decoders;
	for (size_t i = 0; i < r->count && budget > 0; i++) {
		if (!is_decoding(&r->places[i])) {
			compute_chunk(&w, &r->places[i], &budget);
		}
	}
	while (budget > 0 && !crowded && has_room(r)) {
		occupy_place(r);
		struct place *p = &r->places[r->count - 1];
		if (is_decoding(p)) {
			w.decoders++;
			w.decode_kv += p->request.prompt;
			budget--;
		} else {
			compute_chunk(&w, p, &budget);
		}
	}
	return w;
}

/* Prefill and decode share a step as two players (Shapley); see the rule of the same name. */
static void share_step(struct replay *r, const struct work *w, int64_t ns) {
	const struct fitted_model *m = r->model;
	double both = fitted_step_ns(m, w->prefill, w->token_kv, w->decoders, w->decode_kv);
	double prefill = fitted_step_ns(m, w->prefill, w->token_kv, 0, 0);
	double decode = fitted_step_ns(m, 0, 0, w->decoders, w->decode_kv);
	double share = both > 0 ? (prefill + both - decode) / (2 * both) : 0;
	int64_t prefill_ns = w->prefill == 0 ? 0 : w->decoders == 0 ? ns : llround((double)ns * fmin(1, fmax(0, share)));

	r->sums.prefill_ns += prefill_ns;
	r->sums.decode_ns += ns - prefill_ns;
	if (prefill > 0 && w->cached_kv > 0) {
		double attention = m->prefill_token_kv_ns * (double)w->cached_kv / prefill;
		r->sums.cached_ns += llround((double)prefill_ns * fmin(1, attention));
	}
}

static void count_prompt(struct replay *r, const struct place *p) {
	r->sums.output++;
	if (p->counted) {
		return;
	}
	r->sums.requests++;
	r->sums.input += p->request.prompt;
	r->sums.input_cached += p->request.cached;
	r->sums.first_tokens++;
	r->sums.first_token_wait_ns += r->now_ns - p->request.arrival_ns;
}

/* Applies a step to a slot; false if it is free now. */
static int advance(struct replay *r, struct place *p, bool was_decoding, bool *stays, struct fault *why) {
	*stays = true;
	if (was_decoding) {
		p->made++;
		r->held++;
		r->sums.output++;
	} else {
		p->computed += p->chunk;
		if (!is_decoding(p)) {
			return 0;
		}
		p->made = 1;
		r->held++;
		count_prompt(r, p);
		if (p->request.leaves) {
			*stays = false;
			return p->request.completion > 1 && r->o.done ? r->o.done(r->o.context, &p->request, r->now_ns, why) : 0;
		}
	}
	*stays = p->made < p->request.completion;
	return 0;
}

static int step(struct replay *r, struct fault *why) {
	struct work w = fill_step(r);
	double exact = fitted_step_ns(r->model, w.prefill, w.token_kv, w.decoders, w.decode_kv);
	int64_t ns = exact < 1 ? 1 : exact > 1e15 ? (int64_t)1e15 : llround(exact);
	size_t kept = 0;
	int err = 0;

	if (r->now_ns > REPLAY_LAST_NS) {
		return fault_set(why, ERROR_RANGE, "the replay of these requests takes centuries, expected shorter logs, more --load or a larger --max-batch");
	}
	share_step(r, &w, ns);
	r->now_ns += ns;
	r->sums.busy_ns += ns;
	r->sums.steps++;
	r->sums.decode_steps += w.decoders > 0;
	r->sums.decode_slots += w.decoders;
	for (size_t i = 0; i < r->count; i++) {
		struct place p = r->places[i];
		bool stays;
		int failed = advance(r, &p, p.chunk == 0 && is_decoding(&p), &stays, why);
		err = err ? err : failed;
		if (stays) {
			r->places[kept++] = p;
		} else {
			r->held -= holds(&p);
		}
	}
	r->count = kept;
	return err;
}

static int run_until(struct replay *r, int64_t at_ns, struct fault *why) {
	int err = 0;

	while (!err && r->now_ns < at_ns && r->count + r->waiting_count > 0) {
		err = step(r, why);
	}
	return err;
}

int replay_add(struct replay *r, const struct replay_request *q, struct fault *why) {
	int err = run_until(r, q->arrival_ns, why);

	r->last_ns = q->arrival_ns;

	if (r->count + r->waiting_count == 0 && r->now_ns < q->arrival_ns) {
		r->now_ns = q->arrival_ns;
	}
	if (q->prefilled && q->completion <= 1) {
		return err; /* all of it is lost */
	}
	wait_push(r, q);
	return err;
}

int replay_end(struct replay *r, struct fault *why) {
	int err = run_until(r, INT64_MAX, why);

	if (r->now_ns > r->last_ns && r->now_ns != INT64_MIN) {
		r->sums.drain_ns = r->now_ns - r->last_ns;
	}
	return err;
}
