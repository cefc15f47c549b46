/* theory.h: a step model from what is published about a GPU, for days without steps to fit. Private to attribute/. */
#ifndef ATTRIBUTE_THEORY_H
#define ATTRIBUTE_THEORY_H

#include "core/model/modelspec.h"
#include "core/model/step_model.h"

struct gpu_catalogue;

/*
 * With the model's description (else NULL): the weights read once, each token's arithmetic from the ridge on, the
 * attention of prompts, the caches of sequences. Without: proportions, not times: the weights, two bytes each, are
 * read once (the floor, put at 1 ms), and from the ridge on each token takes as long as its arithmetic. Both are
 * proportional to the size of the model, so that it need not be known; attention, which does not, is left out. A
 * ridge between two hinges is shared by both. False if the GPU is not known.
 */
bool theory_model(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described,
                  struct step_model *m);

/*
 * Prompt tokens that take as long to compute as a decode step: peak FLOP/s over bandwidth; more, if the model's
 * description (NULL: none) has experts. *ntok is unchanged if not known.
 */
void theory_ridge(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described, double *ntok);

#endif
