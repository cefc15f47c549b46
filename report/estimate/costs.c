#include "report/estimate/costs.h"

#include <math.h>
#include <string.h>

#include "core/exact.h"
#include "report/estimate/calibrate.h"

#define NS_PER_HOUR_F 3.6e12
#define MILLION 1e6

void estimate_defaults(struct estimate_options *o) {
	*o = (struct estimate_options){
		.gpus = 1, .currency = "USD", .rent_nano = ESTIMATE_NONE,
		.utilization = NANO, .memory = NANO / 10 * 9, .max_batch = 256, .prompt = 2000, .output = 400,
		.pue = NANO, .per_kwh_nano = ESTIMATE_NONE, .grid_nano = ESTIMATE_NONE, .list_input_nano = ESTIMATE_NONE,
		.list_cached_nano = ESTIMATE_NONE, .list_output_nano = ESTIMATE_NONE};
}

/* ---- options ---- */

static int check_shares(const struct estimate_options *o, struct fault *why) {
	const struct {
		const char *option;
		int64_t nano;
	} shares[] = {{"mfu", o->mfu}, {"bandwidth", o->bandwidth}, {"utilization", o->utilization}, {"memory", o->memory}};

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		if (shares[i].nano < 0 || shares[i].nano > NANO || (i >= 2 && shares[i].nano == 0)) {
			return fault_set(why, ERROR_CONFIG, "--%s: out of range, expected a share over 0 and at most 1, such as 0.5",
			                 shares[i].option);
		}
	}
	return 0;
}

static int check_counts(const struct estimate_options *o, struct fault *why) {
	const struct {
		const char *option;
		int64_t value, min, max;
	} counts[] = {{"gpus", o->gpus, 1, 1000000},
	              {"batch", o->batch, 0, 1000000},
	              {"max-batch", o->max_batch, 1, 1000000},
	              {"chunk", o->chunk, 0, 1000000},
	              {"tp", o->tp, 0, 1000000},
	              {"pp", o->pp, 0, 1000000},
	              {"ep", o->ep, 0, 1000000},
	              {"dp", o->dp, 0, 1000000},
	              {"prompt", o->prompt, 1, 100000000},
	              {"cached", o->cached, 0, o->prompt - 1},
	              {"output", o->output, 1, 100000000}};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		if (counts[i].value < counts[i].min || counts[i].value > counts[i].max) {
			return fault_set(why, ERROR_CONFIG, "--%s: out of range, expected a whole number from %lld to %lld",
			                 counts[i].option, (long long)counts[i].min, (long long)counts[i].max);
		}
	}
	if (o->pue < NANO || o->pue > 10 * NANO) {
		return fault_set(why, ERROR_CONFIG, "--pue: out of range, expected at least 1, such as 1.25");
	}
	return 0;
}

static int replace_format(const char *option, const char *name, int64_t *mbit, enum precision *compute, struct fault *why) {
	bool own = name && strcmp(option, "kv-cache") == 0 && strcmp(name, "auto") == 0; /* as vLLM names the model's own */

	if (name && !own && !modelspec_format(text_of(name), mbit, compute)) {
		return fault_set(why, ERROR_CONFIG, "--%s: unknown format, expected bf16, fp16, fp8, int8, int4, mxfp4, mxfp8, nvfp4 or one of GGUF such as Q4_K_M",
		                 option);
	}
	return 0;
}

static int read_model(const struct estimate_options *o, struct modelspec *m, struct fault *why) {
	enum precision ignored;
	int err = o->model_path ? 0 : fault_set(why, ERROR_CONFIG, "--model: missing, expected a description of the model (samples/models/)");

	err = err ? err : modelspec_read(m, o->model_path, why);
	err = err ? err : replace_format("weights", o->weights, &m->weight_mbit, &m->compute, why);
	if (!err && o->weights) {
		m->expert_mbit = m->weight_mbit;
		m->plain_blocks = modelspec_format_is_plain(text_of(o->weights));
		if (modelspec_format_is_gguf(text_of(o->weights))) {
			m->other_mbit = m->weight_mbit > 6563 ? m->weight_mbit : 6563; /* Q6_K, like its quantiser */
		}
	}
	return err ? err : replace_format("kv-cache", o->kv_cache, &m->kv_mbit, &ignored, why);
}

/* Lists the GPUs with names that start like the given one; if there are none, all that fit. */
static int unknown_card(const struct gpu_catalogue *cards, const char *name, struct fault *why) {
	char known[300] = "";
	size_t used = 0, most = 0, count = gpu_catalogue_count(cards);
	struct text wanted = text_of(name ? name : "");

	for (size_t i = 0; i < count; i++) {
		size_t like = gpu_likeness(cards, i, wanted);
		most = like > most ? like : most;
	}
	for (size_t i = 0; i < count && used < sizeof known; i++) {
		if (gpu_likeness(cards, i, wanted) >= most) {
			used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", gpu_catalogue_at(cards, i)->name);
		}
	}
	if (!name) {
		return fault_set(why, ERROR_CONFIG, "--gpu: missing, expected %s", known);
	}
	return fault_set(why, ERROR_CONFIG, "--gpu: no such GPU (laptop, MIG and PCIe variants are separate entries), "
					    "expected %s", known);
}

static double price_of(int64_t nano) {
	return nano == ESTIMATE_NONE ? NAN : (double)nano / 1e9;
}

/* Money per GPU-nanosecond of work, including idle time. */
static void set_prices(struct costs *c, const struct estimate_options *o) {
	c->utilization = 1; /* until the load is known */
	c->memory = (double)o->memory / 1e9;
	c->watts = (double)o->watts_milli / 1e3;
	c->idle_watts = (double)(o->idle_watts_milli > 0 ? o->idle_watts_milli : c->roofline.gpu.idle_milliwatts) / 1e3;
	c->server_watts = (double)o->server_watts_milli / 1e3;
	c->pue = (double)o->pue / 1e9;
	c->per_kwh = price_of(o->per_kwh_nano);
	c->grid = price_of(o->grid_nano);
	c->list_input = price_of(o->list_input_nano);
	c->list_cached = price_of(o->list_cached_nano);
	c->list_output = price_of(o->list_output_nano);
	c->rent = price_of(o->rent_nano) / NS_PER_HOUR_F;
	snprintf(c->currency, sizeof c->currency, "%s", o->currency);
}

#define BATCH_BELIEVED 1024

/*
 * The maximum of sequences is computed at the mean context. A stated batch may be somewhat larger, as it may have
 * been measured; ten times as many sequences are an error.
 */
static int set_batch(struct costs *c, const struct estimate_options *o, struct fault *why) {
	const struct gpu *g = &c->roofline.gpu;

	c->fits = law_batch(&c->law, c->prompt + c->output / 2, c->memory);
	c->batch = o->batch > 0 ? o->batch : c->fits < o->max_batch ? c->fits : o->max_batch;
	if (c->batch == 0 && law_weight_bytes(&c->law) < (double)g->memory_bytes) {
		c->batch = 1; /* the weights fit, though with hardly any cache */
	}
	if (c->batch == 0 || law_weight_bytes(&c->law) > (double)g->memory_bytes * 1.1) {
		return fault_set(why, ERROR_CONFIG, "--gpus: %lld x %s hold %.1f GB, and the weights are %.1f GB; expected more, or --weights",
		                 (long long)o->gpus, g->name, (double)g->memory_bytes * (double)o->gpus * c->memory / 1e9,
		                 law_weight_bytes(&c->law) * (double)o->gpus / 1e9);
	}
	if (o->batch > 10 * c->fits && o->batch > BATCH_BELIEVED) {
		return fault_set(why, ERROR_CONFIG, "--batch: the memory holds %lld sequences of %lld tokens, expected at most ten times that",
		                 (long long)c->fits, (long long)(o->prompt + o->output / 2));
	}
	return 0;
}

static int set_law(struct costs *c, const struct estimate_options *o, const struct modelspec *m, const struct gpu *g, struct fault *why) {
	struct law_layout layout = {.gpus = o->gpus, .tp = o->tp, .pp = o->pp, .ep = o->ep, .dp = o->dp};
	enum law_engine engine = o->engine ? law_engine_of(text_of(o->engine)) : LAW_ANY;
	int err = law_layout_complete(&layout, m, why);

	if (err) {
		return err;
	}
	law_init(&c->law, m, g, &layout, engine);
	c->law.mfu = (double)o->mfu / 1e9;
	c->law.bandwidth = (double)o->bandwidth / 1e9;
	c->chunk = (double)(o->chunk > 0 ? o->chunk : law_chunk(engine) * layout.dp); /* each rank has its own */
	roofline_init(&c->roofline, m, g, o->gpus, law_mfu(&c->law), law_bandwidth_share(&c->law));
	return 0;
}

static int read_card(struct costs *c, const struct estimate_options *o, const struct modelspec *m, struct fault *why) {
	struct gpu_catalogue *cards;
	int err = gpu_catalogue_read(&cards, o->catalogue_path, why);

	if (err) {
		return err;
	}
	const struct gpu *g = o->gpu ? gpu_find(cards, text_of(o->gpu)) : NULL;
	if (g) {
		err = set_law(c, o, m, g, why);
	} else {
		err = unknown_card(cards, o->gpu, why);
	}
	gpu_catalogue_free(cards);
	return err;
}

/* ---- time ---- */

/* Prompt tokens in a step: as many prompts as arrive in a decode step, at most a chunk. */
double costs_chunk(const struct costs *c) {
	double together = c->output > 1 ? fmax(1, (double)c->batch / c->output) : c->chunk;

	return fmin(c->chunk, (c->prompt - c->cached) * together);
}

/*
 * Stages of a pipeline wait for each other at both ends of a prompt; with many prompts in progress the next one fills
 * the gaps.
 */
static double stages_factor(const struct costs *c, double chunk) {
	double stages = (double)c->law.layout.pp, parts = c->batch > 1 ? 4 * stages : ceil(c->prompt / chunk);
	double share = (parts + stages - 1) / (parts * stages);

	/* its stages overlap little: between sequential and parallel */
	return c->law.engine == LAW_LLAMACPP ? sqrt(share) : share;
}

/*
 * A chunk without its attention: alone, or its increment to a decode step that it shares with the batch.
 */
double costs_chunk_ns(const struct costs *c) {
	double chunk = costs_chunk(c), batch = (double)c->batch, context = c->prompt + c->output / 2;
	double alone = c->batch > 1 ? exp(c->law.constants->shared[LAW_ALONE]) : 1;
	struct law_step by_itself, mixed, decode;

	law_step(&c->law, chunk, 0, 0, 0, &by_itself);
	double ns = by_itself.total_ns;
	if (alone < 1) {
		law_step(&c->law, chunk, 0, batch, batch * context, &mixed);
		law_step(&c->law, 0, 0, batch, batch * context, &decode);
		ns = alone * ns + (1 - alone) * fmin(ns, fmax(0, mixed.total_ns - decode.total_ns));
	}
	return ns * stages_factor(c, chunk);
}

static double matrix_ns(const struct costs *c) {
	return costs_chunk_ns(c) / costs_chunk(c) * c->gpus;
}

double costs_input_attention_ns(const struct costs *c, double context) {
	struct law_step s;

	law_step(&c->law, 1, context, 0, 0, &s);
	return s.prefill_attention_ns * stages_factor(c, costs_chunk(c)) * c->gpus;
}

double costs_input_ns(const struct costs *c, double context) {
	return matrix_ns(c) + costs_input_attention_ns(c, context);
}

double costs_uncached_ns(const struct costs *c, double prompt, double cached) {
	return matrix_ns(c) + costs_input_attention_ns(c, (prompt - cached) / 2);
}

double costs_cached_ns(const struct costs *c, double prompt, double cached) {
	double computed = prompt - cached;
	double all = costs_input_attention_ns(c, cached + computed / 2);

	return cached > 0 ? (all - costs_input_attention_ns(c, computed / 2)) * computed / cached : 0;
}

double costs_output_ns(const struct costs *c, double batch, double context) {
	struct law_step s;

	law_step(&c->law, 0, 0, batch, batch * context, &s);
	return s.total_ns / batch * c->gpus;
}

/* Power by utilisation, unless it is stated. */
static double watts_of(const struct costs *c, const struct law_step *s) {
	return c->watts > 0 ? c->watts : law_watts(&c->law, s);
}

double costs_input_watts(const struct costs *c) {
	struct law_step s;

	law_step(&c->law, costs_chunk(c), costs_chunk(c) * c->prompt / 2, 0, 0, &s);
	return watts_of(c, &s);
}

double costs_output_watts(const struct costs *c) {
	struct law_step s;

	law_step(&c->law, 0, 0, (double)c->batch, (double)c->batch * (c->prompt + c->output / 2), &s);
	return watts_of(c, &s);
}

double costs_output_attention_ns(const struct costs *c, double batch, double context) {
	struct law_step s;

	law_step(&c->law, 0, 0, batch, batch * context, &s);
	return s.decode_attention_ns / batch * c->gpus;
}

int64_t costs_batch(const struct costs *c, int64_t wanted, double context) {
	int64_t fits = law_batch(&c->law, context, c->memory);

	return fits < wanted ? fits : wanted;
}

/* ---- load ---- */

/* Time of a step; prompts partly need separate steps. */
static double loaded_step_ns(const void *costs, double p, double a, double d, double k) {
	const struct costs *c = costs;
	struct law_step decode = {.total_ns = 0}, prompts = decode, mixed = decode;
	double alone = exp(c->law.constants->shared[LAW_ALONE]), factor = p > 0 ? stages_factor(c, p) : 1;

	law_step(&c->law, 0, 0, d, k, &decode);
	if (p <= 0) {
		return decode.total_ns;
	}
	law_step(&c->law, p, a, 0, 0, &prompts);
	if (d > 0) {
		law_step(&c->law, p, a, d, k, &mixed);
		prompts.total_ns = alone * prompts.total_ns + (1 - alone) * fmin(prompts.total_ns, fmax(0, mixed.total_ns - decode.total_ns));
	}
	return decode.total_ns + prompts.total_ns * factor;
}

static struct load_engine engine_of(const struct costs *c) {
	return (struct load_engine){.prompt = c->prompt - c->cached, .output = fmax(1, c->output), .cached = c->cached, .chunk = c->chunk,
	                            .max_batch = (double)c->full_batch, .step_ns = loaded_step_ns, .context = c};
}

/* The fraction of paid time that the tokens' own times sum to: scales their cost to what was paid. */
static double time_at_work(const struct costs *c) {
	double cached = c->cached > 0 ? c->cached * costs_cached_ns(c, c->prompt, c->cached) : 0;
	double in = (c->prompt - c->cached) * costs_uncached_ns(c, c->prompt, c->cached) + cached;
	double out = c->output * costs_output_ns(c, (double)c->batch, c->prompt + c->output / 2);

	return fmin(1, c->load.rate * (in + out) / 1e9 / c->gpus);
}

void costs_set_load(struct costs *c, double offered) {
	double full = c->rent * c->utilization;

	c->batch = c->full_batch;
	struct load_engine e = engine_of(c);
	load_at(&e, offered * load_capacity(&e), &c->load);
	c->loaded = true;
	c->batch = (int64_t)fmax(1, rint(c->load.batch));
	c->utilization = fmax(1e-6, time_at_work(c));
	c->rent = full / c->utilization;
}

static int set_capacity(struct costs *c, const struct estimate_options *o, struct fault *why) {
	double offered = (double)o->utilization / 1e9;

	c->full_batch = c->batch;
	c->max_batch = o->batch > 0 ? o->batch : o->max_batch;
	c->replicas = 1;
	struct load_engine e = engine_of(c);
	c->capacity = load_capacity(&e);
	if (o->load_nano > 0) {
		offered = o->load_is_factor ? (double)o->load_nano / 1e9 : (double)o->load_nano / 1e9 / c->capacity;
		double replicas = ceil(offered * (1 - 1e-9));
		if (replicas > 1e6) {
			return fault_set(why, ERROR_CONFIG, "--load: more than a million replicas of %.3g requests a second, expected less", c->capacity);
		}
		c->replicas = (int64_t)fmax(1, replicas);
		offered /= (double)c->replicas;
	}
	if (o->load_nano > 0 || o->utilization < NANO) {
		costs_set_load(c, offered);
	}
	return 0;
}

/* ---- thresholds ---- */

/* The smallest x in [1, 10^9] at which `over` is true (monotonic); INFINITY if there is none. */
static double first_over(bool (*over)(const struct costs *, double, double), const struct costs *c, double bound) {
	double low = 1, high = 1e9;

	if (over(c, low, bound)) {
		return low;
	}
	if (!over(c, high, bound)) {
		return INFINITY;
	}
	while (high - low > 0.5) {
		double mid = (low + high) / 2;
		*(over(c, mid, bound) ? &high : &low) = mid;
	}
	return ceil(high);
}

static bool waits_for_arithmetic(const struct costs *c, double batch, double context) {
	struct roofline_step s;

	roofline_step(&c->roofline, 0, 0, batch, batch * context, &s);
	return s.matrix_flop_ns + s.context_flop_ns >= s.matrix_byte_ns + s.context_byte_ns;
}

double costs_ridge(const struct costs *c, double context) {
	return first_over(waits_for_arithmetic, c, context);
}

static bool input_is_over(const struct costs *c, double position, double price) {
	return costs_rent(c, costs_input_ns(c, position)) > price;
}

double costs_input_reach(const struct costs *c, double price) {
	return first_over(input_is_over, c, price);
}

static bool output_is_over(const struct costs *c, double position, double price) {
	int64_t batch = costs_batch(c, c->batch, position);

	return batch == 0 || costs_rent(c, costs_output_ns(c, (double)batch, position)) > price;
}

double costs_output_reach(const struct costs *c, double price) {
	return first_over(output_is_over, c, price);
}

/* ---- money ---- */

double costs_rent(const struct costs *c, double ns) {
	return ns * c->rent * MILLION;
}

double costs_power(const struct costs *c, double ns, double watts) {
	return costs_wh(c, ns, watts) / 1e3 * c->per_kwh;
}

double costs_wh(const struct costs *c, double ns, double watts) {
	double idle = 1 / c->utilization - 1; /* time without work, per time with it */

	return ns / NS_PER_HOUR_F * (watts + c->idle_watts * idle + c->server_watts * (1 + idle)) * c->pue * MILLION;
}

int costs_init(struct costs *c, const struct estimate_options *o, struct fault *why) {
	struct modelspec m;
	int err = check_shares(o, why);

	*c = (struct costs){.gpus = (double)o->gpus, .prompt = (double)o->prompt,
	                    .cached = (double)o->cached, .output = (double)o->output};
	err = err ? err : check_counts(o, why);
	err = err ? err : read_model(o, &m, why);
	err = err ? err : read_card(c, o, &m, why);
	if (err) {
		return ERROR_CONFIG; /* a file that cannot be read is also a wrong option */
	}
	set_prices(c, o);
	err = set_batch(c, o, why);
	err = err || !o->calibrate ? err : calibrate(c, o->calibrate, o->catalogue_path, why);
	c->spread = law_spread(&c->law);
	return err ? err : set_capacity(c, o, why);
}
