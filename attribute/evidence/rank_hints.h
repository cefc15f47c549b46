/*
 * rank_hints.h: a few steps of each server, which show that nearly all pairs of a large fleet are no ranks of one engine
 * (ranks.h). Private to attribute/.
 *
 * Of the steps that are added, the first one that ends in each of some short slots: those with the smallest hashes, which are
 * the same for all servers. Where many servers have a step in a slot, its ends stand in a column, with which a server is
 * compared at once.
 */
#ifndef ATTRIBUTE_RANK_HINTS_H
#define ATTRIBUTE_RANK_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rank_hints;

struct rank_hints *rank_hints_new(size_t servers);
void rank_hints_free(struct rank_hints *h);

/* Adds a step of a server, in the order of time; all servers should have those of the same period. */
void rank_hints_add(struct rank_hints *h, size_t server, int64_t end_ns, int64_t duration_ns);
/* No more steps. */
void rank_hints_seal(struct rank_hints *h);

/* The most servers to compare at once: their counts are to stay in the nearest cache. */
#define RANK_HINTS_ROW 2048
/*
 * Compares a server with those from one number up to before another, all of them higher than its own: may[k - from] is false
 * where most steps end at other times, and there are enough of both.
 */
void rank_hints_compare(const struct rank_hints *h, size_t server, size_t from, size_t to, bool may[RANK_HINTS_ROW]);

#endif
