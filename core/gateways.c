#include "core/gateways.h"

void engines_add(struct engines *e, name_id replica, bool requests) {
	e->many |= e->any && e->replica != replica;
	e->replica = e->any ? e->replica : replica;
	e->any = true;
	e->requests |= requests;
}

struct gateways gateways_role(const struct engines *e, bool reported) {
	if (!reported) {
		return (struct gateways){GATEWAYS_NONE, 0};
	}
	if (!e->any) {
		return (struct gateways){GATEWAYS_REPLICAS, 0};
	}
	return e->requests || e->many ? (struct gateways){GATEWAYS_APART, 0} : (struct gateways){GATEWAYS_OF_ONE, e->replica};
}
