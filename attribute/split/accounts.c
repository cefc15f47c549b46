#include "attribute/split/accounts.h"

#include <math.h>

#include "attribute/split/accounts_chunks.h"
#include "attribute/split/accounts_energy.h"
#include "attribute/split/accounts_spread.h"
#include "attribute/fleet/capacity.h"
#include "attribute/split/request_rows.h"
#include "core/exact.h"
#include "core/share.h"

static const enum entry_kind token_kinds[3] = {ENTRY_INPUT, ENTRY_INPUT_CACHED, ENTRY_OUTPUT};

static int overflow(struct fault *why) {
	return fault_set(why, ERROR_RANGE, "a sum of GPU time or tokens does not fit 64 bits");
}

/* ---- keys ---- */

struct entry accounts_key_of_no_tenant(const struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant) {
	struct entry key;

	memset(&key, 0, sizeof key); /* entries are compared byte by byte where their keys agree */
	key.slot_ns = a->segment.slot_ns;
	key.replica = a->replica;
	key.model = a->model;
	key.tenant = tenant;
	key.pool = a->pool ? a->pool->name : 0;
	key.kind = kind;
	key.grade = grade;
	key.rate_nano = a->segment.rate_nano;
	return key;
}

static name_id model_of(const struct accounts *a, const struct active *r) {
	return r->request.head.model != 0 ? r->request.head.model : a->model;
}

static struct priced_tokens priced(const struct accounts *a, const struct active *r) {
	return (struct priced_tokens){model_of(a, r), a->segment.rate_nano, cuts_below(&a->common->options->cuts.prompt_over_ntok, r->request.prompt_tokens)};
}

static struct entry key_of(const struct accounts *a, const struct active *r, enum entry_kind kind, enum grade grade) {
	const struct request_item *q = &r->request;
	struct entry key = accounts_key_of_no_tenant(a, kind, grade, q->tenant);

	key.model = model_of(a, r);
	key.prompt_over_ntok = cuts_below(&a->common->options->cuts.prompt_over_ntok, q->prompt_tokens);
	key.service = (enum service)q->service;
	return key;
}

static void add_time(struct accounts *a, struct entry *e, int64_t ns) {
	a->failed |= !exact_add(&e->gpu_ns, ns) || !exact_add(&a->posted_ns, ns);
}

static const struct entry *post_time(struct accounts *a, const struct entry *key, int64_t ns) {
	struct entry *e = postings_find(&a->postings, key);

	add_time(a, e, ns);
	return e;
}

/* The posting of a kind without tenant and grade: its key is made once per segment. */
static struct entry *plain_posting(struct accounts *a, enum entry_kind kind) {
	if (a->plain[kind] == 0) {
		struct entry key = accounts_key_of_no_tenant(a, kind, GRADE_NONE, 0);
		a->plain[kind] = (uint32_t)(postings_find(&a->postings, &key) - a->postings.at) + 1;
	}
	return &a->postings.at[a->plain[kind] - 1];
}

/* ---- settling ---- */

static void charge(struct accounts *a, struct active *r, enum entry_kind kind, enum grade grade, int64_t ns, double tilt_ns,
                   double spread_ns) {
	struct entry key = key_of(a, r, kind, grade);
	int128 money = a->segment.rate_nano > 0 ? (int128)ns * a->segment.rate_nano : 0;

	const struct posting_doubt doubt = {tilt_ns, r->request.preemptions > 0 ? (double)ns : 0, kind == ENTRY_OUTPUT ? accounts_step_ns(a, r, ns) : 0,
	                                    kind == ENTRY_INPUT_CACHED ? r->open_cached_sd_ns[grade] : 0};
	postings_doubt(&a->postings, post_time(a, &key, ns), &doubt);
	if (!a->segment.wanted) {
		return;
	}
	r->grade = r->grade == GRADE_NONE || grade > r->grade ? grade : r->grade;
	r->spread_ns[kind == ENTRY_OUTPUT] += spread_ns;
	r->tilt_ns[kind == ENTRY_OUTPUT] += tilt_ns;
	if (kind == ENTRY_OUTPUT) {
		r->decode_ns += ns;
		r->output_money += money;
	} else {
		r->prefill_ns += ns;
		r->cached_ns += kind == ENTRY_INPUT_CACHED ? ns : 0;
		r->input_money += money;
	}
}

/* The exact cost of a request's decoding since the last settling. */
static long double decode_due(const struct accounts *a, const struct active *r, int g) {
	const struct decode_sums *now = &a->now[g], *base = &r->base[g];
	long double context = (long double)(r->context - (r->first_decode - a->segment_step));

	return now->equal - base->equal + context * (now->context - base->context) + now->counted - base->counted;
}

/* The positions in the context of the steps since the last settling. */
static void note_positions(struct accounts *a, struct active *r, int64_t ns, double by_context) {
	int64_t steps = a->flight->decode_step - r->first_decode, before = flight_step_tokens(a->flight, r, r->noted_steps);
	struct priced_tokens of = priced(a, r);

	breakdowns_decode(a->common->breakdowns, &of, r->context + before, flight_step_tokens(a->flight, r, steps) - before, ns, by_context < 0 ? 0 : by_context);
	r->noted_steps = steps;
}

/* Did sequences decode since? A model may lack either term: then that sum is unchanged. */
static bool has_grown(const struct decode_sums *now, const struct decode_sums *base) {
	return now->equal > base->equal || now->context > base->context;
}

static void settle(struct accounts *a, struct active *r) {
	long double all_equal = 0, all_due = 0;
	int64_t all_ns = 0;

	for (int g = 0; g < TIME_GRADES; g++) {
		if (r->open_prefill_ns[g] > 0) {
			chunks_find(r, g);
			charge(a, r, ENTRY_INPUT, (enum grade)g, r->open_prefill_ns[g] - r->open_cached_ns[g], r->open_tilt_ns[g],
			       r->open_spread_ns[g]);
			if (r->open_cached_ns[g] > 0 || r->open_cached_sd_ns[g] > 0) {
				charge(a, r, ENTRY_INPUT_CACHED, (enum grade)g, r->open_cached_ns[g], 0, 0);
			}
			r->open_prefill_ns[g] = r->open_cached_ns[g] = 0;
			r->open_tilt_ns[g] = r->open_spread_ns[g] = r->open_cached_sd_ns[g] = 0;
		}
		if (r->decoding && a->decode.total_ns[g] > 0 && has_grown(&a->now[g], &r->base[g])) {
			long double due = decode_due(a, r, g);
			a->decode.exact_ns[g] += due;
			int64_t ns = (int64_t)llroundl(a->decode.exact_ns[g]) - a->decode.given_ns[g];
			a->decode.given_ns[g] += ns;
			long double equal = a->now[g].equal - r->base[g].equal;
			charge(a, r, ENTRY_OUTPUT, (enum grade)g, ns, (double)(due - equal - (a->now[g].even - r->base[g].even)),
			       (double)(a->now[g].spread - r->base[g].spread));
			all_ns += ns;
			all_equal += equal;
			all_due += due;
			r->base[g] = a->now[g];
		}
	}
	if (all_due > 0 && a->segment.wanted) {
		note_positions(a, r, all_ns, (double)(1 - all_equal / all_due));
	}
}

/* Called before it pauses decoding. */
static void settle_sequence(void *accounts, struct active *r) {
	settle(accounts, r);
}

/* ---- segments ---- */

/* Time that no request explains. */
static void post_rest(struct accounts *a, const struct phase *p, enum entry_kind kind) {
	struct request_rest *rest = kind == ENTRY_OUTPUT ? &a->decode_rest : &a->prefill_rest;
	name_id tenant = a->has_requests ? a->common->unattributed : 0;

	for (int g = 0; g < TIME_GRADES; g++) {
		int64_t ns = p->total_ns[g] - p->given_ns[g];
		a->failed |= a->segment.wanted && !exact_add(&a->busy.busy_ns, p->total_ns[g]);
		if (ns == 0) {
			continue;
		}
		struct entry key = accounts_key_of_no_tenant(a, kind, (enum grade)g, tenant);
		post_time(a, &key, ns);
		if (a->segment.wanted) {
			a->busy.unexplained_ns += ns;
			rest->ns += ns;
			rest->money += a->segment.rate_nano > 0 ? (int128)ns * a->segment.rate_nano : 0;
			rest->grade = rest->grade == GRADE_NONE || g > (int)rest->grade ? (enum grade)g : rest->grade;
		}
	}
}

static int post_entries(struct accounts *a, struct fault *why) {
	int64_t observed_ns = 0;
	int rc = 0;

	for (size_t i = 0; i < a->postings.count && rc >= 0; i++) {
		const struct entry *e = &a->postings.at[i];
		observed_ns += e->gpu_ns;
		if (a->segment.wanted) {
			rc = entries_add(a->common->entries, a->common->lane, e, why);
		}
	}
	if (!a->segment.paid) {
		a->unpaid_ns += observed_ns;
	}
	if (rc >= 0 && observed_ns > 0 && a->segment.wanted) {
		capacity_observed(a->common->capacity, a->pool, a->segment.slot_ns, a->segment.rate_nano, observed_ns);
	}
	return rc;
}

static int close_segment(struct accounts *a, struct fault *why) {
	struct flight *f = a->flight;

	for (size_t i = 0; i < f->waiting_count; i++) {
		settle(a, f->waiting[i]);
	}
	for (size_t i = 0; i < f->decoding_count; i++) {
		settle(a, f->decoding[i]);
		memset(f->decoding[i]->base, 0, sizeof f->decoding[i]->base);
	}
	post_rest(a, &a->prefill, ENTRY_INPUT);
	post_rest(a, &a->decode, ENTRY_OUTPUT);
	accounts_spread_over(a);
	accounts_energy_post(a);
	int rc = a->failed ? overflow(why) : post_entries(a, why);
	postings_clear(&a->postings);
	memset(a->plain, 0, sizeof a->plain);
	a->prefill = a->decode = (struct phase){0};
	memset(a->now, 0, sizeof a->now);
	a->segment_step = f->decode_step;
	return rc;
}

/* Makes the segment of an instant the current one. */
static int move_to(struct accounts *a, int64_t at_ns, struct fault *why) {
	if (at_ns >= a->segment.from_ns && at_ns < a->segment.to_ns) {
		return 0;
	}
	int rc = close_segment(a, why);
	segment_at(a->common->options, a->pool, at_ns, &a->segment);
	busy_days_move(&a->busy, a->segment.slot_ns);
	return rc;
}

int accounts_model(struct accounts *a, name_id model, struct fault *why) {
	int rc = 0;

	if (model != 0 && model != a->model) {
		rc = close_segment(a, why);
		a->model = model;
	}
	return rc;
}

/* GPU time from the origin on, half to even. */
static int128 gpu_ns_until(const struct accounts *a, int64_t at_ns) {
	return exact_div(((int128)at_ns - a->origin_ns) * a->gpus, a->gpu_parts);
}

bool accounts_gpu_ns(const struct accounts *a, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns) {
	int128 ns = a->gpu_parts <= 1 ? ((int128)to_ns - from_ns) * a->gpus : gpu_ns_until(a, to_ns) - gpu_ns_until(a, from_ns);

	*gpu_ns = (int64_t)ns;
	return ns <= INT64_MAX && ns >= INT64_MIN;
}

void accounts_open(struct accounts *a, const struct accounts_common *c, struct flight *f, name_id replica,
                   name_id model, const struct pool *pool, int64_t at_ns) {
	*a = (struct accounts){
		.common = c,
		.flight = f,
		.replica = replica,
		.model = model,
		.pool = pool,
		.gpus = pool ? pool->gpus_per_replica : 1,
		.gpu_parts = pool ? pool->gpu_parts : 1,
		.origin_ns = at_ns,
		.at_ns = at_ns,
		.energy_at_ns = INT64_MIN,
		.prefill_rest = {.grade = GRADE_NONE},
		.decode_rest = {.grade = GRADE_NONE},
	};
	postings_init(&a->postings);
	segment_at(c->options, pool, at_ns, &a->segment);
	busy_days_move(&a->busy, a->segment.slot_ns);
	f->now = a->now;
	f->settle = settle_sequence;
	f->settle_context = a;
}

/* ---- busy time ---- */

/* One standard deviation of a phase's part of a stretch: of the split, and of who is in the batch. */
static double spread_of(const struct stretch *s, int64_t phase_ns, int64_t ns) {
	double whole = (double)s->prefill_ns + (double)s->decode_ns;

	return phase_ns > 0 ? (double)ns * (s->share_sd * whole / (double)phase_ns + s->member_sd) : 0;
}

static void share_prefill(struct accounts *a, const struct stretch *s, int64_t ns, bool first) {
	struct flight *f = a->flight;
	struct phase *p = &a->prefill;
	struct portion whole = chunks_whole(f, s);
	double spread = spread_of(s, s->prefill_ns, ns);

	p->total_ns[s->grade] += ns;
	p->context_ns[s->grade] += (s->attention_share + s->prior_share) * (double)ns;
	p->member_sd_ns[s->grade] += s->member_sd * (double)ns;
	p->context_sd_ns[s->grade] += s->attention_sd * (s->attention_share + s->prior_share) * (double)ns;
	for (size_t i = 0; i < f->chunk_count; i++) {
		const struct chunk *c = &f->chunks[i];
		double cached, tilt, doubt, weight = chunk_weight(s, c, &whole, &cached, &tilt, &doubt);
		if (f->seeks_hits) {
			chunk_seek(c, s, &whole, ns);
		}
		p->exact_ns[s->grade] += (long double)ns * weight;
		int64_t due = (int64_t)llroundl(p->exact_ns[s->grade]), most = p->total_ns[s->grade];
		int64_t part = (due < most ? due : most) - p->given_ns[s->grade];
		p->given_ns[s->grade] += part;
		c->active->open_prefill_ns[s->grade] += part;
		c->active->open_tilt_ns[s->grade] += tilt * (double)ns;
		c->active->open_spread_ns[s->grade] += weight * spread;
		c->active->open_cached_ns[s->grade] += llround((double)part * cached);
		c->active->open_cached_sd_ns[s->grade] += doubt * (double)ns;
		if (s->by_steps && a->segment.wanted) {
			struct priced_tokens of = priced(a, c->active);
			breakdowns_prefill(a->common->breakdowns, &of, c->before,
			               first ? c->tokens : 0, part, s->attention_share);
		}
	}
}

static void share_decode(struct accounts *a, const struct stretch *s, int64_t ns) {
	const struct flight *f = a->flight;
	struct decode_sums *now = &a->now[s->grade];
	int64_t requests = (int64_t)f->decoding_count, context = f->context_sum;

	a->decode.total_ns[s->grade] += ns;
	a->decode.context_ns[s->grade] += s->context_share * (double)ns;
	a->decode.member_sd_ns[s->grade] += s->member_sd * (double)ns;
	a->decode.context_sd_ns[s->grade] += s->context_sd * s->context_share * (double)ns;
	if (requests == 0 || ns == 0) {
		return;
	}
	/* Sequences without a record get their part: it remains unattributed. */
	if (requests < s->decode_requests) {
		context = s->decode_kv_tokens > context ? s->decode_kv_tokens
		                                        : context * s->decode_requests / requests;
		requests = s->decode_requests;
	}
	long double by_context = context > 0 ? (long double)ns * (long double)s->context_share : 0;
	long double each = ((long double)ns - by_context) / requests;
	long double per_token = context > 0 ? by_context / context : 0;
	now->equal += each;
	now->even += by_context / requests;
	now->spread += spread_of(s, s->decode_ns, ns) / (double)requests;
	now->context += per_token;
	now->counted += per_token * (long double)(f->decode_step - a->segment_step);
}

static int64_t part_until(int64_t total, const struct stretch *s, int64_t to_ns) {
	int64_t part = total;

	/* Never more than `total`: the fraction is at most 1. */
	if (to_ns < s->to_ns) {
		exact_mul_div(total, to_ns - s->from_ns, s->to_ns - s->from_ns, &part);
	}
	return part;
}

int accounts_busy(struct accounts *a, const struct stretch *s, struct fault *why) {
	int64_t at_ns = s->from_ns, prefill_done = 0, decode_done = 0;
	int rc = 0;

	do {
		rc = move_to(a, at_ns, why);
		int64_t to_ns = s->to_ns < a->segment.to_ns ? s->to_ns : a->segment.to_ns;
		int64_t prefill = part_until(s->prefill_ns, s, to_ns), decode = part_until(s->prefill_ns + s->decode_ns, s, to_ns) - prefill;
		share_prefill(a, s, prefill - prefill_done, at_ns == s->from_ns);
		share_decode(a, s, decode - decode_done);
		if (a->segment.wanted) {
			breakdowns_busy(a->common->breakdowns, a->model, a->segment.rate_nano, prefill - prefill_done, decode - decode_done, s->times, s->prefill_tokens, s->decode_requests);
			breakdowns_batch(a->common->breakdowns, a->model, a->segment.rate_nano, s->by_steps ? s->decode_requests : 0, at_ns == s->from_ns, decode - decode_done, to_ns - at_ns);
		}
		if (prefill > prefill_done || decode > decode_done) {
			double spread = s->share_sd * (double)(prefill - prefill_done + decode - decode_done);
			a->prefill.spread_ns[s->grade] += s->prefill_ns > 0 ? spread : 0;
			a->decode.spread_ns[s->grade] += s->decode_ns > 0 ? spread : 0;
		}
		rc = rc < 0 ? rc : accounts_energy_busy(a, at_ns, to_ns, prefill - prefill_done, decode - decode_done, why);
		prefill_done = prefill;
		decode_done = decode;
		at_ns = to_ns;
	} while (rc >= 0 && at_ns < s->to_ns);
	a->at_ns = at_ns;
	return rc;
}

/* ---- time between steps, and totals ---- */

int accounts_gap(struct accounts *a, enum entry_kind kind, int64_t from_ns, int64_t to_ns, bool by_count,
                 struct fault *why) {
	int rc = 0;

	for (int64_t at_ns = from_ns; at_ns < to_ns && rc >= 0;) {
		if (at_ns >= a->segment.to_ns) {
			rc = flight_advance(a->flight, at_ns, by_count, accounts_leave, a, why);
		}
		rc = rc < 0 ? rc : move_to(a, at_ns, why);
		int64_t until_ns = to_ns < a->segment.to_ns ? to_ns : a->segment.to_ns, ns;
		if (a->segment.paid) {
			a->failed |= !accounts_gpu_ns(a, at_ns, until_ns, &ns);
			add_time(a, plain_posting(a, kind), a->failed ? 0 : ns);
		}
		rc = rc < 0 ? rc : accounts_energy_count(a, (int)kind, at_ns, until_ns, why);
		at_ns = until_ns;
	}
	a->at_ns = to_ns;
	return rc;
}

int accounts_post(struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant, int64_t from_ns,
                  int64_t to_ns, int64_t gpu_ns, struct fault *why) {
	const struct stretch whole = {.from_ns = from_ns, .to_ns = to_ns};
	int64_t before = a->totals.from_ns == from_ns && a->totals.to_ns == to_ns ? a->totals.gpu_ns : 0, sum = before, done = 0;
	/* With less than this, rounding sums would now and then subtract a nanosecond, and an hour depend on those before. */
	bool tiny = (int128)gpu_ns * (60 * NS_PER_SECOND) < 2 * ((int128)to_ns - from_ns);
	int rc = 0;

	a->failed |= !exact_add(&sum, gpu_ns);
	a->totals = (struct posted_totals){from_ns, to_ns, sum};
	for (int64_t at_ns = from_ns; at_ns < to_ns && rc >= 0;) {
		rc = move_to(a, at_ns, why);
		int64_t until_ns = to_ns < a->segment.to_ns ? to_ns : a->segment.to_ns;
		struct entry key = accounts_key_of_no_tenant(a, kind, grade, tenant);
		int64_t due = tiny ? part_until(gpu_ns, &whole, until_ns) : part_until(sum, &whole, until_ns) - part_until(before, &whole, until_ns);
		if (a->segment.paid || kind <= ENTRY_OUTPUT) {
			post_time(a, &key, due > done ? due - done : 0);
		}
		done = due > done ? due : done;
		at_ns = until_ns;
	}
	return rc;
}

int accounts_energy(struct accounts *a, int64_t from_ns, int64_t to_ns, struct fault *why) {
	int rc = 0;

	for (int64_t at_ns = from_ns; at_ns < to_ns && rc >= 0;) {
		rc = move_to(a, at_ns, why);
		int64_t until_ns = to_ns < a->segment.to_ns ? to_ns : a->segment.to_ns;
		rc = rc < 0 ? rc : accounts_energy_count(a, ENTRY_KINDS, at_ns, until_ns, why);
		at_ns = until_ns;
	}
	return rc;
}

/* ---- tokens ---- */

static void add_tokens(struct accounts *a, struct entry *e, const struct entry *what) {
	a->failed |= !exact_add(&e->tokens, what->tokens) || !exact_add(&e->requests, what->requests) ||
	             !exact_add(&e->reasoning_tokens, what->reasoning_tokens) ||
	             !exact_add(&e->cache_write_tokens, what->cache_write_tokens);
}

/* Changes the key. */
static int post_tokens(struct accounts *a, struct entry *key, int64_t at_ns, const struct entry *what, struct fault *why) {
	struct segment s;

	segment_again(a->common->options, a->pool, at_ns, &a->segment, &s);
	if (!s.wanted) {
		return 0;
	}
	key->slot_ns = s.slot_ns;
	key->rate_nano = s.rate_nano;
	key->grade = GRADE_NONE;
	/* The segment may have been closed when the request was found to have ended in it. */
	bool here = s.from_ns == a->segment.from_ns;
	add_tokens(a, here ? postings_find(&a->postings, key) : key, what);
	return here ? 0 : entries_add(a->common->entries, a->common->lane, key, why);
}

int accounts_tokens(struct accounts *a, name_id tenant, int64_t at_ns, const int64_t tokens[3], int64_t requests,
                    struct fault *why) {
	bool plain = tenant == 0 && at_ns >= a->segment.from_ns && at_ns < a->segment.to_ns;
	int rc = 0;

	for (size_t i = 0; i < 3 && rc >= 0; i++) {
		int64_t ended = token_kinds[i] == ENTRY_INPUT ? requests : 0;
		if ((tokens[i] == 0 && ended == 0) || (plain && !a->segment.wanted)) {
			continue;
		}
		if (plain) {
			struct entry *e = plain_posting(a, token_kinds[i]);
			a->failed |= !exact_add(&e->tokens, tokens[i]) || !exact_add(&e->requests, ended);
		} else {
			const struct entry what = {.tokens = tokens[i], .requests = ended};
			struct entry key = accounts_key_of_no_tenant(a, token_kinds[i], GRADE_NONE, tenant);
			rc = post_tokens(a, &key, at_ns, &what, why);
		}
	}
	return rc;
}

static int request_tokens(struct accounts *a, const struct active *r, struct fault *why) {
	const struct request_item *q = &r->request;
	int64_t cached = q->cached_tokens < q->prompt_tokens ? q->cached_tokens : q->prompt_tokens;
	int64_t at_ns = q->finish_ns != UNKNOWN ? q->finish_ns : a->at_ns;
	const struct entry whats[3] = {
		{.tokens = q->prompt_tokens - cached, .requests = 1, .cache_write_tokens = q->cache_write_tokens},
		{.tokens = cached},
		{.tokens = q->completion_tokens, .reasoning_tokens = q->reasoning_tokens},
	};
	int rc = 0;

	for (size_t i = 0; i < 3 && rc >= 0; i++) {
		if (whats[i].tokens > 0 || whats[i].requests > 0) {
			struct entry key = key_of(a, r, token_kinds[i], GRADE_NONE);
			rc = post_tokens(a, &key, at_ns, &whats[i], why);
		}
	}
	return rc;
}

/* Does a request concern the requested period: did it end in it, or cost something in it? */
static bool is_wanted(const struct accounts *a, const struct active *r) {
	const struct attribute_options *o = a->common->options;
	int64_t end_ns = r->request.finish_ns != UNKNOWN ? r->request.finish_ns : a->at_ns;

	return (end_ns >= o->from_ns && end_ns < o->to_ns) || r->prefill_ns > 0 || r->decode_ns > 0;
}

int accounts_leave(void *accounts, struct active *r, struct fault *why) {
	struct accounts *a = accounts;
	int rc = 0;

	settle(a, r);
	if (r->request.part != PART_PREFILL) {
		if (a->segment.wanted) {
			breakdowns_request(a->common->breakdowns, a->model, a->segment.rate_nano, &r->request);
		}
		rc = request_tokens(a, r, why);
	}
	if (rc >= 0 && a->common->rows && is_wanted(a, r)) {
		const int64_t sd_ns[2] = {llround(accounts_request_sd(a, r, false)), llround(accounts_request_sd(a, r, true))};
		rc = request_rows_add(a->common->rows, a->common->lane, r, sd_ns, a->replica, model_of(a, r), why);
	}
	return rc;
}

int accounts_close(struct accounts *a, struct fault *why) {
	int rc = flight_clear(a->flight, accounts_leave, a, why);
	int failed = close_segment(a, why);
	busy_days_end(&a->busy);
	postings_release(&a->postings);
	rc = rc < 0 ? rc : failed;
	return rc < 0 || !a->common->rows
	           ? rc : request_rows_add_rest(a->common->rows, a->common->lane, a->replica, a->model, &a->prefill_rest, &a->decode_rest, why);
}
