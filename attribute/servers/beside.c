/* beside.c: windows under a separate name, in addition to steps, requests or other windows of the same server. */
#include <stdio.h>

#include "attribute/servers/servers_private.h"
#include "core/exact.h"

static struct load_side side_of_steps(const struct sample *s) {
	return (struct load_side){.load = &s->loads[LOAD_STEPS], .first_ns = s->first_step_ns, .last_ns = s->last_step_ns};
}

static struct load_side side_of_requests(const struct sample *s) {
	return (struct load_side){.load = &s->loads[LOAD_REQUESTS], .first_ns = s->first_request_ns, .last_ns = s->last_request_ns, .days = &s->request_days};
}

static struct load_side side_of_windows(const struct sample *s) {
	return (struct load_side){.load = &s->loads[LOAD_WINDOWS], .first_ns = s->first_window_ns, .last_ns = s->last_window_ns, .days = &s->window_days};
}

bool servers_have_windows_alone(const struct server *one) {
	return one->sample.all_windows > 0 && one->sample.all_steps + one->sample.all_requests == 0 && !one->matched && !one->dropped;
}

bool servers_have_requests_alone(const struct server *one) {
	return one->sample.all_requests > 0 && one->sample.all_steps + one->sample.all_windows == 0 && !one->matched && !one->held && !one->dropped;
}

static bool may_be_one(const struct servers *s, const struct server *a, const struct server *b) {
	name_id model = b->sample.step_model != 0 ? b->sample.step_model : b->sample.request_model;

	return a != b && !b->dropped && servers_models_alike(s, a->sample.step_model, model) &&
	       !servers_are_pair(&s->fleet->different, servers_text(s, a->sample.name), servers_text(s, b->sample.name));
}

/* The best and the next best match of a name's windows. */
struct best_match {
	struct server *same, *likely;
	struct load_match match;
	double second, likely_score;
};

static void note_match(struct best_match *best, struct server *one, const struct load_match *m) {
	if (m->verdict == LOAD_SAME && (!best->same || m->score > best->match.score)) {
		best->second = best->same ? best->match.score : 0;
		best->same = one;
		best->match = *m;
	} else if (m->verdict == LOAD_SAME) {
		best->second = m->score > best->second ? m->score : best->second;
	} else if (m->verdict == LOAD_LIKELY && (!best->likely || m->score > best->likely_score)) {
		best->likely = one;
		best->likely_score = m->score;
	}
}

static bool is_clear(const struct best_match *best) {
	return best->same && best->match.score >= 1.7 * best->second;
}

/* All names that one server has so far get the name that it has from here on. */
static void rename_all(struct servers *s, name_id from, name_id to) {
	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i].named == from) {
			s->at[i].named = to;
		}
	}
}

static void assume_same(struct servers *s, name_id shown, const char *a, const char *b, const struct load_match *m, const char *what) {
	char value[64];

	snprintf(value, sizeof value, "%lld s", (long long)m->offset_s);
	s->change = true;
	quality_assume(s->quality, servers_text(s, shown), value, "--different", NULL, "%s and %s are the same server: sequences and tokens of %lld windows match its %s",
	               a, b, (long long)m->windows, what);
}

/* Windows become those of the server whose steps or requests they count. */
static void join_windows(struct servers *s, struct server *windows, struct server *other, const struct load_match *m) {
	bool own = servers_own_pool(s, windows->sample.name, windows->sample.step_model);
	bool known = servers_own_pool(s, other->named, other->sample.step_model != 0 ? other->sample.step_model : other->sample.request_model);
	const char *a = servers_text(s, other->sample.name), *b = servers_text(s, windows->sample.name);

	if (own && !known) {
		rename_all(s, other->named, windows->named);
	}
	rename_all(s, windows->named, other->named);
	windows->matched = other->matched = true;
	windows->decision = NAME_SAME;
	windows->with = other->sample.name;
	if (other->decision == NAME_OPEN) {
		other->decision = NAME_SAME;
		other->with = windows->sample.name;
	}
	if (other->sample.step_model != 0 && !other->sample.many_step_models) {
		windows->step_model = other->step_model != 0 ? other->step_model : other->sample.step_model;
	}
	assume_same(s, other->named, a, b, m, other->sample.all_steps > 0 ? "steps" : "requests");
}

/* Likely the same work, but not surely: what reports less is left out. */
static void hold_windows(struct servers *s, struct server *windows, struct server *other) {
	windows->dropped = windows->matched = true;
	windows->decision = NAME_HELD;
	windows->with = other->sample.name;
	s->change = true;
}

/* Both input and output agree so closely: in thousandths; of steps, where a prompt in several chunks counts several times. */
#define EQUAL_THOUSANDTHS 2
#define EQUAL_STEPS_THOUSANDTHS 20
#define EQUAL_LEAST_NTOK 1000

static bool are_near(int64_t a, int64_t b, int64_t thousandths) {
	int64_t more = a > b ? a : b, less = a > b ? b : a;

	return less >= EQUAL_LEAST_NTOK && (double)(more - less) * 1000 <= (double)more * (double)thousandths;
}

/* Windows that have the tokens of a name's steps, or of its windows, in the same time: too short a time to compare the load. */
static bool have_equal_sums(const struct sample *windows, const struct sample *other) {
	bool steps = other->all_steps > 0;
	int64_t input = steps ? other->step_prefill_ntok : other->window_input_ntok;
	int64_t output = steps ? other->step_decode_ntok + other->step_prompts : other->window_output_ntok;

	return are_near(windows->window_input_ntok, input, EQUAL_THOUSANDTHS) &&
	       are_near(windows->window_output_ntok, output, steps ? EQUAL_STEPS_THOUSANDTHS : EQUAL_THOUSANDTHS);
}

static void place_beside_steps(struct servers *s, struct server *windows) {
	const struct load_side side = side_of_windows(&windows->sample);
	struct best_match best = {.second = 0};

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		const struct sample *x = &one->sample;
		if (x->all_steps == 0 || !may_be_one(s, windows, one) ||
		    !servers_overlap(x->first_step_ns, x->last_step_ns, side.first_ns, side.last_ns)) {
			continue;
		}
		struct load_side steps = side_of_steps(x);
		struct load_match m;
		load_compare(&side, false, &steps, &m);
		m.verdict = m.verdict != LOAD_SAME && have_equal_sums(&windows->sample, x) ? LOAD_LIKELY : m.verdict;
		note_match(&best, one, &m);
	}
	if (is_clear(&best)) {
		join_windows(s, windows, best.same, &best.match);
	} else if (best.same || best.likely) {
		hold_windows(s, windows, best.same ? best.same : best.likely);
	}
}

/* Of two names with windows the one that reports more counts. */
static bool reports_more(const struct servers *s, const struct server *a, const struct server *b) {
	bool known_a = servers_own_pool(s, a->sample.name, a->sample.step_model), known_b = servers_own_pool(s, b->sample.name, b->sample.step_model);
	int64_t time_a = a->sample.last_window_ns - a->sample.first_window_ns, time_b = b->sample.last_window_ns - b->sample.first_window_ns;

	if (known_a != known_b) {
		return known_a;
	}
	return time_a != time_b ? time_a > time_b : names_order(s->names, a->sample.name, b->sample.name) < 0;
}

static void compare_windows(const struct server *one, const struct server *other, struct load_match *m) {
	struct load_side a = side_of_windows(&one->sample), b = side_of_windows(&other->sample);
	/* The load within a window is not known: the longer ones are compared with what the shorter ones count. */
	bool swap = load_is_longer(b.load, a.load);

	a.averaged = b.averaged = true;
	load_compare(swap ? &b : &a, false, swap ? &a : &b, m);
}

static bool may_be_one_by_windows(const struct servers *s, const struct server *one, const struct server *other) {
	return servers_have_windows_alone(one) && servers_have_windows_alone(other) && (one->engine == 0 || one->engine != other->engine) && may_be_one(s, one, other) &&
	       servers_overlap(one->sample.first_window_ns, one->sample.last_window_ns, other->sample.first_window_ns, other->sample.last_window_ns);
}

static void hold_one_of(struct servers *s, struct server *a, struct server *b) {
	bool first = reports_more(s, a, b);

	hold_windows(s, first ? b : a, first ? a : b);
}

static void place_beside_other_windows(struct servers *s, struct server *one) {
	for (size_t i = 0; i < s->count && !one->dropped; i++) {
		struct server *other = &s->at[i];
		struct load_match m;
		if (other > one && may_be_one_by_windows(s, one, other)) {
			compare_windows(one, other, &m);
			if (m.verdict == LOAD_LIKELY || have_equal_sums(&one->sample, &other->sample)) {
				hold_one_of(s, one, other);
			}
		}
	}
}

/* The server's statistics lines under one name, scrapes of its counters under another: its tokens agree as closely. */
#define AGREE_LEAST 0.85
#define AGREE_LEAST_OF_FEW 0.6 /* the first and the last window are in part outside */
#define FEW_WINDOWS 8
#define UNLIKE 0.5

static bool may_agree(const struct load_match *m) {
	bool few = m->windows < FEW_WINDOWS;

	return m->verdict != LOAD_DIFFERENT && m->agreement >= (few ? AGREE_LEAST_OF_FEW : AGREE_LEAST) && (few || m->unlike <= UNLIKE);
}

static bool has_held(const struct servers *s, const struct server *one) {
	bool found = false;

	for (size_t i = 0; i < s->count; i++) {
		found |= s->at[i].decision == NAME_HELD && s->at[i].with == one->sample.name;
	}
	return found;
}

/* Too little to decide by the load: two sources of one kind of server at the same time are likely the same one's. */
static void place_beside_counters(struct servers *s, struct server *lines) {
	struct server *best = NULL;
	double most = 0;

	if (!servers_have_windows_alone(lines) || lines->sample.all_counted > 0 || has_held(s, lines)) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct server *other = &s->at[i];
		struct load_match m;
		if (other->sample.all_counted < other->sample.all_windows || other->sample.all_windows == 0 || !may_be_one_by_windows(s, lines, other) || has_held(s, other)) {
			continue;
		}
		compare_windows(lines, other, &m);
		if (may_agree(&m) && m.agreement > most) {
			most = m.agreement;
			best = other;
		}
	}
	if (best) {
		hold_one_of(s, lines, best);
	}
}

/* Requests of a name without steps, compared with windows only. */
static void place_beside_requests(struct servers *s, struct server *requests) {
	const struct load_side its = side_of_requests(&requests->sample);
	struct best_match best = {.second = 0};
	struct server *open = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (!servers_have_windows_alone(one) || !servers_may_be_one(s, one, requests) ||
		    !active_overlap(&one->sample.window_days, &requests->sample.request_days)) {
			continue;
		}
		struct load_side side = side_of_windows(&one->sample);
		struct load_match m;
		load_compare(&side, false, &its, &m);
		note_match(&best, one, &m);
		open = m.verdict != LOAD_DIFFERENT && !open ? one : open;
	}
	if (is_clear(&best)) {
		requests->matched = true;
		join_windows(s, best.same, requests, &best.match);
	} else if (best.same || best.likely || open) {
		servers_hold(s, best.same ? best.same : best.likely ? best.likely : open, requests, false);
	}
}

/* Names with requests alone, each of them a part of one server's, as several gateways log them. */
#define PARTS_MOST 64

static void add_load(struct load *sum, const struct load *part) {
	load_put_bound(sum, part->bound);
	for (size_t i = 0; i < part->count; i++) {
		for (int64_t k = 0; k < LOAD_BLOCK_SECONDS; k++) {
			load_put_bin(sum, part->at[i]->number * LOAD_BLOCK_SECONDS + k, &part->at[i]->bins[k]);
		}
	}
}

static struct load_match compare_sum(const struct server *windows, struct server *const *parts, size_t count) {
	struct load_side side = side_of_windows(&windows->sample), its = side_of_requests(&parts[0]->sample);
	struct load_match m;
	struct load sum;

	load_init(&sum, LOAD_BLOCKS_MOST);
	for (size_t i = 0; i < count; i++) {
		const struct load_side part = side_of_requests(&parts[i]->sample);
		add_load(&sum, part.load);
		exact_widen(&its.first_ns, &its.last_ns, part.first_ns, part.last_ns);
	}
	its.load = &sum;
	its.days = NULL;
	load_compare(&side, false, &its, &m);
	load_release(&sum);
	return m;
}

static void place_beside_parts(struct servers *s, struct server *windows) {
	struct server *parts[PARTS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < s->count && count < PARTS_MOST; i++) {
		struct server *one = &s->at[i];
		if (servers_have_requests_alone(one) && servers_may_be_one(s, windows, one) &&
		    active_overlap(&windows->sample.window_days, &one->sample.request_days)) {
			parts[count++] = one;
		}
	}
	struct load_match m = count > 1 ? compare_sum(windows, parts, count) : (struct load_match){LOAD_UNDECIDED};
	if (m.verdict == LOAD_SAME) {
		join_windows(s, windows, parts[0], &m);
	}
	for (size_t i = 0; i < count && (m.verdict == LOAD_SAME || m.verdict == LOAD_LIKELY); i++) {
		if (m.verdict == LOAD_LIKELY) {
			servers_hold(s, windows, parts[i], false);
			continue;
		}
		rename_all(s, parts[i]->named, windows->named);
		parts[i]->matched = true;
		parts[i]->decision = NAME_SAME;
		parts[i]->with = windows->sample.name;
	}
}

/* Requests of a gateway in front of several servers, or only some of a server's requests: their windows count them, too. */
static void hold_parts(struct servers *s, struct server *requests) {
	const struct load_side its = side_of_requests(&requests->sample);
	struct load_side sides[PARTS_MOST];
	struct server *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < s->count && count < PARTS_MOST; i++) {
		struct server *one = &s->at[i];
		if (servers_have_windows_alone(one) && servers_may_be_one(s, one, requests) && active_overlap(&one->sample.window_days, &requests->sample.request_days)) {
			first = first ? first : one;
			sides[count++] = side_of_windows(&one->sample);
		}
	}
	if (count > 0 && load_may_be_part(sides, count, &its)) {
		servers_hold(s, first, requests, true);
	}
}

void servers_place_windows(struct servers *s) {
	for (size_t i = 0; i < s->count; i++) {
		if (servers_have_windows_alone(&s->at[i])) {
			place_beside_steps(s, &s->at[i]);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		if (servers_have_windows_alone(&s->at[i])) {
			place_beside_other_windows(s, &s->at[i]);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		place_beside_counters(s, &s->at[i]);
	}
	for (size_t i = 0; i < s->count; i++) {
		struct server *one = &s->at[i];
		if (servers_have_requests_alone(one)) {
			place_beside_requests(s, one);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		if (servers_have_windows_alone(&s->at[i])) {
			place_beside_parts(s, &s->at[i]);
		}
	}
	for (size_t i = 0; i < s->count; i++) {
		if (servers_have_requests_alone(&s->at[i])) {
			hold_parts(s, &s->at[i]);
		}
	}
}

enum id_verdict servers_count_verdict(const struct sample *steps, const struct sample *requests, struct id_result *r) {
	const struct load_side a = side_of_steps(steps), b = side_of_requests(requests);
	struct load_match m;

	load_compare(&a, true, &b, &m);
	if (m.verdict != LOAD_SAME) {
		return m.verdict == LOAD_DIFFERENT ? ID_DIFFERENT : ID_UNDECIDED;
	}
	*r = (struct id_result){.verdict = ID_SAME, .statistic = m.score, .coverage = 1, .tokens = 1, .events = m.windows, .matched = m.windows,
	                        .offset_ns = m.offset_s * NS_PER_SECOND, .spread_ns = NS_PER_SECOND, .seconds = true, .counted = true};
	return ID_SAME;
}
