/* wide.h: samples of metrics in a table, one series per column; private to envelopes/. */
#ifndef INGEST_WIDE_H
#define INGEST_WIDE_H

#include "ingest/envelopes/peeling.h"

#define WIDE_COLUMNS_MAX 256

struct wide {
	size_t columns; /* 0: the log is not such a table */
	size_t time, series, value; /* series, value: SIZE_MAX if each other column is a series */
	char *header;   /* the names, quotes resolved */
	struct text names[WIDE_COLUMNS_MAX];
	struct text cells[WIDE_COLUMNS_MAX]; /* of the row being read */
	size_t next;    /* the column of the next sample; `columns`: none */
	int64_t at_ns;
};

void wide_release(struct wide *w);

/* Is the first line of a log the header of such a table? */
bool wide_begin(struct wide *w, struct text header);

/* Parses a row; false if it is not one. */
bool wide_row(struct wide *w, struct text row);

/* The next sample of the row as a line of the text form; false after the last. */
bool wide_next(struct envelope *e, struct wide *w, struct peeling *p);

#endif
