/* fits_keep.c: the fits in use as lines of JSON, stored in a ledger (schemas/fit.schema.json). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "attribute/model/fits_private.h"
#include "core/files/files.h"
#include "core/digest.h"
#include "core/instant.h"
#include "core/json.h"

static const char *const role_names[] = {"mixed", "prefill", "decode"};
static const char *const origin_names[MODEL_ORIGINS] = {
	[MODEL_FITTED] = "fitted", [MODEL_NEIGHBOUR] = "neighbour", [MODEL_ROOFLINE] = "published", [MODEL_TOKENS] = "tokens",
};
static void put_text(FILE *out, const char *key, struct text t) {
	fprintf(out, ",\"%s\":", key);
	json_put_text(out, t);
}

static void put_terms(FILE *out, const char *before, const struct step_model *m) {
	bool first = true;

	fprintf(out, "%s\"terms\":[", before);
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

/* For the terms above, in their order. */
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

/* ---- requests and windows ---- */

static void put_rows(FILE *out, const char *name, const struct aggregate_model *m, enum aggregate_kind kind, int terms) {
	fprintf(out, "\"%s\":{\"rows\":%" PRId64 ",\"ns\":[", name, m->rows[kind]);
	for (int i = 0; i < terms; i++) {
		fprintf(out, "%s%.17g", i > 0 ? "," : "", m->ns[kind][i]);
	}
	fputs("]", out);
}

static void put_rebuilt(FILE *out, const struct rebuilt_model *m) {
	fprintf(out, ",\"rebuilt\":{\"rows\":%" PRId64 ",\"budget_ntok\":%" PRId64 ",\"gap_ns\":%" PRId64 ",\"tokens_a_step\":%.6g,\"off\":%.6g,", m->steps.steps,
	        m->budget_ntok, m->gap_ns, m->tokens_a_step, m->score);
	put_terms(out, "", &m->steps);
	fputc('}', out);
}

static void put_counted(FILE *out, const struct counted_model *m) {
	static const char *const names[COUNTED_TERMS] = {"step", "sequence", "context", "token", "attention", "prompt"};

	fprintf(out, ",\"counted\":{\"rows\":%" PRId64 ",\"budget_ntok\":%.0f", m->rows, m->budget_ntok);
	for (int i = 0; i < COUNTED_TERMS; i++) {
		fprintf(out, ",\"%s_ns\":%.17g", names[i], m->ns[i]);
	}
	fprintf(out, ",\"share_sd\":%.6g,\"time_sd\":%.6g}", m->share_sd, m->time_sd);
}

static void put_gauged(FILE *out, const struct gauged_model *m) {
	static const char *const names[GAUGED_TERMS] = {"step", "sequence", "context", "token", "attention", "prompt"};

	fprintf(out, ",\"gauged\":{\"rows\":%" PRId64, m->rows);
	for (int i = 0; i < GAUGED_TERMS; i++) {
		fprintf(out, ",\"%s_ns\":%.17g", names[i], m->ns[i]);
	}
	fprintf(out, ",\"share_sd\":%.6g,\"form_sd\":%.6g,\"time_sd\":%.6g}", m->share_sd, m->form_sd, m->time_sd);
}

static void put_aggregates(FILE *out, const struct aggregates *r, const struct aggregate_model *m) {
	static const char *const origins[AGGREGATE_ORIGINS] = {
		[AGGREGATE_OWN] = "own", [AGGREGATE_ROLES] = "other_roles", [AGGREGATE_PRIOR] = "published",
	};

	if (r->totals[TOTAL_WINDOWS] > 0) {
		fputc(',', out);
		put_rows(out, "windows", m, AGGREGATE_WINDOW, 3);
		fprintf(out, ",\"origin\":\"%s\",\"share_sd\":%.6g,\"time_sd\":%.6g", origins[m->origin], m->window_share_sd, m->window_time_sd);
		if (m->has_counted) {
			put_counted(out, &m->counted);
		}
		if (m->has_gauged) {
			put_gauged(out, &m->gauged);
		}
		fputc('}', out);
	}
	if (m->rows[AGGREGATE_STEP] + m->rows[AGGREGATE_PROMPT] + m->rows[AGGREGATE_LIFE] > 0) {
		fputs(",\"requests\":{", out);
		put_rows(out, "step", m, AGGREGATE_STEP, 3);
		fputs("},", out);
		put_rows(out, "prompt", m, AGGREGATE_PROMPT, 4);
		fputs("},", out);
		put_rows(out, "life", m, AGGREGATE_LIFE, 3);
		fprintf(out, "},\"share_sd\":%.6g", m->both_share_sd);
		if (m->has_rebuilt) {
			put_rebuilt(out, &m->rebuilt);
		}
		fputc('}', out);
	}
}

/* ---- a fit ---- */

static void put_key(FILE *out, const struct names *names, const struct fit *fit, const char *evidence) {
	char day[INSTANT_TEXT_MAX];

	fprintf(out, "{\"schema\":\"tollbook.fit.v1\",\"day\":\"%.10s\"", instant_format(fit->key.day_ns, day));
	put_text(out, "model", names_text(names, fit->key.model));
	put_text(out, "gpu", names_text(names, fit->key.gpu));
	fprintf(out, ",\"gpus\":%" PRId64 ",\"role\":\"%s\",\"evidence\":\"%s\"", fit->key.gpus_per_replica, role_names[fit->key.role],
	        evidence);
}

static void put_model(FILE *out, const struct fit *fit) {
	const struct step_model *m = &fit->model;
	char day[INSTANT_TEXT_MAX];

	fprintf(out, ",\"origin\":\"%s\"", origin_names[m->origin]);
	if (m->origin == MODEL_NEIGHBOUR) {
		fprintf(out, ",\"taken_from\":\"%.10s\"", instant_format(fit->taken_from_ns, day));
	}
	fprintf(out, ",\"steps\":%" PRId64 ",\"outliers\":%" PRId64 ",\"residual\":%.6g,\"attention\":%s,\"context\":%s", m->steps, m->outliers,
	        m->residual_relative, m->has_attention ? "true" : "false", m->has_context ? "true" : "false");
	fprintf(out, ",\"form_sd\":%.6g", m->form_share_sd);
	put_terms(out, ",", m);
	if (m->ns[TERM_OVERLAP] > 0) {
		fprintf(out, ",\"overlap_of\":[%.17g,%.17g,%.17g,%.17g,%.17g]", m->overlap.token_kv, m->overlap.prefill_kv, m->overlap.kv,
		        m->overlap.unequal, m->overlap.near);
	}
	if (fit->ranks.pairs > 0) {
		fprintf(out, ",\"ranks\":{\"pairs\":%d,\"token\":%d,\"shared\":%d}", fit->ranks.pairs, fit->ranks.token, fit->ranks.shared);
	}
	put_covariance(out, m);
}

/* Fits of the day with the hash of what they rest on; models are computed after all were read. */
struct keeping {
	struct attribution_fits *fits;
	int64_t day_ns;
	struct kept {
		struct fit *fit;
		char evidence[DIGEST_HEX_MAX];
	} *at;
	size_t count;
};

static void keep(void *keeping, struct fit *fit, const struct step_bins *bins) {
	struct keeping *k = keeping;

	if (fit->key.day_ns == k->day_ns && (fit->by_steps || fit->aggregates)) {
		k->at = must_realloc(k->at, (k->count + 1) * sizeof *k->at);
		k->at[k->count].fit = fit;
		fit_hash(fit, bins, k->at[k->count++].evidence);
	}
}

static int emit(struct keeping *k, const struct kept *kept, fit_sink *sink, void *context) {
	const struct names *names = k->fits->names;
	const struct fit *fit = kept->fit;
	char part[1024], *line = NULL;
	size_t len = 0;
	FILE *out = memory_open(&line, &len);

	put_key(out, names, fit, kept->evidence);
	if (fit->by_steps) {
		put_model(out, fit);
	}
	if (fit->aggregates) {
		put_aggregates(out, fit->aggregates, fits_aggregate_model(k->fits, &fit->key));
	}
	fputc('}', out);
	memory_close(out, &line);
	int n = snprintf(part, sizeof part, "%.*s\t%.*s\t%" PRId64 "\t%s", TEXT_ARG(text_cut(names_text(names, fit->key.model), 0, 400)),
	                 TEXT_ARG(text_cut(names_text(names, fit->key.gpu), 0, 400)), fit->key.gpus_per_replica, role_names[fit->key.role]);
	int rc = sink(context, fit->key.day_ns, (struct text){part, (size_t)n}, (struct text){line, len});
	free(line);
	return rc;
}

int fits_keep(struct attribution_fits *f, int64_t day_ns, fit_sink *sink, void *context, struct fault *why) {
	struct keeping k = {.fits = f, .day_ns = day_ns};
	int rc = fits_each(f, keep, &k, why);

	for (size_t i = 0; i < k.count && rc >= 0; i++) {
		rc = emit(&k, &k.at[i], sink, context);
	}
	free(k.at);
	return rc;
}
