/* accounts_spread.h: the uncertainty of a segment's postings. Private to attribute/split/. */
#ifndef ATTRIBUTE_ACCOUNTS_SPREAD_H
#define ATTRIBUTE_ACCOUNTS_SPREAD_H

#include "attribute/split/accounts.h"

/*
 * Adds one standard deviation to each posting of the segment: its part of the uncertainty of the split between
 * phases, and of sharing a phase between tenants; the latter cancels over all tenants.
 */
void accounts_spread_over(struct accounts *a);

/* One standard deviation of a request's time of a phase. */
double accounts_request_sd(const struct accounts *a, const struct active *r, bool output);

/* Of the time of a request's output, a step's part, if it is not known which steps are its own; else 0. */
double accounts_step_ns(const struct accounts *a, const struct active *r, int64_t ns);

/* accounts.c: the key of postings that belong to no request. */
struct entry accounts_key_of_no_tenant(const struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant);

#endif
