/*
 * law.h: the time of a step on a GPU under a serving engine, fitted to published measurements.
 *
 * A roofline (roofline.h) plus what it leaves out: a floor per step, layer and sequence, communication between GPUs,
 * parts that each GPU holds in full, and the share of the peaks that engines reach. report/estimate/METHOD.md has the
 * formulas; the constants come from tests/published/fit.c, their residuals determine the interval.
 */
#ifndef CORE_LAW_H
#define CORE_LAW_H

#include "core/model/roofline.h"

enum law_engine { LAW_ANY, LAW_VLLM, LAW_SGLANG, LAW_TRTLLM, LAW_LLAMACPP, LAW_DEEPSEEK, LAW_ENGINES };

/* Of all engines and cards, in natural logarithms so that each can be fitted without bounds. */
enum law_constant {
	LAW_MFU_16, LAW_MFU_8, LAW_MFU_4, LAW_MFU_UNPACK, /* share of the peak: by precision; 4-bit weights computed in 16 */
	LAW_MFU_EXPERTS,         /* relative to that, in experts' products */
	LAW_MFU_PREFILL_ATTENTION, LAW_MFU_DECODE_ATTENTION,
	LAW_BW_WEIGHTS, LAW_BW_EXPERTS, LAW_BW_CACHE, /* share of the bandwidth */
	LAW_STEP_US, LAW_LAYER_US, LAW_EXPERT_LAYER_US, LAW_SEQUENCE_US,
	LAW_REDUCE_US, LAW_LINK, LAW_EXCHANGE_US, LAW_IMBALANCE, LAW_STAGE_US,
	LAW_TILE_TOKENS,         /* minimum of tokens that a product counts */
	LAW_DISTINCT,            /* tokens that choose experts as if independently, per token */
	LAW_TOKEN_US,            /* host work of a prompt's token */
	LAW_ALONE,               /* share of prompt chunks that do not fit into decode steps */
	LAW_SHARED_CONSTANTS
};

/* Factors of an engine, a maker or a kind of GPU, relative to the shared constants; 1 is no difference. */
enum law_factor { LAW_COMPUTE, LAW_BANDWIDTH, LAW_FLOOR, LAW_PER_SEQUENCE, LAW_SENDING, LAW_FACTORS };

/*
 * Kinds of GPU. MI350X and MI355X (LAW_CDNA4), without measurements, are half-way between the mean of all and the
 * MI300X; accelerators of other makers (LAW_OTHER) are the mean of the three measured data-centre kinds.
 */
enum law_card { LAW_HBM, LAW_BLACKWELL, LAW_GDDR, LAW_GEFORCE, LAW_PRO, LAW_AMD, LAW_APPLE, LAW_UNIFIED, LAW_CDNA4, LAW_OTHER, LAW_CARDS };

struct law_constants {
	double shared[LAW_SHARED_CONSTANTS];
	double engine[LAW_ENGINES][LAW_FACTORS];
	double card[LAW_CARDS][LAW_FACTORS];
	int rows[LAW_ENGINES][LAW_CARDS]; /* measurements that these were fitted to */
};
extern const struct law_constants law_published;

/* How a model is spread over GPUs: gpus = tp x pp x dp, and ep divides the experts further. 0: by default. */
struct law_layout {
	int64_t gpus, tp, pp, ep, dp;
};

struct law {
	struct roofline peak;      /* sizes and peaks, efficiencies 1 */
	struct law_layout layout;
	enum law_engine engine;
	enum law_card card;
	const struct law_constants *constants;
	double mfu, bandwidth;     /* stated by the caller in place of the fitted shares; 0: fitted */
	/*
	 * From the user's log (--calibrate), relative to the published constants: floor, weights and communication;
	 * arithmetic; attention of prompts; caches. 1: none.
	 */
	double stretch_base, stretch_arithmetic, stretch_pairs, stretch_cache;
	double own_spread;         /* width of an interval from that log; 0: from the published measurements */
};

/* The engine by its name, with or without a version; LAW_ANY if it is not one of the measured ones. */
enum law_engine law_engine_of(struct text name);
extern const char *const law_engine_names[LAW_ENGINES];
/* The engine's default for prompt tokens per step. */
int64_t law_chunk(enum law_engine e);

/* Checks and completes the layout; ERROR_CONFIG names the option. */
int law_layout_complete(struct law_layout *l, const struct modelspec *m, struct fault *why);
void law_init(struct law *l, const struct modelspec *m, const struct gpu *g, const struct law_layout *layout, enum law_engine e);

/* Shares of the peaks that matrix products reach: of FLOP/s, and of the bandwidth when reading weights. */
double law_mfu(const struct law *l);
double law_bandwidth_share(const struct law *l);

/* A step's wall time by part, nanoseconds; terms as in roofline_step(). */
struct law_step {
	double matrix_ns, expert_ns, prefill_attention_ns, decode_attention_ns, floor_ns, sequence_ns, sending_ns, total_ns;
	double flops_share, bytes_share; /* of the peaks, over the step */
};
void law_step(const struct law *l, double p, double a, double d, double k, struct law_step *out);

/* Bytes of weights that the fullest GPU holds; bytes of cache that all GPUs together need per token. */
double law_weight_bytes(const struct law *l);
double law_cache_token_bytes(const struct law *l);
/* Sequences of `context` tokens on average that fit into memory; 0: none. */
int64_t law_batch(const struct law *l, double context, double share);

/* Watts of one GPU over a step with these shares of the peaks. */
double law_watts(const struct law *l, const struct law_step *s);

/*
 * Published efficiencies of a kind of GPU: the shares of its bandwidth and 16-bit FLOP/s that it reaches, and its
 * launch time relative to the mean. For scaling from one GPU to another at the same batch.
 */
struct law_card_efficiency {
	double bandwidth, flops, floor;
	bool measured; /* there are rows of this kind */
};
struct law_card_efficiency law_card_of(const struct gpu *g);

/*
 * The factor within which 95 % of measurements are, as a natural logarithm: wider the fewer there are of the engine on this kind of GPU,
 * and of the kind of GPU.
 */
double law_spread(const struct law *l);
/* What makes it wider than for well-measured engines and GPUs, for people: "no engine is stated (--engine)"; "" if nothing does. */
const char *law_spread_reason(const struct law *l);

#endif
