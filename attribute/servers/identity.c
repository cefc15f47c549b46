#include "attribute/servers/identity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/servers/identity_events.h"
#include "core/error.h"
#include "core/exact.h"

#define MS (NS_PER_SECOND / 1000)

/* Offsets of clocks up to here can be true; larger ones, up to FAR_NS, show how many events coincide by chance. */
#define NEAR_NS (5600 * MS)
#define FAR_NS (20 * NS_PER_SECOND)

/* Widths within which events count as coincident. In the wide ones, only events with matching tokens count. */
static const int64_t widths_ns[] = {2 * MS, 10 * MS, 50 * MS, 250 * MS, 1000 * MS, 2000 * MS};
#define WIDTHS (sizeof widths_ns / sizeof *widths_ns)
#define NARROW 3

/* ---- coincidences ---- */

/* At an offset: events that hit; of those, with their tokens, and that could be tested. */
struct bin {
	uint32_t hits, tokens, testable;
	uint32_t seen; /* the event counted last, and as what (EVENT_ bits) */
};

#define SEEN_ALL (EVENT_TESTABLE | EVENT_TOKENS)

/* Counts at each offset: k represents the offset (k - middle) x width / 2. */
struct counts {
	int64_t width_ns, half_ns;
	double per_half;
	size_t size, middle;
	int64_t first_ns, last_ns; /* the distance of the difference 0 from the first of `all`, and the largest */
	struct bin *all, *at;      /* all: with BESIDE more at each end, which are not used */
};

#define BESIDE 2

static void counts_init(struct counts *c, int64_t width_ns) {
	c->width_ns = width_ns;
	c->half_ns = width_ns / 2;
	c->per_half = 1 / (double)c->half_ns;
	c->middle = (size_t)(2 * FAR_NS / width_ns);
	c->size = 2 * c->middle + 1;
	c->first_ns = (int64_t)(c->middle + 1) * c->half_ns;
	c->last_ns = (int64_t)(c->size + 1) * c->half_ns;
	c->all = must_calloc(c->size + 2 * BESIDE, sizeof *c->all);
	c->at = c->all + BESIDE;
}

/* `mark`: of the event, without EVENT_ bits. */
static inline void count_in(struct bin *b, uint32_t mark, unsigned agree) {
	bool again = (b->seen & ~(uint32_t)SEEN_ALL) == mark;
	uint32_t seen = again ? b->seen : mark;

	b->hits += !again;
	b->seen = seen | agree;
	if (agree != 0) {
		unsigned more = agree & ~seen;
		b->testable += (more & EVENT_TESTABLE) != 0;
		b->tokens += (more & EVENT_TOKENS) != 0;
	}
}

/* A pair of events with this difference in time hits at the offsets within half a width of it: two, or three if exact. */
static inline void count_pair(struct counts *c, int64_t difference, uint32_t mark, unsigned agree) {
	int64_t from_first = difference + c->first_ns;

	if (from_first < 0 || from_first > c->last_ns) {
		return;
	}
	int64_t k = (int64_t)((double)from_first * c->per_half), rest = from_first - k * c->half_ns;
	if (rest < 0) {
		k--;
		rest += c->half_ns;
	} else if (rest >= c->half_ns) {
		k++;
		rest -= c->half_ns;
	}
	struct bin *b = c->all + k;
	count_in(b + 1, mark, agree);
	count_in(b + 2, mark, agree);
	if (rest == 0) {
		count_in(b, mark, agree);
	}
}

/* Counts at several widths. */
static void count_all(struct counts *const *counts, size_t widths, const struct events *steps, const struct events *requests, bool cached_known) {
	int64_t reach = FAR_NS + counts[widths - 1]->width_ns;
	size_t from = 0;

	for (size_t i = 0; i < requests->count; i++) {
		const struct event *r = &requests->at[i];
		while (from < steps->count && steps->at[from].at_ns < r->at_ns - reach) {
			from++;
		}
		for (size_t k = from; k < steps->count && steps->at[k].at_ns <= r->at_ns + reach; k++) {
			unsigned agree = r->prompts > 0 ? events_compare(&steps->at[k], r, cached_known) : 0;
			for (size_t w = 0; w < widths; w++) {
				count_pair(counts[w], r->at_ns - steps->at[k].at_ns, ((uint32_t)i + 1) * (SEEN_ALL + 1), agree);
			}
		}
	}
}

/* ---- the statistic ---- */

/* Kullback-Leibler divergence of two shares; negative where x is below p. */
static double divergence(double x, double p) {
	double least = 1e-9, a = 0, b = 0;

	p = fmin(fmax(p, least), 1 - least);
	a = x > 0 ? x * log(x / p) : 0;
	b = x < 1 ? (1 - x) * log((1 - x) / (1 - p)) : 0;
	return x < p ? -(a + b) : a + b;
}

/* Counts groups of events further apart than the width: events within a group are not independent. */
static double per_group(const struct events *e, int64_t width_ns) {
	size_t groups = e->count > 0;

	for (size_t i = 1; i < e->count; i++) {
		groups += e->at[i].at_ns - e->at[i - 1].at_ns > width_ns;
	}
	return groups > 0 ? (double)e->count / (double)groups : 1;
}

/* Shares expected by chance: the mean over offsets that cannot be true. */
struct chance {
	double hits, tokens; /* of events; of hits */
};

static bool is_far(const struct counts *c, size_t k) {
	int64_t offset = ((int64_t)k - (int64_t)c->middle) * (c->width_ns / 2);

	return offset > NEAR_NS || offset < -NEAR_NS;
}

static struct chance chance_of(const struct counts *c, size_t events) {
	double hits = 0, tokens = 0, offsets = 0;

	for (size_t k = 0; k < c->size; k++) {
		if (is_far(c, k)) {
			hits += c->at[k].hits;
			tokens += c->at[k].tokens;
			offsets++;
		}
	}
	/* One more of each: what was not seen yet is not impossible. */
	double n = (double)events * offsets;
	return (struct chance){(hits + 1) / (n + 2), (tokens + 1) / (hits + 2)};
}

/* Both statistics, F and E, at one width. */
struct level {
	struct counts first, end;
	struct chance chance_first, chance_end;
	double group_first, group_end;
	double *of_first, *of_end; /* what each number of events contributes */
	double no_tokens;          /* what an event contributes where no tokens match */
	size_t n_first, n_end;
	bool tokens_only;
	bool unfit; /* narrower than the precision of the timestamps */
};

static double part(double n, double share, double chance, double group) {
	return chance > 0.5 ? 0 : n * divergence(share, chance) / group;
}

static double likelihood(const struct level *l, size_t k) {
	double hits = l->first.at[k].hits, tokens = l->first.at[k].tokens;

	if (l->unfit) {
		return 0;
	}
	if (l->tokens_only) {
		return l->of_first[l->first.at[k].tokens];
	}
	double sum = l->of_first[l->first.at[k].hits];
	sum += tokens > 0 ? hits * divergence(tokens / hits, l->chance_first.tokens) : hits * l->no_tokens;
	return sum + l->of_end[l->end.at[k].hits];
}

/* Many offsets have the same few numbers of events: each is computed once. */
static double *parts(size_t n, double chance, double group) {
	double *of = must_calloc(n + 1, sizeof *of);

	for (size_t i = 0; n > 0 && i <= n; i++) {
		of[i] = part((double)n, (double)i / (double)n, chance, group);
	}
	return of;
}

static double *parts_of_tokens(size_t n, const struct chance *chance) {
	double *of = must_calloc(n + 1, sizeof *of);

	for (size_t i = 0; n > 0 && i <= n; i++) {
		of[i] = (double)n * divergence((double)i / (double)n, chance->hits * chance->tokens);
	}
	return of;
}

static void level_init(struct level *l, size_t w, const struct both *requests) {
	l->tokens_only = w >= NARROW;
	l->n_first = requests->first.count;
	l->n_end = requests->end.count;
	l->chance_first = chance_of(&l->first, l->n_first);
	l->chance_end = chance_of(&l->end, l->n_end);
	l->group_first = per_group(&requests->first, widths_ns[w]);
	l->group_end = per_group(&requests->end, widths_ns[w]);
	l->no_tokens = divergence(0, l->chance_first.tokens);
	l->of_first = l->tokens_only ? parts_of_tokens(l->n_first, &l->chance_first) : parts(l->n_first, l->chance_first.hits, l->group_first);
	l->of_end = parts(l->n_end, l->chance_end.hits, l->group_end);
}

static void count_levels(struct level levels[WIDTHS], const struct both *steps, const struct both *requests, bool cached_known) {
	struct counts *first[WIDTHS], *end[WIDTHS];

	for (size_t w = 0; w < WIDTHS; w++) {
		first[w] = &levels[w].first;
		end[w] = &levels[w].end;
		counts_init(first[w], widths_ns[w]);
		counts_init(end[w], widths_ns[w]);
	}
	count_all(first, WIDTHS, &steps->first, &requests->first, cached_known);
	count_all(end, NARROW, &steps->end, &requests->end, cached_known);
}

static void level_release(struct level *l) {
	free(l->first.all);
	free(l->end.all);
	free(l->of_first);
	free(l->of_end);
}

struct best {
	size_t width, k;
	double likelihood;
	int64_t offset_ns;
};

static int64_t offset_of(const struct level *l, size_t k) {
	return ((int64_t)k - (int64_t)l->first.middle) * (l->first.width_ns / 2);
}

static void find_best(const struct level *levels, struct best *best) {
	*best = (struct best){.likelihood = -1};
	for (size_t w = 0; w < WIDTHS; w++) {
		for (size_t k = 0; k < levels[w].first.size; k++) {
			double value = is_far(&levels[w].first, k) ? -1 : likelihood(&levels[w], k);
			/* Of equal offsets, the one nearest to 0. */
			int64_t offset = offset_of(&levels[w], k);
			if (value > best->likelihood + 1e-9 ||
			    (value > best->likelihood - 1e-9 && llabs(offset) < llabs(best->offset_ns) && w == best->width)) {
				*best = (struct best){w, k, value, offset};
			}
		}
	}
}

/* From where on an offset is another one: a wide width still covers the best. */
static int64_t elsewhere_ns(size_t best, size_t other) {
	return 2 * widths_ns[best > other ? best : other] + 50 * MS;
}

/* The best of all other offsets, including the far ones. */
static double best_elsewhere(const struct level *levels, const struct best *best) {
	double found = 0;

	for (size_t w = 0; w < WIDTHS; w++) {
		int64_t apart = elsewhere_ns(best->width, w);
		for (size_t k = 0; k < levels[w].first.size; k++) {
			int64_t off = offset_of(&levels[w], k) - best->offset_ns;
			if (off > apart || off < -apart) {
				double value = likelihood(&levels[w], k);
				found = value > found ? value : found;
			}
		}
	}
	return found;
}

static double trials(void) {
	double m = 0;

	for (size_t w = 0; w < WIDTHS; w++) {
		m += 2.0 * (double)NEAR_NS / ((double)widths_ns[w] / 2);
	}
	return m;
}

/* ---- the verdict ---- */

/* The share in excess of chance; 0: no excess. */
static double covered(double share, double chance) {
	return chance < 1 ? fmax(0, (share - chance) / (1 - chance)) : 0;
}

/* The shares of F and of E at the offset, in the widest narrow width. */
static void find_coverage(const struct level *levels, const struct best *best, double *first, double *end) {
	const struct level *l = &levels[best->width < NARROW ? NARROW - 1 : best->width];
	int64_t half = l->first.width_ns / 2;
	int64_t step = (best->offset_ns + (best->offset_ns < 0 ? -half / 2 : half / 2)) / half;
	size_t k = (size_t)(step + (int64_t)l->first.middle);

	if (l->tokens_only) {
		*first = *end = l->n_first > 0 ? (double)l->first.at[k].hits / (double)l->n_first : 0;
		return;
	}
	*first = l->n_first > 0 && l->chance_first.hits <= 0.5 ? covered((double)l->first.at[k].hits / (double)l->n_first, l->chance_first.hits) : 1;
	*end = l->n_end > 0 && l->chance_end.hits <= 0.5 ? covered((double)l->end.at[k].hits / (double)l->n_end, l->chance_end.hits) : 1;
}

/*
 * Distance from an event of requests, at an offset, to the nearest event of steps within half a width; INT64_MAX:
 * none.
 */
static int64_t nearest(const struct events *steps, const struct event *r, const struct best *best, bool cached_known) {
	int64_t half = widths_ns[best->width], found = INT64_MAX, at = r->at_ns - best->offset_ns;

	for (size_t k = events_from(steps, at - half); k < steps->count && steps->at[k].at_ns <= at + half; k++) {
		unsigned agree = r->prompts > 0 ? events_compare(&steps->at[k], r, cached_known) : EVENT_TESTABLE | EVENT_TOKENS;
		int64_t off = at - steps->at[k].at_ns;
		bool fits = best->width < NARROW ? agree != EVENT_TESTABLE : (agree & EVENT_TOKENS) != 0;
		found = fits && llabs(off) < llabs(found) ? off : found;
	}
	return found;
}

/* The median of the differences of events that hit, and half the distance of their quartiles. */
static void find_offset(const struct both *steps, const struct both *requests, const struct best *best, bool cached_known,
                        struct id_result *out) {
	out->by_finish = requests->first.count == 0 || steps->first.count == 0;
	const struct events *of_steps = out->by_finish ? &steps->end : &steps->first;
	const struct events *of_requests = out->by_finish ? &requests->end : &requests->first;
	int64_t *found = must_alloc((of_requests->count + 1) * sizeof *found);
	size_t count = 0;

	for (size_t i = 0; i < of_requests->count; i++) {
		int64_t off = nearest(of_steps, &of_requests->at[i], best, cached_known);
		if (off != INT64_MAX) {
			found[count++] = off;
		}
	}
	out->events = (int64_t)of_requests->count;
	out->matched = (int64_t)count;
	out->offset_ns = best->offset_ns;
	if (count > 0) {
		out->offset_ns = id_in_ticks(out->offset_ns + events_sort(found, count));
		out->spread_ns = (found[3 * count / 4] - found[count / 4]) / 2;
		out->late_ns = id_in_ticks(found[9 * count / 10] - found[count / 2]);
	}
	free(found);
}

/* The expected value of S for one server. */
static double expected(const struct level *levels) {
	const struct level *l = &levels[NARROW - 1];

	return l->chance_first.hits > 0.5 ? 0 : (double)l->n_first * divergence(0.8, l->chance_first.hits);
}

/* Coincident events at an offset, at a narrow width. */
static int64_t matches(const struct level *l, size_t k) {
	return (int64_t)l->first.at[k].hits + l->first.at[k].tokens + l->end.at[k].hits;
}

/* For a periodic load: the offset with the most coincidences; if equal, the one nearest to 0. */
static void find_most(const struct level *levels, struct best *best) {
	const size_t w = 1;
	const struct level *l = &levels[w];
	int64_t most = -1;

	for (size_t k = 0; k < l->first.size; k++) {
		int64_t offset = offset_of(l, k), found = is_far(&l->first, k) ? -1 : matches(l, k);
		if (found > most || (found == most && llabs(offset) < llabs(best->offset_ns))) {
			most = found;
			*best = (struct best){w, k, likelihood(l, k), offset};
		}
	}
}

/* With so many events a share of 0.4, as of one server of two, is clearly less than 0.6. */
#define MANY_EVENTS 20

static enum id_verdict verdict_of(const struct id_result *r, const struct best *best, double first, double end, double testable,
                                  double would) {
	bool wide = best->width >= NARROW;
	double n = (double)r->events, error = n >= MANY_EVENTS ? sqrt(r->coverage * (1 - r->coverage) / n) : 0;
	if (r->seconds && !wide) {
		return ID_UNDECIDED;
	}
	bool found = r->statistic >= (wide ? 35 : 30) && r->gap >= fmax(10, best->likelihood / 2) && r->tokens >= 0.3;

	if (found && r->coverage + error >= 0.6) {
		return ID_SAME;
	}
	if (found && testable >= 5 && fabs(first - end) <= 0.4) {
		return ID_PART;
	}
	if (!r->seconds && r->coverage < 0.4 && would >= 50 && r->statistic < fmax(5, would / 8)) {
		return ID_DIFFERENT;
	}
	return ID_UNDECIDED;
}

static void judge(const struct level *levels, const struct both *steps, const struct both *requests, bool cached_known,
                  struct id_result *out) {
	struct best best;
	double first, end;

	find_best(levels, &best);
	if (best.likelihood < 0) {
		return;
	}
	double testable = levels[best.width].first.at[best.k].testable, tokens = levels[best.width].first.at[best.k].tokens;
	out->statistic = best.likelihood - log(trials());
	out->gap = best.likelihood - best_elsewhere(levels, &best);
	find_coverage(levels, &best, &first, &end);
	out->coverage = fmin(first, end);
	out->tokens = testable >= 5 ? tokens / testable : 1;
	find_offset(steps, requests, &best, cached_known, out);
	out->verdict = verdict_of(out, &best, first, end, testable, expected(levels));
	if (out->verdict == ID_UNDECIDED && !out->seconds && out->statistic >= 30 && out->coverage >= 0.6 && out->tokens >= 0.3) {
		find_most(levels, &best);
		find_offset(steps, requests, &best, cached_known, out);
		out->repeats = true;
	}
}

/* The median duration of steps. */
static int64_t usual_duration(const struct id_steps *steps) {
	int64_t *all = must_alloc((steps->count + 1) * sizeof *all);

	for (size_t i = 0; i < steps->count; i++) {
		all[i] = steps->at[i].duration_ns;
	}
	int64_t usual = events_sort(all, steps->count);
	free(all);
	return usual;
}

void identity_test(const struct id_steps *steps, const struct id_requests *requests, struct id_result *out) {
	struct both of_steps = events_of_steps(steps), of_requests = events_of_requests(requests);
	struct level levels[WIDTHS];

	*out = (struct id_result){.verdict = ID_UNDECIDED, .tokens = 1};
	memset(levels, 0, sizeof levels);
	out->seconds = events_in_seconds(requests);
	if (of_steps.first.count + of_steps.end.count > 0 && of_requests.first.count + of_requests.end.count > 0) {
		count_levels(levels, &of_steps, &of_requests, requests->cached_known);
		for (size_t w = 0; w < WIDTHS; w++) {
			level_init(&levels[w], w, &of_requests);
			levels[w].unfit = out->seconds && widths_ns[w] < NS_PER_SECOND;
		}
		judge(levels, &of_steps, &of_requests, requests->cached_known, out);
		out->coarse = steps->count > 0 && steps->at[0].coarse;
		out->precision_ns = out->coarse ? usual_duration(steps) : 0;
	}
	for (size_t w = 0; w < WIDTHS; w++) {
		level_release(&levels[w]);
	}
	events_release(&of_steps);
	events_release(&of_requests);
}

bool identity_in_seconds(const struct id_requests *requests) {
	return events_in_seconds(requests);
}

/* Fewer events are not decisive. */
#define AGREE_LEAST 20

int64_t identity_agreement(const struct id_steps *steps, const struct id_requests *requests, int64_t *late_ns) {
	struct both of_steps = events_of_steps(steps), of_requests = events_of_requests(requests);
	const struct best here = {.width = 0};
	size_t agree = 0, count = of_requests.first.count;
	int64_t *found = must_alloc((count + 1) * sizeof *found);

	for (size_t i = 0; i < count; i++) {
		found[agree] = nearest(&of_steps.first, &of_requests.first.at[i], &here, requests->cached_known);
		agree += found[agree] != INT64_MAX;
	}
	events_sort(found, agree);
	*late_ns = agree > 0 ? found[9 * agree / 10] : 0;
	free(found);
	events_release(&of_steps);
	events_release(&of_requests);
	return count >= AGREE_LEAST ? (int64_t)(1000 * agree / count) : 0;
}

/* What one server would give at the widest narrow width, and what other servers give at most. */
#define EXCLUDE_WOULD 25
#define EXCLUDE_MOST 5

bool identity_excludes(const struct id_steps *steps, const struct id_requests *requests) {
	struct both of_steps = events_of_steps(steps), of_requests = events_of_requests(requests);
	struct level levels[WIDTHS];
	struct level *l = &levels[NARROW - 1];
	struct counts *first = &l->first, *end = &l->end;
	double best = 0;

	memset(levels, 0, sizeof levels);
	counts_init(first, widths_ns[NARROW - 1]);
	counts_init(end, widths_ns[NARROW - 1]);
	count_all(&first, 1, &of_steps.first, &of_requests.first, requests->cached_known);
	count_all(&end, 1, &of_steps.end, &of_requests.end, requests->cached_known);
	level_init(l, NARROW - 1, &of_requests);
	for (size_t k = 0; k < first->size; k++) {
		best = is_far(first, k) ? best : fmax(best, likelihood(l, k));
	}
	bool coarse = steps->count > 0 && steps->at[0].coarse, excluded = expected(levels) >= EXCLUDE_WOULD && best - log(trials()) < EXCLUDE_MOST;
	excluded = excluded && !coarse && !events_in_seconds(requests);
	level_release(l);
	events_release(&of_steps);
	events_release(&of_requests);
	return excluded;
}

/* ---- candidates ---- */

int64_t identity_votes(const struct events *steps, const struct events *requests, bool cached_known, int64_t reach_ns, int64_t width_ns) {
	int64_t half = width_ns / 2;
	size_t bins = (size_t)(2 * reach_ns / half) + 3;
	int64_t *votes = must_calloc(bins, sizeof *votes), best = 0;

	for (size_t i = 0; i < requests->count; i++) {
		int64_t at = requests->at[i].at_ns;
		for (size_t k = events_from(steps, at - reach_ns); k < steps->count && steps->at[k].at_ns <= at + reach_ns; k++) {
			if (events_compare(&steps->at[k], &requests->at[i], cached_known) & EVENT_TOKENS) {
				int64_t *bin = &votes[(at - steps->at[k].at_ns + reach_ns) / half]; /* bins overlap by half */
				best = ++bin[0] > best ? bin[0] : best;
				best = ++bin[1] > best ? bin[1] : best;
			}
		}
	}
	free(votes);
	return best;
}
