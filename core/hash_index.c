#include "core/hash_index.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"

#define ROOM_FIRST 256

static uint32_t tag_of(uint64_t hash) {
	return (uint32_t)hash;
}

/* The first slot for a tag. */
static size_t home_of(const struct hash_index *h, uint32_t tag) {
	return tag & (h->room - 1);
}

void hash_index_release(struct hash_index *h) {
	free(h->places);
	*h = (struct hash_index){0};
}

static void put(struct hash_index *h, struct hash_place place) {
	size_t at = home_of(h, place.tag);

	while (h->places[at].number != 0) {
		at = (at + 1) & (h->room - 1);
	}
	h->places[at] = place;
}

/* From a free slot on, around the table: numbers of one hash keep their order. */
static void grow(struct hash_index *h) {
	struct hash_index old = *h;
	size_t from = 0;

	h->room = old.room > 0 ? 2 * old.room : ROOM_FIRST;
	h->places = must_calloc(h->room, sizeof *h->places);
	while (from < old.room && old.places[from].number != 0) {
		from++;
	}
	for (size_t i = 0; i < old.room; i++) {
		struct hash_place place = old.places[(from + i) & (old.room - 1)];
		if (place.number != 0) {
			put(h, place);
		}
	}
	free(old.places);
}

void hash_index_add(struct hash_index *h, uint64_t hash, uint32_t number) {
	assert(number < UINT32_MAX);
	if (2 * h->count >= h->room) {
		grow(h);
	}
	put(h, (struct hash_place){number + 1, tag_of(hash)});
	h->count++;
}

bool hash_index_next(const struct hash_index *h, uint64_t hash, uint64_t *at, uint32_t *number) {
	uint32_t tag = tag_of(hash);

	for (; h->room > 0 && h->places[*at & (h->room - 1)].number != 0; ++*at) {
		const struct hash_place *place = &h->places[*at & (h->room - 1)];
		if (place->tag == tag) {
			*number = place->number - 1;
			++*at;
			return true;
		}
	}
	return false;
}
