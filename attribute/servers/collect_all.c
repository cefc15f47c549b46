/* collect_all.c: all names' samples, in threads. */
#include <stdatomic.h>
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/files/helper.h"
#include "core/sorted.h"

/* Minimum of items for a thread. */
#define ITEMS_A_THREAD 4096
/* Spans for each thread, so that none waits long for the last one. */
#define SPANS_A_THREAD 4

struct all {
	struct servers *s;
	const struct servers_ask *ask;
	struct name_span *spans;
	size_t span_count;
	_Atomic size_t next;
};

struct worker {
	struct all *all;
	int rc;
	struct fault why;
};

/* ---- names ---- */

static bool has_evidence(struct replica_counts c) {
	return c.steps + c.requests + c.windows > 0;
}

struct named_text {
	struct text text;
	name_id name;
};

static int by_text(const void *a, const void *b) {
	return text_compare(((const struct named_text *)a)->text, ((const struct named_text *)b)->text);
}

void servers_begin(struct servers *s, const struct replicas *replicas) {
	struct named_text *at = NULL;
	size_t count = 0;

	for (name_id name = 0; name < replicas_end(replicas); name++) {
		if (has_evidence(replicas_counts(replicas, name))) {
			at = must_grow_by_count(at, count, sizeof *at);
			at[count++] = (struct named_text){names_text(s->names, name), name};
		}
	}
	sort_items(at, count, sizeof *at, by_text);
	for (size_t i = 0; i < count; i++) {
		servers_of(s, at[i].name);
	}
	free(at);
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

/* Names one after the other, with about as many items in each span. */
static void divide(struct all *a, size_t room) {
	const struct replicas *replicas = a->ask->replicas;
	name_id end = replicas_end(replicas), from = 0;
	int64_t items = 0, most, now = 0;

	for (name_id name = 0; name < end; name++) {
		struct replica_counts c = replicas_counts(replicas, name);
		items += c.steps + c.requests + c.windows;
	}
	most = items < 2 * ITEMS_A_THREAD ? items : items / (a->ask->lanes * SPANS_A_THREAD);
	for (name_id name = 0; name < end; name++) {
		struct replica_counts c = replicas_counts(replicas, name);
		now += c.steps + c.requests + c.windows;
		if (now > most || name + 1 == end) {
			a->spans = must_grow_by_count(a->spans, a->span_count, sizeof *a->spans);
			a->spans[a->span_count++] = (struct name_span){.from = from, .to = name + 1, .room = room};
			from = name + 1;
			now = 0;
		}
	}
}

static size_t room_of(const struct servers *s, const struct replicas *replicas) {
	int64_t *counts = must_alloc((s->count + 1) * sizeof *counts);

	for (size_t i = 0; i < s->count; i++) {
		counts[i] = replicas_counts(replicas, s->at[i].sample.name).steps;
	}
	size_t room = servers_room(counts, s->count);
	free(counts);
	return room;
}

int servers_collect_all(struct servers *s, const struct servers_ask *ask, struct fault *why) {
	struct all a = {.s = s, .ask = ask};

	divide(&a, room_of(s, ask->replicas));
	int rc = a.span_count == 0 ? 0 : collect_spans(&a, a.span_count < ask->lanes ? (unsigned)a.span_count : ask->lanes, why);
	free(a.spans);
	return rc;
}
