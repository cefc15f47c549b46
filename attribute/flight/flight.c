#include "attribute/flight/flight_private.h"

#include <math.h>
#include <stdlib.h>

#include "core/instant.h"
#include "core/sorted.h"



void flight_init(struct flight *f) {
	*f = (struct flight){.day_ns = INT64_MIN, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
}

void flight_set_like(struct flight *f, const struct flight *like) {
	f->settle = like->settle;
	f->settle_context = like->settle_context;
	f->seeks_hits = like->seeks_hits;
	f->day_ends = like->day_ends;
	f->day_context = like->day_context;
	f->most_ntok = like->most_ntok;
	f->tokens_a_step = like->tokens_a_step;
	f->from_ns = like->from_ns;
	f->to_ns = like->to_ns;
}

static void add_counts(struct flight_counts *to, const struct flight_counts *c) {
	to->prompt_ntok += c->prompt_ntok;
	to->hit_ntok += c->hit_ntok;
	to->elsewhere += c->elsewhere;
	to->preemptions += c->preemptions;
	to->placed += c->placed;
	to->counted_ntok += c->counted_ntok;
	to->guessed_ntok += c->guessed_ntok;
}

bool flight_day_is_asked(const struct flight *f) {
	return f->day_ns < f->to_ns && (f->from_ns == INT64_MIN || f->day_ns > f->from_ns - NS_PER_DAY);
}

bool flight_day(struct flight *f, int64_t at_ns) {
	if (f->day_ns != INT64_MIN && at_ns >= f->day_ns && at_ns - f->day_ns < NS_PER_DAY) {
		return false;
	}
	if (f->day_ns != INT64_MIN && f->day_ends) {
		f->day_ends(f->day_context, f);
	}
	if (flight_day_is_asked(f)) {
		add_counts(&f->asked, &f->day);
	}
	f->day = (struct flight_counts){0};
	f->context_seen = f->unequal_seen = 0;
	f->day_ns = at_ns == INT64_MAX ? INT64_MIN : instant_floor(at_ns, NS_PER_DAY);
	return true;
}

static void free_active(struct active *a) {
	free(a->id);
	free(a);
}

void flight_release(struct flight *f) {
	for (size_t i = 0; i < f->waiting_count; i++) {
		free_active(f->waiting[i]);
	}
	for (size_t i = 0; i < f->decoding_count; i++) {
		free_active(f->decoding[i]);
	}
	while (f->free) {
		struct active *next = f->free->next;
		free_active(f->free);
		f->free = next;
	}
	free(f->waiting);
	free(f->decoding);
	free(f->chunks);
}

static struct active *new_active(struct flight *f, const struct request_item *r) {
	struct active *a = f->free;
	char *id = NULL;
	size_t room = 0;

	if (a) {
		f->free = a->next;
		id = a->id;
		room = a->id_room;
	} else {
		a = must_alloc(sizeof *a);
	}
	*a = (struct active){.request = *r, .id = id, .id_room = room, .grade = GRADE_NONE};
	a->context = r->prompt_tokens;
	a->prior = r->cached_tokens;
	struct text text = request_item_id(r);
	if (text.len > a->id_room) {
		a->id_room = text.len + 32;
		a->id = must_realloc(a->id, a->id_room);
	}
	if (text.len > 0) {
		memcpy(a->id, text.at, text.len);
	}
	return a;
}

int flight_let_go(struct flight *f, struct active *a, flight_leave *leave, void *context, struct fault *why) {
	f->paused -= a->paused;
	f->day.preemptions += a->request.preemptions;
	f->day.placed += a->pauses;
	int rc = leave(context, a, why);

	a->next = f->free;
	f->free = a;
	return rc;
}

/* ---- waiting ---- */

int64_t flight_scheduled_ns(const struct request_item *r) {
	return r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->head.at_ns;
}

/* First come, first served. */
bool flight_comes_before(const struct active *a, const struct active *b) {
	int64_t x = flight_scheduled_ns(&a->request), y = flight_scheduled_ns(&b->request);

	return x != y ? x < y : a->request.head.at_ns < b->request.head.at_ns;
}

/* Inserts it among the waiting. */
void flight_put_waiting(struct flight *f, struct active *a) {
	size_t at = f->waiting_count;

	f->waiting = must_grow(f->waiting, f->waiting_count, &f->waiting_room, sizeof *f->waiting, 64);
	while (at > 0 && flight_comes_before(a, f->waiting[at - 1])) {
		f->waiting[at] = f->waiting[at - 1];
		at--;
	}
	f->waiting[at] = a;
	f->waiting_count++;
}

struct active *flight_admit(struct flight *f, const struct request_item *r) {
	struct active *a = new_active(f, r);

	if (r->part != PART_DECODE && r->prompt_tokens > r->cached_tokens) {
		a->remaining = r->prompt_tokens - r->cached_tokens;
	}
	flight_put_waiting(f, a);
	return a;
}

void flight_reschedule(struct flight *f, struct active *a, int64_t at_ns) {
	size_t at = 0;

	while (f->waiting[at] != a) {
		at++;
	}
	f->waiting_count--;
	memmove(f->waiting + at, f->waiting + at + 1, (f->waiting_count - at) * sizeof *f->waiting);
	a->request.scheduled_ns = at_ns;
	a->weight = 0;
	flight_put_waiting(f, a);
}

/* ---- decoding: a heap by `until` ---- */

static bool retires_before(const struct active *a, const struct active *b) {
	return a->until != b->until ? a->until < b->until : a->first_decode < b->first_decode;
}

static void heap_put(struct flight *f, size_t at, struct active *a) {
	f->decoding[at] = a;
}

static void heap_up(struct flight *f, size_t at) {
	struct active *a = f->decoding[at];

	while (at > 0 && retires_before(a, f->decoding[(at - 1) / 2])) {
		heap_put(f, at, f->decoding[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(f, at, a);
}

static void heap_down(struct flight *f, size_t at) {
	struct active *a = f->decoding[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < f->decoding_count && retires_before(f->decoding[child + 1], f->decoding[child])) {
			child++;
		}
		if (child >= f->decoding_count || !retires_before(f->decoding[child], a)) {
			break;
		}
		heap_put(f, at, f->decoding[child]);
		at = child;
	}
	heap_put(f, at, a);
}

/* A decoder's context minus the number of the next decode step: constant while it decodes. */
static int64_t start_of(const struct active *a) {
	return a->context - a->first_decode;
}

int64_t flight_longest(const struct flight *f) {
	return f->decoding_count > 0 ? f->longest_start + f->decode_step : 0;
}

int64_t flight_unequal(const struct flight *f, int64_t context_ntok) {
	double factor = f->context_seen > 0 ? fmax(1, f->unequal_seen / f->context_seen) : 1;
	double unequal = factor * (double)context_ntok;

	return unequal < (double)(INT64_MAX / 2) ? (int64_t)unequal : INT64_MAX / 2;
}

static void find_longest(struct flight *f) {
	f->longest_start = INT64_MIN;
	for (size_t i = 0; i < f->decoding_count; i++) {
		int64_t start = start_of(f->decoding[i]);
		f->longest_start = start > f->longest_start ? start : f->longest_start;
	}
}

/* The context of a decoder before the next step. */
int64_t flight_context_of(const struct flight *f, const struct active *a) {
	return a->context + (f->decode_step - a->first_decode);
}

/* It has its first token, so its whole prompt was done: what no step computed was cached. */
void flight_find_rest(struct flight *f, struct active *a) {
	if (f->seeks_hits && a->computed > 0 && !a->paused && a->pauses == 0) {
		f->day.prompt_ntok += a->request.prompt_tokens;
		f->day.hit_ntok += a->remaining;
		f->day.elsewhere += a->request.part == PART_PREFILL;
		a->request.cached_tokens += a->remaining;
		a->remaining = 0;
	}
}

bool flight_is_preemptible(const struct active *a) {
	return a->request.preemptions > a->pauses;
}

static void end_pause(struct flight *f, struct active *a) {
	f->paused -= a->paused;
	a->paused = false;
}

void flight_start_decoding(struct flight *f, struct active *a, int64_t until) {
	end_pause(f, a);
	a->decoding = true;
	a->noted_steps = 0;
	f->preemptible += flight_is_preemptible(a);
	a->first_decode = f->decode_step;
	a->until = until;
	if (f->now) {
		memcpy(a->base, f->now, sizeof a->base);
	}
	f->decoding = must_grow(f->decoding, f->decoding_count, &f->decoding_room, sizeof *f->decoding, 64);
	f->decoding_count++;
	f->decoding[f->decoding_count - 1] = a;
	heap_up(f, f->decoding_count - 1);
	f->context_sum += flight_context_of(f, a);
	f->longest_start = f->decoding_count == 1 || start_of(a) > f->longest_start ? start_of(a) : f->longest_start;
}

/* The decoder at an index of the heap. */
struct active *flight_stop_decoding(struct flight *f, size_t at) {
	struct active *a = f->decoding[at];

	f->preemptible -= flight_is_preemptible(a);
	f->context_sum -= flight_context_of(f, a);
	f->decoding_count--;
	if (at < f->decoding_count) {
		f->decoding[at] = f->decoding[f->decoding_count];
		heap_down(f, at);
		heap_up(f, at);
	}
	if (start_of(a) == f->longest_start) {
		find_longest(f);
	}
	return a;
}

/* ---- advancing ---- */

static bool is_over_before(const struct active *a, int64_t at_ns) {
	const struct request_item *r = &a->request;

	return (r->finish_ns != UNKNOWN && r->finish_ns <= at_ns) ||
	       (r->part == PART_PREFILL && r->first_token_ns != UNKNOWN && r->first_token_ns <= at_ns);
}

/*
 * Does it have its first token? If that is not logged: is its prompt computed; for a preempted one, its context.
 */
static bool has_first_token(const struct active *a, int64_t at_ns) {
	int64_t first = a->paused ? UNKNOWN : a->request.first_token_ns;

	return first != UNKNOWN ? first <= at_ns : a->remaining == 0 && a->computed > 0;
}

/* A prompt computed elsewhere takes time to transfer: a request that does not fit into the step has not arrived. */
static bool has_room(const struct flight *f, const struct active *a, int64_t room) {
	return a->request.part != PART_DECODE || (int64_t)f->decoding_count < room;
}

/* Of the first `seen` waiting, the first `kept` stay; the others move up. */
static void close_queue(struct flight *f, size_t kept, size_t seen) {
	if (kept < seen) {
		memmove(f->waiting + kept, f->waiting + seen, (f->waiting_count - seen) * sizeof *f->waiting);
		f->waiting_count -= seen - kept;
	}
}

/* The waiting that were scheduled before an instant: they leave, decode or stay. */
static int advance_waiting(struct flight *f, int64_t at_ns, int64_t room, flight_leave *leave, void *context,
                           struct fault *why) {
	size_t kept = 0, i = 0;
	int rc = 0;

	for (; i < f->waiting_count && rc >= 0 && flight_scheduled_ns(&f->waiting[i]->request) <= at_ns; i++) {
		struct active *a = f->waiting[i];
		if (is_over_before(a, at_ns)) {
			flight_find_rest(f, a);
			rc = flight_let_go(f, a, leave, context, why);
		} else if (a->request.part != PART_PREFILL && has_first_token(a, at_ns) && has_room(f, a, room)) {
			int64_t finish = a->request.finish_ns;
			flight_find_rest(f, a);
			flight_start_decoding(f, a, finish != UNKNOWN ? finish : INT64_MAX);
		} else {
			f->waiting[kept++] = a;
		}
	}
	close_queue(f, kept, i);
	return rc;
}

/* Is none of its prompt computed here, so that only the clock shows when it decodes? */
static bool needs_no_prefill(const struct active *a) {
	return a->remaining == 0 && a->computed == 0 && a->request.part != PART_PREFILL;
}

int64_t flight_decode_steps(const struct flight *f, const struct active *a) {
	double tokens = a->request.completion_tokens > 1 ? (double)a->request.completion_tokens - 1 : 0;

	return f->tokens_a_step > 1 ? (int64_t)ceil(tokens / f->tokens_a_step) : (int64_t)tokens;
}

int64_t flight_step_tokens(const struct flight *f, const struct active *a, int64_t steps) {
	double most = fmax((double)steps, (double)a->request.completion_tokens - 1);

	return f->tokens_a_step > 1 ? llround(fmin((double)steps * f->tokens_a_step, most)) : steps;
}

/* When in the second of its finish a request is likely to be done, by the steps that it needs. */
static int64_t finish_within_second(const struct flight *f, const struct active *a) {
	int64_t first_ns = a->request.finish_ns, last_ns = first_ns < INT64_MAX - NS_PER_SECOND ? first_ns + NS_PER_SECOND - 1 : first_ns, at_ns;

	if (__builtin_mul_overflow(flight_decode_steps(f, a), f->pace_ns, &at_ns) || __builtin_add_overflow(at_ns, f->step_end_ns, &at_ns)) {
		return last_ns;
	}
	return at_ns < first_ns ? first_ns : at_ns > last_ns ? last_ns : at_ns;
}

/*
 * With drafts the tokens per step differ by sequence: those that finish first are done first. After a preemption, only
 * the steps that remain.
 */
int64_t flight_until_by_count(const struct flight *f, const struct active *a) {
	if (f->tokens_a_step > 1) {
		return a->request.finish_ns == UNKNOWN ? INT64_MAX : f->in_seconds ? finish_within_second(f, a) : a->request.finish_ns;
	}
	return f->decode_step + flight_decode_steps(f, a) - (a->context - a->request.prompt_tokens);
}

/* With drafts, the number of sequences in a step shows how many are done before it: those that finish first. */
int flight_retire(struct flight *f, int64_t most, flight_leave *leave, void *context, struct fault *why) {
	int rc = 0;

	while (rc >= 0 && (int64_t)f->decoding_count > most) {
		size_t at = f->in_seconds && f->tokens_a_step > 1 ? flight_likeliest_done(f) : 0;
		rc = flight_let_go(f, flight_stop_decoding(f, at), leave, context, why);
	}
	return rc;
}

/* When the step may be: steps stamped in whole seconds stand as early as they can be, most of all after idle time. */
static int64_t latest_of_step(const struct flight *f, int64_t at_ns) {
	return at_ns + (f->decoding_count == 0 ? f->late_ns : f->late_ns / 10);
}

/* Without a clock: only what is long past, so that one lost line does not block the queue. */
static int advance_by_count(struct flight *f, int64_t at_ns, int64_t room, flight_leave *leave, void *context, struct fault *why) {
	size_t kept = 0, i = 0;
	int rc = 0;

	for (; i < f->waiting_count && rc >= 0; i++) {
		struct active *a = f->waiting[i];
		if (is_over_before(a, at_ns - SLACK_NS)) {
			rc = flight_let_go(f, a, leave, context, why);
		} else if (needs_no_prefill(a) && has_first_token(a, has_room(f, a, room) ? latest_of_step(f, at_ns) : at_ns - SLACK_NS)) {
			flight_start_decoding(f, a, flight_until_by_count(f, a));
		} else {
			f->waiting[kept++] = a;
		}
	}
	close_queue(f, kept, i);
	return rc;
}

/* `room`: how many sequences decode in the next step. */
int flight_advance_to(struct flight *f, int64_t at_ns, int64_t room, bool by_count, flight_leave *leave, void *context,
                   struct fault *why) {
	int64_t passed = !by_count ? at_ns : f->tokens_a_step > 1 ? at_ns - SLACK_NS : f->decode_step;
	int rc = 0;

	while (rc >= 0 && f->decoding_count > 0 && f->decoding[0]->until <= passed) {
		rc = flight_let_go(f, flight_stop_decoding(f, 0), leave, context, why);
	}
	if (rc < 0) {
		return rc;
	}
	return by_count ? advance_by_count(f, at_ns, room, leave, context, why)
	                : advance_waiting(f, at_ns, room, leave, context, why);
}

int flight_advance(struct flight *f, int64_t at_ns, bool by_count, flight_leave *leave, void *context,
                   struct fault *why) {
	return flight_advance_to(f, at_ns, INT64_MAX, by_count, leave, context, why);
}

void flight_add_chunk(struct flight *f, struct active *a, int64_t tokens) {
	f->chunks = must_grow(f->chunks, f->chunk_count, &f->chunk_room, sizeof *f->chunks, 16);
	int64_t before = a->prior + a->computed;
	f->chunks[f->chunk_count++] = (struct chunk){a, tokens, before};
	f->chunk_tokens += tokens;
	f->chunk_token_kv += tokens * before + tokens * tokens / 2;
	f->chunk_kv += before;
	a->remaining -= (uint32_t)tokens;
	a->computed += (uint32_t)tokens;
}

/* ---- without steps ---- */

/* Prompt tokens in 2^20 seconds, at least 1: relative weights of prompts, precise for slow ones as well. */
#define RATE_NS (NS_PER_SECOND << 20)
#define MOST_RATE ((int64_t)1 << 50)
static int64_t token_weight(const struct request_item *r) {
	int64_t tokens = (int64_t)r->prompt_tokens - r->cached_tokens;
	int64_t ns = r->first_token_ns != UNKNOWN ? r->first_token_ns - flight_scheduled_ns(r) : 0;
	int64_t product;

	if (ns <= 0 || tokens <= 0) {
		return 1;
	}
	/* In 64 bits where the product fits, which is faster. */
	int128 rate = __builtin_mul_overflow(tokens, RATE_NS, &product) ? (int128)tokens * RATE_NS / ns : product / ns;
	return rate > MOST_RATE ? MOST_RATE : rate > 0 ? (int64_t)rate : 1;
}

size_t flight_enter_prompts(struct flight *f, int64_t at_ns) {
	f->chunk_count = 0;
	f->chunk_tokens = f->chunk_token_kv = 0;
	for (size_t i = 0; i < f->waiting_count && flight_scheduled_ns(&f->waiting[i]->request) <= at_ns; i++) {
		struct active *a = f->waiting[i];
		if (a->request.part == PART_DECODE) {
			continue; /* computed elsewhere */
		}
		f->chunks = must_grow(f->chunks, f->chunk_count, &f->chunk_room, sizeof *f->chunks, 16);
		int64_t tokens = a->weight = a->weight > 0 ? a->weight : token_weight(&a->request);
		/*
		 * Attention is proportional to before + tokens / 2: here the mean over the whole prompt, for any
		 * weight.
		 */
		int64_t mean = a->request.cached_tokens + ((int64_t)a->request.prompt_tokens - a->request.cached_tokens) / 2;
		f->chunks[f->chunk_count++] = (struct chunk){a, tokens, mean - tokens / 2};
		f->chunk_tokens += tokens;
	}
	return f->chunk_count;
}

/* When a waiting request is scheduled, has its first token, or finishes. */
static int64_t waiting_change(const struct active *a, int64_t at_ns) {
	const struct request_item *r = &a->request;
	const int64_t instants[] = {a->guessed ? UNKNOWN : flight_scheduled_ns(r), r->first_token_ns, r->finish_ns};
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		if (instants[i] > at_ns && instants[i] < next) {
			next = instants[i]; /* UNKNOWN is less than any instant */
		}
	}
	return next;
}

int64_t flight_next_change(const struct flight *f, int64_t at_ns) {
	int64_t next = f->decoding_count > 0 ? f->decoding[0]->until : INT64_MAX;

	for (size_t i = 0; i < f->waiting_count; i++) {
		int64_t change = waiting_change(f->waiting[i], at_ns);
		next = change < next ? change : next;
		if (flight_scheduled_ns(&f->waiting[i]->request) > at_ns) {
			break; /* all others are scheduled later */
		}
	}
	return next;
}

/* ---- the end ---- */

static int by_arrival(const void *a_bytes, const void *b_bytes) {
	const struct active *a = *(struct active *const *)a_bytes, *b = *(struct active *const *)b_bytes;
	int64_t x = a->request.head.at_ns, y = b->request.head.at_ns;

	return x != y ? (x > y) - (x < y)
	              : text_compare((struct text){a->id, a->request.id_len}, (struct text){b->id, b->request.id_len});
}

int flight_clear(struct flight *f, flight_leave *leave, void *context, struct fault *why) {
	size_t decoding = f->decoding_count;
	int rc = 0;

	/* A heap is not sorted: in the order of arrival. */
	sort_items(f->decoding, decoding, sizeof *f->decoding, by_arrival);
	f->decoding_count = 0;
	f->context_sum = 0;
	for (size_t i = 0; i < decoding; i++) {
		int failed = flight_let_go(f, f->decoding[i], leave, context, why);
		rc = rc < 0 ? rc : failed;
	}
	for (size_t i = 0; i < f->waiting_count; i++) {
		int failed = flight_let_go(f, f->waiting[i], leave, context, why);
		rc = rc < 0 ? rc : failed;
	}
	f->waiting_count = 0;
	return rc;
}
