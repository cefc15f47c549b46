#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/files/platform.h"
#include "core/hash_index.h"
#include "report/groups.h"

/* Groups in the order of first occurrence. */
struct found {
	size_t key_count, count, room;
	int64_t *keys; /* key_count of each */
	struct hash_index by_keys;
};

static uint64_t hash_of(const int64_t *keys, size_t count) {
	uint64_t hash = 0;
	for (size_t i = 0; i < count; i++) {
		hash = hash_mix(hash, (uint64_t)keys[i]);
	}
	return hash;
}

static const int64_t *keys_at(const struct found *f, size_t group) {
	return &f->keys[group * f->key_count];
}

static uint32_t group_of(struct found *f, const int64_t *keys) {
	uint64_t hash = hash_of(keys, f->key_count), at = hash;
	size_t bytes = f->key_count * sizeof(*keys);
	uint32_t group;

	while (hash_index_next(&f->by_keys, hash, &at, &group)) {
		if (memcmp(keys_at(f, group), keys, bytes) == 0) {
			return group;
		}
	}
	if (f->count == f->room) {
		f->room = f->room > 0 ? 2 * f->room : 128;
		f->keys = must_realloc(f->keys, f->room * bytes);
	}
	hash_index_add(&f->by_keys, hash, (uint32_t)f->count);
	memcpy(&f->keys[f->count * f->key_count], keys, bytes);
	return (uint32_t)f->count++;
}

static int compare_groups(const void *a, const void *b, void *found) {
	const struct found *f = found;
	const int64_t *x = keys_at(f, *(const uint32_t *)a), *y = keys_at(f, *(const uint32_t *)b);
	size_t i = 0;

	while (i + 1 < f->key_count && x[i] == y[i]) {
		i++;
	}
	return (x[i] > y[i]) - (x[i] < y[i]);
}

/* Sorts the groups, and releases them: the rank of each. The caller frees. */
static uint32_t *places_of(struct found *f) {
	hash_index_release(&f->by_keys); /* before more is allocated: there may be millions */
	uint32_t *order = must_alloc((f->count + 1) * sizeof(*order)), *place = must_alloc((f->count + 1) * sizeof(*place));

	for (size_t i = 0; i < f->count; i++) {
		order[i] = (uint32_t)i;
	}
	if (f->count > 0) {
		platform_sort(order, f->count, sizeof(*order), compare_groups, f);
	}
	for (size_t i = 0; i < f->count; i++) {
		place[order[i]] = (uint32_t)i;
	}
	free(order);
	free(f->keys);
	return place;
}

#define IN_NONE UINT32_MAX

/* Orders items group by group, by the rank of each item's group. */
static void lay_out(struct groups *out, const uint32_t *of, size_t item_count) {
	for (size_t i = 0; i < item_count; i++) {
		out->first[of[i] == IN_NONE ? out->count : of[i]]++;
	}
	uint32_t before = 0;
	for (size_t g = 0; g <= out->count; g++) {
		uint32_t size = out->first[g];
		out->first[g] = before;
		before += size;
	}
	for (size_t i = 0; i < item_count; i++) {
		if (of[i] != IN_NONE) {
			out->items[out->first[of[i]]++] = (uint32_t)i;
		}
	}
	memmove(out->first + 1, out->first, out->count * sizeof(*out->first)); /* each was moved to its end */
	out->first[0] = 0;
}

void groups_make(struct groups *out, size_t item_count, size_t key_count, group_keys *keys_of, const void *context) {
	struct found f = {.key_count = key_count};
	uint32_t *of = must_alloc((item_count + 1) * sizeof(*of));
	int64_t keys[GROUP_KEYS_MAX];

	assert(key_count > 0 && key_count <= GROUP_KEYS_MAX && item_count < IN_NONE);
	for (size_t i = 0; i < item_count; i++) {
		of[i] = keys_of(context, i, keys) ? group_of(&f, keys) : IN_NONE;
	}
	uint32_t *place = places_of(&f);
	for (size_t i = 0; i < item_count; i++) {
		of[i] = of[i] == IN_NONE ? IN_NONE : place[of[i]];
	}
	free(place);
	*out = (struct groups){
	    .count = f.count,
	    .items = must_alloc((item_count + 1) * sizeof(*out->items)),
	    .first = must_calloc(f.count + 1, sizeof(*out->first)),
	};
	lay_out(out, of, item_count);
	free(of);
}

void groups_release(struct groups *g) {
	free(g->items);
	free(g->first);
}
