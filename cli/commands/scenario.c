/* scenario.c: how a model is served, for estimates and audits. */
#include "cli/commands/scenario.h"

static void set_if(int64_t *to, int64_t given) {
	*to = given > 0 ? given : *to;
}

static int64_t at_least_one(int64_t n) {
	return n > 0 ? n : 1;
}

void served_fill(const struct served_settings *s, struct estimate_options *o) {
	bool parallel = s->tp > 0 || s->pp > 0 || s->dp > 0;

	o->weights = s->weights;
	o->kv_cache = s->kv_cache;
	o->engine = s->engine;
	set_if(&o->gpus, s->gpus > 0 ? s->gpus : parallel ? at_least_one(s->tp) * at_least_one(s->pp) * at_least_one(s->dp) : 0);
	o->tp = s->tp;
	o->pp = s->pp;
	o->ep = s->ep;
	o->dp = s->dp;
	o->cached = s->cached;
	set_if(&o->batch, s->batch);
	set_if(&o->prompt, s->prompt);
	set_if(&o->output, s->output);
}
