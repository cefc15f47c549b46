/* explain_load.c: cost, batch and waiting from 1 % to 100 % of the load; power; what else moves the price. */
#include <math.h>
#include <string.h>

#include "report/estimate/explain.h"
#include "report/estimate/sheet.h"

#define HOST_BYTES_S 50e9       /* between host memory and GPU, PCIe 5.0 x16 as measured */
#define DRAFT_TOKENS 3          /* of speculative decoding */
#define DRAFT_ACCEPTED 0.7      /* of each, if those before it were accepted */

const double explain_loads[EXPLAIN_LOADS] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1};

struct at_load explain_at_load(const struct costs *c, double offered) {
	struct costs at = *c;
	double context = c->prompt + c->output / 2;

	at.utilization = 1;
	at.rent = c->rent * c->utilization;
	costs_set_load(&at, offered);
	double in = costs_uncached_ns(&at, at.prompt, at.cached), out = costs_output_ns(&at, (double)at.batch, context);
	double in_watts = costs_input_watts(&at), out_watts = costs_output_watts(&at);
	struct at_load l = {.load = at.load, .input = costs_rent(&at, in), .output = costs_rent(&at, out), .ratio = out / in,
	                    .input_joules = costs_wh(&at, in, in_watts) * 3600 / 1e6, .output_joules = costs_wh(&at, out, out_watts) * 3600 / 1e6};
	double cached = at.cached > 0 ? at.cached * costs_rent(&at, costs_cached_ns(&at, at.prompt, at.cached)) : 0;

	l.request = ((at.prompt - at.cached) * l.input + cached + at.output * l.output) / 1e6;
	l.input_power = costs_power(&at, in, in_watts);
	l.output_power = costs_power(&at, out, out_watts);
	l.user_tok_s = 1e3 / at.load.token_ms;
	return l;
}

/* ---- as tables ---- */

static void print_loads(const struct costs *c, FILE *out) {
	char in[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX], ttft[SHEET_NUMBER_MAX], request[SHEET_NUMBER_MAX];

	fprintf(out, "\n5. By load, of %.3g requests/s that a full batch of %lld keeps up with; x / %.1f\n", c->capacity, (long long)c->full_batch, exp(c->spread));
	fprintf(out, "    load     req/s  batch  at work  TTFT ms  ms/token  tok/s/user     input    output  ratio   1,000 requests\n");
	for (size_t i = 0; i < EXPLAIN_LOADS; i++) {
		struct at_load l = explain_at_load(c, explain_loads[i]);
		fprintf(out, "%6.0f %% %9.3f %6.1f %6.0f %% %8s %9.1f %11.0f %9s", explain_loads[i] * 100, l.load.rate, l.load.batch, l.load.at_work * 100,
		        sheet_number(l.load.ttft_ms, 0, ttft), l.load.token_ms, l.user_tok_s, sheet_number(l.input, 4, in));
		fprintf(out, " %9s %6.1f %16s\n", sheet_number(l.output, 4, made), l.ratio, sheet_number(l.request * 1000, 3, request));
	}
	fputs("   With fewer requests the batch shrinks before GPUs become idle: input costs little more, output many times as much, because\n"
	      "   each step reads the weights for fewer sequences.\n", out);
}

#define USD_PER_KWH 0.10  /* about what industry pays in the United States */
#define GRID_GRAMS 445.0  /* about the mean of the world's grids in 2024 */

struct costs explain_powered(const struct costs *c, char what[EXPLAIN_ASSUMED_MAX]) {
	struct costs powered = *c;
	bool price = isnan(c->per_kwh) && strcmp(c->currency, "USD") == 0, grid = isnan(c->grid);

	powered.per_kwh = price ? USD_PER_KWH : c->per_kwh;
	powered.grid = grid ? GRID_GRAMS : c->grid;
	what[0] = '\0';
	if (price || grid) {
		snprintf(what, EXPLAIN_ASSUMED_MAX, "Assumed: %s%s%s of CO2 per kWh (--per-kwh, --grid).", price ? "0.10 USD per kWh" : "", price && grid ? ", " : "",
		         grid ? "445 g" : "");
	}
	return powered;
}

/* Electricity and GPU-hours of a request. */
static double power_share(const struct costs *c, const struct at_load *l) {
	return ((c->prompt - c->cached) * l->input_power + c->output * l->output_power) / 1e6 / l->request;
}

static void print_power(const struct costs *stated, FILE *out) {
	char in[SHEET_NUMBER_MAX], made[SHEET_NUMBER_MAX], grid_in[SHEET_NUMBER_MAX], grid_out[SHEET_NUMBER_MAX], assumed[EXPLAIN_ASSUMED_MAX];
	static const double loads[] = {0.01, 0.1, 0.5, 1};
	struct costs c = explain_powered(stated, assumed);

	fprintf(out, "\n6. Power: %.0f W a GPU in prefill, %.0f W in decode, %.0f W idle; the rest of the server %.0f W a GPU%s; PUE %.3g\n",
	        costs_input_watts(&c), costs_output_watts(&c), c.idle_watts, c.server_watts, c.server_watts > 0 ? "" : " (--server-watts)", c.pue);
	fputs("    load   input J/token   output J/token   input/M   output/M   of rent   gCO2/M in        out\n", out);
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
		struct at_load l = explain_at_load(&c, loads[i]);
		fprintf(out, "%6.0f %% %15.4f %16.4f %9s %10s", loads[i] * 100, l.input_joules, l.output_joules, sheet_number(l.input_power, 5, in),
		        sheet_number(l.output_power, 5, made));
		if (isnan(c.per_kwh)) {
			fputs("         -", out);
		} else {
			fprintf(out, " %7.1f %%", 100 * power_share(&c, &l));
		}
		fprintf(out, " %11s %10s\n", sheet_number(l.input_joules / 3.6 * c.grid, 2, grid_in), sheet_number(l.output_joules / 3.6 * c.grid, 2, grid_out));
	}
	fprintf(out, "   Idle GPUs draw, too: so a token takes more energy the emptier they are.%s%s\n", assumed[0] ? "\n   " : "", assumed);
}

static const char *money(double x, char out[SHEET_NUMBER_MAX]) {
	return sheet_number(x, 4, out);
}

struct levers explain_levers(const struct costs *c) {
	struct levers v = {.hold = NAN};
	double context = c->prompt + c->output / 2, batch = (double)c->batch, bytes = law_cache_token_bytes(&c->law);
	double room = ((double)c->roofline.gpu.memory_bytes * c->memory - law_weight_bytes(&c->law)) * c->gpus;
	struct law_step plain, verified;

	if (room > 0 && bytes > 0) {
		v.hold = c->rent * c->utilization * 3.6e12 * c->gpus * 1e6 * bytes / room;
	}
	v.load_ms = bytes * c->prompt / (HOST_BYTES_S * c->gpus) * 1e3;
	v.compute_ms = c->prompt * costs_uncached_ns(c, c->prompt, 0) / c->gpus / 1e6;
	law_step(&c->law, 0, 0, batch, batch * context, &plain);
	law_step(&c->law, 0, 0, batch * (1 + DRAFT_TOKENS), batch * context, &verified);
	v.accepted = (1 - pow(DRAFT_ACCEPTED, DRAFT_TOKENS + 1)) / (1 - DRAFT_ACCEPTED);
	v.speculative = verified.total_ns / plain.total_ns / v.accepted;
	law_step(&c->law, 0, 0, 1, context, &plain);
	law_step(&c->law, 0, 0, 1 + DRAFT_TOKENS, context, &verified);
	v.speculative_alone = verified.total_ns / plain.total_ns / v.accepted;
	double in = c->prompt * costs_uncached_ns(c, c->prompt, 0), out = c->output * costs_output_ns(c, batch, context);
	v.prefill_share = in / (in + out);
	return v;
}

struct token_time explain_time(const struct costs *c) {
	double context = c->prompt + c->output / 2, batch = (double)c->batch;

	return (struct token_time){.input = costs_input_ns(c, context), .input_attention = costs_input_attention_ns(c, context),
	                           .output = costs_output_ns(c, batch, context), .output_attention = costs_output_attention_ns(c, batch, context)};
}

static struct on_roof on_roof(const struct costs *c, double p, double a, double d, double k) {
	struct law_step s;

	law_step(&c->law, p, a, d, k, &s);
	return (struct on_roof){.sequences = d, .intensity = s.flops_share * c->law.peak.flops / (s.bytes_share * c->law.peak.bandwidth),
	                        .tflop_s = s.flops_share * c->law.peak.flops / 1e12};
}

size_t explain_steps(const struct costs *c, struct on_roof out[EXPLAIN_STEPS]) {
	double context = c->prompt + c->output / 2, chunk = costs_chunk(c);
	size_t n = 0;

	for (size_t i = 0; i < EXPLAIN_BATCHES; i++) {
		double d = explain_batches[i];
		if ((double)costs_batch(c, (int64_t)d, context) >= d) {
			out[n] = on_roof(c, 0, 0, d, d * context);
			snprintf(out[n].name, sizeof out[n].name, d > 1 ? "%.0f sequences" : "%.0f sequence", d);
			n++;
		}
	}
	out[n] = on_roof(c, chunk, chunk * (c->cached + chunk / 2), 0, 0);
	snprintf(out[n].name, sizeof out[n].name, "a chunk of %.0f", chunk);
	return n + 1;
}

static void print_levers(const struct costs *c, FILE *out) {
	char number[SHEET_NUMBER_MAX], ms[SHEET_NUMBER_MAX];
	struct levers v = explain_levers(c);

	fputs("\n7. Other factors\n", out);
	fprintf(out, "   Holding a million tokens of cache for an hour takes GPU memory worth %s %s; a prompt of %.0f comes back from host\n"
	             "   memory in %s ms, and is computed in ", money(v.hold, number), c->currency, c->prompt, sheet_number(v.load_ms, 1, ms));
	fprintf(out, "%s ms.\n", sheet_number(v.compute_ms, 1, ms));
	fprintf(out, "   Speculative decoding (%d drafted, %.0f %% of each accepted): output at x %.2f of its cost with this batch, %s;\n   x %.2f for a request alone.\n",
	        DRAFT_TOKENS, DRAFT_ACCEPTED * 100, v.speculative, v.speculative < 1 ? "a gain" : "a loss", v.speculative_alone);
	fprintf(out, "   On separate replicas, prefill takes %.0f %% of the GPUs and decode %.0f %% for this mix.\n", v.prefill_share * 100, 100 - v.prefill_share * 100);
}

void explain_load_print(const struct costs *c, FILE *out) {
	print_loads(c, out);
	print_power(c, out);
	print_levers(c, out);
	explain_precision_print(c, out);
}

/* ---- as JSON ---- */

static void json_pairs(const char *const *names, const double *values, size_t count, FILE *out) {
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\"%s\":", i ? "," : "", names[i]);
		sheet_json_number(values[i], out);
	}
}

static void json_steps(const struct costs *c, FILE *out) {
	struct on_roof at[EXPLAIN_STEPS];
	size_t count = explain_steps(c, at);

	fprintf(out, ",\n \"roofline\":{\"peak_tflop_s\":%.15g,\"peak_gb_s\":%.15g,\"steps\":[", c->law.peak.flops / 1e12, c->law.peak.bandwidth / 1e9);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s{\"sequences\":%.0f,\"intensity\":%.15g,\"tflop_s\":%.15g}", i ? "," : "", at[i].sequences, at[i].intensity, at[i].tflop_s);
	}
	fputs("]}", out);
}

static void json_token(const struct costs *c, FILE *out) {
	static const char *const times[] = {"input", "input_attention", "output", "output_attention"}, *const prices[] = {"input", "cached", "output"};
	struct token_time t = explain_time(c);
	const double us[] = {t.input / 1e3, t.input_attention / 1e3, t.output / 1e3, t.output_attention / 1e3}, list[] = {c->list_input, c->list_cached, c->list_output};

	fputs(",\n \"token_us\":{", out);
	json_pairs(times, us, 4, out);
	fputs("},\"list\":{", out);
	json_pairs(prices, list, 3, out);
	fputs("}", out);
}

void explain_load_json(const struct costs *c, FILE *out) {
	static const char *const names[] = {"load", "requests_per_s", "batch", "at_work", "ttft_ms", "token_ms", "tok_s_per_user", "input", "output",
	                                    "ratio", "request", "input_power", "output_power", "input_joules", "output_joules"};
	static const char *const levers[] = {"hold_million_token_hours", "load_prompt_ms", "compute_prompt_ms", "speculative_factor", "speculative_factor_alone", "prefill_share"};

	fputs(",\n \"loads\":[", out);
	for (size_t i = 0; i < EXPLAIN_LOADS; i++) {
		struct at_load l = explain_at_load(c, explain_loads[i]);
		const double values[] = {explain_loads[i], l.load.rate, l.load.batch, l.load.at_work, l.load.ttft_ms, l.load.token_ms, l.user_tok_s,
		                         l.input, l.output, l.ratio, l.request, l.input_power, l.output_power, l.input_joules, l.output_joules};
		fputs(i ? ",\n  {" : "\n  {", out);
		json_pairs(names, values, sizeof values / sizeof *values, out);
		fputs("}", out);
	}
	struct levers v = explain_levers(c);
	const double values[] = {v.hold, v.load_ms, v.compute_ms, v.speculative, v.speculative_alone, v.prefill_share};
	fputs("\n ],\n \"levers\":{", out);
	json_pairs(levers, values, sizeof values / sizeof *values, out);
	fprintf(out, "},\n \"watts\":{\"prefill\":%.1f,\"decode\":%.1f,\"idle\":%.1f}", costs_input_watts(c), costs_output_watts(c), c->idle_watts);
	json_steps(c, out);
	json_token(c, out);
	explain_precision_json(c, out);
}
