/* Changes to closed periods by later evidence: posted in this period, separate from its own figures. */
#include "report/statement.h"

#include <assert.h>
#include <stdlib.h>

int statement_add_adjustment(void *statement, const struct report_adjustment *a) {
	struct statement *s = statement;
	struct adjustments *all = &s->adjustments;
	struct adjustment row = {.said = *a};

	assert(!s->quality);
	row.priced = a->entry.rate_nano >= 0 &&
	             exact_mul_div(a->entry.gpu_ns, a->entry.rate_nano, NS_PER_HOUR, &row.cost_nano);
	if (!exact_add(&all->gpu_ns, a->entry.gpu_ns) || !exact_add(&all->cost_nano, row.cost_nano)) {
		return ERROR_RANGE;
	}
	all->rows = must_grow_by_count(all->rows, all->count, sizeof *all->rows);
	all->unpriced += !row.priced;
	all->rows[all->count++] = row;
	return 0;
}

struct block adjustment_block(const struct adjustment *a) {
	const struct entry *e = &a->said.entry;
	struct block b = {.requests = e->requests, .capacity_ns = e->gpu_ns, .capacity_nano = a->cost_nano};

	b.gpu_ns[e->kind] = e->gpu_ns;
	b.cost_nano[e->kind] = a->cost_nano;
	if (e->kind < (enum entry_kind)TOKEN_KINDS) {
		b.tokens[e->kind] = e->tokens;
	}
	if (e->kind <= ENTRY_OUTPUT && e->grade < GRADE_NONE) {
		b.evidence_ns[e->grade] = e->gpu_ns;
	}
	return b;
}

/* ---- sums by day and account ---- */

static int by_account(const void *a, const void *b) {
	const struct adjusted_sum *x = a, *y = b;
	int order = strcmp(x->period, y->period);

	order = order ? order : exact_order(x->day_ns, y->day_ns);
	order = order ? order : exact_order(x->model, y->model);
	order = order ? order : exact_order(x->tenant, y->tenant);
	return order ? order : exact_order(x->kind, y->kind);
}

/* Differences may be negative: sorted by absolute value. */
static uint64_t size_of(int64_t n) {
	return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

static int by_amount(const void *a, const void *b) {
	const struct adjusted_sum *x = a, *y = b;
	uint64_t left = size_of(x->cost_nano), right = size_of(y->cost_nano);

	if (left == right) {
		left = size_of(x->gpu_ns);
		right = size_of(y->gpu_ns);
	}
	return left != right ? (left < right) - (left > right) : by_account(a, b);
}

/* If a sum does not fit, the row is kept separate. */
static bool join(struct adjusted_sum *into, const struct adjusted_sum *row) {
	struct adjusted_sum sum = *into;

	if (by_account(into, row) != 0 || !exact_add(&sum.tokens, row->tokens) || !exact_add(&sum.gpu_ns, row->gpu_ns) ||
	    !exact_add(&sum.cost_nano, row->cost_nano)) {
		return false;
	}
	sum.postings += row->postings;
	sum.priced = sum.priced && row->priced;
	*into = sum;
	return true;
}

struct adjusted_sum *adjustments_by_day(const struct statement *s, size_t *count) {
	const struct adjustments *all = &s->adjustments;
	struct adjusted_sum *rows = must_calloc(all->count + 1, sizeof *rows);
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct adjustment *a = &all->rows[i];
		const struct entry *e = &a->said.entry;
		rows[i] = (struct adjusted_sum){a->said.period, instant_floor(e->slot_ns, NS_PER_DAY), e->model, e->tenant, e->kind, 1,
		                                a->priced, e->tokens, e->gpu_ns, a->cost_nano};
	}
	qsort(rows, all->count, sizeof *rows, by_account);
	for (size_t i = 0; i < all->count; i++) {
		if (kept == 0 || !join(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
		}
	}
	qsort(rows, kept, sizeof *rows, by_amount);
	*count = kept;
	return rows;
}
