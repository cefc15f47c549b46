/*
 * parallel.h: the passes over ranges of replicas, in as many threads as records were read with. Private to
 * attribute/.
 *
 * Results of passes add up exactly, in any order: entries and rows are sorted, statistics of fits and breakdowns are
 * sums of integers, findings have a fixed order. So the result is that of one thread, to the last byte.
 */
#ifndef ATTRIBUTE_PARALLEL_H
#define ATTRIBUTE_PARALLEL_H

#include "attribute/split/passes.h"

/* Maximum of threads: each has readers with separate buffers. */
#define PARALLEL_MAX 16

/* Lanes of entries and rows that passes of a run with these options use. */
unsigned parallel_lanes(const struct attribute_options *o);

/* Goes through all records. Of several errors that of the first replica in order is returned. */
int parallel_run(const struct passes *ws, struct passes_found *found, struct fault *why);

#endif
