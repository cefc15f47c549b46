/* share.h: split an integer total by weights so that the parts sum to it exactly. */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A running split: the k-th part is round(total * W_k / W) minus what was given before, W_k being the sum of the
 * first k weights. Parts differ from the exact share by less than one unit, sum to `total` to the last unit, and need
 * no second pass, so that a stream of any length can be split.
 */
struct share {
	int64_t total;   /* the total, in any unit; may be negative */
	int64_t weights; /* sum of all weights, >= 0 */
	int64_t seen;    /* weights passed in so far */
	int64_t given;   /* units returned so far */
};

/* Starts a split. If the sum of weights is 0, the first part gets everything. */
void share_init(struct share *s, int64_t total, int64_t weights);

/* The part for the next weight (>= 0, in the order in which ties should fall). */
int64_t share_next(struct share *s, int64_t weight);

/*
 * Splits `total` over `count` weights by largest remainder: every part is its exact share rounded down, and the units
 * left over go to the largest remainders, the earlier index first among equals. Writes `count` parts, which sum to
 * `total` (>= 0). If all weights are 0, the first part gets everything. `count` must not be 0.
 */
void share_largest_remainder(int64_t total, const int64_t *weights, size_t count, int64_t *parts);

#endif
