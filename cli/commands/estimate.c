/* estimate.c: tollbook estimate: what a token should cost from first principles. */
#include <stddef.h>
#include <string.h>

#include "cli/say.h"
#include "cli/commands/scenario.h"
#include "core/decimal.h"
#include "core/files/files.h"
#include "report/report.h"

struct settings {
	struct scenario_settings scenario;
	const char *model, *format, *calibrate;
	struct served_settings served;
	int64_t mfu, bandwidth, pue, watts, idle_watts, server_watts; /* nano; 0: not given */
	struct given_money rent, per_kwh, grid;
	struct load_given { int64_t nano; bool factor; } load;
	bool explain;
};

/* "10/s": requests per second; "x0.5": a multiple of one replica's maximum. */
static int value_load(const struct option *o, void *into, const char *value, struct fault *why) {
	struct load_given *l = into;
	struct text t = text_of(value);
	bool factor = text_skip(&t, T("x"));

	(void)o;
	if (!factor && !text_ends(t, T("/s"))) {
		return fault_set(why, ERROR_CONFIG, "is neither a rate nor a factor, expected requests per second "
						    "such as 10/s, or a share of a replica's capacity such as x0.5");
	}
	if (!decimal_parse(factor ? t : text_cut(t, 0, t.len - 2), 0, &l->nano) || l->nano <= 0) {
		return fault_set(why, ERROR_CONFIG, "is out of range, expected such as 10/s or x0.5");
	}
	l->factor = factor;
	return 0;
}

#define ROW(name, argument, help, take, member) OWN_ROW(settings, name, argument, help, take, member)

static const struct option own[] = {
	ROW("model", "FILE", "the model: schemas/model.schema.json, a config.json as published, or a GGUF file", value_text, model),
	SCENARIO_OPTIONS(settings, scenario, "the GPU, by its name in the catalogue (samples/gpus.json)"),
	SERVED_OPTIONS(settings, served, "GPUs that share one copy of the model (default 1)", "sequences decoded together (default: as many as fit in memory)"),
	ROW("calibrate", "FILE", "calibrate with your own log: --model-report of a run of this model, or its "
				 "statement in JSON", value_text, calibrate),
	ROW("gpu-hour", "PRICE", "price of one GPU-hour", value_given_money, rent),
	ROW("mfu", "SHARE", "share of the GPU's peak FLOP/s that is reached (default: as measured)", value_share, mfu),
	ROW("bandwidth", "SHARE", "the same for the GPU's peak bandwidth (default: as measured)", value_share, bandwidth),
	ROW("load", "RATE", "load: 10/s, or x0.5 of the capacity of a full batch", value_load, load),
	ROW("watts", "W", "power of one busy GPU (default: by its work and TDP)", value_figure, watts),
	ROW("idle-watts", "W", "power of one idle GPU (default: the catalogue's)", value_figure, idle_watts),
	ROW("server-watts", "W", "power of the rest of the server, per GPU (default 0: not counted)", value_figure, server_watts),
	ROW("pue", "FACTOR", "power usage effectiveness of the site (default 1)", value_figure, pue),
	ROW("per-kwh", "PRICE", "price of electricity", value_given_money, per_kwh),
	ROW("grid", "GRAMS", "grams of CO2 per kWh", value_given_money, grid),
	ROW("explain", NULL, "why output costs more: by position, batch, context, mix, cache", value_flag, explain),
	{"format", 0, "NAME", "table (default), csv, json, markdown, or html with --explain; by the name of -o", 0, value_word, offsetof(struct settings, format), page_format_word, true},
};

static void set_if(int64_t *to, int64_t given) {
	*to = given > 0 ? given : *to;
}

static void set_price(int64_t *to, struct given_money p) {
	*to = p.given ? p.nano : *to;
}

static void fill(const struct settings *s, struct estimate_options *o) {
	estimate_defaults(o);
	o->model_path = s->model;
	o->gpu = s->scenario.gpu;
	o->catalogue_path = s->scenario.catalogue;
	served_fill(&s->served, o);
	o->calibrate = s->calibrate;
	set_if(&o->max_batch, s->scenario.max_batch);
	set_if(&o->chunk, s->scenario.chunk);
	set_if(&o->mfu, s->mfu);
	set_if(&o->bandwidth, s->bandwidth);
	set_if(&o->utilization, s->scenario.utilization);
	o->load_nano = s->load.nano;
	o->load_is_factor = s->load.factor;
	set_if(&o->memory, s->scenario.memory);
	set_if(&o->pue, s->pue);
	o->watts_milli = s->watts / 1000000;
	o->idle_watts_milli = s->idle_watts / 1000000;
	o->server_watts_milli = s->server_watts / 1000000;
	set_price(&o->rent_nano, s->rent);
	set_price(&o->per_kwh_nano, s->per_kwh);
	set_price(&o->grid_nano, s->grid);
	set_price(&o->list_input_nano, s->scenario.list_input);
	set_price(&o->list_cached_nano, s->scenario.list_cached);
	set_price(&o->list_output_nano, s->scenario.list_output);
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
	int err = outfile_open(&file, r->set.output, why);
	if (err) {
		return err;
	}
	return outfile_end(file, estimate_print(&o, &view, outfile_stream(file), why), why);
}

const struct command command_estimate = {
	.name = "estimate",
	.synopsis = "--model FILE --gpu NAME [options]",
	.what = "Cost per token from first principles, for comparison",
	.about = "A step takes the longer of compute at --mfu and memory traffic at --bandwidth of the "
		 "GPU's\npublished peaks (roofline). -v prints every value with its formula.\n",
	.example = "tollbook estimate --model samples/models/llama-3.1-8b.json --gpu H100 --gpu-hour 2.49",
	.groups = GROUP_OUTPUT,
	OWN(struct settings),
	.rare = "gpus-file utilization memory max-batch chunk list-cached pp ep dp watts idle-watts server-watts pue per-kwh",
	.main = estimate,
};
