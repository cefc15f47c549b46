#include "attribute/model/rough.h"

#include <stdlib.h>

#include "core/error.h"

/* Terms over time are multiples of 2^-this. */
static const int row_bits[ROUGH_KINDS][ROUGH_TERMS] = {
	[ROUGH_STEP] = {52, 46, 38, 38},
	[ROUGH_PROMPT] = {52, 52, 46, 38},
	[ROUGH_LIFE] = {60, 52, 52, 52},
	[ROUGH_WINDOW] = {52, 52, 52, 52},
};
#define TERM_LIMIT_LOG2 48 /* products of two, summed over 2^31 rows, fit 127 bits */
#define BUCKET_SEED UINT64_C(20240229)

static uint64_t mix(uint64_t h) {
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

unsigned rough_bucket(struct text replica, int64_t at_ns, int64_t block_ns) {
	int64_t block = at_ns / block_ns - (at_ns % block_ns < 0);

	return (unsigned)(mix(mix(BUCKET_SEED ^ text_hash(replica)) ^ (uint64_t)block) % ROUGH_BUCKETS);
}

void rough_add(struct rough *r, enum rough_kind kind, unsigned bucket, const double x[ROUGH_TERMS], int64_t ns) {
	struct rough_rows *rows = &r->buckets[kind][bucket];
	int64_t terms[ROUGH_TERMS];
	int128 *sum = rows->sums;

	for (int i = 0; i < ROUGH_TERMS; i++) {
		double scaled = ns > 0 ? x[i] / (double)ns * (double)((int64_t)1 << row_bits[kind][i]) : -1;
		if (!(scaled >= 0 && scaled < (double)((int64_t)1 << TERM_LIMIT_LOG2))) {
			return;
		}
		terms[i] = (int64_t)(scaled + 0.5);
	}
	rows->rows++;
	for (int i = 0; i < ROUGH_TERMS; i++) {
		for (int j = i; j < ROUGH_TERMS; j++) {
			*sum++ += (int128)terms[i] * terms[j];
		}
	}
	for (int i = 0; i < ROUGH_TERMS; i++) {
		*sum++ += terms[i];
	}
}

void rough_free(struct rough *r) {
	if (r) {
		free(r->rebuilt);
		free(r->counted);
		free(r);
	}
}

struct rebuilt *rough_rebuilt(struct rough *r) {
	if (!r->rebuilt) {
		r->rebuilt = must_calloc(1, sizeof *r->rebuilt);
	}
	return r->rebuilt;
}

struct counted *rough_counted(struct rough *r) {
	if (!r->counted) {
		r->counted = must_calloc(1, sizeof *r->counted);
	}
	return r->counted;
}

void rough_count(struct rough *r, enum rough_total total, int64_t units) {
	r->totals[total] += units;
}

void rough_count_part(struct rough *r, enum rough_total total, double units) {
	double scaled = units * (double)ROUGH_UNIT;

	if (scaled >= 0 && scaled < 0x1p62) {
		r->totals[total] += (int64_t)(scaled + 0.5);
	}
}

static void join_rows(struct rough_rows *to, const struct rough_rows *from) {
	to->rows += from->rows;
	for (int i = 0; i < ROUGH_SUMS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void rough_join(struct rough *to, const struct rough *from) {
	for (int kind = 0; kind < ROUGH_KINDS; kind++) {
		for (int b = 0; b < ROUGH_BUCKETS; b++) {
			join_rows(&to->buckets[kind][b], &from->buckets[kind][b]);
		}
	}
	for (int i = 0; i < ROUGH_TOTALS; i++) {
		to->totals[i] += from->totals[i];
	}
	if (from->rebuilt) {
		rebuilt_join(rough_rebuilt(to), from->rebuilt);
	}
	if (from->counted) {
		counted_join(rough_counted(to), from->counted);
	}
}

int64_t rough_rows_of(const struct rough *r, enum rough_kind kind) {
	int64_t rows = 0;

	for (int b = 0; b < ROUGH_BUCKETS; b++) {
		rows += r->buckets[kind][b].rows;
	}
	return rows;
}

int rough_bits(enum rough_kind kind, int term) {
	return row_bits[kind][term];
}
