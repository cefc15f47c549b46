#include "attribute/theory.h"

#include <math.h>

#include "core/roofline.h"

/* Shares of the published peaks that engines reach, as `tollbook estimate` assumes them. */
#define OF_FLOPS 0.5
#define OF_BANDWIDTH 0.8
#define FLOOR_NS 1e6

static int nearest_hinge(double ridge_ntok) {
	int best = 0;

	for (int j = 1; j < HINGE_COUNT; j++) {
		if (fabs(log((double)hinge_ntok[j] / ridge_ntok)) < fabs(log((double)hinge_ntok[best] / ridge_ntok))) {
			best = j;
		}
	}
	return best;
}

bool theory_model(const struct gpu_catalogue *catalogue, struct text gpu, struct step_model *m) {
	const struct gpu *card = gpu.len > 0 ? gpu_find(catalogue, gpu) : NULL;

	if (!card || card->flops[PRECISION_BF16] <= 0 || card->bandwidth <= 0) {
		return false;
	}
	/* Two operations and two bytes for each weight: tokens whose arithmetic takes as long as the reading. */
	double ridge = OF_FLOPS * (double)card->flops[PRECISION_BF16] / (OF_BANDWIDTH * (double)card->bandwidth);
	*m = (struct step_model){.origin = MODEL_ROOFLINE};
	m->ns[TERM_FLOOR] = FLOOR_NS;
	m->ns[TERM_HINGES + nearest_hinge(ridge)] = FLOOR_NS / ridge;
	return true;
}
