/* counted_solve.c: from sums of windows of engines that count steps to a law of a step's time. */
#include <math.h>

#include "attribute/laws/counted.h"
#include "core/model/bootstrap.h"
#include "core/model/nnls.h"

#define LEAST_ROWS 1
#define FEW_TIME_SD 0.15
#define FEW_SD 0.1 /* of one row; for n rows divided by the root of n */
#define DRAWS 100
#define ROUNDS 3
#define DRAWN 0.5 /* weights of buckets differ from 1 by at most this: so that few windows are never drawn empty */

/*
 * Priors: proportions that hold for models and GPUs of today, each with its relative standard deviation. u: a step's
 * floor.
 */
#define TOKEN_SD 0.6      /* of u / ridge */
#define ATTENTION_PART 4e-5 /* of a prompt token's time, for each token of its context */
#define ATTENTION_SD 0.7
#define CONTEXT_PART 8e-6 /* of the floor, for each token of a sequence's context */
#define CONTEXT_SD 0.8
#define SEQUENCE_PART 0.4 /* of a prompt token's time */
#define SEQUENCE_SD 2.5
#define PROMPT_SD 0.25    /* of the floor */

/* Uncertainty that neither the bootstrap nor the rows show, of busy time, by the part of it that has prompts. */
#define FORM_SD 0.054
#define MOST_MIXED 0.95
#define LONG_SD 0.22 /* of time with prompts, by the part of the steps in windows with long prompts */
#define TIME_SD 0.03
#define HIDDEN_GAP_NS 200e3 /* the host's time in a step beyond COUNTED_GAP_NS */
#define MOST_WAIT 0.05

#define CLEARLY_LESS 0.9


struct equations {
	double gram[COUNTED_TERMS * COUNTED_TERMS], moment[COUNTED_TERMS];
};

/* A row that should be 0. */
static void prefer(struct equations *e, const double x[COUNTED_TERMS], double sd) {
	for (int i = 0; i < COUNTED_TERMS; i++) {
		for (int j = 0; j < COUNTED_TERMS; j++) {
			e->gram[i * COUNTED_TERMS + j] += x[i] * x[j] / (sd * sd) * 1e-4;
		}
	}
}

static void lean(struct equations *e, double step_ns, double token, double ridge_ntok) {
	const double by_token[COUNTED_TERMS] = {[COUNTED_STEP] = 1, [COUNTED_TOKEN] = -ridge_ntok};
	const double by_attention[COUNTED_TERMS] = {[COUNTED_ATTENTION] = 1, [COUNTED_TOKEN] = -ATTENTION_PART};
	const double by_context[COUNTED_TERMS] = {[COUNTED_CONTEXT] = 1, [COUNTED_STEP] = -CONTEXT_PART};
	const double by_sequence[COUNTED_TERMS] = {[COUNTED_SEQUENCE] = 1, [COUNTED_TOKEN] = -SEQUENCE_PART};
	const double by_prompt[COUNTED_TERMS] = {[COUNTED_PROMPT] = 1};

	prefer(e, by_token, TOKEN_SD * step_ns);
	prefer(e, by_attention, ATTENTION_SD * ATTENTION_PART * token);
	prefer(e, by_context, CONTEXT_SD * CONTEXT_PART * step_ns);
	prefer(e, by_sequence, SEQUENCE_SD * SEQUENCE_PART * token);
	prefer(e, by_prompt, PROMPT_SD * step_ns);
}

static void add_bucket(struct equations *e, const struct counted_rows *rows, double times) {
	const int128 *sum = rows->sums;

	for (int i = 0; i < COUNTED_COLUMNS; i++) {
		for (int j = i; j < COUNTED_COLUMNS; j++) {
			double product = times * ldexp((double)*sum++, -counted_bits(i) - counted_bits(j));
			if (j < COUNTED_TERMS) {
				e->gram[i * COUNTED_TERMS + j] += product;
				e->gram[j * COUNTED_TERMS + i] = e->gram[i * COUNTED_TERMS + j];
			} else if (i < COUNTED_TERMS) {
				e->moment[i] += product;
			}
		}
	}
}

/* Weights of buckets in a draw; -1: each once. */
static void solve_draw(const struct counted_by *c, double step_ns, double ridge_ntok, int draw, double ns[COUNTED_TERMS]) {
	struct equations e = {{0}, {0}};

	for (unsigned b = 0; b < COUNTED_BUCKETS; b++) {
		add_bucket(&e, &c->buckets[b], draw < 0 ? 1 : 1 + (bootstrap_weight(draw, b) - 1) * DRAWN);
	}
	struct equations rows = e;
	lean(&e, step_ns, step_ns / ridge_ntok, ridge_ntok);
	nnls_solve(e.gram, e.moment, COUNTED_TERMS, ns);
	/*
	 * Solves again with estimates of a floor and a token: by the one that has less time in the rows, with the
	 * other fixed.
	 */
	for (int round = 0; round < ROUNDS; round++) {
		double by_step = ns[COUNTED_STEP], by_token = ridge_ntok * ns[COUNTED_TOKEN];
		double floor_ns = fmin(step_ns, fmax(fmin(by_step, by_token), fmax(by_step, by_token) / 8));
		e = rows;
		lean(&e, floor_ns, fmax(ns[COUNTED_TOKEN], floor_ns / ridge_ntok / 4), ridge_ntok);
		nnls_solve(e.gram, e.moment, COUNTED_TERMS, ns);
	}
}

static double of(const int128 terms[COUNTED_TERMS], const double ns[COUNTED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < COUNTED_TERMS; i++) {
		sum += ns[i] * (double)terms[i];
	}
	return sum;
}

/* Standard deviations of prefill's part and of the whole time, over draws. */
static void draw_all(const struct counted_by *c, double step_ns, double ridge_ntok, double whole, double *share_sd, double *time_sd) {
	double shares = 0, share_squares = 0, times = 0, time_squares = 0;

	for (int draw = 0; draw < DRAWS; draw++) {
		double ns[COUNTED_TERMS] = {0};
		solve_draw(c, step_ns, ridge_ntok, draw, ns);
		double all = of(c->all, ns), share = all > 0 ? of(c->prefill, ns) / all : 0, time = all / whole;
		shares += share;
		share_squares += share * share;
		times += time;
		time_squares += time * time;
	}
	*share_sd = sqrt(fmax(0, share_squares / DRAWS - shares / DRAWS * shares / DRAWS)) / DRAWN;
	*time_sd = sqrt(fmax(0, time_squares / DRAWS - times / DRAWS * times / DRAWS)) / DRAWN;
}

/* The sum of squares that a solution leaves, of rows. */
static double left(const struct counted_by *c, const double ns[COUNTED_TERMS]) {
	double sum = 0;

	for (unsigned b = 0; b < COUNTED_BUCKETS; b++) {
		const int128 *at = c->buckets[b].sums;
		for (int i = 0; i < COUNTED_COLUMNS; i++) {
			for (int j = i; j < COUNTED_COLUMNS; j++) {
				double product = ldexp((double)*at++, -counted_bits(i) - counted_bits(j));
				double x = i < COUNTED_TERMS ? ns[i] : -1, y = j < COUNTED_TERMS ? ns[j] : -1;
				sum += (i == j ? 1 : 2) * x * y * product;
			}
		}
	}
	return sum;
}

/* The budget that fits the rows best; the first unless another is clearly better. */
static int choose_budget(const struct counted *c, double step_ns, double ridge_ntok) {
	int best = 0;
	double least = 0;

	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		double ns[COUNTED_TERMS] = {0};
		solve_draw(&c->by[k], step_ns, ridge_ntok, -1, ns);
		double this = left(&c->by[k], ns);
		if (k == 0 || this < least * CLEARLY_LESS) {
			least = this;
			best = k;
		}
	}
	return best;
}

bool counted_solve(const struct counted *c, double ridge_ntok, struct counted_model *m) {
	double step_ns = c->steps > 0 ? (double)c->steps_ns / (double)c->steps : 0, time_sd;

	*m = (struct counted_model){.rows = 0};
	if (step_ns <= 0) {
		return false;
	}
	int budget = choose_budget(c, step_ns, ridge_ntok);
	const struct counted_by *by = &c->by[budget];
	m->budget_ntok = counted_budget_ntok[budget];
	for (unsigned b = 0; b < COUNTED_BUCKETS; b++) {
		m->rows += by->buckets[b].rows;
	}
	solve_draw(by, step_ns, ridge_ntok, -1, m->ns);
	double all = of(by->all, m->ns), mixed = all > 0 ? fmin(MOST_MIXED, of(by->mixed, m->ns) / all) : 0;
	if (m->rows < LEAST_ROWS || !(all > 0)) {
		return false;
	}
	draw_all(by, step_ns, ridge_ntok, all, &m->drawn_sd, &time_sd);
	double few = FEW_SD / sqrt((double)m->rows);
	m->wait_sd = fmin(MOST_WAIT, HIDDEN_GAP_NS / step_ns);
	double longs = LONG_SD * (double)c->long_steps / (double)c->steps;
	m->share_sd = hypot(hypot(FORM_SD * mixed / sqrt(1 - mixed), longs * mixed), hypot(m->drawn_sd, few * mixed));
	m->time_sd = hypot(TIME_SD, hypot(time_sd, FEW_TIME_SD / sqrt((double)m->rows)));
	return true;
}
