/* versus_print.c: the comparison, for people. */
#define _GNU_SOURCE /* qsort_r */
#include <math.h>
#include <stdlib.h>

#include "core/instant.h"
#include "core/json.h"
#include "report/estimate/sheet.h"
#include "report/estimate/versus.h"

/* Names come from logs: without control characters, cut to a column. */
static const char *name_text(const struct versus *v, name_id id, char out[80]) {
	char escaped[400];
	struct text t = names_text(v->o.names, id);

	json_escape(text_cut(t, 0, 60), escaped, sizeof escaped);
	snprintf(out, 80, "%.60s", t.len > 0 ? escaped : "(none)");
	return out;
}

/* ---- coefficients beside peaks ---- */

static void print_share(FILE *out, const char *what, double reached, double peak, const char *unit, const char *why_low) {
	double share = reached / peak;

	fprintf(out, "  %-46s %8.1f %-8s %5.1f %% of %.1f\n", what, reached, unit, share * 100, peak);
	if (share > 1) {
		fprintf(out, "    over the peak: the log or the description must be of something else, or a term is not known here\n");
	} else if (share < 0.3) {
		fprintf(out, "    under 30 %%: %s\n", why_low);
	}
}

static void print_fit(const struct versus *v, const struct fitted_model *m, const struct roofline *r, FILE *out) {
	const struct modelsize *z = &r->size;
	double floor_ns = fitted_step_ns(m, 0, 0, 1, 0), slope_ns = fitted_slope_ns(m);
	double context_ns = m->decode_kv_ns, pair_ns = m->prefill_token_kv_ns;
	double seen = modelspec_seen(&r->model, 2048) / 2048;
	char day[INSTANT_TEXT_MAX], name[80];

	fprintf(out, "%s as %s on %lld x %s, %s, %.10s: %lld steps, residual %.1f %%\n", name_text(v, m->model, name), r->model.name,
	        (long long)r->gpus, r->gpu.name, m->role, instant_format(m->day_ns, day), (long long)m->steps, m->residual * 100);
	print_share(out, "a step of one token reads the weights at", roofline_weight_bytes(r, 1) / floor_ns, r->bandwidth / 1e9, "GB/s",
	            "launches and communication take the rest of the floor, or weights are not read once a step");
	if (slope_ns > 0) {
		print_share(out, "a token of a large batch is computed at", (double)z->token_flops / slope_ns / 1e3, r->flops / 1e12, "TFLOP/s",
		            "few steps are large enough to wait for arithmetic, or kernels are slow");
	}
	if (context_ns > 0) {
		print_share(out, "decode's attention reads its context at", (double)z->kv_token_bytes * seen / context_ns, r->bandwidth / 1e9, "GB/s",
		            "attention of many short sequences, or paged reads, do not reach the bandwidth");
	}
	if (pair_ns > 0) {
		print_share(out, "prefill's attention computes at", (double)z->prefill_pair_flops * seen / pair_ns / 1e3, r->attention_flops / 1e12, "TFLOP/s",
		            "attention's kernels are slower than matrix products, on short prompts above all");
	}
}

static void print_fits(struct versus *v, FILE *out) {
	struct versus_table *t = &v->tables[v->o.lanes];

	for (size_t i = 0; i < v->model_count; i++) {
		const struct fitted_model *m = &v->models[i];
		const struct versus_case *c = &t->cases[versus_case_find(v, t, m->model, m->gpu, m->gpus)];
		char name[80];
		if (c->known && m->fitted) {
			print_fit(v, m, &c->roofline, out);
		} else {
			fprintf(out, "%s: %s\n", name_text(v, m->model, name),
			        !m->fitted ? "no step model was fitted: the log has too few steps"
			        : m->gpu == 0 ? "no card named; expected \"gpu\" in the fleet file's pool"
			                      : "the fleet's card or this model's description is not known; see samples/gpus.json");
		}
	}
}

/* ---- hours ---- */

static void add_hour(struct versus_hour *to, const struct versus_hour *from) {
	to->steps += from->steps;
	to->busy_ns += from->busy_ns;
	to->arithmetic_ns += from->arithmetic_ns;
	to->byte_ns += from->byte_ns;
	to->batch_ns += from->batch_ns;
	to->context_ns += from->context_ns;
	to->idle_gpu_ns += from->idle_gpu_ns;
}

static void merge(struct versus *v) {
	struct versus_table *all = &v->tables[v->o.lanes];

	for (unsigned lane = 0; lane < v->o.lanes; lane++) {
		const struct versus_table *t = &v->tables[lane];
		for (size_t i = 0; i < t->count; i++) {
			add_hour(versus_find(v, all, t->at[i].replica, t->at[i].model, t->at[i].hour_ns), &t->at[i]);
		}
	}
}

enum cause { CAUSE_ARITHMETIC, CAUSE_BATCH, CAUSE_CONTEXT, CAUSE_FLOOR, CAUSE_SPEED, CAUSE_IDLE, CAUSES };
static const char *const cause_names[CAUSES] = {"arithmetic", "batch", "context", "floor", "below peak", "idle"};
static const char *const cause_texts[CAUSES] = {
	"the model's FLOPs at the card's peak: what no server can save",
	"steps too small to keep the arithmetic busy while the weights are read: more sequences at once",
	"the caches of long contexts, read at the peak bandwidth: shorter contexts, smaller caches",
	"launches and weights read below the peak bandwidth, at every step",
	"arithmetic and caches slower than the peaks",
	"paid time without work: a higher load, or fewer GPUs"};

/* The floor of the model that was fitted for this replica's hour, ns a step; 0: none was. */
static double floor_of(const struct versus *v, const struct versus_hour *h, const struct versus_case *c) {
	int64_t day_ns = instant_floor(h->hour_ns, NS_PER_DAY);

	for (size_t i = 0; i < v->model_count; i++) {
		const struct fitted_model *m = &v->models[i];
		if (m->fitted && m->model == c->model && m->gpu == c->gpu && m->gpus == c->gpus && m->day_ns == day_ns) {
			return m->floor_ns;
		}
	}
	return 0;
}

/* Wall nanoseconds by cause; they sum to busy and idle time. */
static void causes_of(const struct versus *v, const struct versus_hour *h, const struct versus_case *c, double ns[CAUSES]) {
	double read_ns = (double)c->roofline.size.always_bytes / c->roofline.bandwidth * 1e9;
	double rest = (double)(h->busy_ns - h->arithmetic_ns - h->batch_ns - h->context_ns);
	double floor_ns = fmax(0, floor_of(v, h, c) - read_ns) * (double)h->steps;

	ns[CAUSE_ARITHMETIC] = (double)h->arithmetic_ns;
	ns[CAUSE_BATCH] = (double)h->batch_ns;
	ns[CAUSE_CONTEXT] = (double)h->context_ns;
	ns[CAUSE_FLOOR] = fmin(floor_ns, fmax(rest, 0));
	ns[CAUSE_SPEED] = rest - ns[CAUSE_FLOOR];
	ns[CAUSE_IDLE] = (double)h->idle_gpu_ns / (double)h->gpus;
}

static int order(const void *a, const void *b, void *versus) {
	const struct versus *v = versus;
	const struct versus_hour *x = a, *y = b;
	int names = text_compare(names_text(v->o.names, x->replica), names_text(v->o.names, y->replica));

	return names != 0 ? names : (x->hour_ns > y->hour_ns) - (x->hour_ns < y->hour_ns);
}

static double money(const struct versus_hour *h, double ns) {
	return h->rate_nano < 0 ? NAN : ns * (double)h->gpus * (double)h->rate_nano / 1e9 / (double)NS_PER_HOUR;
}

static void print_hour(const struct versus *v, const struct versus_hour *h, const double ns[CAUSES], FILE *out) {
	char at[INSTANT_TEXT_MAX], name[80];

	fprintf(out, "%-20.20s %.13s %8lld %6.1f %% %6.1f %%", name_text(v, h->replica, name), instant_format(h->hour_ns, at),
	        (long long)h->steps, 100 * (double)h->arithmetic_ns / (double)h->busy_ns, 100 * (double)h->byte_ns / (double)h->busy_ns);
	for (int i = 0; i < CAUSES; i++) {
		fprintf(out, " %10.6f", money(h, ns[i]));
	}
	fputc('\n', out);
}

static void print_sums(const double sums[CAUSES], FILE *out) {
	int first = CAUSE_BATCH;
	double all = 0;

	fprintf(out, "%-52s", "all");
	for (int i = 0; i < CAUSES; i++) {
		fprintf(out, " %10.6f", sums[i]);
		all += sums[i];
		first = i > CAUSE_ARITHMETIC && sums[i] > sums[first] ? i : first;
	}
	fputc('\n', out);
	for (int i = 0; i < CAUSES; i++) {
		fprintf(out, "  %-10s %5.1f %%  %s\n", cause_names[i], 100 * sums[i] / all, cause_texts[i]);
	}
	fprintf(out, "Of the distance between %.6f paid and %.6f of arithmetic, %s explains most: %.6f.\n", all,
	        sums[CAUSE_ARITHMETIC], cause_names[first], sums[first]);
}

static void print_hours(struct versus *v, const char *currency, FILE *out) {
	struct versus_table *t = &v->tables[v->o.lanes];
	double sums[CAUSES] = {0}, left = 0, busy = 0;

	fprintf(out, "\nWhere the money went, in %s: MFU and MBU of busy time, each step beside the card's peaks\n", currency);
	fprintf(out, "%-20s %-13s %8s %8s %8s", "replica", "hour (UTC)", "steps", "MFU", "MBU");
	for (int i = 0; i < CAUSES; i++) {
		fprintf(out, " %10s", cause_names[i]);
	}
	fputc('\n', out);
	qsort_r(t->at, t->count, sizeof *t->at, order, v);
	for (size_t i = 0; i < t->count; i++) {
		const struct versus_hour *h = &t->at[i];
		double ns[CAUSES] = {0};
		busy += (double)h->busy_ns * (double)h->gpus;
		if (h->busy_ns > 0 && h->case_at >= 0 && t->cases[h->case_at].known) {
			causes_of(v, h, &t->cases[h->case_at], ns);
			print_hour(v, h, ns, out);
		} else {
			ns[CAUSE_IDLE] = (double)h->idle_gpu_ns / (double)h->gpus;
			left += h->busy_ns > 0 ? 1 : 0;
		}
		for (int j = 0; j < CAUSES && h->rate_nano >= 0; j++) {
			sums[j] += money(h, ns[j]);
		}
	}
	print_sums(sums, out);
	if (fabs(busy - (double)v->busy_gpu_ns) > 0.001 * busy) {
		fprintf(out, "Steps here take %.6f GPU-hours, the statement's busy time is %.6f: steps told twice, or time without steps.\n",
		        busy / (double)NS_PER_HOUR, (double)v->busy_gpu_ns / (double)NS_PER_HOUR);
	}
	if (left > 0) {
		fprintf(out, "%.0f replica-hours are left out: their card or model is not described.\n", left);
	}
}

void versus_print(struct versus *v, const char *currency, FILE *out) {
	fputs("\nMeasured against theory\n", out);
	merge(v);
	print_fits(v, out);
	print_hours(v, currency, out);
}
