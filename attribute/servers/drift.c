/*
 * drift.c: the difference of two clocks over time. Parts of the requests are compared with the steps of their time,
 * each with a constant difference; then lines between these are fitted to the differences of single events, in ever
 * narrower widths. Where a clock was set, the lines end.
 */
#include "attribute/servers/drift.h"

#include <stdlib.h>

#include "attribute/servers/identity_events.h"
#include "core/error.h"
#include "core/exact.h"
#include "core/files/pack.h"

#define MS (NS_PER_SECOND / 1000)

/* Requests of a part, and the longest pause between two of them. */
#define PART_MOST 40
#define PART_LEAST 20
#define PAUSE_NS (120 * NS_PER_SECOND)
/* Steps this close to a part are compared with it. */
#define AROUND_NS (26 * NS_PER_SECOND)
/* Differences of events for one knot; the number of knots; places where a clock was set. */
#define GROUP_LEAST 24
#define GROUPS_MOST 64
#define BREAKS_MOST 24
/* Smaller jumps are not a clock that was set. */
#define JUMP_MIN_NS (15 * MS)
/* Percent of events that coincide with a constant difference if only small changes are to be found. */
#define CONSTANT_LEAST 97
/* Smaller changes are not corrected. */
#define CHANGE_MIN_NS (2 * MS)
#define COARSE_CHANGE_MIN_NS (100 * MS) /* of steps with timestamps truncated to the second */

struct fit {
	const struct events *steps, *requests;
	bool cached_known, coarse;
	struct drift_knot knots[GROUPS_MOST + BREAKS_MOST];
	size_t count;
	int64_t breaks[BREAKS_MOST]; /* ascending */
	size_t break_count;
	struct drift track;
};

static int64_t between(const struct drift_knot *a, const struct drift_knot *b, int64_t at_ns) {
	int64_t part = 0;

	if (b->at_ns > a->at_ns) {
		exact_mul_div(b->offset_ns - a->offset_ns, at_ns - a->at_ns, b->at_ns - a->at_ns, &part);
	}
	return a->offset_ns + part;
}

int64_t drift_at(const struct drift *d, int64_t at_ns) {
	size_t low = 0, high = d->count;

	while (low < high) { /* the first knot after the instant */
		size_t middle = low + (high - low) / 2;
		if (d->at[middle].at_ns <= at_ns) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (d->count == 0) {
		return 0;
	}
	return low == 0 ? d->at[0].offset_ns : low == d->count ? d->at[low - 1].offset_ns : between(&d->at[low - 1], &d->at[low], at_ns);
}

size_t drift_pack(const struct drift *d, char *out) {
	struct drift_knot last = {0, 0};
	char *end = out;

	for (size_t i = 0; i < d->count; i++) { /* instants of this century: differences do not overflow */
		end = pack_i64(pack_i64(end, d->at[i].at_ns - last.at_ns), d->at[i].offset_ns - last.offset_ns);
		last = d->at[i];
	}
	return (size_t)(end - out);
}

struct drift *drift_unpack(struct text t) {
	struct drift *d = must_calloc(1, sizeof *d);
	struct drift_knot last = {0, 0}, more;

	while (t.len > 0 && d->count < DRIFT_KNOTS_MAX && unpack_i64(&t, &more.at_ns) && unpack_i64(&t, &more.offset_ns) &&
	       !__builtin_add_overflow(last.at_ns, more.at_ns, &last.at_ns) &&
	       !__builtin_add_overflow(last.offset_ns, more.offset_ns, &last.offset_ns)) {
		d->at[d->count++] = last;
	}
	if (t.len == 0 && d->count > 0) {
		return d;
	}
	free(d);
	return NULL;
}

void drift_range(const struct drift *d, int64_t *least_ns, int64_t *most_ns) {
	*least_ns = INT64_MAX;
	*most_ns = INT64_MIN;
	for (size_t i = 0; i < d->count; i++) {
		*least_ns = d->at[i].offset_ns < *least_ns ? d->at[i].offset_ns : *least_ns;
		*most_ns = d->at[i].offset_ns > *most_ns ? d->at[i].offset_ns : *most_ns;
	}
}

/* ---- the track: lines through the knots of each segment, up to the places where a clock was set ---- */

static void put(struct drift *d, int64_t at_ns, int64_t offset_ns) {
	if (d->count < DRIFT_KNOTS_MAX) {
		d->at[d->count++] = (struct drift_knot){at_ns, offset_ns};
	}
}

/* The end of a segment, on the line through the two knots next to it. */
static int64_t at_end(const struct drift_knot *near, const struct drift_knot *next, int64_t at_ns) {
	return next ? between(near, next, at_ns) : near->offset_ns;
}

static void draw_segment(struct fit *f, size_t from, size_t to, int64_t first_ns, int64_t last_ns) {
	if (from == to) {
		return;
	}
	const struct drift_knot *a = &f->knots[from], *z = &f->knots[to - 1];
	bool line = to - from > 1;

	if (first_ns < a->at_ns) {
		put(&f->track, first_ns, at_end(a, line ? a + 1 : NULL, first_ns));
	}
	for (size_t i = from; i < to; i++) {
		put(&f->track, f->knots[i].at_ns, f->knots[i].offset_ns);
	}
	if (last_ns > z->at_ns) {
		put(&f->track, last_ns, at_end(z, line ? z - 1 : NULL, last_ns));
	}
}

static void draw(struct fit *f) {
	int64_t first_ns = f->requests->at[0].at_ns, last_ns = f->requests->at[f->requests->count - 1].at_ns;
	size_t from = 0;

	f->track.count = 0;
	for (size_t b = 0; b <= f->break_count; b++) {
		int64_t end_ns = b < f->break_count ? f->breaks[b] : INT64_MAX;
		size_t to = from;
		for (; to < f->count && f->knots[to].at_ns < end_ns; to++) {
		}
		draw_segment(f, from, to, b > 0 ? f->breaks[b - 1] : first_ns, b < f->break_count ? end_ns - 1 : last_ns);
		from = to;
	}
}

/* ---- single events ---- */

/* The difference of an event of requests, less an offset, to the nearest event of steps within `half`; false: there is none. */
static bool difference_of(const struct fit *f, const struct event *r, int64_t offset_ns, int64_t half, bool by_tokens, int64_t *out) {
	int64_t at = r->at_ns - offset_ns, found = INT64_MAX;

	for (size_t k = events_from(f->steps, at - half); k < f->steps->count && f->steps->at[k].at_ns <= at + half; k++) {
		unsigned agree = events_compare(&f->steps->at[k], r, f->cached_known);
		int64_t off = at - f->steps->at[k].at_ns;
		bool fits = by_tokens ? (agree & EVENT_TOKENS) != 0 : agree != EVENT_TESTABLE;
		found = fits && llabs(off) < llabs(found) ? off : found;
	}
	*out = found;
	return found != INT64_MAX;
}

struct point {
	int64_t at_ns, off_ns;
};

static size_t find_points(const struct fit *f, int64_t half, bool by_tokens, struct point *out) {
	size_t count = 0;

	for (size_t i = 0; i < f->requests->count; i++) {
		const struct event *r = &f->requests->at[i];
		if (difference_of(f, r, drift_at(&f->track, r->at_ns), half, by_tokens, &out[count].off_ns)) {
			out[count++].at_ns = r->at_ns;
		}
	}
	return count;
}

/* A knot for a group of differences: at their middle, moved by their median. */
static void add_knot(struct fit *f, const struct drift *track, const struct point *p, size_t count) {
	int64_t *values = must_alloc(count * sizeof *values), at_ns = p[0].at_ns + (p[count - 1].at_ns - p[0].at_ns) / 2;

	for (size_t i = 0; i < count; i++) {
		values[i] = p[i].off_ns + drift_at(track, p[i].at_ns) - drift_at(track, at_ns);
	}
	f->knots[f->count++] = (struct drift_knot){at_ns, drift_at(track, at_ns) + events_sort(values, count)};
	free(values);
}

/* Fits the knots again; too few differences change nothing. */
static void refit(struct fit *f, int64_t half, bool by_tokens) {
	struct point *p = must_alloc((f->requests->count + 1) * sizeof *p);
	size_t count = find_points(f, half, by_tokens, p), at = 0;
	size_t group = count / GROUPS_MOST > GROUP_LEAST ? count / GROUPS_MOST + 1 : GROUP_LEAST;

	if (count >= GROUP_LEAST && 4 * count >= f->requests->count) {
		const struct drift before = f->track;
		f->count = 0;
		for (size_t b = 0; b <= f->break_count; b++) {
			size_t end = at;
			for (; end < count && (b == f->break_count || p[end].at_ns < f->breaks[b]); end++) {
			}
			size_t groups = (end - at) / group > 0 ? (end - at) / group : end > at;
			for (size_t g = 0, from = at; g < groups; g++) {
				size_t to = at + (end - at) * (g + 1) / groups;
				add_knot(f, &before, p + from, to - from);
				from = to;
			}
			at = end;
		}
		draw(f);
	}
	free(p);
}

/* ---- a clock that is set ---- */

/* The most likely instant between two knots at which the clock was set: most events agree with the first one before it. */
static int64_t find_break(const struct fit *f, const struct drift_knot *a, const struct drift_knot *b) {
	int64_t half = f->coarse ? 250 * MS : 10 * MS, off, sum = 0, best = 0, at_ns = a->at_ns + (b->at_ns - a->at_ns) / 2;

	for (size_t i = events_from(f->requests, a->at_ns); i < f->requests->count && f->requests->at[i].at_ns < b->at_ns; i++) {
		const struct event *r = &f->requests->at[i];
		sum += difference_of(f, r, a->offset_ns, half, f->coarse, &off) - difference_of(f, r, b->offset_ns, half, f->coarse, &off);
		if (sum > best) {
			best = sum;
			at_ns = i + 1 < f->requests->count ? r->at_ns + (f->requests->at[i + 1].at_ns - r->at_ns) / 2 + 1 : r->at_ns + 1;
		}
	}
	return at_ns < b->at_ns ? at_ns : b->at_ns;
}

static bool is_broken(const struct fit *f, int64_t from_ns, int64_t to_ns) {
	for (size_t i = 0; i < f->break_count; i++) {
		if (f->breaks[i] > from_ns && f->breaks[i] <= to_ns) {
			return true;
		}
	}
	return false;
}

static void add_break(struct fit *f, int64_t at_ns) {
	size_t at = f->break_count++;

	for (; at > 0 && f->breaks[at - 1] > at_ns; at--) {
		f->breaks[at] = f->breaks[at - 1];
	}
	f->breaks[at] = at_ns;
}

/* Jumps that are far larger than the changes between other knots. */
static void find_breaks(struct fit *f) {
	int64_t rates[GROUPS_MOST + BREAKS_MOST]; /* ns a second */
	size_t count = 0;

	for (size_t i = 0; i + 1 < f->count; i++) {
		int64_t seconds = (f->knots[i + 1].at_ns - f->knots[i].at_ns) / NS_PER_SECOND + 1;
		rates[count++] = llabs(f->knots[i + 1].offset_ns - f->knots[i].offset_ns) / seconds;
	}
	int64_t usual = count > 2 ? events_sort(rates, count) : 0, least = f->coarse ? 400 * MS : JUMP_MIN_NS;
	for (size_t i = 0; i + 1 < f->count && f->break_count < BREAKS_MOST; i++) {
		const struct drift_knot *a = &f->knots[i], *b = a + 1;
		int64_t seconds = (b->at_ns - a->at_ns) / NS_PER_SECOND + 1;
		if (llabs(b->offset_ns - a->offset_ns) > least + 4 * usual * seconds && !is_broken(f, a->at_ns, b->at_ns)) {
			add_break(f, find_break(f, a, b));
		}
	}
	draw(f);
}

/* ---- the first track ---- */

/* Compares one part with the steps of its time. */
static bool test_part(const struct id_steps *steps, const struct id_requests *part, struct drift_knot *knot) {
	int64_t first_ns = part->at[0].first_ns - AROUND_NS, last_ns = part->at[part->count - 1].first_ns + AROUND_NS;
	size_t from = id_steps_from(steps->at, steps->count, first_ns), to;
	struct id_result r;

	for (to = from; to < steps->count && steps->at[to].end_ns <= last_ns; to++) {
	}
	const struct id_steps around = {steps->at + from, to - from};
	if (identity_excludes(&around, part)) {
		return false;
	}
	identity_test(&around, part, &r);
	*knot = (struct drift_knot){part->at[part->count / 2].first_ns, r.offset_ns};
	return r.verdict == ID_SAME || (r.verdict == ID_PART && r.coverage >= 0.3);
}

/* The end of a part that begins at a request. */
static size_t part_end(const struct id_requests *r, size_t from) {
	size_t to = from + 1;

	while (to < r->count && to - from < PART_MOST && r->at[to].first_ns - r->at[to - 1].first_ns <= PAUSE_NS) {
		to++;
	}
	return to;
}

/* Most parts must match by themselves. Servers that do not match are detected by the first few. */
static bool find_parts(struct fit *f, const struct id_steps *steps, const struct id_requests *r) {
	size_t tested = 0, stride = r->count / PART_MOST / GROUPS_MOST + 1, number = 0;

	for (size_t from = 0, to; from < r->count && f->count < GROUPS_MOST; from = to) {
		to = part_end(r, from);
		if (to - from < PART_LEAST || number++ % stride != 0) {
			continue;
		}
		const struct id_requests part = {r->at + from, to - from, r->cached_known};
		f->count += test_part(steps, &part, &f->knots[f->count]);
		tested++;
		if (tested == 3 && f->count == 0) {
			return false;
		}
	}
	return f->count >= 2 && 2 * f->count > tested;
}

/* ---- all ---- */

static struct id_requests shifted(const struct id_requests *r, const struct drift *d) {
	struct id_request *at = must_alloc((r->count + 1) * sizeof *at);

	for (size_t i = 0; i < r->count; i++) {
		int64_t by = drift_at(d, r->at[i].first_ns);
		at[i] = r->at[i];
		at[i].first_ns -= by;
		at[i].finish_ns -= at[i].finish_ns != INT64_MIN ? by : 0;
	}
	return (struct id_requests){at, r->count, r->cached_known};
}

/* How many events coincide with the track, and the quartiles' half distance of their differences. */
static size_t assess(const struct fit *f, int64_t *spread_ns) {
	struct point *p = must_alloc((f->requests->count + 1) * sizeof *p);
	size_t count = find_points(f, f->coarse ? 250 * MS : 10 * MS, f->coarse, p);
	int64_t *values = must_alloc((count + 1) * sizeof *values);

	for (size_t i = 0; i < count; i++) {
		values[i] = p[i].off_ns;
	}
	*spread_ns = 0;
	if (count > 0) {
		events_sort(values, count);
		*spread_ns = (values[3 * count / 4] - values[count / 4]) / 2;
	}
	free(values);
	free(p);
	return count;
}

static void set_constant(struct fit *f, int64_t offset_ns) {
	f->knots[0] = (struct drift_knot){f->requests->at[0].at_ns, offset_ns};
	f->count = 1;
	f->break_count = 0;
	draw(f);
}

static void narrow(struct fit *f) {
	static const struct pass {
		int64_t half_ns;
		bool by_tokens;
	} fine[] = {{60 * MS, true}, {20 * MS, false}, {10 * MS, false}, {5 * MS, false}, {5 * MS, false}},
	  rough[] = {{1000 * MS, true}, {500 * MS, true}};
	const struct pass *passes = f->coarse ? rough : fine;
	size_t count = f->coarse ? sizeof rough / sizeof *rough : sizeof fine / sizeof *fine;

	draw(f);
	find_breaks(f);
	for (size_t i = 0; i < count; i++) {
		refit(f, passes[i].half_ns, passes[i].by_tokens);
		find_breaks(f);
	}
}

/* A constant difference is the beginning if nearly all events coincide with it, else what parts give. */
static bool begin(struct fit *f, const struct id_steps *steps, const struct id_requests *requests, bool same, int64_t offset_ns) {
	int64_t spread_ns;

	if (same) {
		set_constant(f, offset_ns);
	}
	if (same && 100 * assess(f, &spread_ns) >= CONSTANT_LEAST * f->requests->count) {
		return true;
	}
	f->count = 0;
	if (find_parts(f, steps, requests)) {
		return true;
	}
	if (same) {
		set_constant(f, offset_ns);
	}
	return same;
}

static bool is_better(struct fit *f, bool same, int64_t constant_ns) {
	const struct drift track = f->track;
	int64_t least_ns, most_ns, spread_ns, before_ns;
	size_t now = assess(f, &spread_ns);

	drift_range(&track, &least_ns, &most_ns);
	if (most_ns - least_ns <= (f->coarse ? COARSE_CHANGE_MIN_NS : CHANGE_MIN_NS) || most_ns - least_ns <= (f->coarse ? 6 : 2) * spread_ns) {
		return false;
	}
	set_constant(f, constant_ns);
	size_t before = assess(f, &before_ns);
	f->track = track;
	return !same || now > before + before / 20 || before_ns > spread_ns + spread_ns / 2;
}

static bool have_first_tokens(const struct id_requests *r) {
	size_t count = 0;

	while (count < r->count && r->at[count].first_ns != INT64_MIN) {
		count++;
	}
	return count == r->count;
}

bool drift_find(const struct id_steps *steps, const struct id_requests *requests, struct id_result *r, struct drift *out) {
	struct both s, q;
	struct fit f = {.cached_known = requests->cached_known, .coarse = steps->count > 0 && steps->at[0].coarse};
	struct id_result with;
	bool same = r->verdict == ID_SAME, found = false;

	if (r->seconds || requests->count < 2 * PART_LEAST || !have_first_tokens(requests)) {
		return false;
	}
	s = events_of_steps(steps);
	q = events_of_requests(requests);
	f.steps = &s.first;
	f.requests = &q.first;
	if (s.first.count > 0 && q.first.count >= GROUP_LEAST && begin(&f, steps, requests, same, r->offset_ns)) {
		narrow(&f);
		found = is_better(&f, same, r->offset_ns);
	}
	if (found) {
		struct id_requests moved = shifted(requests, &f.track);
		identity_test(steps, &moved, &with);
		free((void *)(uintptr_t)moved.at);
		found = with.verdict == ID_SAME && (same || with.statistic > r->statistic);
	}
	if (found) {
		*r = with;
		*out = f.track;
		for (size_t i = 0; i < out->count; i++) {
			out->at[i].offset_ns += f.coarse ? 0 : with.offset_ns + with.late_ns;
		}
	}
	events_release(&s);
	events_release(&q);
	return found;
}
