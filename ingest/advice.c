#include "ingest/advice.h"

/* By engine, from a version on: the first row that fits. An older version has the row after it. */
static const struct advice {
	const char *engine;
	int64_t since[2]; /* major, minor */
	const char *needs, *option;
} advices[] = {
	/* The line of 6ebe34d6fa, January 2026. */
	{"vllm", {0, 14}, "a line per step (grade B): start vLLM with --enable-logging-iteration-details, and keep its statistics",
	 "--enable-logging-iteration-details"},
	{"vllm", {0, 0}, "a line per step (grade B): vLLM has it from 0.14 on, with --enable-logging-iteration-details; this log is of an "
	                 "older version", NULL},
	{"sglang", {0, 0}, "the time of forward passes (grade A): start SGLang with SGLANG_ENABLE_METRICS_DEVICE_TIMER=1 and "
	                   "--enable-metrics, and scrape /metrics every few seconds",
	 "SGLANG_ENABLE_METRICS_DEVICE_TIMER=1"},
	{"trtllm", {0, 0}, "device times of iterations (grade B): set print_iter_log: true in TensorRT-LLM's options file", "print_iter_log"},
	{"dynamo", {0, 0}, "each forward pass (grade B): start Dynamo's workers with DYN_FPM_TRACE=1 DYN_FPM_MODE=full", "DYN_FPM_TRACE=1"},
	{"llamacpp", {0, 0}, "requests that do not overlap (grade A): llama-server times each slot separately, only --parallel 1 prevents overlap",
	 "--parallel 1"},
	{"lmdeploy", {0, 0}, "a line per step: LMDeploy has none; the logs of a gateway add the times of requests (grade C)", NULL},
	{"llamacpp-old", {0, 0}, "requests that do not overlap (grade A): llama-server times each slot by itself, only --parallel 1 keeps them apart",
	 "--parallel 1"},
	{"ollama", {0, 0}, "requests that do not overlap (grade A): start Ollama with OLLAMA_NUM_PARALLEL=1", "OLLAMA_NUM_PARALLEL=1"},
	{"desktop", {0, 0}, "requests that do not overlap (grade A): this server times each request by itself; send one at a time", NULL},
	{"litellm", {0, 0}, "the log or the metrics of the server itself: LiteLLM counts tokens, not the time that they take", NULL},
	{"tgi", {0, 0}, "the time of forward passes (grade A): scrape TGI's tgi_batch_forward_duration every few seconds", NULL},
};

/* Does the stream's log lack the steps that would split its time? */
static bool wants_better(const struct stream *s) {
	return s->kinds[RECORD_STEP] == 0 && s->overlapping > 0;
}

static bool is_from(const struct parser *p, const int64_t since[2]) {
	/* A log that does not state its version is treated as a new one. */
	return !p->has_version || p->version[0] > since[0] || (p->version[0] == since[0] && p->version[1] >= since[1]);
}

void advice_better(struct quality *q, const struct streams *s) {
	for (size_t i = 0; i < s->count; i++) {
		const struct stream *one = s->at[i];
		const char *engine = one->parser.engine ? one->parser.engine : one->chosen ? one->chosen->name : "";
		if (!wants_better(one)) {
			continue;
		}
		for (size_t k = 0; k < sizeof advices / sizeof *advices; k++) {
			if (strcmp(advices[k].engine, engine) == 0 && is_from(&one->parser, advices[k].since)) {
				quality_missing(q, QUALITY_BETTER, advices[k].needs, advices[k].option);
				break;
			}
		}
	}
}
