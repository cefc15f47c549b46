/*
 * bought.h: requests that ran on no server of these logs but were bought from a vendor. Private to attribute/.
 *
 * Gateways, clients and agents log them. Those that join no server, and for which options.is_vendors is true, are kept
 * here, each once.
 */
#ifndef ATTRIBUTE_BOUGHT_H
#define ATTRIBUTE_BOUGHT_H

#include "attribute/evidence/evidence_private.h"

/* Orders records by the id that their server made, then by time. A spool_compare. */
int growing_compare(const void *context, const void *a, size_t a_len, const void *b, size_t b_len);
/* Of several records of one id within an hour the most complete one goes on to the gateways' store. Seals. */
int growing_settle(struct evidence *e, struct fault *why);

/* Did a vendor answer it? False where such requests are not wanted. */
bool bought_is_vendors(const struct evidence *e, const struct request_item *q);
/* Keeps a request. */
int bought_keep(struct evidence *e, const struct item *item, size_t len, struct fault *why);
/* From those that join found no server for (in the order of tenant patches): keeps the vendors' own. */
int bought_collect(struct evidence *e, struct spool *unjoined, struct fault *why);

#endif
