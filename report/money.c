/* Converts GPU time to money, once, and allocates shared cost: parts sum to the whole to the last nano-unit. */
#include <stdlib.h>
#include <string.h>

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
	size_t *seats; /* the worker's tenant, as an index into these: */
	int64_t *sums, *tenant_parts;
	struct share *within;
	size_t worker_count, worker_room, part_room, tenant_count, tenant_room;
	struct seat {
		size_t group; /* valid if it is that of this group */
		size_t at;
	} *seat_of; /* by name_id */
	size_t seat_room;
	int64_t *parts; /* of each amount that is not 0 */
	int64_t *part_of[CHARGE_KINDS][CHARGE_AMOUNTS]; /* in `parts`; NULL: 0 */
};

static bool same_hour(const struct cube_cell *a, const struct cube_cell *b) {
	return a->pool == b->pool && instant_floor(a->slot_ns, NS_PER_HOUR) == instant_floor(b->slot_ns, NS_PER_HOUR);
}

static bool has_work(const struct cube_cell *c) {
	return cube_cell_is_busy(c) && c->gpu_ns > 0;
}

/* The tenant's index in this group. */
static size_t seat_at(struct group *g, name_id tenant) {
	if (tenant >= g->seat_room) {
		size_t room = 2 * (size_t)tenant + 64;
		g->seat_of = must_realloc(g->seat_of, room * sizeof *g->seat_of);
		memset(g->seat_of + g->seat_room, 0, (room - g->seat_room) * sizeof *g->seat_of);
		g->seat_room = room;
	}
	struct seat *seat = &g->seat_of[tenant];
	if (seat->group != g->from + 1) {
		if (g->tenant_count == g->tenant_room) {
			g->tenant_room = 2 * g->tenant_room + 64;
			g->sums = must_realloc(g->sums, g->tenant_room * sizeof *g->sums);
			g->tenant_parts = must_realloc(g->tenant_parts, g->tenant_room * sizeof *g->tenant_parts);
			g->within = must_realloc(g->within, g->tenant_room * sizeof *g->within);
		}
		*seat = (struct seat){g->from + 1, g->tenant_count};
		g->sums[g->tenant_count++] = 0;
	}
	return seat->at;
}

static bool add_worker(struct group *g, const struct cube_cell *c) {
	size_t room = g->worker_room;

	g->weights = must_grow(g->weights, g->worker_count, &room, sizeof *g->weights, 64);
	g->seats = must_grow(g->seats, g->worker_count, &g->worker_room, sizeof *g->seats, 64);
	g->weights[g->worker_count] = c->gpu_ns;
	size_t seat = g->seats[g->worker_count++] = seat_at(g, c->tenant);
	return exact_add(&g->sums[seat], c->gpu_ns);
}

static bool collect(struct group *g, const struct cube_cell *c) {
	if (has_work(c) && !add_worker(g, c)) {
		return false;
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
	g->worker_count = g->tenant_count = 0;
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

/* To the tenants by largest remainder, so that each has its share to the last unit, and within a tenant to its cells. */
static void share_amount(struct group *g, int64_t total, int64_t *parts) {
	share_largest_remainder(total, g->sums, g->tenant_count, g->tenant_parts);
	for (size_t i = 0; i < g->tenant_count; i++) {
		share_init(&g->within[i], g->tenant_parts[i], g->sums[i]);
	}
	for (size_t i = 0; i < g->worker_count; i++) {
		parts[i] = share_next(&g->within[g->seats[i]], g->weights[i]);
	}
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
			share_amount(g, g->pot.of[kind][amount], g->parts + used);
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
	void *const owned[] = {g.weights, g.seats, g.sums, g.tenant_parts, g.within, g.seat_of, g.parts};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
		free(owned[i]);
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the shared GPU time of an hour does not fit 64 bits");
}

/* ---- list revenue ---- */

void revenue_note(struct revenue_rests *r, size_t row, const struct block *b) {
	r->revenue_nano += b->revenue_nano;
	r->rest += b->revenue_rest;
	if (b->revenue_rest != 0) {
		r->at = must_grow(r->at, r->count, &r->room, sizeof *r->at, 64);
		r->at[r->count++] = (struct revenue_rest){b->revenue_rest, row};
	}
}

static int by_rest(const void *left, const void *right) {
	const struct revenue_rest *a = left, *b = right;

	return a->rest != b->rest ? exact_order(b->rest, a->rest) : (a->row > b->row) - (a->row < b->row);
}

/* The rows that were rounded down most get what lacks; those that were rounded up most lose what is too much. */
int8_t *revenue_steps(struct revenue_rests *r, size_t rows) {
	int64_t lacks = (int64_t)(exact_div(r->revenue_nano * 1000000 + r->rest, 1000000) - r->revenue_nano);
	int8_t *steps = lacks != 0 ? must_calloc(rows, sizeof *steps) : NULL;

	if (steps) {
		qsort(r->at, r->count, sizeof *r->at, by_rest);
	}
	for (size_t i = 0; lacks > 0; i++, lacks--) {
		steps[r->at[i].row] = 1;
	}
	for (size_t i = r->count; lacks < 0; i--, lacks++) {
		steps[r->at[i - 1].row] = -1;
	}
	free(r->at);
	return steps;
}

void revenue_step(const struct table *t, size_t row, struct block *b) {
	int64_t step = t->steps ? t->steps[row] : 0;

	if (step == 0) {
		return;
	}
	bool bought = b->has_bought && !b->has_ran;
	b->revenue_nano += step;
	b->bought_nano += bought ? step : 0;
	if (b->margin_known && !bought) {
		b->margin_nano += step;
		b->margin_ratio = b->revenue_nano != b->bought_nano ? (double)b->margin_nano / (double)(b->revenue_nano - b->bought_nano) : 0;
	}
}
