/*
 * Prometheus text exposition. The llm_ metrics have the names, labels and meanings of OpenCost's inference cost
 * tracking (1.121), so that dashboards made for it work; all others are under tollbook_.
 */
#include <stdlib.h>

#include "report/renderings/renderings.h"

static void put_label(FILE *out, const char *name, struct text value, bool last) {
	size_t size = 12 * value.len + 1;
	char *safe = must_alloc(size);

	printable(value, safe, size);
	fprintf(out, "%s=\"", name);
	for (const char *c = safe; *c; c++) {
		if (*c == '"' || *c == '\\') {
			fputc('\\', out);
		}
		fputc(*c, out);
	}
	fputs(last ? "\"" : "\",", out);
	free(safe);
}

static void put_head(FILE *out, const char *name, const char *help) {
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_nano(FILE *out, int128 nano) {
	char buffer[DECIMAL_TEXT_MAX];
	fprintf(out, "} %s\n", decimal_format(nano, 9, buffer));
}

/* ---- OpenCost's metrics ---- */

enum basis { BASIS_ALLOCATION, BASIS_USAGE, BASES };
static const char *const basis_names[BASES] = {"allocation", "usage"};

static void put_opencost(FILE *out, const char *metric, const struct row *row, const char *basis) {
	fprintf(out, "%s{", metric);
	put_label(out, "model_name", row->model, false);
	fprintf(out, "model_version=\"\",namespace=\"\"%s%s%s", basis ? ",cost_basis=\"" : "", basis ? basis : "",
		basis ? "\"" : "");
}

static int64_t busy_nano(const struct block *b) {
	return block_prefill_nano(b) + b->cost_nano[ENTRY_OUTPUT];
}

static void put_hourly(FILE *out, const struct statement *s, const struct row *row) {
	int64_t period_ns = s->options.to_ns - s->options.from_ns, nano;

	for (int i = 0; i < BASES; i++) {
		const struct block *b = &row->block;
		int64_t cost = i == BASIS_ALLOCATION ? b->capacity_nano : busy_nano(b);
		if (period_ns > 0 && exact_mul_div(cost, NS_PER_HOUR, period_ns, &nano)) {
			put_opencost(out, "llm_total_hourly_cost", row, basis_names[i]);
			put_nano(out, nano);
		}
	}
}

static void put_phase(FILE *out, const struct row *row, const char *phase, const struct unit_cost *u) {
	for (int i = 0; i < BASES && u->known; i++) {
		put_opencost(out, "llm_cost_per_million_tokens", row, basis_names[i]);
		fprintf(out, ",phase=\"%s\",allocation_method=\"%s\"", phase, *phase ? "compute_time" : "");
		put_nano(out, i == BASIS_ALLOCATION ? u->loaded_nano : u->busy_nano);
	}
}

static void put_phases(FILE *out, const struct row *row) {
	put_phase(out, row, "", &row->block.blended);
	put_phase(out, row, "prompt", &row->block.prompt);
	put_phase(out, row, "generation", &row->block.unit[TOKENS_OUTPUT]);
}

static void put_cache(FILE *out, const struct row *row) {
	const struct block *b = &row->block;
	int64_t input = b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED], nano;

	if (input > 0 && !b->cached_unknown && exact_mul_div(b->tokens[TOKENS_CACHED], NANO, input, &nano)) {
		put_opencost(out, "llm_cache_savings_fraction", row, NULL);
		put_nano(out, nano);
	}
}

static void put_opencost_metrics(FILE *out, const struct statement *s) {
	put_head(out, "llm_total_hourly_cost",
		 "Cost of a model per hour of the period; allocation: with idle, usage: without.");
	for (size_t i = 0; i < s->models.count; i++) {
		put_hourly(out, s, table_at(&s->models, i));
	}
	put_head(out, "llm_cost_per_million_tokens",
		 "Cost per million tokens: all (no phase), delivered prompt, generation.");
	for (size_t i = 0; i < s->models.count; i++) {
		put_phases(out, table_at(&s->models, i));
	}
	put_head(out, "llm_cache_savings_fraction", "Share of prompt tokens that came from the cache.");
	for (size_t i = 0; i < s->models.count; i++) {
		put_cache(out, table_at(&s->models, i));
	}
}

/* ---- tollbook's own ---- */

typedef void put_samples(FILE *out, const char *metric, const char *key, struct text name, const struct block *b);

static void put_sample(FILE *out, const char *metric, const char *key, struct text name, const char *label,
		       const char *value, int128 nano) {
	fprintf(out, "%s{", metric);
	put_label(out, key, name, label == NULL);
	if (label) {
		put_label(out, label, text_of(value), true);
	}
	put_nano(out, nano);
}

static void put_gpu(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int i = 0; i < PARTS; i++) {
		put_sample(out, metric, key, name, "part", part_names[i], part_ns(b, i));
	}
}

static void put_cost(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int i = 0; i < PARTS; i++) {
		put_sample(out, metric, key, name, "part", part_names[i], part_nano(b, i));
	}
}

static void put_tokens(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->cached_unknown && k == TOKENS_CACHED) {
			continue; /* not known, which is not 0 */
		}
		fprintf(out, "%s{", metric);
		put_label(out, key, name, false);
		fprintf(out, "kind=\"%s\"} %lld\n", token_kind_names[k], (long long)b->tokens[k]);
	}
}

static void put_unit_busy(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			put_sample(out, metric, key, name, "kind", token_kind_names[k], b->unit[k].busy_nano);
		}
	}
}

static void put_unit_low(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			put_sample(out, metric, key, name, "kind", token_kind_names[k], b->unit[k].low_nano);
		}
	}
}

static void put_unit_high(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			put_sample(out, metric, key, name, "kind", token_kind_names[k], b->unit[k].high_nano);
		}
	}
}

static void put_unit_loaded(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			put_sample(out, metric, key, name, "kind", token_kind_names[k], b->unit[k].loaded_nano);
		}
	}
}

static void put_list_price(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->list_known && b->list_price_known[k]) {
			put_sample(out, metric, key, name, "kind", token_kind_names[k], b->list_nano[k]);
		}
	}
}

static void put_revenue(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	if (b->list_known) {
		put_sample(out, metric, key, name, NULL, NULL, b->revenue_nano);
	}
}

static void put_margin(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	if (b->margin_known) {
		put_sample(out, metric, key, name, NULL, NULL, b->margin_nano);
	}
}

static void put_requests(FILE *out, const char *metric, const char *key, struct text name, const struct block *b) {
	if (b->requests_unknown) {
		return;
	}
	fprintf(out, "%s{", metric);
	put_label(out, key, name, true);
	fprintf(out, "} %lld\n", (long long)b->requests);
}

static const struct {
	const char *model, *tenant, *help;
	put_samples *put;
} own[] = {
    {"tollbook_gpu_seconds", "tollbook_tenant_gpu_seconds", "GPU time of the period by part of the capacity.", put_gpu},
    {"tollbook_cost", "tollbook_tenant_cost", "Cost of the period by part of the capacity.", put_cost},
    {"tollbook_tokens", "tollbook_tenant_tokens", "Tokens of the period by kind.", put_tokens},
    {"tollbook_requests", "tollbook_tenant_requests", "Requests that finished in the period.", put_requests},
    {"tollbook_busy_cost_per_million_tokens", "tollbook_tenant_busy_cost_per_million_tokens",
     "Cost of the GPU time of a kind of tokens, per million.", put_unit_busy},
    {"tollbook_busy_cost_per_million_tokens_low", "tollbook_tenant_busy_cost_per_million_tokens_low",
     "Lower end of its 95 % interval, from the split of GPU time.", put_unit_low},
    {"tollbook_busy_cost_per_million_tokens_high", "tollbook_tenant_busy_cost_per_million_tokens_high",
     "Upper end of its 95 % interval, from the split of GPU time.", put_unit_high},
    {"tollbook_loaded_cost_per_million_tokens", "tollbook_tenant_loaded_cost_per_million_tokens",
     "The cost per million including idle, other and unobserved time.", put_unit_loaded},
    {"tollbook_list_price_per_million_tokens", "tollbook_tenant_list_price_per_million_tokens",
     "List price in effect, per million tokens.", put_list_price},
    {"tollbook_list_revenue", "tollbook_tenant_list_revenue", "What the tokens would bring at list price.",
     put_revenue},
    {"tollbook_margin", "tollbook_tenant_margin", "List revenue minus the cost of the capacity.", put_margin},
};

static void put_own_metrics(FILE *out, const struct statement *s) {
	for (size_t m = 0; m < sizeof own / sizeof *own; m++) {
		put_head(out, own[m].model, own[m].help);
		for (size_t i = 0; i < s->models.count; i++) {
			own[m].put(out, own[m].model, "model", table_at(&s->models, i)->model, &table_at(&s->models, i)->block);
		}
		put_head(out, own[m].tenant, own[m].help);
		for (size_t i = 0; i < s->tenants.count; i++) {
			own[m].put(out, own[m].tenant, "tenant", table_at(&s->tenants, i)->tenant, &table_at(&s->tenants, i)->block);
		}
	}
}

static void put_service(FILE *out, const struct statement *s, const char *metric, const struct service_sum *v) {
	fprintf(out, "%s{", metric);
	put_label(out, "model", names_text(s->options.names, v->model), false);
	put_label(out, "service", service_names[v->service], true);
}

/* For models with other traffic than standard. */
static void put_services(FILE *out, const struct statement *s) {
	const struct services *all = &s->services;

	if (all->count == 0) {
		return;
	}
	put_head(out, "tollbook_service_requests", "Requests that finished in the period, by class of service.");
	for (size_t i = 0; i < all->count; i++) {
		put_service(out, s, "tollbook_service_requests", &all->rows[i]);
		fprintf(out, "} %lld\n", (long long)all->rows[i].requests);
	}
	put_head(out, "tollbook_service_list_revenue", "What the tokens of a class of service would bring at list price.");
	for (size_t i = 0; i < all->count; i++) {
		if (all->rows[i].revenue_known) {
			put_service(out, s, "tollbook_service_list_revenue", &all->rows[i]);
			put_nano(out, all->rows[i].revenue_nano);
		}
	}
}

/* Adjustments of one closed period: there are few of these. */
struct adjusted_period {
	const char *period;
	int64_t gpu_ns, cost_nano;
};

static struct adjusted_period *sum_adjustments(const struct adjustments *all, size_t *count) {
	struct adjusted_period *sums = NULL;

	*count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct adjustment *a = &all->rows[i];
		size_t k = 0;
		while (k < *count && strcmp(sums[k].period, a->said.period) != 0) {
			k++;
		}
		if (k == *count) {
			sums = must_realloc(sums, ++*count * sizeof *sums);
			sums[k] = (struct adjusted_period){.period = a->said.period};
		}
		sums[k].gpu_ns += a->said.entry.gpu_ns;
		sums[k].cost_nano += a->cost_nano;
	}
	return sums;
}

static void put_adjusted(FILE *out, const char *metric, const char *period, int64_t nano) {
	fprintf(out, "%s{", metric);
	put_label(out, "period", text_of(period), true);
	put_nano(out, nano);
}

static void put_adjustments(FILE *out, const struct statement *s) {
	size_t count;
	struct adjusted_period *sums = sum_adjustments(&s->adjustments, &count);

	if (count > 0) {
		put_head(out, "tollbook_adjustment_gpu_seconds",
			 "GPU time that later evidence adds to a closed period, and that counts in this one; not in other metrics.");
		for (size_t i = 0; i < count; i++) {
			put_adjusted(out, "tollbook_adjustment_gpu_seconds", sums[i].period, sums[i].gpu_ns);
		}
		put_head(out, "tollbook_adjustment_cost", "The cost of that.");
		for (size_t i = 0; i < count; i++) {
			put_adjusted(out, "tollbook_adjustment_cost", sums[i].period, sums[i].cost_nano);
		}
	}
	free(sums);
}

static void put_plain(FILE *out, const char *metric, const char *help, int64_t nano) {
	char buffer[DECIMAL_TEXT_MAX];
	put_head(out, metric, help);
	fprintf(out, "%s %s\n", metric, decimal_format(nano, 9, buffer));
}

static void put_run_metrics(FILE *out, const struct statement *s) {
	const struct quality *q = s->quality;
	int64_t rejected = 0;

	for (size_t i = 0; i < q->reject_count; i++) {
		rejected += q->rejects[i].lines;
	}
	put_head(out, "tollbook_evidence_gpu_seconds", "Busy GPU time by grade of its evidence.");
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, "tollbook_evidence_gpu_seconds{grade=\"%s\"", grade_names[g]);
		put_nano(out, s->evidence_ns[g]);
	}
	put_plain(out, "tollbook_period_start_timestamp_seconds", "Start of the period, Unix time.",
		  s->options.from_ns);
	put_plain(out, "tollbook_period_end_timestamp_seconds", "End of the period, Unix time.", s->options.to_ns);
	put_head(out, "tollbook_lines_rejected", "Lines that could not be read.");
	fprintf(out, "tollbook_lines_rejected %lld\n", (long long)rejected);
	size_t findings;
	(void)quality_notices(q, NOTICE_FINDING, &findings);
	put_head(out, "tollbook_findings", "Findings: what may make a figure wrong by more than its interval, or "
					   "needs action.");
	fprintf(out, "tollbook_findings %zu\n", findings);
	put_head(out, "tollbook_files_damaged", "Files that could not be read to their end.");
	fprintf(out, "tollbook_files_damaged %zu\n", q->damage_count);
	put_head(out, "tollbook_info", "The program that wrote this file.");
	fputs("tollbook_info{", out);
	put_label(out, "version", text_of(s->options.version ? s->options.version : ""), false);
	put_label(out, "rule", text_of(s->options.rule ? s->options.rule : ""), false);
	put_label(out, "currency", text_of(s->options.currency ? s->options.currency : ""), true);
	fputs("} 1\n", out);
}

void render_prometheus(const struct statement *s, const struct rendering_options *r, FILE *out) {
	(void)r;
	put_opencost_metrics(out, s);
	put_own_metrics(out, s);
	put_services(out, s);
	put_adjustments(out, s);
	put_run_metrics(out, s);
}
