/* GPU time to money, once, so that parts sum to what was paid to the last nano-unit. */
#include <assert.h>
#include <stdlib.h>

#include "core/share.h"
#include "report/cells.h"
#include "report/statement.h"

static bool same_bill(const struct cell *a, const struct cell *b) {
	return a->replica == b->replica && a->rate_nano == b->rate_nano;
}

/* One replica at one rate: what it cost is rounded once and shared over its cells. */
static int price_bill(struct cell *cell, size_t count, struct fault *why) {
	int64_t *weights = must_alloc(2 * count * sizeof(*weights));
	int64_t *parts = weights + count;
	int64_t ns = 0, nano = 0;
	bool fits = true;

	for (size_t i = 0; i < count; i++) {
		weights[i] = cell[i].gpu_ns;
		fits = fits && exact_add(&ns, cell[i].gpu_ns);
	}
	fits = fits && exact_mul_div(ns, cell->rate_nano, NS_PER_HOUR, &nano);
	if (fits) {
		share_largest_remainder(nano, weights, count, parts);
	}
	for (size_t i = 0; fits && i < count; i++) {
		cell[i].cost_nano = parts[i];
	}
	free(weights);
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost of a replica does not fit 64 bits of nano-units");
}

int money_price(struct cells *c, struct fault *why) {
	int error = 0;
	for (size_t from = 0, to; from < c->count && !error; from = to) {
		for (to = from + 1; to < c->count && same_bill(&c->cell[from], &c->cell[to]); to++) {
		}
		if (c->cell[from].rate_nano >= 0) {
			error = price_bill(&c->cell[from], to - from, why);
		}
	}
	return error;
}

/* ---- nobody's time ---- */

/* Busy cells of one model (or of all), as indices in the order of cells. */
struct group {
	const struct cells *cells;
	size_t *index;
	size_t count;
	int64_t *weights, *parts; /* `count` of each */
};

static void share_kind(struct group *g, struct charge *charges, enum entry_kind kind, const struct charge *pot) {
	share_largest_remainder(pot->ns[kind], g->weights, g->count, g->parts);
	for (size_t i = 0; i < g->count; i++) {
		charges[g->index[i]].ns[kind] += g->parts[i];
	}
	share_largest_remainder(pot->nano[kind], g->weights, g->count, g->parts);
	for (size_t i = 0; i < g->count; i++) {
		charges[g->index[i]].nano[kind] += g->parts[i];
	}
}

static void share_pot(struct group *g, struct charge *charges, const struct charge *pot) {
	if (g->count == 0) {
		return;
	}
	for (size_t i = 0; i < g->count; i++) {
		g->weights[i] = g->cells->cell[g->index[i]].gpu_ns;
	}
	for (int k = 0; k < ENTRY_KINDS; k++) {
		if (pot->ns[k] || pot->nano[k]) {
			share_kind(g, charges, (enum entry_kind)k, pot);
		}
	}
}

static void pot_add(struct charge *pot, const struct cell *c) {
	pot->ns[c->kind] += c->gpu_ns;
	pot->nano[c->kind] += c->cost_nano;
}

/* Busy cells with time, of a model or (rank UINT32_MAX) of all. */
static void select_group(struct group *g, uint32_t rank) {
	const struct cells *c = g->cells;
	g->count = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct cell *cell = &c->cell[i];
		if (cell_is_busy(cell) && cell->gpu_ns > 0 && (rank == UINT32_MAX || c->rank[cell->model] == rank)) {
			g->index[g->count++] = i;
		}
	}
}

/* What nobody's work filled on replicas of a model; true if there is any. */
static bool pot_of(const struct cells *c, name_id model, struct charge *pot) {
	bool any = false;
	*pot = (struct charge){0};
	for (size_t i = 0; i < c->count; i++) {
		if (cell_is_nobodys(&c->cell[i]) && c->cell[i].model == model) {
			pot_add(pot, &c->cell[i]);
			any = true;
		}
	}
	return any;
}

static void charge_model(struct group *g, name_id model, struct charge *charges, struct charge *orphaned) {
	struct charge pot;
	if (!pot_of(g->cells, model, &pot)) {
		return;
	}
	select_group(g, g->cells->rank[model]);
	if (g->count > 0) {
		share_pot(g, charges, &pot);
		return;
	}
	for (int k = 0; k < ENTRY_KINDS; k++) {
		orphaned->ns[k] += pot.ns[k];
		orphaned->nano[k] += pot.nano[k];
	}
}

/* Each model that has such time, once. */
static void charge_models(struct group *g, struct charge *charges) {
	struct charge orphaned = {0};
	name_id top = 0;

	for (size_t i = 0; i < g->cells->count; i++) {
		top = g->cells->cell[i].model > top ? g->cells->cell[i].model : top;
	}
	bool *has = must_calloc((size_t)top + 1, sizeof(*has));
	for (size_t i = 0; i < g->cells->count; i++) {
		has[g->cells->cell[i].model] |= cell_is_nobodys(&g->cells->cell[i]);
	}
	for (name_id model = 0; model <= top; model++) {
		if (has[model]) {
			charge_model(g, model, charges, &orphaned);
		}
	}
	free(has);
	select_group(g, UINT32_MAX);
	share_pot(g, charges, &orphaned);
}

struct charge *money_charge(const struct cells *c) {
	struct charge *charges = must_calloc(c->count + 1, sizeof(*charges));
	struct group g = {.cells = c};

	if (c->count > 0) {
		g.index = must_alloc(c->count * sizeof(*g.index));
		g.weights = must_alloc(2 * c->count * sizeof(*g.weights));
		g.parts = g.weights + c->count;
		charge_models(&g, charges);
		free(g.index);
		free(g.weights);
	}
	return charges;
}

/* ---- cells by time ---- */

static bool same_parent(const struct cell *a, const struct cell *b, bool by_tenant) {
	return same_bill(a, b) && a->model == b->model && a->pool == b->pool && a->kind == b->kind &&
	       (!by_tenant || a->tenant == b->tenant);
}

static size_t run_end(const struct cells *c, size_t from, bool by_tenant) {
	size_t to = from + 1;
	while (to < c->count && same_parent(&c->cell[from], &c->cell[to], by_tenant)) {
		to++;
	}
	return to;
}

/* What the parents cost and are charged, together. */
static int64_t sum_parents(const struct cell *cell, const struct charge *charge, size_t count, struct charge *sum) {
	int64_t nano = 0;
	*sum = (struct charge){0};
	for (size_t i = 0; i < count; i++) {
		nano += cell[i].cost_nano;
		for (int k = 0; k < ENTRY_KINDS; k++) {
			sum->ns[k] += charge[i].ns[k];
			sum->nano[k] += charge[i].nano[k];
		}
	}
	return nano;
}

static void share_run(struct cell *cell, struct charge *charge, size_t count, int64_t nano, const struct charge *sum) {
	size_t *index = must_alloc(count * sizeof(*index));
	int64_t *weights = must_alloc(2 * count * sizeof(*weights));
	struct group g = {.index = index, .count = count, .weights = weights, .parts = weights + count};

	for (size_t i = 0; i < count; i++) {
		index[i] = i;
		weights[i] = cell[i].gpu_ns;
	}
	share_largest_remainder(nano, weights, count, g.parts);
	for (size_t i = 0; i < count; i++) {
		cell[i].cost_nano = g.parts[i];
	}
	for (int k = 0; k < ENTRY_KINDS; k++) {
		if (sum->ns[k] || sum->nano[k]) {
			share_kind(&g, charge, (enum entry_kind)k, sum);
		}
	}
	free(index);
	free(weights);
}

struct charge *money_nest(const struct cells *parents, const struct charge *charges, struct cells *children,
			  bool by_tenant) {
	struct charge *nested = must_calloc(children->count + 1, sizeof(*nested));
	size_t p = 0;

	/* Both are in the same order and were filled by the same entries: each run has its parents. */
	for (size_t from = 0, to; from < children->count; from = to) {
		struct charge sum;
		size_t p_end = run_end(parents, p, by_tenant);
		to = run_end(children, from, by_tenant);
		assert(p < parents->count && same_parent(&parents->cell[p], &children->cell[from], by_tenant));
		int64_t nano = sum_parents(&parents->cell[p], &charges[p], p_end - p, &sum);
		share_run(&children->cell[from], &nested[from], to - from, nano, &sum);
		p = p_end;
	}
	assert(p == parents->count);
	return nested;
}
