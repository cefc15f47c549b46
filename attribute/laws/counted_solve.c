/* counted_solve.c: from sums of windows of engines that count steps to a law of a step's time. */
#include <math.h>

#include "attribute/laws/counted.h"
#include "attribute/laws/priors.h"
#include "core/model/bootstrap.h"
#include "core/model/nnls.h"

#define LEAST_ROWS 1
#define FEW_TIME_SD 0.28
#define FEW_SD 0.1 /* of one row; for n rows divided by the root of n */
#define DRAWS 100
#define ROUNDS 3
#define DRAWN 0.5 /* weights of buckets differ from 1 by at most this: so that few windows are never drawn empty */

/* Relative standard deviations of priors, in addition to those of priors.h. u: a step's floor. */
#define TOKEN_SD 0.6 /* of u / ridge */
#define CONTEXT_SD 0.6
#define PROMPT_SD 0.25 /* of the floor */
#define LEAST_FLOOR_PART 1e-3 /* of the mean step */

/* Uncertainty that neither the bootstrap nor the rows show, of busy time, by the part of it that has prompts. */
#define FORM_SD 0.035
#define MOST_MIXED 0.95
#define POOR_SD 0.065 /* of time with prompts, where rows' squares are POOR_FIT times as large as they should be */
#define POOR_FIT 10.0
#define POOREST 12.0
#define DOUBTED 20.0 /* with larger squares the part that has prompts is in doubt, too; with these it is unknown */
#define WRONG 60.0
#define LONG_SD 0.22 /* of time with prompts, by the part of the windows that have long prompts */
#define BUDGET_SD 1.5 /* for budgets that the mean of the others takes for less likely than they are */
#define UNSEEN_SD 0.2 /* by the part of those in which many prompts were preempted: what prompts saw is not used */
#define TIME_SD 0.05
#define HIDDEN_GAP_NS 330e3 /* the host's time in a step beyond COUNTED_GAP_NS */
#define MOST_WAIT 0.08

/*
 * How likely each budget is: before anything is measured; and by the squares that are left, of rows with an unknown
 * noise of at least a part of their standard deviation. Errors of the form are the same in many rows: beyond MOST_ROWS,
 * more of them count no more, neither here nor against the priors.
 */
static const double usual[COUNTED_BUDGETS] = {0.1, 0.1, 0.3, 0.1, 0.3, 0.1};
#define LEAST_SQUARES 0.3
/* With this part of the steps with prompts in excess of all steps a budget is too small. */
#define MOST_BEYOND 0.1
#define TOO_SMALL_PART 1e-9
#define MOST_ROWS 16.0
/*
 * The times between tokens count as so many that are independent of each other, of which half are left where the best budget is
 * this far from them: the form of the law, or of the distribution of prompts, is in doubt.
 */
#define LATENCIES_COUNT 50.0
#define LATENCIES_POOR 0.05
#define SAME_SHARE 0.0001

#define UNIT_SD 0.01 /* the sums of rows are relative to this */

struct equations {
	double gram[COUNTED_TERMS * COUNTED_TERMS], moment[COUNTED_TERMS];
};

static int64_t rows_of(const struct counted_by *c) {
	int64_t rows = 0;

	for (unsigned b = 0; b < COUNTED_BUCKETS; b++) {
		rows += c->buckets[b].rows;
	}
	return rows;
}

/* A row that should be 0. */
static void prefer(struct equations *e, const double x[COUNTED_TERMS], double sd) {
	for (int i = 0; i < COUNTED_TERMS; i++) {
		for (int j = 0; j < COUNTED_TERMS; j++) {
			e->gram[i * COUNTED_TERMS + j] += x[i] * x[j] / (sd * sd) * UNIT_SD * UNIT_SD;
		}
	}
}

/* The floor of a step with prompts, by that of a step without, as chunks of their mean length overlap with memory. */
static double floor_with_prompts(const struct counted_by *c, double ridge_ntok) {
	double chunk = c->all[COUNTED_PROMPT] > 0 ? (double)c->all[COUNTED_TOKEN] / (double)c->all[COUNTED_PROMPT] : 1;
	double ridges = chunk / ridge_ntok, hidden = 1 + ridges - pow(1 + pow(ridges, ROOF), 1 / ROOF);

	return fmax(LEAST_FLOOR, 1 - HIDDEN_PART * hidden);
}

/* sd: relative to that of one row */
static void lean(struct equations *e, double step_ns, double token, double ridge_ntok, double with_prompts, double sd) {
	const double by_token[COUNTED_TERMS] = {[COUNTED_STEP] = 1, [COUNTED_TOKEN] = -ridge_ntok};
	const double by_attention[COUNTED_TERMS] = {[COUNTED_ATTENTION] = 1, [COUNTED_TOKEN] = -ATTENTION_PART};
	const double by_context[COUNTED_TERMS] = {[COUNTED_CONTEXT] = 1, [COUNTED_STEP] = -CONTEXT_PART};
	const double by_sequence[COUNTED_TERMS] = {[COUNTED_SEQUENCE] = 1, [COUNTED_TOKEN] = -SEQUENCE_PART};
	const double by_prompt[COUNTED_TERMS] = {[COUNTED_PROMPT] = 1, [COUNTED_STEP] = -with_prompts};

	prefer(e, by_token, sd * TOKEN_SD * step_ns);
	prefer(e, by_attention, sd * ATTENTION_SD * ATTENTION_PART * token);
	prefer(e, by_context, sd * CONTEXT_SD * CONTEXT_PART * step_ns);
	prefer(e, by_sequence, sd * SEQUENCE_SD * SEQUENCE_PART * token);
	prefer(e, by_prompt, sd * PROMPT_SD * step_ns);
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
	double with_prompts = floor_with_prompts(c, ridge_ntok), sd = sqrt(fmin(1, MOST_ROWS / (double)rows_of(c)));

	for (unsigned b = 0; b < COUNTED_BUCKETS; b++) {
		add_bucket(&e, &c->buckets[b], draw < 0 ? 1 : 1 + (bootstrap_weight(draw, b) - 1) * DRAWN);
	}
	struct equations rows = e;
	lean(&e, step_ns, step_ns / ridge_ntok, ridge_ntok, with_prompts, sd);
	nnls_solve(e.gram, e.moment, COUNTED_TERMS, ns);
	/*
	 * Solves again with estimates of a floor and a token: by the one that has less time in the rows, with the
	 * other fixed.
	 */
	for (int round = 0; round < ROUNDS; round++) {
		double by_step = ns[COUNTED_STEP], by_token = ridge_ntok * ns[COUNTED_TOKEN];
		double floor_ns = fmin(step_ns, fmax(fmax(fmin(by_step, by_token), fmax(by_step, by_token) / 8), LEAST_FLOOR_PART * step_ns));
		e = rows;
		lean(&e, floor_ns, fmax(ns[COUNTED_TOKEN], floor_ns / ridge_ntok / 4), ridge_ntok, with_prompts, sd);
		nnls_solve(e.gram, e.moment, COUNTED_TERMS, ns);
	}
}

double counted_sum(const int128 terms[COUNTED_TERMS], const double ns[COUNTED_TERMS]) {
	double sum = 0;

	for (int i = 0; i < COUNTED_TERMS; i++) {
		sum += ns[i] * (double)terms[i];
	}
	return sum;
}

static double prefill_of(const struct counted_by *c, const double ns[COUNTED_TERMS]) {
	return counted_sum(c->prefill, ns) - counted_sum(c->decode, ns);
}

/* Standard deviations of prefill's part and of the whole time, over draws. */
static void draw_all(const struct counted_by *c, double step_ns, double ridge_ntok, double whole, double *share_sd, double *time_sd) {
	double shares = 0, share_squares = 0, times = 0, time_squares = 0;

	for (int draw = 0; draw < DRAWS; draw++) {
		double ns[COUNTED_TERMS] = {0};
		solve_draw(c, step_ns, ridge_ntok, draw, ns);
		double all = counted_sum(c->all, ns), share = all > 0 ? prefill_of(c, ns) / all : 0, time = all / whole;
		shares += share;
		share_squares += share * share;
		times += time;
		time_squares += time * time;
	}
	*share_sd = sqrt(fmax(0, share_squares / DRAWS - shares / DRAWS * shares / DRAWS)) / DRAWN;
	*time_sd = sqrt(fmax(0, time_squares / DRAWS - times / DRAWS * times / DRAWS)) / DRAWN;
}

/* The sum of squares that a solution leaves, of rows, relative to their standard deviations. */
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
	return fmax(0, sum) / (UNIT_SD * UNIT_SD);
}

struct budgets {
	int chosen;
	double sd; /* of prefill's share: the others' distance from that of the chosen one */
	double mixed; /* part of the time that has prompts, on average */
};

static double mixed_part(const struct counted_by *c, const double ns[COUNTED_TERMS]) {
	double all = counted_sum(c->all, ns);

	return all > 0 ? fmin(MOST_MIXED, counted_sum(c->mixed, ns) / all) : 0;
}

/* Prefill's share with a budget, and the logarithm of how likely it is by all but the times between tokens. */
static double judge_budget(const struct counted *all_budgets, int k, double step_ns, double ridge_ntok, double *share, double *mixed, double *off) {
	const struct counted_by *c = &all_budgets->by[k];
	double ns[COUNTED_TERMS] = {0}, rows = (double)rows_of(c), usual_part = usual[k];

	solve_draw(c, step_ns, ridge_ntok, -1, ns);
	double all = counted_sum(c->all, ns), squares = left(c, ns);
	*share = all > 0 ? prefill_of(c, ns) / all : 0;
	*mixed = mixed_part(c, ns);
	usual_part *= (double)c->beyond > MOST_BEYOND * (double)c->all[COUNTED_PROMPT] ? TOO_SMALL_PART : 1;
	*off = counted_latencies_off(all_budgets, k, ns);
	return log(usual_part) - fmin(rows, MOST_ROWS) / 2 * log(squares + LEAST_SQUARES * rows + 1e-9);
}

/* The budget with the share nearest to the mean over all. */
static struct budgets choose_budget(const struct counted *c, double step_ns, double ridge_ntok) {
	double share[COUNTED_BUDGETS], mixed[COUNTED_BUDGETS], likely[COUNTED_BUDGETS], off[COUNTED_BUDGETS], least_off = INFINITY, best = -INFINITY, sum = 0, mean = 0, square = 0;
	struct budgets out = {.chosen = 0};

	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		likely[k] = judge_budget(c, k, step_ns, ridge_ntok, &share[k], &mixed[k], &off[k]);
		least_off = fmin(least_off, off[k]);
	}
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		likely[k] -= LATENCIES_COUNT / (1 + least_off / LATENCIES_POOR) * off[k];
		best = fmax(best, likely[k]);
	}
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		likely[k] = exp(likely[k] - best);
		sum += likely[k];
		mean += likely[k] * share[k];
	}
	for (int k = 1; k < COUNTED_BUDGETS; k++) {
		double nearer = fabs(share[out.chosen] - mean / sum) - fabs(share[k] - mean / sum);
		if (nearer > SAME_SHARE || (nearer > -SAME_SHARE && likely[k] > likely[out.chosen])) {
			out.chosen = k;
		}
	}
	for (int k = 0; k < COUNTED_BUDGETS; k++) {
		out.mixed += likely[k] / sum * mixed[k];
		square += likely[k] / sum * (share[k] - share[out.chosen]) * (share[k] - share[out.chosen]);
	}
	out.sd = sqrt(square);
	return out;
}

/* From the form of the model, of busy time: the rows do not show it, or only as squares that are too large. */
static double form_sd(const struct counted *c, const struct counted_by *by, const struct counted_model *m, double mixed) {
	double square = left(by, m->ns) / (double)m->rows;
	mixed += (MOST_MIXED - mixed) * fmax(0, fmin(1, (square - DOUBTED) / (WRONG - DOUBTED)));
	double longs = c->length_ns > 0 ? LONG_SD * (double)c->long_ns / (double)c->length_ns : 0;
	double poor = POOR_SD * sqrt(fmin(POOREST, square / POOR_FIT));
	double unseen = c->length_ns > 0 ? UNSEEN_SD * (double)c->unseen_ns / (double)c->length_ns : 0;
	double few = FEW_SD / sqrt((double)m->rows);

	return mixed * hypot(hypot(FORM_SD / sqrt(1 - mixed), few), hypot(hypot(longs, unseen), poor));
}

bool counted_solve(const struct counted *c, double ridge_ntok, struct counted_model *m) {
	double step_ns = c->steps > 0 ? (double)c->steps_ns / (double)c->steps : 0, time_sd;

	*m = (struct counted_model){.rows = 0};
	if (step_ns <= 0) {
		return false;
	}
	struct budgets budget = choose_budget(c, step_ns, ridge_ntok);
	const struct counted_by *by = &c->by[budget.chosen];
	m->budget_ntok = counted_budget_ntok[budget.chosen];
	m->rows = rows_of(by);
	solve_draw(by, step_ns, ridge_ntok, -1, m->ns);
	double all = counted_sum(by->all, m->ns);
	if (m->rows < LEAST_ROWS || !(all > 0)) {
		return false;
	}
	draw_all(by, step_ns, ridge_ntok, all, &m->drawn_sd, &time_sd);
	m->share_sd = hypot(form_sd(c, by, m, budget.mixed), hypot(BUDGET_SD * budget.sd, m->drawn_sd));
	m->wait_sd = fmin(MOST_WAIT, HIDDEN_GAP_NS / step_ns);
	m->time_sd = hypot(TIME_SD, hypot(time_sd, FEW_TIME_SD / sqrt((double)m->rows)));
	return true;
}
