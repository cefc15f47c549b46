/* log_fit.h: a step model of a log, read from a model report (`run --model-report`). */
#ifndef CORE_LOG_FIT_H
#define CORE_LOG_FIT_H

#include "core/text.h"

#define LOG_FIT_TERMS 32

/* Times in nanoseconds per unit; what the report does not have is 0. */
struct log_fit {
	struct text gpu;
	int64_t gpus;
	double floor, token, pair, before, context, differing, mixed, mixed_differing, residual;
	double alone_steps, mixed_steps; /* of sequences; and together with prompts */
	int count;
	struct {
		double ntok, ns;
		bool early; /* up to ntok, else above it */
	} slopes[LOG_FIT_TERMS];
};

/* The first fit of the report with a floor; false if there is none. Its texts are in `report`. */
bool log_fit_read(struct text report, struct log_fit *f);

/* A step of this many tokens without their contexts. */
double log_fit_tokens_ns(const struct log_fit *f, double n);
/*
 * A context token of decode: its own time, more if contexts differ, and more with prompts, by the share of steps that
 * have some.
 */
double log_fit_context_ns(const struct log_fit *f);
/* Attention of a prompt's token to one of its context, in a chunk of this many tokens. */
double log_fit_pair_ns(const struct log_fit *f, double chunk);

#endif
