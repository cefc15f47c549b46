/* roof.h: steps under the roofline of their GPUs, as cells of arithmetic intensity and speed that add up. Private to report/. */
#ifndef REPORT_ROOF_H
#define REPORT_ROOF_H

#include <stddef.h>

#include "core/exact.h"

enum roof_kind { ROOF_PREFILL, ROOF_DECODE, ROOF_MIXED, ROOF_KINDS };
extern const char *const roof_kind_names[ROOF_KINDS];

struct roof_cell {
	int32_t group; /* which GPUs, by the caller's number */
	int16_t kind, x, y;
	int64_t steps;
	int128 gpu_ns;
};

/* All zero: empty. */
struct roof {
	struct roof_cell *slots; /* open addressing; steps 0: free */
	size_t room, count;
};

/* A step: FLOP per byte read, TFLOP/s reached. Values that are not positive numbers are left out. */
void roof_add(struct roof *r, int32_t group, enum roof_kind kind, double intensity, double tflop_s, int64_t gpu_ns);
/* Adds steps to a cell. */
void roof_put(struct roof *r, const struct roof_cell *c);
/* Moves the cells to the front, in a fixed order. */
void roof_sort(struct roof *r);
/* The middle of a cell. */
double roof_intensity(const struct roof_cell *c);
double roof_tflop_s(const struct roof_cell *c);
void roof_release(struct roof *r);

#endif
