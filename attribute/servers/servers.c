#include "attribute/servers/servers.h"

#include <stdio.h>
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/exact.h"
#include "core/instant.h"

#define MS (NS_PER_SECOND / 1000)

/* The first test uses this many requests; if it is not decisive, the second one uses more. */
#define FIRST_LOOK 200
#define SECOND_LOOK 1000
/* If there are more servers, only the likeliest are tested. */
#define TESTED_MOST 4
/* Where one matches this share of the events, and no other half as well, the others are not compared further. */
#define CLEAR_COVERAGE 0.9

/* Requests that are later than this are corrected, and not reported. */
#define LATE_MIN_NS (MS / 5)
/* Thousandths of first tokens that coincide without a correction: no other one is better; only a changing one may be. */
#define SURELY_AGREE 980
#define MOSTLY_AGREE 900

/* Smaller differences of clocks are not reported. */
#define OFFSET_MIN_NS (2 * MS)
/* Half the distance of quartiles of differences from which requests are late by times that vary. */
#define VARYING_NS (MS / 10 * 9)
/* Requests a day from which steps and requests of one name may be separated. */
#define PARTED_LEAST 50
/* Requests a day from which instants in whole seconds are not by chance. */
#define SECONDS_LEAST 8

/* ---- models ---- */

/* "llama318binstruct" of "meta-llama/Llama-3.1-8B-Instruct". */
static struct text plain_model(struct text t, char out[128]) {
	size_t len = 0;

	t = text_base(t);
	for (size_t i = 0; i < t.len && len < 128; i++) {
		char c = t.at[i] >= 'A' && t.at[i] <= 'Z' ? (char)(t.at[i] - 'A' + 'a') : t.at[i];
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			out[len++] = c;
		}
	}
	return (struct text){out, len};
}

/* May two names mean one model? A served name is often a part of the full one; a missing name matches any. */
bool servers_models_alike(const struct servers *s, name_id a, name_id b) {
	char x[128], y[128];
	struct text p = plain_model(names_text(s->names, a), x), q = plain_model(names_text(s->names, b), y);

	return a == b || p.len == 0 || q.len == 0 || text_starts(p, q) || text_starts(q, p);
}

/* ---- which names to compare ---- */

const char *servers_text(const struct servers *s, name_id name) {
	return names_text(s->names, name).at;
}

bool servers_are_pair(const struct server_pairs *pairs, const char *a, const char *b) {
	return server_pairs_have(pairs, text_of(a), text_of(b));
}

bool servers_overlap(int64_t a_from, int64_t a_to, int64_t b_from, int64_t b_to) {
	return a_from <= a_to && b_from <= b_to && a_from <= b_to && b_from <= a_to;
}

/* Do the times of a name's steps or windows and of another's requests overlap? */
bool servers_times_overlap(const struct sample *a, const struct sample *b) {
	return servers_overlap(a->first_step_ns, a->last_step_ns, b->first_request_ns, b->last_request_ns) ||
	       (a->all_steps == 0 && servers_overlap(a->first_window_ns, a->last_window_ns, b->first_request_ns, b->last_request_ns));
}

bool servers_own_pool(const struct servers *s, name_id name, name_id model) {
	return fleet_lists(s->fleet, fleet_pool_of(s->fleet, s->names, name, model));
}

/* Of two names of one server: the one in the fleet file, else that of the steps. */
name_id servers_shown_name(const struct servers *s, const struct sample *steps, const struct sample *requests) {
	bool first = servers_own_pool(s, steps->name, steps->step_model), second = servers_own_pool(s, requests->name, requests->request_model);

	return second && !first ? requests->name : steps->name;
}

/* ---- results ---- */

/* Known difference of the clocks; 0: none, or within the precision of the timestamps. */
static int64_t clear_offset(const struct id_result *r) {
	int64_t off = llabs(r->offset_ns);

	if (r->seconds) { /* the precision is a whole second */
		return off > NS_PER_SECOND ? r->offset_ns : 0;
	}
	return off > OFFSET_MIN_NS && off > r->spread_ns ? r->offset_ns : 0;
}

/*
 * What is subtracted from instants of requests. A first token that is later than the end of its step would be missing in
 * the next step, one that is a little too early is not: so the latest count.
 */
static int64_t shift_of(const struct id_result *r) {
	int64_t by = r->offset_ns + (r->late_ns > LATE_MIN_NS ? r->late_ns : 0);

	if (r->coarse || r->seconds || r->counted || r->events == 0) {
		return clear_offset(r);
	}
	return by > LATE_MIN_NS || by < -OFFSET_MIN_NS ? by : 0;
}

static void describe_drift(const struct id_result *r, const struct drift *d, char *out, size_t size) {
	int64_t least_ns, most_ns;

	drift_range(d, &least_ns, &most_ns);
	snprintf(out, size, ", clocks from %+.1f to %+.1f ms (\xc2\xb1%.1f), corrected by time: one of them is faster, or was set", (double)least_ns / 1e6,
	         (double)most_ns / 1e6, (double)r->spread_ns / 1e6);
}

static void describe(const struct id_result *r, const struct drift *d, char *out, size_t size) {
	if (r->events == 0) {
		snprintf(out, size, "as requested");
		return;
	}
	int n = r->counted ? snprintf(out, size, "sequences and tokens of %lld times ten seconds match its steps", (long long)r->events)
	                   : snprintf(out, size, "%lld of %lld %s match its steps", (long long)r->matched, (long long)r->events,
	                              r->by_finish ? "finishes" : "first tokens");

	if (n > 0 && d) {
		describe_drift(r, d, out + n, size - (size_t)n);
	} else if (n > 0 && clear_offset(r) != 0) {
		snprintf(out + n, size - (size_t)n, ", clocks %+.1f ms (\xc2\xb1%.1f), corrected", (double)r->offset_ns / 1e6,
		         (double)(r->spread_ns + r->precision_ns) / 1e6);
	}
}

/* Requests whose lateness varies may be assigned to the step before or after theirs. */
static void note_varying(struct servers *s, name_id shown, const struct id_result *r) {
	if (r->coarse || r->seconds || r->counted || r->repeats || r->spread_ns < VARYING_NS) {
		return;
	}
	const char *name = servers_text(s, shown);
	quality_finding(s->quality, "clock", name, NULL, QUALITY_NO_AMOUNT,
	                "%s: its requests' timestamps are late by times that vary by \xc2\xb1%.1f ms: prompts may be assigned to a step "
			"before or after theirs, which may change tenants' shares by some per cent; use requests that the engine itself logs",
	                name, (double)r->spread_ns / 1e6);
}

/*
 * `drift` becomes the server's; NULL: the difference of the clocks is constant. Steps that have requests already keep
 * their name.
 */
static void join(struct servers *s, struct server *steps, struct server *requests, const struct id_result *r, struct drift *drift) {
	bool further = steps != requests && steps->matched;
	name_id shown = further ? steps->named : servers_shown_name(s, &steps->sample, &requests->sample);
	char value[64], text[256];

	describe(r, drift, text, sizeof text);
	snprintf(value, sizeof value, "%.1f ms", (double)r->offset_ns / 1e6);
	steps->matched = requests->matched = true;
	requests->shift_ns = drift ? drift->at[drift->count - 1].offset_ns : shift_of(r); /* what a later day begins with */
	requests->drift = drift;
	s->change |= requests->shift_ns != 0 || drift;
	note_varying(s, shown, r);
	if (steps == requests) {
		if (clear_offset(r) != 0 || drift) {
			quality_assume(s->quality, servers_text(s, shown), value, NULL, NULL, "%s: the clocks of its steps and its requests differ: %s",
			               servers_text(s, shown), text);
		}
		return;
	}
	steps->named = requests->named = shown;
	steps->decision = requests->decision = NAME_SAME;
	steps->with = further && steps->with != 0 ? steps->with : requests->sample.name;
	requests->with = steps->sample.name;
	if (!further && !steps->sample.many_step_models && !requests->sample.many_request_models && requests->sample.request_model != 0) {
		steps->step_model = requests->sample.request_model;
	}
	s->change = true;
	quality_assume(s->quality, servers_text(s, shown), value, "--different", NULL, "%s and %s are the same "
										       "server: %s",
	               servers_text(s, steps->sample.name), servers_text(s, requests->sample.name), text);
}

/* Probably, not certainly, one server: its steps count, as the requests' tokens would be counted twice. */
void servers_hold(struct servers *s, struct server *steps, struct server *requests, bool part) {
	requests->held = true;
	requests->partly = part;
	requests->decision = NAME_HELD;
	requests->with = steps->sample.name;
	s->change = true;
}

void servers_say_held(struct servers *s, const struct server *held) {
	const char *a = servers_text(s, held->with), *b = servers_text(s, held->sample.name);

	quality_finding(s->quality, "counted-twice", b, "--same", QUALITY_NO_AMOUNT,
	                held->partly ? "%s and %s: some of these requests match this server's steps or windows, others do not: several "
			       "servers may share the name; only the former are counted, so that no work is counted "
			       "twice; resolve it with --same %s=%s or --different %s=%s"
	                             : "%s and %s may be two names of one server, whose work would be counted twice: only what the first reports is "
				       "counted; resolve it with --same %s=%s or --different %s=%s",
	                a, b, a, b, a, b);
}

/* ---- deciding ---- */

/* Compares with a difference of the clocks that changes; NULL: it does not, or this is not better. The caller frees. */
static struct drift *test_drift(const struct id_steps *steps, const struct sample *a, const struct sample *b, struct id_result *r) {
	struct id_requests all = sample_common(a, b, SIZE_MAX);
	struct drift *drift = must_alloc(sizeof *drift);

	if (!drift_find(steps, &all, r, drift)) {
		free(drift);
		drift = NULL;
	}
	free((void *)(uintptr_t)all.at);
	return drift;
}

struct id_result servers_compare(const struct sample *steps, const struct sample *requests) {
	static const size_t looks[] = {FIRST_LOOK, SECOND_LOOK};
	struct id_steps all = {steps->steps, steps->step_count};
	struct id_result r = {.verdict = ID_UNDECIDED};

	for (size_t i = 0; i < sizeof looks / sizeof *looks && r.verdict == ID_UNDECIDED; i++) {
		struct id_requests some = sample_common(steps, requests, looks[i]);
		bool more = some.count < requests->request_count;
		identity_test(&all, &some, &r);
		free((void *)(uintptr_t)some.at);
		if (!more) {
			break;
		}
	}
	return r;
}

void servers_compare_further(const struct sample *steps, const struct sample *requests, struct id_result *r, struct drift **drift) {
	*drift = test_drift(&(struct id_steps){steps->steps, steps->step_count}, steps, requests, r);
	if (r->verdict == ID_UNDECIDED && (r->seconds || (steps->step_count > 0 && steps->steps[0].coarse))) {
		r->verdict = servers_count_verdict(steps, requests, r);
	}
}

static struct id_result test(const struct sample *steps, const struct sample *requests, struct drift **drift) {
	struct id_result r = servers_compare(steps, requests);

	servers_compare_further(steps, requests, &r, drift);
	return r;
}

/* May these steps and these requests be one server's, whatever was decided about them? */
static bool may_fit(const struct servers *s, const struct server *steps, const struct server *requests) {
	const struct sample *a = &steps->sample, *b = &requests->sample;

	return steps != requests && !requests->matched && a->all_steps + a->all_windows > 0 && b->all_requests > 0 &&
	       b->all_steps + b->all_windows == 0 && servers_times_overlap(a, b) && servers_models_alike(s, a->step_model, b->request_model) &&
	       !servers_are_pair(&s->fleet->different, servers_text(s, a->name), servers_text(s, b->name));
}

bool servers_may_be_one(const struct servers *s, const struct server *steps, const struct server *requests) {
	return !steps->matched && steps->sample.all_requests == 0 && may_fit(s, steps, requests);
}

bool servers_may_share(const struct servers *s, const struct server *steps, const struct server *requests) {
	return steps->matched && !steps->dropped && may_fit(s, steps, requests);
}

/* Servers that were compared with a name's requests. */
struct compared {
	struct server *at[TESTED_MOST];
	struct id_result result[TESTED_MOST];
	struct drift *drift[TESTED_MOST];
	int64_t votes[TESTED_MOST];
	size_t count;
};

/* The index of the one that nearly all events match, far better than any other; else `count`. */
static size_t clear_one(const struct compared *c) {
	size_t best = 0, fits = 0;

	for (size_t i = 1; i < c->count; i++) {
		best = c->result[i].statistic > c->result[best].statistic ? i : best;
	}
	for (size_t i = 0; i < c->count; i++) {
		fits += 2 * c->result[i].statistic >= c->result[best].statistic;
	}
	return fits == 1 && c->result[best].verdict == ID_SAME && c->result[best].coverage >= CLEAR_COVERAGE ? best : c->count;
}

/* Of so many votes, the ones from here on are those of chance, if the first one clearly is the requests' server. */
#define VOTES_CLEAR 16

static bool is_far_ahead(const struct compared *c, size_t next) {
	return c->votes[0] >= VOTES_CLEAR && 3 * c->votes[next] <= c->votes[0] && c->result[0].verdict == ID_SAME && c->result[0].coverage >= CLEAR_COVERAGE;
}

/* The first ones, with votes of chance, are other servers: so are those with no more votes. */
#define OTHERS_LEAST 2

static bool are_all_different(const struct compared *c, size_t compared) {
	size_t different = 0;

	for (size_t i = 0; i < compared; i++) {
		different += c->result[i].verdict == ID_DIFFERENT;
	}
	return compared >= OTHERS_LEAST && different == compared && c->votes[0] < VOTES_CLEAR;
}

static void compare_candidates(struct servers *s, struct server *requests, servers_fit *fits, struct compared *c) {
	*c = (struct compared){.count = 0};
	c->count = servers_candidates(s, requests, fits, c->at, c->votes, TESTED_MOST);
	for (size_t i = 0; i < c->count && !(i > 0 && is_far_ahead(c, i)); i++) {
		c->count = are_all_different(c, i) ? i : c->count;
		c->result[i] = i < c->count ? servers_compare(&c->at[i]->sample, &requests->sample) : c->result[i];
	}
	size_t clear = clear_one(c);
	for (size_t i = 0; i < c->count; i++) {
		if (clear == c->count || i == clear) {
			servers_compare_further(&c->at[i]->sample, &requests->sample, &c->result[i], &c->drift[i]);
		}
		if (c->result[i].verdict == ID_DIFFERENT && fits == servers_may_be_one) {
			servers_note_other(s, requests->sample.name, c->at[i]->sample.name);
		}
	}
}

/* The first with a verdict; `count`: none. */
static size_t first_with(const struct compared *c, enum id_verdict verdict) {
	size_t i = 0;

	while (i < c->count && c->result[i].verdict != verdict) {
		i++;
	}
	return i;
}

/* Of those that are the same server, the one with the largest statistic; `second` is that of the next. */
static size_t best_of(const struct compared *c, double *second) {
	size_t best = first_with(c, ID_SAME);

	*second = 0;
	for (size_t i = best + 1; i < c->count; i++) {
		double value = c->result[i].verdict == ID_SAME ? c->result[i].statistic : 0;
		bool better = value > c->result[best].statistic;
		value = better ? c->result[best].statistic : value;
		*second = value > *second ? value : *second;
		best = better ? i : best;
	}
	return best;
}

static void release_compared(struct compared *c) {
	for (size_t i = 0; i < c->count; i++) {
		free(c->drift[i]);
	}
}

/* Joins the clearly best server, if there is one. */
static bool join_best(struct servers *s, struct server *requests, struct compared *c) {
	double second;
	size_t best = best_of(c, &second);

	if (best == c->count || c->result[best].statistic <= 2 * second) {
		return false;
	}
	struct server *twin = c->at[best]->matched ? servers_find_twin(s, c->at[best], requests, shift_of(&c->result[best])) : NULL;
	if (twin) {
		servers_hold(s, twin, requests, false);
		return true;
	}
	join(s, c->at[best], requests, &c->result[best], c->drift[best]);
	c->drift[best] = NULL;
	return true;
}

/* Several names may have parts of one server's requests: several gateways, for example. */
static bool place_further(struct servers *s, struct server *requests) {
	struct compared c;

	compare_candidates(s, requests, servers_may_share, &c);
	bool found = join_best(s, requests, &c);
	size_t part = first_with(&c, ID_PART);
	if (!found && part < c.count) {
		servers_hold(s, c.at[part], requests, true);
		found = true;
	}
	release_compared(&c);
	return found;
}

/* Finds the server of requests under a name without steps. */
static void place_requests(struct servers *s, struct server *requests) {
	if (servers_place_apart(s, requests)) {
		return;
	}
	struct compared c;
	compare_candidates(s, requests, servers_may_be_one, &c);
	size_t part = first_with(&c, ID_PART), open = first_with(&c, ID_UNDECIDED);

	if (!join_best(s, requests, &c) && !place_further(s, requests) && (part < c.count || open < c.count || first_with(&c, ID_SAME) < c.count)) {
		size_t same = first_with(&c, ID_SAME);
		servers_hold(s, c.at[same < c.count ? same : part < c.count ? part : open], requests, same < c.count || part < c.count);
	}
	release_compared(&c);
}

/*
 * A book judges each day, a run all days together: names with so few requests a day might be separated by one and not
 * by the other.
 */
static bool enough_a_day(const struct sample *a, int64_t least) {
	if (a->first_request_ns > a->last_request_ns) {
		return false; // none of them has an instant
	}
	int64_t days = (instant_floor(a->last_request_ns, NS_PER_DAY) - instant_floor(a->first_request_ns, NS_PER_DAY)) / NS_PER_DAY + 1;

	return a->all_requests / days >= least;
}

/* A name's requests do not match its steps. */
static void part_own(struct servers *s, struct server *one) {
	const char *name = servers_text(s, one->sample.name);
	bool part = enough_a_day(&one->sample, PARTED_LEAST);

	if (part) {
		servers_part_requests(s, one);
	}
	quality_finding(s->quality, "identity", name, "--replica", QUALITY_NO_AMOUNT,
	                part ? "%s: its requests do not match its steps: they come from two servers, or from clocks "
			       "that differ by more than %d s; the steps are counted as %s#1, the requests as %s#2; "
			       "give each server its own name"
	                     : "%s: its requests do not match its steps: they may come from two servers, or from "
			       "clocks that differ by more than %d s; they are too few to be counted separately; give "
			       "each server its own name",
	                name, 5, name, name);
}

static void check_own(struct servers *s, struct server *one) {
	const struct sample *a = &one->sample;

	if (a->step_count == 0 || a->request_count == 0) {
		return;
	}
	const struct id_steps steps = {a->steps, a->step_count};
	struct id_requests some = sample_common(a, a, SIZE_MAX);
	int64_t late_ns, agree = identity_agreement(&steps, &some, &late_ns);
	free((void *)(uintptr_t)some.at);
	one->matched = true;
	if (agree >= SURELY_AGREE) {
		one->shift_ns = late_ns > LATE_MIN_NS ? late_ns : 0;
		s->change |= one->shift_ns != 0;
		return;
	}
	struct drift *drift;
	struct id_result r = test(a, a, &drift);
	if (agree >= MOSTLY_AGREE && !drift) {
		return;
	}
	if (r.verdict == ID_SAME || r.repeats) { /* of one name, and only the offset is uncertain */
		join(s, one, one, &r, drift);
	} else if (r.verdict == ID_DIFFERENT) {
		part_own(s, one);
	}
}

/* Stated by the user: takes precedence. */
static void merge_same(struct servers *s) {
	for (size_t i = 0; i < s->fleet->same.count; i++) {
		const struct server_pair *p = &s->fleet->same.at[i];
		struct server *a = servers_find(s, names_find(s->names, text_of(p->a))), *b = servers_find(s, names_find(s->names, text_of(p->b)));
		if (!a || !b || a == b || a->dropped || b->dropped || a->leader == b->sample.name || b->leader == a->sample.name) {
			continue;
		}
		struct server *steps = a->sample.all_steps + a->sample.all_windows >= b->sample.all_steps + b->sample.all_windows ? a : b;
		struct server *requests = steps == a ? b : a;
		if (servers_have_windows_alone(a) && servers_have_windows_alone(b)) { /* each counts the same work */
			requests->dropped = steps->matched = requests->matched = s->change = true;
			requests->decision = NAME_SAME;
			requests->with = steps->sample.name;
			quality_assume(s->quality, servers_text(s, requests->sample.name), servers_text(s, steps->sample.name), "--same", NULL,
			               "%s is a copy of %s: counted once", servers_text(s, requests->sample.name), servers_text(s, steps->sample.name));
			continue;
		}
		struct drift *drift;
		struct id_result r = test(&steps->sample, &requests->sample, &drift);
		if (r.verdict == ID_DIFFERENT) {
			quality_finding(s->quality, "identity", p->b, "--same", QUALITY_NO_AMOUNT,
			                "%s and %s are treated as one server, as requested, but the requests do not "
					"match the steps", p->a, p->b);
		}
		if (r.verdict != ID_SAME && r.verdict != ID_PART) {
			r.offset_ns = 0;
		}
		join(s, steps, requests, &r, drift);
	}
}

/* Marks a server's steps; false: it has none. */
static bool mark_seconds(struct servers *s, name_id named) {
	bool any = false;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one->named == named && one->sample.all_steps > 0 && !one->dropped) {
			one->in_seconds = any = true;
		}
	}
	s->change |= any;
	return any;
}

/* Requests with timestamps truncated to the second, and steps: only steps are counted. */
static void find_seconds(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (one->dropped || one->held || one->requests != 0 || !enough_a_day(&one->sample, SECONDS_LEAST) || !requests_in_seconds(&one->sample) ||
		    !mark_seconds(s, one->named)) {
			continue;
		}
		quality_assume(s->quality, servers_text(s, one->named), "1 s", NULL, NULL,
		               "%s: its requests' timestamps are truncated to the second: their steps are found by "
			       "counting", servers_text(s, one->named));
	}
}

void servers_judge(struct servers *s) {
	servers_find_overlaps(s);
	servers_find_copies(s);
	servers_find_reported_twice(s);
	merge_same(s);
	for (size_t i = 0; i < s->count; i++) {
		if (!s->at[i].matched) {
			check_own(s, &s->at[i]);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		bool alone = !one->matched && one->sample.all_requests > 0 && one->sample.all_steps + one->sample.all_windows == 0;
		if (alone) {
			place_requests(s, one);
		}
	}
	servers_forget_candidates(s);
	servers_place_windows(s);
	servers_follow(s);
	servers_note_decisions(s);
	servers_adopt(s);
	servers_find_zones(s);
	servers_find_ranks(s);
	find_seconds(s);
	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i].sample.all_whole > 0 && !s->at[i].held) {
			servers_place_prompts(s, &s->at[i]);
		}
	}
}

struct servers *servers_new(struct names *names, const struct fleet *fleet, struct quality *quality) {
	struct servers *s = must_calloc(1, sizeof *s);

	*s = (struct servers){.names = names, .fleet = fleet, .quality = quality, .needs_loads = true, .needs_requests = true};
	return s;
}

int servers_decide(struct servers **out, const struct servers_ask *ask, struct quality *quality, struct fault *why) {
	struct servers *s = *out = servers_new(ask->names, ask->fleet, quality);
	int rc = servers_collect(s, ask, why);

	s->adopted = ask->adopted;
	s->adopted_count = ask->adopted_count;
	if (rc >= 0 && !servers_find_several(s) && !ask->each_alone) {
		servers_judge(s);
	}
	return rc < 0 ? rc : 0;
}

void servers_free(struct servers *s) {
	if (!s) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		sample_release(&s->at[i].sample);
		free(s->at[i].drift);
	}
	servers_forget_candidates(s);
	free(s->at);
	free(s->of_name);
	free(s->decided);
	free(s);
}
