/* copies.c: detects one log under two names, and ranks by their scrapes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/servers/servers_private.h"
#include "core/exact.h"
#include "core/sorted.h"

/* The marks of one kind under a name. */
struct kind {
	const char *what;
	const struct marks *marks;
	int64_t count, first_ns, last_ns;
};

static void kinds_of(const struct sample *s, struct kind out[3]) {
	out[0] = (struct kind){"steps", &s->marks[MARKS_STEPS], s->all_steps, s->first_step_ns, s->last_step_ns};
	out[1] = (struct kind){"requests", &s->marks[MARKS_REQUESTS], s->all_requests, s->first_request_ns, s->last_request_ns};
	out[2] = (struct kind){"windows", &s->marks[MARKS_WINDOWS], s->all_windows, s->first_window_ns, s->last_window_ns};
}

static bool near(int64_t a_ns, int64_t b_ns) {
	int64_t off;

	return !__builtin_sub_overflow(a_ns, b_ns, &off) && off <= NS_PER_SECOND && off >= -NS_PER_SECOND;
}

/* One or two records of two servers may be equal by chance; so may a few windows of ranks that are idle together. */
#define ALIKE_LEAST 3
#define WINDOWS_LEAST 4

/* Logs of few records: the same records at the same time. */
static bool are_alike(const struct kind *a, const struct kind *b) {
	return a->marks->count >= ALIKE_LEAST && a->count == b->count && a->marks->count == b->marks->count &&
	       memcmp(a->marks->at, b->marks->at, a->marks->count * sizeof *a->marks->at) == 0 &&
	       memcmp(a->marks->times, b->marks->times, a->marks->count * sizeof *a->marks->times) == 0 && near(a->first_ns, b->first_ns) &&
	       near(a->last_ns, b->last_ns);
}

/*
 * Over half of the marks are in both. Busy servers of one kind may share these, where steps are full and durations vary
 * little; but a copy, or a part of one, has none of them more often.
 */
static bool are_shared(const struct marks_shared *m) {
	return 2 * m->both > m->of;
}

static bool are_of_copies(const struct marks_shared *m) {
	size_t most = m->within > m->around ? m->within : m->around;

	return are_shared(m) && 10 * most >= 9 * m->both;
}

/* What two names have both, or NULL; *sure: one is a copy of the other. */
static const char *copied(const struct sample *a, const struct sample *b, bool *sure) {
	const char *perhaps = NULL;
	struct kind x[3], y[3];

	*sure = true;
	kinds_of(a, x);
	kinds_of(b, y);
	for (size_t i = 0; i < 3; i++) {
		struct marks_shared m = marks_compare(x[i].marks, y[i].marks);
		bool overlap = servers_overlap(x[i].first_ns, x[i].last_ns, y[i].first_ns, y[i].last_ns);
		if ((overlap && are_of_copies(&m)) || ((i < 2 || y[i].marks->count >= WINDOWS_LEAST) && are_alike(&x[i], &y[i]))) {
			return x[i].what;
		}
		perhaps = overlap && are_shared(&m) ? x[i].what : perhaps;
	}
	*sure = false;
	return perhaps;
}

/* Of two copies the more complete one counts, else the one named in the fleet file, else the first by name. */
static bool says_more(const struct servers *s, const struct server *a, const struct server *b) {
	const struct sample *x = &a->sample, *y = &b->sample;
	int kinds_x = (x->all_steps > 0) + (x->all_requests > 0), kinds_y = (y->all_steps > 0) + (y->all_requests > 0);
	bool known_x = servers_own_pool(s, x->name, 0), known_y = servers_own_pool(s, y->name, 0);
	int64_t all_x = x->all_steps + x->all_requests + x->all_windows, all_y = y->all_steps + y->all_requests + y->all_windows;

	if (kinds_x != kinds_y) {
		return kinds_x > kinds_y;
	}
	if (known_x != known_y) {
		return known_x;
	}
	bool coarse_x = x->step_count > 0 && x->steps[0].coarse, coarse_y = y->step_count > 0 && y->steps[0].coarse;
	if (coarse_x != coarse_y) {
		return coarse_y;
	}
	return all_x != all_y ? all_x > all_y : names_order(s->names, x->name, y->name) < 0;
}

void servers_drop_copy(struct servers *s, struct server *kept, struct server *copy, const char *what) {
	const char *a = servers_text(s, kept->sample.name), *b = servers_text(s, copy->sample.name);

	copy->dropped = copy->matched = copy->held = true;
	copy->decision = NAME_SAME; /* the finding or assumption follows here */
	copy->with = kept->sample.name;
	s->change = true;
	if (servers_are_pair(&s->fleet->same, a, b)) {
		quality_assume(s->quality, b, a, "--same", NULL, "%s is a copy of %s: counted once", b, a);
		return;
	}
	quality_finding(s->quality, "counted-twice", b, "--different", QUALITY_NO_AMOUNT,
	                "%s and %s report the same %s, which would be counted twice: only %s is counted; remove one "
			"of the logs, or resolve it with --same %s=%s or --different %s=%s", a, b, what, a, a, b, a, b);
}

/* ---- which names to compare ---- */

/* A mark of a name, by its place among the servers. */
struct marked {
	uint64_t mark;
	uint32_t at;
};

/* Of over half of 64 marks in both, one is among the first 32 of each. */
#define INDEXED_MOST (MARKS_MOST / 2)

struct mark_index {
	struct marked *all; /* by mark, then by place */
	size_t count;
	uint32_t *seen, *found; /* seen: by place, the last name that was compared with it, + 1 */
	size_t found_count;
};

static int by_mark(const void *a, const void *b) {
	const struct marked *x = a, *y = b;

	return x->mark != y->mark ? (x->mark > y->mark) - (x->mark < y->mark) : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b) {
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static size_t indexed_marks(const struct sample *s, uint64_t out[MARK_KINDS * INDEXED_MOST]) {
	size_t count = 0;

	for (size_t k = 0; k < MARK_KINDS; k++) {
		for (size_t i = 0; i < s->marks[k].count && i < INDEXED_MOST; i++) {
			out[count++] = s->marks[k].at[i] ^ k;
		}
	}
	return count;
}

static struct mark_index index_marks(const struct servers *s) {
	struct mark_index x = {.all = must_alloc((s->count * MARK_KINDS * INDEXED_MOST + 1) * sizeof *x.all), .seen = must_calloc(s->count + 1, sizeof *x.seen),
	                       .found = must_alloc((s->count + 1) * sizeof *x.found)};
	uint64_t marks[MARK_KINDS * INDEXED_MOST];

	for (size_t i = 0; i < s->count; i++) {
		size_t count = indexed_marks(&s->at[i].sample, marks);
		for (size_t k = 0; k < count; k++) {
			x.all[x.count++] = (struct marked){marks[k], (uint32_t)i};
		}
	}
	sort_items(x.all, x.count, sizeof *x.all, by_mark);
	return x;
}

/* The first entry of a mark whose place is at least `at`. */
static size_t first_entry(const struct mark_index *x, const struct marked *wanted) {
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool before = by_mark(&x->all[middle], wanted) < 0;
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	return low;
}

/* Of so few names all are compared: where their periods overlap by a hundredth, marks do not show it. */
#define ALL_COMPARED_MOST 64

/* The names after one that share a mark with it, in their order. */
static void find_sharing(struct mark_index *x, const struct servers *s, size_t i) {
	uint64_t marks[MARK_KINDS * INDEXED_MOST];
	size_t count = indexed_marks(&s->at[i].sample, marks);

	x->found_count = 0;
	for (size_t k = i + 1; k < s->count && s->count <= ALL_COMPARED_MOST; k++) {
		x->found[x->found_count++] = (uint32_t)k;
	}
	for (size_t k = 0; k < count && x->found_count < s->count - i - 1; k++) {
		const struct marked next = {marks[k], (uint32_t)i + 1};
		for (size_t e = first_entry(x, &next); e < x->count && x->all[e].mark == marks[k]; e++) {
			if (x->seen[x->all[e].at] != i + 1) {
				x->seen[x->all[e].at] = (uint32_t)i + 1;
				x->found[x->found_count++] = x->all[e].at;
			}
		}
	}
	sort_items(x->found, x->found_count, sizeof *x->found, by_place);
}

static void find_perhaps(struct servers *s, const char *a, const char *b, const char *what) {
	quality_finding(s->quality, "counted-twice", b, "--different", QUALITY_NO_AMOUNT,
	                "%s and %s report %s with the same tokens and durations, but not equally often: both are counted; resolve it with "
	                "--same %s=%s if one is a copy of the other, or --different %s=%s", a, b, what, a, b, a, b);
}

/*
 * Between scrapes at the same instants, ranks in lock-step count the same steps unless one of them idles, but not the
 * same tokens. Other servers do so by chance: then counts that nearly agree are as frequent, and of n steps one in many
 * agrees. 1 in 665 pairs of windows, say, if these logarithms are sums of the steps over FEW_STEPS.
 */
#define EQUAL_COUNTS_LEAST 2
#define EQUAL_SCORE_LEAST 6.5
#define FEW_STEPS 10.0
#define NEAR_STEPS 2

static bool count_together(const struct marks *a, const struct marks *b) {
	size_t both = 0, equal = 0, nearly = 0, copied = 0;
	double score = 0;

	for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
		uint64_t x = a->at[i] & ~MARKS_STEPS_MASK, y = b->at[k] & ~MARKS_STEPS_MASK;
		int64_t steps = (int64_t)(a->at[i] & MARKS_STEPS_MASK), apart = steps - (int64_t)(b->at[k] & MARKS_STEPS_MASK);
		if (x == y) {
			both++;
			equal += apart == 0;
			nearly += apart != 0 && apart <= NEAR_STEPS && apart >= -NEAR_STEPS;
			copied += apart == 0 && a->times[i] == b->times[k];
			score += apart == 0 ? log((double)steps / FEW_STEPS) : 0;
		}
		i += x <= y;
		k += y <= x;
	}
	return equal >= EQUAL_COUNTS_LEAST && score >= EQUAL_SCORE_LEAST && 4 * equal >= both && equal > nearly && 2 * copied < equal;
}

static void find_ranks_by_counts(struct servers *s, struct server *a, struct server *b) {
	struct server *both[] = {a, b};

	if (a->sample.all_steps > 0 || b->sample.all_steps > 0 || !count_together(&a->sample.marks[MARKS_COUNTS], &b->sample.marks[MARKS_COUNTS])) {
		return;
	}
	a->engine = a->engine != 0 ? a->engine : (uint32_t)(a - s->at) + 1;
	b->engine = b->engine != 0 ? b->engine : a->engine;
	for (size_t i = 0; i < 2; i++) {
		quality_finding(s->quality, "lockstep", servers_text(s, both[i]->sample.name), "--different", QUALITY_NO_AMOUNT,
		                "servers count the same numbers of steps between scrapes, as ranks of one engine in lock-step do: the split of such ranks "
		                "from scrapes may be off by more than its interval; logs of their steps show it, or --different A=B if they are no ranks");
	}
}

/* ---- logs whose periods overlap ---- */

/* Ranks in lock-step share some steps of equal batches. */
#define OVERLAP_LEAST 8
/* But not so many, none of them different, at the same instants. */
#define OVERLAP_ALL_LEAST 4
#define OVERLAP_PERCENT 90

/* The same step, with the same instant, or stamped by another collector. */
static bool is_step(const struct id_step *x, const struct id_step *y) {
	return y->number == x->number && y->duration_ns == x->duration_ns && y->prefill_tokens == x->prefill_tokens && y->prompts == x->prompts && y->decoders == x->decoders;
}

static bool has_step(const struct sample *s, const struct id_step *x, int64_t within_ns) {
	size_t i = id_steps_from(s->steps, s->step_count, x->end_ns - within_ns);

	for (; i < s->step_count && s->steps[i].end_ns <= x->end_ns + within_ns; i++) {
		if (is_step(x, &s->steps[i])) {
			return true;
		}
	}
	return false;
}

/* Of the steps with prompts and numbers of `b` in the time of `a`, those that are in `a`, too; gives up where few are. */
static bool are_in(const struct sample *a, const struct sample *b, int64_t within_ns, size_t *both, size_t *of) {
	uint64_t most_hash = a->most_hash < b->most_hash ? a->most_hash : b->most_hash;

	*both = *of = 0;
	for (size_t i = id_steps_from(b->steps, b->step_count, a->first_step_ns); i < b->step_count && b->steps[i].end_ns <= a->last_step_ns; i++) {
		const struct id_step *x = &b->steps[i];
		if (x->prefill_tokens == 0 || x->number == ID_NO_NUMBER || (x->coarse && within_ns == 0) || sample_order(x->end_ns) > most_hash) {
			continue;
		}
		++*of;
		*both += has_step(a, x, within_ns);
		if (*of == OVERLAP_LEAST && 2 * *both < *of) {
			return false;
		}
	}
	return *both == *of ? *both >= OVERLAP_ALL_LEAST : *both >= OVERLAP_LEAST && *both * 100 >= *of * OVERLAP_PERCENT;
}

/* One log begins and ends before the other one, and nearly all steps in the time of both are in both. */
static bool is_continued(const struct sample *a, const struct sample *b, size_t *both, size_t *of) {
	return a->step_count > 0 && b->step_count > 0 && a->first_step_ns < b->first_step_ns && a->last_step_ns < b->last_step_ns && are_in(a, b, 0, both, of);
}

/* One log has a part of the other one's steps, in a part of its time: too small a part to be seen as a copy. */
static bool is_inside(const struct sample *a, const struct sample *b, size_t *both, size_t *of) {
	return a->step_count > 0 && b->step_count > 0 && a->first_step_ns <= b->first_step_ns && a->last_step_ns >= b->last_step_ns &&
	       (a->first_step_ns < b->first_step_ns || a->last_step_ns > b->last_step_ns) && are_in(a, b, 0, both, of);
}

/* Instants of two collectors, or in whole seconds, of one step. */
#define STAMPS_NS (2 * NS_PER_SECOND)

/* The same, with instants of another collector: a copy. */
static bool is_part(const struct sample *whole, const struct sample *part) {
	size_t both, of;

	return whole->all_steps > part->all_steps && part->step_count > 0 && part->first_step_ns >= whole->first_step_ns - STAMPS_NS &&
	       part->last_step_ns <= whole->last_step_ns + STAMPS_NS && are_in(whole, part, STAMPS_NS, &both, &of);
}

static void compare_copies(struct servers *s, struct server *a, struct server *b) {
	const char *x = servers_text(s, a->sample.name), *y = servers_text(s, b->sample.name);
	bool sure;

	size_t both, of;

	if (b->dropped || servers_are_pair(&s->fleet->different, x, y)) {
		return;
	}
	if (is_continued(&a->sample, &b->sample, &both, &of) || is_continued(&b->sample, &a->sample, &both, &of)) {
		servers_unite(s, a, b, "steps", both, of);
		return;
	}
	if (a->leader != 0 || b->leader != 0) {
		return;
	}
	const char *what = copied(&a->sample, &b->sample, &sure);
	if (!what && (is_inside(&a->sample, &b->sample, &both, &of) || is_inside(&b->sample, &a->sample, &both, &of))) {
		servers_unite(s, a, b, "steps", both, of);
	} else if (!what && !is_part(&a->sample, &b->sample) && !is_part(&b->sample, &a->sample)) {
		find_ranks_by_counts(s, a, b);
	} else if (sure || !what || servers_are_pair(&s->fleet->same, x, y)) {
		bool first = says_more(s, a, b);
		servers_drop_copy(s, first ? a : b, first ? b : a, what ? what : "steps");
	} else {
		find_perhaps(s, x, y, what);
	}
}

void servers_find_copies(struct servers *s) {
	struct mark_index x = index_marks(s);

	for (size_t i = 0; i < s->count; i++) {
		find_sharing(&x, s, i);
		for (size_t k = 0; k < x.found_count && !s->at[i].dropped; k++) {
			compare_copies(s, &s->at[i], &s->at[x.found[k]]);
		}
	}
	free(x.all);
	free(x.seen);
	free(x.found);
}
