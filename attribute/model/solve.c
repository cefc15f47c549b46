/*
 * solve.c: from bins to a step model.
 *
 * Minimises the sum of squares of (model - T) / model over the steps: each bin's sums have relative errors (model / T
 * - 1), and its weight, (T / model)^2 by the last round's fit, makes them relative to the model, so that noise does
 * not lower the coefficients.
 *
 * Outliers are removed bin by bin: first those with durations far from the median of similar steps (same tokens and
 * contexts); then, round by round, those far from the fit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/model/fits_private.h"
#include "core/model/nnls.h"
#include "attribute/model/solve.h"
#include "core/error.h"

#define LEAST_STEPS 32      /* fewer are not fitted */
#define FAR_OCTAVES 2       /* from the median of similar steps: not in the first fit */
#define LEAST_IN_GROUP 8    /* steps that make a median */
#define ROUNDS 6            /* of fitting and removing outliers */
#define LEAST_TOLERANCE 0.35 /* |ln(T / model)| up to which nothing is an outlier */
#define MOST_TOLERANCE 1.1
/* ratio of squared errors without and with a term from which there is one: of overlap of attention, of tiles */
#define OVERLAP_GAIN 1.02
#define TILE_GAIN 1.02
#define SPREADS 6           /* in standard deviations, between these two */

/* ---- which terms are known ---- */

/* Do steps of this phase with a known term take more time than those without? */
static bool mostly_known(const struct solve *s, uint8_t phase, uint8_t known) {
	double with = 0, without = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->samples[i].kind.phases & phase) {
			*((s->samples[i].kind.known & known) ? &with : &without) += (double)s->samples[i].bin->duration_us;
		}
	}
	return with >= without;
}

static void choose_usable(struct solve *s) {
	s->model->has_attention = mostly_known(s, PHASE_PREFILL, KNOWN_ATTENTION);
	s->model->has_context = mostly_known(s, PHASE_DECODE, KNOWN_CONTEXT);
	for (size_t i = 0; i < s->count; i++) {
		const struct bin_kind *k = &s->samples[i].kind;
		bool attention = !s->model->has_attention || (k->known & KNOWN_ATTENTION);
		bool context = !(k->phases & PHASE_DECODE) || s->model->has_context == ((k->known & KNOWN_CONTEXT) != 0);
		s->samples[i].usable = s->samples[i].kept = attention && context;
		s->samples[i].weight = 1;
	}
}

/* ---- removing outliers before the first fit ---- */

static bool alike(const struct sample *a, const struct sample *b) {
	return a->bin->key >> 16 == b->bin->key >> 16;
}

/* The end of the samples from `from` on that differ in duration only. */
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
		steps += s->samples[i].bin->steps;
	}
	while (2 * (seen += s->samples[middle].bin->steps) < steps) {
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

/* The class of the median duration of samples from..to. */
static int median_duration(const struct solve *s, size_t from, size_t to) {
	int64_t steps[BIN_DURATIONS] = {0}, all = 0, seen = 0;
	int middle = 0;

	for (size_t i = from; i < to; i++) {
		steps[s->samples[i].kind.duration] += s->samples[i].bin->steps;
		all += s->samples[i].bin->steps;
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

/* The weighted sums of a class. */
struct class_sums {
	const struct sample *any; /* of its samples; NULL: it has none */
	double sums[BIN_SUMS];
};

static void add_class(struct solve *s, const struct class_sums *c) {
	TO_FILL struct expanded e;

	solve_expand(c->any, c->sums, s->model, &e);
	for (int j = 0; j < e.count; j++) {
		s->moment[e.terms[j]] += e.moment[j];
		for (int k = 0; k < e.count; k++) {
			s->gram[e.terms[j]][e.terms[k]] += e.gram[j][k];
		}
	}
}

/*
 * How much of what a prompt costs beside sequences (b5 + b11) it also costs without them (b5) is seen in steps of prompts
 * alone only. Without these it is half: the difference of the two counts as an observation of 0, with this weight of a step.
 */
#define EQUAL_PARTS 0.1

static void expect_equal_parts(struct solve *s) {
	double weight = s->steps > 0 ? EQUAL_PARTS * s->gram[TERM_FLOOR][TERM_FLOOR] / s->steps : 0;

	s->gram[TERM_PROMPT][TERM_PROMPT] += weight;
	s->gram[TERM_BOTH][TERM_BOTH] += weight;
	s->gram[TERM_PROMPT][TERM_BOTH] -= weight;
	s->gram[TERM_BOTH][TERM_PROMPT] -= weight;
}

static void sum_up(struct solve *s) {
	struct class_sums *classes = must_calloc(SAMPLE_CLASSES, sizeof *classes);

	memset(s->gram, 0, sizeof s->gram);
	memset(s->moment, 0, sizeof s->moment);
	s->steps = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample *a = &s->samples[i];
		struct class_sums *c = &classes[sample_class(a)];
		for (int k = 0; k < BIN_SUMS && a->kept; k++) {
			c->sums[k] += a->weight * a->sums[k];
		}
		c->any = a->kept ? a : c->any;
		s->steps += a->kept ? a->weight * (double)a->bin->steps : 0;
	}
	for (int i = 0; i < SAMPLE_CLASSES; i++) {
		if (classes[i].any) {
			add_class(s, &classes[i]);
		}
	}
	expect_equal_parts(s);
	free(classes);
}

/* ---- against the fit ---- */

/* Each sample's mean of model / T: the model as factors of the bin's own terms, by class. */
static void set_ratios(struct solve *s) {
	double factors[SAMPLE_CLASSES][BIN_TERMS];
	bool known[SAMPLE_CLASSES] = {false};

	for (size_t i = 0; i < s->count; i++) {
		struct sample *a = &s->samples[i];
		const double *moment = a->sums + BIN_SUMS - BIN_TERMS;
		int class = sample_class(a);
		double sum = 0;
		if (!known[class]) {
			solve_factors(a, s->model, factors[class]);
			known[class] = true;
		}
		for (int k = 0; k < BIN_TERMS; k++) {
			sum += factors[class][k] * moment[k];
		}
		a->ratio = a->usable ? sum / (double)a->bin->steps : 0;
	}
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
			list[used++] = (struct distance){fabs(log(s->samples[i].ratio)), s->samples[i].bin->steps};
			steps += s->samples[i].bin->steps;
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
	set_ratios(s);
	double tolerance = SPREADS * robust_spread(s);
	tolerance = tolerance < LEAST_TOLERANCE ? LEAST_TOLERANCE : tolerance > MOST_TOLERANCE ? MOST_TOLERANCE : tolerance;
	for (size_t i = 0; i < s->count; i++) {
		struct sample *a = &s->samples[i];
		a->kept = a->usable && a->ratio > 0 && fabs(log(a->ratio)) <= tolerance;
		a->weight = a->kept ? 1 / (a->ratio * a->ratio) : 0;
	}
}

/* ---- covariance ---- */

/* Adds the errors of a sample, by the bin's own terms. */
static void add_errors(const struct sample *a, const double factors[BIN_TERMS], double errors[BIN_TERMS]) {
	const double *moment = a->sums + BIN_SUMS - BIN_TERMS, *product = a->sums;
	double modelled[BIN_TERMS] = {0};

	for (int j = 0; j < BIN_TERMS; j++) {
		modelled[j] += *product++ * factors[j];
		for (int k = j + 1; k < BIN_TERMS; k++, product++) {
			modelled[j] += *product * factors[k];
			modelled[k] += *product * factors[j];
		}
	}
	for (int k = 0; k < BIN_TERMS; k++) {
		errors[k] += a->weight * (moment[k] - modelled[k]);
	}
}

/* Adds the errors of a group, by the model's terms that are in use. */
static void add_scores(const struct solve *s, size_t from, size_t to, double score[TERMS]) {
	TO_FILL double parts[FORM_TERMS][BIN_TERMS];
	double factors[BIN_TERMS];

	for (size_t i = from, next; i < to; i = next) {
		const struct sample *first = &s->samples[i];
		double errors[BIN_TERMS] = {0};
		solve_factors(first, s->model, factors);
		for (next = i; next < to && sample_class(&s->samples[next]) == sample_class(first); next++) {
			if (s->samples[next].kept) {
				add_errors(&s->samples[next], factors, errors);
			}
		}
		solve_parts(first, s->model, parts);
		for (int j = 0; j < TERMS; j++) {
			for (int k = 0; k < BIN_TERMS && s->model->ns[j] > 0; k++) {
				score[j] += parts[j][k] * errors[k];
			}
		}
	}
}

/*
 * Covariance from groups of similar steps: errors within a group (noise, and what the model's form gets wrong there)
 * may be correlated (the sandwich estimator for clusters: Liang and Zeger, Biometrika 73, 1986). To it the covariance
 * of independent noise is added, which counts where groups are few.
 */
static void estimate_covariance(struct solve *s, double variance) {
	double bread[TERMS][TERMS], meat[TERMS][TERMS] = {{0}}, half[TERMS][TERMS], whole[TERMS][TERMS];
	struct step_model *m = s->model;

	for (int i = 0; i < TERMS; i++) {
		memcpy(whole[i], s->gram[i], sizeof whole[i]);
	}
	solve_invert(whole, m->ns, bread);
	for (size_t from = 0, to; from < s->count; from = to) {
		double score[TERMS] = {0};
		to = group_end(s, from);
		add_scores(s, from, to, score);
		for (int j = 0; j < TERMS; j++) {
			for (int k = 0; k < TERMS && score[j] != 0; k++) {
				meat[j][k] += score[j] * score[k];
			}
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			half[i][j] = 0;
			for (int k = 0; k < TERMS; k++) {
				half[i][j] += bread[i][k] * meat[k][j];
			}
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			m->covariance[i][j] = variance * bread[i][j];
			for (int k = 0; k < TERMS; k++) {
				m->covariance[i][j] += half[i][k] * bread[k][j];
			}
		}
	}
}

/* The residuals of bins' means, each as often as it has steps. */
static void measure_quantiles(struct solve *s) {
	struct distance *list = must_alloc((s->count + 1) * sizeof *list);
	int64_t steps = 0, seen = 0;
	size_t used = 0, at = 0;

	set_ratios(s);
	for (size_t i = 0; i < s->count; i++) {
		double ratio = s->samples[i].ratio;
		if (ratio > 0) {
			list[used++] = (struct distance){1 / ratio - 1, s->samples[i].bin->steps};
			steps += s->samples[i].bin->steps;
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
	s->squares = fmax(squares, 0);
	m->residual_relative = sqrt(variance);
	measure_quantiles(s);
	estimate_covariance(s, variance);
}

/* ---- the whole fit ---- */

double solve_with(const struct solve *s, const bool terms[FORM_TERMS], double ns[FORM_TERMS]) {
	double gram[FORM_TERMS][FORM_TERMS], moment[FORM_TERMS], squares = s->steps;

	for (int i = 0; i < FORM_TERMS; i++) {
		moment[i] = terms[i] ? s->moment[i] : 0;
		for (int j = 0; j < FORM_TERMS; j++) {
			gram[i][j] = terms[i] && terms[j] ? s->gram[i][j] : 0;
		}
	}
	nnls_solve(&gram[0][0], moment, FORM_TERMS, ns);
	if (ns[TERM_NEAR_CONTEXT] > ns[TERM_CONTEXT] + ns[TERM_UNEQUAL]) {
		solve_join_near(&gram[0][0], moment, FORM_TERMS);
		nnls_solve(&gram[0][0], moment, FORM_TERMS, ns);
		ns[TERM_NEAR_CONTEXT] = ns[TERM_CONTEXT] + ns[TERM_UNEQUAL];
	}
	for (int i = 0; i < FORM_TERMS; i++) {
		squares -= 2 * s->moment[i] * ns[i];
		for (int j = 0; j < FORM_TERMS; j++) {
			squares += ns[i] * s->gram[i][j] * ns[j];
		}
	}
	return squares;
}

/* No more than all can overlap: then all of it does, and the other terms are fitted to the rest. */
static double solve_bounded(struct solve *s, const bool terms[FORM_TERMS], double ns[FORM_TERMS]) {
	double squares = solve_with(s, terms, ns);

	if (ns[TERM_OVERLAP] <= 1) {
		return squares;
	}
	struct solve rest = *s;
	bool others[FORM_TERMS];
	memcpy(others, terms, sizeof others);
	others[TERM_OVERLAP] = false;
	for (int i = 0; i < FORM_TERMS; i++) {
		rest.moment[i] -= s->gram[i][TERM_OVERLAP];
	}
	rest.steps += s->gram[TERM_OVERLAP][TERM_OVERLAP] - 2 * s->moment[TERM_OVERLAP];
	squares = solve_with(&rest, others, ns);
	ns[TERM_OVERLAP] = 1;
	return squares;
}

/* With tiles, and with overlap of the phases' attention, if that explains more than chance would. */
static void solve_once(struct solve *s) {
	double with[FORM_TERMS], without[FORM_TERMS];
	bool terms[FORM_TERMS] = {false};

	memset(terms, true, TERMS * sizeof *terms);
	double tiled = solve_bounded(s, terms, with);
	terms[TERM_TILE] = false;
	double best = solve_bounded(s, terms, without);
	if (best > TILE_GAIN * tiled) {
		terms[TERM_TILE] = true;
		best = tiled;
	} else {
		memcpy(with, without, sizeof with);
	}
	terms[TERM_OVERLAP] = false;
	bool overlaps = solve_with(s, terms, without) > OVERLAP_GAIN * best;
	memcpy(s->model->ns, overlaps ? with : without, sizeof s->model->ns);
}

/* Which attention overlaps with which in the next round, from the attention found in this one: that of steps with a prompt. */
static void set_overlap(struct solve *s) {
	struct step_model *m = s->model;

	m->overlap = (struct overlap){m->ns[TERM_ATTENTION], m->ns[TERM_PREFILL_CONTEXT], m->ns[TERM_CONTEXT] + m->ns[TERM_MIXED_CONTEXT],
	                              m->ns[TERM_UNEQUAL] + m->ns[TERM_MIXED_UNEQUAL], m->ns[TERM_NEAR_CONTEXT]};
	if (!m->has_attention || !m->has_context) {
		m->overlap = (struct overlap){0};
	}
	for (size_t i = 0; i < s->count; i++) {
		struct batch b = s->samples[i].mean;
		double prompts = m->overlap.token_kv * (double)b.prefill_token_kv + m->overlap.prefill_kv * (double)b.prefill_kv_tokens;
		double sequences = m->overlap.kv * (double)b.decode_kv_tokens + m->overlap.unequal * (double)b.decode_unequal_kv +
		                   m->overlap.near * fmin((double)b.decode_kv_tokens, NEAR_NTOK);
		s->samples[i].prompts_less = prompts < sequences;
	}
}

static void count_steps(struct solve *s) {
	s->model->steps = s->model->outliers = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->samples[i].usable) {
			*(s->samples[i].kept ? &s->model->steps : &s->model->outliers) += s->samples[i].bin->steps;
		}
	}
}

static const enum term context_terms[] = {TERM_CONTEXT, TERM_UNEQUAL, TERM_NEAR_CONTEXT};
static const enum term attention_terms[] = {TERM_ATTENTION, TERM_PREFILL_CONTEXT};

/* The relative standard deviation of the time of some terms, by the units of them in all steps. */
static double sd_of(const struct step_model *m, const double units[TERMS], const enum term *terms, size_t count) {
	double ns = 0, variance = 0;

	for (size_t i = 0; i < count; i++) {
		ns += m->ns[terms[i]] * units[terms[i]];
		for (size_t j = 0; j < count; j++) {
			variance += units[terms[i]] * m->covariance[terms[i]][terms[j]] * units[terms[j]];
		}
	}
	return ns > 0 && variance > 0 ? fmin(1, sqrt(variance) / ns) : 0;
}

/* All terms of contexts together, over all contexts: a single one is less than the time of a token. */
static void measure_context(struct solve *s) {
	double time_ns = 0, tokens = 0, sequences = 0, units[TERMS] = {0}, terms[TERMS];

	for (size_t i = 0; i < s->count; i++) {
		const struct sample *a = &s->samples[i];
		struct batch b = a->mean;
		if (a->kept && (a->kind.known & KNOWN_CONTEXT)) {
			time_ns += (double)a->bin->steps * step_model_context_ns(s->model, &b);
			tokens += (double)a->bin->steps * (double)b.decode_kv_tokens;
			sequences += (double)a->bin->steps * (double)b.decode_tokens;
		}
		step_model_terms(s->model, &b, terms);
		for (int j = 0; j < TERMS && a->kept; j++) {
			units[j] += (double)a->bin->steps * terms[j];
		}
	}
	s->model->context_sd = sd_of(s->model, units, context_terms, sizeof context_terms / sizeof *context_terms);
	s->model->attention_sd = sd_of(s->model, units, attention_terms, sizeof attention_terms / sizeof *attention_terms);
	s->model->context_ntok = sequences > 0 ? tokens / sequences : 0;
	s->model->context_ns = s->model->has_context && tokens > 0 ? time_ns / tokens : 0;
}

/* Does the model determine how time depends on the batch, as far as there are mixed steps to split? */
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
		solve_once(s);
		if (round + 1 < ROUNDS) {
			weigh(s);
			set_overlap(s);
		}
	}
	count_steps(s);
	if (s->model->steps < LEAST_STEPS || !says_something(s)) {
		return false;
	}
	measure_residuals(s);
	forms_compare(s);
	measure_context(s);
	return true;
}

bool bins_solve(const struct step_bins *c, struct step_model *m) {
	const struct step_bin **bins = bins_sorted(c);
	struct solve s = {.count = c->count, .model = m};

	*m = (struct step_model){.origin = MODEL_FITTED};
	s.samples = must_calloc(c->count + 1, sizeof *s.samples);
	for (size_t i = 0; i < s.count; i++) {
		s.samples[i].bin = bins[i];
		sample_set(&s.samples[i]);
	}
	choose_usable(&s);
	leave_out_unlike(&s, c->level);
	bound_weights(&s, c->level);
	bool fitted = solve_rounds(&s);
	free(s.samples);
	free(bins);
	return fitted;
}
