/*
 * join.h: joins requests that are in two logs. Private to attribute/.
 *
 * A gateway knows the tenant, an engine knows when a request ran. A gateway's record is joined to the engine's with
 * the same id, ignoring prefixes and suffixes that servers add (chatcmpl-, cmpl-, -0 ...); else to the one request
 * with the same token counts and a similar model name that ran within the gateway's instants, if it is the only one
 * and no other record of a gateway matches it. Instants and tokens are the engine's, the tenant is the gateway's.
 */
#ifndef ATTRIBUTE_JOIN_H
#define ATTRIBUTE_JOIN_H

#include "attribute/evidence/evidence.h"
#include "core/quality.h"

struct place {
	uint32_t file;
	int64_t line; /* 0: none */
};

struct join_report {
	int64_t by_id, by_tokens;       /* records of gateways that were joined */
	int64_t gateway_only, engine_only; /* not joined; engines' requests without a tenant */
	int64_t gateway_only_tokens;    /* prompt and completion tokens of the former */
	int64_t duplicates;             /* records of gateways that are duplicates, with equal or different fields */
	int64_t differing;              /* joined by id, and their token counts are not the same */
	struct place first_gateway_only, first_engine_only, first_differing;
};

/*
 * Joins the gateways' requests that evidence_seal stored separately to the engines' requests; reports on those that
 * begin within a period, half-open. Bounded memory for any number of requests. JOIN_BY_ID: those that are not joined
 * by their ids are left (left.h), and not reported on. JOIN_BY_TOKENS: ids are not compared.
 */
int join_requests(struct evidence *e, struct names *names, int64_t from_ns, int64_t to_ns, enum join_stage stage,
                  struct join_report *report, struct fault *why);

/* Adds the result to the warnings (quality_report_joins). */
void join_report_counts(const struct join_report *report, struct quality *quality);

/* The part of an id that both sides share: within `id`. */
struct text join_id(struct text id);

#endif
