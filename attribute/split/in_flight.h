/* in_flight.h: the times in which a replica had a request in flight, as far as its requests are read. */
#ifndef ATTRIBUTE_IN_FLIGHT_H
#define ATTRIBUTE_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attribute/evidence/evidence.h"

/* Disjoint spans, ascending; zero to begin with. */
struct in_flight {
	struct span {
		int64_t from_ns, to_ns;
	} * at;
	size_t first, count, room; /* those from `first` on are in the future */
};

/* Adds a request, from its arrival to the last instant known of it; requests come by arrival. */
void in_flight_add(struct in_flight *f, const struct request_item *r);

/* Is a request in flight at an instant, and until when is that unchanged? Instants ascend. */
bool in_flight_until(struct in_flight *f, int64_t at_ns, int64_t *until_ns);

/* Is a request known that is in flight at a later instant? */
bool in_flight_at(const struct in_flight *f, int64_t at_ns);

void in_flight_free(struct in_flight *f);

#endif
