/* The time of a step by how many sequences it decodes, as the fitted models have it at the contexts of the log. */
#include <math.h>

#include "attribute/model/fits.h"
#include "attribute/split/breakdowns.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/model/fitted.h"

struct curving {
	const struct breakdowns *breakdowns;
	int64_t from_ns, to_ns;
	curve_sink *sink;
	void *context;
};

/* Steps so often of such a length, in microseconds; false if that does not fit. */
static bool fill(struct curve_row *row, const struct fitted_model *m, double context) {
	double ns = fitted_step_ns(m, 0, 0, row->sequences, m->has_context ? llround(context * (double)row->sequences) : row->sequences);
	int64_t us = ns > 0 && ns < (double)NS_PER_HOUR ? llround(ns / 1000) : 0;

	return us > 0 && m->gpus > 0 && exact_mul_div(m->steps, us, 1, &row->step_us) && exact_mul_div(row->step_us, m->gpus, 1, &row->gpu_us);
}

/* In powers of two, until the fullest step of the log is reached; none where the fit knows less than the log. */
static int add_model(void *curving, const struct fitted_model *m) {
	struct curving *c = curving;
	double context;
	int64_t most;
	int rc = 0;

	if (!m->fitted || m->steps <= 0 || m->day_ns + NS_PER_DAY <= c->from_ns || m->day_ns >= c->to_ns || !breakdowns_mean(c->breakdowns, m->model, &context, &most) ||
	    (m->has_context && context <= 0)) {
		return 0;
	}
	for (int64_t d = 1; d / 2 < most && rc >= 0; d *= 2) {
		struct curve_row row = {.model = m->model, .sequences = d, .steps = m->steps};
		rc = fill(&row, m, context) ? c->sink(c->context, &row) : 0;
	}
	return rc;
}

int breakdowns_each_curve(const struct breakdowns *x, struct attribution_fits *f, int64_t from_ns, int64_t to_ns, curve_sink *sink, void *context) {
	struct curving c = {x, from_ns, to_ns, sink, context};

	return fits_each_model(f, add_model, &c);
}
