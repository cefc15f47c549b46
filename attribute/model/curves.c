/* The time of a step by how many sequences it decodes, as the fitted models have it at the mean context of their steps. */
#include <math.h>

#include "attribute/model/fits_private.h"
#include "core/instant.h"

/* The most sequences; statements show as many as their logs had together. */
#define SEQUENCES_MOST 1024

struct curving {
	int64_t from_ns, to_ns;
	curve_sink *sink;
	void *context;
};

/* So many steps of such a time, in microseconds; false if that does not fit. */
static bool fill(struct curve_row *row, const struct fitted_model *m) {
	double ns = fitted_step_ns(m, 0, 0, row->sequences, m->has_context ? llround(m->context_ntok * (double)row->sequences) : row->sequences);
	int64_t us = ns > 0 && ns < (double)NS_PER_HOUR ? llround(ns / 1000) : 0;

	return us > 0 && m->gpus > 0 && exact_mul_div(m->steps, us, 1, &row->step_us) && exact_mul_div(row->step_us, m->gpus, 1, &row->gpu_us);
}

static int add_model(void *curving, const struct fitted_model *m) {
	struct curving *c = curving;
	int rc = 0;

	/* Without contexts in the log, or without a step that decodes, it is not known how long one takes. */
	if (!m->fitted || m->steps <= 0 || m->context_ntok <= 0 || m->day_ns + NS_PER_DAY <= c->from_ns || m->day_ns >= c->to_ns) {
		return 0;
	}
	for (int64_t d = 1; d <= SEQUENCES_MOST && rc >= 0; d *= 2) {
		struct curve_row row = {.model = m->model, .sequences = d, .steps = m->steps};
		rc = fill(&row, m) ? c->sink(c->context, &row) : 0;
	}
	return rc;
}

int fits_each_curve(struct attribution_fits *f, int64_t from_ns, int64_t to_ns, curve_sink *sink, void *context) {
	struct curving c = {from_ns, to_ns, sink, context};

	return fits_each_model(f, add_model, &c);
}
