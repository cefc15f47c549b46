/* Unit costs of each model over the period, step by step. */
#define _GNU_SOURCE /* qsort_r */
#include <assert.h>
#include <stdlib.h>

#include "core/instant.h"
#include "report/cube.h"
#include "report/statement.h"

int64_t timeline_step_ns(int64_t from_ns, int64_t to_ns) {
	return ((int128)to_ns - from_ns) / NS_PER_HOUR > TIMELINE_HOURS_MAX ? NS_PER_DAY : NS_PER_HOUR;
}

struct timeline *timeline_new(int64_t from_ns, int64_t to_ns) {
	struct timeline *t = must_calloc(1, sizeof(*t));
	t->step_ns = timeline_step_ns(from_ns, to_ns);
	return t;
}

void timeline_free(struct timeline *t) {
	if (t) {
		free(t->moments);
		free(t->slots);
		free(t);
	}
}

static uint64_t hash_of(int64_t start_ns, name_id model) {
	uint64_t hash = ((uint64_t)start_ns / NS_PER_HOUR << 20 ^ model) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ hash >> 31;
}

/* The slot of a moment, or the free one where it belongs. */
static size_t slot_of(const struct timeline *t, int64_t start_ns, name_id model) {
	size_t at = hash_of(start_ns, model) & (t->slot_count - 1);
	while (t->slots[at] &&
	       (t->moments[t->slots[at] - 1].start_ns != start_ns || t->moments[t->slots[at] - 1].model != model)) {
		at = (at + 1) & (t->slot_count - 1);
	}
	return at;
}

static void grow(struct timeline *t) {
	t->slot_count = t->slot_count ? 2 * t->slot_count : 256;
	free(t->slots);
	t->slots = must_calloc(t->slot_count, sizeof(*t->slots));
	t->moments = must_realloc(t->moments, t->slot_count / 2 * sizeof(*t->moments));
	for (size_t i = 0; i < t->count; i++) {
		t->slots[slot_of(t, t->moments[i].start_ns, t->moments[i].model)] = (uint32_t)i + 1;
	}
}

static struct moment *moment_at(struct timeline *t, int64_t start_ns, name_id model) {
	if (2 * t->count >= t->slot_count) {
		grow(t);
	}
	size_t slot = slot_of(t, start_ns, model);
	if (!t->slots[slot]) {
		t->moments[t->count] = (struct moment){.start_ns = start_ns, .model = model};
		t->slots[slot] = (uint32_t)++t->count;
	}
	return &t->moments[t->slots[slot] - 1];
}

static bool add_cell(struct timeline *t, const struct cube_cell *c, const struct charge *charge) {
	struct moment *m = moment_at(t, instant_floor(c->slot_ns, t->step_ns), c->model);

	if (c->rate_nano < 0) {
		return true;
	}
	m->exact[c->kind] += (int128)c->gpu_ns * c->rate_nano;
	m->spread[c->kind] += (int128)c->spread_ns * c->rate_nano;
	for (int k = 0; charge && k < CHARGE_KINDS; k++) {
		m->exact[ENTRY_OTHER + k] += (int128)charge->of[k][CHARGE_NANO] * NS_PER_HOUR;
	}
	return exact_add(&m->tokens[c->kind], c->tokens);
}

static int compare_moments(const void *a, const void *b, void *names) {
	const struct moment *x = a, *y = b;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));
	return order ? order : (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

int timeline_finish(struct timeline *t, const struct cube *cube, const struct charge *charges, const struct names *names,
		    struct fault *why) {
	bool fits = true;

	for (size_t i = 0; i < cube->count; i++) {
		if (cube_cell_is_busy(&cube->cell[i])) {
			fits = add_cell(t, &cube->cell[i], charges ? &charges[i] : NULL) && fits;
		}
	}
	for (size_t i = 0; i < t->count; i++) {
		struct moment *m = &t->moments[i];
		int128 capacity = 0;
		for (int k = 0; k < ENTRY_KINDS; k++) {
			capacity += m->exact[k];
		}
		fits = unit_costs(m->exact, m->spread, capacity, m->tokens, m->unit) && fits;
	}
	if (t->count > 0) {
		qsort_r(t->moments, t->count, sizeof(*t->moments), compare_moments, (void *)(uintptr_t)names);
	}
	free(t->slots);
	t->slots = NULL;
	return fits ? 0 : fault_set(why, ERROR_RANGE, "a unit cost does not fit 64 bits");
}
