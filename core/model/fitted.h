/*
 * fitted.h: the step model as fitted by attribution, for other rooms such as replay.
 *
 *   T = floor + sum_j early_j min(n, until_j) + sum_j slope_j max(0, n - from_j) + token n + prefill_token_kv A
 *       + decode_kv K + near_kv min(K, 32768) + (mixed_kv K + prompt) [P > 0] + both [P > 0 and D > 0]
 *       - overlap min(overlap_token_kv A, overlap_kv K)
 *
 * in nanoseconds of wall time, with P prefill and D decode tokens, n = P + D, A the sum over chunks of tokens x
 * (context before + tokens / 2), K the sum of the decoders' contexts.
 */
#ifndef CORE_FITTED_H
#define CORE_FITTED_H

#include <stdbool.h>

#include "core/names.h"

#define FITTED_HINGES 16
#define FITTED_EARLY 4

struct fitted_model {
	name_id model, gpu;
	int64_t gpus;
	const char *role;   /* "mixed", "prefill" or "decode" */
	int64_t day_ns;     /* the UTC day it holds for */
	bool fitted;        /* fitted to steps, of the day or an adjacent one; else it uses tokens alone */
	bool has_attention, has_context; /* A and K are known, from the log or its requests */
	int64_t steps;
	double residual;    /* standard deviation of (T - fit) / fit */
	double floor_ns, token_ns, prefill_token_kv_ns, decode_kv_ns, mixed_kv_ns, prompt_ns, both_ns;
	double near_kv_ns, tile_excess_ns;
	double context_ntok; /* mean of a sequence that decodes, in the steps of the fit; 0: not known */
	/* time of a context token of decode, with the spread and length of contexts in the fitted steps */
	double context_ns;
	double overlap, overlap_token_kv_ns, overlap_kv_ns; /* the first is a fraction, 0 to 1 */
	int early_count;
	int64_t early_ntok[FITTED_EARLY];
	double early_ns[FITTED_EARLY];
	int hinge_count;
	int64_t hinge_ntok[FITTED_HINGES];
	double hinge_ns[FITTED_HINGES];
};

typedef int fitted_sink(void *context, const struct fitted_model *m);

/* The time of a step. */
double fitted_step_ns(const struct fitted_model *m, int64_t prefill_tokens, int64_t prefill_token_kv,
                      int64_t decode_tokens, int64_t decode_kv_tokens);

/* A token's time in a large batch: all slopes together. */
double fitted_slope_ns(const struct fitted_model *m);

#endif
