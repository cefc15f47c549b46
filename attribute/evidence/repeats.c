#include "attribute/evidence/repeats.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/record.h"

/* A request seen; its id is in the ids of its hour. */
struct seen {
	uint64_t hash;
	int64_t at_ns, finish_ns;
	size_t id_at;
	uint32_t id_len;
	uint8_t part;
};

/* Requests with their first instant in one hour. */
struct hour {
	int64_t number;
	struct slot {
		uint32_t tag;    /* the upper half of the hash; 0: free. Most searches end here */
		uint32_t number; /* in `at` */
	} *slots;
	size_t slot_count; /* a power of two, or 0 */
	struct seen *at;   /* in the order of arrival */
	size_t count, room;
	char *ids;
	size_t ids_len, ids_room;
};

struct repeats {
	name_id replica;
	struct hour now, before;
};

struct repeats *repeats_new(void) {
	return must_calloc(1, sizeof(struct repeats));
}

static void hour_release(struct hour *h) {
	free(h->slots);
	free(h->at);
	free(h->ids);
	*h = (struct hour){0};
}

void repeats_free(struct repeats *r) {
	if (r) {
		hour_release(&r->now);
		hour_release(&r->before);
		free(r);
	}
}

/* The highest bit is always set, so that no hash is 0. */
static uint32_t tag_of(uint64_t hash) {
	return (uint32_t)(hash >> 32);
}

/* The slot of the id, or the free slot for it. */
static size_t find(const struct hour *h, const struct request_item *i, uint64_t hash) {
	struct text id = request_item_id(i);
	size_t at = hash & (h->slot_count - 1);

	for (; h->slots[at].tag; at = (at + 1) & (h->slot_count - 1)) {
		if (h->slots[at].tag != tag_of(hash)) {
			continue;
		}
		const struct seen *s = &h->at[h->slots[at].number];
		if (s->hash == hash && s->finish_ns == i->finish_ns && s->part == i->part &&
		    text_eq(id, (struct text){h->ids + s->id_at, s->id_len})) {
			break;
		}
	}
	return at;
}

static void grow(struct hour *h) {
	free(h->slots);
	h->slot_count = h->slot_count > 0 ? 2 * h->slot_count : 64;
	h->slots = must_calloc(h->slot_count, sizeof *h->slots);
	for (size_t i = 0; i < h->count; i++) {
		size_t at = h->at[i].hash & (h->slot_count - 1);
		while (h->slots[at].tag) {
			at = (at + 1) & (h->slot_count - 1);
		}
		h->slots[at] = (struct slot){tag_of(h->at[i].hash), (uint32_t)i};
	}
}

static void keep_id(struct hour *h, struct text id) {
	if (h->ids_len + id.len > h->ids_room) {
		h->ids_room = 2 * h->ids_room + id.len + 4096;
		h->ids = must_realloc(h->ids, h->ids_room);
	}
	memcpy(h->ids + h->ids_len, id.at, id.len);
	h->ids_len += id.len;
}

/* `at`: the free slot for it, unless there are no slots yet. */
static void add(struct hour *h, const struct request_item *i, uint64_t hash, size_t at) {
	if (4 * (h->count + 1) > 3 * h->slot_count) {
		grow(h);
		at = find(h, i, hash);
	}
	h->at = must_grow(h->at, h->count, &h->room, sizeof *h->at, 64);
	h->at[h->count] = (struct seen){hash, i->head.at_ns, i->finish_ns, h->ids_len, i->id_len, i->part};
	h->slots[at] = (struct slot){tag_of(hash), (uint32_t)h->count++};
	keep_id(h, request_item_id(i));
}

static void empty(struct hour *h, int64_t number) {
	if (h->slot_count > 0) {
		memset(h->slots, 0, h->slot_count * sizeof *h->slots);
	}
	h->number = number;
	h->count = 0;
	h->ids_len = 0;
}

/* Advances to the item's hour; keeps the last one, as the window is one hour long. */
static void move_to(struct repeats *r, const struct request_item *i) {
	int64_t number = i->head.at_ns / REPEATS_WINDOW_NS;

	if (r->replica != i->head.replica) {
		r->replica = i->head.replica;
		empty(&r->before, INT64_MIN);
		empty(&r->now, number);
	} else if (r->now.number != number) {
		struct hour last = r->now;
		r->now = r->before;
		r->before = last;
		empty(&r->now, number);
	}
}

/* Was it seen in this hour? *at: its slot, or the free one for it. */
static bool has(const struct hour *h, const struct request_item *i, uint64_t hash, size_t *at) {
	if (h->count == 0) {
		*at = h->slot_count > 0 ? hash & (h->slot_count - 1) : 0;
		return false;
	}
	*at = find(h, i, hash);
	return h->slots[*at].tag && i->head.at_ns - h->at[h->slots[*at].number].at_ns <= REPEATS_WINDOW_NS;
}

/* Hashes eight bytes at a time. */
static uint64_t hash_of(const struct request_item *i) {
	struct text id = request_item_id(i);
	uint64_t hash = (uint64_t)i->finish_ns ^ id.len, word = 0;

	for (; id.len >= sizeof word; id = text_cut(id, sizeof word, id.len)) {
		memcpy(&word, id.at, sizeof word);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, id.at, id.len);
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return (hash ^ hash >> 32) | UINT64_C(1) << 63;
}

bool repeats_seen(struct repeats *r, const struct request_item *i) {
	if (i->id_len == 0 || i->finish_ns == UNKNOWN) {
		return false;
	}
	uint64_t hash = hash_of(i);
	size_t at, before;

	move_to(r, i);
	if (has(&r->now, i, hash, &at) || has(&r->before, i, hash, &before)) {
		return true;
	}
	add(&r->now, i, hash, at);
	return false;
}
