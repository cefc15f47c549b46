/* gateways.h: to which replicas the requests in gateways' logs belong. */
#ifndef CORE_GATEWAYS_H
#define CORE_GATEWAYS_H

#include <stdbool.h>

#include "core/names.h"

/* The engines that logs are from. */
struct engines {
	bool any, many; /* replicas */
	bool requests;  /* do their logs report any? */
	name_id replica; /* the first of them */
};

enum gateways_are {
	GATEWAYS_NONE,
	GATEWAYS_REPLICAS, /* themselves, as no engine's log is there */
	GATEWAYS_OF_ONE,   /* the log of the one replica, which reports no requests */
	GATEWAYS_APART,    /* to be joined to the requests of engines */
};

struct gateways {
	enum gateways_are are;
	name_id replica; /* of GATEWAYS_OF_ONE; else 0 */
};

/* Another replica of an engine's log, or the same again. */
void engines_add(struct engines *e, name_id replica, bool requests);
/* The role of gateways given these engines; `told`: do gateways report any request? */
struct gateways gateways_role(const struct engines *e, bool told);

#endif
