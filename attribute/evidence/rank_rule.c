/* rank_rule.c: which rank of a joint step is the slowest, and whose tokens count: the rule with the smallest error. */
#include "attribute/evidence/rank_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/model/nnls.h"

#define LEAST_STEPS 256
/* The squared errors of the common rule, in those of the best, from which the best is used. */
#define GAIN 1.02

/* Where the steps do not show it. */
#define COMMON {32, 566, 8}

#define TOO_SHORT 32 /* times shorter than the median: left out */
#define STRIDE 4 /* of the coarse grid */

/* Values of each of the three, from which the search takes one; it begins with a coarse grid. */
static const int32_t pairs_of[] = {4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256};
static const int32_t token_of[] = {0, 50, 71, 100, 141, 200, 283, 400, 566, 800, 1131, 1600, 2263, 3200};
static const int32_t shared_of[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const struct values {
	const int32_t *at;
	int count, first; /* first: of the coarse grid */
} values[3] = {
	{pairs_of, sizeof pairs_of / sizeof *pairs_of, 2},
	{token_of, sizeof token_of / sizeof *token_of, 1},
	{shared_of, sizeof shared_of / sizeof *shared_of, 3},
};

struct joint {
	double duration_ns;
	size_t from, to; /* of the batches */
};

struct rank_sample {
	struct joint *steps;
	size_t step_count, step_room;
	struct rank_batch *batches;
	size_t batch_count, batch_room;
	size_t seen, stride; /* one of `stride` steps is kept */
	bool skips;
};

struct rank_sample *rank_sample_new(void) {
	struct rank_sample *s = must_calloc(1, sizeof *s);

	rank_sample_clear(s);
	return s;
}

void rank_sample_free(struct rank_sample *s) {
	if (s) {
		free(s->steps);
		free(s->batches);
		free(s);
	}
}

void rank_sample_clear(struct rank_sample *s) {
	s->step_count = s->batch_count = s->seen = 0;
	s->stride = 1;
}

/* Every second of the kept steps is dropped. */
static void thin_out(struct rank_sample *s) {
	size_t steps = 0, batches = 0;

	for (size_t i = 0; i < s->step_count; i += 2) {
		struct joint *j = &s->steps[i];
		size_t count = j->to - j->from;
		memmove(&s->batches[batches], &s->batches[j->from], count * sizeof *s->batches);
		s->steps[steps++] = (struct joint){j->duration_ns, batches, batches + count};
		batches += count;
	}
	s->step_count = steps;
	s->batch_count = batches;
	s->stride *= 2;
}

void rank_sample_step(struct rank_sample *s, int64_t duration_ns) {
	if (s->step_count == RANK_SAMPLE_STEPS) {
		thin_out(s);
	}
	s->skips = duration_ns <= 0 || s->seen++ % s->stride != 0;
	if (!s->skips) {
		s->steps = must_grow(s->steps, s->step_count, &s->step_room, sizeof *s->steps, 256);
		s->steps[s->step_count++] = (struct joint){(double)duration_ns, s->batch_count, s->batch_count};
	}
}

void rank_sample_add(struct rank_sample *s, const struct rank_batch *b) {
	if (!s->skips) {
		s->batches = must_grow(s->batches, s->batch_count, &s->batch_room, sizeof *s->batches, 256);
		s->batches[s->batch_count++] = *b;
		s->steps[s->step_count - 1].to = s->batch_count;
	}
}

/* ---- the error of a rule ---- */

#define ROW_TERMS 11
#define MOST_ERROR 0.3 /* relative */

/* The same for any order of the ranks. */
static bool is_slower(const struct rank_rule *rule, const struct rank_batch *a, const struct rank_batch *b) {
	double x = rank_slowness(rule, a), y = rank_slowness(rule, b);

	return x != y ? x > y : memcmp(a, b, sizeof *a) > 0;
}

/* A step's terms, relative to its duration: fewer than those of the model (core/model/step_model.h), which is fitted afterwards. */
static void row_of(const struct rank_sample *s, const struct joint *j, const struct rank_rule *rule, double row[ROW_TERMS]) {
	const struct rank_batch *slow = &s->batches[j->from];
	int64_t all = slow->prefill_tokens + slow->decode_tokens;

	for (size_t i = j->from + 1; i < j->to; i++) {
		all += s->batches[i].prefill_tokens + s->batches[i].decode_tokens;
		slow = is_slower(rule, &s->batches[i], slow) ? &s->batches[i] : slow;
	}
	double ntok = (double)rank_ntok(rule, all, slow), prompts = slow->prefill_tokens > 0, context = (double)slow->decode_kv_tokens;
	const double terms[ROW_TERMS] = {1, ntok, fmin(ntok, 16), fmin(ntok, 64), fmax(0, ntok - 192), fmax(0, ntok - 512), prompts, context,
	                                 prompts * context, (double)slow->prefill_token_kv, (double)slow->prefill_kv_tokens};

	for (int i = 0; i < ROW_TERMS; i++) {
		row[i] = terms[i] / j->duration_ns;
	}
}

/* The normal equations of rows, whose right-hand side is 1. */
static void sum_rows(double (*rows)[ROW_TERMS], size_t count, double gram[ROW_TERMS * ROW_TERMS], double moment[ROW_TERMS]) {
	memset(gram, 0, ROW_TERMS * ROW_TERMS * sizeof *gram);
	memset(moment, 0, ROW_TERMS * sizeof *moment);
	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < ROW_TERMS; j++) {
			moment[j] += rows[i][j];
			for (int k = 0; k <= j; k++) {
				gram[j * ROW_TERMS + k] += rows[i][j] * rows[i][k];
			}
		}
	}
	for (int j = 0; j < ROW_TERMS; j++) {
		for (int k = 0; k < j; k++) {
			gram[k * ROW_TERMS + j] = gram[j * ROW_TERMS + k];
		}
	}
}

/* The squared relative errors of the steps by the best coefficients; those of outliers are bounded. */
static double error_of(const struct rank_sample *s, const struct rank_rule *rule) {
	double gram[ROW_TERMS * ROW_TERMS], moment[ROW_TERMS], x[ROW_TERMS], sum = 0;
	double (*rows)[ROW_TERMS] = must_alloc(s->step_count * sizeof *rows);

	for (size_t i = 0; i < s->step_count; i++) {
		row_of(s, &s->steps[i], rule, rows[i]);
	}
	sum_rows(rows, s->step_count, gram, moment);
	nnls_solve(gram, moment, ROW_TERMS, x);
	for (size_t i = 0; i < s->step_count; i++) {
		double off = -1;
		for (int j = 0; j < ROW_TERMS; j++) {
			off += rows[i][j] * x[j];
		}
		sum += fmin(off * off, MOST_ERROR * MOST_ERROR);
	}
	free(rows);
	return sum;
}

static struct rank_rule rule_at(const int at[3]) {
	return (struct rank_rule){values[0].at[at[0]], values[1].at[at[1]], values[2].at[at[2]]};
}

/* Is it better than the best so far? */
static bool try_rule(const struct rank_sample *s, const int at[3], int best[3], double *least) {
	struct rank_rule rule = rule_at(at);
	double error = error_of(s, &rule);

	if (error < *least) {
		*least = error;
		memcpy(best, at, 3 * sizeof *best);
		return true;
	}
	return false;
}

/* From the best of a coarse grid, in steps of one value, until none is better. */
static double search(const struct rank_sample *s, int best[3]) {
	double least = INFINITY;
	int at[3];

	for (at[0] = values[0].first; at[0] < values[0].count; at[0] += STRIDE) {
		for (at[1] = values[1].first; at[1] < values[1].count; at[1] += STRIDE) {
			for (at[2] = values[2].first; at[2] < values[2].count; at[2] += STRIDE) {
				try_rule(s, at, best, &least);
			}
		}
	}
	for (bool better = true; better;) {
		better = false;
		for (int k = 0; k < 6; k++) {
			memcpy(at, best, sizeof at);
			at[k / 2] += k % 2 == 0 ? -1 : 1;
			better |= at[k / 2] >= 0 && at[k / 2] < values[k / 2].count && try_rule(s, at, best, &least);
		}
	}
	return least;
}

static int by_duration(const void *a, const void *b) {
	const struct joint *x = a, *y = b;

	return x->duration_ns != y->duration_ns ? (x->duration_ns > y->duration_ns) - (x->duration_ns < y->duration_ns) : exact_order((int64_t)x->from, (int64_t)y->from);
}

/* Those that seem far too short would outweigh all others. */
static void leave_out_short(struct rank_sample *s) {
	size_t first = 0;

	qsort(s->steps, s->step_count, sizeof *s->steps, by_duration);
	while (s->steps[first].duration_ns * TOO_SHORT < s->steps[s->step_count / 2].duration_ns) {
		first++;
	}
	s->step_count -= first;
	memmove(s->steps, s->steps + first, s->step_count * sizeof *s->steps);
}

struct rank_rule rank_rule_find(struct rank_sample *s) {
	struct rank_rule common = COMMON;
	int best[3] = {0};

	if (s->step_count < LEAST_STEPS) {
		return common;
	}
	leave_out_short(s);
	double least = search(s, best);
	return error_of(s, &common) > GAIN * least ? rule_at(best) : common;
}
