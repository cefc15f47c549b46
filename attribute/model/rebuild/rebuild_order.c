/*
 * rebuild_order.c: requests and their instants in order.
 *
 * Each round of a fit needs them sorted anew, and from round to round little changes: what is sorted starts in the order
 * of the round before.
 */
#include <stdlib.h>
#include <string.h>

#include "attribute/model/rebuild/rebuild.h"
#include "core/error.h"
#include "core/files/platform.h"

/* Where elements are moved further than this on average, other algorithms are faster. */
#define NEARLY_PLACES 8

typedef int comparison(const void *a, const void *b, void *context);

/* Sorts what is nearly in order: stable. */
static void sort_nearly(void *list, size_t count, size_t size, comparison *compare, void *context) {
	size_t moves = NEARLY_PLACES * count;
	unsigned char *bytes = list, moved[sizeof(struct rebuild_request)];

	for (size_t i = 1; i < count; i++) {
		size_t to = i;
		while (to > 0 && compare(bytes + (to - 1) * size, bytes + i * size, context) > 0) {
			to--;
		}
		if (i - to > moves) {
			platform_sort(list, count, size, compare, context);
			return;
		}
		if (to < i) {
			moves -= i - to;
			memcpy(moved, bytes + i * size, size);
			memmove(bytes + (to + 1) * size, bytes + to * size, (i - to) * size);
			memcpy(bytes + to * size, moved, size);
		}
	}
}

/* ---- instants ---- */

static int order_events(const struct rebuild_event *x, const struct rebuild_event *y) {
	if (x->ns != y->ns) {
		return x->ns > y->ns ? 1 : -1;
	}
	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->request > y->request) - (x->request < y->request);
}

static int by_instant(const void *a, const void *b, void *context) {
	(void)context;
	return order_events(a, b);
}

static int by_scheduled(const void *a, const void *b, void *context) {
	const struct rebuild_request *x = a, *y = b;
	int order = exact_order(x->scheduled_ns, y->scheduled_ns);

	(void)context;
	return order != 0 ? order : exact_order(x->arrival_ns, y->arrival_ns);
}

int64_t rebuild_scheduled_from(const struct rebuild *r, const struct rebuild_request *q) {
	return q->guessed ? q->scheduled_ns : q->scheduled_ns - r->gap_ns;
}

static int by_first(const void *a, const void *b, void *requests) {
	const struct rebuild_request *list = requests;

	return exact_order(list[*(const uint32_t *)a].first_token_ns, list[*(const uint32_t *)b].first_token_ns);
}

static int by_finish(const void *a, const void *b, void *requests) {
	const struct rebuild_request *list = requests;

	return exact_order(list[*(const uint32_t *)a].finish_ns, list[*(const uint32_t *)b].finish_ns);
}

void rebuild_number(struct rebuild *r) {
	REBUILD_GROW(r->first_order, r->count, r->first_room);
	REBUILD_GROW(r->finish_order, r->count, r->finish_room);
	REBUILD_GROW(r->places, r->count, r->place_room);
	for (uint32_t i = 0; i < r->count; i++) {
		r->at[i].number = r->first_order[i] = r->finish_order[i] = i;
	}
	sort_nearly(r->first_order, r->count, sizeof *r->first_order, by_first, r->at);
	sort_nearly(r->finish_order, r->count, sizeof *r->finish_order, by_finish, r->at);
}

/* The instants of one kind, of the requests that have one, in a list of numbers (NULL: as they are); sorted. */
static struct rebuild_event *list_kind(const struct rebuild *r, enum instant_kind kind, const uint32_t *numbers, struct rebuild_event *to) {
	struct rebuild_event *from = to;

	for (uint32_t i = 0; i < r->count; i++) {
		uint32_t at = numbers ? r->places[numbers[i]] : i;
		const struct rebuild_request *q = &r->at[at];
		if (kind == INSTANT_FIRST) {
			*to++ = (struct rebuild_event){q->first_token_ns, at, kind};
		} else if (kind == INSTANT_SCHEDULED && q->compute_ntok > 0 && (!q->guessed || q->certain)) {
			*to++ = (struct rebuild_event){rebuild_scheduled_from(r, q), at, kind};
		} else if (kind == INSTANT_FINISH && q->finish_ns > q->first_token_ns) {
			*to++ = (struct rebuild_event){q->finish_ns, at, kind};
		}
	}
	sort_nearly(from, (size_t)(to - from), sizeof *from, by_instant, NULL);
	return to;
}

static struct rebuild_event *merge(const struct rebuild_event *a, const struct rebuild_event *a_end, const struct rebuild_event *b,
                                   const struct rebuild_event *b_end, struct rebuild_event *to) {
	while (a < a_end && b < b_end) {
		*to++ = order_events(a, b) <= 0 ? *a++ : *b++;
	}
	memmove(to, a, (size_t)(a_end - a) * sizeof *to);
	to += a_end - a;
	memmove(to, b, (size_t)(b_end - b) * sizeof *to);
	return to + (b_end - b);
}

size_t rebuild_list_events(struct rebuild *r) {
	sort_nearly(r->at, r->count, sizeof *r->at, by_scheduled, NULL);
	for (uint32_t i = 0; i < r->count; i++) {
		r->places[r->at[i].number] = i;
	}
	REBUILD_GROW(r->events, 3 * r->count, r->event_room);
	REBUILD_GROW(r->merged, 2 * r->count, r->merged_room);
	struct rebuild_event *first = list_kind(r, INSTANT_SCHEDULED, NULL, r->events);
	struct rebuild_event *finish = list_kind(r, INSTANT_FIRST, r->first_order, first);
	struct rebuild_event *end = list_kind(r, INSTANT_FINISH, r->finish_order, finish);
	size_t lasting = (size_t)(end - first);
	merge(first, finish, finish, end, r->merged);
	/* Into the room that the later kinds leave at the end: what is merged never overtakes what is still to be read. */
	memmove(r->events + 3 * r->count - (first - r->events), r->events, (size_t)(first - r->events) * sizeof *r->events);
	const struct rebuild_event *scheduled = r->events + 3 * r->count - (first - r->events);
	end = merge(scheduled, r->events + 3 * r->count, r->merged, r->merged + lasting, r->events);
	return (size_t)(end - r->events);
}

/* ---- requests ---- */

static int by_first_token(const void *a, const void *b, void *requests) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct rebuild_request *list = requests;
	int order = exact_order(list[x].first_token_ns, list[y].first_token_ns);

	order = order != 0 ? order : exact_order(list[x].arrival_ns, list[y].arrival_ns);
	return order != 0 ? order : (x > y) - (x < y);
}

static int by_arrival(const void *a, const void *b, void *requests) {
	const struct rebuild_request *list = requests;

	return exact_order(list[*(const uint32_t *)a].arrival_ns, list[*(const uint32_t *)b].arrival_ns);
}

void rebuild_order_by_first_token(struct rebuild *r) {
	REBUILD_GROW(r->order, r->count, r->order_room);
	for (size_t i = 0; i < r->count; i++) {
		r->order[i] = r->places[r->first_order[i]];
	}
	sort_nearly(r->order, r->count, sizeof *r->order, by_first_token, r->at);
}

void rebuild_order_by_arrival(struct rebuild *r, uint32_t *order, size_t count) {
	sort_nearly(order, count, sizeof *order, by_arrival, r->at);
}
