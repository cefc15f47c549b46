/* What later evidence changes in closed periods: posted in this one, beside its own figures. */
#include "report/statement.h"

#include <assert.h>

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
	if ((all->count & (all->count - 1)) == 0) {
		all->rows = must_realloc(all->rows, (all->count ? 2 * all->count : 1) * sizeof *all->rows);
	}
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
