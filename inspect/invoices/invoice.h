/* invoice.h: what a provider charged, by period and pool: FOCUS CSV or JSON, or the simple native CSV. */
#ifndef CLI_INVOICE_H
#define CLI_INVOICE_H

#include "core/error.h"
#include "core/text.h"

struct invoice_line {
	int64_t from_ns, to_ns;
	char *pool, *currency; /* "" where it does not say */
	int64_t gpu_ns;        /* billed; -1: the line does not say hours */
	int64_t amount_nano;
	int line;
};

struct invoice {
	struct invoice_line *at;
	size_t count;
};

/*
 * Native CSV: a header with period (2026-10, 2026-10-07, or FROM/TO), pool, gpu_hours, amount and,
 * if need be, currency. FOCUS: ChargePeriodStart, ChargePeriodEnd, BilledCost, BillingCurrency,
 * ConsumedQuantity or PricingQuantity in hours; `pool_column` (NULL: ResourceName, then SkuId …)
 * names the pool. Errors are "file:line: what, expected what".
 */
int invoice_read(struct invoice *out, const char *path, const char *pool_column, struct fault *why);
void invoice_release(struct invoice *i);

#endif
