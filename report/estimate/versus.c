/* versus.c: steps, entries and fits as they come. */
#include "report/estimate/versus.h"

#include <math.h>
#include <stdlib.h>

#include "core/instant.h"

/* "NAME=FILE": what stands before the sign; empty where it is a file for all models. */
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
	const struct gpu *card = gpu == 0 ? NULL : gpu_find(v->cards, names_text(v->o.names, gpu));
	struct versus_case c = {.model = model, .gpu = gpu, .gpus = gpus, .known = spec && card};

	if (c.known) {
		roofline_init(&c.roofline, spec, card, gpus, 1, 1);
	}
	t->cases = must_realloc(t->cases, (t->case_count + 1) * sizeof *t->cases);
	t->cases[t->case_count] = c;
	return (int32_t)t->case_count++;
}

/* Lines of one file are mostly of one replica and hour. */
struct versus_hour *versus_find(struct versus *v, struct versus_table *t, name_id replica, name_id model, int64_t at_ns) {
	int64_t hour_ns = instant_floor(at_ns, NS_PER_HOUR);

	for (size_t i = 0; i < t->count; i++) {
		struct versus_hour *h = &t->at[(t->last + i) % t->count];
		if (h->replica == replica && h->hour_ns == hour_ns) {
			t->last = (t->last + i) % t->count;
			return h;
		}
	}
	struct versus_hour h = {.replica = replica, .model = model, .hour_ns = hour_ns, .case_at = -1, .gpus = 1, .rate_nano = -1};
	struct estimate_cards cards;
	if (v->o.cards_of(v->o.context, replica, model, at_ns, &cards)) {
		h.gpus = cards.gpus;
		h.rate_nano = cards.rate_nano;
		h.model = cards.model;
		h.case_at = versus_case_find(v, t, cards.model, cards.gpu, cards.gpus);
	}
	t->at = must_realloc(t->at, (t->count + 1) * sizeof *t->at);
	t->at[t->count] = h;
	t->last = t->count;
	return &t->at[t->count++];
}

static double known(int64_t n) {
	return n == UNKNOWN ? 0 : (double)n;
}

static void add_step(struct versus_hour *h, const struct roofline *r, const struct step *s) {
	struct roofline_step at_peak;
	double d = known(s->decode_tokens != UNKNOWN ? s->decode_tokens : s->decode_requests);

	roofline_step(r, known(s->prefill_tokens), known(s->prefill_token_kv), d, known(s->decode_kv_tokens), &at_peak);
	double attention_flop = at_peak.prefill_attention_ns + at_peak.context_flop_ns;
	h->arithmetic_ns += llround(at_peak.matrix_flop_ns + attention_flop);
	h->byte_ns += llround(at_peak.matrix_byte_ns + at_peak.context_byte_ns);
	h->batch_ns += llround(at_peak.matrix_ns - at_peak.matrix_flop_ns);
	h->context_ns += llround(at_peak.decode_attention_ns - at_peak.context_flop_ns);
}

void versus_take(struct versus *v, unsigned lane, const struct record *r) {
	if (r->kind != RECORD_STEP || (r->step.flags & STEP_DUMMY) || r->step.gpu_ns <= 0) {
		return;
	}
	struct versus_table *t = &v->tables[lane];
	struct versus_hour *h = versus_find(v, t, names_id(v->o.names, r->replica), names_id(v->o.names, r->model), r->step.start_ns);

	h->steps++;
	h->busy_ns += r->step.gpu_ns;
	if (h->case_at >= 0 && t->cases[h->case_at].known) {
		add_step(h, &t->cases[h->case_at].roofline, &r->step);
	}
}

int versus_take_entry(void *versus, const struct entry *e) {
	struct versus *v = versus;

	v->busy_gpu_ns += e->kind <= ENTRY_OUTPUT ? e->gpu_ns : 0;
	if (e->kind > ENTRY_OUTPUT && e->gpu_ns > 0) {
		struct versus_hour *h = versus_find(v, &v->tables[v->o.lanes], e->replica, e->model, e->slot_ns);
		h->idle_gpu_ns += e->gpu_ns;
		h->rate_nano = e->rate_nano;
	}
	return 0;
}

int versus_take_model(void *versus, const struct fitted_model *m) {
	struct versus *v = versus;

	v->models = must_realloc(v->models, (v->model_count + 1) * sizeof *v->models);
	v->models[v->model_count++] = *m;
	return 0;
}
