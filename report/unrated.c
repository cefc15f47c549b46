/* Replicas with GPU time at no known rate: kept by themselves, so that cells need not be theirs. */
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/cube.h"
#include "report/statement.h"

/* Where a replica of a pool comes first in the order of cells. */
struct unrated {
	name_id replica, pool;
	int64_t slot_ns, rate_nano;
	bool has_time; /* of this replica and pool, at no known rate */
};

static struct unrated *unrated_of(struct unrated_list *u, name_id replica, name_id pool) {
	uint64_t hash = hash_mix(0, (uint64_t)replica << 32 | pool), at = hash;
	uint32_t number;

	while (hash_index_next(&u->by_key, hash, &at, &number)) {
		if (u->at[number].replica == replica && u->at[number].pool == pool) {
			return &u->at[number];
		}
	}
	if (u->count == u->room) {
		u->room = u->room > 0 ? 2 * u->room : 16;
		u->at = must_realloc(u->at, u->room * sizeof *u->at);
	}
	hash_index_add(&u->by_key, hash, (uint32_t)u->count);
	u->at[u->count] = (struct unrated){.replica = replica, .pool = pool, .slot_ns = INT64_MAX, .rate_nano = INT64_MAX};
	return &u->at[u->count++];
}

void unrated_note(struct unrated_list *u, const struct entry *e, name_id pool) {
	struct unrated *to = unrated_of(u, e->replica, pool);
	int64_t rate_nano = e->rate_nano < 0 ? -1 : e->rate_nano;

	if (e->slot_ns < to->slot_ns || (e->slot_ns == to->slot_ns && rate_nano < to->rate_nano)) {
		to->slot_ns = e->slot_ns;
		to->rate_nano = rate_nano;
	}
	to->has_time |= e->rate_nano < 0 && e->gpu_ns > 0;
}

void unrated_release(struct unrated_list *u) {
	free(u->at);
	hash_index_release(&u->by_key);
}

static int compare(const void *a, const void *b, void *ranks) {
	const struct unrated *x = a, *y = b;
	const uint32_t *rank = ranks;
	int by = exact_order(rank[x->pool], rank[y->pool]);

	by = by ? by : exact_order(x->slot_ns, y->slot_ns);
	by = by ? by : exact_order(x->rate_nano, y->rate_nano);
	return by ? by : exact_order(rank[x->replica], rank[y->replica]);
}

size_t unrated_replicas(struct unrated_list *u, const struct names *names, const uint32_t *rank, name_id *out, size_t max) {
	bool *unrated = must_calloc(names_count(names) + 1, sizeof *unrated);
	size_t count = 0;

	for (size_t i = 0; i < u->count; i++) {
		unrated[u->at[i].replica] |= u->at[i].has_time;
	}
	hash_index_release(&u->by_key);
	if (u->count > 0) {
		platform_sort(u->at, u->count, sizeof *u->at, compare, (void *)(uintptr_t)rank);
	}
	for (size_t i = 0; i < u->count; i++) {
		name_id replica = u->at[i].replica;
		if (unrated[replica] && count++ < max) {
			out[count - 1] = replica;
		}
		unrated[replica] = false;
	}
	free(unrated);
	return count;
}
