/*
 * solve.c: cells to a step model.
 *
 * Minimises the sum of squares of (model - T) / model over the steps: each cell's sums have relative errors
 * (model / T - 1), and its weight, (T / model)^2 by the last round's fit, makes them relative to the model, so that
 * noise does not lower the coefficients.
 *
 * Outliers go cell by cell. First those whose durations are far from the middle of their like (same tokens and
 * contexts); then, round by round, those far from the fit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/fits_private.h"
#include "attribute/model/nnls.h"
#include "core/error.h"

#define LEAST_STEPS 32      /* fewer are not fitted */
#define FAR_OCTAVES 2       /* from the median of like steps: not in the first fit */
#define LEAST_IN_GROUP 8    /* steps that make a median */
#define ROUNDS 6            /* of fit and leaving out */
#define LEAST_TOLERANCE 0.35 /* |ln(T / model)| up to which nothing is an outlier */
#define MOST_TOLERANCE 1.1
#define SPREADS 6           /* standard deviations, between these two */

struct sample {
	const struct cell *cell;
	struct cell_kind kind;
	bool usable; /* knows the terms that the model has */
	bool kept;   /* not an outlier */
	double weight;
	double ratio; /* mean of model / T */
};

struct solve {
	struct sample *samples;
	size_t count;
	struct step_model *model;
	double gram[TERMS][TERMS], moment[TERMS];
	double steps, squares; /* weighted number of kept steps; sum of their squared relative errors */
};

/* ---- which terms are known ---- */

/* Do steps of this phase that know the term take more time than those that do not? */
static bool mostly_known(const struct solve *s, uint8_t phase, uint8_t known) {
	double with = 0, without = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->samples[i].kind.phases & phase) {
			*((s->samples[i].kind.known & known) ? &with : &without) += (double)s->samples[i].cell->duration_us;
		}
	}
	return with >= without;
}

static void choose_usable(struct solve *s) {
	s->model->has_attention = mostly_known(s, PHASE_PREFILL, KNOWN_ATTENTION);
	s->model->has_context = mostly_known(s, PHASE_DECODE, KNOWN_CONTEXT);
	for (size_t i = 0; i < s->count; i++) {
		const struct cell_kind *k = &s->samples[i].kind;
		bool attention = !s->model->has_attention || (k->known & KNOWN_ATTENTION);
		bool context = !(k->phases & PHASE_DECODE) || s->model->has_context == ((k->known & KNOWN_CONTEXT) != 0);
		s->samples[i].usable = s->samples[i].kept = attention && context;
		s->samples[i].weight = 1;
	}
}

/* ---- the first leaving out ---- */

static bool alike(const struct sample *a, const struct sample *b) {
	return a->cell->key >> 16 == b->cell->key >> 16;
}

/* The samples from `from` that differ in duration only. */
static size_t group_end(const struct solve *s, size_t from) {
	size_t to = from + 1;

	while (to < s->count && alike(&s->samples[from], &s->samples[to])) {
		to++;
	}
	return to;
}

static void leave_out_far(struct solve *s, size_t from, size_t to, int far) {
	int64_t steps = 0, seen = 0;
	size_t middle = from;

	for (size_t i = from; i < to; i++) {
		steps += s->samples[i].cell->steps;
	}
	while (2 * (seen += s->samples[middle].cell->steps) < steps) {
		middle++;
	}
	for (size_t i = from; i < to && steps >= LEAST_IN_GROUP; i++) {
		if (abs(s->samples[i].kind.duration - s->samples[middle].kind.duration) > far) {
			s->samples[i].kept = false;
		}
	}
}

static void leave_out_unlike(struct solve *s, unsigned level) {
	int far = FAR_OCTAVES * 8 >> level;

	for (size_t from = 0; from < s->count && far > 0; from = group_end(s, from)) {
		leave_out_far(s, from, group_end(s, from), far);
	}
}

static bool same_segment(const struct sample *a, const struct sample *b) {
	return a->kind.segment == b->kind.segment && a->kind.phases == b->kind.phases;
}

/* The class of duration that half of the steps of samples from..to reach. */
static int median_duration(const struct solve *s, size_t from, size_t to) {
	int64_t steps[CELL_DURATIONS] = {0}, all = 0, seen = 0;
	int middle = 0;

	for (size_t i = from; i < to; i++) {
		steps[s->samples[i].kind.duration] += s->samples[i].cell->steps;
		all += s->samples[i].cell->steps;
	}
	while (2 * (seen += steps[middle]) < all) {
		middle++;
	}
	return middle;
}

/*
 * In the first fit a step counts no more than one of the median duration of its phases and tokens would:
 * a step that seems far too short would otherwise outweigh all others.
 */
static void bound_weights(struct solve *s, unsigned level) {
	double classes = (double)(8 >> (level < 3 ? level : 3)); /* per octave */
	double octaves = level > 3 ? (double)(1u << (level - 3)) : 1;

	for (size_t from = 0, to; from < s->count; from = to) {
		for (to = from + 1; to < s->count && same_segment(&s->samples[from], &s->samples[to]); to++) {
		}
		int middle = median_duration(s, from, to);
		for (size_t i = from; i < to; i++) {
			int below = middle - s->samples[i].kind.duration;
			s->samples[i].weight = below > 0 ? exp2(-2 * octaves * below / classes) : 1;
		}
	}
}

/* ---- sums ---- */

/* Does a segment of tokens lie beyond a number of them, which is one of the hinges? */
static bool is_beyond(int segment, int64_t ntok) {
	return segment > 0 && hinge_ntok[segment - 1] >= ntok;
}

/* A term as a sum over the cell's own: part[0] of 1 + part[1] of n ... */
static void term_parts(const struct cell_kind *k, const struct step_model *m, double parts[TERMS][CELL_TERMS]) {
	memset(parts, 0, TERMS * sizeof *parts);
	parts[TERM_FLOOR][0] = 1;
	for (int j = 0; j < k->segment; j++) {
		parts[TERM_HINGES + j][0] = -(double)hinge_ntok[j];
		parts[TERM_HINGES + j][1] = 1;
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		bool beyond = is_beyond(k->segment, early_ntok[j]);
		parts[TERM_EARLY + j][0] = beyond ? (double)early_ntok[j] : 0;
		parts[TERM_EARLY + j][1] = !beyond;
	}
	parts[TERM_TOKENS][1] = 1;
	parts[TERM_ATTENTION][2] = m->has_attention;
	parts[TERM_CONTEXT][3] = 1;
	parts[TERM_MIXED_CONTEXT][3] = (k->phases & PHASE_PREFILL) != 0;
	parts[TERM_PROMPT][0] = (k->phases & PHASE_PREFILL) != 0;
}

/* The cell's sums as they are, without their scale. */
static void unscale(const struct cell *c, double gram[CELL_TERMS][CELL_TERMS], double moment[CELL_TERMS]) {
	const int128 *sum = c->sums;

	for (int i = 0; i < CELL_TERMS; i++) {
		for (int j = i; j < CELL_TERMS; j++) {
			gram[i][j] = gram[j][i] = ldexp((double)*sum++, -cell_bits[i] - cell_bits[j]);
		}
	}
	for (int i = 0; i < CELL_TERMS; i++) {
		moment[i] = ldexp((double)*sum++, -cell_bits[i]);
	}
}

/* The normal equations of one cell in the model's terms; their error at x is x'Gx - 2 m'x + steps. */
static void expand(const struct sample *a, const struct step_model *m, double gram[TERMS][TERMS], double moment[TERMS]) {
	double own[CELL_TERMS][CELL_TERMS], own_moment[CELL_TERMS], parts[TERMS][CELL_TERMS], half[TERMS][CELL_TERMS];

	unscale(a->cell, own, own_moment);
	term_parts(&a->kind, m, parts);
	for (int i = 0; i < TERMS; i++) {
		moment[i] = 0;
		for (int k = 0; k < CELL_TERMS; k++) {
			moment[i] += parts[i][k] * own_moment[k];
			half[i][k] = 0;
			for (int l = 0; l < CELL_TERMS; l++) {
				half[i][k] += parts[i][l] * own[l][k];
			}
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			gram[i][j] = 0;
			for (int k = 0; k < CELL_TERMS; k++) {
				gram[i][j] += half[i][k] * parts[j][k];
			}
		}
	}
}

static void sum_up(struct solve *s) {
	double gram[TERMS][TERMS], moment[TERMS];

	memset(s->gram, 0, sizeof s->gram);
	memset(s->moment, 0, sizeof s->moment);
	s->steps = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *a = &s->samples[i];
		if (!a->kept) {
			continue;
		}
		expand(a, s->model, gram, moment);
		s->steps += a->weight * (double)a->cell->steps;
		for (int j = 0; j < TERMS; j++) {
			s->moment[j] += a->weight * moment[j];
			for (int k = 0; k < TERMS; k++) {
				s->gram[j][k] += a->weight * gram[j][k];
			}
		}
	}
}

/* ---- against the fit ---- */

static double mean_ratio(const struct sample *a, const struct step_model *m) {
	double gram[CELL_TERMS][CELL_TERMS], moment[CELL_TERMS], parts[TERMS][CELL_TERMS], sum = 0;

	unscale(a->cell, gram, moment);
	term_parts(&a->kind, m, parts);
	for (int i = 0; i < TERMS; i++) {
		for (int k = 0; k < CELL_TERMS; k++) {
			sum += m->ns[i] * parts[i][k] * moment[k];
		}
	}
	return sum / (double)a->cell->steps;
}

struct distance {
	double away;
	int64_t steps;
};

static int by_distance(const void *a, const void *b) {
	const struct distance *x = a, *y = b;

	return x->away != y->away ? (x->away > y->away) - (x->away < y->away) : (x->steps > y->steps) - (x->steps < y->steps);
}

/* The standard deviation that the median of |ln(model / T)| would have if it were normal. */
static double robust_spread(const struct solve *s) {
	struct distance *list = must_alloc((s->count + 1) * sizeof *list);
	int64_t steps = 0, seen = 0;
	size_t used = 0, middle = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->samples[i].usable && s->samples[i].ratio > 0) {
			list[used++] = (struct distance){fabs(log(s->samples[i].ratio)), s->samples[i].cell->steps};
			steps += s->samples[i].cell->steps;
		}
	}
	qsort(list, used, sizeof *list, by_distance);
	while (middle < used && 2 * (seen += list[middle].steps) < steps) {
		middle++;
	}
	double spread = used > 0 ? 1.4826 * list[middle].away : 0;
	free(list);
	return spread;
}

static void weigh(struct solve *s) {
	for (size_t i = 0; i < s->count; i++) {
		s->samples[i].ratio = s->samples[i].usable ? mean_ratio(&s->samples[i], s->model) : 0;
	}
	double tolerance = SPREADS * robust_spread(s);
	tolerance = tolerance < LEAST_TOLERANCE ? LEAST_TOLERANCE : tolerance > MOST_TOLERANCE ? MOST_TOLERANCE : tolerance;
	for (size_t i = 0; i < s->count; i++) {
		struct sample *a = &s->samples[i];
		a->kept = a->usable && a->ratio > 0 && fabs(log(a->ratio)) <= tolerance;
		a->weight = a->kept ? 1 / (a->ratio * a->ratio) : 0;
	}
}

/* ---- how sure ---- */

/*
 * Covariance from groups of like steps: errors within a group (noise, and what the model's form gets wrong
 * there) may go together (the sandwich estimator for clusters: Liang and Zeger, Biometrika 73, 1986). To it
 * the covariance of independent noise is added, which counts where groups are few.
 */
static void estimate_covariance(struct solve *s, double variance) {
	double bread[TERMS * TERMS], meat[TERMS][TERMS] = {{0}}, gram[TERMS][TERMS], moment[TERMS], half[TERMS][TERMS];
	struct step_model *m = s->model;

	nnls_covariance(&s->gram[0][0], m->ns, TERMS, 1, bread);
	for (size_t from = 0, to; from < s->count; from = to) {
		double score[TERMS] = {0};
		to = group_end(s, from);
		for (size_t i = from; i < to; i++) {
			if (!s->samples[i].kept) {
				continue;
			}
			expand(&s->samples[i], m, gram, moment);
			for (int j = 0; j < TERMS; j++) {
				double error = moment[j];
				for (int k = 0; k < TERMS; k++) {
					error -= gram[j][k] * m->ns[k];
				}
				score[j] += s->samples[i].weight * error;
			}
		}
		for (int j = 0; j < TERMS; j++) {
			for (int k = 0; k < TERMS; k++) {
				meat[j][k] += score[j] * score[k];
			}
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			half[i][j] = 0;
			for (int k = 0; k < TERMS; k++) {
				half[i][j] += bread[i * TERMS + k] * meat[k][j];
			}
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			m->covariance[i][j] = variance * bread[i * TERMS + j];
			for (int k = 0; k < TERMS; k++) {
				m->covariance[i][j] += half[i][k] * bread[k * TERMS + j];
			}
		}
	}
}

/* The residuals of cells' means, each as often as it has steps. */
static void measure_quantiles(struct solve *s) {
	struct distance *list = must_alloc((s->count + 1) * sizeof *list);
	int64_t steps = 0, seen = 0;
	size_t used = 0, at = 0;

	for (size_t i = 0; i < s->count; i++) {
		double ratio = s->samples[i].usable ? mean_ratio(&s->samples[i], s->model) : 0;
		if (ratio > 0) {
			list[used++] = (struct distance){1 / ratio - 1, s->samples[i].cell->steps};
			steps += s->samples[i].cell->steps;
		}
	}
	qsort(list, used, sizeof *list, by_distance);
	for (int q = 0; q < RESIDUAL_QUANTILES && used > 0; q++) {
		while (at + 1 < used && 100 * (seen + list[at].steps) < residual_per_cent[q] * steps) {
			seen += list[at++].steps;
		}
		s->model->residual_quantiles[q] = list[at].away;
	}
	free(list);
}

static void measure_residuals(struct solve *s) {
	struct step_model *m = s->model;
	double squares = s->steps, used = 0;

	for (int i = 0; i < TERMS; i++) {
		squares -= 2 * s->moment[i] * m->ns[i];
		used += m->ns[i] > 0;
		for (int j = 0; j < TERMS; j++) {
			squares += m->ns[i] * s->gram[i][j] * m->ns[j];
		}
	}
	double variance = squares > 0 && s->steps > used ? squares / (s->steps - used) : 0;
	m->residual_relative = sqrt(variance);
	measure_quantiles(s);
	estimate_covariance(s, variance);
}

/* ---- all of it ---- */

static void count_steps(struct solve *s) {
	s->model->steps = s->model->outliers = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->samples[i].usable) {
			*(s->samples[i].kept ? &s->model->steps : &s->model->outliers) += s->samples[i].cell->steps;
		}
	}
}

/* Does the model say how time depends on the batch, as far as there were mixed steps to be split? */
static bool says_something(const struct solve *s) {
	double beyond_floor = 0;
	bool mixed = false;

	for (size_t i = 0; i < s->count; i++) {
		mixed |= s->samples[i].kept && s->samples[i].kind.phases == (PHASE_PREFILL | PHASE_DECODE);
	}
	for (int i = TERM_FLOOR + 1; i < TERMS; i++) {
		beyond_floor += s->model->ns[i];
	}
	return beyond_floor > 0 || (!mixed && s->model->ns[TERM_FLOOR] > 0);
}

static bool solve_rounds(struct solve *s) {
	for (int round = 0; round < ROUNDS; round++) {
		sum_up(s);
		nnls_solve(&s->gram[0][0], s->moment, TERMS, s->model->ns);
		if (round + 1 < ROUNDS) {
			weigh(s);
		}
	}
	count_steps(s);
	if (s->model->steps < LEAST_STEPS || !says_something(s)) {
		return false;
	}
	measure_residuals(s);
	return true;
}

bool cells_solve(const struct cells *c, struct step_model *m) {
	const struct cell **cells = cells_sorted(c);
	struct solve s = {.count = c->count, .model = m};

	*m = (struct step_model){.origin = MODEL_FITTED};
	s.samples = must_calloc(c->count + 1, sizeof *s.samples);
	for (size_t i = 0; i < s.count; i++) {
		s.samples[i] = (struct sample){.cell = cells[i], .kind = cell_kind_of(cells[i]->key)};
	}
	choose_usable(&s);
	leave_out_unlike(&s, c->level);
	bound_weights(&s, c->level);
	bool fitted = solve_rounds(&s);
	free(s.samples);
	free(cells);
	return fitted;
}
