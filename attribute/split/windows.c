/*
 * windows.c: splits a replica with only totals of periods logged.
 *
 * Windows of the same period (of several tenants, say) form a group. If they contain the phases' GPU time, the rest
 * of the period is idle. If not, a period that was busy throughout (sequences ran at its start and its end) took
 *
 *   ns = a x prompt tokens + u x decode steps + v x output tokens,     decode steps = output tokens / sequences
 *
 * with a, u, v >= 0 fitted over all such periods of the day and of the pool's replicas (aggregates.h). As gauges are
 * imprecise and periods may be few, the fit uses the roofline as a prior: weights are read from memory in the time in
 * which some 300 tokens are computed (peak FLOP/s over twice the bandwidth, at two bytes per weight), so a is u /
 * 300; and a sequence adds a small part of the floor to a step. A prefill replica has no decode steps, whatever its
 * first tokens; a decode replica computes no prompts.
 */
#include <math.h>
#include <string.h>
#include <stdlib.h>

#include "attribute/evidence/sequence.h"
#include "attribute/split/counting.h"
#include "attribute/split/gauging.h"
#include "attribute/split/pass.h"
#include "core/instant.h"
#include "core/share.h"

/* Sequences that run at once, if that is not logged. */
#define SEQUENCES_ASSUMED 32

/* Prompt tokens of a mixed step, on average: half a chunk of vLLM's default. */
#define MIXED_STEP_NTOK 1024

/* Blocks of the bootstrap: at least COUNTING_BLOCK_NS, and this many windows. */
#define BLOCK_WINDOWS 4

struct windows_state {
	int64_t last_running; /* gauge at the end of the last period, or UNKNOWN */
	int64_t last_context;
	struct gauging gauging;
	struct counting counting;
	int64_t day_ns; /* in which the current period began */
	struct window_item *group; /* windows of one period */
	size_t count, room;
	int64_t over_ns; /* GPU-ns of phases in excess of the period */
	bool was_busy; /* work was in progress at the end of the last period */
	struct beats beats;
};

static bool has_windows(const struct replica_summary *s) {
	return s->steps == 0 && s->requests == 0 && s->windows > 0;
}

static void windows_span(struct pass *pass) {
	struct windows_state *st = pass->state;

	st->last_running = st->last_context = UNKNOWN;
	st->beats.end_ns = UNKNOWN;
	pass->from_ns = pass->summary->first_ns;
	pass->to_ns = pass->summary->last_ns;
}

static bool has_phases(const struct window_item *i) {
	return i->prefill_gpu_ns != UNKNOWN && i->decode_gpu_ns != UNKNOWN;
}

/* A replica with its pool's name represents the whole pool. */
static bool is_pool(const struct pass *pass) {
	return pass->pool && pass->pool->uptime_count > 0 && pass->pool->name == pass->summary->replica;
}

/* The GPU time paid for in a period; false if it does not fit. */
static bool available(const struct pass *pass, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns) {
	struct segment s;
	bool fits = true;

	*gpu_ns = 0;
	for (int64_t at_ns = from_ns; at_ns < to_ns && fits; at_ns = s.to_ns) {
		segment_at(pass->common->options, pass->pool, at_ns, &s);
		int64_t until_ns = s.to_ns < to_ns ? s.to_ns : to_ns, part;
		if (is_pool(pass)) {
			fits = !__builtin_mul_overflow(until_ns - at_ns, s.pool_gpus, &part);
		} else {
			part = 0;
			fits = !s.paid || accounts_gpu_ns(&pass->accounts, at_ns, until_ns, &part);
		}
		fits = fits && exact_add(gpu_ns, part);
	}
	return fits;
}

/* ---- tokens ---- */

/* Sets the model of the next postings to the window's; the caller restores the previous one. */
static name_id use_model(struct pass *pass, const struct window_item *i) {
	name_id before = pass->accounts.model;

	pass->accounts.model = i->head.model != 0 ? i->head.model : before;
	return before;
}

static int post_tokens(struct pass *pass, const struct window_item *i, struct fault *why) {
	int64_t cached = i->cached_tokens > 0 ? i->cached_tokens : 0;
	int64_t uncached = i->input_is_computed ? i->input_tokens : i->input_tokens - cached;
	const int64_t tokens[3] = {uncached > 0 ? uncached : 0, cached, i->output_tokens};
	int64_t at_ns = i->end_ns > i->head.at_ns ? i->end_ns - 1 : i->end_ns;

	name_id model = use_model(pass, i);
	int rc =
	    accounts_tokens(&pass->accounts, i->tenant, at_ns, tokens, i->requests == UNKNOWN ? 0 : i->requests, why);
	pass->accounts.model = model;
	return rc;
}

/* ---- time ---- */

static int post_phases(struct pass *pass, const struct window_item *i, int64_t prefill_ns, int64_t decode_ns,
		       enum grade grade, struct fault *why) {
	name_id model = use_model(pass, i);
	int rc =
	    accounts_post(&pass->accounts, ENTRY_INPUT, grade, i->tenant, i->head.at_ns, i->end_ns, prefill_ns, why);

	rc = rc < 0 ? rc
		    : accounts_post(&pass->accounts, ENTRY_OUTPUT, grade, i->tenant, i->head.at_ns, i->end_ns,
				    decode_ns, why);
	pass->accounts.model = model;
	return rc;
}

/* Time of the group's phases; -1 if a window lacks it, -2 if the sum does not fit. */
static int64_t phases_ns(const struct windows_state *st) {
	int64_t sum = 0;

	for (size_t k = 0; k < st->count; k++) {
		const struct window_item *i = &st->group[k];
		if (!has_phases(i)) {
			return -1;
		}
		if (!exact_add(&sum, i->prefill_gpu_ns) || !exact_add(&sum, i->decode_gpu_ns)) {
			return -2;
		}
	}
	return sum;
}

static int post_measured(struct pass *pass, int64_t busy_ns, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = pass->state;
	int rc = 0;

	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		const struct window_item *i = &st->group[k];
		rc = post_phases(pass, i, i->prefill_gpu_ns, i->decode_gpu_ns, GRADE_A, why);
	}
	if (rc >= 0 && room_ns > busy_ns) {
		rc = accounts_post(&pass->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, st->group[0].end_ns,
				   room_ns - busy_ns, why);
	}
	st->over_ns += busy_ns > room_ns ? busy_ns - room_ns : 0;
	return rc;
}

static int64_t computed_tokens(const struct window_item *i) {
	return i->input_is_computed ? i->input_tokens : i->input_tokens - (i->cached_tokens > 0 ? i->cached_tokens : 0);
}

static bool has_tokens(const struct windows_state *st) {
	int64_t tokens = 0;

	for (size_t i = 0; i < st->count && tokens <= 0; i++) {
		tokens = computed_tokens(&st->group[i]) > 0 ? 1 : st->group[i].output_tokens;
	}
	return tokens > 0;
}

/* ---- the fit over windows without phases ---- */

/* The work of a group. */
#define PPM 1000000
struct work {
	struct aggregate_work done;
	double replicas; /* covered by the windows */
	double gauges_apart; /* distance of the mean of both gauges from each, relative to the mean */
	bool throughout; /* busy from its start to its end, by the gauges, or for a measured time */
	bool running; /* work in progress from its start to its end, by the gauges */
	int64_t busy_ppm; /* fraction of its time, measured; UNKNOWN: not measured */
};

static bool was_throughout(int64_t before, int64_t after) {
	return before == UNKNOWN ? after == UNKNOWN : before > 0 && after != 0;
}

static double sequences_of(int64_t before, int64_t after, double replicas) {
	double running = after == UNKNOWN    ? SEQUENCES_ASSUMED
			 : before == UNKNOWN ? (double)after
					     : ((double)before + (double)after) / 2;

	running = after == UNKNOWN ? running : running / replicas;
	return running > 1 ? running : 1;
}

/* The measured fraction of a group's time in which the device was busy; else UNKNOWN. */
static int64_t measured_ppm(const struct pass *pass) {
	const struct windows_state *st = pass->state;
	int64_t ppm = st->count == 1 && !is_pool(pass) ? st->group[0].busy_ppm : UNKNOWN;

	return ppm > PPM ? PPM : ppm;
}

static struct work work_of(const struct pass *pass, double replicas) {
	const struct windows_state *st = pass->state;
	int64_t before = st->last_running, after = st->group[0].running;
	enum role role = pass->pool ? pass->pool->role : ROLE_MIXED;
	struct work k = {
	    .replicas = replicas, .running = was_throughout(before, after), .busy_ppm = measured_ppm(pass)};

	k.throughout = k.running || k.busy_ppm > 0;

	for (size_t i = 0; i < st->count; i++) {
		k.done.prompt += role == ROLE_DECODE ? 0 : (double)computed_tokens(&st->group[i]);
		k.done.output += role == ROLE_PREFILL ? 0 : (double)st->group[i].output_tokens;
	}
	if (before > 0 && after > 0) {
		k.gauges_apart = fabs((double)before - (double)after) / ((double)before + (double)after);
	}
	k.done.steps = k.done.output / sequences_of(before, after, replicas);
	k.done.mixed = k.done.prompt / MIXED_STEP_NTOK < k.done.steps ? k.done.prompt / MIXED_STEP_NTOK : k.done.steps;
	return k;
}

/* The number of replicas that a group's windows cover; its time is that many times its period. */
static double replicas_of(const struct pass *pass, int64_t room_ns) {
	const struct window_item *first = &((struct windows_state *)pass->state)->group[0];
	double one = (double)(first->end_ns - first->head.at_ns) *
		     (pass->pool ? (double)pass->pool->gpus_per_replica / (double)pass->pool->gpu_parts : 1);

	return is_pool(pass) && one > 0 && room_ns > 0 ? (double)room_ns / one : 1;
}

static unsigned bucket_of(const struct pass *pass, const struct window_item *first) {
	int64_t block_ns = COUNTING_BLOCK_NS;

	while (block_ns / BLOCK_WINDOWS < first->end_ns - first->head.at_ns && block_ns < NS_PER_DAY) {
		block_ns *= 2;
	}
	return aggregates_bucket(names_text(pass->common->options->names, pass->summary->replica), first->head.at_ns,
				 block_ns);
}

/* Does the engine count its steps in a window, alone in its period? */
static bool has_counts(const struct pass *pass) {
	const struct windows_state *st = pass->state;

	return st->count == 1 && !is_pool(pass) && counted_has(&st->group[0]);
}

/* Gauges of a window, alone in its period, of an engine that does not count steps. */
static bool gauged_of(struct pass *pass, struct gauged_window *out) {
	struct windows_state *st = pass->state;

	if (st->count != 1 || is_pool(pass) || counted_has(&st->group[0])) {
		gauging_break(&st->gauging);
		return false;
	}
	return gauging_window(pass, &st->gauging, &st->group[0], out);
}

/* A prompt that takes longer than the window produces no token in it. */
static bool is_computing(const struct windows_state *st) {
	const struct window_item *i = &st->group[0];

	return st->count == 1 && i->steps == 0 &&
	       (st->counting.gauges.begun_ntok > 0 || (i->waiting > 0 && i->running > 0 && st->last_running > 0));
}

static void follow_counts(const struct pass *pass) {
	struct windows_state *st = pass->state;

	if (has_counts(pass)) {
		counting_next(&st->counting, &st->group[0], st->last_running, st->last_context);
	} else {
		st->counting.gauges.begun_ntok = 0;
	}
}

static int note_group(struct pass *pass, struct fault *why) {
	struct windows_state *st = pass->state;
	const struct window_item *first = &st->group[0];
	int64_t room_ns, length_ns = first->end_ns - first->head.at_ns,
			 day_ns = instant_floor(first->head.at_ns, NS_PER_DAY);

	if (!available(pass, first->head.at_ns, first->end_ns, &room_ns)) {
		return fault_set(why, ERROR_RANGE, "the GPU time of a window does not fit 64 bits of nanoseconds");
	}
	/* A day's rows depend on that day alone, which is what the book reads for it. */
	if (day_ns != st->day_ns) {
		counting_end_rows(pass, &st->counting);
		st->last_running = st->last_context = UNKNOWN;
	}
	st->day_ns = day_ns;
	struct work k = work_of(pass, replicas_of(pass, room_ns));
	struct gauged_window gauged;
	bool has_gauges = gauged_of(pass, &gauged);
	follow_counts(pass);
	bool has_work = k.done.prompt + k.done.output > 0;
	struct fit_key key = pass_fit_key(pass, pass->summary->model, first->head.at_ns);
	if (has_counts(pass) && (has_work || is_computing(st))) {
		counting_note(pass, &st->counting, first, fits_aggregates(pass->fits, &key), bucket_of(pass, first));
	}
	if (has_work) {
		struct aggregates *r = fits_aggregates(pass->fits, &key);
		const double x[AGGREGATE_TERMS] = {k.done.prompt, k.done.steps, k.done.output};
		double ns = (double)length_ns * k.replicas * (k.busy_ppm == UNKNOWN ? 1 : (double)k.busy_ppm / PPM);
		if (has_gauges) {
			gauged_note(aggregates_gauged(r), bucket_of(pass, first) % GAUGED_BUCKETS, &gauged);
		}
		aggregates_count(r, TOTAL_WINDOWS, 1);
		aggregates_count_part(r, TOTAL_WINDOW_NS, ns / (double)AGGREGATE_UNIT);
		aggregates_count(r, TOTAL_PROMPT, (int64_t)k.done.prompt);
		aggregates_count_part(r, TOTAL_STEPS, k.done.steps);
		aggregates_count(r, TOTAL_OUTPUT, (int64_t)k.done.output);
		aggregates_count_part(r, TOTAL_MIXED_STEPS, k.done.mixed);
		if (k.throughout) {
			aggregates_count_part(r, TOTAL_GAUGES, k.gauges_apart);
			aggregates_add(r, AGGREGATE_WINDOW, bucket_of(pass, first), x, ns < 0x1p62 ? (int64_t)ns : 0);
		}
	}
	return 0;
}

static const struct aggregate_model *model_of(const struct pass *pass, int64_t at_ns) {
	struct fit_key key = pass_fit_key(pass, pass->summary->model, at_ns);

	return fits_aggregate_model(pass->fits, &key);
}

/* Prefill's share of a group's time. */
static double group_share(const struct pass *pass, const struct aggregate_model *m, const struct work *k) {
	enum role role = pass->pool ? pass->pool->role : ROLE_MIXED;

	if (role != ROLE_MIXED || k->done.prompt == 0 || k->done.output == 0) {
		return role == ROLE_PREFILL || (role == ROLE_MIXED && k->done.output == 0) ? 1 : 0;
	}
	return aggregate_window_share(m, &k->done, pass->common->options->rule);
}

/* The busy part of a group's time: all of it, unless a gauge was 0 at its start or end. */
static int64_t group_busy_ns(const struct aggregate_model *m, const struct work *k, int64_t room_ns, int64_t wall_ns) {
	double busy = aggregate_window_ns(m, &k->done) / ((double)wall_ns * k->replicas);

	if (k->throughout || m->origin == AGGREGATE_PRIOR || busy >= 1) {
		return room_ns;
	}
	return (int64_t)((double)room_ns * busy);
}

/* Uncertainty of the split, and of the group's busy time if that is not measured. */
static void spread_group(struct pass *pass, const struct aggregate_model *m, const struct work *k, int64_t prefill_ns,
			 int64_t decode_ns) {
	int64_t lesser_ns = prefill_ns < decode_ns ? prefill_ns : decode_ns;
	double split = m->window_share_sd * (double)lesser_ns, time = k->throughout ? 0 : m->window_time_sd;

	accounts_spread(&pass->accounts, GRADE_D, split + time * (double)prefill_ns, split + time * (double)decode_ns);
}

static int post_phase(struct pass *pass, enum entry_kind kind, int64_t from_ns, int64_t ns, bool prompts,
		      struct fault *why) {
	struct windows_state *st = pass->state;
	struct share share;
	int64_t weights = 0;
	int rc = 0;

	for (size_t k = 0; k < st->count; k++) {
		weights += prompts ? computed_tokens(&st->group[k]) : st->group[k].output_tokens;
	}
	share_init(&share, ns, weights);
	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		const struct window_item *i = &st->group[k];
		int64_t part = share_next(&share, prompts ? computed_tokens(i) : i->output_tokens);
		name_id model = use_model(pass, i);
		rc = accounts_post(&pass->accounts, kind, GRADE_D, i->tenant, from_ns, i->end_ns, part, why);
		pass->accounts.model = model;
	}
	return rc;
}

/* Splits a group: by its engine's counts, by its gauges, or by the fit over windows. */
struct window_split {
	enum { BY_COUNTS, BY_GAUGES, BY_WINDOWS } by;
	int64_t busy_ns, gaps_ns;
	double share;
	struct counted_split counted;
	struct gauged_split gauged;
};

static void split_window(struct pass *pass, const struct aggregate_model *m, const struct gauged_window *gauged,
			 const struct work *k, int64_t room_ns, int64_t wall_ns, struct window_split *out) {
	struct windows_state *st = pass->state;

	*out = (struct window_split){.by = BY_WINDOWS};
	if (m->has_counted && has_counts(pass)) {
		counting_split(pass, &st->counting, &m->counted, &st->group[0], room_ns, &out->counted);
		out->by = BY_COUNTS;
		out->busy_ns = out->counted.busy_ns;
		out->gaps_ns = out->counted.gaps_ns;
		out->share = out->counted.share;
	} else if (gauged && m->has_gauged) {
		gauging_split(pass, &m->gauged, gauged, room_ns, &out->gauged);
		out->by = BY_GAUGES;
		out->busy_ns = out->gauged.busy_ns;
		out->share = out->gauged.share;
	} else {
		out->busy_ns = group_busy_ns(m, k, room_ns, wall_ns);
		out->share = group_share(pass, m, k);
	}
	if (k->busy_ppm != UNKNOWN) {
		out->busy_ns = (int64_t)exact_div((int128)room_ns * k->busy_ppm, PPM);
		out->gaps_ns = k->running ? room_ns - out->busy_ns : 0;
	}
}

static void spread_window(struct pass *pass, const struct aggregate_model *m, const struct window_split *s,
			  const struct work *k, int64_t prefill_ns) {
	int64_t decode_ns = s->busy_ns - prefill_ns;

	if (s->by == BY_COUNTS) {
		counting_spread(pass, &m->counted, &s->counted, prefill_ns, decode_ns);
	} else if (s->by == BY_GAUGES) {
		gauging_spread(pass, &m->gauged, &s->gauged, prefill_ns, decode_ns);
	} else {
		spread_group(pass, m, k, prefill_ns, decode_ns);
	}
}

static int post_by_fit(struct pass *pass, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = pass->state;
	const struct aggregate_model *m = model_of(pass, st->group[0].head.at_ns);
	int64_t end_ns = st->group[0].end_ns;
	struct work k = work_of(pass, replicas_of(pass, room_ns));
	struct gauged_window gauged;
	bool has_gauges = gauged_of(pass, &gauged);

	follow_counts(pass);
	if (!has_tokens(st) && !is_computing(st)) {
		return accounts_post(&pass->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, end_ns, room_ns, why);
	}
	struct window_split s;
	split_window(pass, m, has_gauges ? &gauged : NULL, &k, room_ns, end_ns - from_ns, &s);
	if (s.by == BY_GAUGES && m->gauged.of_others) {
		pass_note_substitute(pass, SUBSTITUTE_ROLES, from_ns);
	} else if (m->origin != AGGREGATE_OWN && s.by == BY_WINDOWS) {
		pass_note_substitute(pass, m->origin == AGGREGATE_ROLES ? SUBSTITUTE_ROLES : SUBSTITUTE_PROPORTIONS,
				     from_ns);
	}
	int64_t prefill_ns = (int64_t)((double)s.busy_ns * s.share);
	prefill_ns = s.share >= 1 || prefill_ns > s.busy_ns ? s.busy_ns : prefill_ns;
	int rc = post_phase(pass, ENTRY_INPUT, from_ns, prefill_ns, true, why);
	rc = rc < 0 ? rc : post_phase(pass, ENTRY_OUTPUT, from_ns, s.busy_ns - prefill_ns, false, why);
	spread_window(pass, m, &s, &k, prefill_ns);
	if (rc >= 0 && s.gaps_ns > 0) {
		rc = accounts_post(&pass->accounts, ENTRY_OTHER, GRADE_NONE, 0, from_ns, end_ns, s.gaps_ns, why);
	}
	if (rc >= 0 && room_ns > s.busy_ns + s.gaps_ns) {
		rc = accounts_post(&pass->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, end_ns,
				   room_ns - s.busy_ns - s.gaps_ns, why);
	}
	return rc;
}

/* Between periods: idle if no work was in progress at the end of the last one, else unknown. */
static int post_between(struct pass *pass, int64_t to_ns, struct fault *why) {
	struct windows_state *st = pass->state;
	int64_t ns;

	if (to_ns <= pass->cursor_ns) {
		return 0;
	}
	if (!available(pass, pass->cursor_ns, to_ns, &ns)) {
		return fault_set(why, ERROR_RANGE, "the paid time of a replica does not fit 64 bits of nanoseconds");
	}
	int rc = accounts_post(&pass->accounts, st->was_busy ? ENTRY_UNOBSERVED : ENTRY_IDLE, GRADE_NONE, 0,
			       pass->cursor_ns, to_ns, ns, why);
	pass->cursor_ns = to_ns;
	return rc;
}

static int post_group(struct pass *pass, struct fault *why) {
	struct windows_state *st = pass->state;
	int64_t room_ns = 0;

	if (st->count == 0) {
		return 0;
	}
	const struct window_item *first = &st->group[0];
	int rc = post_between(pass, first->head.at_ns, why);
	int64_t from_ns = pass->cursor_ns, busy_ns = phases_ns(st);
	if (busy_ns == -2 || (from_ns < first->end_ns && !available(pass, from_ns, first->end_ns, &room_ns))) {
		return fault_set(why, ERROR_RANGE, "the GPU time of a window does not fit 64 bits of nanoseconds");
	}
	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		rc = post_tokens(pass, &st->group[k], why);
	}
	if (rc >= 0 && busy_ns >= 0) {
		rc = post_measured(pass, busy_ns, room_ns, from_ns, why);
	} else if (rc >= 0 && room_ns > 0) {
		rc = post_by_fit(pass, room_ns, from_ns, why);
	}
	if (rc >= 0) {
		rc = accounts_energy(&pass->accounts, from_ns, first->end_ns, why);
	}
	st->was_busy = first->running != UNKNOWN ? first->running > 0 : busy_ns != 0;
	pass->cursor_ns = first->end_ns > pass->cursor_ns ? first->end_ns : pass->cursor_ns;
	st->last_running = first->running;
	st->last_context = first->context_tokens;
	st->count = 0;
	return rc;
}

static int split_group(struct pass *pass, struct fault *why) {
	struct windows_state *st = pass->state;

	if (pass->purpose == PASS_POST) {
		return post_group(pass, why);
	}
	int rc = 0;
	if (st->count > 0 && phases_ns(st) == -1) {
		rc = note_group(pass, why);
		st->last_running = st->group[0].running;
		st->last_context = st->group[0].context_tokens;
	}
	st->count = 0;
	return rc;
}

static int windows_item(struct pass *pass, const struct item *item, struct fault *why) {
	struct windows_state *st = pass->state;
	const struct window_item *i = (const struct window_item *)item;

	if (item->kind != ITEM_WINDOW) {
		return 0;
	}
	if (pass->purpose == PASS_POST && window_is_statistics(i)) {
		beats_follow(&st->beats, pass->common->options, i);
	}
	bool same = st->count > 0 && st->group[0].head.at_ns == item->at_ns && st->group[0].end_ns == i->end_ns;
	int rc = same ? 0 : split_group(pass, why);
	st->group = must_grow(st->group, st->count, &st->room, sizeof *st->group, 8);
	st->group[st->count++] = *i;
	return rc;
}

static int windows_end(struct pass *pass, struct fault *why) {
	struct windows_state *st = pass->state;
	int rc = split_group(pass, why);

	if (pass->purpose == PASS_FIT) {
		counting_end_rows(pass, &st->counting);
	}
	beats_find(&st->beats, names_text(pass->common->options->names, pass->summary->replica).at, pass->quality);
	if (st->over_ns > 0) {
		pass->over_ns = st->over_ns;
		quality_warn(pass->quality,
			     "replica %s: windows report %.3f GPU-hours more than their length allows; "
			     "they are counted as capacity: give \"gpus_per_replica\" or \"uptime\" in the fleet file",
			     names_text(pass->common->options->names, pass->summary->replica).at,
			     (double)st->over_ns / (double)NS_PER_HOUR);
	}
	return rc;
}

static void windows_release(struct pass *pass) {
	struct windows_state *st = pass->state;

	free(st->group);
}

const struct splitter splitter_windows = {
    .state_size = sizeof(struct windows_state),
    .fits = has_windows,
    .span = windows_span,
    .item = windows_item,
    .end = windows_end,
    .release = windows_release,
};
