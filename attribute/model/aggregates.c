#include "attribute/model/aggregates.h"

#include <stdlib.h>

#include "core/error.h"
#include "core/hash_index.h"

/* Terms over time are multiples of 2^-this. */
static const int row_bits[AGGREGATE_KINDS][AGGREGATE_TERMS] = {
	[AGGREGATE_STEP] = {52, 46, 38, 38},
	[AGGREGATE_PROMPT] = {52, 52, 46, 38},
	[AGGREGATE_LIFE] = {60, 52, 52, 52},
	[AGGREGATE_WINDOW] = {52, 52, 52, 52},
};
#define TERM_LIMIT_LOG2 48 /* products of two, summed over 2^31 rows, fit 127 bits */
#define BUCKET_SEED UINT64_C(20240229)

unsigned aggregates_bucket(struct text replica, int64_t at_ns, int64_t block_ns) {
	int64_t block = at_ns / block_ns - (at_ns % block_ns < 0);

	return (unsigned)(hash_spread(hash_spread(BUCKET_SEED ^ text_hash(replica)) ^ (uint64_t)block) % AGGREGATE_BUCKETS);
}

void aggregates_add(struct aggregates *r, enum aggregate_kind kind, unsigned bucket, const double x[AGGREGATE_TERMS], int64_t ns) {
	struct aggregate_rows *rows = &r->buckets[kind][bucket];
	int64_t terms[AGGREGATE_TERMS];
	int128 *sum = rows->sums;

	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		double scaled = ns > 0 ? x[i] / (double)ns * (double)((int64_t)1 << row_bits[kind][i]) : -1;
		if (!(scaled >= 0 && scaled < (double)((int64_t)1 << TERM_LIMIT_LOG2))) {
			return;
		}
		terms[i] = (int64_t)(scaled + 0.5);
	}
	rows->rows++;
	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		for (int j = i; j < AGGREGATE_TERMS; j++) {
			*sum++ += (int128)terms[i] * terms[j];
		}
	}
	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		*sum++ += terms[i];
	}
}

void aggregates_free(struct aggregates *r) {
	if (r) {
		free(r->rebuilt);
		free(r->counted);
		free(r->gauged);
		free(r);
	}
}

struct rebuilt *aggregates_rebuilt(struct aggregates *r) {
	if (!r->rebuilt) {
		r->rebuilt = must_calloc(1, sizeof *r->rebuilt);
	}
	return r->rebuilt;
}

struct counted *aggregates_counted(struct aggregates *r) {
	if (!r->counted) {
		r->counted = must_calloc(1, sizeof *r->counted);
	}
	return r->counted;
}

struct gauged *aggregates_gauged(struct aggregates *r) {
	if (!r->gauged) {
		r->gauged = must_calloc(1, sizeof *r->gauged);
	}
	return r->gauged;
}

void aggregates_count(struct aggregates *r, enum aggregate_total total, int64_t units) {
	r->totals[total] += units;
}

void aggregates_count_part(struct aggregates *r, enum aggregate_total total, double units) {
	double scaled = units * (double)AGGREGATE_UNIT;

	if (scaled >= 0 && scaled < 0x1p62) {
		r->totals[total] += (int64_t)(scaled + 0.5);
	}
}

static void join_rows(struct aggregate_rows *to, const struct aggregate_rows *from) {
	to->rows += from->rows;
	for (int i = 0; i < AGGREGATE_SUMS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void aggregates_join(struct aggregates *to, const struct aggregates *from) {
	for (int kind = 0; kind < AGGREGATE_KINDS; kind++) {
		for (int b = 0; b < AGGREGATE_BUCKETS; b++) {
			join_rows(&to->buckets[kind][b], &from->buckets[kind][b]);
		}
	}
	for (int i = 0; i < AGGREGATE_TOTALS; i++) {
		to->totals[i] += from->totals[i];
	}
	if (from->rebuilt) {
		rebuilt_join(aggregates_rebuilt(to), from->rebuilt);
	}
	if (from->counted) {
		counted_join(aggregates_counted(to), from->counted);
	}
	if (from->gauged) {
		gauged_join(aggregates_gauged(to), from->gauged);
	}
}

int64_t aggregates_rows_of(const struct aggregates *r, enum aggregate_kind kind) {
	int64_t rows = 0;

	for (int b = 0; b < AGGREGATE_BUCKETS; b++) {
		rows += r->buckets[kind][b].rows;
	}
	return rows;
}

int aggregates_bits(enum aggregate_kind kind, int term) {
	return row_bits[kind][term];
}
