#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>

#include "attribute/fits_private.h"
#include "core/error.h"

/* ---- the table of keys ---- */

static bool same_key(const struct fit_key *a, const struct fit_key *b) {
	return a->model == b->model && a->gpu == b->gpu && a->gpus_per_replica == b->gpus_per_replica &&
	       a->role == b->role && a->day_ns == b->day_ns;
}

static bool same_shape(const struct fit_key *a, const struct fit_key *b) {
	return a->model == b->model && a->gpu == b->gpu && a->gpus_per_replica == b->gpus_per_replica &&
	       a->role == b->role;
}

static size_t hash_key(const struct fit_key *k) {
	uint64_t h = (uint64_t)k->day_ns;

	h = (h ^ h >> 32 ^ k->model) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ (uint64_t)k->gpu << 8) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ (uint64_t)k->gpus_per_replica << 2 ^ k->role) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 20);
}

/* The slot of a key, or the empty one where it would stand. */
static uint32_t *find(const struct attribution_fits *f, const struct fit_key *key) {
	size_t at = hash_key(key) & (f->slot_count - 1);

	while (f->slots[at] != 0 && !same_key(&f->list[f->slots[at] - 1]->key, key)) {
		at = (at + 1) & (f->slot_count - 1);
	}
	return &f->slots[at];
}

static void grow(struct attribution_fits *f) {
	f->room = f->room ? f->room * 2 : 8;
	f->slot_count = f->room * 2;
	f->list = must_realloc(f->list, f->room * sizeof(struct fit *));
	free(f->slots);
	f->slots = must_calloc(f->slot_count, sizeof *f->slots);
	for (size_t i = 0; i < f->count; i++) {
		*find(f, &f->list[i]->key) = (uint32_t)i + 1;
	}
}

struct fit *fits_of(struct attribution_fits *f, const struct fit_key *key) {
	if (f->last && same_key(&f->last->key, key)) {
		return f->last;
	}
	if (f->count == f->room) {
		grow(f);
	}
	uint32_t *slot = find(f, key);
	if (*slot == 0) {
		struct fit *new = must_calloc(1, sizeof *new);
		new->key = *key;
		f->list[f->count++] = new;
		*slot = (uint32_t)f->count;
	}
	f->last = f->list[*slot - 1];
	return f->last;
}

struct attribution_fits *attribution_fits_new(struct names *names) {
	struct attribution_fits *f = must_calloc(1, sizeof *f);

	f->names = names;
	return f;
}

void attribution_fits_free(struct attribution_fits *f) {
	if (!f) {
		return;
	}
	for (size_t i = 0; i < f->count; i++) {
		cells_release(&f->list[i]->cells);
		free(f->list[i]);
	}
	free(f->list);
	free(f->slots);
	free(f);
}

/* ---- adding ---- */

void fits_take(struct attribution_fits *f, const struct fit_key *key, const struct fit_step *s) {
	struct fit *fit = fits_of(f, key);

	fit->solved = false;
	if (!cells_take(&fit->cells, &s->batch, s->duration_ns, s->attention_known, s->context_known)) {
		fit->unfit++;
	}
}

void fits_merge(struct attribution_fits *f, const struct attribution_fits *from) {
	for (size_t i = 0; i < from->count; i++) {
		const struct fit *other = from->list[i];
		struct fit *fit = fits_of(f, &other->key);
		fit->unfit += other->unfit;
		fit->solved = false;
		for (size_t j = 0; other->cells.slots && j < (size_t)1 << other->cells.slots_log2; j++) {
			if (other->cells.slots[j].key != 0) {
				cells_add(&fit->cells, &other->cells.slots[j], other->cells.level);
			}
		}
	}
}

/* ---- in order ---- */

static int compare_numbers(int64_t a, int64_t b) {
	return (a > b) - (a < b);
}

static int by_texts(const void *a, const void *b, void *names) {
	const struct fit_key *x = &(*(struct fit *const *)a)->key;
	const struct fit_key *y = &(*(struct fit *const *)b)->key;
	int order = text_compare(names_text(names, x->model), names_text(names, y->model));

	order = order ? order : text_compare(names_text(names, x->gpu), names_text(names, y->gpu));
	order = order ? order : compare_numbers(x->gpus_per_replica, y->gpus_per_replica);
	order = order ? order : compare_numbers((int64_t)x->role, (int64_t)y->role);
	return order ? order : compare_numbers(x->day_ns, y->day_ns);
}

struct fit **fits_sorted(const struct attribution_fits *f) {
	struct fit **list = must_alloc((f->count + 1) * sizeof *list);

	for (size_t i = 0; i < f->count; i++) {
		list[i] = f->list[i];
	}
	qsort_r(list, f->count, sizeof(struct fit *), by_texts, f->names);
	return list;
}

size_t fits_keys(const struct attribution_fits *f, struct fit_key *out, size_t max) {
	struct fit **list = fits_sorted(f);

	for (size_t i = 0; i < f->count && i < max; i++) {
		out[i] = list[i]->key;
	}
	free(list);
	return f->count;
}

/* ---- models ---- */

static int64_t days_apart(const struct fit *a, const struct fit *b) {
	return llabs(a->key.day_ns / NS_PER_DAY - b->key.day_ns / NS_PER_DAY);
}

static bool is_nearer(const struct fit *to, const struct fit *a, const struct fit *than) {
	int64_t one = days_apart(to, a), other = than ? days_apart(to, than) : INT64_MAX;

	return one < other || (one == other && a->key.day_ns < than->key.day_ns);
}

/* The nearest day before *or* after it, but `limit`, whose steps make a model. */
static bool solve_from_neighbours(const struct attribution_fits *f, struct fit *fit) {
	bool *tried = must_calloc(f->count + 1, sizeof *tried);
	bool found = false;

	for (size_t tries = 0; tries < f->count && !found; tries++) {
		size_t best = f->count;
		for (size_t i = 0; i < f->count; i++) {
			struct fit *other = f->list[i];
			if (!tried[i] && other != fit && other->cells.count > 0 && same_shape(&other->key, &fit->key) &&
			    is_nearer(fit, other, best < f->count ? f->list[best] : NULL)) {
				best = i;
			}
		}
		if (best == f->count) {
			break;
		}
		tried[best] = true;
		found = cells_solve(&f->list[best]->cells, &fit->model);
	}
	free(tried);
	if (found) {
		fit->model.origin = MODEL_NEIGHBOUR;
	}
	return found;
}

/* Each token takes the same time. */
static void solve_by_tokens(struct fit *fit) {
	fit->model = (struct step_model){.origin = MODEL_TOKENS, .steps = fit->model.steps, .outliers = fit->model.outliers};
	fit->model.ns[TERM_TOKENS] = 1;
}

const struct step_model *fits_model(struct attribution_fits *f, const struct fit_key *key) {
	struct fit *fit = fits_of(f, key);

	if (!fit->solved) {
		if (!cells_solve(&fit->cells, &fit->model) && !solve_from_neighbours(f, fit)) {
			solve_by_tokens(fit);
		}
		fit->solved = true;
	}
	return &fit->model;
}
