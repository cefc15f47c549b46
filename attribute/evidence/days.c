#include "attribute/evidence/days.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "core/sorted.h"

void days_release(struct replica_days *d) {
	free(d->at);
	*d = (struct replica_days){0};
}

int64_t days_instant(const struct item *item) {
	const struct request_item *q = (const struct request_item *)item;

	if (item->kind != ITEM_REQUEST) {
		return item->at_ns;
	}
	if (q->finish_ns != UNKNOWN && q->part != PART_PREFILL) {
		return q->finish_ns;
	}
	return q->first_token_ns != UNKNOWN ? q->first_token_ns : q->scheduled_ns != UNKNOWN ? q->scheduled_ns : item->at_ns;
}

static bool is_of(const struct replica_day *d, int64_t at_ns) {
	return at_ns >= d->day_ns && at_ns - d->day_ns < NS_PER_DAY;
}

/* The index of the day, or where to insert it. */
static size_t place_of(const struct replica_days *d, int64_t day_ns) {
	return SORTED_FROM(d->at, d->count, struct replica_day, day_ns, day_ns);
}

static struct replica_day *day_of(struct replica_days *d, int64_t at_ns) {
	if (d->last < d->count && is_of(&d->at[d->last], at_ns)) {
		return &d->at[d->last];
	}
	int64_t day_ns = instant_floor(at_ns, NS_PER_DAY);
	size_t place = place_of(d, day_ns);
	d->last = place;
	if (place < d->count && d->at[place].day_ns == day_ns) {
		return &d->at[place];
	}
	d->at = must_grow(d->at, d->count, &d->room, sizeof *d->at, 4);
	memmove(&d->at[place + 1], &d->at[place], (d->count++ - place) * sizeof *d->at);
	d->at[place] = (struct replica_day){.day_ns = day_ns, .kind = DAY_NOTHING, .first_step_ns = INT64_MAX, .last_step_ns = INT64_MIN, .first_ns = INT64_MAX,
	                                    .last_ns = INT64_MIN, .first_work_ns = INT64_MAX, .last_work_ns = INT64_MIN, .since_ns = day_ns};
	return &d->at[place];
}

struct replica_day *days_note(struct replica_days *d, int64_t at_ns, enum day_kind kind) {
	struct replica_day *day = day_of(d, at_ns);

	day->kind = kind > day->kind ? kind : day->kind;
	return day;
}

/* Requests that seem to last longer than this (clock errors) count as in flight on their first days only. */
#define ALIVE_DAYS_MAX 32

void days_note_alive(struct replica_days *d, int64_t from_ns, int64_t to_ns) {
	int64_t day_ns = day_of(d, from_ns)->day_ns;

	for (int i = 0; i < ALIVE_DAYS_MAX; i++, day_ns += NS_PER_DAY) {
		day_of(d, day_ns)->requests = true;
		if (to_ns - day_ns < NS_PER_DAY) {
			break;
		}
	}
}

void days_note_made(struct replica_days *d, int64_t from_ns, int64_t to_ns, int64_t ntok) {
	int64_t rest = ntok;

	for (int i = 0; i < ALIVE_DAYS_MAX && from_ns < to_ns; i++) {
		struct replica_day *day = day_of(d, from_ns);
		bool last = to_ns - day->day_ns <= NS_PER_DAY || i + 1 == ALIVE_DAYS_MAX;
		int64_t until_ns = last ? to_ns : day->day_ns + NS_PER_DAY, part = rest;
		if (!last) {
			(void)exact_mul_div(rest, until_ns - from_ns, to_ns - from_ns, &part);
		}
		exact_add(&day->request_made_ntok, part);
		rest -= part;
		from_ns = until_ns;
	}
}

struct prompt_tokens days_prompts(const struct replica_days *d, int64_t day_ns) {
	size_t place = place_of(d, day_ns);

	return place < d->count && d->at[place].day_ns == day_ns ? d->at[place].prompts : (struct prompt_tokens){0};
}

static void add_prompts(struct prompt_tokens *to, const struct prompt_tokens *from) {
	exact_add(&to->request_ntok, from->request_ntok);
	exact_add(&to->request_unknown_ntok, from->request_unknown_ntok);
	exact_add(&to->window_ntok, from->window_ntok);
	exact_add(&to->window_unknown_ntok, from->window_unknown_ntok);
	exact_add(&to->cached_ntok, from->cached_ntok);
}

void days_add(struct replica_days *to, const struct replica_days *from) {
	for (size_t i = 0; i < from->count; i++) {
		const struct replica_day *f = &from->at[i];
		struct replica_day *t = days_note(to, f->day_ns, f->kind);
		t->requests |= f->requests;
		add_prompts(&t->prompts, &f->prompts);
		exact_add(&t->request_made_ntok, f->request_made_ntok);
		exact_add(&t->window_made_ntok, f->window_made_ntok);
		exact_add(&t->step_made_ntok, f->step_made_ntok);
		t->ended += f->ended;
		exact_add(&t->ended_ms, f->ended_ms);
		exact_add(&t->window_ms, f->window_ms);
		exact_widen(&t->first_step_ns, &t->last_step_ns, f->first_step_ns, f->last_step_ns);
		exact_widen(&t->first_ns, &t->last_ns, f->first_ns, f->last_ns);
		exact_widen(&t->first_work_ns, &t->last_work_ns, f->first_work_ns, f->last_work_ns);
	}
}

/* At most this much lies between a request and its steps, because of clocks and queues. */
#define LACK_NS NS_PER_HOUR

bool days_lack_steps(const struct replica_days *d, int64_t from_ns, int64_t to_ns) {
	bool lack = false;

	for (size_t i = 0; i < d->count && !lack; i++) {
		const struct replica_day *day = &d->at[i];
		bool wanted = day->kind == DAY_STEPS && (from_ns <= day->day_ns || is_of(day, from_ns)) && day->day_ns < to_ns;
		bool works = day->first_work_ns <= day->last_work_ns;
		lack = wanted && works && (day->first_work_ns < day->first_step_ns - LACK_NS || day->last_work_ns > day->last_step_ns + LACK_NS);
	}
	return lack;
}

/* The first instant of a day's evidence, and the last: a request may have begun on an earlier day, a window ends on a later one. */
static int64_t first_of(const struct replica_day *d) {
	int64_t ns = d->first_step_ns < d->day_ns ? d->first_step_ns : d->day_ns;

	return d->first_ns < ns ? d->first_ns : ns;
}

static int64_t last_of(const struct replica_day *d) {
	int64_t ns = d->last_step_ns > d->day_ns ? d->last_step_ns : d->day_ns;

	return d->last_ns > ns ? d->last_ns : ns;
}

/* Spells as they are found; only counted if `at` is NULL. */
struct spelling {
	struct spell *at, last;
	size_t count;
	int64_t covered_ns; /* up to which evidence covers the time */
};

static void put(struct spelling *p, struct spell s) {
	if (p->at && p->count > 0) {
		p->at[p->count - 1].to_ns = s.from_ns;
		p->at[p->count - 1].ends = s.begins;
	}
	s.from_ns = p->count == 0 ? INT64_MIN : s.from_ns;
	s.to_ns = INT64_MAX;
	if (p->at) {
		p->at[p->count] = s;
	}
	p->last = s;
	p->count++;
}

/* The last evidence's work may be moved past midnight: a pause begins a day later. */
static int64_t pause_after(int64_t covered_ns) {
	int64_t day_ns = instant_floor(covered_ns, NS_PER_DAY);

	return day_ns < INT64_MAX - 3 * NS_PER_DAY ? day_ns + 2 * NS_PER_DAY : INT64_MAX;
}

static void put_pause(struct spelling *p, int64_t from_ns) {
	put(p, (struct spell){.from_ns = from_ns, .kind = DAY_NOTHING, .begins = true});
}

/* The spell that begins on a day, unless the last one goes on. */
static void put_day(struct spelling *p, const struct replica_day *d) {
	int64_t since_ns = instant_floor(d->since_ns, NS_PER_DAY), pause_ns = p->covered_ns == INT64_MIN ? INT64_MIN : pause_after(p->covered_ns);
	bool paused = p->count > 0 && (p->covered_ns == INT64_MIN || since_ns >= pause_ns);
	struct spell s = {.from_ns = paused ? since_ns : d->day_ns, .kind = d->kind, .requests = d->kind == DAY_STEPS && d->requests, .begins = paused};
	int64_t last_ns = last_of(d);

	if (d->kind == DAY_NOTHING) {
		return;
	}
	if (paused && p->last.kind != DAY_NOTHING && since_ns > pause_ns) {
		put_pause(p, pause_ns);
	}
	if (p->count == 0 || paused || s.kind != p->last.kind || s.requests != p->last.requests) {
		put(p, s);
	}
	p->covered_ns = last_ns > p->covered_ns ? last_ns : p->covered_ns;
}

/* Finds the spells; writes them to `out` unless it is NULL. */
static size_t go_through(const struct replica_days *d, int64_t from_ns, int64_t to_ns, struct spell *out) {
	struct spelling p = {.at = out, .covered_ns = INT64_MIN};

	if (d->count > 0 && from_ns < instant_floor(d->at[0].since_ns, NS_PER_DAY)) {
		put_pause(&p, INT64_MIN);
	}
	for (size_t i = 0; i < d->count; i++) {
		put_day(&p, &d->at[i]);
	}
	if (p.covered_ns != INT64_MIN && to_ns > pause_after(p.covered_ns)) {
		put_pause(&p, pause_after(p.covered_ns));
	}
	return p.count;
}

/* Does it have requests besides, which are not to be split by? */
static bool is_of_windows(const struct replica_summary *whole, const struct spell *only) {
	return only->kind == DAY_WINDOWS && whole->requests > 0;
}

size_t days_spells(const struct replica_days *d, const struct replica_summary *whole, const struct attribute_options *o, struct spell **out) {
	int64_t from_ns = !whole->has_span ? INT64_MAX : whole->span.first_ns > o->from_ns ? whole->span.first_ns : o->from_ns;
	int64_t to_ns = !whole->has_span ? INT64_MIN : whole->span.last_ns < o->to_ns ? whole->span.last_ns : o->to_ns;
	size_t count = go_through(d, from_ns, to_ns, NULL);
	struct spell only = {.kind = DAY_NOTHING};

	if (count == 1) {
		go_through(d, from_ns, to_ns, &only);
	}
	*out = count > 1 || is_of_windows(whole, &only) ? must_calloc(count, sizeof **out) : NULL;
	return *out ? go_through(d, from_ns, to_ns, *out) : count;
}

bool spell_reaches(const struct spell *s, int64_t at_ns, int64_t margin_ns) {
	return s->from_ns == INT64_MIN || at_ns >= s->from_ns - (s->begins ? 0 : margin_ns);
}

bool spell_is_over(const struct spell *s, int64_t at_ns, int64_t margin_ns) {
	return s->to_ns != INT64_MAX && at_ns >= s->to_ns + (s->ends ? 0 : margin_ns);
}

bool spell_has(const struct spell *s, int64_t at_ns, int64_t margin_ns) {
	return s->kind != DAY_NOTHING && spell_reaches(s, at_ns, margin_ns) && !spell_is_over(s, at_ns, margin_ns);
}

static void add_extents(const struct replica_day *d, struct replica_summary *sum) {
	exact_widen(&sum->first_step_ns, &sum->last_step_ns, d->first_step_ns, d->last_step_ns);
	exact_widen(&sum->first_ns, &sum->last_ns, d->first_ns, d->last_ns);
}

static void no_extents(struct replica_summary *sum) {
	sum->first_step_ns = sum->first_ns = INT64_MAX;
	sum->last_step_ns = sum->last_ns = INT64_MIN;
}

/* Rates are rounded: so many tokens are no difference. */
#define SLACK_NTOK 2000

/* Tokens that requests in flight at the end of a log may have had by then: those of all in the mean time of one. */
static int128 in_flight_ntok(const struct replica_day *d) {
	return d->ended > 0 && d->window_ms > 0 ? (int128)d->window_made_ntok * d->ended_ms / ((int128)d->ended * d->window_ms) : 0;
}

/*
 * A server's statistics count all of its tokens. Where its requests have less than half of them, they are of one gateway or
 * tenant, and cannot split its time.
 */
static void note_partial(struct replica_day *d, struct replica_summary *sum) {
	bool both = d->kind == DAY_REQUESTS && d->request_made_ntok > 0 && d->request_made_ntok < INT64_MAX / 4;
	int64_t slack = d->request_made_ntok / 20 + SLACK_NTOK;

	if (both && (int128)d->window_made_ntok - d->request_made_ntok > slack + in_flight_ntok(d)) {
		exact_add(&sum->partial_request_ntok, d->request_made_ntok);
		exact_add(&sum->partial_window_ntok, d->window_made_ntok);
		if (d->window_made_ntok > 2 * d->request_made_ntok) {
			d->kind = DAY_WINDOWS;
			sum->by_windows = true;
		}
	}
}

/* Tokens after the first of each request are made by steps: where these are far fewer, other servers handled requests. */
static void note_beyond(const struct replica_day *d, struct replica_summary *sum) {
	int64_t made = d->request_made_ntok - d->ended;

	if (d->kind == DAY_STEPS && (int128)made > (int128)d->step_made_ntok * 3 / 2 + SLACK_NTOK) {
		exact_add(&sum->beyond_request_ntok, made);
		exact_add(&sum->beyond_step_ntok, d->step_made_ntok);
	}
}

static void note_pause(const struct replica_days *d, size_t i, struct replica_summary *sum) {
	int64_t days = i > 0 ? (d->at[i].day_ns - d->at[i - 1].day_ns) / NS_PER_DAY : 0;

	sum->active_days++;
	sum->pause_days = days > sum->pause_days ? days : sum->pause_days;
}

static enum day_kind settled(enum day_kind kind) {
	return kind == DAY_IDLE_WINDOWS ? DAY_WINDOWS : kind == DAY_INSTANTS ? DAY_REQUESTS : kind;
}

void days_extents(struct replica_days *d, struct replica_summary *sum) {
	int64_t since_ns = INT64_MAX;

	no_extents(sum);
	sum->active_days = sum->pause_days = 0;
	for (size_t i = d->count; i-- > 0;) {
		int64_t first_ns = first_of(&d->at[i]);
		since_ns = first_ns < since_ns ? first_ns : since_ns;
		d->at[i].since_ns = since_ns;
		d->at[i].kind = settled(d->at[i].kind);
		note_partial(&d->at[i], sum);
		note_beyond(&d->at[i], sum);
		note_pause(d, i, sum);
		add_extents(&d->at[i], sum);
	}
}

void days_span(const struct replica_days *d, struct replica_summary *sum) {
	if (sum->has_span) {
		return;
	}
	sum->has_span = true;
	sum->span.first_ns = INT64_MAX;
	sum->span.last_ns = INT64_MIN;
	for (size_t i = 0; i < d->count; i++) {
		const struct replica_day *day = &d->at[i];
		bool steps = day->kind == DAY_STEPS;
		exact_widen(&sum->span.first_ns, &sum->span.last_ns, steps ? day->first_step_ns : day->first_ns,
		            steps ? day->last_step_ns : day->last_ns);
	}
}

struct replica_summary days_summary(const struct replica_days *d, const struct replica_summary *whole, const struct spell *s,
                                    int64_t margin_ns) {
	struct replica_summary sum = *whole;
	size_t from = s->from_ns == INT64_MIN ? 0 : place_of(d, s->from_ns - (s->begins ? 0 : margin_ns));
	size_t to = s->to_ns == INT64_MAX ? d->count : place_of(d, s->to_ns + (s->ends ? 0 : margin_ns));

	sum.steps = s->kind == DAY_STEPS ? whole->steps : 0;
	sum.requests = s->kind == DAY_REQUESTS || s->requests ? whole->requests : 0;
	sum.windows = s->kind == DAY_NOTHING ? 0 : whole->windows;
	no_extents(&sum);
	for (size_t i = from; i < to && s->kind != DAY_NOTHING; i++) {
		add_extents(&d->at[i], &sum);
	}
	return sum;
}
