#include "core/model/law.h"

#include <math.h>

#define NS 1e9
#define US 1e3

const char *const law_engine_names[LAW_ENGINES] = {"any", "vllm", "sglang", "tensorrt-llm", "llama.cpp", "deepseek"};

/*
 * Does the name start with a word, or contain it after a character that is not a letter ("rocm-vllm",
 * "ik_llama.cpp")?
 */
static bool holds(struct text name, struct text word) {
	for (size_t i = 0; i + word.len <= name.len; i++) {
		char before = i > 0 ? name.at[i - 1] : ' ';
		bool letter = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z');
		if (!letter && text_eq_nocase(text_cut(name, i, i + word.len), word)) {
			return true;
		}
	}
	return false;
}

enum law_engine law_engine_of(struct text name) {
	static const struct {
		struct text name;
		enum law_engine engine;
	} names[] = {{{"vllm", 4}, LAW_VLLM},          {{"sglang", 6}, LAW_SGLANG},    {{"tensorrt-llm", 12}, LAW_TRTLLM},
	             {{"tensorrt", 8}, LAW_TRTLLM},    {{"trtllm", 6}, LAW_TRTLLM},    {{"trt", 3}, LAW_TRTLLM},
	             {{"nim", 3}, LAW_TRTLLM},         {{"llama.cpp", 9}, LAW_LLAMACPP}, {{"llamacpp", 8}, LAW_LLAMACPP},
	             {{"llama-cpp", 9}, LAW_LLAMACPP}, {{"ollama", 6}, LAW_LLAMACPP},  {{"lmstudio", 8}, LAW_LLAMACPP},
	             {{"mlx", 3}, LAW_LLAMACPP}, {{"llamafile", 9}, LAW_LLAMACPP}, {{"lm studio", 9}, LAW_LLAMACPP}, {{"lm-studio", 9}, LAW_LLAMACPP},
	                   {{"koboldcpp", 9}, LAW_LLAMACPP},
	             {{"deepseek", 8}, LAW_DEEPSEEK}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (holds(name, names[i].name)) {
			return names[i].engine;
		}
	}
	return LAW_ANY;
}

int64_t law_chunk(enum law_engine e) {
	static const int64_t chunks[LAW_ENGINES] = {[LAW_ANY] = 2048, [LAW_VLLM] = 8192, [LAW_SGLANG] = 8192,
	                                            [LAW_TRTLLM] = 8192, [LAW_LLAMACPP] = 512, [LAW_DEEPSEEK] = 8192};
	return chunks[e];
}

/* ---- layout ---- */

static int64_t least(int64_t a, int64_t b) {
	return a < b ? a : b;
}

int law_layout_complete(struct law_layout *l, const struct modelspec *m, struct fault *why) {
	l->pp = l->pp > 0 ? l->pp : 1;
	if (l->dp == 0) {
		l->dp = l->tp > 0 && l->gpus % (l->tp * l->pp) == 0 ? l->gpus / (l->tp * l->pp) : 1;
	}
	if (l->tp == 0) {
		l->tp = l->gpus % (l->pp * l->dp) == 0 ? l->gpus / (l->pp * l->dp) : 1;
	}
	/* Engines also count data-parallel attention as tensor parallelism over the same GPUs. */
	if (l->tp * l->pp == l->gpus && l->dp > 1 && l->tp % l->dp == 0) {
		l->tp /= l->dp;
	}
	if (l->tp * l->pp * l->dp != l->gpus) {
		return fault_set(why, ERROR_CONFIG, "--gpus: %lld are not --tp %lld x --pp %lld x --dp %lld, expected their product",
		                 (long long)l->gpus, (long long)l->tp, (long long)l->pp, (long long)l->dp);
	}
	l->ep = m->experts == 0 || l->ep == 0 ? 1 : least(l->ep, l->gpus / l->pp);
	return 0;
}

#define UNIFIED_BYTES INT64_C(60000000000)

static enum law_card card_of(const struct gpu *g) {
	bool small = g->bandwidth < INT64_C(300000000000) && g->memory_bytes > UNIFIED_BYTES;

	if (g->vendor == GPU_AMD && g->hbm) {
		return g->flops[PRECISION_FP4] > 0 ? LAW_CDNA4 : LAW_AMD;
	}
	if (g->vendor == GPU_APPLE) {
		return LAW_APPLE;
	}
	if (g->vendor != GPU_NVIDIA && g->vendor != GPU_AMD) {
		return LAW_OTHER;
	}
	if (g->hbm) {
		return g->flops[PRECISION_FP4] > 0 ? LAW_BLACKWELL : LAW_HBM;
	}
	/*
	 * GeForce GPUs accumulate in 32 bits at half the rate, which is the catalogue's figure; engines also use the
	 * full rate.
	 */
	bool geforce = g->flops[PRECISION_INT8] > 3 * g->flops[PRECISION_BF16];
	return small ? LAW_UNIFIED : geforce ? LAW_GEFORCE : g->flops[PRECISION_FP4] > 0 ? LAW_PRO : LAW_GDDR;
}

void law_init(struct law *l, const struct modelspec *m, const struct gpu *g, const struct law_layout *layout, enum law_engine e) {
	*l = (struct law){.layout = *layout, .engine = e, .card = card_of(g), .constants = &law_published, .stretch_base = 1, .stretch_arithmetic = 1, .stretch_pairs = 1, .stretch_cache = 1};
	roofline_init(&l->peak, m, g, layout->gpus, 1, 1);
}

/* ---- memory ---- */

static double stage_gpus(const struct law *l) {
	return (double)(l->layout.gpus / l->layout.pp);
}

/* GPUs that share the attention of one sequence. */
static double attention_gpus(const struct law *l) {
	return (double)l->layout.tp;
}

/* Heads of the cache cannot be divided, nor can a latent. */
static double cache_shards(const struct law *l) {
	const struct modelspec *m = &l->peak.model;
	int64_t heads = m->kv_rank > 0 ? 1 : m->kv_heads > 0 ? m->kv_heads : 1;

	return (double)least(l->layout.tp, heads);
}

/*
 * For one GPU of a stage, all layers: bytes that every step reads, without experts; dense MLPs are spread like the
 * attention.
 */
static double always_bytes(const struct law *l) {
	const struct modelsize *z = &l->peak.size;

	return (double)z->always_bytes / attention_gpus(l);
}

double law_weight_bytes(const struct law *l) {
	const struct modelsize *z = &l->peak.size;
	double others = (double)(z->weight_bytes - z->expert_bytes) / attention_gpus(l);

	return (others + (double)z->expert_bytes / stage_gpus(l)) / (double)l->layout.pp;
}

double law_cache_token_bytes(const struct law *l) {
	return (double)l->peak.size.kv_token_bytes * attention_gpus(l) / cache_shards(l);
}

int64_t law_batch(const struct law *l, double context, double share) {
	double gpus = (double)l->layout.gpus;
	double room = ((double)l->peak.gpu.memory_bytes * share - law_weight_bytes(l)) * gpus;
	double each = modelspec_held(&l->peak.model, context) * law_cache_token_bytes(l) + (double)l->peak.size.state_bytes;

	return room > 0 && each > 0 ? (int64_t)fmin(room / each, 1e6) : 0;
}

/* ---- time ---- */

static double shared(const struct law *l, enum law_constant c) {
	return exp(l->constants->shared[c]);
}

static double factor(const struct law *l, enum law_factor f) {
	return exp(l->constants->engine[l->engine][f] + l->constants->card[l->card][f]);
}

/* FLOP/s of one GPU in products with weights of this many thousandths of a bit. */
static double matrix_flops(const struct law *l, int64_t mbit, bool experts) {
	static const enum law_constant by_precision[PRECISIONS] = {LAW_MFU_16, LAW_MFU_8, LAW_MFU_8, LAW_MFU_4};
	enum precision p = l->peak.compute;
	enum law_constant c = p == PRECISION_BF16 && mbit < 8000 ? LAW_MFU_UNPACK : by_precision[p];
	double mfu = l->mfu > 0 ? l->mfu : fmin(1, shared(l, c) * factor(l, LAW_COMPUTE) * (experts ? shared(l, LAW_MFU_EXPERTS) : 1));

	return (double)l->peak.gpu.flops[p] * mfu;
}

static double attention_flops(const struct law *l, enum law_constant c) {
	return (double)l->peak.gpu.flops[PRECISION_BF16] * (l->mfu > 0 ? l->mfu : fmin(1, shared(l, c) * factor(l, LAW_COMPUTE)));
}

static double bandwidth(const struct law *l, enum law_constant c) {
	return (double)l->peak.gpu.bandwidth * (l->bandwidth > 0 ? l->bandwidth : fmin(1, shared(l, c) * factor(l, LAW_BANDWIDTH)));
}

double law_mfu(const struct law *l) {
	return matrix_flops(l, l->peak.model.weight_mbit, false) / (double)l->peak.gpu.flops[l->peak.compute];
}

double law_bandwidth_share(const struct law *l) {
	return bandwidth(l, LAW_BW_WEIGHTS) / (double)l->peak.gpu.bandwidth;
}

/* Unpacking of blocks with one scale, relative to blocks with nested scales. */
#define PLAIN_TILE 0.5

/* Arithmetic and traffic overlap partly. */
static double longer(double a, double b) {
	return cbrt(a * a * a + b * b * b);
}

/*
 * The fraction of experts that a step over n tokens reads: tokens of a batch are similar, so they choose fewer
 * experts.
 */
static double distinct(const struct law *l, double n) {
	const struct modelspec *m = &l->peak.model;
	double independent = 1 + (n - 1) * fmin(1, shared(l, LAW_DISTINCT));

	return 1 - pow(1 - (double)m->experts_per_token / (double)m->experts, fmax(n < 1 ? n : 1, independent));
}

static void add_matrices(const struct law *l, double n, double sampled, struct law_step *out) {
	const struct modelsize *z = &l->peak.size;
	const struct modelspec *m = &l->peak.model;
	double gpus = stage_gpus(l), experts = 0, tile = shared(l, LAW_TILE_TOKENS) * (m->plain_blocks ? PLAIN_TILE : 1);
	double ranks = (double)l->layout.dp, own = n / ranks;

	if (m->experts > 0) {
		experts = 2.0 * (double)z->expert_params / (double)m->experts * (double)m->experts_per_token;
	}
	double flops = ((double)z->token_flops - experts) * (own + tile) + (double)z->head_flops * sampled / ranks;
	double arithmetic = l->stretch_arithmetic, base = l->stretch_base;
	out->matrix_ns = NS * longer(arithmetic * flops / attention_gpus(l) / matrix_flops(l, m->weight_mbit, false),
	                             base * always_bytes(l) / bandwidth(l, LAW_BW_WEIGHTS));
	if (m->experts > 0) {
		double uneven = l->layout.ep > 1 ? 1 + shared(l, LAW_IMBALANCE) * (1 - 1 / (double)l->layout.ep) : 1;
		out->expert_ns = NS * uneven * longer(arithmetic * experts * n / gpus / matrix_flops(l, m->expert_mbit, true),
		                                      base * (double)z->expert_bytes / gpus * distinct(l, n) / bandwidth(l, LAW_BW_EXPERTS));
	}
}

static void add_attention(const struct law *l, double p, double a, double d, double k, struct law_step *out) {
	const struct modelsize *z = &l->peak.size;
	double gpus = stage_gpus(l);

	if (p > 0) {
		double seen = p * modelspec_seen(&l->peak.model, a / p);
		out->prefill_attention_ns = NS * seen * (double)z->prefill_pair_flops / gpus / attention_flops(l, LAW_MFU_PREFILL_ATTENTION);
	}
	if (d > 0) {
		double seen = d * modelspec_seen(&l->peak.model, k / d), ranks = (double)l->layout.dp;
		double bytes = (seen * (double)z->kv_token_bytes + d * (double)z->state_bytes) / cache_shards(l) / ranks;
		out->decode_attention_ns = NS * longer(seen * (double)z->decode_pair_flops / gpus / attention_flops(l, LAW_MFU_DECODE_ATTENTION),
		                                       bytes / bandwidth(l, LAW_BW_CACHE));
	}
}

/*
 * All-reduces of tensor parallelism, two per layer; exchanges of expert parallelism; transfers between stages of a
 * pipeline.
 */
static void add_sending(const struct law *l, double n, struct law_step *out) {
	const struct modelspec *m = &l->peak.model;
	double tp = attention_gpus(l), slower = factor(l, LAW_SENDING), moe_layers = (double)m->moe_layers;
	double link = (l->peak.gpu.link > 0 ? (double)l->peak.gpu.link : 32e9) * fmin(1, shared(l, LAW_LINK) / slower);
	double row = (double)m->hidden * 2;

	if (tp > 1) {
		double bytes = 2 * n / (double)l->layout.dp * row * 2 * (tp - 1) / tp;
		out->sending_ns += (double)m->layers * (2 * shared(l, LAW_REDUCE_US) * (1 + log2(tp) / 3) * US * slower + NS * bytes / link);
	}
	if (l->layout.dp > 1 && m->experts > 0) {
		double bytes = 1.5 * n / stage_gpus(l) * row * (double)least(m->experts_per_token, (int64_t)stage_gpus(l));
		out->sending_ns += moe_layers * (shared(l, LAW_EXCHANGE_US) * US * slower + NS * bytes / link);
	}
	if (l->layout.pp > 1) {
		out->sending_ns += (double)(l->layout.pp - 1) * (shared(l, LAW_STAGE_US) * US * slower + NS * n * row / link);
	}
}

static void add_floor(const struct law *l, double p, double d, struct law_step *out) {
	const struct modelspec *m = &l->peak.model;
	double moe_layers = (double)m->moe_layers;

	out->floor_ns = factor(l, LAW_FLOOR) * US * (shared(l, LAW_STEP_US) + (double)m->layers * shared(l, LAW_LAYER_US) +
	                                             moe_layers * shared(l, LAW_EXPERT_LAYER_US));
	out->sequence_ns = factor(l, LAW_PER_SEQUENCE) * US * (d * shared(l, LAW_SEQUENCE_US) + p * shared(l, LAW_TOKEN_US)) / (double)l->layout.dp;
}

/* One pass of the batch through all layers. */
static void pass(const struct law *l, double p, double a, double d, double k, struct law_step *out) {
	*out = (struct law_step){0};
	add_matrices(l, p + d, d + (p > 0 ? 1 : 0), out);
	add_attention(l, p, a, d, k, out);
	add_sending(l, p + d, out);
	add_floor(l, p, d, out);
	out->floor_ns *= l->stretch_base;
	out->sequence_ns *= l->stretch_base;
	out->sending_ns *= l->stretch_base;
	out->prefill_attention_ns *= l->stretch_pairs;
	out->decode_attention_ns *= l->stretch_cache;
	out->total_ns = out->matrix_ns + out->expert_ns + out->prefill_attention_ns + out->decode_attention_ns + out->floor_ns +
	                out->sequence_ns + out->sending_ns;
}

/* The step's work over its time, as fractions of the peaks, over all GPUs. */
static void set_shares(const struct law *l, double p, double a, double d, double k, struct law_step *out) {
	struct roofline_step at_peak;

	roofline_step(&l->peak, p, a, d, k, &at_peak);
	out->flops_share = (at_peak.matrix_flop_ns + at_peak.prefill_attention_ns + at_peak.context_flop_ns) / out->total_ns;
	out->bytes_share = (at_peak.matrix_byte_ns + at_peak.context_byte_ns) / out->total_ns;
}

/* The head's product for one part of a batch, which the last stage of a pipeline computes in addition to its layers. */
static double head_ns(const struct law *l, double sequences) {
	const struct modelsize *z = &l->peak.size;
	const struct modelspec *m = &l->peak.model;
	double bytes = (double)m->vocab * (double)m->hidden * (double)m->other_mbit / 8000;
	double flops = (double)z->head_flops * sequences / (double)l->layout.dp;

	return NS * longer(l->stretch_arithmetic * flops / attention_gpus(l) / matrix_flops(l, m->weight_mbit, false),
	                   l->stretch_base * bytes / attention_gpus(l) / bandwidth(l, LAW_BW_WEIGHTS));
}

/*
 * Each stage has its own floor, and the last one also the head and the sampling. With several parts of the batch in
 * progress, a round takes at least as long as the last stage needs for all of them.
 */
static void wait_for_last_stage(const struct law *l, double part, double parts, struct law_step *out) {
	double step = factor(l, LAW_FLOOR) * US * shared(l, LAW_STEP_US) * l->stretch_base;
	double last = head_ns(l, part) + out->sequence_ns + step, layers = out->total_ns - last;
	double wait = fmax(0, parts * (layers / (double)l->layout.pp + last) - out->total_ns);

	out->sequence_ns += wait;
	out->total_ns += wait;
}

/*
 * A pipeline works on as many parts of the batch at once as it has stages: all its sequences get a token in the time
 * that one part needs for all stages.
 */
void law_step(const struct law *l, double p, double a, double d, double k, struct law_step *out) {
	double stages = (double)l->layout.pp, part = d > stages ? stages : d > 1 ? d : 1;

	*out = (struct law_step){0};
	if (p + d <= 0) {
		return;
	}
	pass(l, p, a, d / part, k / part, out);
	if (part > 1) {
		wait_for_last_stage(l, d / part, part, out);
	}
	set_shares(l, p, a, d, k, out);
}

static bool is_measured(const struct law_constants *k, enum law_card card) {
	int rows = 0;

	for (int e = 0; e < LAW_ENGINES; e++) {
		rows += k->rows[e][card];
	}
	return rows > 0;
}

struct law_card_efficiency law_card_of(const struct gpu *g) {
	const struct law_constants *k = &law_published;
	enum law_card card = card_of(g);
	const double *factors = k->card[card];

	return (struct law_card_efficiency){.bandwidth = (double)g->bandwidth * fmin(1, exp(k->shared[LAW_BW_WEIGHTS] + factors[LAW_BANDWIDTH])),
	                                    .flops = (double)g->flops[PRECISION_BF16] * fmin(1, exp(k->shared[LAW_MFU_16] + factors[LAW_COMPUTE])),
	                                    .floor = exp(factors[LAW_FLOOR]), .measured = is_measured(k, card)};
}

/* ---- power and spread ---- */

double law_watts(const struct law *l, const struct law_step *s) {
	double tdp = (double)l->peak.gpu.tdp_milliwatts / 1e3, idle = (double)l->peak.gpu.idle_milliwatts / 1e3;
	double work = fmin(1, 0.44 + 1.4 * s->flops_share + 0.4 * s->bytes_share);

	return idle + (tdp - idle) * work;
}

/* Rows of one engine, or of all (LAW_ENGINES), on the kind of card; of another maker's memory than the measured one, none. */
static double rows_of(const struct law *l, enum law_engine engine) {
	bool foreign = l->peak.gpu.vendor != GPU_NVIDIA && l->card < LAW_APPLE && l->card != LAW_AMD;
	double rows = 0;

	for (int e = 0; e < LAW_ENGINES && !foreign; e++) {
		rows += engine == LAW_ENGINES || (int)engine == e ? l->constants->rows[e][l->card] : 0;
	}
	return rows;
}

/*
 * Squares of half widths, which add: what is always left; with no rows of this engine on this kind of card; with none of this kind of
 * card at all; of pipelines; of experts on several GPUs. As wide as 95 % of the rows left out of a fit need (METHOD.md).
 */
#define ALWAYS 0.25
#define PAIR_UNKNOWN 0.50
#define CARD_UNKNOWN 0.40
#define PIPELINE 0.08
#define EXPERTS_APART 0.12
#define STATELY 0.15
#define ENOUGH 5.0 /* rows that make half of it known */

double law_spread(const struct law *l) {
	const struct modelspec *m = &l->peak.model;
	double square = ALWAYS + PAIR_UNKNOWN / (1 + rows_of(l, l->engine) / ENOUGH) + CARD_UNKNOWN / (1 + rows_of(l, LAW_ENGINES) / ENOUGH);

	if (l->own_spread > 0) {
		return l->own_spread;
	}
	square += l->layout.pp > 1 ? PIPELINE : 0;
	square += m->experts > 0 && l->layout.gpus > 1 ? EXPERTS_APART : 0;
	square += m->linear_layers > 0 || m->sparse_tokens > 0 ? STATELY : 0; /* of these no row was measured */
	return sqrt(square);
}

const char *law_spread_reason(const struct law *l) {
	const struct modelspec *m = &l->peak.model;
	const struct {
		bool holds;
		const char *reason;
	} reasons[] = {{l->own_spread > 0, ""},
	               {rows_of(l, LAW_ENGINES) < 1, "no GPU of this kind was measured"},
	               {l->engine == LAW_ANY, "no engine is stated (--engine)"},
	               {rows_of(l, l->engine) < ENOUGH, "this engine was hardly measured on this kind of GPU"},
	               {m->linear_layers > 0 || m->sparse_tokens > 0, "no model with such layers was measured"},
	               {l->layout.pp > 1, "pipelines differ more than the rest"},
	               {m->experts > 0 && l->layout.gpus > 1, "experts on several GPUs differ more than the rest"}};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].holds) {
			return reasons[i].reason;
		}
	}
	return "";
}
