/* scenario.h: options shared by estimate, audit and whatif: the GPU, its use, list prices; how a model is served. */
#ifndef CLI_SCENARIO_H
#define CLI_SCENARIO_H

#include "cli/values.h"
#include "report/report.h"

/* Within a command's own settings. */
struct scenario_settings {
	const char *gpu, *catalogue;
	int64_t utilization, memory; /* nano; 0: not given */
	int64_t max_batch, chunk;    /* 0: not given */
	struct given_money list_input, list_cached, list_output;
};

/* How a model is served; 0 and NULL: not given. */
struct served_settings {
	const char *weights, *kv_cache, *engine;
	int64_t gpus, tp, pp, ep, dp, batch, prompt, cached, output;
};

/* Sets what is given. */
void served_fill(const struct served_settings *s, struct estimate_options *o);

/* A row of a command's own table, and those of the settings above; `s` holds these. */
#define OWN_ROW(own, name, argument, help, take, member)                                                               \
	{name, 0, argument, help, 0, take, offsetof(struct own, member), NULL, true}
#define SCENARIO_OPTIONS(own, s, gpu_help)                                                                             \
	OWN_ROW(own, "gpu", "NAME", gpu_help, value_text, s.gpu),                                                          \
	OWN_ROW(own, "gpus-file", "FILE", "another GPU catalogue", value_text, s.catalogue),                          \
	OWN_ROW(own, "utilization", "SHARE", "estimate: load as a share of a full batch's capacity (default 1); whatif: busy share of paid time (default: as logged)", value_share, s.utilization),       \
	OWN_ROW(own, "memory", "SHARE", "share of GPU memory for weights and cache (default 0.9)", value_share, s.memory), \
	OWN_ROW(own, "max-batch", "N", "maximum number of sequences at once (default 256)", value_count, s.max_batch),              \
	OWN_ROW(own, "chunk", "N", "maximum number of tokens per step (default 2048; estimate: of the engine)", value_count, s.chunk),                      \
	OWN_ROW(own, "list-input", "PRICE", "list price per million input tokens, to compare with", value_given_money, s.list_input), \
	OWN_ROW(own, "list-cached", "PRICE", "the same for cached input (default: that of input)", value_given_money, s.list_cached), \
	OWN_ROW(own, "list-output", "PRICE", "list price of output", value_given_money, s.list_output)
#define SERVED_OPTIONS(own, s, gpus_help, batch_help)                                                                  \
	OWN_ROW(own, "gpus", "N", gpus_help, value_count, s.gpus),                                                         \
	OWN_ROW(own, "tp", "N", "tensor parallelism (default: --gpus / --pp / --dp)", value_count, s.tp),                  \
	OWN_ROW(own, "pp", "N", "pipeline stages (default 1)", value_count, s.pp),                                         \
	OWN_ROW(own, "ep", "N", "expert parallelism (default 1)", value_count, s.ep),                                      \
	OWN_ROW(own, "dp", "N", "data-parallel ranks of attention (default 1)", value_count, s.dp),                        \
	OWN_ROW(own, "engine", "NAME", "vllm, sglang, tensorrt-llm, llama.cpp (default: the mean of all)", value_text, s.engine), \
	OWN_ROW(own, "batch", "N", batch_help, value_count, s.batch),                                                      \
	OWN_ROW(own, "prompt", "N", "prompt tokens per request (default 2000)", value_count, s.prompt),                    \
	OWN_ROW(own, "cached", "N", "prompt tokens found in the prefix cache (default 0)", value_count, s.cached),         \
	OWN_ROW(own, "completion", "N", "output tokens per request (default 400)", value_count, s.output),                 \
	OWN_ROW(own, "weights", "FORMAT", "bf16, fp8, int8, int4, mxfp4, mxfp8, nvfp4, awq, gptq, F16, Q8_0, Q6_K, Q5_K_M, Q5_K_S, Q5_1, Q5_0, Q4_K_M, Q4_K_S, Q4_1, Q4_0, IQ4_XS, IQ4_NL, Q3_K_L, Q3_K_M, Q3_K_S, Q2_K … (default: as described)", value_text, s.weights), \
	OWN_ROW(own, "kv-cache", "FORMAT", "the same for the KV cache", value_text, s.kv_cache)

#endif
