/*
 * aggregates_solve.c: from rows of requests and windows to coefficients and their uncertainty.
 *
 * The bootstrap (Kuensch, Annals of Statistics 17, 1989, of blocks; here with weights of Poisson(1), as in Hanley and
 * MacGibbon, Computer Methods and Programs in Biomedicine 83, 2006): in each of DRAWS draws every bucket of blocks
 * counts 0, 1, 2 … times, by a hash of the draw's number and its own. So a draw is the same on any machine. It cannot
 * find errors of a fit's form, which are the same in each draw: for these, fixed values are stated, see METHOD.md.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/bootstrap.h"
#include "core/model/nnls.h"
#include "attribute/model/aggregates.h"
#include "core/error.h"

#define DRAWS 200

/* With fewer windows busy throughout, adjacent days are used as well; with fewer than these, other roles. */
#define WINDOWS_OF_DAY 8
#define WINDOWS_OF_POOL 3

/*
 * Priors of windows, see windows.c. Each proportion weighs as much as three windows, and as the uncertain part of the
 * windows' gauges: if both ends differ, the number of sequences in between is not known, and least squares treat such
 * noise as a flat slope however many windows there are. Windows of other roles show how long work takes, but not the
 * proportions in this role: there the published ones are used.
 */
#define SEQUENCE_PART 50
#define PRIOR_WINDOWS 3
#define PRIOR_OF_OTHER_ROLES 1000

/*
 * Standard deviations that are stated, not estimated, relative to the lesser phase: from the form of the fit over
 * windows; from few windows (over the root of their number); from knowing prompts by the ridge only.
 */
#define WINDOW_FORM_SD 0.25
#define ONE_WINDOW_SD 0.3
#define RIDGE_SD 0.25
#define NO_WINDOW_SD 0.5
/*
 * Of prefill's share of time with both phases, from requests; of an unlogged first token, relative to the lesser
 * phase.
 */
#define BOTH_FORM_SD 0.1
#define BAD_CLOCKS_SD 0.25 /* if instants are not ends of steps */
#define LIFE_FORM_SD 0.15
#define LEAST_LIFE_PART 0.25 /* of the usual time of a prompt's token */

/* Normal equations in floating point. */
struct equations {
	double gram[AGGREGATE_TERMS * AGGREGATE_TERMS], moment[AGGREGATE_TERMS];
};

typedef double statistic(const void *context, double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]);

static void add_rows(struct equations *e, enum aggregate_kind kind, const struct aggregate_rows *rows, int weight) {
	const int128 *sum = rows->sums;

	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		for (int j = i; j < AGGREGATE_TERMS; j++) {
			double product = weight * ldexp((double)*sum++, -aggregates_bits(kind, i) - aggregates_bits(kind, j));
			e->gram[i * AGGREGATE_TERMS + j] += product;
			if (i != j) {
				e->gram[j * AGGREGATE_TERMS + i] += product;
			}
		}
	}
	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		e->moment[i] += weight * ldexp((double)*sum++, -aggregates_bits(kind, i));
	}
}

/* Adds a row that should be 0, relative to the time `scale`, this many times. */
static void prefer(struct equations *e, const double x[AGGREGATE_TERMS], double scale, double times) {
	for (int i = 0; i < AGGREGATE_TERMS && scale > 0; i++) {
		for (int j = 0; j < AGGREGATE_TERMS; j++) {
			e->gram[i * AGGREGATE_TERMS + j] += x[i] * x[j] * times / (scale * scale);
		}
	}
}

/* ---- draws ---- */

/* Windows busy throughout must have their true length on average: the priors do not determine that. */
static void level(const struct equations *e, double rows, double ns[AGGREGATE_TERMS]) {
	double got = 0;

	for (int i = 0; i < AGGREGATE_TERMS; i++) {
		got += e->moment[i] * ns[i];
	}
	for (int i = 0; i < AGGREGATE_TERMS && got > 0; i++) {
		ns[i] *= rows / got;
	}
}

/* One draw; draw -1: every bucket once. False if nothing of a kind was drawn that has rows. */
static bool solve_draw(const struct aggregates *r, const bool kinds[AGGREGATE_KINDS], const struct equations *leaning, int draw,
                       double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]) {
	for (int kind = 0; kind < AGGREGATE_KINDS; kind++) {
		struct equations e = {.gram = {0}};
		int64_t rows = 0, drawn = 0;
		if (!kinds[kind]) {
			continue;
		}
		if (kind == AGGREGATE_WINDOW) {
			e = *leaning;
		}
		for (unsigned b = 0; b < AGGREGATE_BUCKETS; b++) {
			const struct aggregate_rows *bucket = &r->buckets[kind][b];
			int times = draw < 0 ? 1 : bucket->rows > 0 ? bootstrap_weight(draw, b) : 0;
			rows += bucket->rows;
			drawn += times * bucket->rows;
			if (bucket->rows > 0 && times > 0) {
				add_rows(&e, (enum aggregate_kind)kind, bucket, times);
			}
		}
		if (rows > 0 && drawn == 0) {
			return false;
		}
		nnls_solve(e.gram, e.moment, AGGREGATE_TERMS, ns[kind]);
		if (kind == AGGREGATE_WINDOW) {
			level(&e, (double)drawn, ns[kind]);
		}
	}
	return true;
}

/* The standard deviation of a figure over the draws. */
static double drawn_sd(const struct aggregates *r, const bool kinds[AGGREGATE_KINDS], const struct equations *leaning,
                       statistic *figure) {
	double sum = 0, squares = 0;
	int draws = 0;

	for (int draw = 0; draw < DRAWS; draw++) {
		double ns[AGGREGATE_KINDS][AGGREGATE_TERMS] = {{0}};
		if (solve_draw(r, kinds, leaning, draw, ns)) {
			double got = figure(r, ns);
			sum += got;
			squares += got * got;
			draws++;
		}
	}
	double variance = draws > 1 ? (squares - sum * sum / draws) / (draws - 1) : 0;
	return variance > 0 ? sqrt(variance) : 0;
}

/* ---- windows ---- */

static double total(const struct aggregates *r, enum aggregate_total what) {
	return (double)r->totals[what];
}

static double part(const struct aggregates *r, enum aggregate_total what) {
	return (double)r->totals[what] / (double)AGGREGATE_UNIT;
}

/* Proportions, in windows of the mean length: a = u / ridge, and a sequence adds a small part of a step's floor. */
static void lean(struct equations *e, const struct aggregates *r, enum aggregate_origin origin, double ridge_ntok) {
	double times = origin == AGGREGATE_OWN ? PRIOR_WINDOWS + part(r, TOTAL_GAUGES) : PRIOR_OF_OTHER_ROLES;
	double n = total(r, TOTAL_WINDOWS) > 0 ? total(r, TOTAL_WINDOWS) : 1, scale = total(r, TOTAL_WINDOW_NS) / n;
	double prompt = total(r, TOTAL_PROMPT) / n, output = total(r, TOTAL_OUTPUT) / n;
	const double by_ridge[AGGREGATE_TERMS] = {prompt, -prompt / ridge_ntok};
	const double by_part[AGGREGATE_TERMS] = {0, -output / SEQUENCE_PART, output};

	prefer(e, by_ridge, scale, times);
	prefer(e, by_part, scale, times);
}

double aggregate_window_ns(const struct aggregate_model *m, const struct aggregate_work *k) {
	const double *ns = m->ns[AGGREGATE_WINDOW];

	return ns[0] * k->prompt + ns[1] * k->steps + ns[2] * k->output;
}

/* All prompts are computed in the mixed steps, together with the sequences there; the other steps are decode only. */
double aggregate_window_share(const struct aggregate_model *m, const struct aggregate_work *k, enum rule rule) {
	const double *ns = m->ns[AGGREGATE_WINDOW];
	double all = aggregate_window_ns(m, k), floor = ns[1] * k->mixed;
	double sequences = k->steps > 0 ? ns[2] * k->output * k->mixed / k->steps : 0, prompts = ns[0] * k->prompt;
	const struct split_times t = {prompts + floor + sequences, prompts + floor, floor + sequences};

	return all > 0 ? split_prefill_share(rule, &t) * t.whole / all : 0.5;
}

static struct aggregate_work whole_work(const struct aggregates *r) {
	return (struct aggregate_work){total(r, TOTAL_PROMPT), part(r, TOTAL_STEPS), total(r, TOTAL_OUTPUT), part(r, TOTAL_MIXED_STEPS)};
}

static double whole_ns(const void *aggregates, double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]) {
	struct aggregate_work k = whole_work(aggregates);
	struct aggregate_model m = {.origin = AGGREGATE_OWN};

	memcpy(m.ns, ns, sizeof m.ns);
	return aggregate_window_ns(&m, &k);
}

static double whole_share(const void *aggregates, double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]) {
	struct aggregate_work k = whole_work(aggregates);
	struct aggregate_model m = {.origin = AGGREGATE_OWN};

	memcpy(m.ns, ns, sizeof m.ns);
	return aggregate_window_share(&m, &k, RULE_SHAPLEY);
}

static double lesser_of(double share) {
	return share < 0.5 ? share : 1 - share;
}

static void measure_windows(const struct aggregates *r, const struct equations *leaning, struct aggregate_model *m) {
	static const bool kinds[AGGREGATE_KINDS] = {[AGGREGATE_WINDOW] = true};
	double few = ONE_WINDOW_SD * ONE_WINDOW_SD / (double)(m->rows[AGGREGATE_WINDOW] > 1 ? m->rows[AGGREGATE_WINDOW] : 1);
	double stated = WINDOW_FORM_SD * WINDOW_FORM_SD + few + (m->origin == AGGREGATE_OWN ? 0 : RIDGE_SD * RIDGE_SD);
	double lesser = lesser_of(whole_share(r, m->ns)), whole = whole_ns(r, m->ns);
	double time = whole > 0 ? drawn_sd(r, kinds, leaning, whole_ns) / whole : 0;
	double gauges = m->rows[AGGREGATE_WINDOW] > 0 ? part(r, TOTAL_GAUGES) / (double)m->rows[AGGREGATE_WINDOW] : 0;

	m->drawn_window = lesser > 0 ? drawn_sd(r, kinds, leaning, whole_share) / lesser : 0;
	m->window_share_sd = sqrt(stated + m->drawn_window * m->drawn_window);
	m->window_time_sd = m->origin == AGGREGATE_PRIOR ? NO_WINDOW_SD : sqrt(stated + gauges * gauges + time * time);
}

static void join_windows(struct aggregates *to, const struct aggregates *from) {
	for (int b = 0; b < AGGREGATE_BUCKETS && from; b++) {
		struct aggregate_rows *rows = &to->buckets[AGGREGATE_WINDOW][b];
		const struct aggregate_rows *more = &from->buckets[AGGREGATE_WINDOW][b];
		rows->rows += more->rows;
		for (int i = 0; i < AGGREGATE_SUMS; i++) {
			rows->sums[i] += more->sums[i];
		}
	}
	for (int i = TOTAL_WINDOWS; i <= TOTAL_GAUGES && from; i++) {
		to->totals[i] += from->totals[i];
	}
}

static void solve_windows(const struct aggregate_sources *s, struct aggregates *r, struct aggregate_model *m) {
	static const bool kinds[AGGREGATE_KINDS] = {[AGGREGATE_WINDOW] = true};
	struct equations leaning = {.gram = {0}};

	join_windows(r, s->days[1]);
	for (int i = 0; i < 3 && aggregates_rows_of(r, AGGREGATE_WINDOW) < WINDOWS_OF_DAY; i += 2) {
		join_windows(r, s->days[i]);
	}
	if (aggregates_rows_of(r, AGGREGATE_WINDOW) < WINDOWS_OF_POOL) {
		int64_t own = aggregates_rows_of(r, AGGREGATE_WINDOW);
		for (size_t i = 0; i < sizeof s->others / sizeof *s->others; i++) {
			join_windows(r, s->others[i]);
		}
		m->origin = aggregates_rows_of(r, AGGREGATE_WINDOW) > own ? AGGREGATE_ROLES : AGGREGATE_OWN;
	}
	m->rows[AGGREGATE_WINDOW] = aggregates_rows_of(r, AGGREGATE_WINDOW);
	lean(&leaning, r, m->origin, s->ridge_ntok);
	solve_draw(r, kinds, &leaning, -1, m->ns);
	if (m->rows[AGGREGATE_WINDOW] == 0 || whole_ns(r, m->ns) <= 0) {
		m->origin = AGGREGATE_PRIOR;
		m->ns[AGGREGATE_WINDOW][0] = 1 / s->ridge_ntok;
		m->ns[AGGREGATE_WINDOW][1] = 1;
		m->ns[AGGREGATE_WINDOW][2] = 1.0 / SEQUENCE_PART;
	}
	measure_windows(r, &leaning, m);
}

/* ---- requests ---- */

/* Prefill's share of all time with both phases, (p + c - d) / 2c, as in sweep.c. */
static double both_share(const void *aggregates, double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]) {
	const struct aggregates *r = aggregates;
	double all = total(r, TOTAL_BOTH_NS), steps = part(r, TOTAL_BOTH_STEPS);
	double prompts = ns[AGGREGATE_PROMPT][0] * steps + ns[AGGREGATE_PROMPT][1] * part(r, TOTAL_BOTH_TOKENS);
	double sequences = ns[AGGREGATE_STEP][0] * steps + ns[AGGREGATE_STEP][1] * part(r, TOTAL_BOTH_SEQUENCES) +
	                   ns[AGGREGATE_STEP][2] * part(r, TOTAL_BOTH_CONTEXT);

	return all > 0 ? ((prompts < all ? prompts : all) + all - sequences) / (2 * all) : 0;
}

/* For requests without a logged first token: the part of their time before it. */
static double life_share(const void *aggregates, double ns[AGGREGATE_KINDS][AGGREGATE_TERMS]) {
	const struct aggregates *r = aggregates;
	const double *life = ns[AGGREGATE_LIFE];
	double before = life[0] * total(r, TOTAL_LIVES) + life[1] * total(r, TOTAL_LIFE_PROMPT);
	double all = before + life[2] * total(r, TOTAL_LIFE_OUTPUT);

	return all > 0 ? before / all : 0.5;
}

/*
 * As many prompt tokens as the ridge has take about as long as an output token: a fit with a small part of that has taken their
 * time for another cost. Returns the standard deviation of the share that replaces the fit's; 0: the fit remains.
 */
static double least_prompt(const struct aggregates *r, double ridge_ntok, double ns[AGGREGATE_TERMS], double share) {
	double tokens = total(r, TOTAL_LIFE_PROMPT) / ridge_ntok, output = total(r, TOTAL_LIFE_OUTPUT);
	double usual = tokens + output > 0 ? tokens / (tokens + output) : 0;

	if (share >= LEAST_LIFE_PART * usual) {
		return 0;
	}
	ns[0] = 0;
	ns[1] = LEAST_LIFE_PART * ns[2] / ridge_ntok;
	return usual;
}

static void measure_lives(const struct aggregates *r, const bool life[AGGREGATE_KINDS], double ridge_ntok, struct aggregate_model *m) {
	if (m->rows[AGGREGATE_LIFE] == 0) {
		return;
	}
	m->drawn_life = drawn_sd(r, life, NULL, life_share);
	double least_sd = least_prompt(r, ridge_ntok, m->ns[AGGREGATE_LIFE], life_share(r, m->ns)), share = life_share(r, m->ns);
	double sd = hypot(hypot(LIFE_FORM_SD * lesser_of(share), m->drawn_life), least_sd);
	m->life_prompt_sd = sd < share ? sd / share : 1;
	m->life_output_sd = sd < 1 - share ? sd / (1 - share) : 1;
}

/* Most requests have instants that are not ends of steps. */
static bool are_refused(const struct rebuilt *r) {
	return r->totals[REBUILT_REFUSED] > r->totals[REBUILT_REQUESTS];
}

bool aggregates_are_rebuilt(const struct aggregates *r) {
	return r->rebuilt && !are_refused(r->rebuilt) && rebuilt_determines(r->rebuilt);
}

static void solve_requests(const struct aggregates *r, double ridge_ntok, struct aggregate_model *m) {
	static const bool both[AGGREGATE_KINDS] = {[AGGREGATE_STEP] = true, [AGGREGATE_PROMPT] = true}, life[AGGREGATE_KINDS] = {[AGGREGATE_LIFE] = true};

	for (int kind = AGGREGATE_STEP; kind <= AGGREGATE_LIFE; kind++) {
		m->rows[kind] = aggregates_rows_of(r, (enum aggregate_kind)kind);
	}
	solve_draw(r, both, NULL, -1, m->ns);
	solve_draw(r, life, NULL, -1, m->ns);
	m->drawn_both = total(r, TOTAL_BOTH_NS) > 0 ? drawn_sd(r, both, NULL, both_share) : 0;
	m->both_share_sd = sqrt(BOTH_FORM_SD * BOTH_FORM_SD + m->drawn_both * m->drawn_both);
	measure_lives(r, life, ridge_ntok, m);
	m->has_rebuilt = r->rebuilt && rebuilt_solve(r->rebuilt, &m->rebuilt);
	if (r->rebuilt && are_refused(r->rebuilt)) {
		m->has_rebuilt = false;
		m->both_share_sd = hypot(m->both_share_sd, BAD_CLOCKS_SD);
	}
	/* Without first tokens, a step is the time of one output token. */
	if (m->rows[AGGREGATE_STEP] == 0) {
		m->ns[AGGREGATE_STEP][0] = m->ns[AGGREGATE_LIFE][2];
	}
}

/* The day's own windows; those of adjacent days if they are too few. */
static void solve_counted(const struct aggregate_sources *s, struct aggregate_model *m) {
	struct counted *all = must_calloc(1, sizeof *all);

	for (int i = 0; i < 3 && !m->has_counted; i++) {
		static const int order[3] = {1, 0, 2};
		const struct aggregates *day = s->days[order[i]];
		if (s->day && s->day->counted && day && day->counted) {
			counted_join(all, day->counted);
			m->has_counted = counted_solve(all, s->ridge_ntok, &m->counted);
		}
	}
	free(all);
}

/*
 * The same for windows with gauges. Requests have left a prefill replica when its gauge is read, so it is mostly 0:
 * windows of other roles are used if there are any.
 */
static void solve_gauged(const struct aggregate_sources *s, struct aggregate_model *m) {
	struct gauged *own = must_calloc(1, sizeof *own), *others = must_calloc(1, sizeof *others);

	for (int i = 0; i < 3 && !m->has_gauged; i++) {
		static const int order[3] = {1, 0, 2};
		int day = order[i];
		if (s->day && s->day->gauged && s->days[day] && s->days[day]->gauged) {
			gauged_join(own, s->days[day]->gauged);
		}
		for (int role = 0; role < 2 && s->prefill_only; role++) {
			const struct aggregates *other = s->others[2 * day + role];
			if (other && other->gauged) {
				gauged_join(others, other->gauged);
			}
		}
		m->has_gauged = s->day && s->day->gauged && gauged_solve(own, s->prefill_only ? others : NULL, s->proportions, &m->gauged);
	}
	free(own);
	free(others);
}

void aggregates_solve(const struct aggregate_sources *s, struct aggregate_model *m) {
	static const struct aggregates nothing;
	struct aggregates windows = {.totals = {0}};

	memset(m, 0, sizeof *m);
	solve_windows(s, &windows, m);
	double ridge_ntok = s->proportions ? s->ridge_ntok * s->proportions->params / s->proportions->active : s->ridge_ntok;
	solve_requests(s->day ? s->day : &nothing, ridge_ntok, m);
	solve_counted(s, m);
	solve_gauged(s, m);
}
