/* table.h: log lines in a table with a header; private to envelopes/. */
#ifndef INGEST_TABLE_H
#define INGEST_TABLE_H

#include "ingest/envelopes/peeling.h"

#define TABLE_COLUMNS_MAX 64

struct table {
	size_t columns;  /* 0: the log is not a table */
	size_t line, stamp;
	bool in_utc;     /* instants without a zone are UTC */
	char header[2048];
	size_t header_len;
	struct text names[TABLE_COLUMNS_MAX]; /* in the header */
};

/* Is the first line of a log the header of such a table? */
bool table_begin(struct table *table, struct text header);
/* Extracts the line of a row. */
bool table_row(struct envelope *e, const struct table *table, struct peeling *p);

/*
 * The cells of a row as written, with quotes; returns their number, or 0 if it is not a row or there are more than
 * `max`.
 */
size_t table_split(struct text t, struct text *cells, size_t max);
/* A cell without its quotes; doubled quotes within it become single. `to` has room for all of it. */
struct text table_plain(char *to, struct text cell);

#endif
