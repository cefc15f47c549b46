/* whatif_play.c: replays one scenario: its changed requests on the engines of their replicas. */
#include <math.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/instant.h"
#include "core/model/law.h"
#include "report/estimate/whatif.h"
#include "report/estimate/whatif_item.h"

struct player {
	struct whatif *w;
	const struct scenario *s;
	struct outcome *out;
	struct spool *handed; /* requests with computed prompts, for the replica that decodes them */
	struct replay *engine;
	name_id replica;
	int64_t gpus;
	int64_t day_ns;
	struct fitted_model model;
	double prompt_factor;
};

/* ---- the model of a replica and day ---- */

static int64_t apart(int64_t a, int64_t b) {
	return a > b ? a - b : b - a;
}

/* Of the same model, GPUs and, if possible, role; the nearest day. */
static const struct fitted_model *nearest(const struct whatif *w, const struct estimate_cards *c, const char *role,
                                          int64_t at_ns) {
	const struct fitted_model *best = NULL;
	bool best_role = false;

	for (size_t i = 0; i < w->model_count; i++) {
		const struct fitted_model *m = &w->models[i];
		bool same_role = strcmp(m->role, role) == 0;
		if (!m->fitted || m->model != c->model || m->gpu != c->gpu || m->gpus != c->gpus || (best_role && !same_role)) {
			continue;
		}
		if (!best || (same_role && !best_role) || apart(m->day_ns, at_ns) < apart(best->day_ns, at_ns)) {
			best = m;
			best_role = same_role;
		}
	}
	return best;
}

/* part of a floor that is not reading weights: the median of the law over published measurements */
#define LAUNCHES 0.25

/*
 * Scales to another GPU at the same batch, by the measured efficiencies of their kinds: memory-bound terms by
 * bandwidth, compute-bound terms by FLOP/s, launches hardly at all.
 */
static void scale(struct player *p, const struct gpu *from, const struct gpu *to) {
	struct law_card_efficiency was = law_card_of(from), is = law_card_of(to);
	double memory = was.bandwidth / is.bandwidth, arithmetic = was.flops / is.flops;
	struct fitted_model *m = &p->model;

	m->floor_ns *= (1 - LAUNCHES) * memory + LAUNCHES * is.floor / was.floor;
	m->decode_kv_ns *= memory;
	m->mixed_kv_ns *= memory;
	m->prompt_ns *= memory;
	m->both_ns *= memory;
	for (int i = 0; i < m->early_count; i++) {
		m->early_ns[i] *= memory;
	}
	m->token_ns *= arithmetic, m->tile_excess_ns *= arithmetic;
	m->prefill_token_kv_ns *= arithmetic;
	for (int i = 0; i < m->hinge_count; i++) {
		m->hinge_ns[i] *= arithmetic;
	}
	p->out->extrapolated = true;
}

/* Size of the cache: as stated, else the GPU's memory without the weights, if both are known. */
static int bound_cache(struct player *p, const struct estimate_cards *c, struct fault *why) {
	const struct whatif_options *o = &p->w->o;
	const struct modelspec *spec = o->described ? o->described(o->context, c->model, c->gpu, c->gpus) : NULL;
	const struct gpu *card = p->s->card ? p->s->card : c->gpu ? gpu_find(p->w->cards, names_text(o->names, c->gpu)) : NULL;
	int64_t kv_tokens = o->kv_tokens;

	if (kv_tokens == 0 && spec && card) {
		struct modelsize size;
		modelspec_size(spec, &size);
		double share = o->memory > 0 ? (double)o->memory / 1e9 : 0.9;
		double room = (double)card->memory_bytes * (double)c->gpus * share - (double)size.weight_bytes;
		kv_tokens = size.kv_token_bytes > 0 ? (int64_t)(room / (double)size.kv_token_bytes) : 0;
		if (room <= 0 || (size.kv_token_bytes > 0 && kv_tokens < 1)) {
			return fault_set(why, ERROR_CONFIG, "the weights of %s leave no room in %.2g of the memory of "
							    "%lld x %s, expected larger GPUs, --memory or --kv-tokens",
			                 spec->name, share, (long long)c->gpus, card->name);
		}
	}
	replay_kv_tokens(p->engine, kv_tokens);
	if (kv_tokens > 0 && (p->out->kv_tokens == 0 || kv_tokens < p->out->kv_tokens)) {
		p->out->kv_tokens = kv_tokens;
	}
	return 0;
}

static int set_model(struct player *p, name_id replica, const struct request_played *q, const char *role, struct fault *why) {
	struct whatif *w = p->w;
	struct estimate_cards cards;
	bool known = w->o.cards_of(w->o.context, replica, q->model, q->arrival_ns, &cards);
	const struct fitted_model *m = known ? nearest(w, &cards, role ? role : cards.role, q->arrival_ns) : NULL;

	if (!m) {
		char name[400];
		json_escape(text_cut(names_text(w->o.names, replica), 0, 60), name, sizeof name);
		return fault_set(why, ERROR_CONFIG, "replica %s has no fitted step model: expected logs with steps (tollbook help formats)", name);
	}
	p->model = *m;
	p->gpus = cards.gpus;
	if (p->s->card) {
		const struct gpu *from = cards.gpu ? gpu_find(w->cards, names_text(w->o.names, cards.gpu)) : NULL;
		if (!from) {
			return fault_set(why, ERROR_CONFIG, "--gpu: the log's own GPU is not known, expected \"gpu\" in the fleet file to be one of samples/gpus.json");
		}
		scale(p, from, p->s->card);
	}
	replay_model(p->engine, &p->model);
	return bound_cache(p, &cards, why);
}

/* ---- engines ---- */

static void add_sums(struct player *p) {
	const struct replay_sums *from = replay_result(p->engine);
	struct replay_sums *to = &p->out->sums;

	to->busy_ns += from->busy_ns * p->gpus;
	to->prefill_ns += from->prefill_ns * p->gpus;
	to->cached_ns += from->cached_ns * p->gpus;
	to->decode_ns += from->decode_ns * p->gpus;
	to->steps += from->steps;
	to->decode_steps += from->decode_steps;
	to->decode_slots += from->decode_slots;
	to->requests += from->requests;
	to->input += from->input;
	to->input_cached += from->input_cached;
	to->output += from->output;
	to->preemptions += from->preemptions;
	to->recomputed += from->recomputed;
	to->drain_ns += from->drain_ns * p->gpus;
	to->first_tokens += from->first_tokens;
	to->first_token_wait_ns += from->first_token_wait_ns;
}

static int hand_over(void *player, const struct replay_request *q, int64_t at_ns, struct fault *why) {
	struct player *p = player;
	struct request_played item;

	memset(&item, 0, sizeof item);
	item.replica = q->to;
	item.model = p->model.model;
	item.arrival_ns = at_ns + p->w->o.transfer_ns * q->prompt;
	item.prompt = (uint32_t)q->prompt;
	item.cached = (uint32_t)q->cached;
	item.completion = (uint32_t)q->completion;
	return spool_add(p->handed, 0, &item, sizeof item, why);
}

static int close_engine(struct player *p, struct fault *why) {
	int err = p->engine ? replay_end(p->engine, why) : 0;

	if (p->engine) {
		add_sums(p);
		replay_free(p->engine);
		p->engine = NULL;
	}
	return err;
}

static void open_engine(struct player *p, name_id replica) {
	p->engine = replay_new(&(struct replay_options){.chunk = p->s->chunk, .max_batch = p->s->max_batch, .done = hand_over, .context = p});
	p->replica = replica;
	p->day_ns = INT64_MIN;
}

/* ---- requests ---- */

static int128 at_load(const struct scenario *s, int128 ns) {
	return isnan(s->load) ? ns : exact_div(ns * NANO, llround(s->load * 1e9));
}

/* Fails if a lower load ends after the year 2262. */
static int changed(const struct player *p, const struct request_played *q, struct replay_request *out, struct fault *why) {
	const struct scenario *s = p->s;
	double prompt = fmin(PLAYED_TOKENS_MAX, fmax(1, round((double)q->prompt * p->prompt_factor)));
	double cached = isnan(s->cache_hit) ? floor((double)q->cached * p->prompt_factor) : floor(prompt * s->cache_hit);
	int128 arrival_ns = p->w->first_ns + at_load(s, (int128)q->arrival_ns - p->w->first_ns);

	if (arrival_ns > REPLAY_LAST_NS) {
		return fault_set(why, ERROR_RANGE, "at %.4g times the load these requests arrive over centuries, expected shorter logs or more --load", s->load);
	}
	*out = (struct replay_request){
		.arrival_ns = (int64_t)arrival_ns,
		.prompt = (int64_t)prompt,
		.cached = (int64_t)fmax(0, fmin(cached, prompt - 1)),
		.completion = q->completion,
		.leaves = s->disaggregate || q->decode_replica != 0,
		.to = q->decode_replica != 0 ? q->decode_replica : q->replica,
	};
	return 0;
}

static int play_one(struct player *p, const struct request_played *q, bool handed, struct fault *why) {
	struct replay_request request = {.arrival_ns = q->arrival_ns, .prompt = q->prompt, .cached = q->cached, .completion = q->completion, .prefilled = true};
	int64_t day_ns = instant_floor(q->arrival_ns, NS_PER_DAY);
	int err = handed ? 0 : changed(p, q, &request, why);

	if (!err && (!p->engine || q->replica != p->replica)) {
		err = close_engine(p, why);
		open_engine(p, q->replica);
	}
	if (!err && day_ns != p->day_ns) {
		p->day_ns = day_ns;
		err = set_model(p, q->replica, q, handed && !p->s->disaggregate ? "decode" : NULL, why);
	}
	return err ? err : replay_add(p->engine, &request, why);
}

static int play_all(struct player *p, struct spool *from, bool handed, struct fault *why) {
	struct spool_reader *reader;
	const void *item;
	size_t len;
	int got = 0, err = spool_reader_new(&reader, from, why);

	struct request_played last = {0};
	while (!err && (got = spool_next(reader, &item, &len, why)) > 0) {
		if (!request_played_twice(item, &last)) {
			memcpy(&last, item, sizeof last);
			err = play_one(p, item, handed, why);
		}
	}
	err = err ? err : got;
	int failed = close_engine(p, why);
	spool_reader_free(reader);
	return err ? err : failed;
}

int whatif_play(struct whatif *w, const struct scenario *s, struct outcome *out, struct fault *why) {
	struct player p = {.w = w, .s = s, .out = out, .prompt_factor = 1};

	*out = (struct outcome){.capacity_gpu_ns = at_load(s, w->capacity_ns)};
	if (!isnan(s->input_output)) {
		p.prompt_factor = s->input_output * (double)w->output / (double)w->input;
	}
	p.handed = spool_new(1, PLAYED_MEMORY, request_played_order, w->o.names);
	int err = play_all(&p, w->requests, false, why);
	err = err ? err : spool_seal(p.handed, why);
	err = err || spool_count(p.handed) == 0 ? err : play_all(&p, p.handed, true, why);
	spool_free(p.handed);
	return err;
}
