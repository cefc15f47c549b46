/*
 * libpq.h: PostgreSQL's client library, loaded when a server is named: it needs thirty more libraries, which took
 * most of the start-up time of commands without a server. Private to postgres.c.
 */
#ifndef LEDGER_LIBPQ_H
#define LEDGER_LIBPQ_H

#include <libpq-fe.h>

#include "core/error.h"

/* The functions that are used. */
#define LIBPQ_FUNCTIONS(f) \
	f(PQclear) f(PQconnectdb) f(PQconninfoFree) f(PQconninfoParse) f(PQerrorMessage) \
	f(PQexec) f(PQfinish) f(PQfreemem) f(PQftype) f(PQgetResult) \
	f(PQgetisnull) f(PQgetlength) f(PQgetvalue) f(PQntuples) f(PQprepare) \
	f(PQputCopyData) f(PQputCopyEnd) f(PQresultErrorField) f(PQresultErrorMessage) f(PQresultStatus) \
	f(PQsendQueryPrepared) f(PQsetNoticeReceiver) f(PQsetSingleRowMode) f(PQstatus)

struct libpq {
#define LIBPQ_MEMBER(name) __typeof__(name) *name;
	LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
#undef LIBPQ_MEMBER
};

/* Loads it; it stays until the process ends. ERROR_CONFIG: it is not installed. */
int libpq_load(struct libpq *pq, struct fault *why);

#endif
