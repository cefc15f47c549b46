/*
 * proportions.h: what is known about a model on its GPU before anything is measured. Private to attribute/.
 *
 * From the model's description if the fleet file names one, else from its name: "llama-3.1-8b" has 8e9 parameters,
 * "qwen3-30b-a3b" 30e9 of which a token uses 3e9, "mixtral-8x7b" eight times 7e9, of which two are used.
 */
#ifndef ATTRIBUTE_PROPORTIONS_H
#define ATTRIBUTE_PROPORTIONS_H

#include "core/model/modelspec.h"
#include "core/text.h"

struct gpu_catalogue;

struct proportions {
	double ridge_ntok;       /* of a dense model: peak FLOP/s over bandwidth */
	double params, active;   /* all parameters, and those that one token uses; equal for dense models */
	double chosen;           /* fraction of the experts that one token uses; 0: there are none */
	/* time to read the parameters that a token uses, two bytes each, at peak bandwidth; 0: not known */
	double least_ns;
	double cache_ntok;       /* tokens that fit next to the weights; 0: not known */
	bool params_known;
};

/* The part of the experts that the tokens of this many sequences choose; 1: there are none. */
double experts_read(double chosen, double sequences);

/* `described` may be NULL. Defaults for what is not known: a dense model of 8e9 parameters, a ridge of 300 tokens. */
void proportions_of(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described,
                    struct text model, struct proportions *out);

#endif
