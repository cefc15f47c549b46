/* rows.c: reads measurements.tsv and sets up the estimate of each row. */
#include "tests/published/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/exact.h"

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

void read_rows(struct data *d, const char *dir) {
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
		if (set_costs(r, dir)) {
			d->count++;
		} else {
			free(r->line);
		}
	}
	fclose(f);
	for (int i = 0; i < d->count; i++) {
		d->rows[i].weight = 1 / sqrt(like(d, &d->rows[i]));
	}
}

void free_rows(struct data *d) {
	for (int i = 0; i < d->count; i++) {
		free(d->rows[i].line);
	}
	free(d->rows);
}

double estimated(struct row *r, const struct law_constants *k) {
	struct costs *c = &r->costs;
	const char *phase = r->field[PHASE];

	c->law.constants = k;
	double in = costs_uncached_ns(c, c->prompt, 0), out = costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2);
	if (strcmp(phase, "prefill") == 0) {
		return 1e9 * c->gpus / in;
	}
	return strcmp(phase, "decode") == 0 ? 1e9 * c->gpus / out : c->output / (c->prompt * in + c->output * out) * 1e9 * c->gpus;
}
