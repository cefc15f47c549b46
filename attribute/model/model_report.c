/* model_report.c: the fitted step models, for people who want to see what a split rests on. */
#include <math.h>
#include <stdlib.h>

#include "attribute/model/fits_private.h"
#include "core/instant.h"
#include "core/json.h"

static const char *const role_names[] = {"mixed", "prefill", "decode"};
static const char *const origin_names[MODEL_ORIGINS] = {
	[MODEL_FITTED] = "fitted to the day's own steps",
	[MODEL_NEIGHBOUR] = "taken from the nearest day of the same pool",
	[MODEL_ROOFLINE] = "too few steps to fit: from published figures of the GPU",
	[MODEL_TOKENS] = "none: all tokens of a step count the same",
};

static const char *term_name(int term, char out[64]) {
	static const char *const names[TERMS] = {
		[TERM_FLOOR] = "b0  floor of a step",
		[TERM_TOKENS] = "b1  token of the batch",
		[TERM_ATTENTION] = "b2  token x context of prefill",
		[TERM_CONTEXT] = "b3  context token of decode",
		[TERM_MIXED_CONTEXT] = "b4  the same in mixed steps, extra",
		[TERM_PROMPT] = "b5  a prompt in the batch, extra",
		[TERM_PREFILL_CONTEXT] = "b6  context token before a chunk",
		[TERM_UNEQUAL] = "b7  context token, extra if contexts differ",
		[TERM_MIXED_UNEQUAL] = "b8  the same in mixed steps, extra",
		[TERM_NEAR_CONTEXT] = "b9  context token up to a total of 32768",
		[TERM_OVERLAP] = "b10 hidden share of the smaller attention",
		[TERM_BOTH] = "b11 prompts and sequences in the batch, extra",
		[TERM_TILE] = "b12 token up to a whole tile of 256",
	};
	bool early = term >= TERM_EARLY && term < TERM_EARLY + EARLY_COUNT;

	if (!names[term]) {
		snprintf(out, 64, early ? "e   token of the batch up to %lld" : "c   token of the batch beyond %lld",
		         (long long)(early ? early_ntok[term - TERM_EARLY] : hinge_ntok[term - TERM_HINGES]));
		return out;
	}
	return names[term];
}

static void print_terms(FILE *out, const struct step_model *m) {
	char name[64];

	fprintf(out, "  %-44s %16s %14s\n", "term", "ns per unit", "std. error");
	for (int i = 0; i < TERMS; i++) {
		if (m->ns[i] != 0) {
			fprintf(out, "  %-44s %16.4f %14.4f\n", term_name(i, name), m->ns[i], sqrt(m->covariance[i][i]));
		}
	}
}

/* The rates if the fleet file names a description of the model: a byte per nanosecond is a GB per second. */
static void print_speeds(FILE *out, const struct step_model *m, double token_ns, const struct modelspec *described) {
	struct modelsize size;

	modelspec_size(described, &size);
	if (m->ns[TERM_FLOOR] > 0) {
		fprintf(out, "  the floor reads weights at %.0f GB/s or more\n", (double)size.always_bytes / m->ns[TERM_FLOOR]);
	}
	if (token_ns > 0) {
		fprintf(out, "  a large batch computes %.1f TFLOP/s in matrix products\n", (double)size.token_flops / token_ns / 1000);
	}
	if (m->context_ns > 0) {
		fprintf(out, "  decode reads its cache at %.0f GB/s\n", (double)size.kv_token_bytes / m->context_ns);
	}
	if (m->ns[TERM_ATTENTION] > 0) {
		fprintf(out, "  prompts' attention computes %.1f TFLOP/s\n", (double)size.prefill_pair_flops / m->ns[TERM_ATTENTION] / 1000);
	}
}

/* Rates that the coefficients imply; `described` may be NULL. */
static void print_rates(FILE *out, const struct step_model *m, const struct modelspec *described) {
	double token_ns = m->ns[TERM_TOKENS];

	for (int i = 0; i < HINGE_COUNT; i++) {
		token_ns += m->ns[TERM_HINGES + i];
	}
	if (token_ns > 0) {
		fprintf(out, "  a large batch computes %.0f tokens a second\n", 1e9 / token_ns);
	}
	double context_ns = m->context_ns > 0 ? m->context_ns : m->ns[TERM_CONTEXT];
	if (context_ns > 0) {
		fprintf(out, "  decode reads %.0f context tokens a second\n", 1e9 / context_ns);
	}
	if (described) {
		print_speeds(out, m, token_ns, described);
	}
}

static void print_covariance(FILE *out, const struct step_model *m) {
	fprintf(out, "  covariance of the coefficients that are not 0, in the order above:\n");
	for (int i = 0; i < TERMS; i++) {
		if (m->ns[i] == 0) {
			continue;
		}
		fputs("   ", out);
		for (int j = 0; j < TERMS; j++) {
			if (m->ns[j] != 0) {
				fprintf(out, " %11.3e", m->covariance[i][j]);
			}
		}
		fputc('\n', out);
	}
}

/* Names come from logs: without control characters. */
static void print_name(FILE *out, struct text name, const char *by_default) {
	char safe[512];

	json_escape(text_cut(name, 0, 80), safe, sizeof safe);
	fputs(name.len > 0 ? safe : by_default, out);
}

static void print_published(FILE *out, const struct step_model *m) {
	fprintf(out, "  %s\n", m->has_context ? "the model is that of the fleet file's \"description\""
	                                     : "attention is ignored: the fleet file has no \"description\" of the "
					       "model");
	fprintf(out, "  %-44s %16s\n", "term", m->has_context ? "ns per unit" : "in proportion");
	for (int i = 0; i < TERMS; i++) {
		if (m->ns[i] != 0) {
			char name[64];
			fprintf(out, "  %-44s %16.4f\n", term_name(i, name), m->ns[i]);
		}
	}
	fputc('\n', out);
}

static void print_key(FILE *out, const struct names *names, const struct fit_key *k) {
	char day[INSTANT_TEXT_MAX];

	print_name(out, names_text(names, k->model), "(no model named)");
	fprintf(out, " on %lld x ", (long long)k->gpus_per_replica);
	print_name(out, names_text(names, k->gpu), "GPU");
	fprintf(out, ", %s, %.10s\n", role_names[k->role], instant_format(k->day_ns, day));
}

static void print_quantiles(FILE *out, const struct step_model *m) {
	fputs("  quantiles of residuals, by bins of similar steps:", out);
	for (int q = 0; q < RESIDUAL_QUANTILES; q++) {
		fprintf(out, "%s %d %% %+.1f", q > 0 ? "," : "", residual_per_cent[q], 100 * m->residual_quantiles[q]);
	}
	fputc('\n', out);
}

static void print_model(FILE *out, const struct attribution_fits *f, const struct fit_key *k, const struct step_model *m) {
	const struct modelspec *described = f->fleet ? fleet_description_of(f->fleet, k->model, k->gpu, k->gpus_per_replica) : NULL;

	print_key(out, f->names, k);
	fprintf(out, "  %s; %lld steps, %lld of them left out as outliers\n", origin_names[m->origin], (long long)m->steps,
	        (long long)m->outliers);
	if (m->origin == MODEL_TOKENS) {
		fputc('\n', out);
		return;
	}
	if (m->origin == MODEL_ROOFLINE) { /* no fit, so no residuals */
		print_published(out, m);
		return;
	}
	fprintf(out, "  prefill's contexts were %s, decode's were %s\n", m->has_attention ? "known" : "not known",
	        m->has_context ? "known" : "not known");
	print_terms(out, m);
	fprintf(out, "  residual: %.2f %% of a step's time (standard deviation)\n", 100 * m->residual_relative);
	print_quantiles(out, m);
	fprintf(out, "  other forms that fit as well: prefill's share of mixed steps off by up to %.2f %%\n", 200 * m->form_share_sd);
	print_rates(out, m, described);
	print_covariance(out, m);
	fputc('\n', out);
}

/* ---- of requests and windows ---- */

static const char *const aggregate_origin_names[AGGREGATE_ORIGINS] = {
	[AGGREGATE_OWN] = "fitted to the pool's own windows",
	[AGGREGATE_ROLES] = "too few windows of its own: fitted to those of the same model and GPU in other roles too",
	[AGGREGATE_PRIOR] = "no window that was busy throughout: proportions from published figures of the GPU",
};

static void print_aggregate_row(FILE *out, const struct aggregate_model *m, enum aggregate_kind kind, const char *what) {
	fprintf(out, "  %-44s %7lld rows ", what, (long long)m->rows[kind]);
	for (int i = 0; i < AGGREGATE_TERMS && m->rows[kind] + (kind == AGGREGATE_WINDOW) > 0; i++) {
		fprintf(out, " %.6g", m->ns[kind][i]);
	}
	fputc('\n', out);
}

static void print_counted(FILE *out, const struct counted_model *m) {
	static const char *const names[COUNTED_TERMS] = {
		"step without prompts", "sequence in a step", "token of their context", "prompt token", "prompt token x its context", "step with prompts",
	};

	fprintf(out, "  engines count steps: %lld rows; prompts in steps of %.0f tokens\n", (long long)m->rows, m->budget_ntok);
	for (int i = 0; i < COUNTED_TERMS; i++) {
		fprintf(out, "    %-42s %16.4f\n", names[i], m->ns[i]);
	}
	fprintf(out, "  split: sd %.1f %% of busy time, of which %.1f %% by the bootstrap; time of windows not busy throughout: sd %.1f %%\n", 100 * m->share_sd,
	        100 * m->drawn_sd, 100 * m->time_sd);
}

static void print_gauged(FILE *out, const struct gauged_model *m) {
	static const char *const names[GAUGED_TERMS] = {
		"step without prompts", "sequence in a step", "token of their context", "prompt token", "prompt token x its context", "step with prompts",
	};

	fprintf(out, "  gauges of running sequences: %lld rows\n", (long long)m->rows);
	for (int i = 0; i < GAUGED_TERMS; i++) {
		fprintf(out, "    %-42s %16.4f\n", names[i], m->ns[i]);
	}
	fprintf(out, "  split: sd %.1f %% of busy time, and %.0f %% of the smaller phase; time of windows not busy throughout: sd %.1f %%\n", 100 * m->share_sd,
	        100 * m->form_sd, 100 * m->time_sd);
	if (m->tokens_a_step > 1) {
		fprintf(out, "  a step would take less than reading the weights: drafts, or fewer bits per weight; %.2f tokens per step and sequence\n", m->tokens_a_step);
	}
}

static void print_windows(FILE *out, const struct aggregate_model *m) {
	if (m->has_gauged) {
		print_gauged(out, &m->gauged);
		return;
	}
	fprintf(out, "  %s\n", aggregate_origin_names[m->origin]);
	if (m->has_counted) {
		print_counted(out, &m->counted);
		return;
	}
	print_aggregate_row(out, m, AGGREGATE_WINDOW, "window: prompt token, decode step, output token");
	fprintf(out, "  split: sd %.1f %% of the smaller phase, of which %.1f %% by the bootstrap; time of windows with a gauge of 0: sd %.1f %%\n",
	        100 * m->window_share_sd, 100 * m->drawn_window, 100 * m->window_time_sd);
}

static void print_rebuilt(FILE *out, const struct rebuilt_model *m) {
	fprintf(out, "  rebuilt steps: %lld rows, mean error %.1f %%; at most %lld tokens per step, %.2f per "
		     "sequence; %.0f us between steps\n",
	        (long long)m->steps.steps, 100 * m->score, (long long)m->budget_ntok, m->tokens_a_step, (double)m->gap_ns / 1e3);
	fprintf(out, "  steps with both phases: %.1f %% of the time, split: sd %.1f %% of it by the bootstrap\n", 100 * m->both_part, 100 * m->drawn_sd);
	for (int i = 0; i < TERMS; i++) {
		char name[64];
		if (m->steps.ns[i] > 0) {
			fprintf(out, "    %-42s %16.4f\n", term_name(i, name), m->steps.ns[i]);
		}
	}
}

static void print_requests(FILE *out, const struct aggregate_model *m) {
	print_aggregate_row(out, m, AGGREGATE_STEP, "decode step alone: 1, sequence, context token");
	print_aggregate_row(out, m, AGGREGATE_PROMPT, "step with prompts: 1, prompt token, sequence, context token");
	print_aggregate_row(out, m, AGGREGATE_LIFE, "request: 1, prompt token, output token");
	fprintf(out, "  split of time with both phases: sd %.1f %% of it, of that %.1f %% by the bootstrap\n", 100 * m->both_share_sd,
	        100 * m->drawn_both);
	if (m->has_rebuilt) {
		print_rebuilt(out, &m->rebuilt);
	}
}

static void print_aggregates(FILE *out, const struct names *names, const struct fit *fit, const struct aggregate_model *m) {
	print_key(out, names, &fit->key);
	if (fit->aggregates->totals[TOTAL_WINDOWS] > 0) {
		print_windows(out, m);
	}
	if (m->rows[AGGREGATE_STEP] + m->rows[AGGREGATE_PROMPT] + m->rows[AGGREGATE_LIFE] > 0) {
		print_requests(out, m);
	}
	fputc('\n', out);
}

void fits_print(struct attribution_fits *f, int64_t from_ns, int64_t to_ns, FILE *out) {
	struct fit **list = fits_sorted(f);

	for (size_t i = 0, count = f->count; i < count; i++) {
		const struct fit_key *key = &list[i]->key;
		if (key->day_ns >= to_ns || key->day_ns + NS_PER_DAY <= from_ns) {
			continue; /* read for adjacent days only */
		}
		if (list[i]->by_steps) {
			print_model(out, f, key, fits_model(f, key));
		}
		if (list[i]->aggregates) {
			print_aggregates(out, f->names, list[i], fits_aggregate_model(f, key));
		}
	}
	free(list);
}
