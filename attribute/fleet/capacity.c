#include "attribute/fleet/capacity.h"

#include <stdlib.h>

#include "core/exact.h"

/* GPU time logged for a pool in one slot at one rate. Unused slots of the table have no pool. */
struct seen {
	const struct pool *pool;
	int64_t slot_ns, rate_nano, gpu_ns;
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

static struct seen *find(const struct capacity *c, const struct pool *p, int64_t slot_ns, int64_t rate_nano) {
	uint64_t hash = ((uint64_t)(uintptr_t)p ^ (uint64_t)slot_ns ^ (uint64_t)rate_nano) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 20) & c->mask;

	while (c->at[at].pool &&
	       (c->at[at].pool != p || c->at[at].slot_ns != slot_ns || c->at[at].rate_nano != rate_nano)) {
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
			*find(c, old[i].pool, old[i].slot_ns, old[i].rate_nano) = old[i];
		}
	}
	free(old);
}

void capacity_observed(struct capacity *c, const struct pool *p, int64_t slot_ns, int64_t rate_nano, int64_t gpu_ns) {
	if (!p || p->uptime_count == 0) {
		return;
	}
	struct seen *seen = find(c, p, slot_ns, rate_nano);
	if (!seen->pool) {
		*seen = (struct seen){p, slot_ns, rate_nano, 0};
		if (++c->count * 2 > c->mask) {
			grow(c);
			seen = find(c, p, slot_ns, rate_nano);
		}
	}
	seen->gpu_ns += gpu_ns;
}

void capacity_merge(struct capacity *c, const struct capacity *from) {
	for (size_t i = 0; i <= from->mask; i++) {
		const struct seen *s = &from->at[i];
		if (s->pool) {
			capacity_observed(c, s->pool, s->slot_ns, s->rate_nano, s->gpu_ns);
		}
	}
}

static int post_unobserved(const struct pool *p, const struct segment *s, int64_t gpu_ns, entry_sink *sink,
                           void *context) {
	struct entry e;

	memset(&e, 0, sizeof e);
	e.slot_ns = s->slot_ns;
	e.model = p->model;
	e.pool = p->name;
	e.kind = ENTRY_UNOBSERVED;
	e.grade = GRADE_NONE;
	e.rate_nano = s->rate_nano;
	e.gpu_ns = gpu_ns;
	return sink(context, &e);
}

/* Uptime of a pool within one slot and at one rate. */
struct paid {
	struct segment slot;
	int64_t gpu_ns;
};

/* The rest of a slot; *over_ns grows by the logged time beyond it. */
static int post_slot(struct capacity *c, const struct pool *p, struct paid *paid, int64_t *over_ns, entry_sink *sink,
                     void *context) {
	int64_t left_ns = paid->gpu_ns - find(c, p, paid->slot.slot_ns, paid->slot.rate_nano)->gpu_ns;

	paid->gpu_ns = 0;
	*over_ns -= left_ns < 0 ? left_ns : 0;
	return left_ns > 0 ? post_unobserved(p, &paid->slot, left_ns, sink, context) : 0;
}

static int post_pool(struct capacity *c, const struct pool *p, int64_t *over_ns, entry_sink *sink, void *context,
                     struct fault *why) {
	int64_t end_ns = p->uptimes[p->uptime_count - 1].to_ns;
	struct paid paid = {.gpu_ns = 0};
	struct segment s;
	int rc = 0;

	for (int64_t at_ns = p->uptimes[0].from_ns; at_ns < end_ns && rc >= 0; at_ns = s.to_ns) {
		int64_t paid_ns;
		segment_at(c->options, p, at_ns, &s);
		if (!s.wanted) {
			continue;
		}
		if (paid.gpu_ns > 0 && (s.slot_ns != paid.slot.slot_ns || s.rate_nano != paid.slot.rate_nano)) {
			rc = post_slot(c, p, &paid, over_ns, sink, context);
		}
		paid.slot = s;
		if (__builtin_mul_overflow(s.to_ns - s.from_ns, s.pool_gpus, &paid_ns) || !exact_add(&paid.gpu_ns, paid_ns)) {
			return fault_set(why, ERROR_RANGE, "the uptime of a pool does not fit 64 bits of nanoseconds");
		}
	}
	return rc >= 0 && paid.gpu_ns > 0 ? post_slot(c, p, &paid, over_ns, sink, context) : rc;
}

int capacity_post_unobserved(struct capacity *c, entry_sink *sink, void *context, struct quality *quality, struct fault *why) {
	const struct fleet *f = c->options->fleet;
	int rc = 0;

	for (size_t i = 0; i < f->pool_count && rc >= 0; i++) {
		const struct pool *p = &f->pools[i];
		int64_t over_ns = 0;
		if (p->uptime_count == 0) {
			continue;
		}
		rc = post_pool(c, p, &over_ns, sink, context, why);
		if (over_ns > 0) {
			quality_warn(quality,
			             "pool %s: the logs report %.3f GPU-hours more than its uptime pays for; they are counted as "
			             "capacity: correct \"uptime\" in the fleet file",
			             names_text(c->options->names, p->name).at, (double)over_ns / (double)NS_PER_HOUR);
		}
	}
	return rc;
}

/* ---- replicas attributed in parts ---- */

struct remainders {
	struct attribute_options options;
	struct capacity *capacity;
};

struct remainders *remainders_new(const struct attribute_options *o) {
	struct remainders *r = must_calloc(1, sizeof *r);

	r->options = *o;
	r->capacity = capacity_new(&r->options);
	return r;
}

void remainders_free(struct remainders *r) {
	if (r) {
		capacity_free(r->capacity);
		free(r);
	}
}

int remainders_add_entry(void *remainders, const struct entry *e) {
	struct remainders *r = remainders;
	const struct fleet *f = r->options.fleet;

	for (size_t i = 0; i < f->pool_count; i++) {
		if (f->pools[i].name == e->pool) {
			capacity_observed(r->capacity, &f->pools[i], e->slot_ns, e->rate_nano, e->gpu_ns);
			break;
		}
	}
	return 0;
}

int remainders_finish(struct remainders *r, entry_sink *sink, void *context, struct quality *quality,
                      struct fault *why) {
	return capacity_post_unobserved(r->capacity, sink, context, quality, why);
}
