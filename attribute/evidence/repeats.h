/*
 * repeats.h: requests that two logs tell in different words, private to attribute/.
 *
 * The same replica, id and finish are one request, told twice: by an export and by a trace, say, of which one does not
 * know the tenant. The telling that begins first counts (of those that begin together, the first in the order of what
 * they say). Tellings are compared if what they first know of the request lies at most REPEATS_WINDOW_NS apart.
 */
#ifndef ATTRIBUTE_REPEATS_H
#define ATTRIBUTE_REPEATS_H

#include "attribute/evidence/evidence.h"

#define REPEATS_WINDOW_NS (INT64_C(3600) * 1000000000)

struct repeats;
struct repeats *repeats_new(void);
void repeats_free(struct repeats *r);

/* Was it told before? Requests come by replica, then by instant. Those without an id or a finish never were. */
bool repeats_seen(struct repeats *r, const struct request_item *item);

#endif
