#include "attribute/split/postings.h"

#include <assert.h>
#include <stdlib.h>

#include "core/exact.h"

/* ---- entries ---- */

struct entries {
	const struct names *names;
	struct spool *spool;
};

static int order_keys(const struct names *n, const struct entry *a, const struct entry *b) {
	int order = exact_order(a->slot_ns, b->slot_ns);
	const name_id names[][2] = {
		{a->replica, b->replica}, {a->model, b->model}, {a->tenant, b->tenant}, {a->pool, b->pool}};
	const int64_t numbers[][2] = {{a->kind, b->kind},
	                              {a->grade, b->grade},
	                              {a->rate_nano, b->rate_nano},
	                              {a->prompt_over_ntok, b->prompt_over_ntok},
	                              {a->service, b->service}};

	for (size_t i = 0; i < sizeof names / sizeof *names && order == 0; i++) {
		order = names_order(n, names[i][0], names[i][1]);
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers && order == 0; i++) {
		order = exact_order(numbers[i][0], numbers[i][1]);
	}
	return order;
}

static int compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len) {
	int order = order_keys(context, a, b);

	return order != 0 ? order : memcmp(a, b, a_len < b_len ? a_len : b_len);
}

struct entries *entries_new(const struct names *names, unsigned lanes, size_t memory_bytes) {
	struct entries *e = must_calloc(1, sizeof *e);

	e->names = names;
	e->spool = spool_new(lanes, memory_bytes, compare, names);
	return e;
}

void entries_free(struct entries *e) {
	if (e) {
		spool_free(e->spool);
		free(e);
	}
}

int entries_add(struct entries *e, unsigned lane, const struct entry *entry, struct fault *why) {
	return spool_add(e->spool, lane, entry, sizeof *entry, why);
}

/* Adds the postings of `from`; false if a sum does not fit. */
static bool add_up(struct entry *to, const struct entry *from) {
	bool fits = true;

	for (int i = 0; i < ENTRY_AMOUNTS && fits; i++) {
		fits = exact_add(&to->amounts[i], from->amounts[i]);
	}
	return fits;
}

static bool is_empty(const struct entry *e) {
	return e->gpu_ns == 0 && e->tokens == 0 && e->requests == 0 && e->energy_mj == 0 && e->spread_ns == 0;
}

static int emit_merged(struct entries *e, struct spool_reader *reader, entry_sink *sink, void *context,
                       struct fault *why) {
	struct entry sum;
	const void *item;
	size_t len;
	bool any = false;
	int got, rc = 0;

	while ((got = spool_next(reader, &item, &len, why)) > 0) {
		const struct entry *next = item;
		if (any && order_keys(e->names, &sum, next) == 0) {
			if (!add_up(&sum, next)) {
				return fault_set(why, ERROR_RANGE, "a sum of GPU time or tokens does not fit 64 bits");
			}
			continue;
		}
		if (any && !is_empty(&sum) && (rc = sink(context, &sum)) < 0) {
			return rc;
		}
		sum = *next;
		any = true;
	}
	if (got == 0 && any && !is_empty(&sum)) {
		rc = sink(context, &sum);
	}
	return got < 0 ? got : rc;
}

int entries_each(struct entries *e, entry_sink *sink, void *context, struct fault *why) {
	struct spool_reader *reader;
	int rc = spool_seal(e->spool, why);

	if (rc < 0 || (rc = spool_reader_new(&reader, e->spool, why)) < 0) {
		return rc;
	}
	rc = emit_merged(e, reader, sink, context, why);
	spool_reader_free(reader);
	return rc;
}

/* ---- postings ---- */

#define FIRST_PLACES 64

void postings_init(struct postings *p) {
	*p = (struct postings){.place_mask = FIRST_PLACES - 1};
	p->places = must_calloc(FIRST_PLACES, sizeof *p->places);
}

void postings_release(struct postings *p) {
	free(p->at);
	free(p->doubts);
	free(p->places);
}

static uint64_t mix(uint64_t hash, uint64_t n) {
	hash = (hash ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct entry *k) {
	uint64_t hash = mix(k->tenant, k->model);

	hash = mix(hash, (uint64_t)k->kind << 8 | (uint64_t)k->grade << 4 | (uint64_t)k->service);
	return mix(hash, (uint64_t)k->prompt_over_ntok);
}

static bool same_key(const struct entry *a, const struct entry *b) {
	return a->tenant == b->tenant && a->model == b->model && a->kind == b->kind && a->grade == b->grade &&
	       a->service == b->service && a->prompt_over_ntok == b->prompt_over_ntok;
}

static void grow(struct postings *p) {
	free(p->places);
	p->place_mask = p->place_mask * 2 + 1;
	p->places = must_calloc(p->place_mask + 1, sizeof *p->places);
	for (size_t i = 0; i < p->count; i++) {
		size_t at = hash_of(&p->at[i]) & p->place_mask;
		while (p->places[at] != 0) {
			at = (at + 1) & p->place_mask;
		}
		p->places[at] = (uint32_t)i + 1;
	}
}

struct entry *postings_find(struct postings *p, const struct entry *key) {
	uint32_t *last = &p->last[key->kind][key->grade];

	if (*last != 0 && same_key(&p->at[*last - 1], key)) {
		return &p->at[*last - 1];
	}
	size_t at = hash_of(key) & p->place_mask;
	while (p->places[at] != 0) {
		struct entry *found = &p->at[p->places[at] - 1];
		if (same_key(found, key)) {
			*last = p->places[at];
			return found;
		}
		at = (at + 1) & p->place_mask;
	}
	if (p->count == p->room) {
		p->room = p->room > 0 ? 2 * p->room : 32;
		p->at = must_realloc(p->at, p->room * sizeof *p->at);
		p->doubts = must_realloc(p->doubts, p->room * sizeof *p->doubts);
	}
	p->at[p->count] = *key;
	p->doubts[p->count] = (struct posting_doubt){.step_ns = 0};
	p->places[at] = *last = (uint32_t)++p->count;
	if (p->count * 2 > p->place_mask) {
		grow(p);
	}
	return &p->at[p->count - 1];
}

void postings_doubt(struct postings *p, const struct entry *e, const struct posting_doubt *more) {
	struct posting_doubt *d = &p->doubts[e - p->at];

	d->tilt_ns += more->tilt_ns;
	d->again_ns += more->again_ns;
	d->step_ns += more->step_ns;
	d->cached_sd_ns += more->cached_sd_ns;
}

void postings_clear(struct postings *p) {
	if (p->count > 0) {
		memset(p->places, 0, (p->place_mask + 1) * sizeof *p->places);
		memset(p->last, 0, sizeof p->last);
		p->count = 0;
	}
}
