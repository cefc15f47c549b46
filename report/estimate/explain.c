#include "report/estimate/explain.h"

#include <math.h>
#include <string.h>

#include "report/estimate/sheet.h"

#define BAR 20

/* ---- the figures ---- */

const double explain_positions[EXPLAIN_POSITIONS] = {11, 1000, 10001, 100001};
const double explain_batches[EXPLAIN_BATCHES] = {1, 8, 32, 128};
const double explain_contexts[EXPLAIN_CONTEXTS] = {1000, 8000, 32000, 128000};
const double explain_mixes[EXPLAIN_MIXES] = {3, 10, 35};
const double explain_hits[EXPLAIN_HITS] = {0, 0.5, 0.9};

struct at_position explain_at(const struct costs *c, double position) {
	double before = position - 1;
	double in = costs_input_ns(c, before);
	struct at_position p = {.input = costs_rent(c, in), .input_attention = costs_input_attention_ns(c, before) / in,
	                        .output = NAN, .output_attention = NAN, .batch = costs_batch(c, c->batch, position)};

	if (p.batch > 0) {
		double out = costs_output_ns(c, (double)p.batch, before);
		p.output = costs_rent(c, out);
		p.output_attention = costs_output_attention_ns(c, (double)p.batch, before) / out;
	}
	return p;
}

/* Output : input at a batch and context; NAN if the memory does not hold it. */
double explain_ratio(const struct costs *c, double batch, double context) {
	if ((double)costs_batch(c, (int64_t)batch, context) < batch) {
		return NAN;
	}
	return costs_output_ns(c, batch, context) / costs_uncached_ns(c, context, 0);
}

/* The same for this mix of tokens, on a replica that is never idle. */
static double explain_ratio_at(const struct costs *c, double batch, double context) {
	struct costs full = *c;

	full.batch = (int64_t)batch;
	return costs_output_ns(&full, batch, context) / costs_uncached_ns(&full, c->prompt, 0);
}

struct mix explain_mix(const struct costs *c, double ratio) {
	double in = costs_rent(c, costs_uncached_ns(c, c->prompt, 0)) * ratio;
	double out = costs_rent(c, costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2));
	struct mix m = {.cost = (in + out) / (ratio + 1), .output_share = out / (in + out)};

	m.price = (c->list_input * ratio + c->list_output) / (ratio + 1);
	m.margin = 1 - m.cost / m.price;
	return m;
}

struct caching explain_caching(const struct costs *c, double hit) {
	double cached = floor(c->prompt * hit), computed = c->prompt - cached;
	double ns = computed * costs_uncached_ns(c, c->prompt, cached) + cached * costs_cached_ns(c, c->prompt, cached);
	double list_cached = isnan(c->list_cached) ? c->list_input : c->list_cached;

	return (struct caching){.cost = costs_rent(c, ns / c->prompt),
	                        .price = (computed * c->list_input + cached * list_cached) / c->prompt};
}

/* ---- as tables ---- */

static const char *bar(double share, char out[3 * BAR + 1]) {
	int n = isnan(share) ? 0 : (int)lround(share * BAR);
	char *at = out;

	for (int i = 0; i < n && i < BAR; i++) {
		memcpy(at, "█", 3);
		at += 3;
	}
	*at = '\0';
	return out;
}

const char *explain_reading(const struct costs *c, char out[200]) {
	double one = roofline_weight_bytes(&c->roofline, 1) / 1e9, batch = roofline_weight_bytes(&c->roofline, (double)c->batch) / 1e9;

	if (c->roofline.model.experts == 0) {
		snprintf(out, 200, "A step reads %.1f GB of weights, whatever is in it", batch);
	} else {
		snprintf(out, 200, "A step reads %.1f GB of weights for a token, %.1f with the experts that many choose", one, batch);
	}
	return out;
}

static void print_head(const struct costs *c, FILE *out) {
	const struct roofline *r = &c->roofline;
	char reading[200];

	double context = c->prompt + c->output / 2;

	fprintf(out, "Why do output tokens cost more? %s on %lld x %s, %.4g %s per GPU-hour\n", r->model.name, (long long)r->gpus, r->gpu.name,
	        c->rent * 3.6e12 * c->utilization, c->currency);
	fprintf(out, "A full batch of %lld costs %.1f : 1, a request alone %.0f : 1. ", (long long)c->full_batch,
	        explain_ratio_at(c, (double)c->full_batch, context), explain_ratio_at(c, 1, context));
	fprintf(out, "%s: a chunk of %.0f\nprompt tokens shares that, or %lld decoders do; below %.0f tokens a step waits for memory, not arithmetic. %s per million\ntokens; 95 %% of published measurements are within x / %.1f.\n",
	        explain_reading(c, reading), costs_chunk(c), (long long)c->batch, roofline_ridge(r), c->currency, exp(c->spread));
}

static void print_positions(const struct costs *c, FILE *out) {
	char place[SHEET_NUMBER_MAX], in[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX], picture[3 * BAR + 1];

	fprintf(out, "\n1. A token by position     input  attention    output  attention    batch   share of attention in output\n");
	for (size_t i = 0; i < EXPLAIN_POSITIONS; i++) {
		struct at_position p = explain_at(c, explain_positions[i]);
		fprintf(out, "%19s%s %10s %9.0f %% %9s", sheet_number(explain_positions[i], 0, place), i < 2 ? "th" : "st",
		        sheet_number(p.input, 4, in), p.input_attention * 100, isnan(p.output) ? "no room" : sheet_number(p.output, 4, made));
		if (p.batch > 0) {
			fprintf(out, " %8.0f %% %8lld   %s", p.output_attention * 100, (long long)p.batch, bar(p.output_attention, picture));
		}
		fputc('\n', out);
	}
}

/* "its list price of 0.05 from position 14,301 on". */
static void print_over(const char *token, double price, double place, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	fprintf(out, "   %s token costs more than its list price of %.4g ", token, price);
	fprintf(out, place <= 1 ? "at any position.\n" : isinf(place) ? "nowhere.\n" : "from position %s on: until then the linear price holds.\n",
	        sheet_number(place, 0, number));
}

/* The question as asked: does the 10,001st token cost what the 11th does? */
static void print_far(const struct costs *c, FILE *out) {
	struct at_position near_by = explain_at(c, explain_positions[0]), far = explain_at(c, explain_positions[2]);

	fprintf(out, "   The 10,001st token costs x %.2f of the 11th as input", far.input / near_by.input);
	if (!isnan(far.output) && !isnan(near_by.output)) {
		fprintf(out, ", x %.2f as output: what differs is attention%s", far.output / near_by.output, far.batch < near_by.batch ? ", and a smaller batch" : "");
	}
	fputs(".\n", out);
}

static void print_reach(const struct costs *c, FILE *out) {
	char number[SHEET_NUMBER_MAX];
	double input = explain_at(c, 1).input;

	print_far(c, out);
	fprintf(out, "   An input token costs twice as much as the first from position %s on.\n",
	        sheet_number(costs_input_reach(c, 2 * input), 0, number));
	if (!isnan(c->list_input)) {
		print_over("An input", c->list_input, costs_input_reach(c, c->list_input), out);
	}
	if (!isnan(c->list_output)) {
		print_over("An output", c->list_output, costs_output_reach(c, c->list_output), out);
	}
}

static void print_ratios(const struct costs *c, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	fputs("\n2. Output : input, by sequences decoding together and context\n       batch", out);
	for (size_t j = 0; j < EXPLAIN_CONTEXTS; j++) {
		fprintf(out, " %11s", sheet_number(explain_contexts[j], 0, number));
	}
	fputs("  tokens\n", out);
	for (size_t i = 0; i < EXPLAIN_BATCHES; i++) {
		fprintf(out, "%12.0f", explain_batches[i]);
		for (size_t j = 0; j < EXPLAIN_CONTEXTS; j++) {
			fprintf(out, " %11s", sheet_number(explain_ratio(c, explain_batches[i], explain_contexts[j]), 1, number));
		}
		fputs(i + 1 == EXPLAIN_BATCHES ? "  (-: does not fit in memory)\n" : "\n", out);
	}
}

static void print_mixes(const struct costs *c, FILE *out) {
	char picture[3 * BAR + 1], number[SHEET_NUMBER_MAX];

	fputs("\n3. Input : output    cost    list price   margin   output's share of cost\n", out);
	for (size_t i = 0; i < EXPLAIN_MIXES; i++) {
		struct mix m = explain_mix(c, explain_mixes[i]);
		fprintf(out, "%14.0f : 1 %9.4f %11s", explain_mixes[i], m.cost, sheet_number(m.price, 4, number));
		fprintf(out, " %8s %3.0f %% %s\n", isnan(m.margin) ? "" : (snprintf(number, sizeof number, "%.0f %%", m.margin * 100), number),
		        m.output_share * 100, bar(m.output_share, picture));
	}
}

static void print_caching(const struct costs *c, FILE *out) {
	char number[SHEET_NUMBER_MAX];
	struct caching none = explain_caching(c, 0);

	fprintf(out, "\n4. Prompt found in cache    cost   saved    list price   (prompts of %.0f tokens)\n", c->prompt);
	for (size_t i = 0; i < EXPLAIN_HITS; i++) {
		struct caching k = explain_caching(c, explain_hits[i]);
		fprintf(out, "%20.0f %% %10.4f %5.0f %% %12s\n", explain_hits[i] * 100, k.cost, (1 - k.cost / none.cost) * 100,
		        sheet_number(k.price, 4, number));
	}
}

void explain_print(const struct costs *c, FILE *out) {
	print_head(c, out);
	print_positions(c, out);
	print_reach(c, out);
	print_ratios(c, out);
	print_mixes(c, out);
	print_caching(c, out);
	explain_load_print(c, out);
}

/* ---- as JSON ---- */

static void json_member(const char *name, double x, bool last, FILE *out) {
	fprintf(out, "\"%s\":", name);
	sheet_json_number(x, out);
	fputs(last ? "}" : ",", out);
}

void explain_json(const struct costs *c, FILE *out) {
	fputs("\"positions\":[", out);
	for (size_t i = 0; i < EXPLAIN_POSITIONS; i++) {
		struct at_position p = explain_at(c, explain_positions[i]);
		fprintf(out, "%s\n  {\"position\":%.0f,\"batch\":%lld,", i ? "," : "", explain_positions[i], (long long)p.batch);
		json_member("input", p.input, false, out);
		json_member("input_attention", p.input_attention, false, out);
		json_member("output", p.output, false, out);
		json_member("output_attention", p.output_attention, true, out);
	}
	fputs("\n ],\n \"output_per_input\":[", out);
	for (size_t i = 0; i < EXPLAIN_BATCHES * EXPLAIN_CONTEXTS; i++) {
		double batch = explain_batches[i / EXPLAIN_CONTEXTS], context = explain_contexts[i % EXPLAIN_CONTEXTS];
		fprintf(out, "%s\n  {\"batch\":%.0f,\"context\":%.0f,", i ? "," : "", batch, context);
		json_member("ratio", explain_ratio(c, batch, context), true, out);
	}
	fputs("\n ],\n \"mixes\":[", out);
	for (size_t i = 0; i < EXPLAIN_MIXES; i++) {
		struct mix m = explain_mix(c, explain_mixes[i]);
		fprintf(out, "%s\n  {\"input_per_output\":%.0f,", i ? "," : "", explain_mixes[i]);
		json_member("cost", m.cost, false, out);
		json_member("output_share", m.output_share, false, out);
		json_member("price", m.price, false, out);
		json_member("margin", m.margin, true, out);
	}
	fputs("\n ],\n \"caching\":[", out);
	for (size_t i = 0; i < EXPLAIN_HITS; i++) {
		struct caching k = explain_caching(c, explain_hits[i]);
		fprintf(out, "%s\n  {\"hit_rate\":%g,", i ? "," : "", explain_hits[i]);
		json_member("cost", k.cost, false, out);
		json_member("price", k.price, true, out);
	}
	fputs("\n ]", out);
	explain_load_json(c, out);
}
