/* adopted.h: findings about requests of gateways that the only replica adopts, and about long pauses. Private to attribute/. */
#ifndef ATTRIBUTE_ADOPTED_H
#define ATTRIBUTE_ADOPTED_H

#include "attribute/evidence/replicas.h"
#include "attribute/fleet/fleet.h"
#include "core/quality.h"

/* Call after evidence_seal. */
void adopted_check(const struct evidence *e, const struct names *names, struct quality *quality);

/* Requests that the only replica adopts have more tokens than its steps made. Call after the replicas are sealed. */
void adopted_beyond(const struct replicas *replicas, struct names *names, struct quality *quality);

/* Servers without a record for a long time, which is paid for. NULL: nothing is checked, as these are days of a book. */
void pauses_check(const struct replicas *replicas, const struct fleet *fleet, struct names *names, struct quality *quality);

#endif
