#include "attribute/split/pass.h"

#include <stdlib.h>

#include "attribute/split/hits.h"
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

struct fit_key pass_fit_key(const struct pass *pass, name_id model, int64_t at_ns) {
	return (struct fit_key){
	    .model = model != 0 ? model : pass->summary->model,
	    .gpu = pass->pool ? pass->pool->gpu : 0,
	    .gpus_per_replica = pass->pool ? pass->pool->gpus_per_replica : 1,
	    .role = pass->pool ? pass->pool->role : ROLE_MIXED,
	    .day_ns = instant_floor(at_ns, NS_PER_DAY),
	};
}

void pass_note_substitute(struct pass *pass, enum substitute what, int64_t at_ns) {
	const struct attribute_options *o = pass->common->options;

	pass->substituted[what] |= at_ns >= o->from_ns && at_ns < o->to_ns;
}

/* Without figures: the warnings of parts of a fleet must equal those of the whole. */
void pass_warn_substitutes(const struct pass *pass) {
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
		if (pass->substituted[i]) {
			quality_warn(pass->quality, "%s", sentences[i]);
		}
	}
}

int pass_idle(struct pass *pass, int64_t to_ns, struct fault *why) {
	int rc = 0;

	if (to_ns > pass->cursor_ns) {
		rc = accounts_gap(&pass->accounts, ENTRY_IDLE, pass->cursor_ns, to_ns, false, why);
		pass->cursor_ns = to_ns;
	}
	return rc;
}

/*
 * What is known about the replica beyond these records widens its paid time, as far as the requested period needs it.
 */
static void widen(struct pass *pass) {
	const struct replica_summary *s = pass->summary;
	const struct attribute_options *o = pass->common->options;

	int64_t first = s->span.first_ns > o->from_ns ? s->span.first_ns : o->from_ns;
	int64_t last = s->span.last_ns < o->to_ns ? s->span.last_ns : o->to_ns;
	if (!s->has_span || first > last) {
		return;
	}
	if (first < pass->from_ns) {
		pass->from_ns = first;
	}
	if (last > pass->to_ns) {
		pass->to_ns = last;
	}
}

/* ---- power ---- */

/* The next sample of the pass's replica; samples of replicas without other evidence are skipped. An energy_next. */
static int next_sample(void *context, struct energy_sample *out, struct fault *why) {
	struct pass *pass = context;
	name_id replica = pass->summary->replica;
	int got = 1;

	while (!pass->power_ended && (!pass->power_item || pass->power_item->replica < replica)) {
		got = evidence_next(pass->power, &pass->power_item, why);
		pass->power_ended = got <= 0;
	}
	if (pass->power_ended || pass->power_item->replica != replica) {
		return got < 0 ? got : 0;
	}
	const struct power_item *p = (const struct power_item *)pass->power_item;
	*out = (struct energy_sample){p->gpu, p->head.at_ns, p->milliwatts};
	pass->power_item = NULL;
	return 1;
}

/* The accounts assume watts for time without samples. */
static struct energy *energy_of(struct pass *pass) {
	const struct pool *p = pass->pool;
	const struct energy_options o = {
	    .next = pass->summary->powers > 0 ? next_sample : NULL,
	    .context = pass,
	    .gpus = pass->accounts.gpus,
	};
	bool assumed = p && (p->watts_per_gpu_milli > 0 || p->watts_prefill_milli > 0 || p->watts_decode_milli > 0 ||
			     p->watts_idle_milli > 0);

	return o.next || assumed ? energy_new(&o) : NULL;
}

/* Only requests leave sums to another pass. */
static const struct splitter *splitter_in(const struct pass *pass) {
	const struct splitter *splitter = splitter_of(pass->summary);

	return pass->part == FIT_SUMS && splitter != &splitter_sweep ? NULL : splitter;
}

int pass_begin(struct pass *pass, const struct replica_summary *s, struct fault *why) {
	pass->summary = s;
	const struct splitter *splitter = splitter_in(pass);

	(void)why;
	pass->pool = fleet_pool_of(pass->common->options->fleet, pass->common->options->names, s->replica, s->model);
	flight_init(&pass->flight);
	pass->flight.from_ns = pass->common->options->from_ns;
	pass->flight.to_ns = pass->common->options->to_ns;
	pass->from_ns = INT64_MAX;
	pass->to_ns = INT64_MIN;
	pass->over_ns = 0;
	pass->state = NULL;
	if (splitter) {
		pass->state = must_calloc(1, splitter->state_size);
		splitter->span(pass);
	}
	widen(pass);
	pass->cursor_ns = pass->from_ns;
	if (pass->purpose == PASS_POST) {
		name_id model = s->model != 0 || !pass->pool ? s->model : pass->pool->model;
		accounts_open(&pass->accounts, pass->common, &pass->flight, s->replica, model, pass->pool,
			      pass->from_ns);
		pass->accounts.has_requests = s->requests > 0;
		pass->accounts.energy = energy_of(pass);
	}
	return 0;
}

int pass_item(struct pass *pass, const struct item *item, struct fault *why) {
	const struct splitter *splitter = splitter_in(pass);

	return splitter ? splitter->item(pass, item, why) : 0;
}

/* capacity = everything posted, for a replica that is paid from its first to its last instant. */
static int check_identity(const struct pass *pass, struct fault *why) {
	int64_t capacity_ns;

	if (pass->to_ns < pass->from_ns || (pass->pool && pass->pool->uptime_count > 0)) {
		return 0;
	}
	if (!accounts_gpu_ns(&pass->accounts, pass->from_ns, pass->to_ns, &capacity_ns)) {
		return fault_set(why, ERROR_RANGE, "the paid time of a replica does not fit 64 bits of nanoseconds");
	}
	if (capacity_ns + pass->over_ns != pass->accounts.posted_ns) {
		return fault_set(
		    why, ERROR_RANGE,
		    "replica %s does not tie out: capacity %lld GPU-ns, posted %lld; this is a bug of tollbook",
		    names_text(pass->common->options->names, pass->summary->replica).at, (long long)capacity_ns,
		    (long long)pass->accounts.posted_ns);
	}
	return 0;
}

static void warn_unpaid(const struct pass *pass) {
	if (pass->accounts.unpaid_ns > 0) {
		quality_warn(
		    pass->quality,
		    "replica %s: %.3f GPU-hours of work outside its pool's uptime; they are counted as capacity",
		    names_text(pass->common->options->names, pass->summary->replica).at,
		    (double)pass->accounts.unpaid_ns / (double)NS_PER_HOUR);
	}
}

/* Busy time that no request explains, though there are requests: some are missing, or their clock is off. */
static void find_unattributed(const struct pass *pass) {
	const struct accounts *a = &pass->accounts;
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;

	if (pass->summary->timed > pass->summary->requests / 2 && pass->summary->steps > 0 && a->busy.much[0] > 0) {
		quality_finding_counted(pass->quality, "unattributed", name, NULL, a->busy.much,
					"%s: " QUALITY_PERCENT " %% of the busy time has no request: requests are "
					"missing in the logs, were computed again after a "
					"preemption, or have the timestamps of a different "
					"clock",
					name);
	}
}

struct prompt_tokens pass_prompts(const struct pass *pass, int64_t day_ns) {
	return pass->days ? days_prompts(pass->days, day_ns) : (struct prompt_tokens){0};
}

bool pass_reports_cached(const struct pass *pass, int64_t day_ns) {
	struct prompt_tokens day = pass_prompts(pass, day_ns);
	bool beside = pass_prompts(pass, day_ns - NS_PER_DAY).cached_ntok > 0 ||
		      pass_prompts(pass, day_ns + NS_PER_DAY).cached_ntok > 0;

	return day.cached_ntok > 0 || (beside && day.request_unknown_ntok == 0);
}

void pass_state_unknown_cached(const struct pass *pass, int64_t day_ns) {
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;

	unknown_day_state(pass->quality, QUALITY_CACHED_UNKNOWN, name, day_ns);
}

/*
 * Are cached tokens of over 1 % of a day's prompts unknown? Judged by the evidence from which tokens are counted. Steps
 * count computed tokens: without prompts there is nothing to subtract them from; with requests see steps.c.
 */
static bool lacks_cached(const struct replica_summary *s, const struct prompt_tokens *p) {
	if (s->steps > 0) {
		return s->requests == 0;
	}
	return s->requests > 0 ? p->request_unknown_ntok > p->request_ntok / 100 : p->window_unknown_ntok > p->window_ntok / 100;
}

static void state_unknown_cached(const struct pass *pass) {
	const struct attribute_options *o = pass->common->options;

	for (size_t i = 0; pass->days && i < pass->days->count; i++) {
		const struct replica_day *d = &pass->days->at[i];
		bool asked = d->day_ns < o->to_ns && (o->from_ns == INT64_MIN || d->day_ns > o->from_ns - NS_PER_DAY);
		if (asked && lacks_cached(pass->summary, &d->prompts)) {
			pass_state_unknown_cached(pass, d->day_ns);
		}
	}
}

int pass_end(struct pass *pass, struct fault *why) {
	const struct splitter *splitter = splitter_in(pass);
	int rc = splitter ? splitter->end(pass, why) : 0;

	if (pass->purpose == PASS_POST) {
		if (rc >= 0 && pass->to_ns > pass->cursor_ns) {
			rc = pass_idle(pass, pass->to_ns, why);
		}
		int failed = accounts_close(&pass->accounts, why);
		rc = rc < 0 ? rc : failed;
		energy_free(pass->accounts.energy);
		rc = rc < 0 ? rc : check_identity(pass, why);
		warn_unpaid(pass);
		find_unattributed(pass);
		state_unknown_cached(pass);
	}
	if (splitter && splitter->release) {
		splitter->release(pass);
	}
	free(pass->state);
	flight_release(&pass->flight);
	return rc;
}
