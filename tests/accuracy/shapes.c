#include "tests/accuracy/shapes.h"

#include <string.h>

#define MS 1e6
#define US 1e3

/* An 8B model in bf16 on a GPU with 3.3 TB/s and about 400 TFLOP/s. */
#define LAW_8B \
	.host_ns = 4.2 * MS, .weights_ns = 5.1 * MS, .token_ns = 42 * US, .tile_ntok = 128, .attention_ns = 0.35 * MS, \
	.pair_ns = 1.4, .context_ns = 43, .beside = 1.2, .beside_far = 1.8

#define CHAT {.median = 700, .spread = 0.9, .least = 20, .most = 6000}
#define CODE {.median = 1700, .spread = 0.7, .least = 100, .most = 8000}
#define ANSWER {.median = 180, .spread = 0.7, .least = 2, .most = 1500}
#define SNIPPET {.median = 20, .spread = 0.8, .least = 1, .most = 200}

static const struct shape shapes[] = {
	{
		.name = "two-gpus", .what = "a 70B model on two GPUs a replica, chat and code",
		.model = "llama-3.3-70b", .served = "meta-llama/Llama-3.3-70B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 2, .gpus = 2, .steps = 12000, .requests_per_second = 1.1, .bursts = 2.2, .gap_seconds = 20,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.01,
		.law = {.host_ns = 12 * MS, .weights_ns = 23 * MS, .token_ns = 175 * US, .tile_ntok = 128, .attention_ns = 1.1 * MS,
		        .pair_ns = 3.4, .context_ns = 55, .beside = 1.25, .beside_far = 1.7, .reduce_ns = 2.4 * MS,
		        .reduce_token_ns = 14 * US},
		.tenants = {{"acme-chat", 0.6, CHAT, ANSWER, 0.1, 0.4, 0.3}, {"ide-helper", 0.4, CODE, SNIPPET, 0.1, 0.5, 0.3}},
	},
	{
		.name = "long", .what = "contexts of 10,000 to 100,000 tokens",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 1, .gpus = 1, .steps = 12000, .requests_per_second = 0.2, .bursts = 1.8, .gap_seconds = 15,
		.tokens_max = 2048, .sequences_max = 64, .noise = 0.01,
		.law = {LAW_8B},
		.tenants = {{"papers", 0.5, {25000, 0.6, 10000, 100000}, {350, 0.6, 20, 1500}, 0.3, 0.8, 0.3},
		            {"contracts", 0.3, {45000, 0.5, 12000, 100000}, {150, 0.7, 5, 800}, 0.1, 0.5, 0.2},
		            {"digest", 0.2, {12000, 0.3, 10000, 30000}, {500, 0.5, 50, 1500}, 0, 0, 0}},
	},
	{
		.name = "cached", .what = "four fifths to nine tenths of most prompts are in the cache",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 1, .gpus = 1, .steps = 15000, .requests_per_second = 4, .bursts = 2, .gap_seconds = 10,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.01,
		.law = {LAW_8B},
		.tenants = {{"agents", 0.7, {9000, 0.6, 2000, 40000}, {150, 0.7, 5, 900}, 0.8, 0.92, 0.95},
		            {"acme-chat", 0.3, {2500, 0.8, 300, 12000}, ANSWER, 0.7, 0.9, 0.8}},
	},
	{
		.name = "noisy", .what = "5 % noise, steps of 20 times their time, pauses",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 2, .gpus = 1, .steps = 20000, .requests_per_second = 7, .bursts = 2.5, .gap_seconds = 10,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.05, .outliers = 5, .pauses = 2,
		.law = {LAW_8B},
		.tenants = {{"acme-chat", 0.5, CHAT, ANSWER, 0.1, 0.5, 0.4}, {"ide-helper", 0.3, CODE, SNIPPET, 0.1, 0.5, 0.3},
		            {"batch-eval", 0.2, CHAT, {400, 0.5, 50, 1500}, 0, 0, 0}},
	},
	{
		.name = "sparse", .what = "few requests, mostly idle",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 2, .gpus = 1, .steps = 12000, .requests_per_second = 0.35, .bursts = 1.5, .gap_seconds = 120,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.01,
		.law = {LAW_8B},
		.tenants = {{"acme-chat", 0.7, CHAT, ANSWER, 0.1, 0.4, 0.3}, {"ide-helper", 0.3, CODE, SNIPPET, 0.1, 0.5, 0.3}},
	},
	{
		.name = "full", .what = "more requests than fit: full batches, a queue",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 1, .gpus = 1, .steps = 6000, .requests_per_second = 26, .bursts = 1.5, .gap_seconds = 5,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.01,
		.law = {LAW_8B},
		.tenants = {{"acme-chat", 0.6, CHAT, {250, 0.6, 10, 1500}, 0.1, 0.4, 0.3}, {"ide-helper", 0.2, CODE, SNIPPET, 0.1, 0.5, 0.3},
		            {"batch-eval", 0.2, CHAT, {500, 0.4, 50, 1500}, 0, 0, 0}},
	},
	{
		.name = "experts", .what = "a mixture of experts: the floor grows with the experts that a batch needs",
		.model = "qwen3-30b-a3b", .served = "Qwen/Qwen3-30B-A3B", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 1, .gpus = 1, .steps = 15000, .requests_per_second = 8, .bursts = 2.2, .gap_seconds = 10,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.01,
		.law = {.host_ns = 5 * MS, .weights_ns = 2.5 * MS, .experts_ns = 16 * MS, .experts = 128, .chosen = 8, .token_ns = 21 * US,
		        .tile_ntok = 256, .attention_ns = 0.45 * MS, .pair_ns = 1.6, .context_ns = 32, .beside = 1.2, .beside_far = 1.7},
		.tenants = {{"acme-chat", 0.5, CHAT, ANSWER, 0.1, 0.4, 0.3}, {"ide-helper", 0.3, CODE, SNIPPET, 0.1, 0.5, 0.3},
		            {"batch-eval", 0.2, CHAT, {400, 0.5, 50, 1500}, 0, 0, 0}},
	},
	{
		.name = "day", .what = "a day of twenty replicas, for timing: 10 million steps, 2.5 million requests",
		.model = "llama-3.1-8b", .served = "meta-llama/Llama-3.1-8B-Instruct", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 20, .gpus = 1, .steps = 10000000, .requests_per_second = 23, .bursts = 1.6, .gap_seconds = 600,
		.tokens_max = 2048, .sequences_max = 256, .noise = 0.02, .outliers = 1,
		.law = {LAW_8B},
		.tenants = {{"acme-chat", 0.5, {250, 0.8, 20, 3000}, {110, 0.7, 2, 900}, 0.1, 0.4, 0.3},
		            {"ide-helper", 0.4, {500, 0.6, 100, 4000}, SNIPPET, 0.3, 0.8, 0.6},
		            {"batch-eval", 0.1, {300, 0.8, 20, 3000}, {200, 0.5, 50, 900}, 0, 0, 0}},
	},
};

const struct shape *shape_at(size_t i) {
	return i < sizeof shapes / sizeof *shapes ? &shapes[i] : NULL;
}

const struct shape *shape_of(const char *name) {
	const struct shape *s;

	for (size_t i = 0; (s = shape_at(i)) != NULL; i++) {
		if (strcmp(s->name, name) == 0) {
			return s;
		}
	}
	return NULL;
}
