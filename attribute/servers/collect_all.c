/*
 * collect_all.c: all names' samples, in threads.
 *
 * The room of a name's sample depends on the samples of the names before it: the first names have the maximum, from some
 * name on all have the minimum. Those are collected in threads, the few between them one after the other. So the samples
 * are the same for any number of threads.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/files/helper.h"

/* Minimum of items for a thread. */
#define ITEMS_A_THREAD 4096
/* Spans for each thread, so that none waits long for the last one. */
#define SPANS_A_THREAD 4

/* A name with evidence. */
struct counted {
	name_id name;
	int64_t steps, items;
};

struct all {
	struct servers *s;
	const struct servers_ask *ask;
	struct counted *names;
	size_t count;
	/* of one part of them */
	struct name_span *spans;
	size_t span_count;
	_Atomic size_t next;
};

struct worker {
	struct all *all;
	int rc;
	struct fault why;
};

/* In the order of names, each with a sample. */
static void count_names(struct all *a) {
	name_id end = replicas_end(a->ask->replicas);

	for (name_id name = 0; name < end; name++) {
		struct replica_counts c = replicas_counts(a->ask->replicas, name);
		if (c.steps + c.requests + c.windows > 0) {
			a->names = must_grow_by_count(a->names, a->count, sizeof *a->names);
			a->names[a->count++] = (struct counted){name, c.steps, c.steps + c.requests + c.windows};
			servers_of(a->s, name);
		}
	}
}

static int64_t items_of(const struct all *a, size_t from, size_t to) {
	int64_t items = 0;

	for (size_t i = from; i < to; i++) {
		items += a->names[i].items;
	}
	return items;
}

/* ---- threads ---- */

static void *go(void *worker) {
	struct worker *w = worker;
	size_t i;

	while (w->rc >= 0 && (i = atomic_fetch_add(&w->all->next, 1)) < w->all->span_count) {
		w->rc = servers_collect_span(w->all->s, w->all->ask->evidence, &w->all->spans[i], &w->why);
	}
	return NULL;
}

static int collect_spans(struct all *a, unsigned lanes, struct fault *why) {
	struct worker *workers = must_calloc(lanes, sizeof *workers);
	int rc = 0;

	for (unsigned i = 0; i < lanes; i++) {
		workers[i].all = a;
	}
	a->next = 0;
	crew_run(workers, lanes, sizeof *workers, go);
	for (unsigned i = 0; i < lanes; i++) {
		if (workers[i].rc < 0 && rc >= 0) {
			rc = workers[i].rc;
			*why = workers[i].why;
		}
	}
	free(workers);
	return rc;
}

/* The names from one place in their order up to before another, all with the same room. */
static int collect_part(struct all *a, size_t from, size_t to, size_t room, struct fault *why) {
	int64_t items = items_of(a, from, to), most = items / (a->ask->lanes * SPANS_A_THREAD) + 1, now = 0;
	size_t begun = from;
	int rc;

	a->span_count = 0;
	for (size_t i = from; i < to; i++) {
		now += a->names[i].items;
		if (now >= most || i + 1 == to) {
			a->spans = must_grow_by_count(a->spans, a->span_count, sizeof *a->spans);
			a->spans[a->span_count++] = (struct name_span){.from = a->names[begun].name, .to = a->names[i].name + 1, .room = room};
			begun = i + 1;
			now = 0;
		}
	}
	rc = collect_spans(a, a->span_count < a->ask->lanes ? (unsigned)a->span_count : a->ask->lanes, why);
	free(a->spans);
	a->spans = NULL;
	return rc;
}

/* ---- rooms ---- */

/* Is the most room left for a name, if those before it have so many steps? */
static bool is_most(size_t used) {
	return used <= SERVERS_STEPS_ALL - 8 * SERVERS_STEPS_MOST;
}

/* How many names surely have the most room. */
static size_t names_with_most(const struct all *a) {
	size_t used = 0, i = 0;

	for (; i < a->count && is_most(used); i++) {
		used += a->names[i].steps < (int64_t)SERVERS_STEPS_MOST ? (size_t)a->names[i].steps : SERVERS_STEPS_MOST;
	}
	return i;
}

/* Had the last of them that room? A sample has a whole minute, even if that is more than the most. */
static bool had_most(const struct all *a, size_t count) {
	size_t used = 0;

	for (size_t i = 0; i + 1 < count; i++) {
		used += servers_find(a->s, a->names[i].name)->sample.step_count;
	}
	return is_most(used);
}

static int collect_in_threads(struct all *a, struct fault *why) {
	size_t most = names_with_most(a), rest = most;
	int rc = collect_part(a, 0, most, SERVERS_STEPS_MOST, why);

	if (rc >= 0 && !had_most(a, most)) {
		servers_begin_again(a->s);
		return servers_collect_span(a->s, a->ask->evidence, &(struct name_span){.to = UINT32_MAX}, why);
	}
	if (rc >= 0 && most < a->count) {
		struct name_span between = {.from = a->names[most].name, .to = UINT32_MAX, .until_least = true};
		rc = servers_collect_span(a->s, a->ask->evidence, &between, why);
		while (rest < a->count && a->names[rest].name < between.to) {
			rest++;
		}
	}
	return rc >= 0 && rest < a->count ? collect_part(a, rest, a->count, SERVERS_STEPS_LEAST, why) : rc;
}

int servers_collect_all(struct servers *s, const struct servers_ask *ask, struct fault *why) {
	struct all a = {.s = s, .ask = ask};
	int rc;

	if (ask->lanes < 2 || ask->bound_count > 0) {
		return servers_collect_span(s, ask->evidence, &(struct name_span){.to = UINT32_MAX}, why);
	}
	count_names(&a);
	rc = a.count < 2 || items_of(&a, 0, a.count) < 2 * ITEMS_A_THREAD
	         ? servers_collect_span(s, ask->evidence, &(struct name_span){.to = UINT32_MAX}, why)
	         : collect_in_threads(&a, why);
	free(a.names);
	return rc;
}
