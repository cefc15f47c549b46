#include "attribute/split/pass.h"

#include <stdlib.h>

#include "core/instant.h"

/* The best evidence first. */
static const struct splitter *const splitters[] = {&splitter_steps, &splitter_sweep, &splitter_windows};

static const struct splitter *splitter_of(const struct replica_summary *s) {
	for (size_t i = 0; i < sizeof splitters / sizeof *splitters; i++) {
		if (splitters[i]->fits(s)) {
			return splitters[i];
		}
	}
	return NULL;
}

struct fit_key pass_fit_key(const struct pass *w, name_id model, int64_t at_ns) {
	return (struct fit_key){
		.model = model != 0 ? model : w->summary->model,
		.gpu = w->pool ? w->pool->gpu : 0,
		.gpus_per_replica = w->pool ? w->pool->gpus_per_replica : 1,
		.role = w->pool ? w->pool->role : ROLE_MIXED,
		.day_ns = instant_floor(at_ns, NS_PER_DAY),
	};
}

void pass_note_substitute(struct pass *w, enum substitute what, int64_t at_ns) {
	const struct attribute_options *o = w->common->options;

	w->substituted[what] |= at_ns >= o->from_ns && at_ns < o->to_ns;
}

/* Without figures: the warnings of parts of a fleet must equal those of the whole. */
void pass_warn_substitutes(const struct pass *w) {
	static const char *const sentences[SUBSTITUTES] = {
		[SUBSTITUTE_NEIGHBOUR] = "a day has too few steps to fit a model: its mixed steps are split by the "
					 "model of the day before or after",
		[SUBSTITUTE_PUBLISHED] = "a day and the days around it have too few steps to fit a model: its mixed "
					 "steps are split by published figures of the GPU, and graded C",
		[SUBSTITUTE_TOKENS] = "a day has too few steps to fit a model, and nothing is known of its GPU: its "
				      "mixed steps are split by their numbers of tokens, and graded C",
		[SUBSTITUTE_ROLES] = "a pool has too few busy windows: its coefficients are those of pools with the "
				     "same model and GPU in other roles",
		[SUBSTITUTE_PROPORTIONS] = "no window is known to be busy throughout: all windows with tokens are "
					   "used, and split in proportions that are typical of current GPUs",
	};

	for (int i = 0; i < SUBSTITUTES; i++) {
		if (w->substituted[i]) {
			quality_warn(w->quality, "%s", sentences[i]);
		}
	}
}

int pass_idle(struct pass *w, int64_t to_ns, struct fault *why) {
	int rc = 0;

	if (to_ns > w->cursor_ns) {
		rc = accounts_gap(&w->accounts, ENTRY_IDLE, w->cursor_ns, to_ns, false, why);
		w->cursor_ns = to_ns;
	}
	return rc;
}

/*
 * What is known of the replica beyond these records widens its paid time, as far as the
 * period asked for needs it.
 */
static void widen(struct pass *w) {
	const struct replica_summary *s = w->summary;
	const struct attribute_options *o = w->common->options;

	if (!s->has_span) {
		return;
	}
	int64_t first = s->span_first_ns > o->from_ns ? s->span_first_ns : o->from_ns;
	int64_t last = s->span_last_ns < o->to_ns ? s->span_last_ns : o->to_ns;
	if (first < w->from_ns) {
		w->from_ns = first;
	}
	if (last > w->to_ns) {
		w->to_ns = last;
	}
}

/* ---- power ---- */

/* The next sample of the pass's replica; those of replicas that have nothing else are passed by. An energy_next. */
static int next_sample(void *pass, struct energy_sample *out, struct fault *why) {
	struct pass *w = pass;
	name_id replica = w->summary->replica;
	int got = 1;

	while (!w->power_ended && (!w->power_item || w->power_item->replica < replica)) {
		got = evidence_next(w->power, &w->power_item, why);
		w->power_ended = got <= 0;
	}
	if (w->power_ended || w->power_item->replica != replica) {
		return got < 0 ? got : 0;
	}
	const struct power_item *p = (const struct power_item *)w->power_item;
	*out = (struct energy_sample){p->gpu, p->head.at_ns, p->milliwatts};
	w->power_item = NULL;
	return 1;
}

/* What no sample covers the accounts assume. */
static struct energy *energy_of(struct pass *w) {
	const struct pool *p = w->pool;
	const struct energy_options o = {
		.next = w->summary->powers > 0 ? next_sample : NULL,
		.context = w,
		.gpus = w->accounts.gpus,
	};
	bool assumed = p && (p->watts_per_gpu_milli > 0 || p->watts_prefill_milli > 0 || p->watts_decode_milli > 0 || p->watts_idle_milli > 0);

	return o.next || assumed ? energy_new(&o) : NULL;
}

int pass_begin(struct pass *w, const struct replica_summary *s, struct fault *why) {
	const struct splitter *splitter = splitter_of(s);

	(void)why;
	w->summary = s;
	w->pool = fleet_pool_of(w->common->options->fleet, w->common->options->names, s->replica, s->model);
	flight_init(&w->flight);
	w->flight.from_ns = w->common->options->from_ns;
	w->flight.to_ns = w->common->options->to_ns;
	w->from_ns = INT64_MAX;
	w->to_ns = INT64_MIN;
	w->over_ns = 0;
	w->state = NULL;
	if (splitter) {
		w->state = must_calloc(1, splitter->state_size);
		splitter->span(w);
	}
	widen(w);
	w->cursor_ns = w->from_ns;
	if (w->purpose == PASS_POST) {
		name_id model = s->model != 0 || !w->pool ? s->model : w->pool->model;
		accounts_open(&w->accounts, w->common, &w->flight, s->replica, model, w->pool, w->from_ns);
		w->accounts.has_requests = s->requests > 0;
		w->accounts.energy = energy_of(w);
	}
	return 0;
}

int pass_item(struct pass *w, const struct item *item, struct fault *why) {
	const struct splitter *splitter = splitter_of(w->summary);

	return splitter ? splitter->item(w, item, why) : 0;
}

/* capacity = everything posted, for a replica that is paid from its first to its last instant. */
static int check_identity(const struct pass *w, struct fault *why) {
	int64_t capacity_ns;

	if (w->to_ns < w->from_ns || (w->pool && w->pool->uptime_count > 0)) {
		return 0;
	}
	if (!accounts_gpu_ns(&w->accounts, w->from_ns, w->to_ns, &capacity_ns)) {
		return fault_set(why, ERROR_RANGE, "the paid time of a replica does not fit 64 bits of nanoseconds");
	}
	if (capacity_ns + w->over_ns != w->accounts.posted_ns) {
		return fault_set(why, ERROR_RANGE,
		                 "replica %s does not tie out: capacity %lld GPU-ns, posted %lld; this is a bug of tollbook",
		                 names_text(w->common->options->names, w->summary->replica).at, (long long)capacity_ns,
		                 (long long)w->accounts.posted_ns);
	}
	return 0;
}

static void warn_unpaid(const struct pass *w) {
	if (w->accounts.unpaid_ns > 0) {
		quality_warn(w->quality, "replica %s: %.3f GPU-hours of work outside its pool's uptime; they are counted as capacity",
		             names_text(w->common->options->names, w->summary->replica).at,
		             (double)w->accounts.unpaid_ns / (double)NS_PER_HOUR);
	}
}

/* Busy time that no request explains, though there are requests: they are not all there, or their clock is off. */
static void find_unattributed(const struct pass *w) {
	const struct accounts *a = &w->accounts;
	const char *name = names_text(w->common->options->names, w->summary->replica).at;

	if (w->summary->timed > w->summary->requests / 2 && w->summary->steps > 0 && a->busy.much[0] > 0) {
		quality_finding_counted(w->quality, "unattributed", name, NULL, a->busy.much,
		                        "%s: " QUALITY_PERCENT " %% of the busy time has no request: requests are "
							       "missing in the logs, were computed again after a "
							       "preemption, or have the timestamps of a different "
							       "clock", name);
	}
}

/* Is it not known what a cache had of over 1 % of the prompts? By the evidence that the tokens are taken from. */
static bool lacks_cached(const struct pass *w) {
	const struct replica_summary *s = w->summary;
	const struct flight *f = &w->flight;

	if (s->steps > 0) { /* steps count computed tokens: without prompts there is nothing to take them from */
		return s->requests == 0 || (f->seeks_hits && (f->asked.preemptions > 0 || f->hits_elsewhere));
	}
	return s->requests > 0 ? s->request_unknown_ntok > s->request_ntok / 100 : s->window_unknown_ntok > s->window_ntok / 100;
}

int pass_end(struct pass *w, struct fault *why) {
	const struct splitter *splitter = splitter_of(w->summary);
	int rc = splitter ? splitter->end(w, why) : 0;

	if (w->purpose == PASS_POST) {
		if (rc >= 0 && w->to_ns > w->cursor_ns) {
			rc = pass_idle(w, w->to_ns, why);
		}
		int failed = accounts_close(&w->accounts, why);
		rc = rc < 0 ? rc : failed;
		energy_free(w->accounts.energy);
		rc = rc < 0 ? rc : check_identity(w, why);
		warn_unpaid(w);
		find_unattributed(w);
		if (lacks_cached(w)) {
			quality_state(w->quality, QUALITY_CACHED_UNKNOWN, names_text(w->common->options->names, w->summary->replica).at, NULL,
			              NULL, NULL, "");
		}
	}
	if (splitter && splitter->release) {
		splitter->release(w);
	}
	free(w->state);
	flight_release(&w->flight);
	return rc;
}
