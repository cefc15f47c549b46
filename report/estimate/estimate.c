/* estimate.c: the figures of an estimate, one after the other, each with its formula. */
#include <math.h>
#include <string.h>

#include "core/terminal.h"
#include "report/estimate/costs.h"
#include "report/estimate/explain.h"
#include "report/estimate/sheet.h"

#define GIGA 1e9
#define TERA 1e12

static void add_model(struct sheet *s, const struct costs *c) {
	const struct modelspec *m = &c->roofline.model;
	const struct modelsize *z = &c->roofline.size;

	sheet_add(s, "params", "Parameters", (double)z->params, 0, "",
	          "attention %lld + MLP %lld + experts %lld + shared %lld + router %lld + norms, biases %lld + embedding %lld + head %lld",
	          (long long)z->attention_params, (long long)z->dense_params, (long long)z->expert_params, (long long)z->shared_params,
	          (long long)z->router_params, (long long)z->vector_params, (long long)z->embedding_params, (long long)z->head_params);
	sheet_add(s, "active_params", "met by each token", (double)z->active_params, 0, "",
	          "parameters - embedding - experts not chosen (%lld of %lld are)", (long long)m->experts_per_token,
	          (long long)m->experts)->detail = m->experts == 0;
	sheet_add(s, "weight_bytes", "Weights in memory", (double)z->weight_bytes / GIGA, 2, "GB",
	          "%.3f bits per weight, embedding, head and norms %.0f", (double)m->weight_mbit / 1e3, (double)m->other_mbit / 1e3);
	sheet_add(s, "kv_token_bytes", "Cache of one token", (double)z->kv_token_bytes, 0, "bytes",
	          m->kv_rank > 0 ? "%lld layers x (%lld + %lld) x %g bits / 8" : "%lld layers x 2 x %lld heads x %lld x %g bits / 8",
	          (long long)m->layers, (long long)(m->kv_rank > 0 ? m->kv_rank : m->kv_heads),
	          (long long)(m->kv_rank > 0 ? m->rope_dim : m->head_dim), (double)m->kv_mbit / 1e3);
	sheet_add(s, "token_flops", "FLOPs of a token, without attention", (double)z->token_flops / GIGA, 3, "GFLOP",
	          "2 x (%lld active - head - norms), head apart: 2 x %lld", (long long)z->active_params, (long long)z->head_flops / 2);
	sheet_add(s, "prefill_pair_flops", "FLOPs of attention, per token of context", (double)z->prefill_pair_flops / 1e6, 3, "MFLOP",
	          m->kv_rank > 0 ? "%lld layers x 2 x %lld heads x (nope + rope + v = %lld)" : "%lld layers x 4 x %lld heads x %lld",
	          (long long)m->layers, (long long)m->heads,
	          (long long)(m->kv_rank > 0 ? m->nope_dim + m->rope_dim + m->v_dim : m->head_dim))->detail = true;
	sheet_add(s, "decode_pair_flops", "the same in decode", (double)z->decode_pair_flops / 1e6, 3, "MFLOP",
	          m->kv_rank > 0 ? "over the latent: %lld layers x 2 x %lld heads x (2 x %lld + %lld)" : "the same: %lld layers x 4 x %lld x %lld",
	          (long long)m->layers, (long long)m->heads, (long long)(m->kv_rank > 0 ? m->kv_rank : m->head_dim),
	          (long long)m->rope_dim)->detail = true;
}

static void add_card(struct sheet *s, const struct costs *c, const struct estimate_options *o) {
	const struct roofline *r = &c->roofline;
	const char *precision = precision_names[r->compute];

	sheet_add(s, "flops", "Arithmetic", r->flops / TERA, 1, "TFLOP/s", "%lld x %.1f (dense %s) x %.3g MFU", (long long)r->gpus,
	          (double)r->gpu.flops[r->compute] / TERA, precision, r->flops / (double)r->gpu.flops[r->compute] / (double)r->gpus);
	sheet_add(s, "attention_flops", "16-bit arithmetic, of attention", r->attention_flops / 1e12, 1, "TFLOP/s", "%lld x %.1f (dense bf16) x %.3g MFU",
	          (long long)r->gpus, (double)r->gpu.flops[PRECISION_BF16] / 1e12, r->attention_flops / (double)r->gpu.flops[PRECISION_BF16] / (double)r->gpus)->detail = true;
	sheet_add(s, "bandwidth", "Bandwidth", r->bandwidth / GIGA, 0, "GB/s", "%lld x %.0f x %.3g of the peak", (long long)r->gpus,
	          (double)r->gpu.bandwidth / GIGA, r->bandwidth / (double)r->gpu.bandwidth / (double)r->gpus);
	sheet_add(s, "ridge_ntok", "Ridge: compute-bound above, tokens per step", roofline_ridge(r), 0, "tokens",
	          "(weights read %.2f GB / bandwidth) / (%.3f GFLOP with head / arithmetic)",
	          roofline_weight_bytes(r, roofline_ridge(r)) / GIGA, (double)(r->size.token_flops + r->size.head_flops) / GIGA);
	sheet_add(s, "ridge_batch", "the same at this context, cache included", costs_ridge(c, c->prompt + c->output / 2), 0, "sequences",
	          "B x (FLOPs + %.0f tokens x attention) / arithmetic = (weights + B x cache) / bandwidth", c->prompt + c->output / 2);
	sheet_add(s, "batch_fits", "Batch that fits in memory", (double)c->fits, 0, "sequences",
	          "(%lld x %.0f GB x %g - %.2f GB) / (%.0f tokens on average x cache of one)", (long long)r->gpus,
	          (double)r->gpu.memory_bytes / GIGA, c->memory, law_weight_bytes(&c->law) * c->gpus / GIGA, c->prompt + c->output / 2);
	sheet_add(s, "batch", "Batch assumed", (double)c->batch, 0, "sequences", "%s",
	          c->loaded ? "sequences that decode at this load" : o->batch > c->fits ? "--batch; more than the memory holds by these figures" : o->batch > 0 ? "--batch" : "what fits in memory, at most --max-batch");
}

/* FLOPs and bytes of tokens by position, prefilled and decoded. */
struct place_line {
	double before;
	const char *prefill_key, *prefill, *decode_key, *decode, *bytes_key, *bytes;
};

static void add_place(struct sheet *s, const struct costs *c, const struct place_line *l) {
	const struct modelsize *z = &c->roofline.size;
	double seen = modelspec_seen(&c->roofline.model, l->before), batch = (double)c->batch;
	double weights = roofline_weight_bytes(&c->roofline, batch);

	sheet_add(s, l->prefill_key, l->prefill, ((double)z->token_flops + seen * (double)z->prefill_pair_flops) / GIGA, 3, "GFLOP",
	          "%.3f + %.0f x %.6f", (double)z->token_flops / GIGA, seen, (double)z->prefill_pair_flops / GIGA)->detail = true;
	sheet_add(s, l->decode_key, l->decode, ((double)(z->token_flops + z->head_flops) + seen * (double)z->decode_pair_flops) / GIGA, 3,
	          "GFLOP", "%.3f + %.3f head + %.0f x %.6f", (double)z->token_flops / GIGA, (double)z->head_flops / GIGA, seen,
	          (double)z->decode_pair_flops / GIGA)->detail = true;
	sheet_add(s, l->bytes_key, l->bytes, (weights / batch + seen * (double)z->kv_token_bytes) / 1e6, 3, "MB",
	          "its share of %.3f GB of weights: / %.0f, + %.0f x %lld", weights / GIGA, batch, seen, (long long)z->kv_token_bytes)->detail = true;
}

static void add_positions(struct sheet *s, const struct costs *c) {
	static const struct place_line places[] = {
		{0, "prefill_flops_1", "FLOPs of the 1st token, prefilled", "decode_flops_1", "FLOPs of the 1st token, decoded",
		 "decode_bytes_1", "bytes of the 1st token, decoded"},
		{999, "prefill_flops_1000", "FLOPs of the 1,000th token, prefilled", "decode_flops_1000", "FLOPs of the 1,000th token, decoded",
		 "decode_bytes_1000", "bytes of the 1,000th token, decoded"},
		{9999, "prefill_flops_10000", "FLOPs of the 10,000th token, prefilled", "decode_flops_10000", "FLOPs of the 10,000th token, decoded",
		 "decode_bytes_10000", "bytes of the 10,000th token, decoded"}};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		add_place(s, c, &places[i]);
	}
}

static void add_times(struct sheet *s, const struct costs *c) {
	double context = c->prompt + c->output / 2, batch = (double)c->batch, tokens = costs_chunk(c);
	struct law_step chunk, step;

	law_step(&c->law, tokens, 0, 0, 0, &chunk);
	law_step(&c->law, 0, 0, batch, batch * context, &step);
	sheet_add(s, "prefill_chunk_ms", "A chunk of prompts: matrix products", (chunk.matrix_ns + chunk.expert_ns) / 1e6, 3, "ms",
	          "%.0f tokens, %.2f of the FLOP/s", tokens, chunk.flops_share)->detail = true;
	sheet_add(s, "prefill_floor_ms", "A chunk of prompts: launches, host, sending", (chunk.floor_ns + chunk.sequence_ns + chunk.sending_ns) / 1e6, 3,
	          "ms", "%.3f ms a step and layer + %.3f ms between GPUs + %.3f ms by token", chunk.floor_ns / 1e6, chunk.sending_ns / 1e6,
	          chunk.sequence_ns / 1e6)->detail = true;
	sheet_add(s, "decode_matrix_ms", "A decode step: weights", (step.matrix_ns + step.expert_ns) / 1e6, 3, "ms",
	          "%.3f ms + %.3f ms of experts", step.matrix_ns / 1e6, step.expert_ns / 1e6)->detail = true;
	sheet_add(s, "decode_cache_ms", "A decode step: the sequences' cache", step.decode_attention_ns / 1e6, 3, "ms",
	          "%.0f sequences x %.0f tokens", batch, context)->detail = true;
	sheet_add(s, "decode_floor_ms", "A decode step: launches, host", (step.floor_ns + step.sequence_ns) / 1e6, 3, "ms",
	          "%.3f ms a step and layer + %.3f ms by sequence", step.floor_ns / 1e6, step.sequence_ns / 1e6)->detail = true;
	sheet_add(s, "decode_sending_ms", "A decode step: between GPUs", step.sending_ns / 1e6, 3, "ms", "--tp %lld --pp %lld --ep %lld --dp %lld",
	          (long long)c->law.layout.tp, (long long)c->law.layout.pp, (long long)c->law.layout.ep, (long long)c->law.layout.dp)->detail = true;
	sheet_bound(sheet_add(s, "decode_step_ms", "A decode step", step.total_ns / 1e6, 3, "ms", "the sum of these"), c->spread);
	sheet_bound(sheet_add(s, "output_tok_s", "Output, in decode alone", batch / step.total_ns * 1e9, 0, "tokens/s", "%.0f / %.3f ms", batch,
	                      step.total_ns / 1e6), c->spread);
	double attention_ns = costs_input_attention_ns(c, c->prompt / 2) / c->gpus;
	sheet_add(s, "input_attention_us", "Attention of a prompt's token", attention_ns / 1e3, 4, "us",
	          "%.0f tokens before it on average", modelspec_seen(&c->roofline.model, c->prompt / 2))->detail = true;
	sheet_bound(sheet_add(s, "input_tok_s", "Input, in prefill alone", 1e9 * c->gpus / costs_uncached_ns(c, c->prompt, 0), 0, "tokens/s",
	                      "1 / (%.3f ms / %.0f of a chunk + %.4f us of attention)", costs_chunk_ns(c) / 1e6, tokens, attention_ns / 1e3), c->spread);
}

struct token {
	const char *name, *keys[5];
	double ns, list, watts;
	char formula[160];
};

static void add_token(struct sheet *s, const struct costs *c, const struct token *t) {
	struct sheet_line *time = sheet_add(s, t->keys[0], t->name, t->ns / 1e3, 4, "GPU-us", "%s", t->formula);
	time->detail = true;
	sheet_bound(time, c->spread);
	if (!isnan(c->rent)) {
		sheet_bound(sheet_add(s, t->keys[1], t->name, costs_rent(c, t->ns), 4, "/M by rent", "10^6 x %.4f us x %.6f per GPU-hour / 3.6e9 us / %g utilisation",
		          t->ns / 1e3, c->rent * 3.6e12 * c->utilization, c->utilization), c->spread);
	}
	if (!isnan(c->per_kwh)) {
		sheet_add(s, t->keys[2], t->name, costs_power(c, t->ns, t->watts), 4, "/M by power", "%.4f Wh x %g per kWh / 1000", costs_wh(c, t->ns, t->watts), c->per_kwh);
	}
	sheet_add(s, t->keys[3], t->name, costs_wh(c, t->ns, t->watts), 3, "Wh/M", "10^6 x %.4f us / 3.6e9 us per hour x (%.0f W + %.0f W idle x (1 / %g - 1)) x %g PUE", t->ns / 1e3, t->watts,
	          c->idle_watts, c->utilization, c->pue)->detail = isnan(c->per_kwh) && isnan(c->grid);
	if (!isnan(c->grid)) {
		sheet_add(s, t->keys[4], t->name, costs_wh(c, t->ns, t->watts) * c->grid / 1e3, 3, "gCO2/M", "%.4f Wh x %g g/kWh / 1000", costs_wh(c, t->ns, t->watts), c->grid);
	}
}

/* The derivation of each token's GPU time, in figures. */
static void describe_tokens(struct token tokens[3], const struct costs *c, double cached, double context) {
	double batch = (double)c->batch, step_ms = costs_output_ns(c, batch, context) * batch / c->gpus / 1e6;
	double computed = c->prompt - cached, own = costs_input_attention_ns(c, (c->prompt - c->cached) / 2);
	double all_us = costs_input_attention_ns(c, cached + computed / 2) / 1e3, alone_us = costs_input_attention_ns(c, computed / 2) / 1e3;

	snprintf(tokens[0].formula, sizeof tokens[0].formula, "%.4f us of a chunk + %.4f us of attention to %.0f tokens, x %.0f GPUs",
	         (costs_uncached_ns(c, c->prompt, c->cached) - own) / c->gpus / 1e3, own / c->gpus / 1e3, (c->prompt - c->cached) / 2, c->gpus);
	snprintf(tokens[1].formula, sizeof tokens[1].formula, "attention of %.0f computed tokens, (%.4f - %.4f without it) us x %.0f / %.0f cached",
	         computed, all_us, alone_us, computed, cached);
	snprintf(tokens[2].formula, sizeof tokens[2].formula, "%.3f ms of a decode step x %.0f GPUs / %.0f", step_ms, c->gpus, batch);
}

static void add_load(struct sheet *s, const struct costs *c) {
	sheet_bound(sheet_add(s, "capacity_rps", "Capacity of a full batch", c->capacity, 2, "/s", "%.0f GPUs' time / (%.0f x input + %.0f x output, batch %lld)",
	                      c->gpus, c->prompt, c->output, (long long)c->full_batch), c->spread);
	if (c->loaded) {
		sheet_add(s, "load_rps", "Arriving requests, per replica", c->load.rate, 3, "/s", "%.4g of the capacity", c->load.offered);
		sheet_add(s, "replicas", "Replicas", (double)c->replicas, 0, "", "as many as the capacity")->detail = c->replicas == 1;
		sheet_add(s, "at_work", "Busy time", c->load.at_work * 100, 1, "%", "1 - exp(-%.3f sequences in the engine)", c->load.decoding);
		sheet_bound(sheet_add(s, "ttft_ms", "Time to first token", c->load.ttft_ms, 1, "ms", "prompt, the step before it, the queue"), c->spread);
		sheet_bound(sheet_add(s, "token_ms", "Time per output token", c->load.token_ms, 2, "ms", "a step of %.1f sequences / (1 - %.3f of prompts)", c->load.batch, c->load.prefill), c->spread);
	}
}

/* Next to the costs; and what part of the rent such requests earn at this load, or the busy share of paid time that earns it. */
static void add_list_prices(struct sheet *s, const struct costs *c, const struct token tokens[3]) {
	static const char *const keys[] = {"list_input", "list_cached", "list_output"};
	double amounts[] = {c->prompt - c->cached, c->cached, c->output}, cost = 0, revenue = 0;

	for (size_t i = 0; i < 3; i++) {
		double rent = costs_rent(c, tokens[i].ns), list = i == 1 && isnan(tokens[1].list) ? tokens[0].list : tokens[i].list;
		cost += amounts[i] * rent;
		revenue += amounts[i] > 0 ? amounts[i] * list : 0;
		if (!isnan(tokens[i].list)) {
			sheet_add(s, keys[i], tokens[i].name, tokens[i].list, 4, "/M list price", "%.3g x the cost by rent", tokens[i].list / rent);
		}
	}
	double earned = revenue / cost, share = c->loaded ? earned : c->utilization / earned;
	if (!isnan(share)) {
		sheet_bound(sheet_add(s, c->loaded ? "rent_earned" : "break_even", c->loaded ? "Rent that list prices earn at this load" : "Break-even: busy share of paid time",
		                      100 * share, 1, "%", "%.4g at list price, %.4g of rent a request", revenue / 1e6, cost / 1e6), c->spread);
	}
}

static void add_costs(struct sheet *s, const struct costs *c) {
	double cached = c->cached > 0 ? c->cached : floor(c->prompt / 2);
	double context = c->prompt + c->output / 2;
	struct token tokens[] = {
		{"Input", {"input_ns", "input_rent", "input_power", "input_wh", "input_co2"}, costs_uncached_ns(c, c->prompt, c->cached), c->list_input, costs_input_watts(c), ""},
		{"Cached input", {"cached_ns", "cached_rent", "cached_power", "cached_wh", "cached_co2"}, costs_cached_ns(c, c->prompt, cached), c->list_cached, costs_input_watts(c), ""},
		{"Output", {"output_ns", "output_rent", "output_power", "output_wh", "output_co2"}, costs_output_ns(c, (double)c->batch, context), c->list_output, costs_output_watts(c), ""},
	};

	describe_tokens(tokens, c, cached, context);
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		add_token(s, c, &tokens[i]);
	}
	sheet_add(s, "output_input_ratio", "Output : input", tokens[2].ns / tokens[0].ns, 1, "", "%.4f us / %.4f us", tokens[2].ns / 1e3, tokens[0].ns / 1e3);
	add_list_prices(s, c, tokens);
}

static void print_head(const struct costs *c, FILE *out) {
	const struct roofline *r = &c->roofline;

	fprintf(out, "%s on %lld x %s", r->model.name, (long long)r->gpus, r->gpu.name);
	if (!isnan(c->rent)) {
		fprintf(out, " at %.4g %s per GPU-hour", c->rent * 3.6e12 * c->utilization, c->currency);
	}
	if (c->loaded) {
		fprintf(out, "\n%.4g requests/s come, %.0f %% of what %s with: batch %.1f, at work %.0f %% of the time, first token\nafter %.0f ms, then %.1f ms a token",
		        c->load.rate * (double)c->replicas, c->load.offered * 100, c->replicas > 1 ? "the replicas keep up" : "a full batch keeps up",
		        c->load.batch, c->load.at_work * 100, c->load.ttft_ms, c->load.token_ms);
		if (c->replicas > 1) {
			fprintf(out, "; %lld replicas", (long long)c->replicas);
		}
		fputc('.', out);
	}
	fprintf(out, "%s%s", c->calibrated[0] ? "\n" : "", c->calibrated);
	const char *reason = law_spread_reason(&c->law);
	fprintf(out, "\nRequests of %.0f tokens in and %.0f out; prefill in chunks of %.0f. 95 %% of %s\nare within x / %.1f of such an estimate (%s)%s%s.\n",
	        c->prompt, c->output, costs_chunk(c), c->law.own_spread > 0 ? "the log's steps" : "published measurements", exp(c->spread),
	        law_engine_names[c->law.engine], *reason ? ": wide, as " : "", reason);
	if (c->batch > c->fits) {
		fprintf(out, "The batch of %lld is more than the memory holds by these figures: %lld.\n", (long long)c->batch, (long long)c->fits);
	}
	fputc('\n', out);
}

static void print_json(const struct costs *c, const struct sheet *s, bool explain, FILE *out) {
	fputs("{\"schema\":\"tollbook.estimate.v1\",\"model\":", out);
	sheet_json_text(c->roofline.model.name, out);
	fputs(",\"gpu\":", out);
	sheet_json_text(c->roofline.gpu.name, out);
	fputs(",\"gpu_source\":", out);
	sheet_json_text(c->roofline.gpu.source, out);
	fputs(",\"currency\":", out);
	sheet_json_text(c->currency, out);
	if (c->calibrated[0]) {
		fprintf(out, ",\"calibrated\":{\"base\":%.4f,\"arithmetic\":%.4f,\"pairs\":%.4f,\"cache\":%.4f}", c->law.stretch_base,
		        c->law.stretch_arithmetic, c->law.stretch_pairs, c->law.stretch_cache);
	}
	fprintf(out, ",\"interval_factor\":%.3f,\"interval_reason\":", exp(c->spread));
	sheet_json_text(law_spread_reason(&c->law), out);
	fputs(",\n ", out);
	sheet_json(s, out);
	if (explain) {
		fputs(",\n ", out);
		explain_json(c, out);
	}
	fputs("}\n", out);
}

static void print_markdown(const struct costs *c, const struct sheet *s, FILE *out) {
	fputs("**", out);
	markdown_put(out, text_of(c->roofline.model.name));
	fprintf(out, "** on %lld x ", (long long)c->roofline.gpus);
	markdown_put(out, text_of(c->roofline.gpu.name));
	fputs("\n\n", out);
	sheet_markdown(s, out);
}

static void print_people(const struct costs *c, const struct sheet *s, const struct estimate_view *v, FILE *out) {
	if (!v->explain || v->verbose) {
		print_head(c, out);
		sheet_print(s, v->verbose, out);
	}
	if (v->explain) {
		fputs(v->verbose ? "\n" : "", out);
		explain_print(c, out);
	}
}

static bool is_format(const struct estimate_view *v, const char *name) {
	return v->format && strcmp(v->format, name) == 0;
}

int estimate_print(const struct estimate_options *o, const struct estimate_view *v, FILE *out, struct fault *why) {
	bool html = is_format(v, "html");
	struct costs c;
	struct sheet s = {.count = 0};

	if (html && !v->explain) {
		return fault_set(why, ERROR_CONFIG, "--format html is the page of --explain, expected both or another form");
	}
	int err = costs_init(&c, o, why);
	if (!err && v->explain && isnan(c.rent)) {
		err = fault_set(why, ERROR_CONFIG, "--gpu-hour: missing, expected a price for --explain");
	}
	if (err) {
		return err;
	}
	if (html) {
		explain_html(&c, out);
		return 0;
	}
	add_model(&s, &c);
	add_card(&s, &c, o);
	add_positions(&s, &c);
	add_times(&s, &c);
	add_load(&s, &c);
	add_costs(&s, &c);
	if (is_format(v, "json")) {
		print_json(&c, &s, v->explain, out);
	} else if (is_format(v, "csv")) {
		sheet_csv(&s, out);
	} else if (is_format(v, "markdown")) {
		print_markdown(&c, &s, out);
	} else {
		print_people(&c, &s, v, out);
	}
	return 0;
}
