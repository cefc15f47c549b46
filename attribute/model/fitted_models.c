/* fitted_models.c: the fitted step models, and what is known about a replica's GPUs, for other rooms. */
#include <stdlib.h>

#include "attribute/model/fits_private.h"
#include "core/instant.h"

static const char *const role_names[] = {"mixed", "prefill", "decode"};

static struct fitted_model fitted_of(const struct fit_key *k, const struct step_model *m) {
	struct fitted_model out = {
		.model = k->model,
		.gpu = k->gpu,
		.gpus = k->gpus_per_replica,
		.role = role_names[k->role],
		.day_ns = k->day_ns,
		.fitted = m->origin == MODEL_FITTED || m->origin == MODEL_NEIGHBOUR,
		.has_attention = m->has_attention,
		.has_context = m->has_context,
		.steps = m->steps,
		.residual = m->residual_relative,
		.floor_ns = m->ns[TERM_FLOOR],
		.token_ns = m->ns[TERM_TOKENS],
		.prefill_token_kv_ns = m->ns[TERM_ATTENTION],
		.decode_kv_ns = m->ns[TERM_CONTEXT] + m->ns[TERM_UNEQUAL], /* of equal contexts */
		.mixed_kv_ns = m->ns[TERM_MIXED_CONTEXT] + m->ns[TERM_MIXED_UNEQUAL],
		.near_kv_ns = m->ns[TERM_NEAR_CONTEXT],
		.context_ntok = m->context_ntok,
		.context_ns = m->context_ns,
		.overlap = m->ns[TERM_OVERLAP],
		.overlap_token_kv_ns = m->overlap.token_kv,
		.overlap_kv_ns = m->overlap.kv + m->overlap.unequal,
		.prompt_ns = m->ns[TERM_PROMPT],
		.both_ns = m->ns[TERM_BOTH],
		.tile_excess_ns = m->ns[TERM_TILE],
		.hinge_count = HINGE_COUNT,
		.early_count = EARLY_COUNT,
	};

	_Static_assert(HINGE_COUNT <= FITTED_HINGES, "room for all hinges");
	for (int j = 0; j < HINGE_COUNT; j++) {
		out.hinge_ntok[j] = hinge_ntok[j];
		out.hinge_ns[j] = m->ns[TERM_HINGES + j];
	}
	_Static_assert(EARLY_COUNT <= FITTED_EARLY, "room for all of them");
	for (int j = 0; j < EARLY_COUNT; j++) {
		out.early_ntok[j] = early_ntok[j];
		out.early_ns[j] = m->ns[TERM_EARLY + j];
	}
	return out;
}

int fits_each_model(struct attribution_fits *f, fitted_sink *sink, void *context) {
	size_t count = fits_keys(f, NULL, 0);
	struct fit_key *keys = must_calloc(count + 1, sizeof *keys);
	int rc = 0;

	fits_keys(f, keys, count);
	for (size_t i = 0; i < count && rc >= 0; i++) {
		struct fitted_model m = fitted_of(&keys[i], fits_model(f, &keys[i]));
		rc = sink(context, &m);
	}
	free(keys);
	return rc;
}

bool fleet_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                    struct fleet_cards *out) {
	const struct pool *p = fleet_pool_of(f, names, replica, model);
	int64_t until_ns;

	if (!p) {
		return false;
	}
	*out = (struct fleet_cards){.gpu = p->gpu,
	                            .model = model != 0 ? model : p->model,
	                            .gpus = p->gpus_per_replica,
	                            .rate_nano = pool_rate_at(p, at_ns, &until_ns),
	                            .rate_from_ns = INT64_MIN,
	                            .role = role_names[p->role]};
	for (size_t i = 0; i < p->rate_count && p->rates[i].from_ns <= at_ns; i++) {
		out->rate_from_ns = p->rates[i].from_ns;
	}
	out->rate_until_ns = until_ns;
	return true;
}

void fleet_site_of(const struct fleet *f, name_id pool, int64_t *pue_nano, int64_t *per_kwh_nano) {
	*pue_nano = *per_kwh_nano = 0;
	for (size_t i = 0; i < f->pool_count; i++) {
		if (f->pools[i].name == pool) {
			*pue_nano = f->pools[i].pue_nano;
			*per_kwh_nano = f->pools[i].per_kwh_nano;
			return;
		}
	}
}

static bool has_impossible(const struct fit *fit, int64_t from_ns, int64_t to_ns) {
	bool outside = fit->key.day_ns >= to_ns || fit->key.day_ns + NS_PER_DAY <= from_ns;

	return !outside && fit->unfit > fit->model.steps / 100;
}

void fits_find_impossible(const struct attribution_fits *f, int64_t from_ns, int64_t to_ns, struct quality *quality) {
	long long impossible = 0, steps = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct fit *fit = f->list[i];
		if (has_impossible(fit, from_ns, to_ns)) {
			impossible += fit->unfit;
			steps += fit->unfit + fit->model.steps;
		}
	}
	for (size_t i = 0; i < f->count; i++) {
		if (has_impossible(f->list[i], from_ns, to_ns)) {
			quality_finding(quality, "duration", names_text(f->names, f->list[i]->key.model).at, NULL, QUALITY_NO_AMOUNT,
			                "%lld of %lld steps are shorter than 5 us or hold more tokens than any GPU computes in their "
			                "time: is gpu_ns in nanoseconds?", impossible, steps);
		}
	}
}
