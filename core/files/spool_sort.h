/* spool_sort.h: packed items and how they are sorted. Private to spool.c. */
#ifndef CORE_SPOOL_SORT_H
#define CORE_SPOOL_SORT_H

#include <stdbool.h>
#include <string.h>

#include "core/files/spool.h"

/* An item is its length in 8 bytes, then its bytes, filled up with zeros to the next multiple of 8. */
#define PACKED_HEADER 8

/* Offsets are counted in units of 8 bytes, so that 32 bits reach 32 GiB. */
#define PACKED_MAX ((size_t)UINT32_MAX * 8)

/* The items of one group, if the order has keys. */
struct packed_group {
	uint32_t group, count;
	uint32_t last; /* where the last one is */
	bool unsorted; /* one was added that is less than the one before */
};
/* A group's place is that of its number modulo this. */
#define PACKED_GROUPS 256

struct packed {
	char *bytes;
	size_t used;
	uint32_t *index; /* where each item is, in units of 8 bytes */
	size_t count;
	bool unsorted; /* an item was added that is less than the one before */
	struct packed_group *groups; /* PACKED_GROUPS; NULL: the order has no keys */
	bool shared;                 /* two groups have one place: `groups` says nothing */
};

struct order {
	spool_compare *compare;
	const void *context;
	bool keyed;
};

static inline size_t packed_len(const char *item) {
	uint64_t len;

	memcpy(&len, item, sizeof len);
	return (size_t)len;
}

static inline size_t packed_size_of(size_t len) {
	return PACKED_HEADER + (len + 7) / 8 * 8;
}

static inline size_t packed_size(const char *item) {
	return packed_size_of(packed_len(item));
}

static inline const char *packed_at(const struct packed *p, size_t i) {
	return p->bytes + (size_t)p->index[i] * 8;
}

static inline struct spool_key packed_key(const char *item) {
	struct spool_key key;

	memcpy(&key, item + PACKED_HEADER, sizeof key);
	return key;
}

static inline int packed_compare(const struct order *o, const char *a, const char *b) {
	if (o->keyed) {
		struct spool_key x = packed_key(a), y = packed_key(b);
		if (x.group != y.group) {
			return x.group < y.group ? -1 : 1;
		}
		if (x.at != y.at) {
			return x.at < y.at ? -1 : 1;
		}
	}
	return o->compare(o->context, a + PACKED_HEADER, packed_len(a), b + PACKED_HEADER, packed_len(b));
}

/* Appends an item; the caller has made room in `bytes` and `index`. `o`: NULL if it need not be noted whether all are sorted. */
void packed_add(struct packed *p, const struct order *o, const void *item, size_t len);
/* Removes all items; the memory stays. */
void packed_clear(struct packed *p);

/*
 * Sorts the index. Linear time if items are sorted already, and little more if each is near its place, like the lines
 * of a log.
 */
void packed_sort(struct packed *p, const struct order *o);

#endif
