/*
 * repeats.h: requests that two logs report with different fields, private to attribute/.
 *
 * The same replica, id and finish are one request, reported twice: by an export and by a trace, for example, one of
 * them without the tenant. The record that begins first counts (of those that begin together, the first in the order
 * of their content). Records are compared if their first known instants are at most REPEATS_WINDOW_NS apart.
 */
#ifndef ATTRIBUTE_REPEATS_H
#define ATTRIBUTE_REPEATS_H

#include "attribute/evidence/evidence.h"

#define REPEATS_WINDOW_NS (INT64_C(3600) * 1000000000)

struct repeats;
struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);

/* Was it reported before? Requests come by replica, then by instant. Always false without an id or a finish. */
bool repeats_seen(struct repeats *r, const struct request_item *item);

#endif
