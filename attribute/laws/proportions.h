/*
 * proportions.h: what is known of a model on its card before anything is measured. Private to attribute/.
 *
 * By the model's description where the fleet file names one, else by its name: "llama-3.1-8b" has 8e9 parameters,
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
	double chosen;           /* of the experts, the part that one token uses; 0: there are none */
	double least_ns;         /* reading the parameters that a token uses once, two bytes each, at peak bandwidth; 0: not known */
	double cache_ntok;       /* tokens that fit next to the weights; 0: not known */
	bool params_known;
};

/* `described` may be NULL. What is not known is as usual: a dense model of 8e9 parameters, a ridge of 300 tokens. */
void proportions_of(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described,
                    struct text model, struct proportions *out);

#endif
