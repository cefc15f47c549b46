/* versus.c: adds steps, entries and fits. */
#include "report/estimate/versus.h"

#include <math.h>
#include <stdlib.h>

#include "core/instant.h"

/* "NAME=FILE": the part before the sign; empty if it is a file for all models. */
static struct text name_of(const char *option) {
	struct text t = text_of(option);
	size_t sign = text_find_byte(t, '=');

	return sign == SIZE_MAX ? T("") : text_cut(t, 0, sign);
}

static const char *path_of(const char *option) {
	struct text name = name_of(option);

	return name.len > 0 ? option + name.len + 1 : option;
}

struct versus *versus_new(const struct versus_options *o, struct fault *why) {
	struct versus *v = must_calloc(1, sizeof *v);

	v->o = *o;
	v->specs = must_calloc(o->model_count, sizeof *v->specs);
	v->tables = must_calloc(o->lanes + 1, sizeof *v->tables);
	int err = gpu_catalogue_read(&v->cards, o->catalogue_path, why);
	for (size_t i = 0; !err && i < o->model_count; i++) {
		err = modelspec_read(&v->specs[i], path_of(o->models[i]), why);
	}
	if (err) {
		versus_free(v);
		return NULL;
	}
	return v;
}

void versus_free(struct versus *v) {
	if (!v) {
		return;
	}
	for (unsigned i = 0; i <= v->o.lanes; i++) {
		free(v->tables[i].at);
		free(v->tables[i].cases);
		hash_index_release(&v->tables[i].index);
		roof_release(&v->tables[i].roof);
	}
	free(v->tables);
	free(v->specs);
	free(v->models);
	gpu_catalogue_free(v->cards);
	free(v);
}

/* The description for a model of the log: that of its name, else one without a name. */
static const struct modelspec *spec_of(const struct versus *v, name_id model) {
	const struct modelspec *found = NULL;

	for (size_t i = 0; i < v->o.model_count; i++) {
		struct text name = name_of(v->o.models[i]);
		if (name.len > 0 && text_eq_nocase(name, names_text(v->o.names, model))) {
			return &v->specs[i];
		}
		found = name.len == 0 ? &v->specs[i] : found;
	}
	return found;
}

int32_t versus_case_find(struct versus *v, struct versus_table *t, name_id model, name_id gpu, int64_t gpus) {
	for (size_t i = 0; i < t->case_count; i++) {
		if (t->cases[i].model == model && t->cases[i].gpu == gpu && t->cases[i].gpus == gpus) {
			return (int32_t)i;
		}
	}
	const struct modelspec *spec = spec_of(v, model);
	if (!spec && v->o.described) {
		spec = v->o.described(v->o.context, model, gpu, gpus);
	}
	const struct gpu *card = gpu == 0 ? NULL : gpu_find(v->cards, names_text(v->o.names, gpu));
	struct versus_case c = {.model = model, .gpu = gpu, .gpus = gpus, .known = spec && card};

	if (c.known) {
		roofline_init(&c.roofline, spec, card, gpus, 1, 1);
	}
	t->cases = must_realloc(t->cases, (t->case_count + 1) * sizeof *t->cases);
	t->cases[t->case_count] = c;
	return (int32_t)t->case_count++;
}

/* ---- hours, by replica and hour ---- */

struct versus_hour *versus_next(const struct versus_table *t, name_id replica, int64_t hour_ns, uint64_t *at) {
	uint64_t hash = versus_hash(replica, hour_ns);
	uint32_t i;

	while (hash_index_next(&t->index, hash, at, &i)) {
		if (t->at[i].replica == replica && t->at[i].hour_ns == hour_ns) {
			return &t->at[i];
		}
	}
	return NULL;
}

static struct versus_hour *add_hour(struct versus_table *t, const struct versus_hour *h) {
	if (t->count == t->room) {
		t->room = t->room > 0 ? 2 * t->room : 32;
		t->at = must_realloc(t->at, t->room * sizeof *t->at);
	}
	t->at[t->count] = *h;
	hash_index_add(&t->index, versus_hash(h->replica, h->hour_ns), (uint32_t)t->count);
	return &t->at[t->count++];
}

static struct versus_hour new_hour(struct versus *v, struct versus_table *t, name_id replica, name_id model, int64_t at_ns) {
	struct versus_hour h = {.replica = replica, .model = model, .hour_ns = instant_floor(at_ns, NS_PER_HOUR), .case_at = -1,
	                        .gpus = 1, .rate_nano = -1, .rate_from_ns = INT64_MIN, .rate_until_ns = INT64_MAX};
	struct estimate_cards cards;

	if (v->o.cards_of(v->o.context, replica, model, at_ns, &cards)) {
		h.gpus = cards.gpus;
		h.rate_nano = cards.rate_nano;
		h.rate_from_ns = cards.rate_from_ns;
		h.rate_until_ns = cards.rate_until_ns;
		h.model = cards.model;
		h.role = cards.role;
		h.case_at = versus_case_find(v, t, cards.model, cards.gpu, cards.gpus);
	}
	return h;
}

/* The sums of a replica's hour that contains an instant; its case is resolved when it is new. */
static struct versus_hour *versus_find(struct versus *v, struct versus_table *t, name_id replica, name_id model, int64_t at_ns) {
	int64_t hour_ns = instant_floor(at_ns, NS_PER_HOUR);
	uint64_t at = versus_hash(replica, hour_ns);

	for (struct versus_hour *h; (h = versus_next(t, replica, hour_ns, &at));) {
		if (at_ns >= h->rate_from_ns && at_ns < h->rate_until_ns) {
			return h;
		}
	}
	struct versus_hour new = new_hour(v, t, replica, model, at_ns);
	return add_hour(t, &new);
}

/* The hour of an entry: by its rate, which may differ from today's fleet file. */
static struct versus_hour *find_entry(struct versus *v, struct versus_table *t, const struct entry *e) {
	int64_t hour_ns = instant_floor(e->slot_ns, NS_PER_HOUR);
	uint64_t at = versus_hash(e->replica, hour_ns);

	for (struct versus_hour *h; (h = versus_next(t, e->replica, hour_ns, &at));) {
		if (h->rate_nano == e->rate_nano) {
			return h;
		}
	}
	struct versus_hour new = new_hour(v, t, e->replica, e->model, e->slot_ns);
	new.rate_nano = e->rate_nano;
	new.pool = e->pool;
	return add_hour(t, &new);
}

static double known(int64_t n) {
	return n == UNKNOWN ? 0 : (double)n;
}

/* The part of a step between two instants within it: cumulatively rounded, so that its parts sum to the whole. */
static int64_t between(double whole, double from, double to) {
	return llround(whole * to) - llround(whole * from);
}

/* From `from` to `to`, shares of the step's duration. */
static void add_step(struct versus_hour *h, const struct roofline *r, const struct step *s, double from, double to) {
	struct roofline_step at_peak;
	double d = known(s->decode_tokens != UNKNOWN ? s->decode_tokens : s->decode_requests);

	roofline_step(r, known(s->prefill_tokens), known(s->prefill_token_kv), d, known(s->decode_kv_tokens), &at_peak);
	double attention_flop = at_peak.prefill_attention_ns + at_peak.context_flop_ns;
	h->arithmetic_ns += between(at_peak.matrix_flop_ns + attention_flop, from, to);
	h->byte_ns += between(at_peak.matrix_byte_ns + at_peak.context_byte_ns, from, to);
	h->batch_ns += between(at_peak.matrix_ns - at_peak.matrix_flop_ns, from, to);
	h->context_ns += between(at_peak.decode_attention_ns - at_peak.context_flop_ns, from, to);
}

/* The whole step counts under the roofline in the hour where it began. */
static void add_to_roof(struct versus_table *t, const struct versus_hour *h, const struct step *s) {
	const struct roofline *r = &t->cases[h->case_at].roofline;
	double p = known(s->prefill_tokens), d = known(s->decode_tokens != UNKNOWN ? s->decode_tokens : s->decode_requests);
	struct roofline_step at;
	int64_t gpu_ns;

	roofline_step(r, p, known(s->prefill_token_kv), d, known(s->decode_kv_tokens), &at);
	double flop_ns = at.matrix_flop_ns + at.prefill_attention_ns + at.context_flop_ns, byte_ns = at.matrix_byte_ns + at.context_byte_ns;
	if (!exact_mul_div(s->gpu_ns, h->gpus, 1, &gpu_ns)) {
		return;
	}
	roof_add(&t->roof, h->case_at, p > 0 && d > 0 ? ROOF_MIXED : p > 0 ? ROOF_PREFILL : ROOF_DECODE, flop_ns * r->flops / (byte_ns * r->bandwidth),
	         flop_ns / (double)s->gpu_ns * r->flops / 1e12, gpu_ns);
}

/* A step that extends into the next hour or another rate belongs to both, like its entries. */
void versus_add_record(struct versus *v, unsigned lane, const struct record *r) {
	const struct step *s = &r->step;

	if (r->kind != RECORD_STEP || (s->flags & STEP_DUMMY) || s->gpu_ns <= 0 || s->gpu_ns > NS_PER_DAY) {
		return;
	}
	struct versus_table *t = &v->tables[lane];
	name_id replica = names_id(v->o.names, r->replica), model = names_id(v->o.names, r->model);
	for (int64_t done = 0, part; done < s->gpu_ns; done += part) {
		int64_t at_ns = s->start_ns + done, end_ns = instant_floor(at_ns, NS_PER_HOUR) + NS_PER_HOUR;
		struct versus_hour *h = versus_find(v, t, replica, model, at_ns);
		int64_t left = (h->rate_until_ns < end_ns ? h->rate_until_ns : end_ns) - at_ns;
		part = s->gpu_ns - done < left ? s->gpu_ns - done : left;
		h->steps += done == 0;
		h->step_ns += part;
		if (h->case_at >= 0 && t->cases[h->case_at].known) {
			double whole = (double)s->gpu_ns;
			add_step(h, &t->cases[h->case_at].roofline, s, (double)done / whole, (double)(done + part) / whole);
			if (done == 0) {
				add_to_roof(t, h, s);
			}
		}
	}
}

int versus_add_entry(void *versus, const struct entry *e) {
	struct versus *v = versus;

	if (e->gpu_ns != 0) {
		struct versus_hour *h = find_entry(v, &v->tables[v->o.lanes], e);
		return exact_add(e->kind <= ENTRY_OUTPUT ? &h->busy_gpu_ns : &h->idle_gpu_ns, e->gpu_ns) ? 0 : ERROR_RANGE;
	}
	return 0;
}

int versus_add_model(void *versus, const struct fitted_model *m) {
	struct versus *v = versus;

	v->models = must_realloc(v->models, (v->model_count + 1) * sizeof *v->models);
	v->models[v->model_count++] = *m;
	return 0;
}
