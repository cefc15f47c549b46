#include "report/estimate/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "core/exact.h"
#include "core/files/files.h"
#include "core/json.h"
#include "core/model/log_fit.h"

#define FILE_MAX_BYTES (64u << 20)
#define SAME_CARD_SPREAD 0.25 /* the remaining error on simulated runs with a known answer: x / 1.3 */
#define EXPERTS_SPREAD 0.25   /* in addition, for experts, which the form of a fit does not have */
#define OTHER_CARD_SPREAD 0.5 /* between GPUs by the law: fit.c, one GPU left out */
#define PROBE_FEW 16.0        /* tokens of a step that is floor and weights */
#define PROBE_FROM 512.0
#define PROBE_TO 2048.0

/* Attention of one prompt token to this many before it. */
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

static double within(double x) {
	return isfinite(x) ? fmax(0.05, fmin(20, x)) : 1;
}

static int by_report(struct costs *c, const struct log_fit *f, const char *path, const char *catalogue_path, struct fault *why) {
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
	c->law.stretch_base = within(log_fit_tokens_ns(f, PROBE_FEW) / law_ns(&log, 0, PROBE_FEW, 0));
	double slope = (log_fit_tokens_ns(f, PROBE_TO) - log_fit_tokens_ns(f, PROBE_FROM)) / (law_ns(&log, PROBE_TO, 0, 0) - law_ns(&log, PROBE_FROM, 0, 0));
	c->law.stretch_arithmetic = slope > 0 ? within(slope) : 1;
	double context = 2048, cache = (law_ns(&log, 0, 64, 64 * context) - law_ns(&log, 0, 64, 0)) / (64 * context);
	c->law.stretch_cache = log_fit_context_ns(f) > 0 ? within(log_fit_context_ns(f) / cache) : 1;
	double chunk = (double)law_chunk(c->law.engine), pairs = (law_pairs_ns(&log, 2 * context) - law_pairs_ns(&log, context)) / context;
	c->law.stretch_pairs = log_fit_pair_ns(f, chunk) > 0 ? within(log_fit_pair_ns(f, chunk) / pairs) : c->law.stretch_arithmetic;
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
	int128 n;

	if (object == JSON_ABSENT || !json_wide(j, json_get(j, object, text_of(key)), &n)) {
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
	json_at tokens = json_get(j, total, T("tokens"));
	json_at gpu_ns = json_get(j, total, T("gpu_ns"));
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
	struct log_fit f;
	size_t bad;
	int err = file_read(path, FILE_MAX_BYTES, &bytes, why);

	if (err) {
		return err;
	}
	if (log_fit_read(bytes, &f)) {
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
