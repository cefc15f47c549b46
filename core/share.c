#include "core/share.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/exact.h"

void share_init(struct share *s, int64_t total, int64_t weights) {
	assert(weights >= 0);
	*s = (struct share){.total = total, .weights = weights};
}

int64_t share_next(struct share *s, int64_t weight) {
	int64_t upto = s->total;

	assert(weight >= 0 && s->seen + weight <= s->weights);
	s->seen += weight;
	if (s->weights > 0) {
		bool fits = exact_mul_div(s->total, s->seen, s->weights, &upto);
		assert(fits); /* no more than the total */
	}
	int64_t part = upto - s->given;
	s->given = upto;
	return part;
}

struct remainder {
	int128 rest;
	size_t index;
};

static int by_remainder(const void *left, const void *right) {
	const struct remainder *a = left, *b = right;

	if (a->rest != b->rest) {
		return a->rest < b->rest ? 1 : -1;
	}
	return (a->index > b->index) - (a->index < b->index);
}

void share_largest_remainder(int64_t total, const int64_t *weights, size_t count, int64_t *parts) {
	int128 sum = 0;
	int64_t left = total;

	assert(total >= 0 && count > 0);
	for (size_t i = 0; i < count; i++) {
		assert(weights[i] >= 0);
		sum += weights[i];
		parts[i] = 0;
	}
	if (sum == 0) {
		parts[0] = total;
		return;
	}
	struct remainder *rests = must_alloc(count * sizeof *rests);
	for (size_t i = 0; i < count; i++) {
		int128 product = (int128)total * weights[i];
		parts[i] = (int64_t)(product / sum);
		rests[i] = (struct remainder){product % sum, i};
		left -= parts[i];
	}
	if (left > 0) {
		qsort(rests, count, sizeof *rests, by_remainder);
	}
	for (size_t i = 0; left > 0; i++, left--) {
		parts[rests[i].index]++;
	}
	free(rests);
}
