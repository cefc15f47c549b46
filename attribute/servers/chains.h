/*
 * chains.h: steps of several servers under one name, separated by their numbers. A step joins the chain that expects
 * its number, or nearly, and that has no step in progress. Private to attribute/.
 */
#ifndef ATTRIBUTE_CHAINS_H
#define ATTRIBUTE_CHAINS_H

#include "attribute/evidence/evidence.h"

#define CHAINS_MOST 8
/* A step may begin this long before the last one ends, because of clocks and rounding. */
#define CHAINS_OVERLAP_NS (2 * (NS_PER_SECOND / 1000))

struct chains {
	struct {
		int64_t first_index, index, first_ns, end_ns, steps;
	} at[CHAINS_MOST];
	size_t count;
	int64_t steps, overlaps, back; /* begin before the last one has ended; have a lower number than the last one */
	int64_t last_index, last_end_ns;
	bool unsure; /* a step fits several chains, or there are too many chains */
};

void chains_init(struct chains *c);
/* Adds steps in the order of time. Returns the chain of the step, from 0. */
size_t chains_add_step(struct chains *c, const struct step_item *s);
/* The rank of a chain by its first number, which does not depend on which part of a log is read. */
size_t chains_place(const struct chains *c, size_t chain);
/* Do several servers log here, and is the server of each step certain? */
bool chains_are_several(const struct chains *c);

#endif
