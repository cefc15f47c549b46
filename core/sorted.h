/* sorted.h: sorting, and a search in an array whose items ascend by one of their members. */
#ifndef CORE_SORTED_H
#define CORE_SORTED_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* qsort, also of no items: their array may be NULL. */
static inline void sort_items(void *items, size_t count, size_t size, int (*order)(const void *, const void *)) {
	if (count > 1) {
		qsort(items, count, size, order);
	}
}

/* The index of the first of `count` items, each of `size` bytes, with an int64_t at `offset` that is at least `key`; or `count`. */
static inline size_t sorted_from(const void *items, size_t count, size_t size, size_t offset, int64_t key) {
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const int64_t *value = (const void *)((const char *)items + middle * size + offset);
		if (*value < key) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The same for an array of a structure's type and the name of its member. */
#define SORTED_FROM(items, count, type, member, key) sorted_from(items, count, sizeof(type), offsetof(type, member), key)

#endif
