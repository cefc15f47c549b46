/* fits_keep.c: the fits in use as lines of JSON, for a ledger to keep (schemas/fit.schema.json). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "attribute/fits_private.h"
#include "core/digest.h"
#include "core/instant.h"
#include "core/json.h"

static const char *const role_names[] = {"mixed", "prefill", "decode"};
static const char *const origin_names[MODEL_ORIGINS] = {
	[MODEL_FITTED] = "fitted", [MODEL_NEIGHBOUR] = "neighbour", [MODEL_ROOFLINE] = "published", [MODEL_TOKENS] = "tokens",
};
static void put_text(FILE *out, const char *key, struct text t) {
	size_t room = 6 * t.len + 1;
	char *safe = must_alloc(room);

	json_escape(t, safe, room);
	fprintf(out, ",\"%s\":\"%s\"", key, safe);
	free(safe);
}

static void put_terms(FILE *out, const struct step_model *m) {
	bool first = true;

	fputs(",\"terms\":[", out);
	for (int i = 0; i < TERMS; i++) {
		int64_t ntok;
		const char *name = step_model_term(i, &ntok);
		if (m->ns[i] == 0) {
			continue;
		}
		fprintf(out, "%s{\"term\":\"%s\"", first ? "" : ",", name);
		if (ntok >= 0) {
			fprintf(out, ",\"ntok\":%" PRId64, ntok);
		}
		fprintf(out, ",\"ns\":%.17g,\"sd\":%.6g}", m->ns[i], sqrt(m->covariance[i][i]));
		first = false;
	}
	fputc(']', out);
}

/* Of the terms above, in their order. */
static void put_covariance(FILE *out, const struct step_model *m) {
	bool first = true;

	fputs(",\"covariance\":[", out);
	for (int i = 0; i < TERMS; i++) {
		for (int j = 0; j < TERMS; j++) {
			if (m->ns[i] != 0 && m->ns[j] != 0) {
				fprintf(out, "%s%.17g", first ? "" : ",", m->covariance[i][j]);
				first = false;
			}
		}
	}
	fputc(']', out);
}

/* ---- step models ---- */

struct keeping {
	struct attribution_fits *fits;
	int64_t day_ns;
	fit_sink *sink;
	void *context;
	int rc;
};

static void put_model(FILE *out, const struct names *names, const struct fit *fit, const char *evidence) {
	const struct step_model *m = &fit->model;
	char day[INSTANT_TEXT_MAX];

	fprintf(out, "{\"schema\":\"tollbook.fit.v1\",\"day\":\"%.10s\"", instant_format(fit->key.day_ns, day));
	put_text(out, "model", names_text(names, fit->key.model));
	put_text(out, "gpu", names_text(names, fit->key.gpu));
	fprintf(out, ",\"gpus\":%" PRId64 ",\"role\":\"%s\",\"origin\":\"%s\"", fit->key.gpus_per_replica, role_names[fit->key.role],
	        origin_names[m->origin]);
	if (m->origin == MODEL_NEIGHBOUR) {
		fprintf(out, ",\"taken_from\":\"%.10s\"", instant_format(fit->taken_from_ns, day));
	}
	fprintf(out, ",\"steps\":%" PRId64 ",\"outliers\":%" PRId64 ",\"residual\":%.6g,\"attention\":%s,\"context\":%s,\"evidence\":\"%s\"",
	        m->steps, m->outliers, m->residual_relative, m->has_attention ? "true" : "false", m->has_context ? "true" : "false", evidence);
	put_terms(out, m);
	put_covariance(out, m);
	fputc('}', out);
}

static void give_model(void *keeping, struct fit *fit, const struct cells *cells) {
	struct keeping *k = keeping;
	const struct names *names = k->fits->names;
	char part[1024], hash[DIGEST_HEX_MAX], *line = NULL;
	size_t len = 0;

	if (k->rc < 0 || fit->key.day_ns != k->day_ns || !fit->by_steps) {
		return;
	}
	cells_hash(cells, hash);
	FILE *out = open_memstream(&line, &len);
	if (!out) {
		die_out_of_memory();
	}
	put_model(out, names, fit, hash);
	if (ferror(out) | fclose(out)) { /* a stream in memory fails where memory is short */
		die_out_of_memory();
	}
	int n = snprintf(part, sizeof part, "%.*s\t%.*s\t%" PRId64 "\t%s", TEXT_ARG(text_cut(names_text(names, fit->key.model), 0, 400)),
	                 TEXT_ARG(text_cut(names_text(names, fit->key.gpu), 0, 400)), fit->key.gpus_per_replica, role_names[fit->key.role]);
	k->rc = k->sink(k->context, fit->key.day_ns, (struct text){part, (size_t)n}, (struct text){line, len});
	free(line);
}

int fits_keep(struct attribution_fits *f, int64_t day_ns, fit_sink *sink, void *context, struct fault *why) {
	struct keeping k = {f, day_ns, sink, context, 0};
	int rc = fits_each(f, give_model, &k, why);

	return rc < 0 ? rc : k.rc;
}
