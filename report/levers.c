/* Measures that would lower the bill, in money, each alone: from the log's own idle, unobserved and cached figures. */
#include <stdlib.h>

#include "core/instant.h"
#include "report/cube.h"
#include "report/statement.h"

/* Maximum utilisation of the remaining GPUs in the busiest hour. */
#define LOAD_MOST 0.7
/* Caching is compared with this share of prompt tokens. */
#define CACHED_SHARE 2 /* a half */

static void add(struct levers *all, const char *name, int64_t nano, const char *text) {
	struct lever *l = &all->at[all->count];

	if (nano <= 0 || all->count == LEVERS_MAX) {
		return;
	}
	*l = (struct lever){.name = name, .amount_nano = nano};
	snprintf(l->text, sizeof l->text, "%s", text);
	all->count++;
}

/* ---- idle: how many GPUs each pool would have needed ---- */

struct pool_hour {
	name_id pool;
	int64_t hour_ns, busy_ns, paid_ns, idle_nano, nano;
};

static int compare_hours(const void *a, const void *b) {
	const struct pool_hour *x = a, *y = b;
	if (x->pool != y->pool) {
		return x->pool < y->pool ? -1 : 1;
	}
	return exact_order(x->hour_ns, y->hour_ns);
}

/* One row per pool and hour. */
static struct pool_hour *hours_of(const struct cube *c, size_t *count) {
	struct pool_hour *rows = NULL;
	struct cube_cell cell;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < c->count; i++) {
		cube_read(c, i, &cell);
		const struct pool_hour next = {cell.pool, instant_floor(cell.slot_ns, NS_PER_HOUR), cube_cell_is_busy(&cell) ? cell.gpu_ns : 0,
		                               cell.gpu_ns, cell.kind == ENTRY_IDLE ? cell.cost_nano : 0, cell.cost_nano};
		if (n > 0 && compare_hours(&rows[n - 1], &next) == 0) { /* cells are in the order of pools and time */
			rows[n - 1].busy_ns += next.busy_ns;
			rows[n - 1].paid_ns += next.paid_ns;
			rows[n - 1].idle_nano += next.idle_nano;
			rows[n - 1].nano += next.nano;
		} else {
			rows = must_grow(rows, n, &room, sizeof *rows, 64);
			rows[n++] = next;
		}
	}
	*count = n;
	return rows;
}

/* A pool over the period. */
struct pool_use {
	int64_t gpus, needed; /* paid in its largest hour; needed by its busiest hour */
	int64_t idle_nano, saved_nano;
	double busiest;
};

static int64_t gpus_above(double gpus) {
	int64_t whole = (int64_t)gpus;
	return (double)whole + 1e-9 < gpus ? whole + 1 : whole;
}

static struct pool_use use_of(const struct pool_hour *rows, size_t count) {
	struct pool_use u = {0};
	int64_t busy = 0, paid = 0, nano = 0;

	for (size_t i = 0; i < count; i++) {
		busy = rows[i].busy_ns > busy ? rows[i].busy_ns : busy;
		paid = rows[i].paid_ns > paid ? rows[i].paid_ns : paid;
		u.idle_nano += rows[i].idle_nano;
		nano += rows[i].nano;
	}
	u.gpus = gpus_above((double)paid / (double)NS_PER_HOUR);
	u.needed = gpus_above((double)busy / (double)NS_PER_HOUR / LOAD_MOST);
	u.needed = u.needed > 0 ? u.needed : 1;
	u.busiest = paid > 0 ? (double)busy / (double)paid : 0;
	int64_t saved = 0;
	if (u.gpus > u.needed && exact_mul_div(nano, u.gpus - u.needed, u.gpus, &saved)) {
		u.saved_nano = saved < u.idle_nano ? saved : u.idle_nano;
	}
	return u;
}

static void say_idle(const struct pool_use *sum, size_t pools, char text[LEVER_TEXT_MAX]) {
	if (sum->saved_nano > 0) {
		snprintf(text, LEVER_TEXT_MAX, "%lld GPUs are enough, not %lld%s: the busiest hour was "
					       "%.0f %% at work.",
		         (long long)sum->needed, (long long)sum->gpus, pools > 1 ? ", over all pools" : "", 100 * sum->busiest);
	} else {
		snprintf(text, LEVER_TEXT_MAX, "No GPU can be removed: the busiest hour was %.0f %% at work. Move load to quiet hours.",
		         100 * sum->busiest);
	}
}

static void add_idle(const struct statement *s, struct levers *all) {
	size_t count, pools = 0;
	struct pool_hour *rows = hours_of(s->cube, &count);
	struct pool_use sum = {0};
	char text[LEVER_TEXT_MAX];

	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && rows[to].pool == rows[from].pool; to++) {
		}
		struct pool_use u = use_of(rows + from, to - from);
		sum.gpus += u.gpus;
		sum.needed += u.saved_nano > 0 ? u.needed : u.gpus;
		sum.saved_nano += u.saved_nano;
		sum.idle_nano += u.idle_nano;
		sum.busiest = u.busiest > sum.busiest ? u.busiest : sum.busiest;
		pools++;
	}
	free(rows);
	say_idle(&sum, pools, text);
	add(all, "idle", sum.saved_nano > 0 ? sum.saved_nano : sum.idle_nano, text);
}

/* ---- paid time not covered by logs ---- */

static void add_unobserved(const struct statement *s, struct levers *all) {
	const struct series *v = &s->series;
	const struct block *b = &s->total;
	char text[LEVER_TEXT_MAX], at[INSTANT_TEXT_MAX];
	size_t most = 0;

	if (b->cost_nano[ENTRY_UNOBSERVED] <= 0 || v->count == 0) {
		return;
	}
	for (size_t i = 0; i < v->count; i++) {
		most = v->steps[i].cost_nano[ENTRY_UNOBSERVED] > v->steps[most].cost_nano[ENTRY_UNOBSERVED] ? i : most;
	}
	instant_format(v->first_ns + (int64_t)most * v->step_ns, at);
	at[10] = ' ';
	at[v->step_ns < NS_PER_DAY ? 16 : 10] = '\0';
	snprintf(text, sizeof text, "Add the logs of %s UTC, or end the uptime then (%.2f GPU-hours in all).", at,
	         (double)b->gpu_ns[ENTRY_UNOBSERVED] / (double)NS_PER_HOUR);
	add(all, "unobserved", b->cost_nano[ENTRY_UNOBSERVED], text);
}

/* ---- prompt caching ---- */

/* Savings on computed tokens if half of the prompts had come from the cache. */
static int64_t cache_saving(const struct block *b) {
	int64_t prompt = b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED], more = prompt / CACHED_SHARE - b->tokens[TOKENS_CACHED];
	int64_t cheaper = b->unit[TOKENS_INPUT].busy_nano - b->unit[TOKENS_CACHED].busy_nano, nano = 0;

	if (!b->unit[TOKENS_INPUT].known || !b->unit[TOKENS_CACHED].known || more <= 0 || cheaper <= 0) {
		return 0;
	}
	return exact_mul_div(cheaper, more, 1000000, &nano) ? nano : 0;
}

static void add_cache(const struct statement *s, struct levers *all) {
	int64_t nano = 0, prompt = s->total.tokens[TOKENS_INPUT] + s->total.tokens[TOKENS_CACHED];
	char text[LEVER_TEXT_MAX];

	for (size_t i = 0; i < s->models.count; i++) {
		nano += cache_saving(&table_at(&s->models, i)->block);
	}
	if (nano <= 0 || prompt <= 0) {
		return;
	}
	snprintf(text, sizeof text, "%.0f %% of prompt tokens came from the cache; 50 %% would save this.",
	         100.0 * (double)s->total.tokens[TOKENS_CACHED] / (double)prompt);
	add(all, "cache", nano, text);
}

/* ---- fuller batches ---- */

/* Minimum fraction of a model's tokens in batches of a size for its cost to count as known. */
#define FULL_SHARE 100

/* The row of a model with the cheapest tokens, among those with enough tokens; NULL: none. */
static const struct batch *fullest(const struct batch *rows, size_t count) {
	const struct batch *best = NULL;
	int128 tokens = 0;

	for (size_t i = 0; i < count; i++) {
		tokens += rows[i].rated_tokens;
	}
	for (size_t i = 0; i < count; i++) {
		bool counts = rows[i].rated_tokens > 0 && (int128)rows[i].rated_tokens * FULL_SHARE >= tokens;
		best = counts && (!best || rows[i].unit_nano < best->unit_nano) ? &rows[i] : best;
	}
	return best;
}

struct batch_use {
	int128 nano, tokens, steps; /* nano: decode's cost in excess of full batches */
	const struct batch *most; /* the full batch of the model that would save most */
	int128 most_nano;
};

/* Rows of one model: all tokens would cost as much as those of its fullest batches. */
static void add_batches_of(struct batch_use *u, const struct batch *rows, size_t count) {
	const struct batch *best = fullest(rows, count);
	int128 saved = 0;

	for (size_t i = 0; i < count && best; i++) {
		int64_t full = 0;
		u->tokens += rows[i].row.tokens;
		u->steps += rows[i].row.steps;
		if (exact_mul_div(best->unit_nano, rows[i].rated_tokens, 1000000, &full)) {
			saved += rows[i].cost_nano - full;
		}
	}
	if (saved > 0) {
		u->nano += saved;
		u->most = !u->most || saved > u->most_nano ? best : u->most;
		u->most_nano = saved > u->most_nano ? saved : u->most_nano;
	}
}

static void add_batch(const struct statement *s, struct levers *all) {
	const struct batches *b = &s->batches;
	struct batch_use u = {0};
	char text[LEVER_TEXT_MAX];

	for (size_t from = 0, to; from < b->count; from = to) {
		for (to = from + 1; to < b->count && b->rows[to].row.model == b->rows[from].row.model; to++) {
		}
		add_batches_of(&u, b->rows + from, to - from);
	}
	if (!u.most || u.steps <= 0 || u.nano > INT64_MAX) {
		return;
	}
	snprintf(text, sizeof text, "A decode step held %.1f sequences; if all held %lld or more, as the fullest did, this would be saved. A user then sees %.0f tokens a second.",
	         (double)u.tokens / (double)u.steps, (long long)u.most->row.from_sequences, u.most->user_tok_s);
	add(all, "batch", (int64_t)u.nano, text);
}

static int compare_levers(const void *a, const void *b) {
	const struct lever *x = a, *y = b;
	if (x->amount_nano != y->amount_nano) {
		return x->amount_nano < y->amount_nano ? 1 : -1;
	}
	return strcmp(x->name, y->name);
}

void levers_find(struct statement *s) {
	struct levers *all = &s->levers;

	all->count = 0;
	add_unobserved(s, all);
	add_idle(s, all);
	add_cache(s, all);
	add_batch(s, all);
	qsort(all->at, all->count, sizeof all->at[0], compare_levers);
}

bool break_even_load(const struct statement *s, double *load) {
	const struct block *b = &s->total;

	if (!b->list_known || b->revenue_nano <= 0 || b->capacity_ns == 0) {
		return false;
	}
	*load = (double)block_busy_ns(b) / (double)b->capacity_ns * (double)b->priced_nano / (double)b->revenue_nano;
	return true;
}
