/* Converts GPU time to money, once, and allocates shared cost: parts sum to the whole to the last nano-unit. */
#include <stdlib.h>

#include "core/share.h"
#include "report/cube.h"
#include "report/statement.h"

/*
 * A pool's cost is rounded as a running sum in the order of time: its cost up to any hour is exact to half a
 * nano-unit, so that hours, days and the period agree, and whole hours at a decimal rate are exact.
 */
bool money_price(struct pricing *p, struct cube_cell *c) {
	if (c->pool != p->pool) {
		*p = (struct pricing){.pool = c->pool};
	}
	if (c->rate_nano < 0) {
		return true;
	}
	p->exact += (int128)c->gpu_ns * c->rate_nano;
	int128 due_nano = exact_div(p->exact, NS_PER_HOUR);
	if (due_nano > INT64_MAX) {
		return false;
	}
	c->cost_nano = (int64_t)due_nano - p->given_nano;
	p->given_nano = (int64_t)due_nano;
	return true;
}

/* ---- shared cost ---- */

/* The cells of a pool and hour: their shared time, the weights of those with work, and the parts of these. */
struct group {
	size_t from, to;
	struct charge pot;
	int64_t *weights;
	size_t worker_count, worker_room, part_room;
	int64_t *parts; /* of each amount that is not 0 */
	int64_t *part_of[CHARGE_KINDS][CHARGE_AMOUNTS]; /* in `parts`; NULL: 0 */
};

static bool same_hour(const struct cube_cell *a, const struct cube_cell *b) {
	return a->pool == b->pool && instant_floor(a->slot_ns, NS_PER_HOUR) == instant_floor(b->slot_ns, NS_PER_HOUR);
}

static bool has_work(const struct cube_cell *c) {
	return cube_cell_is_busy(c) && c->gpu_ns > 0;
}

static bool collect(struct group *g, const struct cube_cell *c) {
	if (has_work(c)) {
		g->weights = must_grow(g->weights, g->worker_count, &g->worker_room, sizeof *g->weights, 64);
		g->weights[g->worker_count++] = c->gpu_ns;
	}
	if (!cube_cell_is_shared(c)) {
		return true;
	}
	int64_t *of = g->pot.of[c->kind - ENTRY_OTHER];
	return exact_add(&of[CHARGE_NS], c->gpu_ns) && exact_add(&of[CHARGE_NANO], c->cost_nano) &&
	       exact_add(&of[CHARGE_MJ], c->energy_mj) && exact_add(&of[CHARGE_METERED_NS], c->metered_ns);
}

/* Reads the group that begins at g->from. Sums need not fit where nobody bears them. */
static bool read_group(const struct cube *c, struct group *g) {
	struct cube_cell first, cell;
	bool fits = true;

	g->pot = (struct charge){0};
	g->worker_count = 0;
	cube_read(c, g->from, &first);
	cell = first;
	for (g->to = g->from; g->to < c->count && same_hour(&first, &cell); ) {
		fits = collect(g, &cell) && fits;
		if (++g->to < c->count) {
			cube_read(c, g->to, &cell);
		}
	}
	return fits || g->worker_count == 0;
}

/* Over the work of the same pool and hour, by its GPU time; without work, it is not allocated. */
static void share_group(struct group *g) {
	size_t amounts = 0, used = 0;

	for (int i = 0; i < CHARGE_KINDS * CHARGE_AMOUNTS; i++) {
		amounts += g->pot.of[i / CHARGE_AMOUNTS][i % CHARGE_AMOUNTS] != 0;
	}
	if (amounts * g->worker_count > g->part_room) {
		g->part_room = amounts * g->worker_count;
		g->parts = must_realloc(g->parts, g->part_room * sizeof *g->parts);
	}
	for (int i = 0; i < CHARGE_KINDS * CHARGE_AMOUNTS; i++) {
		int kind = i / CHARGE_AMOUNTS, amount = i % CHARGE_AMOUNTS;
		bool any = g->pot.of[kind][amount] != 0 && g->worker_count > 0;
		g->part_of[kind][amount] = any ? g->parts + used : NULL;
		if (any) {
			share_largest_remainder(g->pot.of[kind][amount], g->weights, g->worker_count, g->parts + used);
			used += g->worker_count;
		}
	}
}

static bool charge_group(struct cube *c, struct cube_update *u, const struct group *g) {
	struct cube_cell cell;
	size_t worker = 0;
	bool fits = true;

	for (size_t i = g->from; i < g->to && fits; i++) {
		cube_read(c, i, &cell);
		cell.borne = cube_cell_is_shared(&cell) && g->worker_count > 0;
		for (int k = 0; k < CHARGE_KINDS * CHARGE_AMOUNTS && has_work(&cell); k++) {
			const int64_t *parts = g->part_of[k / CHARGE_AMOUNTS][k % CHARGE_AMOUNTS];
			cell.charge.of[k / CHARGE_AMOUNTS][k % CHARGE_AMOUNTS] = parts ? parts[worker] : 0;
		}
		worker += has_work(&cell);
		fits = cube_update_next(c, u, &cell);
	}
	return fits;
}

int money_charge(struct cube *c, struct fault *why) {
	struct cube_update u = {.count = 0};
	struct group g = {.from = 0};
	bool fits = true;

	for (; g.from < c->count && fits; g.from = g.to) {
		fits = read_group(c, &g);
		if (fits) {
			share_group(&g);
			fits = charge_group(c, &u, &g);
		}
	}
	cube_update_end(c, &u);
	free(g.weights);
	free(g.parts);
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the shared GPU time of an hour does not fit 64 bits");
}
