/*
 * flight_seconds.c: whose prompts a step computes, where the instants of requests are cut to the second. Order within a
 * second is not known, but tokens are: prompts that end in a step, and together have its tokens, are its own.
 */
#include "attribute/split/flight_private.h"

/* Clocks of requests may be so much behind or ahead of the steps'. */
#define LATE_NS (NS_PER_SECOND / 20)
/* At most so many prompts are tried, and so many ways to put them together. */
#define TRIED_MOST 64
#define WAYS_MOST 20000
/* Of steps that one prompt after the other ties together. */
#define GROUP_MOST 6

struct choice {
	struct active *may[TRIED_MOST]; /* end in the step, by their first tokens */
	bool chosen[TRIED_MOST];
	size_t count;
	long ways;
};

bool flight_in_seconds(const struct step_item *s) {
	return (s->flags & STEP_REQUESTS_IN_SECONDS) != 0;
}

/* May an instant that is cut to the second be in this time of the steps? */
static bool may_be_in(int64_t cut_ns, int64_t from_ns, int64_t to_ns) {
	return cut_ns == UNKNOWN || (cut_ns > from_ns - NS_PER_SECOND - LATE_NS && cut_ns < to_ns + LATE_NS);
}

int64_t flight_latest(const struct step_item *s, int64_t start_ns) {
	return (s->flags & STEP_COARSE_CLOCK) != 0 ? start_ns + NS_PER_SECOND : start_ns;
}

/* Prompts that may be computed, all of them, in steps from one to another. */
static struct choice choice_of(const struct flight *f, const struct step_item *first, const struct step_item *last, int64_t latest_ns) {
	struct choice c = {.count = 0};
	int64_t starts_ns = first->head.at_ns, ends_ns = flight_latest(last, last->head.at_ns);

	latest_ns += last->head.at_ns - starts_ns;
	for (size_t i = 0; i < f->waiting_count && c.count < TRIED_MOST; i++) {
		struct active *a = f->waiting[i];
		const struct request_item *r = &a->request;
		if (flight_scheduled_ns(r) > latest_ns) {
			break;
		}
		if (a->remaining > 0 && a->computed == 0 && may_be_in(r->scheduled_ns, starts_ns, ends_ns) &&
		    may_be_in(r->first_token_ns, starts_ns + first->duration_ns, ends_ns + last->duration_ns)) {
			c.may[c.count++] = a;
		}
	}
	return c;
}

/* So many prompts, from one on, that have so many tokens together; the first such in the order of scheduling. */
static bool choose(struct choice *c, size_t from, size_t prompts, int64_t ntok) {
	if (prompts == 0 || ntok <= 0 || ++c->ways > WAYS_MOST) {
		return prompts == 0 && ntok == 0;
	}
	for (size_t i = from; i + prompts <= c->count; i++) {
		c->chosen[i] = true;
		if (choose(c, i + 1, prompts - 1, ntok - c->may[i]->remaining)) {
			return true;
		}
		c->chosen[i] = false;
	}
	return false;
}

/* Prompts that steps before have begun go on first. */
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

static void assign_all(struct flight *f, struct active *a) {
	flight_add_chunk(f, a, a->remaining);
}

/* Steps up to one after which no prompt is half done: how many prompts they compute, of how many tokens. */
struct group {
	size_t prompts;
	int64_t ntok;
	const struct step_item *last;
};

/* One more step of a group, which goes on with the prompt that was cut before; false: there is none. */
static bool lengthen(const struct flight *f, struct group *g, size_t *at) {
	for (; *at < f->ahead_count && f->ahead[*at].prefill_tokens == 0; (*at)++) {
	}
	if (*at >= f->ahead_count || f->ahead[*at].prefill_requests == 0) {
		return false;
	}
	g->last = &f->ahead[(*at)++];
	g->prompts += g->last->prefill_requests - 1;
	g->ntok += g->last->prefill_tokens;
	return g->prompts <= GROUP_MOST;
}

/* Of a group's prompts those that the first step ends, and the one that it cuts; the others wait. */
static bool assign_first(struct flight *f, const struct choice *c, size_t prompts, int64_t left) {
	for (size_t cut = c->count; cut-- > 0;) {
		int64_t whole = 0;
		size_t count = 0;
		for (size_t i = 0; i < c->count && count + 1 < prompts; i++) {
			bool ends = c->chosen[i] && i != cut;
			whole += ends ? c->may[i]->remaining : 0;
			count += ends;
		}
		if (!c->chosen[cut] || count + 1 < prompts || whole >= left || whole + c->may[cut]->remaining <= left) {
			continue;
		}
		for (size_t i = 0; i < c->count && count > 0; i++) {
			if (c->chosen[i] && i != cut) {
				assign_all(f, c->may[i]);
				count--;
			}
		}
		flight_add_chunk(f, c->may[cut], left - whole);
		return true;
	}
	return false;
}

/* The last prompt of a step is cut: steps ahead say of how many tokens it is. */
static bool match_group(struct flight *f, const struct step_item *s, size_t prompts, int64_t left, int64_t latest_ns) {
	struct group g = {prompts, left, s};
	size_t at = 0;

	while (lengthen(f, &g, &at)) {
		struct choice c = choice_of(f, s, g.last, latest_ns);
		if (choose(&c, 0, g.prompts, g.ntok) && assign_first(f, &c, prompts, left)) {
			return true;
		}
	}
	return false;
}

int64_t flight_match_prompts(struct flight *f, const struct step_item *s, int64_t left, int64_t latest_ns) {
	left = go_on(f, s, left);
	size_t prompts = s->prefill_requests > f->chunk_count ? s->prefill_requests - f->chunk_count : 0;
	struct choice c = choice_of(f, s, s, latest_ns);

	if (prompts == 0 || left <= 0) {
		return left;
	}
	if (!choose(&c, 0, prompts, left)) {
		return match_group(f, s, prompts, left, latest_ns) ? 0 : left;
	}
	for (size_t i = 0; i < c.count; i++) {
		if (c.chosen[i]) {
			assign_all(f, c.may[i]);
		}
	}
	return 0;
}
