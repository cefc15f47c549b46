/* theory.h: a step model from what is published of a card, for days without steps to fit. Private to attribute/. */
#ifndef ATTRIBUTE_THEORY_H
#define ATTRIBUTE_THEORY_H

#include "core/step_model.h"
#include "core/text.h"

struct gpu_catalogue;

/*
 * Proportions, not times: the weights, two bytes each, are read once (the floor, put at 1 ms), and from the ridge on each
 * token takes as long as its arithmetic. Both go with the size of the model, so that it need not be known. The
 * ridge is put at the nearest hinge. Attention, which does not, is left out. False if the card is not known.
 */
bool theory_model(const struct gpu_catalogue *catalogue, struct text gpu, struct step_model *m);

#endif
