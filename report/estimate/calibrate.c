#include "report/estimate/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/files/files.h"
#include "core/json.h"

#define FILE_MAX_BYTES (64u << 20)
#define SAME_CARD_SPREAD 0.25 /* what is left on the simulated runs with a known answer: x / 1.3 */
#define EXPERTS_SPREAD 0.25   /* in addition, for experts, which the form of a fit does not have */
#define OTHER_CARD_SPREAD 0.5 /* between GPUs by the law: fit.c, one GPU left out */
#define PROBE_FEW 16.0        /* tokens of a step that is floor and weights */
#define PROBE_FROM 512.0
#define PROBE_TO 2048.0

#define TERMS_MAX 32

/* One fit of a model report. */
struct fit {
	struct text gpu;
	int64_t gpus;
	double floor, token, pair, before, context, differing, mixed, mixed_differing, residual;
	double alone_steps, mixed_steps; /* of sequences; and beside prompts */
	int count;
	struct {
		double ntok, ns;
		bool early; /* up to ntok, else above it */
	} slopes[TERMS_MAX];
};

static bool parse_double(struct text t, double *out) {
	int64_t nano;
	struct text rest = text_trim(t), word = rest;

	text_until(&rest, T(" "), &word);
	if (!decimal_parse(word, 0, &nano)) {
		return false;
	}
	*out = (double)nano / 1e9;
	return true;
}

/* "llama-3.1-8b on 1 x RTX-PRO-6000-96GB, mixed, 2026-08-10" */
static bool parse_head(struct text line, struct fit *f) {
	struct text name, rest = line, count;

	if (!text_until(&rest, T(" on "), &name) || !text_until(&rest, T(" x "), &count) || !text_to_i64(text_trim(count), &f->gpus)) {
		return false;
	}
	return f->gpus > 0 && text_until(&rest, T(", "), &f->gpu);
}

/* "  c   token of the batch beyond 8                    18229.8510      2066.0054" */
static void parse_term(struct text line, struct fit *f) {
	static const struct text words[] = {T("b0  floor of a step"), T("b1  token of the batch"), T("b2  token x context of prefill"), T("b6  context token before a chunk"),
	                                    T("b3  context token of decode"), T("b7  context token, extra if contexts differ"),
	                                    T("b4  the same in mixed steps, extra"), T("b8  the same in mixed steps, extra")};
	double *out[] = {&f->floor, &f->token, &f->pair, &f->before, &f->context, &f->differing, &f->mixed, &f->mixed_differing};
	struct text t = text_trim(line);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_starts(t, words[i])) {
			parse_double(text_cut(t, words[i].len, t.len), out[i]);
			return;
		}
	}
	bool early = text_skip(&t, T("e   token of the batch up to ")), beyond = !early && text_skip(&t, T("c   token of the batch beyond "));
	int64_t ntok;
	if ((early || beyond) && f->count < TERMS_MAX && text_take_i64(&t, &ntok) && parse_double(t, &f->slopes[f->count].ns)) {
		f->slopes[f->count].ntok = (double)ntok;
		f->slopes[f->count++].early = early;
	}
	if (text_skip(&t, T("residual: "))) {
		struct text share;
		if (text_until(&t, T(" %"), &share) && parse_double(share, &f->residual)) {
			f->residual /= 100;
		}
	}
}

/* "cross-check: steps of both, each predicted by …: 4600 steps, error …": how many there are. */
static void parse_steps(struct text line, struct fit *f) {
	struct text t = line, before;
	bool alone = text_skip(&t, T("cross-check: steps of sequences alone"));
	int64_t steps;

	if ((alone || text_skip(&t, T("cross-check: steps of both"))) && text_until(&t, T(": "), &before) && text_take_i64(&t, &steps)) {
		*(alone ? &f->alone_steps : &f->mixed_steps) = (double)steps;
	}
}

/* The first fit of the report with a floor. */
static bool read_report(struct text bytes, struct fit *f) {
	struct text line;

	*f = (struct fit){.gpus = 0};
	while (bytes.len > 0) {
		if (!text_until(&bytes, T("\n"), &line)) {
			line = bytes;
			bytes.len = 0;
		}
		struct fit next = {.gpus = 0};
		if (line.len > 0 && line.at[0] != ' ' && parse_head(line, &next)) {
			if (f->floor > 0) {
				return true;
			}
			*f = next;
		} else {
			parse_term(line, f);
			parse_steps(line, f);
		}
	}
	return f->floor > 0;
}

static double tokens_ns(const struct fit *f, double n) {
	double ns = f->floor + f->token * n;

	for (int i = 0; i < f->count; i++) {
		ns += f->slopes[i].ns * (f->slopes[i].early ? fmin(n, f->slopes[i].ntok) : fmax(0, n - f->slopes[i].ntok));
	}
	return ns;
}

/* Attention of one prompt token to so many before it. */
static double law_pairs_ns(const struct law *l, double context) {
	struct law_step s;

	law_step(l, 1, context, 0, 0, &s);
	return s.prefill_attention_ns;
}

static double law_ns(const struct law *l, double p, double d, double k) {
	struct law_step s;

	law_step(l, p, 0, d, k, &s);
	return s.total_ns;
}

/* A context token of decode: its own time, more of it where contexts differ, and beside prompts in the share of steps that have some. */
static double context_ns(const struct fit *f) {
	double steps = f->alone_steps + f->mixed_steps, mixed = steps > 0 ? f->mixed_steps / steps : 0;

	return f->context + f->differing + mixed * (f->mixed + f->mixed_differing);
}

/* Attention of a prompt's token to one of its context, in a chunk of so many tokens. */
static double pair_ns(const struct fit *f, double chunk) {
	return f->pair + f->before / chunk;
}

static double within(double x) {
	return isfinite(x) ? fmax(0.05, fmin(20, x)) : 1;
}

static int by_report(struct costs *c, const struct fit *f, const char *path, const char *catalogue_path, struct fault *why) {
	struct gpu_catalogue *cards;
	int err = gpu_catalogue_read(&cards, catalogue_path, why);

	if (err) {
		return err;
	}
	const struct gpu *g = gpu_find(cards, f->gpu);
	if (!g) {
		gpu_catalogue_free(cards);
		return fault_set(why, ERROR_CONFIG, "--calibrate %s: its GPU %.*s is not in the catalogue, expected --gpus-file", path,
		                 (int)(f->gpu.len < 40 ? f->gpu.len : 40), f->gpu.at);
	}
	struct law_layout layout = {.gpus = f->gpus};
	struct law log;
	err = law_layout_complete(&layout, &c->law.peak.model, why);
	law_init(&log, &c->law.peak.model, g, &layout, c->law.engine);
	c->law.stretch_base = within(tokens_ns(f, PROBE_FEW) / law_ns(&log, 0, PROBE_FEW, 0));
	double slope = (tokens_ns(f, PROBE_TO) - tokens_ns(f, PROBE_FROM)) / (law_ns(&log, PROBE_TO, 0, 0) - law_ns(&log, PROBE_FROM, 0, 0));
	c->law.stretch_arithmetic = slope > 0 ? within(slope) : 1;
	double context = 2048, cache = (law_ns(&log, 0, 64, 64 * context) - law_ns(&log, 0, 64, 0)) / (64 * context);
	c->law.stretch_cache = context_ns(f) > 0 ? within(context_ns(f) / cache) : 1;
	double chunk = (double)law_chunk(c->law.engine), pairs = (law_pairs_ns(&log, 2 * context) - law_pairs_ns(&log, context)) / context;
	c->law.stretch_pairs = pair_ns(f, chunk) > 0 ? within(pair_ns(f, chunk) / pairs) : c->law.stretch_arithmetic;
	bool same = strcmp(g->name, c->law.peak.gpu.name) == 0;
	c->law.own_spread = (same ? SAME_CARD_SPREAD : OTHER_CARD_SPREAD) + (c->law.peak.model.experts > 0 ? EXPERTS_SPREAD : 0) + 2 * f->residual;
	snprintf(c->calibrated, sizeof c->calibrated,
	         "Calibrated by a log on %lld x %s: floor and weights x %.2f, arithmetic x %.2f, prompts' attention x %.2f, caches x %.2f\nof the published constants.",
	         (long long)f->gpus, g->name, c->law.stretch_base, c->law.stretch_arithmetic, c->law.stretch_pairs, c->law.stretch_cache);
	gpu_catalogue_free(cards);
	return err;
}

/* ---- a statement ---- */

static bool parse_count(const struct json *j, json_at object, const char *key, double *out) {
	int64_t n;

	if (object == JSON_ABSENT || !json_i64(j, json_get(j, object, text_of(key)), &n)) {
		return false;
	}
	*out = (double)n;
	return true;
}

/*
 * GPU-ns of an uncached input token and of an output token of the whole statement, compared with the law's at its
 * batch.
 */
static int by_statement(struct costs *c, const struct json *j, const char *path, struct fault *why) {
	json_at total = json_get(j, 0, T("total"));
	json_at tokens = total == JSON_ABSENT ? JSON_ABSENT : json_get(j, total, T("tokens"));
	json_at gpu_ns = total == JSON_ABSENT ? JSON_ABSENT : json_get(j, total, T("gpu_ns"));
	double input, cached = 0, output, prefill, decode;

	if (!parse_count(j, tokens, "input", &input) || !parse_count(j, tokens, "output", &output) || !parse_count(j, gpu_ns, "prefill", &prefill) ||
	    !parse_count(j, gpu_ns, "decode", &decode) || output < 1 || prefill <= 0 || decode <= 0) {
		return fault_set(why, ERROR_CONFIG, "--calibrate %s: neither a model report nor a statement with tokens and GPU time of prefill and decode", path);
	}
	parse_count(j, tokens, "input_cached", &cached);
	double in = prefill / fmax(1, input - cached), out = decode / output;
	double published_in = costs_uncached_ns(c, c->prompt, c->cached), published_out = costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2);
	/* Each of the two moves the other a little: weights are read by prompts, and decode computes. */
	for (int i = 0; i < 8; i++) {
		c->law.stretch_arithmetic = within(c->law.stretch_arithmetic * in / costs_uncached_ns(c, c->prompt, c->cached));
		c->law.stretch_pairs = c->law.stretch_arithmetic;
		c->law.stretch_base = within(c->law.stretch_base * out / costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2));
		c->law.stretch_cache = c->law.stretch_base;
	}
	snprintf(c->calibrated, sizeof c->calibrated,
	         "Calibrated by a statement: prefill took %.2f GPU-us a token (x %.2f of the published constants), decode %.1f (x %.2f, if its batch was %lld).",
	         in / 1e3, in / published_in, out / 1e3, out / published_out, (long long)c->batch);
	return 0;
}

int calibrate(struct costs *c, const char *path, const char *catalogue_path, struct fault *why) {
	struct text bytes;
	struct fit f;
	size_t bad;
	int err = file_read(path, FILE_MAX_BYTES, &bytes, why);

	if (err) {
		return err;
	}
	if (read_report(bytes, &f)) {
		err = by_report(c, &f, path, catalogue_path, why);
	} else {
		struct json *j = json_new();
		err = json_parse(j, bytes, &bad) ? by_statement(c, j, path, why)
		                                 : fault_set(why, ERROR_CONFIG, "--calibrate %s: neither a model report nor a statement in JSON", path);
		json_free(j);
	}
	free((void *)bytes.at);
	return err;
}
