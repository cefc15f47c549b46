/* versus_print.c: the comparison, for people. */
#include <stdlib.h>

#include "core/decimal.h"
#include "core/instant.h"
#include "core/json.h"
#include "report/estimate/versus.h"

/* Names come from logs: without control characters, truncated to a column. */
static const char *name_text(const struct versus *v, name_id id, char out[80]) {
	char escaped[400];
	struct text t = names_text(v->o.names, id);

	json_escape(text_cut(t, 0, 60), escaped, sizeof escaped);
	snprintf(out, 80, "%.60s", t.len > 0 ? escaped : "(none)");
	return out;
}

/* ---- coefficients and peaks ---- */

static void print_share(const struct versus_share *s, FILE *out) {
	double share = s->reached / s->peak;

	fprintf(out, "  %-46s %8.1f %-8s %5.1f %% of %.1f\n", s->what, s->reached, s->unit, share * 100, s->peak);
	if (share > 1) {
		fprintf(out, "    over the peak: the log and the description do not match, or a term is missing here\n");
	} else if (share < 0.3) {
		fprintf(out, "    under 30 %%: %s\n", s->why_low);
	}
}

static void print_fit(const struct versus *v, const struct fitted_model *m, const struct roofline *r, FILE *out) {
	struct versus_share shares[VERSUS_SHARES];
	char day[INSTANT_TEXT_MAX], name[80];
	int count = versus_shares(m, r, shares);

	fprintf(out, "%s as %s on %lld x %s, %s, %.10s: %lld steps, residual %.1f %%\n", name_text(v, m->model, name), r->model.name,
	        (long long)r->gpus, r->gpu.name, m->role, instant_format(m->day_ns, day), (long long)m->steps, m->residual * 100);
	for (int i = 0; i < count; i++) {
		print_share(&shares[i], out);
	}
}

static void print_fits(const struct versus *v, FILE *out) {
	for (size_t i = 0; i < v->model_count; i++) {
		const struct fitted_model *m = &v->models[i];
		const struct versus_case *c = versus_case_of(v, m);
		char name[80];
		if (c && c->known && m->fitted) {
			print_fit(v, m, &c->roofline, out);
		} else {
			fprintf(out, "%s: %s\n", name_text(v, m->model, name),
			        !m->fitted ? "no step model was fitted: the log has too few steps"
			        : m->gpu == 0 ? "no GPU named; expected \"gpu\" in the fleet file's pool"
			                      : "its GPU is not in samples/gpus.json, or no FILE and no \"description\" of the fleet file is of this model");
		}
	}
}

/* ---- hours ---- */

/* The column of unknown time is printed only if needed. */
static bool is_shown(const struct versus *v, int cause) {
	return cause != CAUSE_UNKNOWN || v->total_gpu_ns[cause] > 0;
}

static void print_money(const struct versus *v, const int64_t nano[CAUSES], bool priced, FILE *out) {
	char money[DECIMAL_TEXT_MAX];

	for (int k = 0; k < CAUSES; k++) {
		if (is_shown(v, k)) {
			fprintf(out, " %12s", priced ? decimal_format(nano[k], 9, money) : "-");
		}
	}
}

static void print_percent(int64_t part_ns, int64_t whole_ns, FILE *out) {
	char text[32] = "-";

	if (whole_ns > 0) {
		snprintf(text, sizeof text, "%.1f %%", 100 * (double)part_ns / (double)whole_ns);
	}
	fprintf(out, " %8s", text);
}

/* The case that MFU and MBU refer to. */
static void print_rates(const struct versus *v, const struct versus_hour *h, bool known, FILE *out) {
	double tflops = 0, gbytes = 0;

	if (known && h->step_ns > 0) {
		versus_rates(v, h, &tflops, &gbytes);
		fprintf(out, " %7.1f %7.1f", tflops, gbytes);
	} else {
		fprintf(out, " %7s %7s", "-", "-");
	}
}

/* A row: of an hour, or of all those of a replica together. */
static void print_row(const struct versus *v, const struct versus_hour *h, const char *when, const int128 gpu_ns[CAUSES], FILE *out) {
	char name[80];
	bool known = h->case_at >= 0 && v->tables[v->o.lanes].cases[h->case_at].known;

	fprintf(out, "%-20.20s %-13.13s %8lld", name_text(v, h->replica, name), when, (long long)h->steps);
	print_percent(h->arithmetic_ns, known ? h->step_ns : 0, out);
	print_percent(h->byte_ns, known ? h->step_ns : 0, out);
	print_rates(v, h, known, out);
	print_money(v, h->nano, h->rate_nano >= 0, out);
	fprintf(out, "  %s\n", cause_words[versus_most(gpu_ns)].name);
}

/* More hours than this are summed by replica. */
#define ROWS_MAX 96

static void add_row(struct versus_hour *sum, const struct versus_hour *h) {
	sum->case_at = sum->case_at >= 0 ? sum->case_at : h->case_at;
	sum->rate_nano = sum->rate_nano < h->rate_nano ? sum->rate_nano : h->rate_nano;
	sum->steps += h->steps;
	sum->step_ns += h->step_ns;
	sum->arithmetic_ns += h->arithmetic_ns;
	sum->byte_ns += h->byte_ns;
	for (int k = 0; k < CAUSES; k++) {
		sum->nano[k] += h->nano[k];
	}
}

static void print_rows(const struct versus *v, const struct versus_table *t, bool by_replica, FILE *out) {
	char when[INSTANT_TEXT_MAX];

	for (size_t from = 0, to; from < t->count; from = to) {
		struct versus_hour sum = t->at[from];
		int128 gpu_ns[CAUSES] = {0};
		versus_add(gpu_ns, sum.gpu_ns);
		instant_format(sum.hour_ns, when);
		for (to = from + 1; by_replica && to < t->count && t->at[to].replica == sum.replica; to++) {
			add_row(&sum, &t->at[to]);
			versus_add(gpu_ns, t->at[to].gpu_ns);
		}
		if (by_replica) {
			snprintf(when, sizeof when, "%zu hours", to - from);
		}
		print_row(v, &sum, when, gpu_ns, out);
	}
}

static int128 sum_of(const int128 parts[CAUSES]) {
	int128 sum = 0;

	for (int k = 0; k < CAUSES; k++) {
		sum += parts[k];
	}
	return sum;
}

static void print_sums(const struct versus *v, FILE *out) {
	int128 nano[CAUSES] = {0};
	versus_add(nano, v->total_nano);
	const int128 *parts = sum_of(nano) > 0 ? nano : v->total_gpu_ns;
	double all = (double)sum_of(parts);
	enum cause most = versus_most(parts);
	char paid[DECIMAL_TEXT_MAX], least[DECIMAL_TEXT_MAX], cost[DECIMAL_TEXT_MAX];

	fprintf(out, "%-77s", "all");
	print_money(v, v->total_nano, true, out);
	fputc('\n', out);
	for (int k = 0; k < CAUSES && all > 0; k++) {
		if (is_shown(v, k)) {
			fprintf(out, "  %-10s %5.1f %%  %s\n", cause_words[k].name, 100 * (double)parts[k] / all, cause_words[k].text);
		}
	}
	fprintf(out, "Of the distance between %s paid and %s of arithmetic, %s explains most: %s.\n",
	        decimal_format(sum_of(nano), 9, paid), decimal_format(v->total_nano[CAUSE_ARITHMETIC], 9, least),
	        cause_words[most].name, decimal_format(v->total_nano[most], 9, cost));
}

void versus_print(const struct versus *v, const char *currency, FILE *out) {
	const struct versus_table *t = &v->tables[v->o.lanes];

	fputs("\nMeasured against theory\n", out);
	print_fits(v, out);
	fprintf(out, "\nWhere the money went, in %s: MFU and MBU of busy time, each step against the GPU's peaks\n", currency);
	fprintf(out, "%-20s %-13s %8s %8s %8s %7s %7s", "replica", "hour (UTC)", "steps", "MFU", "MBU", "TFLOP/s", "GB/s");
	for (int k = 0; k < CAUSES; k++) {
		if (is_shown(v, k)) {
			fprintf(out, " %12s", cause_words[k].name);
		}
	}
	fputs("  most\n", out);
	print_rows(v, t, t->count > ROWS_MAX, out);
	print_sums(v, out);
	if (t->count > ROWS_MAX) {
		fprintf(out, "Hours one by one: --format json.\n");
	}
}
