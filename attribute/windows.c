/*
 * windows.c: a replica of which only totals of periods are logged.
 *
 * Windows of the same period (of several tenants, say) form a group. Where they carry the
 * phases' GPU time, the rest of the period is idle. Where they do not, a period that was busy throughout
 * (sequences ran where it began and where it ended) took
 *
 *   ns = a x prompt tokens + u x decode steps + v x output tokens,     decode steps = output tokens / sequences
 *
 * with a, u, v >= 0 fitted over all such periods of the replica. As gauges are rough and periods may be few, the
 * fit leans on what the roofline says of any GPU of today: weights are read from memory in the time in which
 * some 300 tokens are computed (peak FLOP/s over twice the bandwidth, at two bytes a weight: A100 153, H100 295,
 * B200 281), so a is u / 300; and a sequence adds to a step a small part of its floor.
 */
#include <math.h>
#include <stdlib.h>

#include "attribute/replica_fits.h"
#include "attribute/walk.h"
#include "core/share.h"

/* The priors, and how many windows each weighs as much as. */
#define RIDGE_NTOK 300
#define SEQUENCE_PART 50
#define PRIOR_WINDOWS 3

/* Sequences that run at once, where the log does not say. */
#define SEQUENCES_ASSUMED 32

/* Prompt tokens of a mixed step, on the average: half a chunk of vLLM's default. */
#define MIXED_STEP_NTOK 1024

/*
 * How far off a split by windows may be, one standard deviation, of the lesser phase; see METHOD.md, "Grade D": what
 * the form of the fit leaves out, what few windows leave open (over the root of their number), and what a block
 * bootstrap finds (Kuensch, Annals of Statistics 17, 1989): fits over windows drawn anew, runs of them at a time.
 */
#define FORM_SD 0.15
#define ONE_WINDOW_SD 0.3
#define BLOCKS 16
#define BLOCK_WINDOWS 4
#define DRAWS 200
#define BOOTSTRAP_SEED UINT64_C(20240229)

struct windows_state {
	struct replica_fit *fit;
	int64_t last_running; /* gauge at the end of the last period, or UNKNOWN */
	struct window_item *group; /* windows of one period */
	size_t count, room;
	int64_t over_ns;           /* GPU-ns of phases beyond what the period holds */
	bool was_busy;             /* did work go on where the last period ended? */
};

static bool has_windows(const struct replica_summary *s) {
	return s->steps == 0 && s->requests == 0 && s->windows > 0;
}

static void windows_span(struct walk *w) {
	struct windows_state *st = w->state;

	st->fit = replica_fits_of(w->replica_fits, w->summary->replica);
	w->from_ns = w->summary->first_ns;
	w->to_ns = w->summary->last_ns;
}

static bool has_phases(const struct window_item *i) {
	return i->prefill_gpu_ns != UNKNOWN && i->decode_gpu_ns != UNKNOWN;
}

/* A replica that bears its pool's name is the whole pool. */
static bool is_pool(const struct walk *w) {
	return w->pool && w->pool->uptime_count > 0 && w->pool->name == w->summary->replica;
}

/* The GPU time paid for in a period; false if it does not fit. */
static bool available(const struct walk *w, int64_t from_ns, int64_t to_ns, int64_t *gpu_ns) {
	struct segment s;
	bool fits = true;

	*gpu_ns = 0;
	for (int64_t at_ns = from_ns; at_ns < to_ns && fits; at_ns = s.to_ns) {
		segment_at(w->common->options, w->pool, at_ns, &s);
		int64_t until_ns = s.to_ns < to_ns ? s.to_ns : to_ns, part;
		int64_t gpus = is_pool(w) ? s.pool_gpus : s.paid ? w->accounts.gpus : 0;
		fits = !__builtin_mul_overflow(until_ns - at_ns, gpus, &part) && exact_add(gpu_ns, part);
	}
	return fits;
}

/* ---- tokens ---- */

static int post_tokens(struct walk *w, const struct window_item *i, struct fault *why) {
	int64_t cached = i->cached_tokens > 0 ? i->cached_tokens : 0;
	int64_t uncached = i->input_is_computed ? i->input_tokens : i->input_tokens - cached;
	const int64_t tokens[3] = {uncached > 0 ? uncached : 0, cached, i->output_tokens};
	int64_t at_ns = i->end_ns > i->head.at_ns ? i->end_ns - 1 : i->end_ns;

	return accounts_tokens(&w->accounts, i->tenant, at_ns, tokens, i->requests == UNKNOWN ? 0 : i->requests, why);
}

/* ---- time ---- */

static int post_phases(struct walk *w, const struct window_item *i, int64_t prefill_ns, int64_t decode_ns,
                       enum grade grade, struct fault *why) {
	int rc = accounts_post(&w->accounts, ENTRY_INPUT, grade, i->tenant, i->head.at_ns, i->end_ns, prefill_ns, why);

	return rc < 0 ? rc : accounts_post(&w->accounts, ENTRY_OUTPUT, grade, i->tenant, i->head.at_ns, i->end_ns, decode_ns, why);
}

/* What the group's phases took; -1 if a window does not say, -2 if the sum does not fit. */
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

static int post_measured(struct walk *w, int64_t busy_ns, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int rc = 0;

	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		const struct window_item *i = &st->group[k];
		rc = post_phases(w, i, i->prefill_gpu_ns, i->decode_gpu_ns, GRADE_A, why);
	}
	if (rc >= 0 && room_ns > busy_ns) {
		rc = accounts_post(&w->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, st->group[0].end_ns, room_ns - busy_ns, why);
	}
	st->over_ns += busy_ns > room_ns ? busy_ns - room_ns : 0;
	return rc;
}

static int64_t computed_tokens(const struct window_item *i) {
	return i->input_is_computed ? i->input_tokens : i->input_tokens - (i->cached_tokens > 0 ? i->cached_tokens : 0);
}

/* ---- the fit over windows without phases ---- */

/* What a group did. */
struct work {
	double prompt, output, steps;
	bool throughout; /* busy from its start to its end, as far as gauges tell */
};

static struct work work_of(const struct windows_state *st) {
	const struct window_item *first = &st->group[0];
	int64_t before = st->last_running, after = first->running;
	struct work k = {.throughout = before != 0 && after != 0};
	double sequences = SEQUENCES_ASSUMED;

	for (size_t i = 0; i < st->count; i++) {
		k.prompt += (double)computed_tokens(&st->group[i]);
		k.output += (double)st->group[i].output_tokens;
	}
	if (after != UNKNOWN) {
		sequences = before != UNKNOWN ? ((double)before + (double)after) / 2 : (double)after;
	}
	k.steps = k.output / (sequences > 1 ? sequences : 1);
	return k;
}

static void note_busy(struct replica_fit *f, const double x[SMALL_TERMS], double ns) {
	if (!f->window_blocks) {
		f->window_blocks = must_calloc(BLOCKS, sizeof *f->window_blocks);
	}
	small_fit_add(&f->window_blocks[f->window.rows / BLOCK_WINDOWS % BLOCKS], x, ns);
	small_fit_add(&f->window, x, ns);
}

static void note_group(struct windows_state *st) {
	const struct window_item *first = &st->group[0];
	struct work k = work_of(st);
	const double x[SMALL_TERMS] = {k.prompt, k.steps, k.output};

	if (k.prompt + k.output > 0) {
		st->fit->window_prompt += k.prompt;
		st->fit->window_steps += k.steps;
		st->fit->window_output += k.output;
		st->fit->windows++;
		if (k.throughout) {
			note_busy(st->fit, x, (double)(first->end_ns - first->head.at_ns));
		}
	}
}

/* What the fit leans on, in windows of this length. */
static struct small_fit priors_of(const struct replica_fit *f, double window_ns) {
	double n = f->windows > 0 ? (double)f->windows : 1;
	const double by_ridge[SMALL_TERMS] = {f->window_prompt / n, -f->window_prompt / n / RIDGE_NTOK};
	const double by_part[SMALL_TERMS] = {0, -f->window_output / n / SEQUENCE_PART, f->window_output / n};
	struct small_fit priors = {.rows = 0};

	small_fit_prefer(&priors, by_ridge, window_ns, PRIOR_WINDOWS);
	small_fit_prefer(&priors, by_part, window_ns, PRIOR_WINDOWS);
	return priors;
}

/* The prompts' share of all windows' time. */
static double whole_share(const struct replica_fit *f, const double ns[SMALL_TERMS]) {
	double prompts = ns[0] * f->window_prompt, rest = ns[1] * f->window_steps + ns[2] * f->window_output;

	return prompts + rest > 0 ? prompts / (prompts + rest) : 0.5;
}

/* Variance of the whole's share over fits of blocks drawn with replacement, by a generator with a fixed seed. */
static double bootstrap_variance(const struct replica_fit *f, const struct small_fit *priors) {
	int64_t filled = (f->window.rows + BLOCK_WINDOWS - 1) / BLOCK_WINDOWS, used = filled < BLOCKS ? filled : BLOCKS;
	double sum = 0, squares = 0, ns[SMALL_TERMS];
	uint64_t seed = BOOTSTRAP_SEED;

	for (int draw = 0; draw < DRAWS && used > 0; draw++) {
		struct small_fit fit = *priors;
		for (int64_t i = 0; i < used; i++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			small_fit_join(&fit, &f->window_blocks[(int64_t)(seed >> 33) % used]);
		}
		small_fit_solve(&fit, ns);
		double share = whole_share(f, ns);
		sum += share;
		squares += share * share;
	}
	double variance = squares / DRAWS - sum / DRAWS * (sum / DRAWS);
	return variance > 0 ? variance : 0;
}

static double window_sd(const struct replica_fit *f, const struct small_fit *priors) {
	double share = whole_share(f, f->window_ns), lesser = share < 0.5 ? share : 1 - share;
	double few = ONE_WINDOW_SD * ONE_WINDOW_SD / (double)(f->window.rows > 1 ? f->window.rows : 1);
	double drawn = lesser > 0 ? bootstrap_variance(f, priors) / (lesser * lesser) : 0;

	return sqrt(FORM_SD * FORM_SD + few + drawn);
}

static void solve(struct replica_fit *f, double window_ns) {
	if (f->solved) {
		return;
	}
	struct small_fit priors = priors_of(f, window_ns), fit = f->window;
	f->solved = true;
	small_fit_join(&fit, &priors);
	small_fit_solve(&fit, f->window_ns);
	/* Of no window is it known that it was busy throughout: the priors give proportions all the same. */
	if (f->window_ns[0] + f->window_ns[1] + f->window_ns[2] <= 0) {
		f->window_ns[0] = 1.0 / RIDGE_NTOK;
		f->window_ns[1] = 1;
		f->window_ns[2] = 1.0 / SEQUENCE_PART;
	}
	f->window_sd = window_sd(f, &priors);
}

/* Prefill's share of what a group took; mixed steps' floor is shared by halves, as the Shapley value does. */
static double group_share(const struct walk *w, const struct work *k) {
	const double *ns = ((struct windows_state *)w->state)->fit->window_ns;
	enum role role = w->pool ? w->pool->role : ROLE_MIXED;
	double mixed = k->prompt / MIXED_STEP_NTOK < k->steps ? k->prompt / MIXED_STEP_NTOK : k->steps;
	double whole = ns[0] * k->prompt + ns[1] * k->steps + ns[2] * k->output;

	if (role != ROLE_MIXED || k->prompt == 0 || k->output == 0 || whole <= 0) {
		return role == ROLE_PREFILL || (role == ROLE_MIXED && k->output == 0) ? 1 : 0;
	}
	double share = (ns[0] * k->prompt + ns[1] * mixed / 2) / whole;
	return share < 1 ? share : 1;
}

/* How much of a group's time was busy: all of it, unless a gauge was 0 where it began or ended. */
static int64_t group_busy_ns(const struct walk *w, const struct work *k, int64_t room_ns, int64_t wall_ns) {
	const struct windows_state *st = w->state;
	const double *ns = st->fit->window_ns;
	double busy = (ns[0] * k->prompt + ns[1] * k->steps + ns[2] * k->output) / (double)wall_ns;

	if (k->throughout || st->fit->window.rows == 0 || busy >= 1) {
		return room_ns;
	}
	return (int64_t)((double)room_ns * busy);
}

static int post_phase(struct walk *w, enum entry_kind kind, int64_t from_ns, int64_t ns, bool prompts,
                      struct fault *why) {
	struct windows_state *st = w->state;
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
		rc = accounts_post(&w->accounts, kind, GRADE_D, i->tenant, from_ns, i->end_ns, part, why);
	}
	return rc;
}

static int post_by_fit(struct walk *w, int64_t room_ns, int64_t from_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t end_ns = st->group[0].end_ns;
	struct work k = work_of(st);

	solve(st->fit, (double)(end_ns - st->group[0].head.at_ns));
	if (k.prompt + k.output <= 0) {
		return accounts_post(&w->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, end_ns, room_ns, why);
	}
	int64_t busy_ns = group_busy_ns(w, &k, room_ns, end_ns - from_ns);
	double share = group_share(w, &k);
	int64_t prefill_ns = (int64_t)((double)busy_ns * share);
	prefill_ns = share >= 1 || prefill_ns > busy_ns ? busy_ns : prefill_ns;
	if (share > 0 && share < 1) {
		accounts_spread(&w->accounts, GRADE_D, st->fit->window_sd * (double)busy_ns * (share < 0.5 ? share : 1 - share));
	}
	int rc = post_phase(w, ENTRY_INPUT, from_ns, prefill_ns, true, why);
	rc = rc < 0 ? rc : post_phase(w, ENTRY_OUTPUT, from_ns, busy_ns - prefill_ns, false, why);
	if (rc >= 0 && room_ns > busy_ns) {
		rc = accounts_post(&w->accounts, ENTRY_IDLE, GRADE_NONE, 0, from_ns, end_ns, room_ns - busy_ns, why);
	}
	return rc;
}

/* Between periods: idle if nothing went on where the last one ended, else nobody knows. */
static int post_between(struct walk *w, int64_t to_ns, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t ns;

	if (to_ns <= w->cursor_ns) {
		return 0;
	}
	if (!available(w, w->cursor_ns, to_ns, &ns)) {
		return fault_set(why, ERROR_RANGE, "the paid time of a replica does not fit 64 bits of nanoseconds");
	}
	int rc = accounts_post(&w->accounts, st->was_busy ? ENTRY_UNOBSERVED : ENTRY_IDLE, GRADE_NONE, 0, w->cursor_ns,
	                       to_ns, ns, why);
	w->cursor_ns = to_ns;
	return rc;
}

static int post_group(struct walk *w, struct fault *why) {
	struct windows_state *st = w->state;
	int64_t room_ns = 0;

	if (st->count == 0) {
		return 0;
	}
	const struct window_item *first = &st->group[0];
	int rc = post_between(w, first->head.at_ns, why);
	int64_t from_ns = w->cursor_ns, busy_ns = phases_ns(st);
	if (busy_ns == -2 || (from_ns < first->end_ns && !available(w, from_ns, first->end_ns, &room_ns))) {
		return fault_set(why, ERROR_RANGE, "the GPU time of a window does not fit 64 bits of nanoseconds");
	}
	for (size_t k = 0; k < st->count && rc >= 0; k++) {
		rc = post_tokens(w, &st->group[k], why);
	}
	if (rc >= 0 && busy_ns >= 0) {
		rc = post_measured(w, busy_ns, room_ns, from_ns, why);
	} else if (rc >= 0 && room_ns > 0) {
		rc = post_by_fit(w, room_ns, from_ns, why);
	}
	if (rc >= 0) {
		rc = accounts_energy(&w->accounts, from_ns, first->end_ns, why);
	}
	st->was_busy = first->running != UNKNOWN ? first->running > 0 : busy_ns != 0;
	w->cursor_ns = first->end_ns > w->cursor_ns ? first->end_ns : w->cursor_ns;
	st->last_running = first->running;
	st->count = 0;
	return rc;
}

static int take_group(struct walk *w, struct fault *why) {
	struct windows_state *st = w->state;

	if (w->purpose == WALK_POST) {
		return post_group(w, why);
	}
	if (st->count > 0 && phases_ns(st) == -1) {
		note_group(st);
		st->last_running = st->group[0].running;
	}
	st->count = 0;
	return 0;
}

static int windows_item(struct walk *w, const struct item *item, struct fault *why) {
	struct windows_state *st = w->state;
	const struct window_item *i = (const struct window_item *)item;

	if (item->kind != ITEM_WINDOW) {
		return 0;
	}
	bool same = st->count > 0 && st->group[0].head.at_ns == item->at_ns && st->group[0].end_ns == i->end_ns;
	int rc = same ? 0 : take_group(w, why);
	if (st->count == st->room) {
		st->room = st->room > 0 ? 2 * st->room : 8;
		st->group = must_realloc(st->group, st->room * sizeof *st->group);
	}
	st->group[st->count++] = *i;
	return rc;
}

static int windows_end(struct walk *w, struct fault *why) {
	struct windows_state *st = w->state;
	int rc = take_group(w, why);

	if (st->over_ns > 0) {
		w->over_ns = st->over_ns;
		quality_warn(w->quality, "replica %s: windows tell of %.3f GPU-hours more than their periods hold; they are "
		             "counted as capacity: give \"gpus_per_replica\" or \"uptime\" in the fleet file",
		             names_text(w->common->options->names, w->summary->replica).at,
		             (double)st->over_ns / (double)NS_PER_HOUR);
	}
	return rc;
}

static void windows_release(struct walk *w) {
	struct windows_state *st = w->state;

	free(st->group);
}

const struct walker walk_windows = {
	.state_size = sizeof(struct windows_state),
	.fits = has_windows,
	.span = windows_span,
	.item = windows_item,
	.end = windows_end,
	.release = windows_release,
};
