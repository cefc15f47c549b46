/* overlap.c: requests or steps that are in the logs of two names, as in exports whose periods overlap: each counts once. */
#include <stdlib.h>
#include <string.h>

#include "attribute/servers/servers_private.h"
#include "core/hash_index.h"
#include "core/instant.h"
#include "core/sorted.h"

#define MS (NS_PER_SECOND / 1000)
/* Without an id and with timestamps in milliseconds a few may be equal by chance: so many, and one in a hundred, are not. */
#define UNSURE_LEAST 3
#define UNSURE_SHARE 100

/* A request of a name, by its place among the servers. */
struct known {
	uint64_t hash;
	uint32_t at;
	bool sure;
};

/* Two names, the first the lesser place, that have a request both. */
struct shared {
	uint32_t a, b;
	bool sure;
};

static int by_hash(const void *a, const void *b) {
	const struct known *x = a, *y = b;

	return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : (x->at > y->at) - (x->at < y->at);
}

static int by_names(const void *a, const void *b) {
	const struct shared *x = a, *y = b;

	return x->a != y->a ? (x->a > y->a) - (x->a < y->a) : (x->b > y->b) - (x->b < y->b);
}

/* Only requests, each of them whole: parts of a request are reported under two names. */
static bool has_requests_only(const struct sample *s) {
	return s->request_count > 0 && s->all_steps + s->all_windows == 0 && s->all_whole == s->all_requests;
}

static size_t list_requests(const struct servers *s, struct known **out) {
	size_t count = 0, names = 0;

	for (size_t i = 0; i < s->count; i++) {
		bool has = has_requests_only(&s->at[i].sample);
		names += has;
		count += has ? s->at[i].sample.request_count : 0;
	}
	if (names < 2) {
		return 0;
	}
	*out = must_alloc(count * sizeof **out);
	count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *one = &s->at[i].sample;
		for (size_t k = 0; has_requests_only(one) && k < one->request_count; k++) {
			const struct id_request *r = &one->requests[k];
			/* two requests without an id may well have the same tokens and the same seconds */
			if (r->finish_ns != UNKNOWN && (r->mark != 0 || r->finish_ns % NS_PER_SECOND != 0)) {
				uint64_t hash = hash_mix(hash_mix(hash_mix((uint64_t)r->finish_ns, (uint64_t)r->first_ns), r->prompt_tokens), r->mark);
				bool fine = r->finish_ns % NS_PER_SECOND != 0;
				(*out)[count++] = (struct known){hash, (uint32_t)i, fine && (r->mark != 0 || r->finish_ns % MS != 0)};
			}
		}
	}
	qsort(*out, count, sizeof **out, by_hash);
	return count;
}

/* Each two names that have a request both, once for each request. */
static size_t list_shared(const struct known *all, size_t count, struct shared **out) {
	size_t found = 0;

	for (size_t i = 1; i < count; i++) {
		if (all[i].hash == all[i - 1].hash && all[i].at != all[i - 1].at) {
			*out = must_grow_by_count(*out, found, sizeof **out);
			(*out)[found++] = (struct shared){all[i - 1].at, all[i].at, all[i].sure};
		}
	}
	sort_items(*out, found, sizeof **out, by_names);
	return found;
}

static struct server *leader_of(const struct servers *s, struct server *one) {
	return one->leader != 0 ? servers_find(s, one->leader) : one;
}

static void find_overlap(struct servers *s, const struct server *a, const struct server *b, const char *what, size_t count, size_t of) {
	const char *x = servers_text(s, a->sample.name), *y = servers_text(s, b->sample.name);

	if (servers_are_pair(&s->fleet->same, x, y)) {
		quality_assume(s->quality, y, x, "--same", NULL, "%s and %s have %s in common: each counts once", x, y, what);
		return;
	}
	quality_finding(s->quality, "counted-twice", y, "--same", QUALITY_NO_AMOUNT,
	                "%s and %s report the same %s (%zu of %zu that were compared), which would be counted twice: each is counted once, and "
	                "both names are one server; confirm it with --same %s=%s, or resolve it with --different %s=%s", x, y, what, count, of, x, y, x, y);
}

/* All names of both become one's, that of the fleet file, else the first by name. */
static void unite(struct servers *s, struct server *a, struct server *b) {
	bool own_a = servers_own_pool(s, a->sample.name, 0), own_b = servers_own_pool(s, b->sample.name, 0);
	bool first = own_a != own_b ? own_a : names_order(s->names, a->sample.name, b->sample.name) < 0;
	struct server *leader = first ? a : b, *other = first ? b : a;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one == other || (one->leader != 0 && one->leader == other->sample.name)) {
			one->leader = leader->sample.name;
			one->matched = s->change = true; /* what is decided about the leader applies */
		}
	}
}

void servers_unite(struct servers *s, struct server *a, struct server *b, const char *what, size_t count, size_t of) {
	find_overlap(s, a, b, what, count, of);
	if (leader_of(s, a) != leader_of(s, b)) {
		unite(s, leader_of(s, a), leader_of(s, b));
	}
}

void servers_find_overlaps(struct servers *s) {
	struct known *all = NULL;
	struct shared *shared = NULL;
	size_t count = list_requests(s, &all), pairs = list_shared(all, count, &shared), last;

	for (size_t i = 0; i < pairs; i = last) {
		size_t sure = 0;
		for (last = i; last < pairs && by_names(&shared[i], &shared[last]) == 0; last++) {
			sure += shared[last].sure;
		}
		struct server *a = &s->at[shared[i].a], *b = &s->at[shared[i].b];
		bool few = last - i < UNSURE_LEAST || (UNSURE_SHARE * (last - i) < a->sample.request_count && UNSURE_SHARE * (last - i) < b->sample.request_count);
		if ((sure == 0 && few) || servers_are_pair(&s->fleet->different, servers_text(s, a->sample.name), servers_text(s, b->sample.name))) {
			continue;
		}
		servers_unite(s, a, b, "requests", last - i, a->sample.request_count < b->sample.request_count ? a->sample.request_count : b->sample.request_count);
	}
	free(all);
	free(shared);
}

void servers_follow(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one->leader == 0) {
			continue;
		}
		const struct server *leader = servers_find(s, one->leader), *kept = leader->dropped ? servers_find(s, leader->with) : leader;
		for (size_t k = 0; k < s->count; k++) { /* requests may have been joined to it */
			s->at[k].named = k != i && s->at[k].named == one->named ? kept->named : s->at[k].named;
		}
		one->named = kept->named;
		one->requests = kept->requests;
		one->shift_ns = leader->shift_ns;
		if (leader->drift) {
			one->drift = must_alloc(sizeof *one->drift);
			*one->drift = *leader->drift;
		}
		one->held = leader->held && !leader->dropped;
		one->partly = leader->partly;
		one->decision = one->held ? NAME_HELD : NAME_SAME;
		one->with = one->held ? leader->with : leader->sample.name;
	}
}
