/*
 * bought.h: requests that a vendor served, not a server of these logs. Private to attribute/.
 *
 * Gateways, clients and agents log them. Those that join no server, and for which options.is_vendors is true, are
 * stored here, each once.
 */
#ifndef ATTRIBUTE_BOUGHT_H
#define ATTRIBUTE_BOUGHT_H

#include "attribute/evidence/evidence_private.h"

/* Orders records by the id that their server made, then by time. A spool_compare. */
int growing_compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len);
/* Adds the most complete of several records of one id within an hour to the gateways' store. Seals. */
int growing_settle(struct evidence *e, struct fault *why);

/* Did a vendor answer it? False where such requests are not wanted. */
bool bought_is_vendors(const struct evidence *e, const struct request_item *q);
/* Stores a request. */
int bought_keep(struct evidence *e, const struct item *item, size_t len, struct fault *why);
/* From the requests without a server (in the order of tenant patches): stores those that a vendor served. */
int bought_collect(struct evidence *e, struct spool *unjoined, struct fault *why);

#endif
