#include "attribute/servers/sample.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/hash_index.h"
#include "core/instant.h"
#include "core/sorted.h"

#define MINUTE_NS (60 * NS_PER_SECOND)
/* Steps this close to a minute are sampled with it, as offsets up to here are tested. */
#define MARGIN_NS (20 * NS_PER_SECOND)

/* Largest difference of clocks that is compared: a request this far from the steps may belong to them. */
#define REACH_NS (6 * NS_PER_SECOND)

static int64_t minute_of(int64_t at_ns) {
	return instant_floor(at_ns, MINUTE_NS) / MINUTE_NS;
}

uint64_t sample_order(int64_t at_ns) {
	return hash_number(minute_of(at_ns));
}

/* The smallest hash of the minutes near an instant. */
static uint64_t near_hash(int64_t at_ns) {
	uint64_t least = UINT64_MAX;

	for (int64_t m = minute_of(at_ns - MARGIN_NS); m <= minute_of(at_ns + MARGIN_NS); m++) {
		least = hash_number(m) < least ? hash_number(m) : least;
	}
	return least;
}

static int64_t instant_of(const struct id_request *r) {
	return r->first_ns != UNKNOWN ? r->first_ns : r->finish_ns;
}

/* ---- marks ---- */

/* Fewer are not decisive: short logs may be equal by chance. */
#define MARKS_LEAST 8

void marks_add(struct marks *m, uint64_t hash, int64_t times) {
	size_t at = m->count;

	if (m->count == MARKS_MOST && hash >= m->at[MARKS_MOST - 1]) {
		return;
	}
	while (at > 0 && m->at[at - 1] >= hash) {
		at--;
	}
	if (at < m->count && m->at[at] == hash) {
		(void)!exact_add(&m->times[at], times);
		return;
	}
	size_t behind = (m->count < MARKS_MOST ? m->count : MARKS_MOST - 1) - at;
	memmove(m->at + at + 1, m->at + at, behind * sizeof *m->at);
	memmove(m->times + at + 1, m->times + at, behind * sizeof *m->times);
	m->at[at] = hash;
	m->times[at] = times;
	m->count += m->count < MARKS_MOST;
}

static void mark(struct marks *m, const int64_t *values, size_t count) {
	uint64_t hash = 0;

	for (size_t i = 0; i < count; i++) {
		hash = hash_number((int64_t)(hash ^ (uint64_t)values[i]));
	}
	marks_add(m, hash, 1);
}

struct marks_shared marks_compare(const struct marks *a, const struct marks *b) {
	struct marks_shared m = {.of = 0};
	size_t i = 0, k = 0;

	if (a->count < MARKS_LEAST || b->count < MARKS_LEAST) {
		return m;
	}
	while (m.of < MARKS_MOST && (i < a->count || k < b->count)) {
		bool left = k == b->count || (i < a->count && a->at[i] <= b->at[k]);
		bool right = i == a->count || (k < b->count && b->at[k] <= a->at[i]);
		m.both += left && right;
		m.within += left && right && a->times[i] <= b->times[k];
		m.around += left && right && a->times[i] >= b->times[k];
		i += left;
		k += right;
		m.of++;
	}
	return m;
}

static int64_t between(int64_t from_ns, int64_t to_ns) {
	int64_t ns;

	return from_ns == UNKNOWN || to_ns == UNKNOWN || __builtin_sub_overflow(to_ns, from_ns, &ns) ? UNKNOWN : ns / ID_TICK_NS;
}

/* Fewer steps between two scrapes are equal by chance. */
#define COUNTED_STEPS_LEAST 20

static void mark_item(struct sample *s, const struct item *item) {
	const struct step_item *x = (const struct step_item *)item;
	const struct request_item *r = (const struct request_item *)item;
	const struct window_item *w = (const struct window_item *)item;

	if (item->kind == ITEM_STEP && x->prefill_tokens > 0) {
		mark(&s->marks[MARKS_STEPS], (const int64_t[]){x->prefill_requests, x->prefill_tokens, x->decode_requests,
		                                       id_in_ticks(x->duration_ns) / ID_TICK_NS}, 4);
	/* the marks of one name's parts show two servers */
	} else if (item->kind == ITEM_REQUEST && r->part == PART_BOTH) {
		mark(&s->marks[MARKS_REQUESTS], (const int64_t[]){r->prompt_tokens, r->completion_tokens, between(r->arrival_ns, r->first_token_ns),
		                                          between(r->arrival_ns, r->finish_ns)}, 4);
	} else if (item->kind == ITEM_WINDOW && (w->input_tokens > 0 || w->output_tokens > 0)) {
		mark(&s->marks[MARKS_WINDOWS], (const int64_t[]){w->input_tokens, w->output_tokens, w->running, between(w->head.at_ns, w->end_ns)}, 4);
	}
	if (item->kind == ITEM_WINDOW && w->steps >= COUNTED_STEPS_LEAST) {
		uint64_t when = hash_number((int64_t)(hash_number(w->head.at_ns) ^ (uint64_t)w->end_ns));
		marks_add(&s->marks[MARKS_COUNTS], (when & ~MARKS_STEPS_MASK) | ((uint64_t)w->steps & MARKS_STEPS_MASK), w->input_tokens + w->output_tokens + 1);
	}
}

/* ---- samples ---- */

void sample_init(struct sample *s, name_id name, size_t most_blocks) {
	*s = (struct sample){.name = name, .most_hash = UINT64_MAX, .least_step_hash = UINT64_MAX,
	                     .least_request_hash = UINT64_MAX, .last_index = UNKNOWN, .first_step_ns = INT64_MAX, .last_step_ns = INT64_MIN, .first_request_ns = INT64_MAX, .last_request_ns = INT64_MIN,
	                     .first_window_ns = INT64_MAX, .last_window_ns = INT64_MIN};
	for (size_t k = 0; k < LOAD_KINDS; k++) {
		load_init(&s->loads[k], most_blocks);
	}
}

void sample_release(struct sample *s) {
	free(s->steps);
	free(s->requests);
	active_release(&s->request_days);
	active_release(&s->window_days);
	for (size_t k = 0; k < LOAD_KINDS; k++) {
		load_release(&s->loads[k]);
	}
}

/* The first minute in the order of hashes, with requests if there are any. It is kept whatever its size. */
static uint64_t least_hash(const struct sample *s) {
	return s->least_request_hash != UINT64_MAX ? s->least_request_hash : s->least_step_hash;
}

/* Leaves out the minutes after one in the order of hashes. */
static void keep_up_to(struct sample *s, uint64_t most_hash) {
	size_t steps = 0, requests = 0;

	s->most_hash = most_hash;
	for (size_t i = 0; i < s->step_count; i++) {
		if (near_hash(s->steps[i].end_ns) <= s->most_hash) {
			bool whole = i > 0 && steps > 0 && s->steps[i - 1].end_ns == s->steps[steps - 1].end_ns;
			s->steps[steps] = s->steps[i];
			s->steps[steps].follows &= whole || steps == 0;
			steps++;
		}
	}
	for (size_t i = 0; i < s->request_count; i++) {
		if (sample_order(instant_of(&s->requests[i])) <= s->most_hash) {
			s->requests[requests++] = s->requests[i];
		}
	}
	s->step_count = steps;
	s->request_count = requests;
}

/* Leaves out minutes until half of the steps and requests are left. */
static void halve(struct sample *s) {
	keep_up_to(s, s->most_hash / 2 > least_hash(s) ? s->most_hash / 2 : least_hash(s));
}

/* A step after which as many or more sequences decode, and no prompt was computed: no event (identity_events.h). */
static bool is_plain(const struct id_step *x) {
	return x->prompts == 0 && x->number != ID_NO_NUMBER && !x->coarse && x[1].follows && x[1].decoders >= x->decoders;
}

/* So are both steps next to it: then no event depends on it. All steps of the first minute are kept, for ranks. */
static bool is_dispensable(const struct sample *s, const struct id_step *x) {
	return is_plain(x - 1) && is_plain(x) && is_plain(x + 1) && sample_order(x->end_ns) != s->least_step_hash;
}

static void drop_plain(struct sample *s) {
	size_t kept = 0;

	for (size_t i = 0; i < s->step_count; i++) {
		if (i == 0 || i + 2 >= s->step_count || !is_dispensable(s, &s->steps[i])) {
			s->steps[kept++] = s->steps[i];
		}
	}
	s->step_count = kept;
	s->sparse = true;
}

void sample_thin(struct sample *s, size_t most_steps, size_t most_requests) {
	if (s->step_count > most_steps && !s->sparse) {
		drop_plain(s);
	}
	while ((s->step_count > most_steps || s->request_count > most_requests) && s->most_hash > least_hash(s)) {
		halve(s);
	}
}

/* The first model in time: parts of a log arrive in any order. */
static void merge_model(name_id *model, bool *many, name_id other, bool other_many, bool earlier) {
	*many |= other_many || (*model != 0 && other != 0 && other != *model);
	*model = *model == 0 || (earlier && other != 0) ? other : *model;
}

static int64_t first_model_ns(const struct sample *s) {
	return s->first_step_ns < s->first_window_ns ? s->first_step_ns : s->first_window_ns;
}

static uint16_t small(uint32_t n) {
	return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

static void note_hash(uint64_t *least, int64_t at_ns) {
	uint64_t hash = sample_order(at_ns);

	*least = hash < *least ? hash : *least;
}

static uint32_t number_of(const struct step_item *x) {
	return x->index == UNKNOWN ? ID_NO_NUMBER : (uint32_t)(x->index & INT32_MAX);
}

static uint32_t mark_of(struct text id) {
	uint64_t hash = 0;

	for (size_t i = 0; i < id.len; i++) {
		hash = (hash + (unsigned char)id.at[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
	}
	return (uint32_t)(hash >> 32);
}

static struct id_step *new_step(struct sample *s) {
	s->steps = must_grow(s->steps, s->step_count, &s->step_room, sizeof *s->steps, 256);
	return &s->steps[s->step_count++];
}

void sample_put_step(struct sample *s, const struct id_step *x) {
	*new_step(s) = *x;
}

void sample_put_request(struct sample *s, const struct id_request *r) {
	s->requests = must_grow(s->requests, s->request_count, &s->request_room, sizeof *s->requests, 64);
	s->requests[s->request_count++] = *r;
}

static void add_step(struct sample *s, const struct step_item *x) {
	int64_t end_ns = id_in_ticks(x->head.at_ns + x->duration_ns);
	bool follows = x->index == UNKNOWN ? s->last_index == UNKNOWN : s->last_index == UNKNOWN || x->index == s->last_index + 1;

	s->all_steps++;
	s->step_prefill_ntok += x->prefill_tokens;
	s->step_decode_ntok += x->decode_tokens;
	s->step_prompts += x->prefill_requests;
	s->last_index = x->index;
	merge_model(&s->step_model, &s->many_step_models, x->head.model, false, x->head.at_ns < first_model_ns(s));
	exact_widen(&s->first_step_ns, &s->last_step_ns, x->head.at_ns, x->head.at_ns + x->duration_ns);
	note_hash(&s->least_step_hash, end_ns);
	if (s->most_hash != UINT64_MAX && near_hash(end_ns) > s->most_hash) {
		s->skipped = true;
		return;
	}
	follows = follows && !s->skipped;
	s->skipped = false;
	*new_step(s) = (struct id_step){end_ns, id_in_ticks(x->duration_ns), x->prefill_tokens, number_of(x), small(x->prefill_requests),
	                                small(x->decode_requests), follows, (x->flags & STEP_COARSE_CLOCK) != 0};
	struct id_step *last = &s->steps[s->step_count - 1];
	if (s->sparse && s->step_count >= 4 && is_dispensable(s, last - 2)) {
		last[-2] = last[-1];
		last[-1] = *last;
		s->step_count--;
	}
}

static void add_request(struct sample *s, const struct request_item *r) {
	struct id_request one = {r->part == PART_DECODE ? UNKNOWN : r->first_token_ns, r->part == PART_PREFILL ? UNKNOWN : r->finish_ns,
	                         r->prompt_tokens > r->cached_tokens ? r->prompt_tokens - r->cached_tokens : 0, 0, r->completion_tokens};
	int64_t at_ns = instant_of(&one);

	s->all_requests++;
	s->all_whole += r->part == PART_BOTH;
	s->prompt_ntok += r->prompt_tokens;
	s->cached_known |= r->cached_tokens > 0;
	merge_model(&s->request_model, &s->many_request_models, r->head.model, false, r->head.at_ns < s->first_request_ns);
	if (at_ns == UNKNOWN) {
		return;
	}
	int64_t begin_ns = r->head.at_ns != UNKNOWN ? r->head.at_ns : at_ns, end_ns = one.finish_ns != UNKNOWN ? one.finish_ns : at_ns;
	exact_widen(&s->first_request_ns, &s->last_request_ns, begin_ns, end_ns);
	if (s->counts_requests) {
		return;
	}
	active_add(&s->request_days, begin_ns, end_ns);
	note_hash(&s->least_request_hash, at_ns);
	if (s->most_hash != UINT64_MAX && sample_order(at_ns) > s->most_hash) {
		return;
	}
	one.mark = mark_of(request_item_id(r));
	sample_put_request(s, &one);
}

void sample_add_item(struct sample *s, const struct item *item, size_t most_steps, size_t most_requests) {
	mark_item(s, item);
	load_add_item(s->loads, item);
	if (item->kind == ITEM_STEP) {
		add_step(s, (const struct step_item *)item);
	} else if (item->kind == ITEM_REQUEST) {
		add_request(s, (const struct request_item *)item);
	} else if (item->kind == ITEM_WINDOW) {
		const struct window_item *w = (const struct window_item *)item;
		s->all_windows++;
		s->all_counted += !window_is_statistics(w);
		s->window_input_ntok += w->input_tokens > 0 ? w->input_tokens : 0;
		s->window_output_ntok += w->output_tokens > 0 ? w->output_tokens : 0;
		merge_model(&s->step_model, &s->many_step_models, item->model, false, item->at_ns < first_model_ns(s));
		exact_widen(&s->first_window_ns, &s->last_window_ns, item->at_ns, w->end_ns);
		active_add(&s->window_days, item->at_ns, w->end_ns);
	}
	sample_thin(s, most_steps, most_requests);
}

static int by_first(const void *a, const void *b) {
	return exact_order(instant_of(a), instant_of(b));
}

void sample_end(struct sample *s) {
	sort_items(s->requests, s->request_count, sizeof *s->requests, by_first);
}

/* A log without a step for this long, and for this many minutes of the sample, is missing there, or its server is off. */
#define SILENT_NS (60 * MINUTE_NS)
#define SILENT_MINUTES 30

static bool is_silent(const struct sample *s, int64_t at_ns) {
	size_t low = id_steps_from(s->steps, s->step_count, at_ns);
	int64_t before_ns = low > 0 ? s->steps[low - 1].end_ns : s->first_step_ns;
	int64_t after_ns = low < s->step_count ? s->steps[low].end_ns : s->last_step_ns;
	int64_t gap_ns, since_ns, until_ns;
	if (__builtin_sub_overflow(after_ns, before_ns, &gap_ns) || __builtin_sub_overflow(at_ns, before_ns, &since_ns) ||
	    __builtin_sub_overflow(after_ns, at_ns, &until_ns) || gap_ns < SILENT_NS || since_ns < REACH_NS || until_ns < REACH_NS) {
		return false;
	}
	uint64_t minutes = (uint64_t)(gap_ns / MINUTE_NS);
	return (s->most_hash >> 32) * minutes >> 32 >= SILENT_MINUTES; /* those that a log would have in the sample */
}

bool sample_covers(const struct sample *steps, int64_t at_ns) {
	return at_ns >= steps->first_step_ns - REACH_NS && at_ns <= steps->last_step_ns + REACH_NS && !is_silent(steps, at_ns);
}

static size_t pick(const struct sample *steps, const struct sample *requests, uint64_t most_hash, struct id_request *out) {
	size_t count = 0;

	for (size_t i = 0; i < requests->request_count; i++) {
		const struct id_request *r = &requests->requests[i];
		int64_t at = instant_of(r);
		if (sample_order(at) <= most_hash && sample_covers(steps, at)) {
			out[count++] = *r;
		}
	}
	return count;
}

struct id_requests sample_common(const struct sample *steps, const struct sample *requests, size_t most) {
	struct id_request *at = must_alloc((requests->request_count + 1) * sizeof *at);
	uint64_t hash = steps->most_hash < requests->most_hash ? steps->most_hash : requests->most_hash;
	size_t count = pick(steps, requests, hash, at);

	while (count > most && hash > 1) {
		hash /= 2;
		size_t fewer = pick(steps, requests, hash, at);
		if (fewer < most / 4) { /* one long minute: its first ones, as those of one step are together */
			count = pick(steps, requests, 2 * hash + 1, at);
			count = count < most ? count : most;
			break;
		}
		count = fewer;
	}
	return (struct id_requests){at, count, requests->cached_known};
}

/* ---- merging samples of parts ---- */

void sample_merge(struct sample *s, const struct sample *x) {
	merge_model(&s->step_model, &s->many_step_models, x->step_model, x->many_step_models, first_model_ns(x) < first_model_ns(s));
	merge_model(&s->request_model, &s->many_request_models, x->request_model, x->many_request_models, x->first_request_ns < s->first_request_ns);
	s->most_hash = x->most_hash < s->most_hash ? x->most_hash : s->most_hash;
	for (size_t k = 0; k < LOAD_KINDS; k++) {
		load_put_bound(&s->loads[k], x->loads[k].bound);
		s->loads[k].drafted |= x->loads[k].drafted;
	}
	s->least_step_hash = x->least_step_hash < s->least_step_hash ? x->least_step_hash : s->least_step_hash;
	s->least_request_hash = x->least_request_hash < s->least_request_hash ? x->least_request_hash : s->least_request_hash;
	s->cached_known |= x->cached_known;
	s->sparse |= x->sparse;
	exact_widen(&s->first_step_ns, &s->last_step_ns, x->first_step_ns, x->last_step_ns);
	exact_widen(&s->first_request_ns, &s->last_request_ns, x->first_request_ns, x->last_request_ns);
	exact_widen(&s->first_window_ns, &s->last_window_ns, x->first_window_ns, x->last_window_ns);
	s->all_steps += x->all_steps;
	s->all_requests += x->all_requests;
	s->all_whole += x->all_whole;
	s->all_windows += x->all_windows;
	s->all_counted += x->all_counted;
	s->step_prefill_ntok += x->step_prefill_ntok;
	s->step_decode_ntok += x->step_decode_ntok;
	s->step_prompts += x->step_prompts;
	s->window_input_ntok += x->window_input_ntok;
	s->window_output_ntok += x->window_output_ntok;
	s->prompt_ntok += x->prompt_ntok;
}

static int by_end(const void *a, const void *b) {
	const struct id_step *x = a, *y = b;
	const int64_t fields[][2] = {{x->end_ns, y->end_ns}, {x->duration_ns, y->duration_ns}, {x->number, y->number},
	                             {x->prefill_tokens, y->prefill_tokens}, {x->prompts, y->prompts}, {x->decoders, y->decoders}};
	int order = 0;

	for (size_t i = 0; i < sizeof fields / sizeof *fields && order == 0; i++) {
		order = exact_order(fields[i][0], fields[i][1]);
	}
	return order;
}

static int by_fields(const void *a, const void *b) {
	const struct id_request *x = a, *y = b;
	const int64_t fields[][2] = {{instant_of(x), instant_of(y)}, {x->finish_ns, y->finish_ns}, {x->prompt_tokens, y->prompt_tokens},
	                             {x->mark, y->mark}, {x->completion_tokens, y->completion_tokens}};
	int order = 0;

	for (size_t i = 0; i < sizeof fields / sizeof *fields && order == 0; i++) {
		order = exact_order(fields[i][0], fields[i][1]);
	}
	return order;
}

/*
 * Sorts the steps and removes duplicates. A step without a number follows the last one, unless a minute in between is
 * missing.
 */
static void sort_steps(struct sample *s) {
	size_t kept = 0;

	sort_items(s->steps, s->step_count, sizeof *s->steps, by_end);
	for (size_t i = 0; i < s->step_count; i++) {
		struct id_step *x = &s->steps[i], *last = &s->steps[kept > 0 ? kept - 1 : 0];
		if (kept > 0 && by_end(x, last) == 0) {
			continue;
		}
		bool follows = kept == 0 || (x->number != ID_NO_NUMBER ? x->number == last->number + 1 : s->most_hash == UINT64_MAX || x->end_ns - last->end_ns < MARGIN_NS);
		s->steps[kept] = *x;
		s->steps[kept++].follows = follows;
	}
	s->step_count = kept;
}

static void sort_requests(struct sample *s) {
	size_t kept = 0;

	sort_items(s->requests, s->request_count, sizeof *s->requests, by_fields);
	for (size_t i = 0; i < s->request_count; i++) {
		if (kept == 0 || s->requests[i].mark == 0 || by_fields(&s->requests[i], &s->requests[kept - 1]) != 0) {
			s->requests[kept++] = s->requests[i];
		}
	}
	s->request_count = kept;
}

void sample_end_merge(struct sample *s, size_t most_steps, size_t most_requests) {
	keep_up_to(s, s->most_hash);
	sort_steps(s);
	sort_requests(s);
	if (s->sparse) {
		drop_plain(s);
	}
	load_end_merge(&s->loads[LOAD_WINDOWS]);
	sample_thin(s, most_steps, most_requests);
}
