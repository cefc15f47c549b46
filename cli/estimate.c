/* estimate.c: tollbook estimate: what a token should cost from first principles. */
#include <stddef.h>
#include <string.h>

#include "cli/say.h"
#include "cli/values.h"
#include "core/decimal.h"
#include "core/files.h"
#include "report/report.h"

/* A price, which may be 0. */
struct price {
	int64_t nano;
	bool given;
};

struct settings {
	const char *model, *gpu, *catalogue, *weights, *kv_cache, *format;
	int64_t gpus, batch, max_batch, chunk, prompt, cached, output; /* 0: not given */
	int64_t mfu, bandwidth, utilization, memory, pue, watts, idle_watts; /* nano; 0: not given */
	struct price rent, per_kwh, grid, list_input, list_cached, list_output;
	bool explain;
};

/* A share over 0 and at most 1. */
static int take_share(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	(void)o;
	if (!decimal_parse(text_of(value), 0, &nano) || nano <= 0 || nano > NANO) {
		return fault_set(why, ERROR_CONFIG, "is out of range, expected a share over 0 and at most 1, such as 0.5");
	}
	*(int64_t *)into = nano;
	return 0;
}

/* A factor or an amount over 0. */
static int take_figure(const struct option *o, void *into, const char *value, struct fault *why) {
	int64_t nano;

	if (!decimal_parse(text_of(value), 0, &nano) || nano <= 0) {
		return fault_set(why, ERROR_CONFIG, "is not such a figure, expected a decimal over 0 for %s", o->argument);
	}
	*(int64_t *)into = nano;
	return 0;
}

static int take_price(const struct option *o, void *into, const char *value, struct fault *why) {
	struct price *p = into;

	p->given = true;
	return value_money(o, &p->nano, value, why);
}

static const char *format_word(size_t i) {
	static const char *const words[] = {"table", "json", "html"};
	return i < sizeof words / sizeof *words ? words[i] : NULL;
}

#define ROW(name, argument, help, take, member)                                                                        \
	{name, 0, argument, help, 0, take, offsetof(struct settings, member), NULL, true}

static const struct option own[] = {
	ROW("model", "FILE", "the model: schemas/model.schema.json, or a config.json as published", value_text, model),
	ROW("gpu", "NAME", "the card, by a name of the catalogue (samples/gpus.json)", value_text, gpu),
	ROW("gpus", "N", "GPUs that share one copy of the model (default 1)", value_count, gpus),
	ROW("gpus-file", "FILE", "another catalogue of cards", value_text, catalogue),
	ROW("gpu-hour", "PRICE", "rent of one GPU for an hour", take_price, rent),
	ROW("utilization", "SHARE", "of the paid time in which the GPUs work (default 1)", take_share, utilization),
	ROW("mfu", "SHARE", "of the card's peak FLOP/s that is reached (default 0.5)", take_share, mfu),
	ROW("bandwidth", "SHARE", "of the card's peak bandwidth that is reached (default 0.7)", take_share, bandwidth),
	ROW("memory", "SHARE", "of the card's memory for weights and cache (default 0.9)", take_share, memory),
	ROW("batch", "N", "sequences that decode together (default: what the memory holds)", value_count, batch),
	ROW("max-batch", "N", "at most so many by default (default 256)", value_count, max_batch),
	ROW("chunk", "N", "tokens prefilled in one step (default 2048)", value_count, chunk),
	ROW("prompt", "N", "tokens of a request's prompt (default 2000)", value_count, prompt),
	ROW("cached", "N", "of them, found in the prefix cache (default 0)", value_count, cached),
	ROW("completion", "N", "tokens of its answer (default 400)", value_count, output),
	ROW("weights", "FORMAT", "bf16, fp8, int8, int4, mxfp4, nvfp4 (default: as described)", value_text, weights),
	ROW("kv-cache", "FORMAT", "the same for the cache", value_text, kv_cache),
	ROW("watts", "W", "of one GPU at work (default: its TDP)", take_figure, watts),
	ROW("idle-watts", "W", "of one GPU that idles (default 0: not counted)", take_figure, idle_watts),
	ROW("pue", "FACTOR", "electricity of the site per electricity of its machines (default 1)", take_figure, pue),
	ROW("per-kwh", "PRICE", "of electricity", take_price, per_kwh),
	ROW("grid", "GRAMS", "of CO2 per kWh", take_price, grid),
	ROW("list-input", "PRICE", "list price per million input tokens, to compare with", take_price, list_input),
	ROW("list-cached", "PRICE", "of cached input", take_price, list_cached),
	ROW("list-output", "PRICE", "of output", take_price, list_output),
	ROW("explain", NULL, "why output costs more: by place, batch, context, mix, cache", value_flag, explain),
	{"format", 0, "NAME", "table (default), json, or html with --explain", 0, value_word, offsetof(struct settings, format), format_word, true},
};

static void set_if(int64_t *to, int64_t given) {
	*to = given > 0 ? given : *to;
}

static void set_price(int64_t *to, struct price p) {
	*to = p.given ? p.nano : *to;
}

static void fill(const struct settings *s, struct estimate_options *o) {
	estimate_defaults(o);
	o->model_path = s->model;
	o->gpu = s->gpu;
	o->catalogue_path = s->catalogue;
	o->weights = s->weights;
	o->kv_cache = s->kv_cache;
	set_if(&o->gpus, s->gpus);
	set_if(&o->batch, s->batch);
	set_if(&o->max_batch, s->max_batch);
	set_if(&o->chunk, s->chunk);
	set_if(&o->prompt, s->prompt);
	set_if(&o->cached, s->cached);
	set_if(&o->output, s->output);
	set_if(&o->mfu, s->mfu);
	set_if(&o->bandwidth, s->bandwidth);
	set_if(&o->utilization, s->utilization);
	set_if(&o->memory, s->memory);
	set_if(&o->pue, s->pue);
	o->watts_milli = s->watts / 1000000;
	o->idle_watts_milli = s->idle_watts / 1000000;
	set_price(&o->rent_nano, s->rent);
	set_price(&o->per_kwh_nano, s->per_kwh);
	set_price(&o->grid_nano, s->grid);
	set_price(&o->list_input_nano, s->list_input);
	set_price(&o->list_cached_nano, s->list_cached);
	set_price(&o->list_output_nano, s->list_output);
}

static int estimate(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct estimate_options o;
	struct estimate_view view = {.format = s->format, .verbose = r->verbose, .explain = s->explain};
	struct outfile *file;

	if (r->operands.count > 0) {
		return say_argument(r, 2, "an estimate reads no LOG; expected options only");
	}
	fill(s, &o);
	int err = outfile_open(&file, r->output, why);
	if (err) {
		return err;
	}
	err = estimate_print(&o, &view, outfile_stream(file), why);
	if (err) {
		outfile_abandon(file);
		return err;
	}
	return outfile_commit(file, why);
}

const struct command command_estimate = {
	.name = "estimate",
	.synopsis = "--model FILE --gpu NAME [options]",
	.what = "Cost per token from first principles, for comparison",
	.about = "Time is by roofline: the longer of arithmetic at --mfu and of traffic at --bandwidth of the\n"
	         "card's published peaks. With -v every value comes with its formula.\n",
	.example = "tollbook estimate --model samples/models/llama-3.1-8b.json --gpu H100 --gpu-hour 2.49",
	.groups = GROUP_OUTPUT,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.main = estimate,
};
