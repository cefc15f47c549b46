/* lockstep.c: servers that are ranks of one engine: all their steps begin and end together. */
#include <stdlib.h>

#include "attribute/evidence/rank_hints.h"
#include "attribute/evidence/ranks.h"
#include "attribute/servers/servers_private.h"
#include "core/exact.h"

/*
 * Of at least so many steps during which both worked, so many hundredths begin and end together. Of two independent
 * servers at most a quarter would by chance: begins that differ by an eighth of a step either way.
 */
#define STEPS_LEAST 64
#define TOGETHER_PERCENT 90
/* Ranks compute different batches: with so many equal ones it is one log, changed. */
#define EQUAL_PERCENT 90
/* So many steps are looked at first, as most pairs are independent. */
#define FIRST_STEPS 24

static bool is_one(const struct id_step *a, const struct id_step *b) {
	int64_t most = ranks_tolerance_ns(a->duration_ns), end = a->end_ns - b->end_ns;
	int64_t begin = end - a->duration_ns + b->duration_ns;

	return end <= most && end >= -most && begin <= most && begin >= -most;
}

static bool has_equal_batch(const struct id_step *a, const struct id_step *b) {
	return a->prefill_tokens == b->prefill_tokens && a->prompts == b->prompts && a->decoders == b->decoders;
}

/* The minutes in the sample of `a` are also in that of `b`. */
static bool step_together(const struct sample *a, const struct sample *b) {
	size_t k = 0, both = 0, together = 0, equal = 0;
	int64_t from_ns = b->steps[0].end_ns - b->steps[0].duration_ns;

	for (size_t i = id_steps_from(a->steps, a->step_count, from_ns); i < a->step_count && k < b->step_count; i++) {
		const struct id_step *x = &a->steps[i];
		int64_t middle_ns = x->end_ns - x->duration_ns / 2;
		while (k < b->step_count && b->steps[k].end_ns < middle_ns) {
			k = k == 0 ? id_steps_from(b->steps, b->step_count, middle_ns) : k + 1;
		}
		if (k < b->step_count && b->steps[k].end_ns - b->steps[k].duration_ns <= middle_ns) {
			both++;
			together += is_one(x, &b->steps[k]);
			equal += has_equal_batch(x, &b->steps[k]);
		}
		if (both == FIRST_STEPS && 2 * together < both) {
			return false;
		}
	}
	return both >= STEPS_LEAST && together * 100 >= both * TOGETHER_PERCENT && equal * 100 < both * EQUAL_PERCENT;
}

/*
 * Instants in seconds do not show which steps are one, but ranks compute the same sequence of durations. A few steps in
 * turn, of different durations, are compared with those of the other log at that time, and with those of other times.
 */
#define RUN_STEPS 4
#define RUNS_FIRST 8
#define RUNS_LEAST 8
#define RUNS_OTHER 4 /* times as often as at other times */
#define SECONDS_NS (NS_PER_SECOND + NS_PER_SECOND / 2)
#define OTHER_TIME_NS (7 * NS_PER_SECOND)
#define LEAST_APART_NS 60000

struct runs {
	size_t of, found;
};

static int64_t longer(int64_t a, int64_t b) {
	return a > b ? a : b;
}

static bool lasts_as_long(const struct id_step *x, const struct id_step *y) {
	int64_t most = longer(ranks_tolerance_ns(x->duration_ns) / 8, LEAST_APART_NS), apart = x->duration_ns - y->duration_ns;

	return apart <= most && apart >= -most;
}

static bool is_varied(const struct id_step *x) {
	int64_t least = x[0].duration_ns, most = least;

	for (size_t i = 1; i < RUN_STEPS; i++) {
		least = x[i].duration_ns < least ? x[i].duration_ns : least;
		most = longer(most, x[i].duration_ns);
	}
	return most - least > least / 8;
}

static void seek_run(const struct id_step *x, const struct sample *b, int64_t shift_ns, struct runs *r) {
	size_t k = id_steps_from(b->steps, b->step_count, x->end_ns + shift_ns - SECONDS_NS);
	bool found = false;

	r->of += k < b->step_count && b->steps[k].end_ns <= x->end_ns + shift_ns + SECONDS_NS;
	for (; !found && k + RUN_STEPS <= b->step_count && b->steps[k].end_ns <= x->end_ns + shift_ns + SECONDS_NS; k++) {
		size_t same = 0;
		while (same < RUN_STEPS && lasts_as_long(&x[same], &b->steps[k + same])) {
			same++;
		}
		found = same == RUN_STEPS;
	}
	r->found += found;
}

/* At least a quarter: a rank may have idled. */
static bool last_equally(const struct sample *a, const struct sample *b) {
	struct runs now = {0}, other = {0};

	for (size_t i = 0; i + RUN_STEPS <= a->step_count; i += RUN_STEPS) {
		if (!is_varied(&a->steps[i])) {
			continue;
		}
		seek_run(&a->steps[i], b, 0, &now);
		seek_run(&a->steps[i], b, OTHER_TIME_NS, &other);
		if (now.of == RUNS_FIRST && now.found == 0) {
			return false;
		}
	}
	return now.found >= RUNS_LEAST && 4 * now.found >= now.of && now.found * other.of >= RUNS_OTHER * other.found * now.of;
}

static bool in_seconds(const struct server *one) {
	return one->sample.step_count > 0 && one->sample.steps[0].coarse;
}

static bool may_be_ranks(const struct servers *s, const struct server *a, const struct server *b) {
	const struct sample *x = &a->sample, *y = &b->sample;

	return !a->dropped && !b->dropped && a->named != b->named && x->step_count >= STEPS_LEAST && y->step_count >= STEPS_LEAST &&
	       in_seconds(a) == in_seconds(b) && servers_overlap(x->first_step_ns, x->last_step_ns, y->first_step_ns, y->last_step_ns) &&
	       servers_models_alike(s, x->step_model, y->step_model) &&
	       fleet_pool_of(s->fleet, s->names, a->named, x->step_model) == fleet_pool_of(s->fleet, s->names, b->named, y->step_model);
}

/* Asked last: a fleet file may list tens of thousands of pairs. */
static bool are_different(const struct servers *s, const struct server *a, const struct server *b) {
	return servers_are_pair(&s->fleet->different, servers_text(s, a->sample.name), servers_text(s, b->sample.name));
}

/* The first of an engine's ranks in the order of names, so that what is stated does not depend on threads. */
static const struct server *first_rank(const struct servers *s, uint32_t engine) {
	const struct server *first = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i];
		if (one->engine == engine && (!first || names_order(s->names, one->named, first->named) < 0)) {
			first = one;
		}
	}
	return first;
}

static const char *why_ranks(const struct server *one) {
	return one->sample.all_steps == 0 ? "tokens of both come at the same instants; requests alone do not show the batches of the other ranks, so that "
	                                    "each is split by its own, with a wider interval if its requests do not report when they were scheduled"
	       : in_seconds(one)          ? "their steps take the same times in turn; timestamps in seconds do not show which steps are one, so that each is "
	                                    "split by its own batches, with a wider interval"
	                                  : "their steps begin and end together, so that each is split by the batches of all ranks";
}

static void state_ranks(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		const struct server *one = &s->at[i], *first = one->engine != 0 ? first_rank(s, one->engine) : one;
		if (first != one && (one->sample.all_steps > 0 || servers_have_requests_alone(one))) {
			const char *a = servers_text(s, first->named), *b = servers_text(s, one->named);
			quality_assume(s->quality, b, a, "--different", NULL, "%s and %s are ranks of one engine: %s", a, b, why_ranks(one));
		}
	}
}

name_id servers_engine(const struct servers *s, const struct server *one) {
	return one->engine != 0 ? first_rank(s, one->engine)->named : 0;
}

/* The server of number i is of no engine yet, or the first of its own. */
static void join_ranks(struct servers *s, size_t i, size_t k) {
	struct server *a = &s->at[i], *b = &s->at[k];
	bool fewer = a->sample.most_hash < b->sample.most_hash;
	const struct sample *x = fewer ? &a->sample : &b->sample, *y = fewer ? &b->sample : &a->sample;

	if (b->engine == 0 && may_be_ranks(s, a, b) && (in_seconds(a) ? last_equally(x, y) : step_together(x, y)) && !are_different(s, a, b)) {
		a->engine = b->engine = (uint32_t)i + 1;
	}
}

/* Of the minute that comes first in the order of samples. */
static void add_hints(struct rank_hints *h, size_t server, const struct sample *x) {
	for (size_t k = 0; k < x->step_count; k++) {
		if (sample_order(x->steps[k].end_ns) == x->least_step_hash) {
			rank_hints_add(h, server, x->steps[k].end_ns, x->steps[k].duration_ns);
		}
	}
}

void servers_find_ranks(struct servers *s) {
	struct rank_hints *hints = rank_hints_new(s->count);
	bool may[RANK_HINTS_ROW];

	for (size_t i = 0; i < s->count; i++) {
		add_hints(hints, i, &s->at[i].sample);
	}
	rank_hints_seal(hints);
	for (size_t i = 0; i < s->count; i++) {
		for (size_t from = i + 1, to; from < s->count && (s->at[i].engine == 0 || s->at[i].engine == i + 1); from = to) {
			to = from + RANK_HINTS_ROW < s->count ? from + RANK_HINTS_ROW : s->count;
			rank_hints_compare(hints, i, from, to, may);
			for (size_t k = from; k < to; k++) {
				if (may[k - from] || (in_seconds(&s->at[i]) && in_seconds(&s->at[k]))) {
					join_ranks(s, i, k);
				}
			}
		}
	}
	rank_hints_free(hints);
	servers_find_ranks_by_requests(s);
	state_ranks(s);
}

struct ranks *servers_ranks(const struct servers *s) {
	struct ranks *r = NULL;

	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i].engine != 0) {
			r = r ? r : ranks_new(s->names);
			ranks_add(r, s->at[i].named, s->at[i].engine);
		}
	}
	return r;
}
