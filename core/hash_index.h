/* hash_index.h: maps hashes to numbers of items that the owner stores and compares. */
#ifndef CORE_HASH_INDEX_H
#define CORE_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing, at most half full. Zero-initialise. */
struct hash_index {
	struct hash_place {
		uint32_t number; /* + 1; 0: free */
		uint32_t tag;    /* part of the hash: distinguishes most others */
	} *places;
	size_t room, count;
};

void hash_index_release(struct hash_index *h);

/* Adds a number, even if the hash already has some. */
void hash_index_add(struct hash_index *h, uint64_t hash, uint32_t number);

/*
 * The numbers added with this hash (and, rarely, some of other hashes), one by one in the order of adding. `at`
 * starts as the hash. False at the end.
 */
bool hash_index_next(const struct hash_index *h, uint64_t hash, uint64_t *at, uint32_t *number);

/* The hash with one more value; starts at 0. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value) {
	hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ (hash >> 29);
}

/* A number with its bits spread: the finaliser of splitmix64. */
static inline uint64_t hash_spread(uint64_t x) {
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* The place of a number in a fixed permutation: those below a bound are an even sample. */
static inline uint64_t hash_number(int64_t number) {
	return hash_spread((uint64_t)number + UINT64_C(0x9e3779b97f4a7c15));
}

#endif
