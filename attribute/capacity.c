#include "attribute/capacity.h"

#include <stdlib.h>

#include "core/exact.h"

/* What logs told of a pool in one segment. An empty place has no pool. */
struct seen {
	const struct pool *pool;
	int64_t from_ns, gpu_ns;
};

struct capacity {
	const struct attribute_options *options;
	struct seen *at;
	size_t count, mask;
};

#define FIRST_PLACES 256

struct capacity *capacity_new(const struct attribute_options *o) {
	struct capacity *c = must_calloc(1, sizeof *c);

	c->options = o;
	c->mask = FIRST_PLACES - 1;
	c->at = must_calloc(FIRST_PLACES, sizeof *c->at);
	return c;
}

void capacity_free(struct capacity *c) {
	if (c) {
		free(c->at);
		free(c);
	}
}

static struct seen *find(const struct capacity *c, const struct pool *p, int64_t from_ns) {
	uint64_t hash = ((uint64_t)(uintptr_t)p ^ (uint64_t)from_ns) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 20) & c->mask;

	while (c->at[at].pool && (c->at[at].pool != p || c->at[at].from_ns != from_ns)) {
		at = (at + 1) & c->mask;
	}
	return &c->at[at];
}

static void grow(struct capacity *c) {
	struct seen *old = c->at;
	size_t old_mask = c->mask;

	c->mask = c->mask * 2 + 1;
	c->at = must_calloc(c->mask + 1, sizeof *c->at);
	for (size_t i = 0; i <= old_mask; i++) {
		if (old[i].pool) {
			*find(c, old[i].pool, old[i].from_ns) = old[i];
		}
	}
	free(old);
}

void capacity_observed(struct capacity *c, const struct pool *p, const struct segment *s, int64_t gpu_ns) {
	if (!p || p->uptime_count == 0) {
		return;
	}
	struct seen *seen = find(c, p, s->from_ns);
	if (!seen->pool) {
		*seen = (struct seen){p, s->from_ns, 0};
		if (++c->count * 2 > c->mask) {
			grow(c);
			seen = find(c, p, s->from_ns);
		}
	}
	seen->gpu_ns += gpu_ns;
}

static int post_unobserved(struct entries *entries, const struct pool *p, const struct segment *s, int64_t gpu_ns,
                           struct fault *why) {
	struct entry e;

	memset(&e, 0, sizeof e);
	e.slot_ns = s->slot_ns;
	e.model = p->model;
	e.pool = p->name;
	e.kind = ENTRY_UNOBSERVED;
	e.grade = GRADE_NONE;
	e.rate_nano = s->rate_nano;
	e.gpu_ns = gpu_ns;
	return entries_add(entries, &e, why);
}

/* What a pool was up for and nobody told of; *over_ns grows by what was told beyond it. */
static int post_pool(struct capacity *c, const struct pool *p, struct entries *entries, int64_t *over_ns,
                     struct fault *why) {
	int64_t end_ns = p->uptimes[p->uptime_count - 1].to_ns;
	struct segment s;
	int rc = 0;

	for (int64_t at_ns = p->uptimes[0].from_ns; at_ns < end_ns && rc >= 0; at_ns = s.to_ns) {
		int64_t paid_ns, left_ns;
		segment_at(c->options, p, at_ns, &s);
		int64_t seen_ns = find(c, p, s.from_ns)->gpu_ns;
		if (!s.wanted) {
			continue;
		}
		if (__builtin_mul_overflow(s.to_ns - s.from_ns, s.pool_gpus, &paid_ns)) {
			return fault_set(why, ERROR_RANGE, "the uptime of a pool does not fit 64 bits of nanoseconds");
		}
		left_ns = paid_ns - seen_ns;
		if (left_ns > 0) {
			rc = post_unobserved(entries, p, &s, left_ns, why);
		} else {
			*over_ns -= left_ns;
		}
	}
	return rc;
}

int capacity_post(struct capacity *c, struct entries *entries, const struct names *names, struct quality *quality,
                  struct fault *why) {
	const struct fleet *f = c->options->fleet;
	int rc = 0;

	for (size_t i = 0; i < f->pool_count && rc >= 0; i++) {
		const struct pool *p = &f->pools[i];
		int64_t over_ns = 0;
		if (p->uptime_count == 0) {
			continue;
		}
		rc = post_pool(c, p, entries, &over_ns, why);
		if (over_ns > 0) {
			quality_warn(quality,
			             "pool %s: the logs tell of %.3f GPU-hours more than its uptime pays for; they are counted as "
			             "capacity: correct \"uptime\" in the fleet file",
			             names_text(names, p->name).at, (double)over_ns / (double)NS_PER_HOUR);
		}
	}
	return rc;
}
