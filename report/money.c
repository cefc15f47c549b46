/* Converts GPU time to money, once, and allocates shared cost: parts sum to the whole to the last nano-unit. */
#include <stdlib.h>

#include "core/share.h"
#include "report/cube.h"
#include "report/statement.h"

/*
 * A pool's cost is rounded as a running sum in the order of time: its cost up to any hour is exact to half a
 * nano-unit, so that hours, days and the period agree, and whole hours at a decimal rate are exact.
 */
static bool price_pool(struct cube_cell *cell, size_t count) {
	int128 exact = 0;
	int64_t given_nano = 0;

	for (size_t i = 0; i < count; i++) {
		if (cell[i].rate_nano < 0) {
			continue;
		}
		exact += (int128)cell[i].gpu_ns * cell[i].rate_nano;
		int128 due_nano = exact_div(exact, NS_PER_HOUR);
		if (due_nano > INT64_MAX) {
			return false;
		}
		cell[i].cost_nano = (int64_t)due_nano - given_nano;
		given_nano = (int64_t)due_nano;
	}
	return true;
}

int money_price(struct cube *c, struct fault *why) {
	bool fits = true;

	for (size_t from = 0, to; from < c->count && fits; from = to) {
		for (to = from + 1; to < c->count && c->cell[to].pool == c->cell[from].pool; to++) {
		}
		fits = price_pool(&c->cell[from], to - from);
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost of a pool does not fit 64 bits of nano-units");
}

/* ---- shared cost ---- */

/* The cells of a pool and hour, those with work by index, and room for a split over them. */
struct group {
	struct cube_cell *cell;
	struct charge *charges;
	size_t count, worker_count;
	size_t *workers;
	int64_t *weights, *parts;
};

static void select_workers(struct group *g) {
	g->worker_count = 0;
	for (size_t i = 0; i < g->count; i++) {
		if (cube_cell_is_busy(&g->cell[i]) && g->cell[i].gpu_ns > 0) {
			g->weights[g->worker_count] = g->cell[i].gpu_ns;
			g->workers[g->worker_count++] = i;
		}
	}
}

static void share_amount(struct group *g, int kind, enum charge_amount amount, int64_t whole) {
	if (whole == 0) {
		return;
	}
	share_largest_remainder(whole, g->weights, g->worker_count, g->parts);
	for (size_t i = 0; i < g->worker_count; i++) {
		g->charges[g->workers[i]].of[kind][amount] += g->parts[i];
	}
}

/* Over the work of the same pool and hour, by its GPU time; without work, it is not allocated. */
static bool share_group(struct group *g) {
	struct charge pot = {0};
	bool fits = true;

	select_workers(g);
	for (size_t i = 0; i < g->count; i++) {
		struct cube_cell *c = &g->cell[i];
		if (cube_cell_is_shared(c) && g->worker_count > 0) {
			int64_t *of = pot.of[c->kind - ENTRY_OTHER];
			c->borne = true;
			fits = exact_add(&of[CHARGE_NS], c->gpu_ns) && exact_add(&of[CHARGE_NANO], c->cost_nano) &&
			       exact_add(&of[CHARGE_MJ], c->energy_mj) && exact_add(&of[CHARGE_METERED_NS], c->metered_ns) &&
			       fits;
		}
	}
	for (int kind = 0; kind < CHARGE_KINDS && g->worker_count > 0; kind++) {
		for (int amount = 0; amount < CHARGE_AMOUNTS; amount++) {
			share_amount(g, kind, (enum charge_amount)amount, pot.of[kind][amount]);
		}
	}
	return fits;
}

static bool same_hour(const struct cube_cell *a, const struct cube_cell *b) {
	return a->pool == b->pool && instant_floor(a->slot_ns, NS_PER_HOUR) == instant_floor(b->slot_ns, NS_PER_HOUR);
}

struct charge *money_charge(struct cube *c, struct fault *why) {
	struct charge *charges = must_calloc(c->count + 1, sizeof *charges);
	size_t *workers = must_alloc((c->count + 1) * sizeof *workers);
	int64_t *weights = must_alloc(2 * (c->count + 1) * sizeof *weights);
	bool fits = true;

	for (size_t from = 0, to; from < c->count && fits; from = to) {
		for (to = from + 1; to < c->count && same_hour(&c->cell[from], &c->cell[to]); to++) {
		}
		struct group g = {&c->cell[from], &charges[from], to - from, 0, workers, weights, weights + c->count};
		fits = share_group(&g);
	}
	free(workers);
	free(weights);
	if (fits) {
		return charges;
	}
	free(charges);
	fault_set(why, ERROR_RANGE, "the shared GPU time of an hour does not fit 64 bits");
	return NULL;
}
