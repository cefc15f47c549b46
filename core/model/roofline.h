/*
 * roofline.h: the time of a step on a GPU, from first principles.
 *
 * A kernel takes the longer of its arithmetic at the GPU's speed and its traffic at the GPU's bandwidth (Williams,
 * Waterman, Patterson: Roofline, CACM 52(4), 2009). A step is the sum of three: the matrix products over all its
 * tokens, the attention of the prefilled chunks, the attention of the decoders. Speeds are published peaks times an
 * efficiency that the caller states. Not included: launches, communication between GPUs, traffic of activations.
 */
#ifndef CORE_ROOFLINE_H
#define CORE_ROOFLINE_H

#include "core/model/modelspec.h"

enum gpu_vendor { GPU_NVIDIA, GPU_AMD, GPU_APPLE, GPU_GOOGLE, GPU_AWS, GPU_INTEL, GPU_HUAWEI, GPU_VENDORS };
extern const char *const gpu_vendor_names[GPU_VENDORS];

/* One GPU, by its vendor's figures. */
struct gpu {
	char name[64];
	enum gpu_vendor vendor;
	bool hbm;                  /* stacked memory: a data-centre GPU */
	int64_t link;              /* bytes per second to other GPUs, one direction; 0: not known */
	int64_t idle_milliwatts;   /* with a model loaded; 0: not known */
	int64_t flops[PRECISIONS]; /* dense peak per second; 0: the GPU has no units for it */
	int64_t bandwidth;         /* bytes per second */
	int64_t memory_bytes;
	int64_t tdp_milliwatts;
	char source[160];
};

/* ---- the catalogue ---- */

struct gpu_catalogue;

/* The GPUs of samples/gpus.json as built in (path NULL), or those of a file. */
int gpu_catalogue_read(struct gpu_catalogue **out, const char *path, struct fault *why);
void gpu_catalogue_free(struct gpu_catalogue *c);
size_t gpu_catalogue_count(const struct gpu_catalogue *c);
const struct gpu *gpu_catalogue_at(const struct gpu_catalogue *c, size_t i);
/*
 * By name as logs, fleets and drivers write it ("NVIDIA H100 80GB HBM3", "H100-SXM5-80GB"): letters and digits alone
 * count; the longest name or alias that it starts with, unless what follows means another GPU (a laptop's, a MIG
 * slice, PCIe or Max-Q for SXM, another size of memory). NULL if none.
 */
const struct gpu *gpu_find(const struct gpu_catalogue *c, struct text name);

/* Letters and digits that a name shares with the start of a GPU's name, to list GPUs similar to an unknown one. */
size_t gpu_likeness(const struct gpu_catalogue *c, size_t i, struct text name);

/* ---- time ---- */

struct roofline {
	struct modelspec model;
	struct modelsize size;
	struct gpu gpu;
	int64_t gpus;
	enum precision compute;  /* the GPU's units for the model's precision */
	double flops;            /* per second over all GPUs, efficiency included */
	double attention_flops;  /* attention is computed in 16 bits */
	double bandwidth;        /* bytes per second, the same way */
};

/* mfu and bandwidth_efficiency: shares of the peaks, greater than 0 and at most 1. */
void roofline_init(struct roofline *r, const struct modelspec *m, const struct gpu *g, int64_t gpus, double mfu,
                   double bandwidth_efficiency);

/* Weights that a step over n tokens reads: of experts, those expected to be chosen if all are equally likely. */
double roofline_weight_bytes(const struct roofline *r, double ntok);

/* The parts of a step's time, in nanoseconds, and whether each is bound by arithmetic or traffic. */
struct roofline_step {
	double matrix_ns, prefill_attention_ns, decode_attention_ns, total_ns;
	double matrix_flop_ns, matrix_byte_ns; /* matrix_ns is the longer of these */
	double context_flop_ns, context_byte_ns; /* decode_attention_ns, the same */
};

/*
 * A batch in the terms of the step model: P tokens prefilled, A = sum over chunks of tokens x (context before +
 * tokens / 2), D decoding sequences, K = sum of their contexts.
 */
void roofline_step(const struct roofline *r, double prefill_tokens, double prefill_token_kv, double decode_tokens,
                   double decode_kv_tokens, struct roofline_step *out);

/*
 * The same as coefficients of the step model T = b0 + c max(0, n - h) + b2 A + b3 K, which it is exactly
 * for dense models without windows; for others around `typical_ntok` tokens and a context of 2048.
 */
struct roofline_terms {
	double floor_ns;          /* b0: the weights read once */
	double ridge_ntok;        /* h: tokens above which arithmetic takes longer */
	double token_ns;          /* c */
	double prefill_token_kv_ns; /* b2 */
	double decode_kv_ns;      /* b3 */
};
void roofline_terms(const struct roofline *r, double typical_ntok, struct roofline_terms *out);

/* Tokens in a step above which its matrix products are compute-bound; with experts found by iteration. */
double roofline_ridge(const struct roofline *r);

#endif
