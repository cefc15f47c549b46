/*
 * fit.c: learns the constants of core/model/law.h from published measurements.
 *
 *   build/tests/published/fit DIR [fit] [by source|card|model|engine] [power] [rows]
 *   build/tests/published/fit DIR check     the errors by class, and exit status 1 where a bound is missed
 *
 * DIR has measurements.tsv and models/. Without "fit" it shows how the built-in constants do. "by" leaves out one source
 * (card, …) at a time, fits the others and shows the error on what was left out. Least squares of ln(estimated / measured),
 * large residuals weighed down (Huber), by Gauss and Newton with numeric derivatives. Factors of engines and cards are drawn to 1 and the
 * shared constants to where they start, so that what few rows know stays where it was.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/exact.h"
#include "report/estimate/costs.h"

#define COLUMNS 32
#define ROWS_MAX 4096
#define PARAMETERS (LAW_SHARED_CONSTANTS + (LAW_ENGINES + LAW_CARDS) * LAW_FACTORS)
#define FEW 20
#define HUBER 0.25
#define FACTOR_SD 0.35   /* prior, natural logarithm */
#define SHARED_SD 0.7

/* Where the fit starts, from what kernels usually reach; no measurement is in it. */
static const struct law_constants neutral = {
	.shared = {[LAW_MFU_16] = -0.6, [LAW_MFU_8] = -0.7, [LAW_MFU_4] = -1.0, [LAW_MFU_UNPACK] = -0.9, [LAW_MFU_EXPERTS] = -0.5,
	           [LAW_MFU_PREFILL_ATTENTION] = -1, [LAW_MFU_DECODE_ATTENTION] = -1.2, [LAW_BW_WEIGHTS] = -0.3, [LAW_BW_EXPERTS] = -0.5,
	           [LAW_BW_CACHE] = -0.5, [LAW_STEP_US] = 6, [LAW_LAYER_US] = 2, [LAW_EXPERT_LAYER_US] = 3, [LAW_SEQUENCE_US] = 2,
	           [LAW_REDUCE_US] = 2, [LAW_LINK] = -0.7, [LAW_EXCHANGE_US] = 4, [LAW_IMBALANCE] = -1.5, [LAW_STAGE_US] = 3,
	           [LAW_TILE_TOKENS] = 3, [LAW_DISTINCT] = -0.5, [LAW_TOKEN_US] = -1, [LAW_ALONE] = -0.7},
	/* No rows: DeepSeek's own engine is as SGLang, which follows it, but two half batches hide what GPUs send (its overview, 2025). */
	.engine = {[LAW_DEEPSEEK] = {[LAW_COMPUTE] = 0.18, [LAW_FLOOR] = 0.11, [LAW_PER_SEQUENCE] = -0.07, [LAW_SENDING] = -1.5}},
};

enum column { ID, SOURCE, SOURCE_REF, MODEL, CONFIG, GPU, CARD, GPUS, TP, PP, EP, DP, WEIGHTS, WEIGHTS_PUBLISHED, KV, ENGINE, VERSION,
	      PHASE, CONCURRENCY, BATCH, MAX_BATCH, CHUNK, PROMPT, OUTPUT, CONTEXT, OUT_TOK_S, IN_TOK_S, ITL, TTFT, JOULES, WATTS };

struct row {
	char *line, *field[COLUMNS];
	struct costs costs;
	double weight, measured, estimated, joules, watts;
	bool held;
};

struct data {
	struct row *rows;
	int count;
};

/* ---- rows ---- */

static int64_t whole(const char *s) {
	double x = strtod(s, NULL);

	return *s ? (int64_t)fmax(1, rint(x)) : 0;
}

static bool states(const char *path, const char *method) {
	char text[20000], wanted[64];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	text[n] = '\0';
	if (f) {
		fclose(f);
	}
	snprintf(wanted, sizeof wanted, "\"quant_method\": \"%s\"", method);
	return strstr(text, wanted) != NULL;
}

/* The format that the config does not state itself; of llama.cpp's files the published one. */
static const char *weights_of(const struct row *r, const char *path) {
	const char *described = states(path, "fp8") ? "fp8" : states(path, "mxfp4") ? "mxfp4" : "bf16";

	if (strcmp(r->field[ENGINE], "llama.cpp") == 0) {
		return r->field[WEIGHTS_PUBLISHED];
	}
	return strcmp(described, r->field[WEIGHTS]) == 0 ? NULL : r->field[WEIGHTS];
}

static double measured(const struct row *r) {
	return strtod(r->field[strcmp(r->field[PHASE], "prefill") == 0 ? IN_TOK_S : OUT_TOK_S], NULL);
}

static bool set_costs(struct row *r, const char *dir) {
	struct estimate_options o;
	struct fault why;
	char path[512];

	estimate_defaults(&o);
	snprintf(path, sizeof path, "%s/%s", dir, r->field[CONFIG]);
	o.model_path = path;
	o.gpu = r->field[CARD];
	o.gpus = whole(r->field[GPUS]);
	o.tp = whole(r->field[TP]);
	o.pp = whole(r->field[PP]);
	o.ep = whole(r->field[EP]);
	o.dp = whole(r->field[DP]);
	o.engine = r->field[ENGINE];
	o.weights = weights_of(r, path);
	o.kv_cache = r->field[KV][0] && strcmp(r->field[KV], "bf16") != 0 ? r->field[KV] : NULL;
	o.prompt = whole(r->field[PROMPT]);
	o.output = whole(r->field[OUTPUT]);
	o.batch = whole(r->field[BATCH]);
	o.max_batch = o.batch == 0 && r->field[MAX_BATCH][0] ? whole(r->field[MAX_BATCH]) : o.max_batch;
	o.chunk = whole(r->field[CHUNK]);
	o.rent_nano = NANO;
	if (costs_init(&r->costs, &o, &why)) {
		fprintf(stderr, "%s: refused: %s\n", r->field[ID], why.message);
		return false;
	}
	return true;
}

static void split(struct row *r) {
	char *at = r->line;

	for (int i = 0; i < COLUMNS; i++) {
		r->field[i] = at ? at : (char *)"";
		char *end = at ? strpbrk(at, "\t\n") : NULL;
		bool last = !end || *end == '\n';
		if (end) {
			*end = '\0';
		}
		at = last ? NULL : end + 1;
	}
}

static int like(const struct data *d, const struct row *r) {
	int n = 0;

	for (int i = 0; i < d->count; i++) {
		const struct row *o = &d->rows[i];
		n += strcmp(o->field[SOURCE], r->field[SOURCE]) == 0 && strcmp(o->field[CARD], r->field[CARD]) == 0 &&
		     strcmp(o->field[CONFIG], r->field[CONFIG]) == 0;
	}
	return n;
}

static void read_rows(struct data *d, const char *dir) {
	char path[512], line[4096];
	snprintf(path, sizeof path, "%s/measurements.tsv", dir);
	FILE *f = fopen(path, "r");

	d->rows = calloc(ROWS_MAX, sizeof *d->rows);
	if (!f || !d->rows || !fgets(line, sizeof line, f)) {
		fprintf(stderr, "fit: %s: cannot be read\n", path);
		exit(2);
	}
	while (d->count < ROWS_MAX && fgets(line, sizeof line, f)) {
		struct row *r = &d->rows[d->count];
		*r = (struct row){.line = strdup(line)};
		split(r);
		r->measured = measured(r);
		r->joules = strtod(r->field[JOULES], NULL);
		r->watts = strtod(r->field[WATTS], NULL);
		d->count += set_costs(r, dir);
	}
	fclose(f);
	for (int i = 0; i < d->count; i++) {
		d->rows[i].weight = 1 / sqrt(like(d, &d->rows[i]));
	}
}

/* ---- the estimate of a row, as check_estimate.py computes it ---- */

static double estimated(struct row *r, const struct law_constants *k) {
	struct costs *c = &r->costs;
	const char *phase = r->field[PHASE];

	c->law.constants = k;
	double in = costs_uncached_ns(c, c->prompt, 0), out = costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2);
	if (strcmp(phase, "prefill") == 0) {
		return 1e9 * c->gpus / in;
	}
	return strcmp(phase, "decode") == 0 ? 1e9 * c->gpus / out : c->output / (c->prompt * in + c->output * out) * 1e9 * c->gpus;
}

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

static void derive(struct row *r, struct law_constants *k, double *residual, double *slope) {
	*residual = log(estimated(r, k) / r->measured);
	for (int p = 0; p < PARAMETERS; p++) {
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

static void fit(struct data *d, struct law_constants *k, const struct law_constants *from, int rounds) {
	static double a[PARAMETERS][PARAMETERS], b[PARAMETERS];
	struct law_constants start = *from, next;

	*k = *from;
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
			if (now - then < 1e-4 * now) {
				break;
			}
			now = then;
		} else {
			damping *= 8;
		}
	}
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

/* ---- what it is like ---- */

static int by_size(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void show(const struct data *d, const char *title, int column, const char *value) {
	double errors[ROWS_MAX], logs[ROWS_MAX], wide[ROWS_MAX];
	int n = 0, in = 0;

	for (int i = 0; i < d->count; i++) {
		const struct row *r = &d->rows[i];
		if (value && strcmp(r->field[column], value) != 0) {
			continue;
		}
		logs[n] = log(r->estimated / r->measured);
		wide[n] = fabs(logs[n]);
		errors[n] = fabs(r->estimated / r->measured - 1);
		in += errors[n++] <= 0.3;
	}
	if (n == 0) {
		return;
	}
	qsort(errors, (size_t)n, sizeof *errors, by_size);
	qsort(logs, (size_t)n, sizeof *logs, by_size);
	qsort(wide, (size_t)n, sizeof *wide, by_size);
	printf("%-28s %4d  ratio %5.2f  error %3.0f %%  in 30 %% %3.0f %%  |ln| 90 %% %.2f  95 %% %.2f\n", title, n, exp(logs[n / 2]),
	       100 * errors[n / 2], 100.0 * in / n, wide[n * 9 / 10], wide[n * 95 / 100]);
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

static void estimate_all(struct data *d, struct law_constants *k, bool held_only) {
	for (int i = 0; i < d->count; i++) {
		if (!held_only || d->rows[i].held) {
			d->rows[i].estimated = estimated(&d->rows[i], k);
		}
	}
}

static void leave_out(struct data *d, int column, const struct law_constants *from) {
	struct law_constants k;

	for (int i = 0; i < d->count; i++) {
		int j = 0;
		while (strcmp(d->rows[j].field[column], d->rows[i].field[column]) != 0) {
			j++;
		}
		if (i != j) {
			continue;
		}
		for (int n = 0; n < d->count; n++) {
			d->rows[n].held = strcmp(d->rows[n].field[column], d->rows[i].field[column]) == 0;
		}
		fit(d, &k, from, 40);
		estimate_all(d, &k, true);
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
		bool few = bounds[i].class && n < FEW; /* whose median says nothing */
		bool kept = median <= bounds[i].median && within >= bounds[i].within && inside >= 90;
		printf("estimate  %-22s %4d rows  median error %3.0f %% (%.0f %%)  within 30 %%: %3.0f %% (%.0f %%)  inside its interval %3.0f %% (90 %%)  %s\n",
		       bounds[i].class ? bounds[i].class : "all", n, median, bounds[i].median, within, bounds[i].within, inside, few ? "too few to judge" : kept ? "kept" : "MISSED");
		missed += !few && !kept;
	}
	return missed > 0 ? 1 : 0;
}

static int column_of(const char *name) {
	return strcmp(name, "source") == 0 ? SOURCE : strcmp(name, "card") == 0 ? CARD : strcmp(name, "engine") == 0 ? ENGINE : CONFIG;
}

/* An engine that is not stated, or not measured, is the mean of those that serve many. */
static void set_any(struct law_constants *k) {
	for (int f = 0; f < LAW_FACTORS; f++) {
		k->engine[LAW_ANY][f] = (k->engine[LAW_VLLM][f] + k->engine[LAW_SGLANG][f] + k->engine[LAW_TRTLLM][f]) / 3;
	}
}

int main(int argc, char **argv) {
	struct data d = {NULL, 0};
	struct law_constants k = law_published;
	bool rows = false;

	if (argc < 2) {
		fprintf(stderr, "usage: fit DIR [fit] [by source|card|model|engine] [power] [rows]\n");
		return 2;
	}
	read_rows(&d, argv[1]);
	if (argc == 3 && strcmp(argv[2], "check") == 0) {
		estimate_all(&d, &k, false);
		return check(&d);
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "fit") == 0) {
			fit(&d, &k, &neutral, 60);
			set_any(&k);
			print_constants(&k);
		} else if (strcmp(argv[i], "by") == 0 && i + 1 < argc) {
			leave_out(&d, column_of(argv[++i]), &neutral);
			printf("left out by %s:\n", argv[i]);
			show(&d, "all", 0, NULL);
			show_by(&d, column_of(argv[i]));
			for (int n = 0; n < d.count; n++) {
				d.rows[n].held = false;
			}
		} else {
			rows = strcmp(argv[i], "rows") == 0;
			if (strcmp(argv[i], "power") == 0) {
				show_power(&d, &k);
			}
		}
	}
	estimate_all(&d, &k, false);
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
	return 0;
}
