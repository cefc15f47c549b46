/* scenario.h: options shared by estimate and what-if: the GPU, its use, list prices. */
#ifndef CLI_SCENARIO_H
#define CLI_SCENARIO_H

#include "cli/values.h"

/* Within a command's own settings. */
struct scenario_settings {
	const char *gpu, *catalogue;
	int64_t utilization, memory; /* nano; 0: not given */
	int64_t max_batch, chunk;    /* 0: not given */
	struct given_money list_input, list_cached, list_output;
};

/* A row of a command's own table, and those of the settings above; `s` holds these. */
#define OWN_ROW(own, name, argument, help, take, member)                                                               \
	{name, 0, argument, help, 0, take, offsetof(struct own, member), NULL, true}
#define SCENARIO_OPTIONS(own, s, gpu_help)                                                                             \
	OWN_ROW(own, "gpu", "NAME", gpu_help, value_text, s.gpu),                                                          \
	OWN_ROW(own, "gpus-file", "FILE", "another GPU catalogue", value_text, s.catalogue),                          \
	OWN_ROW(own, "utilization", "SHARE", "estimate: load as a share of a full batch's capacity (default 1); whatif: busy share of paid time (default: as logged)", value_share, s.utilization),       \
	OWN_ROW(own, "memory", "SHARE", "share of GPU memory for weights and cache (default 0.9)", value_share, s.memory), \
	OWN_ROW(own, "max-batch", "N", "maximum number of sequences at once (default 256)", value_count, s.max_batch),              \
	OWN_ROW(own, "chunk", "N", "maximum number of tokens per step (default 2048)", value_count, s.chunk),                      \
	OWN_ROW(own, "list-input", "PRICE", "list price per million input tokens, to compare with", value_given_money, s.list_input), \
	OWN_ROW(own, "list-cached", "PRICE", "the same for cached input (default: that of input)", value_given_money, s.list_cached), \
	OWN_ROW(own, "list-output", "PRICE", "list price of output", value_given_money, s.list_output)

#endif
