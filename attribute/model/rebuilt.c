#include "attribute/model/rebuilt.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/model/bootstrap.h"
#include "core/model/nnls.h"

const int64_t rebuilt_budget_ntok[REBUILT_BUDGETS] = {512, 1024, 2048, 4096, 8192, 16384};

#define LEAST_ROWS 24
#define DRAWS 40
#define TERM_LIMIT_LOG2 48 /* products of two, summed over 2^31 rows, fit 127 bits */
/* A row's weight is relative to a row with this standard deviation. */
#define UNIT_SD 0.01

/* A term over a time is a multiple of 2^-this; the last one is 1 over it. */
static const int bits_of[REBUILT_TERMS] = {
	60,                                             /* floor */
	52, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52, 52, /* hinges */
	52, 38, 46, 46, 60,                             /* tokens, attention, context, in mixed steps, a prompt */
	52, 52, 52, 52,                                 /* first tokens */
	46, 46, 46, 46, 52, 60, 52,                     /* other contexts, overlap, both phases, tiles */
	30,
};

static bool scale_term(double value, int bits, int64_t *out) {
	double scaled = value * (double)(INT64_C(1) << bits);

	if (!(scaled >= 0 && scaled < (double)(INT64_C(1) << TERM_LIMIT_LOG2))) {
		return false;
	}
	*out = (int64_t)(scaled + 0.5);
	return true;
}

void rebuilt_add(struct rebuilt *r, unsigned bucket, const double x[TERMS], double ns, double model_ns, double sd) {
	struct rebuilt_rows *rows = &r->buckets[bucket];
	int64_t terms[REBUILT_TERMS];
	double weight = UNIT_SD / sd;
	int128 *sum = rows->sums;

	for (int i = 0; i < TERMS; i++) {
		if (!scale_term(weight * x[i] / model_ns, bits_of[i], &terms[i])) {
			return;
		}
	}
	if (!scale_term(weight * ns / model_ns, bits_of[TERMS], &terms[TERMS])) {
		return;
	}
	rows->rows++;
	for (int i = 0; i < REBUILT_TERMS; i++, sum += REBUILT_TERMS - i + 1) {
		for (int j = i; j < REBUILT_TERMS && terms[i] != 0; j++) {
			sum[j - i] += (int128)terms[i] * terms[j];
		}
	}
}

void rebuilt_count(struct rebuilt *r, int total, int64_t units) {
	r->totals[total] += units;
}

void rebuilt_note_most(struct rebuilt *r, int total, int64_t units) {
	if (units > r->totals[total]) {
		r->totals[total] = units;
	}
}

void rebuilt_count_part(struct rebuilt *r, int total, double units) {
	double scaled = units * (double)REBUILT_UNIT;

	if (scaled >= 0 && scaled < 0x1p62) {
		r->totals[total] += (int64_t)(scaled + 0.5);
	}
}

void rebuilt_count_terms(struct rebuilt *r, const double prefill[TERMS], const double whole[TERMS]) {
	for (int i = 0; i < TERMS; i++) {
		rebuilt_count(r, REBUILT_PREFILL + i, (int64_t)(2 * prefill[i] + 0.5));
		rebuilt_count(r, REBUILT_WHOLE + i, (int64_t)(2 * whole[i] + 0.5));
	}
}

void rebuilt_join_rows(struct rebuilt_rows *to, const struct rebuilt_rows *from) {
	to->rows += from->rows;
	for (int i = 0; i < REBUILT_PRODUCTS; i++) {
		to->sums[i] += from->sums[i];
	}
}

void rebuilt_join_totals(struct rebuilt *to, const int128 totals[REBUILT_TOTALS]) {
	for (int i = 0; i < REBUILT_TOTALS; i++) {
		int128 sum = to->totals[i] + totals[i], most = to->totals[i] > totals[i] ? to->totals[i] : totals[i];
		to->totals[i] = i == REBUILT_MOST_SEQUENCES || i == REBUILT_MOST_CONTEXT ? most : sum;
	}
}

void rebuilt_join(struct rebuilt *to, const struct rebuilt *from) {
	for (int b = 0; b < REBUILT_BUCKETS; b++) {
		rebuilt_join_rows(&to->buckets[b], &from->buckets[b]);
	}
	rebuilt_join_totals(to, from->totals);
}

/* ---- the model ---- */

/* The sums of the buckets without their scale, to be drawn from. */
struct unscaled {
	double sums[REBUILT_BUCKETS][REBUILT_PRODUCTS];
	bool any[REBUILT_BUCKETS];
};

static struct unscaled *unscale(const struct rebuilt *r) {
	struct unscaled *u = must_alloc(sizeof *u);

	for (unsigned b = 0; b < REBUILT_BUCKETS; b++) {
		const int128 *sum = r->buckets[b].sums;
		double *to = u->sums[b];
		u->any[b] = r->buckets[b].rows > 0;
		for (int i = 0; i < REBUILT_TERMS; i++) {
			for (int j = i; j < REBUILT_TERMS; j++, sum++) {
				*to++ = *sum != 0 ? ldexp((double)*sum, -bits_of[i] - bits_of[j]) : 0;
			}
		}
	}
	return u;
}

/* The model fitted to the buckets, weighted as in a draw (-1: each once); false if they are empty. */
static bool solve_draw(const struct unscaled *u, int draw, double ns[TERMS]) {
	double sums[REBUILT_PRODUCTS] = {0}, gram[TERMS * TERMS], moment[TERMS];
	const double *sum = sums;
	bool any = false;

	for (unsigned b = 0; b < REBUILT_BUCKETS; b++) {
		double times = draw < 0 ? 1 : bootstrap_weight(draw, b);
		any |= times > 0 && u->any[b];
		for (int k = 0; k < REBUILT_PRODUCTS && u->any[b]; k++) {
			sums[k] += times * u->sums[b][k];
		}
	}
	for (int i = 0; i < TERMS; i++) {
		for (int j = i; j < TERMS; j++) {
			gram[i * TERMS + j] = gram[j * TERMS + i] = *sum++;
		}
		moment[i] = *sum++;
	}
	if (any) {
		nnls_solve(gram, moment, TERMS, ns);
	}
	return any;
}

/* Prefill's share of steps with both phases. */
static double share_of(const struct rebuilt *r, const double ns[TERMS]) {
	double prefill = 0, whole = 0;

	for (int i = 0; i < TERMS; i++) {
		prefill += ns[i] * (double)r->totals[REBUILT_PREFILL + i];
		whole += ns[i] * (double)r->totals[REBUILT_WHOLE + i];
	}
	return whole > 0 ? prefill / whole : 0.5;
}

struct drawn {
	double sum, squares;
};

static void note_drawn(struct drawn *d, double value) {
	d->sum += value;
	d->squares += value * value;
}

static double sd_of(const struct drawn *d, int draws) {
	double variance = draws > 1 ? (d->squares - d->sum * d->sum / draws) / (draws - 1) : 0;

	return variance > 0 ? sqrt(variance) : 0;
}

static void draw_all(const struct rebuilt *r, const struct unscaled *u, struct rebuilt_model *m) {
	struct drawn share = {0}, attention = {0}, context = {0};
	int draws = 0;

	for (int draw = 0; draw < DRAWS; draw++) {
		double ns[TERMS] = {0};
		if (solve_draw(u, draw, ns)) {
			note_drawn(&share, share_of(r, ns));
			note_drawn(&attention, ns[TERM_ATTENTION]);
			note_drawn(&context, ns[TERM_CONTEXT]);
			draws++;
		}
	}
	m->drawn_sd = r->totals[REBUILT_BOTH_NS] > 0 ? sd_of(&share, draws) : 0;
	m->attention_sd_ns = sd_of(&attention, draws);
	m->context_sd_ns = sd_of(&context, draws);
}

static int64_t budget_of(const struct rebuilt *r) {
	int best = 0;

	for (int i = 1; i < REBUILT_BUDGETS; i++) {
		best = r->totals[REBUILT_BUDGET + i] >= r->totals[REBUILT_BUDGET + best] ? i : best;
	}
	return rebuilt_budget_ntok[best];
}

static void measure(const struct rebuilt *r, const struct unscaled *u, struct rebuilt_model *m) {
	double requests = (double)r->totals[REBUILT_REQUESTS], busy = (double)r->totals[REBUILT_BUSY_NS];

	m->budget_ntok = budget_of(r);
	m->most_sequences = (int64_t)r->totals[REBUILT_MOST_SEQUENCES];
	m->most_context = (int64_t)r->totals[REBUILT_MOST_CONTEXT];
	m->guesses = 2 * r->totals[REBUILT_GUESSED] > r->totals[REBUILT_REQUESTS];
	m->gap_ns = (int64_t)((double)r->totals[REBUILT_GAP_NS] / requests);
	m->tokens_a_step = (double)r->totals[REBUILT_TOKENS_A_STEP] / (double)REBUILT_UNIT / requests;
	m->score = (double)r->totals[REBUILT_SCORE] / (double)REBUILT_UNIT / requests;
	m->doubt = (double)r->totals[REBUILT_DOUBT] / (double)REBUILT_UNIT / requests;
	m->both_part = (double)r->totals[REBUILT_BOTH_NS] / busy;
	draw_all(r, u, m);
}

/* The model without what is measured of it; NULL: they determine none, else the caller frees. */
static struct unscaled *solve(const struct rebuilt *r, struct rebuilt_model *m) {
	*m = (struct rebuilt_model){.steps = {.origin = MODEL_FITTED, .has_attention = true, .has_context = true}};
	for (int b = 0; b < REBUILT_BUCKETS; b++) {
		m->steps.steps += r->buckets[b].rows;
	}
	if (m->steps.steps < LEAST_ROWS || r->totals[REBUILT_REQUESTS] <= 0 || r->totals[REBUILT_BUSY_NS] <= 0) {
		return NULL;
	}
	struct unscaled *u = unscale(r);
	if (!solve_draw(u, -1, m->steps.ns) || !(share_of(r, m->steps.ns) > 0)) {
		free(u);
		return NULL;
	}
	return u;
}

bool rebuilt_determines(const struct rebuilt *r) {
	struct rebuilt_model m;
	struct unscaled *u = solve(r, &m);

	free(u);
	return u;
}

bool rebuilt_solve(const struct rebuilt *r, struct rebuilt_model *m) {
	struct unscaled *u = solve(r, m);

	if (u) {
		measure(r, u, m);
	}
	free(u);
	return u;
}
