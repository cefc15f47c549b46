#include "attribute/early_fits.h"

#include <stdlib.h>

#include "attribute/model/step_bins.h"
#include "attribute/split/pass.h"
#include "attribute/split/step_fit.h"
#include "core/instant.h"

/* Servers and days of one lane; with more, the evidence is read: the bins of one may take 4 MB. */
#define KEYS_MOST 8

struct gathered {
	name_id replica, model;
	int64_t day_ns;
	struct step_bins bins;
	int64_t unfit; /* steps that the bins leave out */
};

struct early_lane {
	struct gathered at[KEYS_MOST];
	size_t count, last; /* last: the one used last */
	bool ended;         /* the evidence will be read */
	char apart[64];     /* threads that write to one cache line slow each other down */
};

struct early_fits {
	struct early_lane *lanes;
	unsigned lane_count;
};

struct early_fits *early_fits_new(unsigned lanes) {
	struct early_fits *e = must_calloc(1, sizeof *e);

	e->lanes = must_calloc(lanes, sizeof *e->lanes);
	e->lane_count = lanes;
	return e;
}

static void release_bins(struct early_lane *l) {
	for (size_t i = 0; i < l->count; i++) {
		bins_release(&l->at[i].bins);
	}
	l->count = l->last = 0;
}

void early_fits_free(struct early_fits *e) {
	if (!e) {
		return;
	}
	for (unsigned i = 0; i < e->lane_count; i++) {
		release_bins(&e->lanes[i]);
	}
	free(e->lanes);
	free(e);
}

static bool is_of(const struct gathered *g, const struct item *item) {
	return g->replica == item->replica && g->model == item->model && item->at_ns >= g->day_ns && item->at_ns - g->day_ns < NS_PER_DAY;
}

/* The bins of a step's server, model and day; NULL: there are too many. */
static struct gathered *gathered_of(struct early_lane *l, const struct item *item) {
	if (l->last < l->count && is_of(&l->at[l->last], item)) {
		return &l->at[l->last];
	}
	for (l->last = 0; l->last < l->count && !is_of(&l->at[l->last], item); l->last++) {
	}
	if (l->last == KEYS_MOST) {
		return NULL;
	}
	if (l->last == l->count) {
		l->at[l->count++] = (struct gathered){.replica = item->replica, .model = item->model, .day_ns = instant_floor(item->at_ns, NS_PER_DAY)};
		bins_open(&l->at[l->last].bins);
	}
	return &l->at[l->last];
}

void early_fits_add_item(struct early_fits *e, unsigned lane, const struct item *item) {
	static const struct flight none;
	struct early_lane *l = &e->lanes[lane];
	struct fit_step step;

	if (l->ended || item->kind == ITEM_POWER) {
		return;
	}
	struct gathered *g = item->kind == ITEM_STEP ? gathered_of(l, item) : NULL;
	if (!g) {
		l->ended = true;
		release_bins(l);
	} else if (step_fit(&none, (const struct step_item *)item, &step) &&
	           !bins_add_step(&g->bins, &step.batch, step.duration_ns, step.attention_known, step.context_known)) {
		g->unfit++;
	}
}

/* Has the replica steps and nothing else, none of them twice, in one spell? */
static bool is_certain(const struct replicas *replicas, const struct replica_summary *s, const struct attribute_options *o, bool once) {
	struct spell *spells = NULL;

	if (s->requests + s->windows > 0 || (s->steps > 0 && !s->arrival.ordered && !once)) {
		return false;
	}
	if (s->steps > 0) {
		days_spells(replicas_days(replicas, s->replica), s, o, &spells);
	}
	bool one = !spells;
	free(spells);
	return one;
}

static bool are_certain(const struct early_fits *e, const struct replicas *replicas, const struct attribute_options *o, bool once) {
	const struct replica_summary *s = NULL;
	bool certain = true;

	for (unsigned i = 0; i < e->lane_count; i++) {
		certain &= !e->lanes[i].ended;
	}
	while (certain && (s = replicas_next(replicas, s))) {
		certain = is_certain(replicas, s, o, once);
	}
	return certain;
}

bool early_fits_take(struct early_fits *e, const struct replicas *replicas, const struct attribute_options *o, bool once, struct attribution_fits *fits) {
	if (!are_certain(e, replicas, o, once)) {
		return false;
	}
	for (unsigned i = 0; i < e->lane_count; i++) {
		for (size_t k = 0; k < e->lanes[i].count; k++) {
			const struct gathered *g = &e->lanes[i].at[k];
			const struct replica_summary *s = replicas_of(replicas, g->replica);
			const struct fit_key key = pass_key(s, fleet_pool_of(o->fleet, o->names, s->replica, s->model), g->model, g->day_ns);
			fits_add_bins(fits, &key, &g->bins, g->unfit);
		}
		release_bins(&e->lanes[i]);
	}
	return true;
}
