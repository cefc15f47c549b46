/*
 * sweep.c: splits a replica with only requests logged, with their instants.
 *
 * Between two events (a prompt is scheduled, a first token comes, a request ends) the same prompts are computed and
 * the same sequences decode. Where both happen, the time is split as in a mixed step: the time of a decode step alone
 * follows from the time of output tokens while no prompt is computed.
 */
#include <math.h>
#include <string.h>

#include "attribute/model/rebuild/rebuild.h"
#include "attribute/laws/rules.h"
#include "attribute/split/requests/replay.h"
#include "attribute/split/requests/sampling.h"
#include "attribute/split/requests/waits.h"
#include "attribute/split/pass.h"
#include "core/instant.h"

/* A prompt is computed in chunks of this many tokens (the default of vLLM's max_num_batched_tokens for serving). */
#define CHUNK_NTOK 2048

/* Part of the time between a request's instants during which the device did not work, and of a step: one standard deviation. */
#define WAIT_SD 0.025
#define GAP_SD_NS 300e3

/*
 * Attention of a prompt's token with one token of its context, over the time of its products: of usual dense models (those
 * with experts have fewer products), and one standard deviation of it, relative. No instant shows what it is.
 */
#define USUAL_ATTENTION 3e-5
#define EXPERTS_POWER 0.7
#define USUAL_ATTENTION_SD 0.6

/* If first tokens are not logged, it is a guess who decodes: one standard deviation of a tenant's part. */
#define GUESSED_FIRST_SD 0.15

/* Blocks of the bootstrap: several times as long as most requests. */
#define BLOCK_NS (32 * NS_PER_SECOND)

struct sweep_state {
	bool takes_sums, takes_samples; /* what a first pass collects: sums over time, batches to be rebuilt */
	int64_t noted_day_ns; /* the last day that fits_note_sums has; or UNKNOWN */
	struct fit_key key; /* of the current model */
	const struct aggregate_model *model;
	const struct step_model *steps; /* of similar replicas that log steps; NULL: none */
	double attention;               /* what is usual */
	struct replay replay; /* by the current model */
	/*
	 * Running sums; flight.h copies them to requests when they begin to decode. ALONE: over time in which no
	 * prompt is computed, of time, time x sequences, time x context. ALL: over all time, of prompt tokens
	 * computed, and of the latter two. CHUNKS: of prompts' chunks. They are integers (time in TICK_NS, tokens in
	 * 1 / (TICK_NS x RATE_UNIT)), so that differences are exact wherever the sums began.
	 */
	struct decode_sums sums[TIME_GRADES];
	struct replay_queue queue;
	struct sampling sampling;
	struct waits waits;
	int64_t block; /* of the bootstrap, and its bucket */
	bool block_known;
	unsigned bucket;
};
#define TICK_NS 1024
#define RATE_UNIT 0x1p36
enum { ALONE, CHUNKS, ALL };

static int64_t chunks_of(const struct request_item *r) {
	int64_t tokens = (int64_t)r->prompt_tokens - r->cached_tokens;

	return tokens > CHUNK_NTOK ? (tokens + CHUNK_NTOK - 1) / CHUNK_NTOK : 1;
}

/* How long a prompt was computed. */
static int64_t prompt_time_ns(const struct request_item *r) {
	int64_t from_ns = r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->head.at_ns;

	return r->first_token_ns != UNKNOWN ? r->first_token_ns - from_ns : 0;
}

static bool is_guessed(const struct request_item *r) {
	return r->first_token_ns == UNKNOWN && r->arrival_ns != UNKNOWN && r->finish_ns != UNKNOWN &&
	       r->finish_ns > r->arrival_ns;
}

/* ---- first pass: the time of decode steps alone ---- */

/* Are most requests such that steps can be rebuilt from them? Then sums are likely to be of no use. */
static bool may_leave_sums(const struct replica_summary *s) {
	return !s->exclusive && s->timed > s->requests / 2;
}

/* Where sums may be left out, each of these two kinds of replicas is noted. */
static void note_day(struct pass *pass, int64_t at_ns) {
	struct sweep_state *st = pass->state;
	bool exclusive = pass->summary->exclusive;
	bool noted = st->noted_day_ns != UNKNOWN && at_ns >= st->noted_day_ns && at_ns - st->noted_day_ns < NS_PER_DAY;

	if (pass->part == FIT_SAMPLES && !noted && (exclusive || !st->takes_sums)) {
		struct fit_key key = pass_fit_key(pass, pass->summary->model, at_ns);
		fits_note_sums(pass->fits, &key, exclusive);
		st->noted_day_ns = key.day_ns;
	}
}

/* The bucket of an instant; in most cases that of the instant before. */
static unsigned bucket_at(const struct pass *pass, int64_t at_ns) {
	struct sweep_state *st = pass->state;
	int64_t block = at_ns / BLOCK_NS - (at_ns % BLOCK_NS < 0);

	if (!st->block_known || st->block != block) {
		st->bucket = aggregates_bucket(names_text(pass->common->options->names, pass->summary->replica), at_ns, BLOCK_NS);
		st->block = block;
		st->block_known = true;
	}
	return st->bucket;
}

/* The sums and the bucket for the rows of a request that began at an instant. */
static struct aggregates *aggregates_at(const struct pass *pass, int64_t at_ns, unsigned *bucket) {
	struct fit_key key = pass_fit_key(pass, pass->summary->model, at_ns);

	*bucket = bucket_at(pass, at_ns);
	return fits_aggregates(pass->fits, &key);
}

/* Adds a row: steps of a sequence and their time while no prompt was computed. */
static void note_steps(struct pass *pass, const struct active *a) {
	const struct sweep_state *st = pass->state;
	double alone = (double)(st->sums[ALONE].equal - a->base[ALONE].equal);
	double others = (double)(st->sums[CHUNKS].equal - a->base[CHUNKS].equal);
	double steps = (double)a->request.completion_tokens - 1 - others;

	if (alone > 0 && steps >= 1) {
		double sequences = (double)(st->sums[ALONE].context - a->base[ALONE].context) / alone;
		double context = (double)(st->sums[ALONE].counted - a->base[ALONE].counted) / alone;
		const double x[AGGREGATE_TERMS] = {steps, steps * sequences, steps * context};
		unsigned bucket;
		struct aggregates *r = aggregates_at(pass, a->request.head.at_ns, &bucket);
		aggregates_add(r, AGGREGATE_STEP, bucket, x, (int64_t)alone * TICK_NS);
	}
}

/* Adds a row: the time of the steps that computed a prompt, together with others' prompts and sequences. */
static void note_prompt(struct pass *pass, const struct active *a) {
	int64_t ns = prompt_time_ns(&a->request);
	double steps = (double)chunks_of(&a->request), ticks = (double)ns / TICK_NS;

	if (ns > 0) {
		const struct decode_sums *end = &a->base[ALL];
		double tokens = (double)(end->equal - (long double)a->open_prefill_ns[0]) * TICK_NS / RATE_UNIT;
		double sequences = (double)(end->context - (long double)a->open_prefill_ns[1]) / ticks;
		double context = (double)(end->counted - (long double)a->open_prefill_ns[2]) / ticks;
		const double x[AGGREGATE_TERMS] = {steps, tokens, steps * sequences, steps * context};
		unsigned bucket;
		struct aggregates *r = aggregates_at(pass, a->request.head.at_ns, &bucket);
		aggregates_add(r, AGGREGATE_PROMPT, bucket, x, ns);
	}
}

/* The sums when a prompt began, in fields that only the second pass uses otherwise. */
static void note_start(struct sweep_state *st, struct active *a) {
	if (a->computed == 0) {
		a->computed = 1;
		a->open_prefill_ns[0] = (int64_t)st->sums[ALL].equal;
		a->open_prefill_ns[1] = (int64_t)st->sums[ALL].context;
		a->open_prefill_ns[2] = (int64_t)st->sums[ALL].counted;
	}
}

static int note_request(void *context, struct active *a, struct fault *why) {
	struct pass *pass = context;

	(void)why;
	if (a->decoding) {
		note_steps(pass, a);
	}
	if (a->decoding && a->computed > 0) {
		note_prompt(pass, a);
	}
	return 0;
}

static void note_life(struct pass *pass, const struct request_item *q) {
	if (is_guessed(q)) {
		int64_t prompt = (int64_t)q->prompt_tokens - q->cached_tokens;
		const double x[AGGREGATE_TERMS] = {1, (double)prompt, (double)q->completion_tokens};
		unsigned bucket;
		struct aggregates *r = aggregates_at(pass, q->head.at_ns, &bucket);
		aggregates_add(r, AGGREGATE_LIFE, bucket, x, q->finish_ns - q->arrival_ns);
		aggregates_count(r, TOTAL_LIVES, 1);
		aggregates_count(r, TOTAL_LIFE_PROMPT, prompt);
		aggregates_count(r, TOTAL_LIFE_OUTPUT, q->completion_tokens);
	}
}

/* Prompt tokens computed per ns: each prompt evenly over its time. */
static double token_rate(const struct flight *f) {
	double rate = 0;

	for (size_t i = 0; i < f->chunk_count; i++) {
		const struct request_item *r = &f->chunks[i].active->request;
		int64_t ns = prompt_time_ns(r);
		rate += ns > 0 ? ((double)r->prompt_tokens - r->cached_tokens) / (double)ns : 0;
	}
	return rate;
}

/* Time of the step that computes the first of the prompts. */
static double step_ns(const struct flight *f) {
	const struct request_item *first = &f->chunks[0].active->request;

	return (double)prompt_time_ns(first) / (double)chunks_of(first);
}

/* Adds to the day's sums what the split of time with both phases depends on. */
static void note_both(struct pass *pass, int64_t to_ns, double rate) {
	const struct flight *f = &pass->flight;
	unsigned bucket;
	struct aggregates *r = aggregates_at(pass, pass->cursor_ns, &bucket);
	int64_t ns = to_ns - pass->cursor_ns;
	double whole = step_ns(f), steps = whole > 0 ? (double)ns / whole : 0;

	aggregates_count(r, TOTAL_BOTH_NS, ns);
	aggregates_count_part(r, TOTAL_BOTH_STEPS, steps);
	aggregates_count_part(r, TOTAL_BOTH_TOKENS, (double)ns * rate);
	aggregates_count_part(r, TOTAL_BOTH_SEQUENCES, steps * (double)f->decoding_count);
	aggregates_count_part(r, TOTAL_BOTH_CONTEXT, steps * (double)f->context_sum);
}

static int64_t tick_of(int64_t at_ns) {
	return at_ns / TICK_NS;
}

static void note_stretch(struct pass *pass, int64_t to_ns, size_t prompts) {
	struct sweep_state *st = pass->state;
	const struct flight *f = &pass->flight;
	long double ticks = (long double)(tick_of(to_ns) - tick_of(pass->cursor_ns));
	double rate = token_rate(f);

	for (size_t i = 0; i < prompts; i++) {
		note_start(st, f->chunks[i].active);
	}
	if (prompts == 0) {
		st->sums[ALONE].equal += ticks;
		st->sums[ALONE].context += ticks * (long double)f->decoding_count;
		st->sums[ALONE].counted += ticks * (long double)f->context_sum;
	} else if (f->decoding_count > 0) {
		note_both(pass, to_ns, rate);
	}
	st->sums[ALL].equal += ticks * (long double)round(rate * RATE_UNIT);
	st->sums[ALL].context += ticks * (long double)f->decoding_count;
	st->sums[ALL].counted += ticks * (long double)f->context_sum;
}

/* ---- second pass ---- */

/*
 * With prompts in more than this part of the steps' time, a fit without a floor has taken it for another cost: of one
 * sequence as of many, the weights are read.
 */
#define MOSTLY_BOTH 0.5

static void find_no_floor(const struct pass *pass, const struct rebuilt_model *m) {
	const char *name = names_text(pass->common->options->names, pass->summary->replica).at;

	if (m->steps.ns[TERM_FLOOR] <= 0 && m->both_part > MOSTLY_BOTH) {
		quality_finding(pass->quality, "requests-undetermined", name, NULL, QUALITY_NO_AMOUNT,
				"replica %s: its requests do not show what a step with few sequences takes, as most steps "
				"have prompts: phases and tenants may be off by more than their intervals: log the engine's "
				"steps (vLLM: --enable-logging-iteration-details)",
				name);
	}
}

static const struct aggregate_model *model_at(struct pass *pass, int64_t at_ns) {
	struct sweep_state *st = pass->state;
	int64_t day_ns = instant_floor(at_ns, NS_PER_DAY);

	if (!st->model || st->key.day_ns != day_ns) {
		st->key = pass_fit_key(pass, pass->summary->model, at_ns);
		st->model = fits_aggregate_model(pass->fits, &st->key);
		st->steps = fits_fitted(pass->fits, &st->key);
		const struct proportions *p = fits_proportions(pass->fits, &st->key);
		st->attention = USUAL_ATTENTION * pow(p->params / p->active, EXPERTS_POWER);
		st->replay = (struct replay){.by = &st->model->rebuilt, .model = st->steps ? st->steps : &st->model->rebuilt.steps,
					     .usual_attention = st->attention};
		replay_set_sd(&st->replay, st->steps != NULL);
		if (pass->purpose == PASS_POST && st->model->has_rebuilt && !st->steps) {
			find_no_floor(pass, &st->model->rebuilt);
		}
	}
	return st->model;
}

/*
 * A first token that the log does not report: predicted by the fit over all requests; in the middle before there is a
 * fit.
 */
static int64_t first_token_ns(struct pass *pass, const struct request_item *r) {
	static const double nothing[AGGREGATE_TERMS];
	const double *life = pass->purpose == PASS_POST ? model_at(pass, r->head.at_ns)->ns[AGGREGATE_LIFE] : nothing;
	double prompt = life[0] + life[1] * ((double)r->prompt_tokens - r->cached_tokens);
	double whole = prompt + life[2] * (double)r->completion_tokens;
	int64_t life_ns = r->finish_ns - r->head.at_ns;

	return whole > 0 ? r->head.at_ns + (int64_t)((double)life_ns * (prompt / whole)) : r->head.at_ns + life_ns / 2;
}

/*
 * Prefill's share of time in which prompts are computed and sequences decode, under the rule: the whole is the time
 * of such a step, the times of its prompts and of its sequences alone are from the fits. Prompts alone take at least
 * as long as they add to sequences: if the fits, each with its own error, contradict that, the two figures are
 * swapped, which does not change their mean, the Shapley value.
 */
static double mixed_share(enum rule rule, const struct aggregate_model *m, const struct flight *f) {
	const double *step = m->ns[AGGREGATE_STEP], *prompt = m->ns[AGGREGATE_PROMPT];
	double whole = step_ns(f);
	double decode = step[0] + step[1] * (double)f->decoding_count + step[2] * (double)f->context_sum;
	double prefill = prompt[0] + prompt[1] * token_rate(f) * whole;
	double alone = prefill < whole ? prefill : whole, added = whole - decode;
	const struct split_times t = {whole, fmax(alone, added), whole - fmin(alone, added)};

	return split_prefill_share(rule, &t);
}

static double context_share(const struct aggregate_model *m, const struct flight *f) {
	const double *step = m->ns[AGGREGATE_STEP];
	double by_context = step[2] * (double)f->context_sum;
	double whole = step[0] + step[1] * (double)f->decoding_count + by_context;

	return whole > 0 ? by_context / whole : 0;
}

/* Uncertainty of prefill's share; for a stretch with one phase, of its time, as the device may have waited. */
static double sd_of(const struct aggregate_model *m, size_t prompts, size_t sequences) {
	double prompt_sd = prompts > 0 ? m->life_prompt_sd : 0, output_sd = sequences > 0 ? m->life_output_sd : 0;

	double step = m->ns[AGGREGATE_STEP][0], wait = hypot(WAIT_SD, step > 0 ? fmin(1, GAP_SD_NS / step) : 0);

	return hypot(prompts > 0 && sequences > 0 ? m->both_share_sd : wait, fmax(prompt_sd, output_sd));
}

/* The chunks that a step computes of the waiting prompts, and its sequences. */
static struct batch batch_of(const struct flight *f) {
	struct batch b = {.decode_tokens = (int64_t)f->decoding_count,
			  .decode_kv_tokens = f->context_sum,
			  .decode_unequal_kv = f->context_sum};
	double tokens = 0, pairs = 0;

	for (size_t i = 0; i < f->chunk_count; i++) {
		const struct request_item *r = &f->chunks[i].active->request;
		double computed = (double)r->prompt_tokens - r->cached_tokens, ns = (double)prompt_time_ns(r);
		double part = ns > 0 ? computed * fmin(1, step_ns(f) / ns) : computed;
		tokens += part;
		pairs += part * (r->cached_tokens + computed / 2);
	}
	b.prefill_tokens = tokens < CHUNK_NTOK ? (int64_t)tokens : CHUNK_NTOK;
	b.prefill_token_kv = tokens > CHUNK_NTOK ? (int64_t)(pairs * CHUNK_NTOK / tokens) : (int64_t)pairs;
	return b;
}

/*
 * If similar replicas log steps, their model splits, and determines the cost of cached input and the part that
 * depends on contexts.
 */
static void by_step_model(struct stretch *s, const struct step_model *m, enum rule rule, const struct flight *f) {
	struct batch b = batch_of(f);
	struct split_times t;
	double attention = m->ns[TERM_ATTENTION] * (double)b.prefill_token_kv,
	       context = m->ns[TERM_CONTEXT] * (double)b.decode_kv_tokens;
	int64_t total = s->prefill_ns + s->decode_ns;

	split_times(m, &b, &t);
	if (b.prefill_tokens > 0 && b.decode_tokens > 0) {
		s->prefill_ns = split_part(total, split_prefill_share(rule, &t));
		s->decode_ns = total - s->prefill_ns;
	}
	double decode = b.prefill_tokens > 0 ? (t.decode + t.whole - t.prefill) / 2 : t.whole;
	s->attention_share = t.prefill > 0 ? fmin(1, attention / t.prefill) : 0;
	s->attention_doubt = 0;
	s->context_share = decode > 0 ? fmin(1, context / decode) : 0;
}

/* Attention's share of the prompts that are computed. */
static double usual_attention_share(const struct flight *f, double each) {
	double tokens = 0, pairs = 0;

	for (size_t i = 0; i < f->chunk_count; i++) {
		const struct chunk *c = &f->chunks[i];
		tokens += (double)c->tokens;
		pairs += (double)c->tokens * ((double)c->before + (double)c->tokens / 2);
	}
	return pairs > 0 ? each * pairs / (tokens + each * pairs) : 0;
}

static int post_busy(struct pass *pass, int64_t to_ns, size_t prompts, struct fault *why) {
	const struct aggregate_model *m = model_at(pass, pass->cursor_ns);
	const struct flight *f = &pass->flight;
	size_t sequences = f->decoding_count;
	double share = sequences == 0 ? 1 : prompts == 0 ? 0 : mixed_share(pass->common->options->rule, m, f);
	bool alone = pass->summary->exclusive && prompts + sequences == 1;
	int64_t total;

	if (!accounts_gpu_ns(&pass->accounts, pass->cursor_ns, to_ns, &total)) {
		return fault_set(why, ERROR_RANGE, "the GPU time of requests does not fit 64 bits of nanoseconds");
	}
	int64_t prefill = (int64_t)((double)total * share);
	prefill = share >= 1 || prefill > total ? total : prefill;
	double attention = usual_attention_share(f, ((struct sweep_state *)pass->state)->attention);
	struct stretch s = {
	    .from_ns = pass->cursor_ns,
	    .to_ns = to_ns,
	    .prefill_ns = prefill,
	    .decode_ns = total - prefill,
	    .grade = alone ? GRADE_A : GRADE_C,
	    .attention_share = attention,
	    .attention_doubt = USUAL_ATTENTION_SD * attention,
	    .context_share = context_share(m, f),
	    .prefill_tokens = f->chunk_tokens,
	    .decode_requests = (int64_t)sequences,
	    .member_sd = !alone && m->rows[AGGREGATE_LIFE] > 0 ? GUESSED_FIRST_SD : 0,
	    .share_sd = alone ? 0 : sd_of(m, prompts, sequences),
	};
	const struct step_model *steps = ((struct sweep_state *)pass->state)->steps;
	if (steps && !alone) {
		by_step_model(&s, steps, pass->common->options->rule, f);
	}
	return accounts_busy(&pass->accounts, &s, why);
}

/* ---- both ---- */

/* A stretch in which nothing changes, from the cursor on. */
static int split_stretch(struct pass *pass, int64_t to_ns, struct fault *why) {
	size_t prompts = flight_enter_prompts(&pass->flight, pass->cursor_ns);
	bool busy = prompts + pass->flight.decoding_count > 0;
	bool queued = pass->flight.waiting_count > 0 && pass->flight.waiting[0]->request.head.at_ns <= pass->cursor_ns;
	int rc = 0;

	if (pass->purpose == PASS_FIT && busy) {
		note_stretch(pass, to_ns, prompts);
	} else if (pass->purpose == PASS_POST && busy) {
		rc = post_busy(pass, to_ns, prompts, why);
	} else if (pass->purpose == PASS_POST) {
		rc = accounts_gap(&pass->accounts, queued ? ENTRY_OTHER : ENTRY_IDLE, pass->cursor_ns, to_ns, false,
				  why);
	}
	pass->cursor_ns = to_ns;
	return rc;
}

static int advance(struct pass *pass, struct fault *why) {
	return pass->purpose == PASS_POST
		   ? flight_advance(&pass->flight, pass->cursor_ns, false, accounts_leave, &pass->accounts, why)
		   : flight_advance(&pass->flight, pass->cursor_ns, false, note_request, pass, why);
}

/* Are the steps of the current day rebuilt: did its requests determine a model? */
static bool replays(struct pass *pass) {
	return pass->purpose == PASS_POST && !pass->summary->exclusive && model_at(pass, pass->cursor_ns)->has_rebuilt;
}

/* Returns 1 if the time from the cursor on is not to be rebuilt, else 0, or a negative error. */
static int replay_to(struct pass *pass, int64_t to_ns, bool last, struct fault *why) {
	struct sweep_state *st = pass->state;
	int rc = 1;

	if (pass->cursor_ns >= to_ns || !replays(pass)) {
		return 1;
	}
	int64_t known_ns = replay_decide(&st->queue, pass, &st->replay, last ? INT64_MAX : to_ns);
	known_ns = known_ns < to_ns ? known_ns : to_ns;
	while (rc > 0 && pass->cursor_ns < known_ns) {
		if (!replays(pass)) {
			return 1;
		}
		rc = flight_advance(&pass->flight, pass->cursor_ns + REBUILD_EPS_NS, false, accounts_leave,
				    &pass->accounts, why);
		rc = rc < 0 ? rc : replay_next(pass, &st->replay, known_ns, last, why);
	}
	return rc < 0 ? rc : 0;
}

/* `last`: no more requests follow. */
static int sweep_to(struct pass *pass, int64_t to_ns, bool last, struct fault *why) {
	int rc = replay_to(pass, to_ns, last, why);

	if (rc <= 0 || pass->cursor_ns >= to_ns) {
		return rc;
	}
	rc = advance(pass, why);
	while (rc >= 0 && pass->cursor_ns < to_ns) {
		int64_t next_ns = flight_next_change(&pass->flight, pass->cursor_ns);
		rc = split_stretch(pass, next_ns < to_ns ? next_ns : to_ns, why);
		rc = rc < 0 ? rc : advance(pass, why);
	}
	return rc;
}

static bool has_requests(const struct replica_summary *s) {
	return s->steps == 0 && s->requests > 0;
}

static void sweep_span(struct pass *pass) {
	struct sweep_state *st = pass->state;

	pass->from_ns = pass->summary->first_ns;
	pass->to_ns = pass->summary->last_ns;
	if (pass->purpose == PASS_FIT) {
		pass->flight.now = st->sums;
		st->takes_sums = pass->part == FIT_WHOLE || (pass->part == FIT_SUMS) == may_leave_sums(pass->summary);
		st->takes_samples = pass->part != FIT_SUMS;
		st->noted_day_ns = UNKNOWN;
	}
}

/*
 * With rebuilt steps contexts grow, and a prompt is computed; with overlaps contexts are averages over the request's
 * time.
 */
static void prepare(struct pass *pass, struct active *a) {
	const struct request_item *r = &a->request;
	const struct aggregate_model *m =
	    pass->purpose == PASS_POST && !pass->summary->exclusive ? model_at(pass, r->head.at_ns) : NULL;

	if (m && m->has_rebuilt) {
		a->remaining += a->remaining == 0 && r->part != PART_DECODE;
		if ((r->scheduled_ns == UNKNOWN || m->rebuilt.guesses) && r->first_token_ns != UNKNOWN &&
		    r->part != PART_DECODE) {
			replay_enqueue(&((struct sweep_state *)pass->state)->queue, &pass->flight, a);
		}
	} else {
		a->context = (int64_t)r->prompt_tokens + r->completion_tokens / 2;
	}
}

static int sweep_item(struct pass *pass, const struct item *item, struct fault *why) {
	struct sweep_state *st = pass->state;
	const struct request_item *r = (const struct request_item *)item;
	bool fit = pass->purpose == PASS_FIT;

	if (item->kind != ITEM_REQUEST) {
		return 0;
	}
	if (fit && st->takes_samples) {
		note_day(pass, r->head.at_ns);
		note_life(pass, r);
		sampling_add(&st->sampling, pass, r);
	}
	if (fit && !st->takes_sums) {
		return 0;
	}
	int rc = sweep_to(pass, r->head.at_ns, false, why);
	if (!fit) {
		waits_add(&st->waits, pass, r, model_at(pass, r->head.at_ns)->has_rebuilt);
	}
	struct active *a = flight_admit(&pass->flight, r);
	if (r->first_token_ns == UNKNOWN && r->finish_ns != UNKNOWN) {
		a->request.first_token_ns = first_token_ns(pass, r);
	}
	prepare(pass, a);
	if (fit) {
		st->sums[CHUNKS].equal += chunks_of(r); /* of prompts that come while others decode */
	}
	return rc;
}

static int sweep_end(struct pass *pass, struct fault *why) {
	struct sweep_state *st = pass->state;
	bool fit = pass->purpose == PASS_FIT;

	if (fit && st->takes_samples) {
		sampling_end_day(&st->sampling, pass);
	}
	if (fit && !st->takes_sums) {
		return 0;
	}
	int rc = sweep_to(pass, pass->to_ns, true, why);
	if (!fit) {
		waits_end(&st->waits, pass);
	}
	return rc >= 0 && fit ? flight_clear(&pass->flight, note_request, pass, why) : rc;
}

static void sweep_release(struct pass *pass) {
	struct sweep_state *st = pass->state;

	rebuild_release(&st->sampling.sample);
	replay_release(&st->queue);
}

const struct splitter splitter_sweep = {
    .state_size = sizeof(struct sweep_state),
    .fits = has_requests,
    .span = sweep_span,
    .item = sweep_item,
    .end = sweep_end,
    .release = sweep_release,
};
