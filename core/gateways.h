/* gateways.h: to which replicas the requests in gateways' logs belong. */
#ifndef CORE_GATEWAYS_H
#define CORE_GATEWAYS_H

#include <stdbool.h>

#include "core/names.h"

/* The engines that logs are from. */
struct engines {
	bool any, many; /* replicas */
	bool requests;  /* do their logs report any request? */
	name_id replica; /* the first of them */
};

enum gateways_are {
	GATEWAYS_NONE,
	GATEWAYS_REPLICAS, /* themselves, as there is no engine's log */
	GATEWAYS_OF_ONE,   /* to the only replica, as its log reports no requests */
	GATEWAYS_APART,    /* to be joined to requests of engines */
};

struct gateways {
	enum gateways_are are;
	name_id replica; /* of GATEWAYS_OF_ONE; else 0 */
};

/* Adds a replica of an engine's log, or the same again. */
void engines_add(struct engines *e, name_id replica, bool requests);
/* The role of gateways given these engines; `reported`: gateways report at least one request */
struct gateways gateways_role(const struct engines *e, bool reported);

#endif
