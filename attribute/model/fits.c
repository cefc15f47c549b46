#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/fits_private.h"
#include "attribute/model/theory.h"
#include "core/error.h"
#include "core/exact.h"
#include "core/files/platform.h"
#include "core/instant.h"
#include "core/model/roofline.h"

/* ---- the table of keys ---- */

static bool same_key(const struct fit_key *a, const struct fit_key *b) {
	return a->model == b->model && a->gpu == b->gpu && a->gpus_per_replica == b->gpus_per_replica &&
	       a->role == b->role && a->day_ns == b->day_ns;
}

static size_t hash_key(const struct fit_key *k) {
	uint64_t h = (uint64_t)k->day_ns;

	h = (h ^ h >> 32 ^ k->model) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ (uint64_t)k->gpu << 8) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32 ^ (uint64_t)k->gpus_per_replica << 2 ^ k->role) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 20);
}

/* The slot of a key, or the empty one for it. */
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
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

struct attribution_fits *fits_like(const struct attribution_fits *f) {
	struct attribution_fits *new = attribution_fits_new(f->names);

	new->fleet = f->fleet;
	return new;
}

void fits_describe(struct attribution_fits *f, const struct fleet *fleet) {
	gpu_catalogue_free(f->cards); /* which may be another fleet's */
	f->cards = NULL;
	f->fleet = fleet;
}

void attribution_fits_free(struct attribution_fits *f) {
	if (!f) {
		return;
	}
	for (size_t i = 0; i < f->count; i++) {
		bins_release(&f->list[i]->bins);
		aggregates_free(f->list[i]->aggregates);
		free(f->list[i]->aggregate_model);
		free(f->list[i]->proportions);
		free(f->list[i]);
	}
	spool_free(f->spool);
	gpu_catalogue_free(f->cards);
	pthread_mutex_destroy(&f->lock);
	free(f->list);
	free(f->slots);
	free(f);
}

/* ---- bins, in memory and in the spool ---- */

#define SPOOL_BYTES ((size_t)4 << 20)

/* Items of a spool are aligned to 8 bytes, a bin's sums want 16: it is kept as bytes. */
struct spilled {
	struct fit_key key;
	unsigned level;
	unsigned char bin[sizeof(struct step_bin)];
};

static int compare_keys(const struct names *names, const struct fit_key *x, const struct fit_key *y);

static int compare_spilled(const void *names, const void *a_bytes, size_t a_len, const void *b_bytes, size_t b_len) {
	const struct spilled *a = a_bytes, *b = b_bytes;
	int order = compare_keys(names, &a->key, &b->key);

	return order != 0 ? order : memcmp(a, b, a_len < b_len ? a_len : b_len);
}

static void note_failure(struct attribution_fits *f, int rc) {
	f->failed = f->failed < 0 ? f->failed : rc;
}

static void spill(struct attribution_fits *f, struct fit *fit) {
	struct spilled item;
	struct fault why = {0};

	if (!f->spool) {
		f->spool = spool_new(1, SPOOL_BYTES, compare_spilled, f->names);
	}
	memset(&item, 0, sizeof item);
	item.key = fit->key;
	item.level = fit->bins.level;
	for (size_t i = 0; fit->bins.slots && i < (size_t)1 << fit->bins.slots_log2; i++) {
		if (fit->bins.slots[i].key != 0) {
			memcpy(item.bin, &fit->bins.slots[i], sizeof item.bin);
			int rc = spool_add(f->spool, 0, &item, sizeof item, &why);
			if (rc < 0 && f->failed == 0) {
				f->why = why;
				note_failure(f, rc);
			}
		}
	}
	bins_release(&fit->bins);
}

static void spill_oldest(struct attribution_fits *f) {
	size_t oldest = 0;

	for (size_t i = 1; i < f->open; i++) {
		oldest = f->opened[i]->used < f->opened[oldest]->used ? i : oldest;
	}
	struct fit *fit = f->opened[oldest];
	f->opened[oldest] = f->opened[--f->open];
	spill(f, fit);
}

struct step_bins *fits_bins(struct attribution_fits *f, struct fit *fit) {
	assert(!f->sealed);
	f->solved = false;
	if (!fit->bins.slots) {
		if (f->open == FITS_OPEN_MAX) {
			spill_oldest(f);
		}
		f->opened[f->open++] = fit;
		bins_open(&fit->bins);
	}
	fit->used = ++f->clock;
	fit->by_steps = true;
	return &fit->bins;
}

/* ---- adding ---- */

/* Two engines of one key may have different rules: then none is kept. */
static void note_ranks(struct fit *fit, const struct rank_rule *rule) {
	bool same = fit->ranks.pairs == 0 || memcmp(&fit->ranks, rule, sizeof *rule) == 0;

	fit->ranks = same ? *rule : (struct rank_rule){.pairs = RULES_DIFFER};
}

void fits_add_step(struct attribution_fits *f, const struct fit_key *key, const struct fit_step *s) {
	struct fit *fit = fits_of(f, key);

	if (!bins_add_step(fits_bins(f, fit), &s->batch, s->duration_ns, s->attention_known, s->context_known)) {
		fit->unfit++;
	}
	if (s->ranks) {
		note_ranks(fit, s->ranks);
	}
}

static struct aggregates *aggregates_of(struct fit *fit) {
	if (!fit->aggregates) {
		fit->aggregates = must_calloc(1, sizeof *fit->aggregates);
	}
	return fit->aggregates;
}

struct aggregates *fits_aggregates(struct attribution_fits *f, const struct fit_key *key) {
	return aggregates_of(fits_of(f, key));
}

void fits_note_sums(struct attribution_fits *f, const struct fit_key *key, bool used) {
	struct fit *fit = fits_of(f, key);

	fit->uses_sums |= used;
	fit->without_sums |= !used;
}

bool fits_lack_sums(const struct attribution_fits *f) {
	for (size_t i = 0; i < f->count; i++) {
		const struct fit *fit = f->list[i];
		if (fit->without_sums && (fit->uses_sums || !fit->aggregates || !aggregates_are_rebuilt(fit->aggregates))) {
			return true;
		}
	}
	return false;
}

static void merge_fit(void *to, struct fit *from, const struct step_bins *bins) {
	struct attribution_fits *f = to;
	struct fit *fit = fits_of(f, &from->key);

	fit->unfit += from->unfit;
	fit->by_steps |= from->by_steps;
	fit->without_sums |= from->without_sums;
	fit->uses_sums |= from->uses_sums;
	if (from->ranks.pairs != 0) {
		note_ranks(fit, &from->ranks);
	}
	if (from->aggregates) {
		aggregates_join(aggregates_of(fit), from->aggregates);
	}
	for (size_t i = 0; bins->slots && i < (size_t)1 << bins->slots_log2; i++) {
		if (bins->slots[i].key != 0) {
			bins_add_bin(fits_bins(f, fit), &bins->slots[i], bins->level);
		}
	}
}

int fits_merge(struct attribution_fits *f, struct attribution_fits *from, struct fault *why) {
	return fits_each(from, merge_fit, f, why);
}

/* ---- in order ---- */

static int compare_keys(const struct names *names, const struct fit_key *x, const struct fit_key *y) {
	int order = text_compare(names_text(names, x->model), names_text(names, y->model));

	order = order ? order : text_compare(names_text(names, x->gpu), names_text(names, y->gpu));
	order = order ? order : exact_order(x->gpus_per_replica, y->gpus_per_replica);
	order = order ? order : exact_order((int64_t)x->role, (int64_t)y->role);
	return order ? order : exact_order(x->day_ns, y->day_ns);
}

static int by_texts(const void *a, const void *b, void *names) {
	return compare_keys(names, &(*(struct fit *const *)a)->key, &(*(struct fit *const *)b)->key);
}

struct fit **fits_sorted(const struct attribution_fits *f) {
	struct fit **list = must_alloc((f->count + 1) * sizeof *list);

	for (size_t i = 0; i < f->count; i++) {
		list[i] = f->list[i];
	}
	platform_sort(list, f->count, sizeof(struct fit *), by_texts, f->names);
	return list;
}

size_t fits_keys(const struct attribution_fits *f, struct fit_key *out, size_t max) {
	struct fit **list = fits_sorted(f);
	size_t used = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (list[i]->by_steps && used++ < max) {
			out[used - 1] = list[i]->key;
		}
	}
	free(list);
	return used;
}

/* ---- each with all its bins ---- */

/* Merges the bins of one fit; *next is the first item of another fit, NULL at the end. */
static int gather(struct spool_reader *reader, const struct fit *fit, struct step_bins *bins, const struct spilled **next,
                  struct fault *why) {
	int got = 1;

	while (*next && same_key(&(*next)->key, &fit->key)) {
		const void *item = NULL;
		struct step_bin bin;
		size_t len;
		memcpy(&bin, (*next)->bin, sizeof bin);
		bins_add_bin(bins, &bin, (*next)->level);
		got = spool_next(reader, &item, &len, why);
		*next = got > 0 ? item : NULL;
	}
	return got < 0 ? got : 0;
}

static int seal(struct attribution_fits *f, struct fault *why) {
	int rc = 0;

	if (!f->sealed) {
		f->sealed = true;
		for (size_t i = 0; i < f->count; i++) {
			if (f->list[i]->bins.slots) {
				spill(f, f->list[i]);
			}
		}
		rc = spool_seal(f->spool, why);
	}
	if (f->failed < 0) {
		*why = f->why;
		return f->failed;
	}
	return rc;
}

static int each_spilled(struct attribution_fits *f, struct fit **list, fits_visitor *visit, void *context,
                        struct fault *why) {
	struct spool_reader *reader;
	const void *item = NULL;
	size_t len;
	int rc = seal(f, why);

	if (rc < 0 || (rc = spool_reader_new(&reader, f->spool, why)) < 0) {
		return rc;
	}
	rc = spool_next(reader, &item, &len, why);
	const struct spilled *next = rc > 0 ? item : NULL;
	for (size_t i = 0; i < f->count && rc >= 0; i++) {
		struct step_bins bins = {0};
		rc = gather(reader, list[i], &bins, &next, why);
		if (rc >= 0) {
			visit(context, list[i], &bins);
		}
		bins_release(&bins);
	}
	spool_reader_free(reader);
	return rc;
}

int fits_each(struct attribution_fits *f, fits_visitor *visit, void *context, struct fault *why) {
	struct fit **list = fits_sorted(f);
	int rc = 0;

	if (f->spool) {
		rc = each_spilled(f, list, visit, context, why);
	} else {
		for (size_t i = 0; i < f->count; i++) {
			visit(context, list[i], &list[i]->bins);
		}
	}
	free(list);
	return rc;
}

/* ---- models ---- */

/* The fit of the same shape, or of another role, some days off; NULL: none. */
static struct fit *beside(const struct attribution_fits *f, const struct fit *fit, enum role role, int64_t days) {
	struct fit_key key = fit->key;

	key.role = role;
	key.day_ns += days * NS_PER_DAY;
	uint32_t number = *find(f, &key);
	return number > 0 ? f->list[number - 1] : NULL;
}

/* The model of the day before, else of the day after, if its steps determine one. */
static bool use_neighbours(const struct attribution_fits *f, struct fit *fit) {
	const struct fit *before = beside(f, fit, fit->key.role, -1), *after = beside(f, fit, fit->key.role, 1);
	const struct fit *best = before && before->own ? before : after;

	if (!best || !best->own) {
		return false;
	}
	fit->model = best->model;
	fit->model.origin = MODEL_NEIGHBOUR;
	fit->taken_from_ns = best->key.day_ns;
	return true;
}

/* What is published about GPUs, read when first needed; NULL: it cannot be read. */
static const struct gpu_catalogue *cards_of(struct attribution_fits *f) {
	struct fault why;

	if (!f->cards && gpu_catalogue_read(&f->cards, fleet_cards(f->fleet), &why) < 0) {
		return NULL;
	}
	return f->cards;
}

/* From what is published about the GPU. */
static bool by_theory(struct attribution_fits *f, struct fit *fit) {
	const struct gpu_catalogue *cards = fit->key.gpu != 0 ? cards_of(f) : NULL;
	struct step_model m;

	if (!cards) {
		return false;
	}
	const struct modelspec *described =
		f->fleet ? fleet_description_of(f->fleet, fit->key.model, fit->key.gpu, fit->key.gpus_per_replica) : NULL;
	if (!theory_model(cards, names_text(f->names, fit->key.gpu), fit->key.gpus_per_replica, described, &m)) {
		return false;
	}
	m.steps = fit->model.steps;
	m.outliers = fit->model.outliers;
	fit->model = m;
	return true;
}

/* Each token takes the same time. */
static void by_tokens(struct fit *fit) {
	fit->model = (struct step_model){.origin = MODEL_TOKENS, .steps = fit->model.steps, .outliers = fit->model.outliers};
	fit->model.ns[TERM_TOKENS] = 1;
}

static void solve_own(void *context, struct fit *fit, const struct step_bins *bins) {
	(void)context;
	fit->own = bins_solve(bins, &fit->model);
}

static void complete(struct attribution_fits *f, struct fit *fit) {
	if (!fit->own && !use_neighbours(f, fit) && !by_theory(f, fit)) {
		by_tokens(fit);
	}
}

int fits_solve(struct attribution_fits *f, struct fault *why) {
	int rc = f->solved ? 0 : fits_each(f, solve_own, NULL, why);

	for (size_t i = 0; !f->solved && i < f->count; i++) {
		complete(f, f->list[i]);
	}
	f->solved = rc >= 0;
	return rc;
}

/* The fit of a key, with a model even if there was no evidence for one yet. */
static struct fit *solved_fit(struct attribution_fits *f, const struct fit_key *key) {
	size_t before = f->count;
	struct fit *fit = fits_of(f, key);

	assert(f->solved);
	if (f->count > before) {
		complete(f, fit);
	}
	return fit;
}

const struct step_model *fits_model(struct attribution_fits *f, const struct fit_key *key) {
	pthread_mutex_lock(&f->lock);
	struct fit *fit = solved_fit(f, key);
	fit->by_steps = true;
	pthread_mutex_unlock(&f->lock);
	return &fit->model;
}

const struct step_model *fits_fitted(struct attribution_fits *f, const struct fit_key *key) {
	pthread_mutex_lock(&f->lock);
	uint32_t number = f->count > 0 ? *find(f, key) : 0;
	const struct step_model *m = number > 0 ? &f->list[number - 1]->model : NULL;
	pthread_mutex_unlock(&f->lock);

	assert(f->solved);
	return m && m->origin <= MODEL_NEIGHBOUR && m->has_attention && m->has_context ? m : NULL;
}

/* ---- fits of requests and windows ---- */

/* If nothing is published about the GPU: peak FLOP/s over bandwidth of today's GPUs (A100 153, H100 295, B200 281). */
#define RIDGE_NTOK 300

static double ridge_of(struct attribution_fits *f, const struct fit_key *key) {
	const struct modelspec *described = f->fleet ? fleet_description_of(f->fleet, key->model, key->gpu, key->gpus_per_replica) : NULL;
	const struct gpu_catalogue *cards = key->gpu != 0 ? cards_of(f) : NULL;
	double ridge = RIDGE_NTOK;

	if (cards) {
		theory_ridge(cards, names_text(f->names, key->gpu), key->gpus_per_replica, described, &ridge);
	}
	return ridge;
}

static const struct proportions *proportions_for(struct attribution_fits *f, const struct fit_key *key) {
	struct fit *fit = fits_of(f, key);

	if (!fit->proportions) {
		const struct modelspec *described = f->fleet ? fleet_description_of(f->fleet, key->model, key->gpu, key->gpus_per_replica) : NULL;
		const struct gpu_catalogue *cards = key->gpu != 0 ? cards_of(f) : NULL;
		fit->proportions = must_alloc(sizeof *fit->proportions);
		proportions_of(cards, names_text(f->names, key->gpu), key->gpus_per_replica, described, names_text(f->names, key->model),
		               fit->proportions);
	}
	return fit->proportions;
}

const struct proportions *fits_proportions(struct attribution_fits *f, const struct fit_key *key) {
	pthread_mutex_lock(&f->lock);
	const struct proportions *p = proportions_for(f, key);
	pthread_mutex_unlock(&f->lock);
	return p;
}

static const struct aggregates *aggregates_near(const struct attribution_fits *f, const struct fit *fit, enum role role,
                                        int64_t days) {
	const struct fit *other = beside(f, fit, role, days);

	return other ? other->aggregates : NULL;
}

static const struct aggregate_model *aggregate_model_for(struct attribution_fits *f, const struct fit_key *key) {
	struct fit *fit = solved_fit(f, key);

	if (!fit->aggregate_model) {
		struct aggregate_sources s = {.day = fit->aggregates, .ridge_ntok = ridge_of(f, key), .proportions = proportions_for(f, key), .prefill_only = key->role == ROLE_PREFILL};
		for (int day = 0, at = 0; day < 3; day++) {
			s.days[day] = aggregates_near(f, fit, key->role, day - 1);
			for (enum role role = ROLE_MIXED; role <= ROLE_DECODE; role++) {
				if (role != key->role) {
					s.others[at++] = aggregates_near(f, fit, role, day - 1);
				}
			}
		}
		fit->aggregate_model = must_alloc(sizeof *fit->aggregate_model);
		aggregates_solve(&s, fit->aggregate_model);
	}
	return fit->aggregate_model;
}

const struct aggregate_model *fits_aggregate_model(struct attribution_fits *f, const struct fit_key *key) {
	pthread_mutex_lock(&f->lock);
	const struct aggregate_model *m = aggregate_model_for(f, key);
	pthread_mutex_unlock(&f->lock);
	return m;
}
