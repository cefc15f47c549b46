#include "report/cube.h"

#include <assert.h>
#include <stdlib.h>

#include "core/files/platform.h"

struct cube *cube_new(void) {
	return must_calloc(1, sizeof(struct cube));
}

void cube_free(struct cube *c) {
	if (c) {
		free(c->cell);
		hash_index_release(&c->by_key);
		free(c->rank);
		free(c);
	}
}

static uint64_t hash_of(const struct cube_cell *k) {
	uint64_t hash = hash_mix(0, (uint64_t)k->slot_ns);
	hash = hash_mix(hash, (uint64_t)k->rate_nano);
	hash = hash_mix(hash, (uint64_t)k->replica << 32 | k->model);
	hash = hash_mix(hash, (uint64_t)k->tenant << 32 | k->pool);
	return hash_mix(hash, (uint64_t)k->kind);
}

static bool same_key(const struct cube_cell *a, const struct cube_cell *b) {
	return a->slot_ns == b->slot_ns && a->rate_nano == b->rate_nano && a->replica == b->replica &&
	       a->model == b->model && a->tenant == b->tenant && a->pool == b->pool && a->kind == b->kind;
}

struct cube_cell *cube_at(struct cube *c, const struct cube_cell *key) {
	uint64_t hash = hash_of(key), at = hash;
	uint32_t cell;

	assert(key->kind < ENTRY_KINDS && c->count < UINT32_MAX);
	while (hash_index_next(&c->by_key, hash, &at, &cell)) {
		if (same_key(&c->cell[cell], key)) {
			return &c->cell[cell];
		}
	}
	c->cell = must_grow(c->cell, c->count, &c->room, sizeof(*c->cell), 512);
	hash_index_add(&c->by_key, hash, (uint32_t)c->count);
	c->cell[c->count] = *key;
	return &c->cell[c->count++];
}

bool cube_cell_is_shared(const struct cube_cell *c) {
	return c->tenant == 0 && !cube_cell_is_busy(c);
}

static int compare_names(const void *a, const void *b, void *names) {
	return text_compare(names_text(names, *(const name_id *)a), names_text(names, *(const name_id *)b));
}

/* Ids depend on the order of arrival; their ranks in the order of texts do not. */
static uint32_t *ranks_new(const struct names *names) {
	uint32_t count = names_count(names);
	name_id *order = must_alloc(count * sizeof(*order));
	uint32_t *rank = must_alloc(count * sizeof(*rank));

	for (uint32_t i = 0; i < count; i++) {
		order[i] = i;
	}
	platform_sort(order, count, sizeof(*order), compare_names, (void *)(uintptr_t)names);
	for (uint32_t i = 0; i < count; i++) {
		rank[order[i]] = i;
	}
	free(order);
	return rank;
}

static int order(int64_t a, int64_t b) {
	return (a > b) - (a < b);
}

static int compare_cells(const void *x, const void *y, void *ranks) {
	const struct cube_cell *a = x, *b = y;
	const uint32_t *rank = ranks;
	int by = order(rank[a->pool], rank[b->pool]);

	by = by ? by : order(a->slot_ns, b->slot_ns);
	by = by ? by : order(a->rate_nano, b->rate_nano);
	by = by ? by : order(rank[a->replica], rank[b->replica]);
	by = by ? by : order(rank[a->model], rank[b->model]);
	by = by ? by : order((int64_t)a->kind, (int64_t)b->kind);
	return by ? by : order(rank[a->tenant], rank[b->tenant]);
}

void cube_sort(struct cube *c, const struct names *names) {
	c->rank = ranks_new(names);
	if (c->count > 0) {
		platform_sort(c->cell, c->count, sizeof(*c->cell), compare_cells, c->rank);
		c->cell = must_realloc(c->cell, c->count * sizeof(*c->cell)); /* no more come */
		c->room = c->count;
	}
	hash_index_release(&c->by_key);
}
