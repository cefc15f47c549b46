/*
 * law.h: how long a step takes on a card under a serving engine, learnt from published measurements.
 *
 * A roofline (roofline.h) with what it leaves out: a floor per step, layer and sequence, what GPUs send to each
 * other, which parts each holds in full, and the share of the peaks that engines reach. report/estimate/METHOD.md
 * has the formulas; the constants come from tests/published/fit.c, their spread is the interval.
 */
#ifndef CORE_LAW_H
#define CORE_LAW_H

#include "core/model/roofline.h"

enum law_engine { LAW_ANY, LAW_VLLM, LAW_SGLANG, LAW_TRTLLM, LAW_LLAMACPP, LAW_DEEPSEEK, LAW_ENGINES };

/* Of all engines and cards, in natural logarithms so that each can be fitted without bounds. */
enum law_constant {
	LAW_MFU_16, LAW_MFU_8, LAW_MFU_4, LAW_MFU_UNPACK, /* share of the peak: by precision; 4-bit weights computed in 16 */
	LAW_MFU_EXPERTS,         /* of that, in experts' products */
	LAW_MFU_PREFILL_ATTENTION, LAW_MFU_DECODE_ATTENTION,
	LAW_BW_WEIGHTS, LAW_BW_EXPERTS, LAW_BW_CACHE, /* share of the bandwidth */
	LAW_STEP_US, LAW_LAYER_US, LAW_EXPERT_LAYER_US, LAW_SEQUENCE_US,
	LAW_REDUCE_US, LAW_LINK, LAW_EXCHANGE_US, LAW_IMBALANCE, LAW_STAGE_US,
	LAW_TILE_TOKENS,         /* tokens that a product takes at least */
	LAW_DISTINCT,            /* tokens that choose experts as if independently, per token */
	LAW_TOKEN_US,            /* host work of a prompt's token */
	LAW_ALONE,               /* share of prompt chunks that no decode step has room for */
	LAW_SHARED_CONSTANTS
};

/* Factors of an engine, a maker or a kind of card on what is shared; 1 is no difference. */
enum law_factor { LAW_COMPUTE, LAW_BANDWIDTH, LAW_FLOOR, LAW_PER_SEQUENCE, LAW_SENDING, LAW_FACTORS };

/*
 * Kinds of card. MI350X and MI355X (LAW_CDNA4), of which there are no measurements, are half-way between the mean of all
 * and the MI300X; accelerators of other makers (LAW_OTHER) are the mean of the three data-centre kinds measured.
 */
enum law_card { LAW_HBM, LAW_BLACKWELL, LAW_GDDR, LAW_GEFORCE, LAW_PRO, LAW_AMD, LAW_APPLE, LAW_UNIFIED, LAW_CDNA4, LAW_OTHER, LAW_CARDS };

struct law_constants {
	double shared[LAW_SHARED_CONSTANTS];
	double engine[LAW_ENGINES][LAW_FACTORS];
	double card[LAW_CARDS][LAW_FACTORS];
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
	double mfu, bandwidth;     /* stated by the caller in place of the learnt shares; 0: learnt */
	/* By one's own log (--calibrate), times the published constants: floor, weights and sending; arithmetic; caches. 1: not. */
	double stretch_base, stretch_arithmetic, stretch_cache;
	double own_spread;         /* of an interval by that log; 0: by the published measurements */
};

/* The engine by its name, with or without a version; LAW_ANY if it is not one of the measured ones. */
enum law_engine law_engine_of(struct text name);
extern const char *const law_engine_names[LAW_ENGINES];
/* Prompt tokens of a step that the engine takes by default. */
int64_t law_chunk(enum law_engine e);

/* Checks and completes the layout; ERROR_CONFIG names the option. */
int law_layout_complete(struct law_layout *l, const struct modelspec *m, struct fault *why);
void law_init(struct law *l, const struct modelspec *m, const struct gpu *g, const struct law_layout *layout, enum law_engine e);

/* Shares of the peaks that matrix products reach: of FLOP/s, and of the bandwidth at which they read weights. */
double law_mfu(const struct law *l);
double law_bandwidth_share(const struct law *l);

/* A step's wall time by what takes it, nanoseconds; terms as in roofline_step(). */
struct law_step {
	double matrix_ns, expert_ns, prefill_attention_ns, decode_attention_ns, floor_ns, sequence_ns, sending_ns, total_ns;
	double flops_share, bytes_share; /* of the peaks, over the step */
};
void law_step(const struct law *l, double p, double a, double d, double k, struct law_step *out);

/* Bytes of weights that the fullest GPU holds; bytes that all GPUs together need for a token of cache. */
double law_weight_bytes(const struct law *l);
double law_cache_token_bytes(const struct law *l);
/* Sequences of `context` tokens on average that the memory holds; 0: not even one. */
int64_t law_batch(const struct law *l, double context, double share);

/* Watts of one GPU over a step with these shares of the peaks. */
double law_watts(const struct law *l, const struct law_step *s);

/*
 * Published efficiencies of a kind of card: what it reaches of its bandwidth and 16-bit FLOP/s, and how long launches
 * take compared with the mean. For what is scaled from one card to another at the same batch.
 */
struct law_card_efficiency {
	double bandwidth, flops, floor;
};
struct law_card_efficiency law_card_of(const struct gpu *g);

/* The factor by which 95 % of published measurements differ at most, as a natural logarithm. */
double law_spread(const struct law *l);

#endif
