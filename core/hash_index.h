/* hash_index.h: from hashes to numbers of things that their owner holds, and compares. */
#ifndef CORE_HASH_INDEX_H
#define CORE_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing, at most half full. Zero-initialise. */
struct hash_index {
	struct hash_place {
		uint32_t number; /* + 1; 0: free */
		uint32_t tag;    /* of the hash: most others are distinguished by it */
	} *places;
	size_t room, count;
};

void hash_index_release(struct hash_index *h);

/* Adds a number, also where the hash has some. */
void hash_index_add(struct hash_index *h, uint64_t hash, uint32_t number);

/*
 * The numbers that were added with this hash (and, seldom, some of other hashes), one by one in the order in which they
 * were added. `at` starts as the hash. False at the end.
 */
bool hash_index_next(const struct hash_index *h, uint64_t hash, uint64_t *at, uint32_t *number);

/* A hash with one more value in it; starts at 0. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value) {
	hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ (hash >> 29);
}

#endif
