/* adopted.h: findings about requests of gateways that the only replica adopts. Private to attribute/. */
#ifndef ATTRIBUTE_ADOPTED_H
#define ATTRIBUTE_ADOPTED_H

#include "attribute/evidence/evidence.h"
#include "core/quality.h"

/* Call after evidence_seal. */
void adopted_check(const struct evidence *e, const struct names *names, struct quality *quality);

#endif
