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

/* accounts.c: the key of postings that belong to no request. */
struct entry accounts_key_of_no_tenant(const struct accounts *a, enum entry_kind kind, enum grade grade, name_id tenant);

#endif
