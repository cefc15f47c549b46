/* rules.h: the rules that split a mixed step between two phases. Private to attribute/. */
#ifndef ATTRIBUTE_RULES_H
#define ATTRIBUTE_RULES_H

#include "attribute/attribute.h"
#include "core/model/step_model.h"

/* The model's time of a batch: whole, its chunks alone, its decoders alone. */
struct split_times {
	double whole, prefill, decode;
};

void split_times(const struct step_model *m, const struct batch *b, struct split_times *t);
/* The same, where the whole is known. */
void split_times_of(const struct step_model *m, const struct batch *b, double whole_ns, struct split_times *t);

/* Prefill's part of a mixed step under a rule, 0 to 1. */
double split_prefill_share(enum rule rule, const struct split_times *t);

/* A share of a total in whole units, halves rounded up, clamped to 0 and the total. */
int64_t split_part(int64_t total, double share);

#endif
