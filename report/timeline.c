/* Unit costs of each model over the period, step by step. */
#include <assert.h>
#include <stdlib.h>

#include "core/files/platform.h"
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
		hash_index_release(&t->by_start);
		free(t);
	}
}

static struct moment *moment_at(struct timeline *t, int64_t start_ns, name_id model) {
	uint64_t hash = hash_mix(hash_mix(0, (uint64_t)start_ns), model), at = hash;
	uint32_t i;

	while (hash_index_next(&t->by_start, hash, &at, &i)) {
		if (t->moments[i].start_ns == start_ns && t->moments[i].model == model) {
			return &t->moments[i];
		}
	}
	t->moments = must_grow(t->moments, t->count, &t->room, sizeof(*t->moments), 128);
	hash_index_add(&t->by_start, hash, (uint32_t)t->count);
	t->moments[t->count] = (struct moment){.start_ns = start_ns, .model = model};
	return &t->moments[t->count++];
}

static bool add_cell(struct timeline *t, const struct cube_cell *c) {
	struct moment *m = moment_at(t, instant_floor(c->slot_ns, t->step_ns), c->model);

	if (c->rate_nano < 0) {
		return true;
	}
	m->exact[c->kind] += (int128)c->gpu_ns * c->rate_nano;
	m->spread[c->kind] += (int128)c->spread_ns * c->rate_nano;
	m->paid_ns += c->gpu_ns;
	for (int k = 0; k < CHARGE_KINDS; k++) {
		m->paid_ns += c->charge.of[k][CHARGE_NS];
		m->exact[ENTRY_OTHER + k] += (int128)c->charge.of[k][CHARGE_NANO] * NS_PER_HOUR;
	}
	return exact_add(&m->tokens[c->kind], c->tokens);
}

static int compare_moments(const void *a, const void *b, void *names) {
	const struct moment *x = a, *y = b;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));
	return order ? order : exact_order(x->start_ns, y->start_ns);
}

int timeline_finish(struct timeline *t, const struct cube *cube, const struct names *names, struct fault *why) {
	struct cube_cell c;
	bool fits = true;

	for (size_t i = 0; i < cube->count; i++) {
		cube_read(cube, i, &c);
		fits = (!cube_cell_is_busy(&c) || add_cell(t, &c)) && fits;
	}
	for (size_t i = 0; i < t->count; i++) {
		struct moment *m = &t->moments[i];
		int128 capacity = 0;
		for (int k = 0; k < ENTRY_KINDS; k++) {
			capacity += m->exact[k];
		}
		unit_costs(m->exact, m->spread, capacity, m->tokens, m->unit);
	}
	if (t->count > 0) {
		platform_sort(t->moments, t->count, sizeof(*t->moments), compare_moments, (void *)(uintptr_t)names);
	}
	hash_index_release(&t->by_start);
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the GPU time or tokens of an hour do not fit 64 bits");
}
