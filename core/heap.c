#include "core/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"

void heap_init(struct heap *h, heap_order *before, const void *context) {
	*h = (struct heap){.before = before, .context = context};
}

void heap_release(struct heap *h) {
	free(h->at);
}

void heap_push(struct heap *h, int64_t thing) {
	h->at = must_grow(h->at, h->count, &h->room, sizeof *h->at, 64);
	size_t i = h->count++;
	for (; i > 0 && h->before(h->context, thing, h->at[(i - 1) / 2]); i = (i - 1) / 2) {
		h->at[i] = h->at[(i - 1) / 2];
	}
	h->at[i] = thing;
}

int64_t heap_first(const struct heap *h) {
	assert(h->count > 0);
	return h->at[0];
}

int64_t heap_pop(struct heap *h) {
	int64_t first = heap_first(h), last = h->at[--h->count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->count) {
		child += child + 1 < h->count && h->before(h->context, h->at[child + 1], h->at[child]);
		if (!h->before(h->context, h->at[child], last)) {
			break;
		}
		h->at[i] = h->at[child];
		i = child;
	}
	if (h->count > 0) {
		h->at[i] = last;
	}
	return first;
}
