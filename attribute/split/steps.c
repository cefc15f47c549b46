/* steps.c: splits a replica with logged steps. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "attribute/flight/batch.h"
#include "attribute/laws/rules.h"
#include "attribute/split/folds.h"
#include "attribute/split/hits.h"
#include "attribute/split/model_states.h"
#include "attribute/evidence/sequence.h"
#include "attribute/split/in_flight.h"
#include "attribute/split/pass.h"

/*
 * Time with a request in flight and no step: up to this, the engine's own work between steps; longer, a gap that no
 * log covers.
 */
#define OTHER_LIMIT_NS NS_PER_SECOND

/* A log that truncates its clock to the second is up to this much ahead of the requests: its steps wait for them. */
#define COARSE_LAG_NS (NS_PER_SECOND + NS_PER_SECOND / 2)
#define SEARCH_LAG_NS (12 * NS_PER_SECOND)

/* More tokens per sequence and step than this are more than requests without steps would make. */
#define DRAFTS_A_STEP 1.15

/*
 * A step that begins before the previous one has ended is moved after it, if clocks and rounding explain that; beyond
 * this, two engines write under one name: their times add up.
 */
#define OVERLAP_LIMIT_NS NS_PER_SECOND

struct steps_state {
	struct model_states models; /* if steps name several models */
	struct sequence sequence;
	struct step_item *pending; /* a queue of steps that wait for requests */
	size_t pending_first, pending_count, pending_room;
	struct in_flight in_flight;
	bool has_key;
	name_id key_model;  /* of the step that it was made for */
	struct fit_key key; /* of the current model */
	const struct step_model *model; /* of the key; NULL: not looked up yet */
	struct rank_reader *ranks; /* the replica is a rank of an engine in lock-step; NULL: it is not */
	int64_t rank_count;
	struct rank_others others; /* in the current step */
	bool begun;
	/* tokens that only steps report; the part beyond one per sequence and step */
	int64_t output_ntok, drafted_ntok;
	int64_t sought[2];     /* found in caches, of prompts, on days on which requests do not report it */
	bool sought_preempted; /* not found: prompts are computed again, ... */
	bool sought_elsewhere; /* ... or counted on another replica */
};

/* ---- gaps ---- */

static int post_waiting(struct pass *pass, int64_t from_ns, int64_t to_ns, bool by_count, struct fault *why) {
	int64_t other_ns = to_ns - from_ns < OTHER_LIMIT_NS ? to_ns : from_ns + OTHER_LIMIT_NS;
	int rc = accounts_gap(&pass->accounts, ENTRY_OTHER, from_ns, other_ns, by_count, why);

	if (rc >= 0 && to_ns > other_ns) {
		rc = accounts_gap(&pass->accounts, ENTRY_UNOBSERVED, other_ns, to_ns, by_count, why);
	}
	return rc;
}

/*
 * Sequences that decode in a step were in flight before it, if no request shows since when; but not on a decode
 * replica, where requests arrive with their prompts done.
 */
static bool decoders_waited(const struct pass *pass, const struct step_item *next, int64_t at_ns) {
	const struct steps_state *st = pass->state;
	bool from_elsewhere = pass->pool && pass->pool->role == ROLE_DECODE;

	return next && next->decode_requests > 0 && !from_elsewhere && !in_flight_at(&st->in_flight, at_ns - 1);
}

static struct sequence *sequence_of(const struct pass *pass) {
	return &((struct steps_state *)pass->state)->sequence;
}

/* Time of steps that the log lacks. */
static int post_lost(struct pass *pass, int64_t to_ns, bool by_count, struct fault *why) {
	int rc = pass->cursor_ns < to_ns ? accounts_gap(&pass->accounts, ENTRY_UNOBSERVED, pass->cursor_ns, to_ns, by_count, why) : 0;

	pass->cursor_ns = to_ns > pass->cursor_ns ? to_ns : pass->cursor_ns;
	return rc;
}

/* The time up to the next step; `next` is NULL at the end of the replica's time. */
static int post_gap(struct pass *pass, int64_t to_ns, const struct step_item *next, bool by_count, struct fault *why) {
	struct steps_state *st = pass->state;
	int rc = 0;

	if (to_ns > pass->cursor_ns && decoders_waited(pass, next, to_ns)) {
		rc = post_waiting(pass, pass->cursor_ns, to_ns, by_count, why);
		pass->cursor_ns = to_ns;
	}
	while (pass->cursor_ns < to_ns && rc >= 0) {
		int64_t until_ns;
		bool in_flight = in_flight_until(&st->in_flight, pass->cursor_ns, &until_ns);
		until_ns = until_ns < to_ns ? until_ns : to_ns;
		rc = in_flight ? post_waiting(pass, pass->cursor_ns, until_ns, by_count, why)
			       : accounts_gap(&pass->accounts, ENTRY_IDLE, pass->cursor_ns, until_ns, by_count, why);
		pass->cursor_ns = until_ns;
	}
	return rc;
}

static bool is_empty(const struct step_item *s) {
	return (s->flags & STEP_DUMMY) != 0 || (s->prefill_tokens == 0 && s->decode_tokens == 0);
}

/*
 * The key of a step's model: mostly that of the step before. A step of ranks in lock-step is one of an engine with the GPUs of
 * all of them.
 */
static const struct fit_key *key_of(struct pass *pass, const struct step_item *s) {
	struct steps_state *st = pass->state;
	int64_t all;

	if (!st->has_key || st->key_model != s->head.model || (uint64_t)s->head.at_ns - (uint64_t)st->key.day_ns >= NS_PER_DAY) {
		st->key = pass_fit_key(pass, s->head.model, s->head.at_ns);
		st->key_model = s->head.model;
		st->has_key = true;
		st->model = NULL;
		if (st->ranks && !__builtin_mul_overflow(st->key.gpus_per_replica, st->rank_count, &all)) {
			st->key.gpus_per_replica = all;
		}
	}
	return &st->key;
}

/* The batch is written where it is used: a copy would wait until it is in memory. */
static void fit_step(struct pass *pass, const struct step_item *s) {
	const struct rank_others *others = &((struct steps_state *)pass->state)->others;
	const struct fit_key *key = key_of(pass, s);
	struct fit_step step = {.duration_ns = s->duration_ns, .ranks = rank_others_any(others) ? &others->rule : NULL};

	batch_of_step(&pass->flight, s, &step.batch, &step.attention_known, &step.context_known);
	if (rank_others_any(others)) {
		step.batch = batches_of_rank(&step.batch, others).whole;
	}
	if (!is_empty(s) && !others->counted && (s->flags & STEP_MIXED_RECOMPUTE) == 0 && s->duration_ns > 0) {
		if (pass->folds) {
			folds_add_step(pass->folds, key, &step, s->head.at_ns);
		} else {
			fits_add_step(pass->fits, key, &step);
		}
	}
}

/* ---- posting ---- */

static const struct step_model *model_of(struct pass *pass, const struct step_item *s) {
	struct steps_state *st = pass->state;
	const struct fit_key *key = key_of(pass, s);

	if (!st->model) {
		st->model = fits_model(pass->fits, key);
	}
	return st->model;
}

static double clip(double share) {
	return share > 0 ? share < 1 ? share : 1 : 0;
}

/* The share of decode's part that depends on contexts: as in a step of the same sequences without a chunk. */
static double context_share(const struct step_model *m, const struct batch *b, const struct split_times *t) {
	return t->decode > 0 && m->has_context ? clip(step_model_context_ns(m, b) / t->decode) : 0;
}

static enum grade grade_of(const struct step_item *s, bool known, const struct step_model *m) {
	bool pure = s->prefill_tokens == 0 || s->decode_tokens == 0 || s->prefill_gpu_ns != UNKNOWN;
	bool modelled = m->origin <= MODEL_NEIGHBOUR && m->has_attention && m->has_context && known;
	enum grade best = s->duration_kind <= DURATION_HOST_WALL_FULL ? GRADE_A : GRADE_B;
	enum grade split = pure ? GRADE_A : modelled ? GRADE_B : GRADE_C;

	return split > best ? split : best;
}

/* The phases' own times, if the engine measured them, determine the proportion. */
static bool measured_share(const struct step_item *s, double *share) {
	if (s->prefill_gpu_ns == UNKNOWN || s->decode_gpu_ns == UNKNOWN) {
		return false;
	}
	double sum = (double)s->prefill_gpu_ns + (double)s->decode_gpu_ns;
	*share = sum > 0 ? (double)s->prefill_gpu_ns / sum : 0;
	return sum > 0;
}

static double prefill_share(const struct pass *pass, const struct step_item *s, const struct split_times *t) {
	double share;

	if (measured_share(s, &share)) {
		return share;
	}
	return s->decode_tokens == 0    ? 1
	       : s->prefill_tokens == 0 ? 0
					: split_prefill_share(pass->common->options->rule, t);
}

static void step_times(const struct step_model *m, const struct batch *b, const struct rank_others *others,
		       struct split_times *t) {
	if (!rank_others_any(others)) {
		split_times(m, b, t);
		return;
	}
	struct phase_batches all = batches_of_rank(b, others);
	*t = (struct split_times){step_model_ns(m, &all.whole), step_model_ns(m, &all.chunks), step_model_ns(m, &all.decoders)};
}

/* What a rank's phases would take alone is never observed: the others' batches remain. One standard deviation. */
#define RANK_SHARE_SD 0.0127
#define RANK_APART_SD 0.08 /* where it is not known which steps of other ranks are the same step */

static double share_sd(const struct step_model *m, const struct batch *b, const struct rank_others *others) {
	struct phase_batches all = batches_of_rank(b, others);
	double sd = step_model_share_sd_of(m, &all.whole, &all.chunks, &all.decoders);

	return rank_others_any(others) ? hypot(sd, RANK_SHARE_SD) : sd;
}

static int post_busy(struct pass *pass, const struct step_item *s, int64_t start_ns, struct fault *why) {
	const struct step_model *m = model_of(pass, s);
	const struct rank_others *others = &((struct steps_state *)pass->state)->others;
	struct batch b;
	struct split_times t;
	bool attention_known, context_known;
	int64_t total;

	batch_of_step(&pass->flight, s, &b, &attention_known, &context_known);
	step_times(m, &b, others, &t);
	if (!accounts_gpu_ns(&pass->accounts, start_ns, start_ns + s->duration_ns, &total)) {
		return fault_set(why, ERROR_RANGE, "the GPU time of a step does not fit 64 bits of nanoseconds");
	}
	int64_t prefill = split_part(total, prefill_share(pass, s, &t));
	double attention = m->ns[TERM_ATTENTION] * (double)b.prefill_token_kv;
	bool mixed = s->prefill_tokens > 0 && s->decode_tokens > 0 && s->prefill_gpu_ns == UNKNOWN;
	bool apart = ((struct steps_state *)pass->state)->rank_count > 1 && (s->flags & STEP_COARSE_CLOCK) != 0;
	if (mixed && m->origin != MODEL_FITTED) {
		pass_note_substitute(pass, (enum substitute)((int)m->origin - MODEL_NEIGHBOUR + SUBSTITUTE_NEIGHBOUR),
				     start_ns);
	}
	const struct stretch stretch = {
	    .from_ns = start_ns,
	    .to_ns = start_ns + s->duration_ns,
	    .prefill_ns = prefill,
	    .decode_ns = total - prefill,
	    .grade = grade_of(s, attention_known && context_known, m),
	    .attention_share = t.prefill > 0 ? clip(attention / t.prefill) : 0,
	    .prior_share = t.prefill > attention ? clip(m->ns[TERM_PREFILL_CONTEXT] * (double)b.prefill_kv_tokens / t.prefill) : 0,
	    .context_share = context_share(m, &b, &t),
	    .attention_sd = m->attention_sd,
	    .context_sd = m->context_sd,
	    .prefill_tokens = s->prefill_tokens,
	    .prefill_token_kv = b.prefill_token_kv,
	    .prefill_kv_tokens = b.prefill_kv_tokens,
	    .decode_requests = s->decode_requests,
	    .decode_kv_tokens = s->decode_kv_tokens == UNKNOWN ? 0 : s->decode_kv_tokens,
	    .times = mixed ? &t : NULL,
	    .by_steps = true,
	    .share_sd = mixed ? share_sd(m, &b, others) + (apart ? RANK_APART_SD : 0) : 0,
	};
	return accounts_busy(&pass->accounts, &stretch, why);
}

/* Tokens that only the steps report. A request's first token, which its last chunk produces, is not included. */
static int post_tokens(struct pass *pass, const struct step_item *s, int64_t end_ns, struct fault *why) {
	const int64_t tokens[3] = {(int64_t)s->prefill_tokens - s->again_tokens, 0, s->decode_tokens};

	if (pass->summary->requests == 0) {
		struct steps_state *st = pass->state;
		bool wanted = end_ns >= pass->common->options->from_ns && end_ns < pass->common->options->to_ns;
		st->drafted_ntok += wanted ? (int64_t)s->decode_tokens - s->decode_requests : 0;
		st->output_ntok += wanted ? s->decode_tokens : 0;
	}
	return pass->summary->requests > 0 ? 0 : accounts_tokens(&pass->accounts, 0, end_ns, tokens, 0, why);
}

/* ---- one step ---- */

static int leave(struct pass *pass, struct active *a, struct fault *why) {
	return pass->purpose == PASS_POST ? accounts_leave(&pass->accounts, a, why) : 0;
}

static int leave_pass(void *context, struct active *a, struct fault *why) {
	return leave(context, a, why);
}

static int post_step(struct pass *pass, const struct step_item *s, int64_t start_ns, bool by_count, struct fault *why) {
	int64_t end_ns = start_ns + s->duration_ns;

	if (start_ns < pass->cursor_ns) {
		int64_t twice_ns;
		pass->accounts.failed |= !accounts_gpu_ns(
		    &pass->accounts, start_ns, end_ns < pass->cursor_ns ? end_ns : pass->cursor_ns, &twice_ns);
		pass->over_ns += twice_ns;
	}
	int rc = accounts_model(&pass->accounts, s->head.model, why);
	if (rc < 0) {
		return rc;
	}
	if (is_empty(s)) {
		rc = accounts_gap(&pass->accounts, ENTRY_OTHER, start_ns, end_ns, by_count, why);
	} else {
		rc = post_busy(pass, s, start_ns, why);
	}
	pass->cursor_ns = end_ns > pass->cursor_ns ? end_ns : pass->cursor_ns;
	return rc < 0 ? rc : post_tokens(pass, s, end_ns, why);
}

/* Does it matter which requests are in a batch? The steps do not show how unequal contexts are. */
static bool admits_requests(const struct pass *pass) {
	return pass->summary->requests > 0;
}

/* If no request of a day reports cached tokens of its prompt, steps show them: first, whether there was a cache. */
static bool seeks_hits(const struct pass *pass, int64_t day_ns) {
	return pass->summary->requests > 0 && !pass_reports_cached(pass, day_ns) &&
	       (pass->purpose == PASS_FIT || hits_are_many(pass->common->hits, pass->summary->replica, day_ns));
}

/* Is it unknown what caches had of a day's prompts? Preemption computes them twice, a prefill replica elsewhere. */
static bool is_unknown(struct pass *pass, const struct flight *f) {
	struct steps_state *st = pass->state;
	struct prompt_tokens p = pass_prompts(pass, f->day_ns);

	if (!f->seeks_hits) { /* some requests report it, others do not */
		return p.cached_ntok > 0 && p.request_unknown_ntok > p.request_ntok / 100;
	}
	st->sought_preempted |= f->day.preemptions > 0;
	st->sought_elsewhere |= f->day.elsewhere > 0;
	return f->day.preemptions > 0 || f->day.elsewhere > 0;
}

/* A flight_day_end. */
static void end_day(void *context, const struct flight *f) {
	struct pass *pass = context;
	struct steps_state *st = pass->state;

	if (pass->summary->requests == 0) {
		return;
	}
	if (pass->purpose == PASS_FIT) {
		hits_note(pass->common->hits, pass->summary->replica, f->day_ns, f->day.prompt_ntok, f->day.hit_ntok);
	} else if (flight_day_is_asked(f) && is_unknown(pass, f)) {
		pass_state_unknown_cached(pass, f->day_ns);
	} else if (flight_day_is_asked(f) && f->seeks_hits) {
		st->sought[0] += f->day.hit_ntok;
		st->sought[1] += f->day.prompt_ntok;
	}
}

static void enter_day(struct pass *pass, int64_t at_ns) {
	if (flight_day(&pass->flight, at_ns)) {
		pass->flight.seeks_hits = seeks_hits(pass, pass->flight.day_ns);
	}
}

/* Each model's steps and requests are its own; time between steps is the first one's. */
static void use_model(struct pass *pass, name_id model, int64_t at_ns) {
	if (pass->summary->several_models) {
		model_states_use(&((struct steps_state *)pass->state)->models, pass, model, at_ns);
	}
}

static int split_step(struct pass *pass, const struct step_item *s, struct fault *why) {
	struct steps_state *st = pass->state;
	bool by_count = (s->flags & STEP_COARSE_CLOCK) != 0, admits = admits_requests(pass);
	bool counts = by_count || (s->flags & STEP_REQUESTS_IN_SECONDS) != 0;
	int64_t lag_ns = pass->cursor_ns - s->head.at_ns;
	int64_t start_ns = lag_ns > 0 && lag_ns <= OVERLAP_LIMIT_NS ? pass->cursor_ns : s->head.at_ns;
	int rc = 0;

	if (pass->purpose == PASS_POST) {
		use_model(pass, 0, start_ns);
		rc = sequence_follow(sequence_of(pass), pass->common->options, s) > 0
			 ? post_lost(pass, start_ns, by_count, why)
			 : post_gap(pass, start_ns, s, by_count, why);
	}
	use_model(pass, s->head.model, start_ns);
	enter_day(pass, s->head.at_ns);
	if (rc >= 0 && st->ranks) {
		rc = rank_reader_step(st->ranks, s->head.at_ns, &st->others, why);
		st->others.slowest_unequal_kv = flight_unequal(&pass->flight, st->others.slowest.decode_kv_tokens);
	}
	if (rc >= 0 && admits) {
		rc = flight_enter_step(&pass->flight, s, start_ns, counts, leave_pass, pass, why);
	}
	if (rc >= 0 && pass->purpose == PASS_POST) {
		rc = post_step(pass, s, start_ns, by_count, why);
	} else if (rc >= 0) {
		fit_step(pass, s);
		pass->cursor_ns = start_ns + s->duration_ns > pass->cursor_ns ? start_ns + s->duration_ns : pass->cursor_ns;
	}
	return rc >= 0 && admits ? flight_end_step(&pass->flight, s, counts, leave_pass, pass, why) : rc;
}

/* ---- the splitter ---- */

static void push_pending(struct steps_state *st, const struct step_item *s) {
	if (st->pending_first == st->pending_count) {
		st->pending_first = st->pending_count = 0;
	}
	st->pending = must_grow(st->pending, st->pending_count, &st->pending_room, sizeof *st->pending, 64);
	st->pending[st->pending_count++] = *s;
}

/* Splits the queued steps that need not wait any longer for requests, now that the evidence has reached an instant. */
static int split_pending(struct pass *pass, int64_t at_ns, struct fault *why) {
	struct steps_state *st = pass->state;
	int rc = 0;

	while (rc >= 0 && st->pending_first < st->pending_count) {
		const struct step_item *s = &st->pending[st->pending_first];
		int64_t lag = (s->flags & STEP_REQUESTS_IN_SECONDS) != 0 ? SEARCH_LAG_NS
			      : (s->flags & STEP_COARSE_CLOCK) != 0      ? COARSE_LAG_NS
									 : 0;
		if (at_ns != INT64_MAX && s->head.at_ns + lag > at_ns) {
			break;
		}
		st->pending_first++;
		pass->flight.ahead = s + 1;
		pass->flight.ahead_count = st->pending_count - st->pending_first;
		rc = split_step(pass, s, why);
	}
	/* The queue's start is reused before it grows. */
	if (st->pending_first > 4096) {
		st->pending_count -= st->pending_first;
		memmove(st->pending, st->pending + st->pending_first, st->pending_count * sizeof *st->pending);
		st->pending_first = 0;
	}
	return rc;
}

static bool has_steps(const struct replica_summary *s) {
	return s->steps > 0;
}

static void steps_span(struct pass *pass) {
	struct steps_state *st = pass->state;

	sequence_init(&st->sequence);
	pass->from_ns = pass->summary->first_step_ns;
	pass->to_ns = pass->summary->last_step_ns;
}

static int begin(struct pass *pass, struct fault *why) {
	const struct replica_summary *s = pass->summary;
	struct steps_state *st = pass->state;

	st->begun = true;
	pass->flight.most_ntok = s->most_ntok;
	/* Accepted drafts: if requests have clearly more tokens than sequences have steps. */
	double a_step = s->sequence_steps > 0 ? (double)s->made_ntok / (double)s->sequence_steps : 0;
	pass->flight.tokens_a_step = a_step > DRAFTS_A_STEP ? a_step : 0;
	pass->flight.day_ends = end_day;
	pass->flight.day_context = pass;
	st->rank_count = ranks_count(pass->common->ranks, s->replica);
	return rank_reader_new(&st->ranks, pass->common->ranks, s->replica, why);
}

static int steps_item(struct pass *pass, const struct item *item, struct fault *why) {
	struct steps_state *st = pass->state;

	int rc = st->begun ? 0 : begin(pass, why);

	if (rc < 0 || !admits_requests(pass)) { /* nothing to wait for */
		return rc < 0 || item->kind != ITEM_STEP ? rc : split_step(pass, (const struct step_item *)item, why);
	}
	rc = split_pending(pass, item->at_ns, why);
	if (item->kind == ITEM_STEP) {
		push_pending(st, (const struct step_item *)item);
	} else if (item->kind == ITEM_REQUEST) {
		const struct request_item *r = (const struct request_item *)item;
		use_model(pass, r->head.model, r->head.at_ns);
		flight_admit(&pass->flight, r);
		if (pass->purpose == PASS_POST) {
			in_flight_add(&st->in_flight, r);
		}
	}
	return rc;
}

/* Steps report scheduled tokens, not accepted ones. */
static void warn_drafts(const struct pass *pass) {
	const struct steps_state *st = pass->state;
	const int64_t count[2] = {st->output_ntok - st->drafted_ntok, st->output_ntok};

	if (st->drafted_ntok > 0) {
		quality_finding_counted(pass->quality, "drafts", names_text(pass->common->options->names, pass->summary->replica).at, NULL, count,
		                        "speculative decoding: steps count drafted tokens, whether accepted or not, so output is " QUALITY_A
		                        " to " QUALITY_B " tokens, of which the larger number is shown: a log of requests has the exact number");
	}
}

static void warn_hits(const struct pass *pass) {
	const struct steps_state *st = pass->state;
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;

	if (st->sought_preempted || st->sought_elsewhere) {
		quality_finding(pass->quality, "cached-unknown", name, NULL, QUALITY_NO_AMOUNT,
		                "replica %s: steps computed fewer tokens than the prompts of its requests have: some of them were cached, and how "
		                "many is not known where %s: log requests with cached tokens (vLLM: --enable-prompt-tokens-details)",
		                name, st->sought_preempted ? "preempted requests are computed again" : "another replica decodes");
	}
	if (st->sought[1] > 0) {
		quality_assume_counted(pass->quality, name, QUALITY_A, st->sought,
		                       "replica %s: its requests do not report cached tokens; they are taken as prompt tokens minus the tokens "
		                       "that steps computed: " QUALITY_A " of " QUALITY_B, name);
	}
}

/* Records report how often, not when. */
static void warn_preemptions(const struct pass *pass) {
	const struct flight *f = &pass->flight;
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;
	const int64_t count[2] = {f->asked.placed, f->asked.preemptions};

	if (f->asked.preemptions > 0) {
		quality_assume_counted(pass->quality, name, QUALITY_A " of " QUALITY_B, count,
				       "replica %s: preempted requests compute their contexts again: " QUALITY_A " of "
				       "" QUALITY_B " preemptions are located where fewer sequences decode than the "
				       "requests show; the time of the others is in (unattributed) and in the "
				       "tenants' intervals",
				       name);
	}
}

/*
 * If requests' instants are truncated to the second, at most this many hundredths of the tokens in steps may be
 * guesses; with drafts, which leave the end of a sequence open, too.
 */
#define GUESSED_PERCENT 5
#define GUESSED_PERCENT_DRAFTED 1

static void warn_seconds(const struct pass *pass) {
	const struct flight *f = &pass->flight;
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;
	const int64_t count[2] = {f->asked.guessed_ntok, f->asked.counted_ntok};
	bool drafts = f->tokens_a_step > 1;

	if (f->asked.guessed_ntok > f->asked.counted_ntok / 100 * (drafts ? GUESSED_PERCENT_DRAFTED : GUESSED_PERCENT)) {
		quality_finding_counted(pass->quality, "clock", name, NULL, count,
					"%s: its requests' timestamps are truncated to the second, and " QUALITY_A " of " QUALITY_B " prompt tokens cannot be "
					"assigned with certainty: tenants %s; log timestamps in milliseconds",
					name, drafts ? "with few tokens may be off by a multiple" : "may be off by several percent");
	}
}

static int steps_end(struct pass *pass, struct fault *why) {
	int rc = split_pending(pass, INT64_MAX, why);

	int failed = model_states_close(&((struct steps_state *)pass->state)->models, pass, leave_pass, why);
	rc = rc < 0 ? rc : failed;
	if (pass->purpose == PASS_FIT) {
		flight_day(&pass->flight, INT64_MAX);
		return rc < 0 ? rc : flight_clear(&pass->flight, leave_pass, pass, why);
	}
	if (rc >= 0 && pass->to_ns > pass->cursor_ns) {
		rc = post_gap(pass, pass->to_ns, NULL, false, why);
	}
	sequence_find(sequence_of(pass), names_text(pass->common->options->names, pass->summary->replica).at,
		      pass->quality);
	pass->to_ns = pass->cursor_ns; /* a moved step may end later than its timestamp */
	flight_day(&pass->flight, INT64_MAX);
	warn_preemptions(pass);
	warn_hits(pass);
	warn_drafts(pass);
	warn_seconds(pass);
	if (pass->over_ns > 0) {
		quality_warn(pass->quality,
			     "replica %s: steps overlap by %.3f GPU-hours in total, which are counted as "
			     "capacity: if several engines log under one name, name each with --replica",
			     names_text(pass->common->options->names, pass->summary->replica).at,
			     (double)pass->over_ns / (double)NS_PER_HOUR);
	}
	return rc;
}

static void steps_release(struct pass *pass) {
	struct steps_state *st = pass->state;

	free(st->pending);
	rank_reader_free(st->ranks);
	in_flight_free(&st->in_flight);
}

const struct splitter splitter_steps = {
    .state_size = sizeof(struct steps_state),
    .fits = has_steps,
    .span = steps_span,
    .item = steps_item,
    .end = steps_end,
    .release = steps_release,
};
