#include "attribute/split/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "attribute/fleet/capacity.h"
#include "attribute/split/hits.h"
#include "core/files/helper.h"

/* Minimum of items for a thread. */
#define ITEMS_A_THREAD 4096
/* Ranges for each thread, so that none waits long for the last one. */
#define RANGES_A_THREAD 4

/* The ranges, and how far the threads have got. */
struct work {
	const struct passes *ws;
	struct passes_range *ranges;
	size_t count;
	_Atomic size_t next, failed; /* failed: the first range with an error, else count */
};

struct worker {
	struct work *work;
	struct accounts_common common;
	struct passes ws;
	struct quality quality;
	struct passes_found found;
	size_t failed; /* its own range with an error; else the count of all */
	int rc;
	struct fault why;
};

unsigned parallel_lanes(const struct attribute_options *o) {
	unsigned lanes = o->lanes > 0 ? o->lanes : 1;

	return lanes < PARALLEL_MAX ? lanes : PARALLEL_MAX;
}

/* ---- ranges ---- */

static uint64_t items_of(const struct replica_summary *s) {
	return (uint64_t)(s->steps + s->requests + s->windows);
}

static uint64_t items_of_all(const struct replicas *replicas) {
	const struct replica_summary *s = NULL;
	uint64_t all = 0;

	while ((s = replicas_next(replicas, s))) {
		all += items_of(s);
	}
	return all;
}

/* Divides all numbers of replicas into ranges with some `most` items each, unless a replica has more. At least one. */
static struct passes_range *ranges_of(const struct replicas *replicas, uint64_t most, size_t *count) {
	struct passes_range *ranges = NULL, now = {.from = 0};
	const struct replica_summary *s = NULL;
	size_t room = 0;

	*count = 0;
	do {
		s = replicas_next(replicas, s);
		if (!s || (now.items > 0 && now.items + items_of(s) > most)) {
			now.to = s ? s->replica : UINT32_MAX;
			ranges = must_grow(ranges, *count, &room, sizeof *ranges, 16);
			ranges[(*count)++] = now;
			now = (struct passes_range){.from = now.to};
		}
		now.items += s ? items_of(s) : 0;
	} while (s);
	return ranges;
}

/* ---- threads ---- */

/* Ranges after one that failed need not be gone through. */
static void *go(void *worker) {
	struct worker *w = worker;
	struct work *work = w->work;
	size_t i;

	while (w->rc >= 0 && (i = atomic_fetch_add(&work->next, 1)) < work->count && i < work->failed) {
		w->rc = passes_range(&w->ws, &work->ranges[i], &w->found, &w->why);
		size_t first = work->failed;
		while (w->rc < 0 && i < first && !atomic_compare_exchange_weak(&work->failed, &first, i)) {
		}
		w->failed = w->rc < 0 ? i : w->failed;
	}
	return NULL;
}

static void worker_init(struct worker *w, struct work *work, unsigned lane) {
	const struct passes *ws = work->ws;

	*w = (struct worker){.work = work, .common = *ws->common, .ws = *ws, .failed = work->count};
	quality_init(&w->quality);
	w->common.lane = lane;
	w->common.capacity = capacity_new(ws->common->options);
	w->common.breakdowns = breakdowns_like(ws->common->breakdowns);
	w->common.hits = ws->purpose == PASS_FIT ? hits_new() : ws->common->hits;
	w->ws.common = &w->common;
	w->ws.quality = &w->quality;
	if (ws->purpose == PASS_FIT) {
		w->ws.fits = fits_like(ws->fits);
	}
}

/* Adds what the worker found to that of all, and frees the rest of it. */
static int worker_end(struct worker *w, struct passes_found *found, struct fault *why) {
	const struct passes *ws = w->work->ws;
	int rc = 0;

	quality_merge(ws->quality, &w->quality);
	capacity_merge(ws->common->capacity, w->common.capacity);
	breakdowns_merge(ws->common->breakdowns, w->common.breakdowns);
	found->duplicates += w->found.duplicates;
	for (int i = 0; i < SUBSTITUTES; i++) {
		found->substituted[i] |= w->found.substituted[i];
	}
	if (ws->purpose == PASS_FIT) {
		rc = fits_merge(ws->fits, w->ws.fits, why);
		hits_merge(ws->common->hits, w->common.hits);
		hits_free(w->common.hits);
		attribution_fits_free(w->ws.fits);
	}
	capacity_free(w->common.capacity);
	breakdowns_free(w->common.breakdowns);
	quality_release(&w->quality);
	return rc;
}

static int run_all(struct work *work, unsigned count, struct passes_found *found, struct fault *why) {
	struct worker *workers = must_calloc(count, sizeof *workers);
	int rc = 0, failed = 0;

	for (unsigned i = 0; i < count; i++) {
		worker_init(&workers[i], work, i);
	}
	crew_run(workers, count, sizeof *workers, go);
	for (unsigned i = 0; i < count; i++) {
		if (workers[i].failed < work->count && workers[i].failed == work->failed) {
			failed = workers[i].rc;
			*why = workers[i].why;
		}
		struct fault unmerged;
		int merged = worker_end(&workers[i], found, &unmerged);
		if (merged < 0 && rc >= 0 && failed >= 0) {
			*why = unmerged;
			rc = merged;
		}
	}
	free(workers);
	return failed < 0 ? failed : rc;
}

int parallel_run(const struct passes *ws, struct passes_found *found, struct fault *why) {
	const struct passes_range whole = {.from = 0, .to = UINT32_MAX};
	unsigned lanes = parallel_lanes(ws->common->options);
	uint64_t items = items_of_all(ws->replicas);
	struct work work = {.ws = ws};
	int rc;

	if (lanes > items / ITEMS_A_THREAD) {
		lanes = (unsigned)(items / ITEMS_A_THREAD);
	}
	if (lanes < 2) {
		return passes_range(ws, &whole, found, why);
	}
	work.ranges = ranges_of(ws->replicas, items / (lanes * RANGES_A_THREAD) + 1, &work.count);
	work.failed = work.count;
	lanes = lanes < work.count ? lanes : (unsigned)work.count;
	rc = lanes < 2 ? passes_range(ws, &whole, found, why) : run_all(&work, lanes, found, why);
	free(work.ranges);
	return rc;
}
