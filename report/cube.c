#include "report/cube.h"

#include <assert.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "core/heap.h"

/* Cells that are not packed: 5.5 MB. */
#define OPEN_MAX 16384
/* Runs that are merged into one, if they have as many cells as the first. */
#define RUNS_MAX 64
/* Chunks of a pile that 32 bits can address. */
#define CHUNKS_MAX 65000

struct cube *cube_new(const struct names *names, size_t open_max) {
	struct cube *c = must_calloc(1, sizeof(struct cube));

	c->names = names;
	c->open_max = open_max > 0 ? open_max : OPEN_MAX;
	return c;
}

static void release_runs(struct cube *c) {
	for (size_t i = 0; i < c->run_count; i++) {
		cell_pile_release(&c->runs[i]);
	}
	c->run_count = 0;
}

void cube_free(struct cube *c) {
	if (c) {
		release_runs(c);
		free(c->runs);
		free(c->open);
		hash_index_release(&c->by_key);
		cell_numbers_release(&c->slots);
		cell_numbers_release(&c->rates);
		cell_pile_release(&c->sealed);
		free(c->place);
		free(c->rank);
		free(c);
	}
}

/* ---- order ---- */

static int compare_names(const void *a, const void *b, void *names) {
	return text_compare(names_text(names, *(const name_id *)a), names_text(names, *(const name_id *)b));
}

/*
 * Ids depend on the order of arrival; their ranks in the order of texts do not. Names that come later change ranks, but
 * not which of two comes first.
 */
static void set_ranks(struct cube *c) {
	uint32_t count = names_count(c->names);

	if (c->rank && c->rank_count == count) {
		return;
	}
	name_id *order = must_alloc(count * sizeof(*order));
	c->rank = must_realloc(c->rank, count * sizeof(*c->rank));
	c->rank_count = count;
	for (uint32_t i = 0; i < count; i++) {
		order[i] = i;
	}
	platform_sort(order, count, sizeof(*order), compare_names, (void *)(uintptr_t)c->names);
	for (uint32_t i = 0; i < count; i++) {
		c->rank[order[i]] = i;
	}
	free(order);
}

static int compare_cells(const void *x, const void *y, void *ranks) {
	const struct cube_cell *a = x, *b = y;
	const uint32_t *rank = ranks;
	int by = exact_order(rank[a->pool], rank[b->pool]);

	by = by ? by : exact_order(a->slot_ns, b->slot_ns);
	by = by ? by : exact_order(a->rate_nano, b->rate_nano);
	by = by ? by : exact_order(rank[a->replica], rank[b->replica]);
	by = by ? by : exact_order(rank[a->model], rank[b->model]);
	by = by ? by : exact_order((int64_t)a->kind, (int64_t)b->kind);
	return by ? by : exact_order(rank[a->tenant], rank[b->tenant]);
}

/* ---- runs ---- */

/* Merges runs: the next cell of each. */
struct merge {
	struct cube *cube;
	struct cube_cell *next;
	struct cell_pile_reader *readers;
	struct heap heap;
};

static bool comes_first(const void *merge, int64_t a, int64_t b) {
	const struct merge *m = merge;
	int order = compare_cells(&m->next[a], &m->next[b], m->cube->rank);

	return order ? order < 0 : a < b;
}

static void advance(struct merge *m, int64_t run) {
	if (cell_pile_next(&m->readers[run], &m->cube->slots, &m->cube->rates, &m->next[run])) {
		heap_push(&m->heap, run);
	}
}

static void merge_start(struct merge *m, struct cube *c) {
	*m = (struct merge){.cube = c, .next = must_calloc(c->run_count + 1, sizeof *m->next),
	                    .readers = must_calloc(c->run_count + 1, sizeof *m->readers)};
	heap_init(&m->heap, comes_first, m);
	for (size_t i = 0; i < c->run_count; i++) {
		m->readers[i] = (struct cell_pile_reader){.pile = &c->runs[i], .left = c->runs[i].count};
		advance(m, (int64_t)i);
	}
}

/* The next cell, summed over all runs: 1, 0 at the end, -1 if a sum does not fit. */
static int merge_next(struct merge *m, struct cube_cell *out) {
	bool fits = true;

	if (m->heap.count == 0) {
		return 0;
	}
	int64_t run = heap_pop(&m->heap);
	*out = m->next[run];
	advance(m, run);
	while (fits && m->heap.count > 0 && cube_cell_same(&m->next[heap_first(&m->heap)], out)) {
		run = heap_pop(&m->heap);
		fits = cube_cell_add(out, &m->next[run]);
		advance(m, run);
	}
	return fits ? 1 : -1;
}

static void merge_end(struct merge *m) {
	heap_release(&m->heap);
	free(m->next);
	free(m->readers);
	release_runs(m->cube);
}

static struct cell_pile *new_run(struct cube *c) {
	c->runs = must_grow(c->runs, c->run_count, &c->run_room, sizeof *c->runs, 16);
	c->runs[c->run_count] = (struct cell_pile){.count = 0};
	return &c->runs[c->run_count++];
}

/* All runs as one, so that cells with the same key in many runs do not take memory. */
static bool merge_runs(struct cube *c) {
	struct cell_pile one = {.count = 0};
	struct cube_cell cell;
	struct merge m;
	int got;

	merge_start(&m, c);
	while ((got = merge_next(&m, &cell)) > 0) {
		cell_pile_add(&one, &c->slots, &c->rates, &cell);
	}
	merge_end(&m);
	c->base_count = one.count;
	*new_run(c) = one;
	return got == 0 && one.chunk_count < CHUNKS_MAX;
}

/* Packs the open cells into a run. */
static bool flush(struct cube *c) {
	size_t packed = 0;

	if (c->open_count == 0) {
		return true;
	}
	set_ranks(c);
	platform_sort(c->open, c->open_count, sizeof *c->open, compare_cells, c->rank);
	struct cell_pile *run = new_run(c);
	for (size_t i = 0; i < c->open_count; i++) {
		cell_pile_add(run, &c->slots, &c->rates, &c->open[i]);
	}
	c->open_count = 0;
	hash_index_release(&c->by_key);
	for (size_t i = 0; i < c->run_count; i++) {
		packed += c->runs[i].count;
	}
	return c->run_count < RUNS_MAX || (packed < 2 * c->base_count && c->run_count < 16 * RUNS_MAX) || merge_runs(c);
}

/* ---- filling ---- */

static uint64_t hash_of(const struct cube_cell *k) {
	uint64_t hash = hash_mix(0, (uint64_t)k->slot_ns);
	hash = hash_mix(hash, (uint64_t)k->rate_nano);
	hash = hash_mix(hash, (uint64_t)k->replica << 32 | k->model);
	hash = hash_mix(hash, (uint64_t)k->tenant << 32 | k->pool);
	return hash_mix(hash, (uint64_t)k->kind);
}

struct cube_cell *cube_at(struct cube *c, const struct cube_cell *key) {
	uint64_t hash = hash_of(key), at = hash;
	uint32_t cell;

	assert(key->kind < ENTRY_KINDS && !c->place);
	while (hash_index_next(&c->by_key, hash, &at, &cell)) {
		if (cube_cell_same(&c->open[cell], key)) {
			return &c->open[cell];
		}
	}
	if (c->open_count == c->open_max && !flush(c)) {
		return NULL;
	}
	c->open = must_grow(c->open, c->open_count, &c->open_room, sizeof(*c->open), 512);
	hash_index_add(&c->by_key, hash, (uint32_t)c->open_count);
	c->open[c->open_count] = *key;
	return &c->open[c->open_count++];
}

/* ---- sealed ---- */

bool cube_seal(struct cube *c, cube_step *step, void *context) {
	bool fits = flush(c);
	struct cube_cell cell;
	struct merge m;
	int got = 0;

	free(c->open);
	c->open = NULL;
	set_ranks(c);
	merge_start(&m, c);
	while (fits && (got = merge_next(&m, &cell)) > 0) {
		fits = step(context, &cell) && c->sealed.chunk_count < CHUNKS_MAX && c->count < UINT32_MAX;
		c->place = must_grow(c->place, c->count, &c->place_room, sizeof *c->place, 512);
		c->place[c->count++] = cell_pile_add(&c->sealed, &c->slots, &c->rates, &cell);
	}
	merge_end(&m);
	return fits && got == 0;
}

void cube_read(const struct cube *c, size_t i, struct cube_cell *out) {
	cell_pile_read(&c->sealed, &c->slots, &c->rates, c->place[i], out);
}

bool cube_update_next(struct cube *c, struct cube_update *u, const struct cube_cell *cell) {
	cell_pile_drop(&c->sealed, c->place[u->count]);
	c->place[u->count++] = cell_pile_add(&u->to, &c->slots, &c->rates, cell);
	return u->to.chunk_count < CHUNKS_MAX;
}

void cube_update_end(struct cube *c, struct cube_update *u) {
	cell_pile_release(&c->sealed);
	c->sealed = u->to;
}
