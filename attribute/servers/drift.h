/* drift.h: a difference of two clocks that changes: one clock is faster, or is set. Private to attribute/. */
#ifndef ATTRIBUTE_DRIFT_H
#define ATTRIBUTE_DRIFT_H

#include "attribute/servers/identity.h"
#include "core/text.h"

#define DRIFT_KNOTS_MAX 160

/* At an instant of the requests' clock: how far it is ahead of the steps' clock. */
struct drift_knot {
	int64_t at_ns, offset_ns;
};

/* Linear between knots, constant before the first and after the last one. A clock that is set has two knots 1 ns apart. */
struct drift {
	struct drift_knot at[DRIFT_KNOTS_MAX];
	size_t count;
};

/* As bytes, and back: NULL if they are damaged. The caller frees. */
#define DRIFT_BYTES_MAX ((size_t)20 * DRIFT_KNOTS_MAX)
size_t drift_pack(const struct drift *d, char *out);
struct drift *drift_unpack(struct text t);

int64_t drift_at(const struct drift *d, int64_t at_ns);
void drift_range(const struct drift *d, int64_t *least_ns, int64_t *most_ns);

/*
 * Looks for a difference that changes. `r` is the result for a constant one, and that for the changing one if this is
 * clearly better: then true.
 */
bool drift_find(const struct id_steps *steps, const struct id_requests *requests, struct id_result *r, struct drift *out);

#endif
