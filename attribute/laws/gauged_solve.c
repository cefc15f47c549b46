/*
 * gauged_solve.c: from sums of windows of tokens and gauges to a law of a step's time.
 *
 * The generalised method of moments (L. Hansen, Econometrica 50, 1982): the sequences' mean minus that of the law,
 * times each instrument, should be 0 on average; the error is estimated from buckets of windows. Priors are further
 * equations, each with its standard deviation, so that few windows hardly change them and many windows decide. The
 * remaining uncertainty is the interval.
 */
#include <math.h>
#include <string.h>

#include "attribute/laws/gauged.h"
#include "attribute/laws/priors.h"
#include "core/model/nnls.h"

#define ROUNDS 3

/* With at most this many sequences at a time, or without windows busy throughout, all windows count. */
#define FEW_SEQUENCES 4

/* Priors: one standard deviation. Of the floor, of all tokens' time, and of both together, each relative. */
#define FLOOR_SD 0.3
#define KNOWN_FLOOR_SD 0.25
#define TOKEN_SD 0.5
#define KNOWN_TOKEN_SD 0.35 /* if the model's parameters are known */
#define LEVEL_SD 1.0
/* Caches grow less than weights. */
#define CONTEXT_POWER 0.5
#define CONTEXT_SD 0.8
#define UNKNOWN_CONTEXT_SD 4.0
/* Attention is more where few parameters are active. */
#define ATTENTION_POWER 0.7
#define UNKNOWN_ATTENTION_SD 2.0
#define HIDDEN_EXPERTS 0.85 /* HIDDEN_PART of experts */
#define PROMPT_SD 0.3

/* Minimum for the moments, whatever the buckets show; and that of one window. */
#define MOMENT_SD 0.03
#define ONE_WINDOW_SD 0.15

/*
 * From the form of the model, of the lesser phase; with few sequences at a time; if a step takes less than reading
 * its weights.
 */
#define FORM_SD 0.3
#define KNOWN_FORM_SD 0.2 /* if the model's parameters are known */
#define FEW_FORM_SD 0.4
#define TOO_FAST_SD 0.5
#define MOST_TOKENS 8.0
#define OF_BANDWIDTH 0.8 /* that engines reach */

/*
 * Of what rows, prior knowledge and form leave open each by itself, this part is left: what one term lacks another
 * takes up. The smaller a phase is, the more of what the other lacks is put to it.
 */
#define OPEN_PART 0.75
#define OPEN_SHARE 0.04
#define SMALL_SHARE 0.03

#define ONE_GAUGE_SD 1.0 /* of the split, if one gauge is not 0; of n gauges divided by n */

/* Busy time of windows that were not busy throughout: relative; that of one window. */
#define TIME_SD 0.3
#define ONE_TIME_SD 1.0
#define BOUND_SDS 1.96

#define BILLION8 8e9

/* ---- priors ---- */

struct before {
	double ns[GAUGED_TERMS]; /* in units of the floor */
	double covariance[GAUGED_TERMS * GAUGED_TERMS]; /* each term relative to its own prior */
};

/*
 * Memory and arithmetic overlap: by how much a step with a chunk of this many ridges is shorter than their sum, in
 * floors.
 */
static double hidden(double ridges) {
	return 1 + ridges - pow(1 + pow(ridges, ROOF), 1 / ROOF);
}

static double chunk_ntok(const struct gauged *g) {
	return g->all[GAUGED_PROMPT] > 0 ? (double)g->all[GAUGED_TOKEN] / (double)g->all[GAUGED_PROMPT] : 1;
}

/* Terms that share one standard deviation. */
static void vary(struct before *b, const double part[GAUGED_TERMS], double sd) {
	for (int i = 0; i < GAUGED_TERMS; i++) {
		for (int j = 0; j < GAUGED_TERMS; j++) {
			b->covariance[i * GAUGED_TERMS + j] += sd * sd * part[i] * part[j];
		}
	}
}

static void vary_one(struct before *b, enum gauged_term term, double sd) {
	double part[GAUGED_TERMS] = {0};

	part[term] = 1;
	vary(b, part, sd);
}

static void know(const struct gauged *g, const struct proportions *p, double tokens_a_step, struct before *b) {
	double sparse = p->params / p->active, token = p->active / p->params / p->ridge_ntok;
	double with_prompts = fmax(LEAST_FLOOR, 1 - (sparse > 1 ? HIDDEN_EXPERTS : HIDDEN_PART) * hidden(chunk_ntok(g) * token));

	*b = (struct before){.ns = {[GAUGED_STEP] = 1 / tokens_a_step,
	                            [GAUGED_SEQUENCE] = SEQUENCE_PART * token,
	                            [GAUGED_CONTEXT] = CONTEXT_PART * pow(BILLION8 / p->params, CONTEXT_POWER),
	                            [GAUGED_TOKEN] = token,
	                            [GAUGED_ATTENTION] = ATTENTION_PART * token * pow(sparse, ATTENTION_POWER),
	                            [GAUGED_PROMPT] = with_prompts}};
	const double all[GAUGED_TERMS] = {1, 1, 1, 1, 1, 1}, tokens[GAUGED_TERMS] = {[GAUGED_SEQUENCE] = 1, [GAUGED_TOKEN] = 1, [GAUGED_ATTENTION] = 1};
	const double floors[GAUGED_TERMS] = {[GAUGED_STEP] = 1, [GAUGED_PROMPT] = 1 / with_prompts};
	vary(b, all, LEVEL_SD);
	vary(b, tokens, p->params_known ? KNOWN_TOKEN_SD : TOKEN_SD);
	vary(b, floors, p->params_known ? KNOWN_FLOOR_SD : FLOOR_SD);
	vary_one(b, GAUGED_SEQUENCE, SEQUENCE_SD);
	bool known = 2 * g->contexts >= g->windows;
	vary_one(b, GAUGED_CONTEXT, known ? CONTEXT_SD : UNKNOWN_CONTEXT_SD);
	vary_one(b, GAUGED_ATTENTION, known ? ATTENTION_SD : UNKNOWN_ATTENTION_SD);
	vary_one(b, GAUGED_PROMPT, PROMPT_SD / with_prompts);
}

/* ---- the fit ---- */

/* Moments by instrument: of each term (in units of its prior), then of the sequences' mean. */
typedef double moments[GAUGED_INSTRUMENTS][GAUGED_COLUMNS];

static void add_moments(moments to, const struct gauged_rows *rows, const double unit[GAUGED_TERMS]) {
	for (int k = 0; k < GAUGED_INSTRUMENTS; k++) {
		for (int i = 0; i < GAUGED_COLUMNS; i++) {
			to[k][i] += ldexp((double)rows->sums[k * GAUGED_COLUMNS + i], -gauged_bits(i) - GAUGED_RATE_BITS) * (i < GAUGED_TERMS ? unit[i] : 1);
		}
	}
}

static double residual(const double moment[GAUGED_COLUMNS], const double x[GAUGED_TERMS]) {
	double sum = moment[GAUGED_TERMS];

	for (int i = 0; i < GAUGED_TERMS; i++) {
		sum -= moment[i] * x[i];
	}
	return sum;
}

struct fitting {
	struct gauged_rows buckets[GAUGED_BUCKETS];
	double unit[GAUGED_TERMS]; /* ns */
	moments all;
	int64_t rows;
	double known[GAUGED_TERMS * GAUGED_TERMS]; /* the inverse of the priors' covariance */
	double x[GAUGED_TERMS], covariance[GAUGED_TERMS * GAUGED_TERMS];
};

/* The information of a moment, from its variance between buckets. */
static void weigh(const struct fitting *f, double weights[GAUGED_INSTRUMENTS * GAUGED_INSTRUMENTS]) {
	double spread[GAUGED_INSTRUMENTS * GAUGED_INSTRUMENTS] = {0}, positive[GAUGED_INSTRUMENTS];

	for (int b = 0; b < GAUGED_BUCKETS; b++) {
		moments m = {{0}};
		add_moments(m, &f->buckets[b], f->unit);
		for (int i = 0; i < GAUGED_INSTRUMENTS; i++) {
			for (int j = 0; j < GAUGED_INSTRUMENTS; j++) {
				spread[i * GAUGED_INSTRUMENTS + j] += residual(m[i], f->x) * residual(m[j], f->x);
			}
		}
	}
	for (int i = 0; i < GAUGED_INSTRUMENTS; i++) {
		double whole = f->all[i][GAUGED_TERMS], few = ONE_WINDOW_SD * ONE_WINDOW_SD / (double)f->rows;
		spread[i * GAUGED_INSTRUMENTS + i] += whole * whole * (MOMENT_SD * MOMENT_SD + few);
		positive[i] = whole > 0;
	}
	nnls_covariance(spread, positive, GAUGED_INSTRUMENTS, 1, weights);
}

static void solve_once(struct fitting *f) {
	double weights[GAUGED_INSTRUMENTS * GAUGED_INSTRUMENTS], gram[GAUGED_TERMS * GAUGED_TERMS], moment[GAUGED_TERMS] = {0};
	static const double every[GAUGED_TERMS] = {1, 1, 1, 1, 1, 1};

	weigh(f, weights);
	memcpy(gram, f->known, sizeof gram);
	for (int i = 0; i < GAUGED_TERMS; i++) {
		for (int j = 0; j < GAUGED_TERMS; j++) {
			moment[i] += f->known[i * GAUGED_TERMS + j]; /* each term's prior is 1 */
		}
		for (int k = 0; k < GAUGED_INSTRUMENTS; k++) {
			for (int l = 0; l < GAUGED_INSTRUMENTS; l++) {
				double weight = weights[k * GAUGED_INSTRUMENTS + l] * f->all[k][i];
				for (int j = 0; j < GAUGED_TERMS; j++) {
					gram[i * GAUGED_TERMS + j] += weight * f->all[l][j];
				}
				moment[i] += weight * f->all[l][GAUGED_TERMS];
			}
		}
	}
	nnls_solve(gram, moment, GAUGED_TERMS, f->x);
	nnls_covariance(gram, every, GAUGED_TERMS, 1, f->covariance);
}

/* ---- uncertainty ---- */

static double of(const int128 terms[GAUGED_TERMS], const double ns[GAUGED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < GAUGED_TERMS; i++) {
		sum += ns[i] * (double)terms[i];
	}
	return sum;
}

static double sd_of(const struct fitting *f, const double slope[GAUGED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < GAUGED_TERMS; i++) {
		for (int j = 0; j < GAUGED_TERMS; j++) {
			sum += slope[i] * slope[j] * f->covariance[i * GAUGED_TERMS + j];
		}
	}
	return sqrt(fmax(0, sum));
}

static void measure(const struct gauged *g, const struct fitting *f, int64_t partly, struct gauged_model *m) {
	double more = (m->tokens_a_step - 1) * m->ns[GAUGED_STEP] * (double)g->sequences[GAUGED_STEP];
	double all = of(g->all, m->ns), prefill = (of(g->mixed, m->ns) + of(g->prompts, m->ns) - of(g->sequences, m->ns) - more) / 2;
	double split[GAUGED_TERMS], time[GAUGED_TERMS];

	m->share = fmin(1, fmax(0, prefill / all));
	for (int i = 0; i < GAUGED_TERMS; i++) {
		double part = ((double)g->mixed[i] + (double)g->prompts[i] - (double)g->sequences[i] * (i == GAUGED_STEP ? m->tokens_a_step : 1)) / 2;
		split[i] = f->unit[i] / all * (part - m->share * (double)g->all[i]);
		time[i] = f->unit[i] / all * (double)g->all[i];
	}
	double open = OPEN_PART + OPEN_SHARE / (SMALL_SHARE + fmin(m->share, 1 - m->share));
	m->share_sd = open * sd_of(f, split);
	/* The level, and so the number of sequences in a step, is off by a factor: 1.96 of these are as much more as there may be. */
	double gauges = g->gauges > 0 ? (double)g->gauges : 1;
	m->form_sd = open * hypot(m->form_sd, expm1(BOUND_SDS * ONE_GAUGE_SD / gauges) / BOUND_SDS);
	double few = ONE_TIME_SD / sqrt((double)(partly > 0 ? partly : 1));
	m->time_sd = hypot(TIME_SD, expm1(BOUND_SDS * hypot(few, sd_of(f, time))) / BOUND_SDS);
}

static int64_t rows_of(const struct gauged *g, enum gauged_kind kind) {
	int64_t rows = 0;

	for (int b = 0; b < GAUGED_BUCKETS; b++) {
		rows += g->buckets[kind][b].rows;
	}
	return rows;
}

/* Before the fit the level is not known: that of the windows is used. */
static bool set_units(struct fitting *f, const struct before *b) {
	moments m = {{0}};
	double sum = 0;

	for (int i = 0; i < GAUGED_BUCKETS; i++) {
		add_moments(m, &f->buckets[i], b->ns);
	}
	for (int i = 0; i < GAUGED_TERMS; i++) {
		sum += m[GAUGED_INSTRUMENTS - 1][i];
	}
	double level = sum > 0 ? m[GAUGED_INSTRUMENTS - 1][GAUGED_TERMS] / sum : 0;
	for (int i = 0; i < GAUGED_TERMS; i++) {
		f->unit[i] = b->ns[i] * level;
		f->x[i] = 1;
	}
	memset(f->all, 0, sizeof f->all);
	for (int i = 0; i < GAUGED_BUCKETS; i++) {
		add_moments(f->all, &f->buckets[i], f->unit);
	}
	return level > 0;
}

static void choose_rows(struct fitting *f, const struct gauged *g, enum gauged_kind kind) {
	for (int b = 0; b < GAUGED_BUCKETS; b++) {
		gauged_join_rows(&f->buckets[b], &g->buckets[kind][b]);
	}
	f->rows += rows_of(g, kind);
}

static bool fit(const struct gauged *g, const struct proportions *p, double tokens_a_step, struct fitting *f, struct gauged_model *m) {
	static const double every[GAUGED_TERMS] = {1, 1, 1, 1, 1, 1};
	struct before b;

	know(g, p, tokens_a_step, &b);
	if (f->rows == 0 || !set_units(f, &b)) {
		return false;
	}
	nnls_covariance(b.covariance, every, GAUGED_TERMS, 1, f->known);
	for (int i = 0; i < ROUNDS; i++) {
		solve_once(f);
	}
	for (int i = 0; i < GAUGED_TERMS; i++) {
		m->ns[i] = f->x[i] * f->unit[i];
	}
	m->tokens_a_step = tokens_a_step;
	return of(g->all, m->ns) > 0;
}

/* If a step would take less than reading its weights: tokens per step halfway to what the weights would need. */
static double tokens_of_step(const struct proportions *p, const struct gauged_model *m) {
	double step_ns = m->ns[GAUGED_STEP];

	return step_ns > 0 && step_ns < p->least_ns ? fmin(MOST_TOKENS, sqrt(p->least_ns / OF_BANDWIDTH / step_ns)) : 1;
}

bool gauged_solve(const struct gauged *g, const struct gauged *others, const struct proportions *p, struct gauged_model *m) {
	int64_t throughout = rows_of(g, GAUGED_THROUGHOUT), all = rows_of(g, GAUGED_ALL);
	bool few = g->running < FEW_SEQUENCES * g->gauges || throughout == 0;
	bool of_others = others && rows_of(others, GAUGED_THROUGHOUT) > 0;
	struct fitting f = {.rows = 0};

	if (of_others) {
		choose_rows(&f, others, GAUGED_THROUGHOUT);
	} else {
		choose_rows(&f, g, few ? GAUGED_ALL : GAUGED_THROUGHOUT);
	}
	*m = (struct gauged_model){.rows = f.rows, .of_others = of_others, .form_sd = few ? FEW_FORM_SD : p->params_known ? KNOWN_FORM_SD : FORM_SD};
	if (!fit(g, p, 1, &f, m)) {
		return false;
	}
	double tokens = tokens_of_step(p, m);
	if (tokens > 1) {
		m->form_sd = TOO_FAST_SD;
		fit(g, p, tokens, &f, m);
	}
	measure(g, &f, all - throughout, m);
	return true;
}
