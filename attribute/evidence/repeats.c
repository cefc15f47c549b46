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
	uint32_t *tags; /* the upper half of each slot's hash; 0: free. Kept together, as most searches end here */
	struct seen *at;
	size_t count, room; /* room: a power of two, or 0 */
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
	free(h->tags);
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
	size_t at = hash & (h->room - 1);

	for (; h->tags[at]; at = (at + 1) & (h->room - 1)) {
		const struct seen *s = &h->at[at];
		if (h->tags[at] == tag_of(hash) && s->hash == hash && s->finish_ns == i->finish_ns && s->part == i->part &&
		    text_eq(id, (struct text){h->ids + s->id_at, s->id_len})) {
			break;
		}
	}
	return at;
}

static void grow(struct hour *h) {
	struct hour more = *h;

	more.room = h->room > 0 ? 2 * h->room : 64;
	more.at = must_calloc(more.room, sizeof *more.at);
	more.tags = must_calloc(more.room, sizeof *more.tags);
	for (size_t i = 0; i < h->room; i++) {
		if (!h->tags[i]) {
			continue;
		}
		size_t at = h->at[i].hash & (more.room - 1);
		while (more.tags[at]) {
			at = (at + 1) & (more.room - 1);
		}
		more.at[at] = h->at[i];
		more.tags[at] = h->tags[i];
	}
	free(h->at);
	free(h->tags);
	*h = more;
}

static void keep_id(struct hour *h, struct text id) {
	if (h->ids_len + id.len > h->ids_room) {
		h->ids_room = 2 * h->ids_room + id.len + 4096;
		h->ids = must_realloc(h->ids, h->ids_room);
	}
	memcpy(h->ids + h->ids_len, id.at, id.len);
	h->ids_len += id.len;
}

static void add(struct hour *h, const struct request_item *i, uint64_t hash) {
	if (4 * (h->count + 1) > 3 * h->room) {
		grow(h);
	}
	size_t at = find(h, i, hash);
	h->at[at] = (struct seen){hash, i->head.at_ns, i->finish_ns, h->ids_len, i->id_len, i->part};
	h->tags[at] = tag_of(hash);
	keep_id(h, request_item_id(i));
	h->count++;
}

static void empty(struct hour *h, int64_t number) {
	if (h->room > 0) {
		memset(h->tags, 0, h->room * sizeof *h->tags);
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

static bool has(const struct hour *h, const struct request_item *i, uint64_t hash) {
	if (h->count == 0) {
		return false;
	}
	size_t at = find(h, i, hash);
	return h->tags[at] && i->head.at_ns - h->at[at].at_ns <= REPEATS_WINDOW_NS;
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
	move_to(r, i);
	if (has(&r->now, i, hash) || has(&r->before, i, hash)) {
		return true;
	}
	add(&r->now, i, hash);
	return false;
}
