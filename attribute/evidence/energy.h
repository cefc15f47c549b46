/*
 * energy.h: a replica's energy over intervals of time, from power samples. Private to attribute/.
 *
 * Between two samples of a GPU its power is interpolated linearly (the trapezoid rule), unless they are further apart
 * than the longest gap. Longer gaps and the time before the first and after the last sample are not covered: there
 * the fleet's watts per GPU are assumed. Sums of intervals are exact: power times time is summed in whole
 * milliwatt-nanoseconds and rounded to millijoules cumulatively, so that adjacent intervals sum to the energy of the
 * whole.
 */
#ifndef ATTRIBUTE_ENERGY_H
#define ATTRIBUTE_ENERGY_H

#include "core/error.h"
#include "core/exact.h"
#include "core/names.h"

/* Samples further apart than this do not cover the time between them. */
#define ENERGY_GAP_NS (60 * NS_PER_SECOND)

struct energy_sample {
	name_id gpu;
	int64_t at_ns;
	int64_t milliwatts;
};

/* The next sample of the replica, in order of time, its GPUs mixed: 1, 0 at the end, or a negative error. */
typedef int energy_next(void *context, struct energy_sample *out, struct fault *why);

struct energy_options {
	energy_next *next; /* NULL: no samples */
	void *context;
	int64_t gpus;          /* of the replica; if samples name more GPUs, each counts for its share */
	int64_t assumed_milliwatts; /* per GPU; 0: not given */
	int64_t gap_ns;        /* 0: ENERGY_GAP_NS */
};

struct energy;

struct energy *energy_new(const struct energy_options *o);
void energy_free(struct energy *e);

/*
 * The energy of all GPUs over [from, to), and the part of the (to - from) x gpus GPU-ns that samples cover. Intervals
 * are requested in order of time, without overlap; each sample is read once. Left out: samples of GPUs beyond the 4,096th,
 * and those that are not in order.
 */
int energy_between(struct energy *e, int64_t from_ns, int64_t to_ns, int64_t *energy_mj, int64_t *metered_ns,
                   struct fault *why);

#endif
