/* candidates.c: which servers are compared with a name's requests: those with the most votes. */
#include <stdlib.h>

#include "attribute/servers/identity_events.h"
#include "attribute/servers/servers_private.h"
#include "core/exact.h"
#include "core/sorted.h"

#define MS (NS_PER_SECOND / 1000)
/* As many first tokens of a name vote: for each server those that its sample covers. */
#define VOTERS 32
/* Clocks mostly differ by less than the first; where hardly one finds a match so, the second is tried. */
#define NEAR_NS (60 * MS)
#define REACH_NS (6 * NS_PER_SECOND)
#define FEW_VOTES 4
#define WIDTH_NS (40 * MS)
/* With fewer names all are searched to the second. */
#define NEAR_FIRST 200

/* A first token, or a finish where those are not logged; at random among the name's, the same ones for all servers. */
struct voter {
	uint64_t order, within; /* of its minute; in the minute */
	struct event event;
};

struct voters {
	struct voter *at;
	size_t count;
	bool cached_known;
	int64_t width_ns; /* within which their instants are known */
};

static int by_order(const void *a, const void *b) {
	const struct voter *x = a, *y = b;

	return x->order != y->order ? (x->order > y->order) - (x->order < y->order) : (x->within > y->within) - (x->within < y->within);
}

static struct voters voters_of(const struct sample *requests) {
	const struct id_requests all = {requests->requests, requests->request_count, requests->cached_known};
	struct both events = events_of_requests(&all);
	const struct events *from = events.first.count > 0 ? &events.first : &events.end;
	struct voters v = {must_alloc((from->count + 1) * sizeof *v.at), from->count, requests->cached_known,
	                   events_in_seconds(&all) ? NS_PER_SECOND : WIDTH_NS};

	for (size_t i = 0; i < v.count; i++) {
		v.at[i] = (struct voter){sample_order(from->at[i].at_ns), hash_spread((uint64_t)from->at[i].at_ns), from->at[i]};
	}
	sort_items(v.at, v.count, sizeof *v.at, by_order);
	events_release(&events);
	return v;
}

/* Those that a server's sample covers; at most VOTERS. */
static size_t choose(const struct voters *v, const struct sample *steps, const struct sample *requests, struct event out[VOTERS]) {
	uint64_t most_hash = steps->most_hash < requests->most_hash ? steps->most_hash : requests->most_hash;
	size_t count = 0;

	for (size_t i = 0; i < v->count && count < VOTERS && v->at[i].order <= most_hash; i++) {
		if (sample_covers(steps, v->at[i].event.at_ns)) {
			out[count++] = v->at[i].event;
		}
	}
	return count;
}

/* Steps whose prompts can be compared with requests'; found once for each server. */
static struct events clean_steps(struct server *one) {
	if (!one->clean.at) {
		struct both all = events_of_steps(&(struct id_steps){one->sample.steps, one->sample.step_count});
		size_t kept = 0;
		for (size_t i = 0; i < all.first.count; i++) {
			if (all.first.at[i].clean) {
				all.first.at[kept++] = all.first.at[i];
			}
		}
		free(all.end.at);
		one->clean = (struct events){must_realloc(all.first.at, (kept + 1) * sizeof *all.first.at), kept};
	}
	return one->clean;
}

static int64_t votes_of(struct servers *s, struct server *one, const struct event *some, size_t count, bool cached_known, int64_t width_ns) {
	const struct events steps = clean_steps(one), requests = {(struct event *)(uintptr_t)some, count};
	int64_t votes = s->count > NEAR_FIRST ? identity_votes(&steps, &requests, cached_known, NEAR_NS, width_ns) : 0;

	return votes >= FEW_VOTES ? votes : identity_votes(&steps, &requests, cached_known, REACH_NS, width_ns);
}

/* Does no minute have records of both? Then nothing is counted twice. */
static bool have_nothing_common(const struct server *one, const struct server *requests) {
	struct id_requests some = sample_common(&one->sample, &requests->sample, 1);

	free((void *)(uintptr_t)some.at);
	return some.count == 0;
}

size_t servers_candidates(struct servers *s, struct server *requests, servers_fit *fits, struct server **out, int64_t *votes, size_t most) {
	struct voters v = voters_of(&requests->sample);
	struct event some[VOTERS];
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one->sample.all_steps == 0 || !fits(s, one, requests)) {
			continue;
		}
		size_t chosen = choose(&v, &one->sample, &requests->sample, some);
		if (chosen == 0 && have_nothing_common(one, requests)) {
			continue;
		}
		int64_t vote = votes_of(s, one, some, chosen, v.cached_known, v.width_ns);
		size_t at = count < most ? count++ : most;
		for (; at > 0 && votes[at - 1] < vote; at--) {
			if (at < most) {
				votes[at] = votes[at - 1];
				out[at] = out[at - 1];
			}
		}
		if (at < most) {
			votes[at] = vote;
			out[at] = one;
		}
	}
	free(v.at);
	return count;
}

void servers_forget_candidates(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		free(s->at[i].clean.at);
		s->at[i].clean = (struct events){NULL, 0};
	}
}
