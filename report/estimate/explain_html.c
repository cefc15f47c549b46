/* explain_html.c: the explanation of a token's cost as a page: tables and pictures of the figures in the JSON. */
#include <math.h>
#include <string.h>

#include "report/estimate/explain.h"
#include "report/estimate/sheet.h"
#include "report/page.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define POINTS 60

/* ---- pieces ---- */

static void put_unit_cell(FILE *out, double amount, const char *class) {
	char figure[PAGE_FIGURE_MAX];
	page_cell(out, amount, page_unit_figure(amount, figure), class);
}

static void put_number_cell(FILE *out, double x, int places) {
	char number[SHEET_NUMBER_MAX];
	page_cell(out, x, isnan(x) ? "no room" : sheet_number(x, places, number), NULL);
}

/* The JSON has a fraction, the page shows percent. */
static void put_share_cell(FILE *out, double share, int places) {
	char number[SHEET_NUMBER_MAX];

	snprintf(number, sizeof number, "%.*f %%", places, share * 100);
	page_cell(out, share, isnan(share) ? "not known" : number, NULL);
}

static const char *dollars(const struct costs *c, char out[PAGE_FIGURE_MAX]) {
	return page_sign(c->currency, out);
}

static double context_of(const struct costs *c) {
	return c->prompt + c->output / 2;
}

/* ---- the answer ---- */

static double input_of(const struct costs *c) {
	return costs_uncached_ns(c, c->prompt, c->cached);
}

static double output_of(const struct costs *c) {
	return costs_output_ns(c, (double)c->batch, context_of(c));
}

static void put_answer(const struct costs *c, FILE *out) {
	char reading[200], number[SHEET_NUMBER_MAX];
	double ratio = output_of(c) / input_of(c), ridge = costs_ridge(c, context_of(c));

	fputs("<h1>Output costs ", out);
	page_figure(out, ratio, sheet_number(ratio, ratio < 10 ? 1 : 0, number));
	fprintf(out, " × input: %s</h1>\n<p class=\"lead\">", (double)c->batch < ridge ? "decode waits for memory, prefill for arithmetic" : "this batch fills the arithmetic, contexts cost memory");
	page_text(out, explain_reading(c, reading));
	fprintf(out, ". <b>A prompt's chunk shares that among %.0f tokens, decoding among %lld.</b> ", costs_chunk(c), (long long)c->batch);
	fprintf(out, "%.0f tokens in, %.0f out. An estimate: 95 %% of published measurements are within × / %.1f of one.", c->prompt, c->output, exp(c->spread));
	if (c->loaded) {
		fprintf(out, " At %.0f %% of what a full batch keeps up with, at work %.0f %% of the time.", c->load.offered * 100, c->load.at_work * 100);
	}
	page_text(out, c->calibrated[0] ? " " : "");
	page_text(out, c->calibrated);
	fputs("</p>\n", out);
}

/* ---- what a token should cost ---- */

struct token {
	const char *name, *class;
	double ns, list, watts;
};

static void put_token(const struct costs *c, const struct token *t, FILE *out) {
	char number[SHEET_NUMBER_MAX];
	double power = costs_power(c, t->ns, t->watts), cost = costs_rent(c, t->ns);

	fprintf(out, "<tr><th scope=\"row\"><svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" height=\"100%%\" rx=\"2\"/></svg>%s<small>", t->class, t->name);
	page_figure(out, t->ns / 1e3, sheet_number(t->ns / 1e3, t->ns < 1e4 ? 2 : 1, number));
	fputs(" GPU-µs</small></th><td class=\"l big\"><b>", out);
	page_unit(out, c->currency, cost);
	fputs("</b>", out);
	if (!isnan(power)) {
		fputs("<small>+ ", out);
		page_unit(out, c->currency, power);
		fputs(" power</small>", out);
	}
	fputs("</td><td class=\"ratio\">", out);
	if (!isnan(t->list) && t->list > 0) {
		double ratio = cost / t->list;
		fprintf(out, "<b class=\"%s\">%s ×</b><small>list ", ratio > 1 ? "loss" : "gain", sheet_number(ratio, ratio < 0.1 ? 3 : ratio < 1 ? 2 : ratio < 10 ? 1 : 0, number));
		page_price(out, c->currency, t->list);
		fputs("</small>", out);
	}
	fputs("</td></tr>\n", out);
}

static void put_prices(const struct costs *c, FILE *out) {
	const struct token tokens[] = {
		{"Input", "pre", input_of(c), c->list_input, costs_input_watts(c)},
		{"Cached input", "cac", costs_cached_ns(c, c->prompt, c->cached > 0 ? c->cached : floor(c->prompt / 2)), c->list_cached, costs_input_watts(c)},
		{"Output", "dec", output_of(c), c->list_output, costs_output_watts(c)}};
	char sign[PAGE_FIGURE_MAX];

	fputs("<section class=\"card prices\" aria-labelledby=\"price-title\"><h2 id=\"price-title\">What a token should cost</h2><span class=\"aside\">evidence "
	      "<span class=\"chip\">estimate</span></span><table aria-label=\"What a token should cost\"><thead><tr><th></th><th scope=\"col\" class=\"l\">", out);
	fprintf(out, "%s per million, %lld at once</th><th scope=\"col\">cost / list</th></tr></thead>\n<tbody>", dollars(c, sign), (long long)c->batch);
	for (size_t i = 0; i < COUNT(tokens); i++) {
		put_token(c, &tokens[i], out);
	}
	fputs("</tbody></table>", out);
	fprintf(out, "<p class=\"foot\">%.0f W a GPU in prefill, %.0f W in decode%s. GPU-hours alone: no staff, no spare capacity.</p>", costs_input_watts(c), costs_output_watts(c),
	        isnan(c->per_kwh) ? "; with <code>--per-kwh</code> in money" : "");
	page_section_end(out);
}

static void put_time_bar(const char *name, double ns, double widest, double part, const char *class, const char *what, FILE *out) {
	char number[SHEET_NUMBER_MAX];
	double share = widest > 0 ? ns / widest : 0;

	fprintf(out, "<p class=\"pair\"><span>%s</span><b>", name);
	page_figure(out, ns / 1e3, sheet_number(ns / 1e3, ns < 1e4 ? 2 : 1, number));
	fprintf(out, " µs</b></p><svg height=\"14\" aria-hidden=\"true\"><rect class=\"%s\" width=\"%.2f%%\" height=\"14\"/><rect class=\"%s\" fill-opacity=\".5\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"14\"/></svg>",
	        class, 100 * share * (1 - part), class, 100 * share * (1 - part), 100 * share * part);
	fprintf(out, "<p class=\"foot\">%s %.0f %%, attention to its context %.0f %%</p>", what, 100 * (1 - part), 100 * part);
}

static void put_time(const struct costs *c, FILE *out) {
	struct token_time t = explain_time(c);
	double ridge = costs_ridge(c, context_of(c));
	char number[SHEET_NUMBER_MAX];

	page_card(out, "time", "GPU time of one token", NULL);
	put_time_bar("an output token", t.output, fmax(t.output, t.input), t.output_attention / t.output, "dec", "weights", out);
	put_time_bar("an input token", t.input, fmax(t.output, t.input), t.input_attention / t.input, "pre", "arithmetic", out);
	if (isfinite(ridge)) {
		fprintf(out, "<p class=\"foot\">From %s sequences at once, decode would wait for arithmetic.</p>", sheet_number(ridge, 0, number));
	} else {
		fprintf(out, "<p class=\"foot\">Below %.0f tokens a step waits for memory; with this context no batch that fits gets decode there.</p>", roofline_ridge(&c->roofline));
	}
	page_section_end(out);
}

/* ---- the roofline ---- */

static void put_roof(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"<step", "FLOP per byte", "TFLOP/s"};
	struct on_roof at[EXPLAIN_STEPS];
	double x[EXPLAIN_STEPS], y[EXPLAIN_STEPS], roof_x[3], roof_y[3];
	const char *names[EXPLAIN_STEPS];
	double flops = c->law.peak.flops / 1e12, bytes = c->law.peak.bandwidth / 1e12;
	char number[SHEET_NUMBER_MAX];
	size_t count = explain_steps(c, at);

	for (size_t i = 0; i < count; i++) {
		x[i] = at[i].intensity;
		y[i] = at[i].tflop_s;
		names[i] = at[i].name;
	}
	roof_x[0] = fmin(1, x[0] / 2);
	roof_x[1] = flops / bytes;
	roof_x[2] = fmax(10 * roof_x[1], x[count - 1]);
	roof_y[0] = roof_x[0] * bytes;
	roof_y[1] = roof_y[2] = flops;
	const struct page_curve curves[] = {{.class = "roof", .name = "peak", .x = roof_x, .y = roof_y, .count = 3},
	                                    {.class = "out", .x = x, .y = y, .labels = names, .count = count - 1, .form = PAGE_POINTS},
	                                    {.class = "in", .x = x + count - 1, .y = y + count - 1, .labels = names + count - 1, .count = 1, .form = PAGE_POINTS}};
	page_card(out, "roof", "FLOPS or memory?", "The line is the card's peak: memory until it bends, arithmetic from there. More sequences move decode to the right.");
	page_plot(out, &(struct page_plot){.says = "Steps of the estimate under the card's peaks; the table has the figures", .curves = curves, .count = COUNT(curves),
	                                   .x = {.log = true, .name = "FLOP per byte read"}, .y = {.log = true, .name = "TFLOP/s"}});
	fprintf(out, "<details><summary>The figures: peaks of %s", sheet_number(flops, 0, number));
	fprintf(out, " TFLOP/s and %s GB/s</summary>", sheet_number(bytes * 1e3, 0, number));
	page_table(out, "steps", "Steps under the roof", heads, COUNT(heads), -1);
	for (size_t i = 0; i < count; i++) {
		fputs("<tr>", out);
		page_text_cell(out, at[i].name);
		put_number_cell(out, at[i].intensity, 1);
		put_number_cell(out, at[i].tflop_s, 1);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	fputs("</details>", out);
	page_section_end(out);
}

/* ---- load, and speed ---- */

struct load_curve {
	double load[POINTS + 1], input[POINTS + 1], output[POINTS + 1], speed[POINTS + 1];
};

static void fill_loads(const struct costs *c, struct load_curve *v) {
	for (int i = 0; i <= POINTS; i++) {
		double offered = pow(100, (double)i / POINTS - 1);
		struct at_load l = explain_at_load(c, offered);
		v->load[i] = 100 * offered;
		v->input[i] = l.input;
		v->output[i] = l.output;
		v->speed[i] = l.user_tok_s;
	}
}

/* Prices that do not depend on load: two ends of a line. */
static size_t add_list(const struct costs *c, const double x[2], double prices[2][2], struct page_curve *curves, size_t count) {
	static const char *const names[] = {"list input", "list output"};
	const double list[] = {c->list_input, c->list_output};

	for (int k = 0; k < 2; k++) {
		prices[k][0] = prices[k][1] = list[k];
		if (list[k] > 0) {
			curves[count++] = (struct page_curve){.class = "dash", .name = names[k], .x = x, .y = prices[k], .count = 2};
		}
	}
	return count;
}

static void put_load(const struct costs *c, const struct load_curve *v, FILE *out) {
	static const double ends[] = {1, 100};
	char sign[PAGE_FIGURE_MAX];
	double prices[2][2];
	struct page_curve curves[PAGE_CURVES_MAX] = {{.class = "out", .name = "output", .x = v->load, .y = v->output, .count = POINTS + 1},
	                                             {.class = "in", .name = "input", .x = v->load, .y = v->input, .count = POINTS + 1}};
	size_t count = add_list(c, ends, prices, curves, 2);

	page_card(out, "load", "What load does", "Arriving requests, as a share of a full batch's capacity. With fewer of them the batch shrinks before GPUs become idle: output costs many times as much.");
	page_plot(out, &(struct page_plot){.says = "Cost of input and output by load; the table below has the figures", .curves = curves, .count = count,
	                                   .x = {.low = 1, .high = 100, .log = true, .name = "load", .suffix = " %"},
	                                   .y = {.log = true, .name = "cost per million", .prefix = dollars(c, sign)}});
	page_section_end(out);
}

static void put_speed(const struct costs *c, const struct load_curve *v, FILE *out) {
	char sign[PAGE_FIGURE_MAX], batches[EXPLAIN_LOADS][32];
	const char *labels[EXPLAIN_LOADS];
	double x[EXPLAIN_LOADS], y[EXPLAIN_LOADS];

	for (size_t i = 0; i < EXPLAIN_LOADS; i++) {
		struct at_load l = explain_at_load(c, explain_loads[i]);
		x[i] = l.user_tok_s;
		y[i] = l.output;
		snprintf(batches[i], sizeof batches[i], "%.0f at once", l.load.batch);
		labels[i] = batches[i];
	}
	const struct page_curve curves[] = {{.class = "out", .x = v->speed, .y = v->output, .count = POINTS + 1},
	                                    {.class = "out", .x = x, .y = y, .labels = labels, .count = EXPLAIN_LOADS, .form = PAGE_POINTS}};
	page_card(out, "speed", "Cost against speed", "Output tokens: what they cost, and how many of them a user sees a second. Cheap tokens are slow tokens.");
	page_plot(out, &(struct page_plot){.says = "Cost of output against tokens a second of one user; the table below has the figures", .curves = curves, .count = 2,
	                                   .x = {.name = "tokens a second that a user sees"}, .y = {.log = true, .name = "cost per million output tokens", .prefix = dollars(c, sign)}});
	page_section_end(out);
}

static void put_load_table(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"load", "requests/s", "batch", "at work", "first token, ms", "ms/token", "tokens/s a user", "input", "output", "ratio", "1,000 requests"};
	char what[300], sign[PAGE_FIGURE_MAX], figure[PAGE_FIGURE_MAX];

	snprintf(what, sizeof what, "Of %.3g requests a second that a full batch of %lld keeps up with; %s per million tokens.", c->capacity, (long long)c->full_batch, dollars(c, sign));
	page_section(out, "loads", "From 1 % of the load to all of it", what);
	page_table(out, "loads", "By load", heads, COUNT(heads), -1);
	for (size_t i = 0; i < EXPLAIN_LOADS; i++) {
		struct at_load l = explain_at_load(c, explain_loads[i]);
		const double plain[] = {l.load.rate, l.load.batch};
		fputs("<tr>", out);
		put_share_cell(out, explain_loads[i], 0);
		put_number_cell(out, plain[0], 3);
		put_number_cell(out, plain[1], 1);
		put_share_cell(out, l.load.at_work, 0);
		put_number_cell(out, l.load.ttft_ms, 0);
		put_number_cell(out, l.load.token_ms, 1);
		put_number_cell(out, l.user_tok_s, 0);
		put_unit_cell(out, l.input, NULL);
		put_unit_cell(out, l.output, NULL);
		put_number_cell(out, l.ratio, 1);
		page_cell(out, l.request, page_unit_figure(l.request * 1000, figure), NULL);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

/* ---- by position ---- */

static void put_position_table(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"<position", "input", "attention in it", "output", "attention in it", "sequences at once"};
	char number[SHEET_NUMBER_MAX];

	fputs("<details><summary>The figures</summary>", out);
	page_table(out, "positions", "Cost by position", heads, COUNT(heads), -1);
	for (size_t i = 0; i < EXPLAIN_POSITIONS; i++) {
		struct at_position at = explain_at(c, explain_positions[i]);
		fprintf(out, "<tr><td class=\"l\"><data value=\"%.0f\">%s</data></td>", explain_positions[i], sheet_number(explain_positions[i], 0, number));
		put_unit_cell(out, at.input, NULL);
		put_share_cell(out, at.input_attention, 0);
		put_unit_cell(out, at.output, NULL);
		put_share_cell(out, at.output_attention, 0);
		put_number_cell(out, (double)at.batch, 0);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	fputs("</details>", out);
}

static void put_positions(const struct costs *c, FILE *out) {
	static const double ends[] = {1, 100000};
	double x[POINTS + 1], in[POINTS + 1], made[POINTS + 1], prices[2][2];
	char sign[PAGE_FIGURE_MAX], what[200];
	struct page_curve curves[PAGE_CURVES_MAX] = {{.class = "out", .name = "output", .x = x, .y = made, .count = POINTS + 1},
	                                             {.class = "in", .name = "input", .x = x, .y = in, .count = POINTS + 1}};
	size_t count = add_list(c, ends, prices, curves, 2);

	for (int i = 0; i <= POINTS; i++) {
		x[i] = pow(1e5, (double)i / POINTS);
		struct at_position at = explain_at(c, x[i]);
		in[i] = at.input;
		made[i] = at.output;
	}
	struct at_position early = explain_at(c, explain_positions[0]), late = explain_at(c, explain_positions[2]);
	snprintf(what, sizeof what, "The 10,001st output token costs %.1f × the 11th, the 10,001st input token %.1f ×.%s", late.output / early.output, late.input / early.input,
	         late.batch < early.batch ? " Fewer contexts so long fit at once." : "");
	page_card(out, "position", "The 11th token and the 10,001st", isfinite(late.output) ? what : NULL);
	page_plot(out, &(struct page_plot){.says = "Cost of input and output by position; the table has the figures", .curves = curves, .count = count,
	                                   .x = {.low = 1, .high = 100000, .log = true, .name = "position of the token in its context"},
	                                   .y = {.log = true, .name = "cost per million", .prefix = dollars(c, sign)}});
	put_position_table(c, out);
	page_section_end(out);
}

/* ---- batch and context, mixes, caching, power ---- */

/* Darker is more, in nine steps of the logarithm. */
static void put_heat_cell(FILE *out, double x, double low, double high) {
	char number[SHEET_NUMBER_MAX], class[16];
	double at = high > low && x > 0 ? log(x / low) / log(high / low) : 0;

	snprintf(class, sizeof class, "h%d", at >= 1 ? 8 : at > 0 ? (int)(9 * at) : 0);
	page_cell(out, x, isnan(x) ? "no room" : sheet_number(x, x < 10 ? 1 : 0, number), class);
}

static void put_ratios(const struct costs *c, FILE *out) {
	const char *heads[EXPLAIN_CONTEXTS + 1] = {"<sequences at once"};
	char names[EXPLAIN_CONTEXTS][SHEET_NUMBER_MAX + 8], number[SHEET_NUMBER_MAX];
	double low = INFINITY, high = 0;

	for (size_t j = 0; j < EXPLAIN_CONTEXTS; j++) {
		snprintf(names[j], sizeof names[j], "%s", sheet_number(explain_contexts[j], 0, number));
		heads[j + 1] = names[j];
		for (size_t i = 0; i < EXPLAIN_BATCHES; i++) {
			double ratio = explain_ratio(c, explain_batches[i], explain_contexts[j]);
			low = fmin(low, ratio);
			high = fmax(high, ratio);
		}
	}
	page_card(out, "context", "Output : input", "By sequences at once, and by context in tokens. No figure where the caches do not fit in memory.");
	page_table(out, "ratios", "Output to input by batch and context", heads, EXPLAIN_CONTEXTS + 1, -1);
	for (size_t i = 0; i < EXPLAIN_BATCHES; i++) {
		fprintf(out, "<tr><td class=\"l\">%.0f</td>", explain_batches[i]);
		for (size_t j = 0; j < EXPLAIN_CONTEXTS; j++) {
			put_heat_cell(out, explain_ratio(c, explain_batches[i], explain_contexts[j]), low, high);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

/* A column without a list price is left out. */
static void put_mixes(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"<input : output", "cost", "of it output", "list price", "margin"};
	bool listed = !isnan(explain_mix(c, 1).price);

	page_card(out, "mix", "What the mix does", listed ? NULL : "Per million tokens of the mix. With <code>--list-input</code> and <code>--list-output</code> beside their list price.");
	page_table(out, "mixes", "By mix", heads, listed ? 5 : 3, -1);
	for (size_t i = 0; i < EXPLAIN_MIXES; i++) {
		struct mix m = explain_mix(c, explain_mixes[i]);
		fprintf(out, "<tr><td class=\"l\">%.0f : 1</td>", explain_mixes[i]);
		put_unit_cell(out, m.cost, NULL);
		put_share_cell(out, m.output_share, 0);
		if (listed) {
			put_unit_cell(out, m.price, NULL);
			put_share_cell(out, m.margin, 0);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

static void put_caching(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"<found in the cache", "cost of input", "saved", "list price"};
	struct caching none = explain_caching(c, 0);
	char what[120];

	snprintf(what, sizeof what, "Per million input tokens, of prompts of %.0f.", c->prompt);
	page_card(out, "cache", "What prefix caching is worth", what);
	page_table(out, "caching", "By share of the prompt in the cache", heads, isnan(none.price) ? 3 : 4, -1);
	for (size_t i = 0; i < EXPLAIN_HITS; i++) {
		struct caching k = explain_caching(c, explain_hits[i]);
		fprintf(out, "<tr><td class=\"l\">%.0f %%</td>", explain_hits[i] * 100);
		put_unit_cell(out, k.cost, NULL);
		fprintf(out, "<td>%.0f %%</td>", (1 - k.cost / none.cost) * 100);
		if (!isnan(none.price)) {
			put_unit_cell(out, k.price, NULL);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

static void put_levers(const struct costs *c, FILE *out) {
	struct levers v = explain_levers(c);
	char number[SHEET_NUMBER_MAX];

	page_card(out, "lever", "Other factors", NULL);
	fputs("<ul class=\"notes\">\n", out);
	if (isfinite(v.hold)) {
		fputs("<li>Holding a million tokens of cache for an hour takes GPU memory worth ", out);
		page_unit(out, c->currency, v.hold);
		fprintf(out, "; a prompt of %.0f comes back from host memory in ", c->prompt);
		page_figure(out, v.load_ms, sheet_number(v.load_ms, 1, number));
		fputs(" ms, and is computed in ", out);
		page_figure(out, v.compute_ms, sheet_number(v.compute_ms, 1, number));
		fputs(" ms.</li>\n", out);
	}
	fputs("<li>Speculative decoding with this batch: output at × ", out);
	page_figure(out, v.speculative, sheet_number(v.speculative, 2, number));
	fprintf(out, " of its cost, a %s.</li>\n<li>Disaggregated, prefill takes ", v.speculative < 1 ? "gain" : "loss");
	page_figure(out, v.prefill_share, sheet_number(v.prefill_share * 100, 0, number));
	fputs(" % of the GPUs for this mix.</li></ul>\n", out);
	page_section_end(out);
}

static void put_power(const struct costs *stated, FILE *out) {
	static const char *const heads[] = {"<load", "input, J/token", "output, J/token", "input", "output"};
	char what[400], assumed[EXPLAIN_ASSUMED_MAX];
	struct costs powered = explain_powered(stated, assumed), *c = &powered;
	bool paid = !isnan(c->per_kwh);

	snprintf(what, sizeof what, "%.0f W a GPU in prefill, %.0f W in decode, %.0f W idle; PUE %.3g. %s%s", costs_input_watts(c), costs_output_watts(c), c->idle_watts, c->pue,
	         paid ? "Money per million tokens. " : "With <code>--per-kwh</code> in money. ", assumed);
	page_card(out, "power", "Power", what);
	page_table(out, "energy", "Energy by load", heads, paid ? 5 : 3, -1);
	for (size_t i = 0; i < EXPLAIN_LOADS; i++) {
		struct at_load l = explain_at_load(c, explain_loads[i]);
		if (explain_loads[i] != 0.1 && explain_loads[i] != 0.5 && explain_loads[i] != 1) {
			continue;
		}
		fprintf(out, "<tr><td class=\"l\">%.0f %%</td>", explain_loads[i] * 100);
		put_number_cell(out, l.input_joules, 4);
		put_number_cell(out, l.output_joules, 4);
		if (paid) {
			put_unit_cell(out, l.input_power, NULL);
			put_unit_cell(out, l.output_power, NULL);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

/* ---- the page ---- */

void explain_html(const struct costs *c, FILE *out) {
	static const struct page_link links[] = {{"price", "Prices"}, {"roof", "Roofline"}, {"load", "Load"}, {"speed", "Speed"}, {"position", "Position"},
	                                         {"context", "Context"}, {"loads", "Load table"}, {"power", "Power"}, {NULL, NULL}};
	const struct roofline *r = &c->roofline;
	struct load_curve loads;
	char about[300], sign[PAGE_FIGURE_MAX];

	snprintf(about, sizeof about, "%s on %lld × %s · %s%.4g per GPU-hour", r->model.name, (long long)r->gpus, r->gpu.name, dollars(c, sign), c->rent * 3.6e12 * c->utilization);
	page_open(out, "Why are output tokens more expensive? – tollbook", about, "estimate", links);
	put_answer(c, out);
	fputs("<div class=\"first\">\n", out);
	put_prices(c, out);
	put_time(c, out);
	fputs("</div>\n<div class=\"two\">\n", out);
	fill_loads(c, &loads);
	put_roof(c, out);
	put_load(c, &loads, out);
	put_speed(c, &loads, out);
	put_positions(c, out);
	put_ratios(c, out);
	put_mixes(c, out);
	put_caching(c, out);
	put_power(c, out);
	fputs("</div>\n", out);
	put_levers(c, out);
	put_load_table(c, out);
	page_close(out, "Every value with its formula: estimate -v, or --format json");
}
