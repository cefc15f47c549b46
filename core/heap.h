/* heap.h: a priority queue of numbers of items. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does item `a` come before `b`? Two different items never compare equal. */
typedef bool heap_order(const void *context, int64_t a, int64_t b);

struct heap {
	int64_t *at;
	size_t count, room;
	heap_order *before;
	const void *context;
};

void heap_init(struct heap *h, heap_order *before, const void *context);
void heap_release(struct heap *h);
void heap_push(struct heap *h, int64_t thing);
/* Removes the first; there must be one. Its order may change once it is out. */
int64_t heap_first(const struct heap *h);
int64_t heap_pop(struct heap *h);

#endif
