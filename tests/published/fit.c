/*
 * fit.c: fits the constants of core/model/law.h to published measurements.
 *
 *   build/tests/published/fit DIR [fit] [by source|card|model|engine|model+card] [power] [spread] [rows]
 *   build/tests/published/fit DIR check     the errors by class, and exit status 1 where a bound is missed
 *
 * DIR contains measurements.tsv and models/. Without "fit" it prints the errors of the built-in constants. "by"
 * leaves out one source (card, …) at a time, fits the others and prints the error on the rows left out. Least squares
 * of ln(estimated / measured) with reduced weights of large residuals (Huber), by Gauss-Newton with numeric
 * derivatives. The prior of factors of engines and GPUs is 1, that of shared constants their initial value, so that
 * constants with few rows change little.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/published/rows.h"

#define PARAMETERS (LAW_SHARED_CONSTANTS + (LAW_ENGINES + LAW_CARDS) * LAW_FACTORS)
#define FEW 20
#define HUBER 0.1
#define FACTOR_SD 0.5    /* prior, natural logarithm */
#define SHARED_SD 0.5

/* The initial values of the fit, from usual rates of kernels; no measurement is used. */
static const struct law_constants neutral = {
	.shared = {[LAW_MFU_16] = -0.6, [LAW_MFU_8] = -0.7, [LAW_MFU_4] = -1.0, [LAW_MFU_UNPACK] = -0.9, [LAW_MFU_EXPERTS] = -0.5,
	           [LAW_MFU_PREFILL_ATTENTION] = -1, [LAW_MFU_DECODE_ATTENTION] = -1.2, [LAW_BW_WEIGHTS] = -0.3, [LAW_BW_EXPERTS] = -0.5,
	           [LAW_BW_CACHE] = -0.5, [LAW_STEP_US] = 6, [LAW_LAYER_US] = 2, [LAW_EXPERT_LAYER_US] = 3, [LAW_SEQUENCE_US] = 2,
	           [LAW_REDUCE_US] = 2, [LAW_LINK] = -0.7, [LAW_EXCHANGE_US] = 4, [LAW_IMBALANCE] = -1.5, [LAW_STAGE_US] = 3,
	           [LAW_TILE_TOKENS] = 3, [LAW_DISTINCT] = -0.5, [LAW_TOKEN_US] = -1, [LAW_ALONE] = -0.7},
	/* The products of MI300X reach about half of its peak where those of H100 reach three quarters (SemiAnalysis, December 2024). */
	.card = {[LAW_AMD] = {[LAW_COMPUTE] = -0.8}},
};

/* ---- fitting ---- */

static double *parameter(struct law_constants *k, int i) {
	if (i < LAW_SHARED_CONSTANTS) {
		return &k->shared[i];
	}
	i -= LAW_SHARED_CONSTANTS;
	if (i < LAW_ENGINES * LAW_FACTORS) {
		return &k->engine[i / LAW_FACTORS][i % LAW_FACTORS];
	}
	i -= LAW_ENGINES * LAW_FACTORS;
	return &k->card[i / LAW_FACTORS][i % LAW_FACTORS];
}

static double prior_sd(int i) {
	int factor = i - LAW_SHARED_CONSTANTS;

	return i < LAW_SHARED_CONSTANTS ? SHARED_SD : factor / LAW_FACTORS == LAW_ANY && factor < LAW_FACTORS ? 1e-6 : FACTOR_SD;
}

/* Solves a x = b in place, a symmetric and positive (Cholesky). */
static void solve(double (*a)[PARAMETERS], double *b) {
	for (int i = 0; i < PARAMETERS; i++) {
		for (int j = 0; j <= i; j++) {
			double s = a[i][j];
			for (int k = 0; k < j; k++) {
				s -= a[i][k] * a[j][k];
			}
			a[i][j] = i == j ? sqrt(fmax(s, 1e-12)) : s / a[j][j];
		}
	}
	for (int i = 0; i < PARAMETERS; i++) {
		for (int k = 0; k < i; k++) {
			b[i] -= a[i][k] * b[k];
		}
		b[i] /= a[i][i];
	}
	for (int i = PARAMETERS - 1; i >= 0; i--) {
		for (int k = i + 1; k < PARAMETERS; k++) {
			b[i] -= a[k][i] * b[k];
		}
		b[i] /= a[i][i];
	}
}

static double huber(double x) {
	return fabs(x) <= HUBER ? x * x / 2 : HUBER * (fabs(x) - HUBER / 2);
}

static double loss(struct data *d, struct law_constants *k, struct law_constants *start) {
	double sum = 0;

	for (int i = 0; i < d->count; i++) {
		struct row *r = &d->rows[i];
		sum += r->held ? 0 : r->weight * huber(log(estimated(r, k) / r->measured)) / 0.04;
	}
	for (int p = 0; p < PARAMETERS; p++) {
		double off = (*parameter(k, p) - *parameter(start, p)) / prior_sd(p);
		sum += off * off / 2;
	}
	return sum;
}

/* Factors of other engines and GPUs do not change the row. */
static bool concerns(const struct row *r, int p) {
	int factor = p - LAW_SHARED_CONSTANTS, who = factor / LAW_FACTORS;

	return factor < 0 || who == (int)r->costs.law.engine || who == LAW_ENGINES + (int)r->costs.law.card;
}

static void derive(struct row *r, struct law_constants *k, double *residual, double *slope) {
	*residual = log(estimated(r, k) / r->measured);
	for (int p = 0; p < PARAMETERS; p++) {
		if (!concerns(r, p)) {
			slope[p] = 0;
			continue;
		}
		double *x = parameter(k, p), was = *x;
		*x += 1e-4;
		slope[p] = (log(estimated(r, k) / r->measured) - *residual) / 1e-4;
		*x = was;
	}
}

static void normal_equations(struct data *d, struct law_constants *k, struct law_constants *start, double (*a)[PARAMETERS], double *b) {
	double slope[PARAMETERS], e;

	memset(a, 0, sizeof(double) * PARAMETERS * PARAMETERS);
	memset(b, 0, sizeof(double) * PARAMETERS);
	for (int i = 0; i < d->count; i++) {
		struct row *r = &d->rows[i];
		if (r->held) {
			continue;
		}
		derive(r, k, &e, slope);
		double w = r->weight * (fabs(e) > HUBER ? HUBER / fabs(e) : 1) / 0.04;
		for (int p = 0; p < PARAMETERS; p++) {
			b[p] -= w * slope[p] * e;
			for (int q = 0; q <= p && slope[p] != 0; q++) {
				a[p][q] += w * slope[p] * slope[q];
			}
		}
	}
	for (int p = 0; p < PARAMETERS; p++) {
		double inverse = 1 / (prior_sd(p) * prior_sd(p));
		a[p][p] += inverse;
		b[p] -= inverse * (*parameter(k, p) - *parameter(start, p));
	}
}

/* The prior is `from`; starts at *k. */
static void fit(struct data *d, struct law_constants *k, const struct law_constants *from, int rounds) {
	static double a[PARAMETERS][PARAMETERS], b[PARAMETERS];
	struct law_constants start = *from, next;

	double now = loss(d, k, &start), damping = 1e-2;
	for (int n = 0; n < rounds; n++) {
		normal_equations(d, k, &start, a, b);
		for (int p = 0; p < PARAMETERS; p++) {
			a[p][p] *= 1 + damping;
		}
		solve(a, b);
		next = *k;
		for (int p = 0; p < PARAMETERS; p++) {
			*parameter(&next, p) += fmax(-0.5, fmin(0.5, b[p]));
		}
		double then = loss(d, &next, &start);
		if (then < now) {
			damping = damping / 4;
			*k = next;
			if (now - then < 1e-6 * now) {
				break;
			}
			now = then;
		} else {
			damping *= 8;
		}
	}
}

/* The uncertainty of each constant, as a factor: a standard deviation by the curvature of the loss, priors included. */
static void show_spread(struct data *d, struct law_constants *k) {
	static double a[PARAMETERS][PARAMETERS], b[PARAMETERS];
	struct law_constants start = neutral;

	printf("spread of shared constants, then of factors of engines and of kinds of GPU, x /:");
	for (int p = 0; p < PARAMETERS; p++) {
		int factor = p - LAW_SHARED_CONSTANTS;
		normal_equations(d, k, &start, a, b);
		memset(b, 0, sizeof b);
		b[p] = 1;
		solve(a, b);
		printf("%s%.2f", factor >= 0 && factor % LAW_FACTORS == 0 ? "\n " : " ", exp(sqrt(b[p])));
	}
	printf("\n");
}

/* ---- power ---- */

/* Shares of the peaks over a request: of prefill's time and decode's; and the share of the TDP beyond idle watts that was drawn. */
static double work_of(struct row *r, double *flops, double *bytes) {
	struct costs *c = &r->costs;
	struct law_step in, out;

	law_step(&c->law, costs_chunk(c), costs_chunk(c) * c->prompt / 2, 0, 0, &in);
	law_step(&c->law, 0, 0, (double)c->batch, (double)c->batch * (c->prompt + c->output / 2), &out);
	double in_ns = c->prompt * costs_uncached_ns(c, c->prompt, 0), out_ns = c->output * costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2);
	double share = in_ns / (in_ns + out_ns), tdp = (double)c->roofline.gpu.tdp_milliwatts / 1e3;
	*flops = share * in.flops_share + (1 - share) * out.flops_share;
	*bytes = share * in.bytes_share + (1 - share) * out.bytes_share;
	return (r->watts - c->idle_watts) / (tdp - c->idle_watts);
}

/* Least squares of the drawn share = x0 + x1 flops + x2 bytes, by the normal equations of three. */
static void show_power(struct data *d, const struct law_constants *k) {
	double a[3][4] = {{0}};

	for (int i = 0; i < d->count; i++) {
		struct row *r = &d->rows[i];
		double x[3] = {1, 0, 0};
		r->costs.law.constants = k;
		if (r->watts <= 0) {
			continue;
		}
		double y = work_of(r, &x[1], &x[2]);
		printf("# %-60s drawn %.2f flops %.2f bytes %.2f\n", r->field[ID], y, x[1], x[2]);
		for (int p = 0; p < 3; p++) {
			for (int q = 0; q < 3; q++) {
				a[p][q] += x[p] * x[q];
			}
			a[p][3] += x[p] * y;
		}
	}
	for (int p = 0; p < 3; p++) {
		for (int q = 0; q < 3; q++) {
			double f = q == p ? 0 : a[q][p] / a[p][p];
			for (int c = 0; c < 4; c++) {
				a[q][c] -= f * a[p][c];
			}
		}
	}
	printf("power: share of TDP beyond idle = %.3f + %.3f flops + %.3f bytes\n", a[0][3] / a[0][0], a[1][3] / a[1][1], a[2][3] / a[2][2]);
}

/* ---- similarity ---- */

static int by_size(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void show(const struct data *d, const char *title, int column, const char *value) {
	double errors[ROWS_MAX], logs[ROWS_MAX], wide[ROWS_MAX], factors[ROWS_MAX];
	int n = 0, in = 0, inside = 0;

	for (int i = 0; i < d->count; i++) {
		const struct row *r = &d->rows[i];
		if (value && strcmp(r->field[column], value) != 0) {
			continue;
		}
		logs[n] = log(r->estimated / r->measured);
		wide[n] = fabs(logs[n]);
		factors[n] = exp(r->costs.spread);
		inside += wide[n] <= r->costs.spread;
		errors[n] = fabs(r->estimated / r->measured - 1);
		in += errors[n++] <= 0.3;
	}
	if (n == 0) {
		return;
	}
	qsort(factors, (size_t)n, sizeof *factors, by_size);
	qsort(errors, (size_t)n, sizeof *errors, by_size);
	qsort(logs, (size_t)n, sizeof *logs, by_size);
	qsort(wide, (size_t)n, sizeof *wide, by_size);
	printf("%-28s %4d  ratio %5.2f  error %3.0f %%  in 30 %% %3.0f %%  |ln| 90 %% %.2f  95 %% %.2f  interval x / %.2f  inside %3.0f %%\n", title, n, exp(logs[n / 2]),
	       100 * errors[n / 2], 100.0 * in / n, wide[n * 9 / 10], wide[n * 95 / 100], factors[n / 2], 100.0 * inside / n);
}

static void show_by(const struct data *d, int column) {
	for (int i = 0; i < d->count; i++) {
		int j = 0;
		while (strcmp(d->rows[j].field[column], d->rows[i].field[column]) != 0) {
			j++;
		}
		if (i == j) {
			show(d, d->rows[i].field[column], column, d->rows[i].field[column]);
		}
	}
}

static void estimate_all(struct data *d, struct law_constants *k) {
	for (int i = 0; i < d->count; i++) {
		d->rows[i].estimated = estimated(&d->rows[i], k);
		d->rows[i].costs.spread = law_spread(&d->rows[i].costs.law);
	}
}

/* The number of columns in which two rows are equal; -1 ends the columns. */
static int alike(const struct row *a, const struct row *b, const int *columns) {
	int n = 0;

	for (; *columns >= 0; columns++) {
		n += strcmp(a->field[*columns], b->field[*columns]) == 0;
	}
	return n;
}

/* DeepSeek's own engine is as SGLang, which follows it, but two half batches hide what GPUs send (its overview, 2025). */
#define HIDDEN_SENDING (-1.5)

/* The mean of those in the list with rows, for one without rows. */
static void set_mean(double (*factors)[LAW_FACTORS], const int *list, int count, const int *rows, int into) {
	int known = 0;

	for (int i = 0; i < count; i++) {
		known += rows[list[i]] > 0;
	}
	for (int f = 0; f < LAW_FACTORS && known > 0; f++) {
		double sum = 0;
		for (int i = 0; i < count; i++) {
			sum += rows[list[i]] > 0 ? factors[list[i]][f] : 0;
		}
		factors[into][f] = sum / known;
	}
}

/*
 * An engine that is not stated, or not measured, is the mean of those that serve many; a kind of card without rows that of its class, data
 * centre or desk; CDNA 4 is half-way from all cards to CDNA 3; other accelerators are the mean of the three data-centre kinds measured.
 */
static void set_unmeasured(struct data *d, struct law_constants *k) {
	static const int serving[] = {LAW_VLLM, LAW_SGLANG, LAW_TRTLLM}, centre[] = {LAW_HBM, LAW_BLACKWELL, LAW_AMD}, desk[] = {LAW_GDDR, LAW_GEFORCE, LAW_PRO};
	static const int centre_filled[] = {LAW_HBM, LAW_BLACKWELL}, desk_filled[] = {LAW_GDDR, LAW_GEFORCE, LAW_PRO, LAW_UNIFIED};
	int engines[LAW_ENGINES] = {0}, cards[LAW_CARDS] = {0};

	memset(k->rows, 0, sizeof k->rows);
	for (int i = 0; i < d->count; i++) {
		const struct law *l = &d->rows[i].costs.law;
		int one = d->rows[i].held ? 0 : 1;
		k->rows[l->engine][l->card] += one;
		engines[l->engine] += one;
		cards[l->card] += one;
	}
	set_mean(k->engine, serving, 3, engines, LAW_ANY);
	for (int i = 0; i < 3; i++) {
		if (engines[serving[i]] == 0) {
			set_mean(k->engine, serving, 3, engines, serving[i]);
		}
	}
	for (int i = 0; i < 2; i++) {
		if (cards[centre_filled[i]] == 0) {
			set_mean(k->card, centre, 3, cards, centre_filled[i]);
		}
	}
	for (int i = 0; i < 4; i++) {
		if (cards[desk_filled[i]] == 0) {
			set_mean(k->card, desk, 3, cards, desk_filled[i]);
		}
	}
	set_mean(k->card, centre, 3, cards, LAW_OTHER);
	for (int f = 0; f < LAW_FACTORS; f++) {
		k->card[LAW_CDNA4][f] = k->card[LAW_AMD][f] / 2;
		k->engine[LAW_DEEPSEEK][f] = f == LAW_SENDING ? HIDDEN_SENDING : k->engine[LAW_SGLANG][f];
	}
}

/* Fits without the rows that equal row i in any of the columns; estimates those that equal it in all. */
static void leave_out_like(struct data *d, int i, const int *columns, int count, const struct law_constants *from) {
	struct law_constants k = law_published; /* the same solution is found in fewer rounds than from the start */

	for (int n = 0; n < d->count; n++) {
		d->rows[n].held = alike(&d->rows[n], &d->rows[i], columns) > 0;
	}
	fit(d, &k, from, 40);
	set_unmeasured(d, &k);
	for (int n = 0; n < d->count; n++) {
		if (alike(&d->rows[n], &d->rows[i], columns) == count) {
			d->rows[n].estimated = estimated(&d->rows[n], &k);
			d->rows[n].costs.spread = law_spread(&d->rows[n].costs.law);
		}
	}
}

static void leave_out(struct data *d, const int *columns, const struct law_constants *from) {
	int count = 0;

	while (columns[count] >= 0) {
		count++;
	}
	for (int i = 0; i < d->count; i++) {
		int j = 0;
		while (alike(&d->rows[j], &d->rows[i], columns) < count) {
			j++;
		}
		if (i == j) {
			leave_out_like(d, i, columns, count, from);
		}
	}
	for (int i = 0; i < d->count; i++) {
		d->rows[i].held = false;
	}
}

static void print_list(const char *name, const double *x, int n) {
	printf("%s{", name);
	for (int i = 0; i < n; i++) {
		printf("%s%.4f", i ? ", " : "", x[i]);
	}
	printf("},\n");
}

static void print_constants(const struct law_constants *k) {
	print_list("	.shared = ", k->shared, LAW_SHARED_CONSTANTS);
	printf("	.engine = {\n");
	for (int i = 0; i < LAW_ENGINES; i++) {
		print_list("		", k->engine[i], LAW_FACTORS);
	}
	printf("	},\n	.card = {\n");
	for (int i = 0; i < LAW_CARDS; i++) {
		print_list("		", k->card[i], LAW_FACTORS);
	}
	printf("	},\n	.rows = {\n");
	for (int i = 0; i < LAW_ENGINES; i++) {
		printf("		{");
		for (int c = 0; c < LAW_CARDS; c++) {
			printf("%s%d", c ? ", " : "", k->rows[i][c]);
		}
		printf("},\n");
	}
	printf("	},\n");
}

/* ---- bounds ---- */

static const char *class_of(const struct row *r) {
	const struct law_layout *l = &r->costs.law.layout;
	bool moe = r->costs.law.peak.model.experts > 0;

	if (strcmp(r->field[PHASE], "prefill") == 0) {
		return "prefill alone";
	}
	return l->pp > 1 ? "pipeline" : moe ? (l->gpus > 1 ? "MoE, several GPUs" : "MoE, 1 GPU") : l->gpus > 1 ? "dense, several GPUs" : "dense, 1 GPU";
}

static double joules_of(struct row *r) {
	struct costs *c = &r->costs;
	double in = costs_wh(c, costs_uncached_ns(c, c->prompt, 0), costs_input_watts(c));
	double out = costs_wh(c, costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2), costs_output_watts(c));

	return (c->prompt * in + c->output * out) / c->output * 3600 / 1e6;
}

/* Median error, share within 30 % and inside the interval, in per cent; of one class, or of all (NULL). */
static int count_class(struct data *d, const char *class, double *median, double *within, double *inside) {
	double errors[ROWS_MAX];
	int n = 0, in = 0, bounded = 0;

	for (int i = 0; i < d->count; i++) {
		const struct row *r = &d->rows[i];
		double off = log(r->estimated / r->measured);
		if (class && strcmp(class_of(r), class) != 0) {
			continue;
		}
		errors[n] = fabs(exp(off) - 1);
		in += errors[n++] <= 0.3;
		bounded += fabs(off) <= r->costs.spread;
	}
	qsort(errors, (size_t)n, sizeof *errors, by_size);
	*median = n > 0 ? 100 * errors[n / 2] : 0;
	*within = n > 0 ? 100.0 * in / n : 100;
	*inside = n > 0 ? 100.0 * bounded / n : 100;
	return n;
}

static int check_joules(struct data *d, double bound) {
	double errors[ROWS_MAX];
	int n = 0;

	for (int i = 0; i < d->count; i++) {
		if (d->rows[i].joules > 0) {
			errors[n++] = fabs(joules_of(&d->rows[i]) / d->rows[i].joules - 1);
		}
	}
	qsort(errors, (size_t)n, sizeof *errors, by_size);
	double median = n > 0 ? 100 * errors[n / 2] : 0;
	printf("estimate  %-22s %4d rows  median error %3.0f %% (%.0f %%)  %s\n", "joules per output token", n, median, bound, median <= bound ? "kept" : "MISSED");
	return median <= bound ? 0 : 1;
}

static int check(struct data *d) {
	static const struct {
		const char *class;
		double median, within;
	} bounds[] = {{NULL, 20, 65},          {"dense, 1 GPU", 20, 70},       {"dense, several GPUs", 20, 70}, {"MoE, 1 GPU", 20, 65},
	              {"MoE, several GPUs", 20, 65}, {"pipeline", 30, 55}, {"prefill alone", 25, 60}};
	int missed = check_joules(d, 20);

	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		double median, within, inside;
		int n = count_class(d, bounds[i].class, &median, &within, &inside);
		bool few = bounds[i].class && n < FEW; /* too few for a median */
		bool kept = median <= bounds[i].median && within >= bounds[i].within && inside >= 90;
		printf("estimate  %-22s %4d rows  median error %3.0f %% (%.0f %%)  within 30 %%: %3.0f %% (%.0f %%)  inside its interval %3.0f %% (90 %%)  %s\n",
		       bounds[i].class ? bounds[i].class : "all", n, median, bounds[i].median, within, bounds[i].within, inside, few ? "too few to judge" : kept ? "kept" : "MISSED");
		missed += !few && !kept;
	}
	return missed > 0 ? 1 : 0;
}

static const char *const column_names[COLUMNS] = {[SOURCE] = "source", [CARD] = "card", [ENGINE] = "engine", [CONFIG] = "model"};

/* "model", or several as in "model+card". */
static void columns_of(const char *names, int columns[COLUMNS + 1]) {
	int count = 0;

	for (int c = 0; c < COLUMNS; c++) {
		if (column_names[c] && strstr(names, column_names[c])) {
			columns[count++] = c;
		}
	}
	columns[count] = -1;
}

/* The errors of the law on rows that it was not fitted to. */
static void show_left_out(struct data *d, const char *names) {
	int columns[COLUMNS + 1];

	columns_of(names, columns);
	leave_out(d, columns, &neutral);
	printf("left out by %s:\n", names);
	show(d, "all", 0, NULL);
	for (int i = 0; columns[i] >= 0; i++) {
		show_by(d, columns[i]);
	}
}

int main(int argc, char **argv) {
	struct data d = {NULL, 0};
	struct law_constants k = law_published;
	bool rows = false;

	if (argc < 2) {
		fprintf(stderr, "usage: fit DIR [fit] [by source|card|model|engine|model+card] [power] [spread] [rows]\n");
		return 2;
	}
	read_rows(&d, argv[1]);
	if (argc == 3 && strcmp(argv[2], "check") == 0) {
		estimate_all(&d, &k);
		int status = check(&d);
		free_rows(&d);
		return status;
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "fit") == 0) {
			k = neutral;
			fit(&d, &k, &neutral, 200);
			set_unmeasured(&d, &k);
			print_constants(&k);
		} else if (strcmp(argv[i], "by") == 0 && i + 1 < argc) {
			show_left_out(&d, argv[++i]);
		} else {
			rows = strcmp(argv[i], "rows") == 0;
			if (strcmp(argv[i], "power") == 0) {
				show_power(&d, &k);
			}
			if (strcmp(argv[i], "spread") == 0) {
				show_spread(&d, &k);
			}
		}
	}
	estimate_all(&d, &k);
	show(&d, "all", 0, NULL);
	show_by(&d, SOURCE);
	show_by(&d, CONFIG);
	show_by(&d, ENGINE);
	show_by(&d, CARD);
	for (int i = 0; rows && i < d.count; i++) {
		struct row *r = &d.rows[i];
		struct law_step s;
		law_step(&r->costs.law, 0, 0, (double)r->costs.batch, (double)r->costs.batch * (r->costs.prompt + r->costs.output / 2), &s);
		printf("%6.2f %-70s b %lld step %.2f ms: matrix %.2f expert %.2f cache %.2f floor %.2f seq %.2f send %.2f itl %s chunk %.0f %.2f ms\n",
		       r->estimated / r->measured, r->field[ID], (long long)r->costs.batch, s.total_ns / 1e6, s.matrix_ns / 1e6, s.expert_ns / 1e6,
		       s.decode_attention_ns / 1e6, s.floor_ns / 1e6, s.sequence_ns / 1e6, s.sending_ns / 1e6, r->field[ITL],
		       costs_chunk(&r->costs), costs_chunk_ns(&r->costs) / 1e6);
	}
	free_rows(&d);
	return 0;
}
