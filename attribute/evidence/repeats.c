#include "attribute/evidence/repeats.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/record.h"

/* A request seen; its id stands in the ids of its hour. */
struct seen {
	uint64_t hash; /* 0: free */
	int64_t at_ns, finish_ns;
	size_t id_at;
	uint32_t id_len;
	uint8_t part;
};

/* Those whose first instant lies in one hour. */
struct hour {
	int64_t number;
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

/* Where it is, or the free place where it would be. */
static struct seen *find(const struct hour *h, const struct request_item *i, uint64_t hash) {
	struct text id = request_item_id(i);
	size_t at = hash & (h->room - 1);

	for (; h->at[at].hash; at = (at + 1) & (h->room - 1)) {
		const struct seen *s = &h->at[at];
		if (s->hash == hash && s->finish_ns == i->finish_ns && s->part == i->part &&
		    text_eq(id, (struct text){h->ids + s->id_at, s->id_len})) {
			break;
		}
	}
	return &h->at[at];
}

static void grow(struct hour *h) {
	struct hour more = *h;

	more.room = h->room > 0 ? 2 * h->room : 64;
	more.at = must_calloc(more.room, sizeof *more.at);
	for (size_t i = 0; i < h->room; i++) {
		size_t at = h->at[i].hash & (more.room - 1);
		while (h->at[i].hash && more.at[at].hash) {
			at = (at + 1) & (more.room - 1);
		}
		if (h->at[i].hash) {
			more.at[at] = h->at[i];
		}
	}
	free(h->at);
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
	*find(h, i, hash) = (struct seen){hash, i->head.at_ns, i->finish_ns, h->ids_len, i->id_len, i->part};
	keep_id(h, request_item_id(i));
	h->count++;
}

static void empty(struct hour *h, int64_t number) {
	if (h->room > 0) {
		memset(h->at, 0, h->room * sizeof *h->at);
	}
	h->number = number;
	h->count = 0;
	h->ids_len = 0;
}

/* Goes on to the item's hour: the last one stays at hand, for the window is as long. */
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
	const struct seen *s = find(h, i, hash);
	return s->hash && i->head.at_ns - s->at_ns <= REPEATS_WINDOW_NS;
}

bool repeats_seen(struct repeats *r, const struct request_item *i) {
	if (i->id_len == 0 || i->finish_ns == UNKNOWN) {
		return false;
	}
	uint64_t hash = (text_hash(request_item_id(i)) ^ (uint64_t)i->finish_ns * 0x9e3779b97f4a7c15u) | UINT64_C(1) << 63;
	move_to(r, i);
	if (has(&r->now, i, hash) || has(&r->before, i, hash)) {
		return true;
	}
	add(&r->now, i, hash);
	return false;
}
