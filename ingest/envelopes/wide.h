/* wide.h: samples of metrics in a table, a series a column; private to envelopes/. */
#ifndef INGEST_WIDE_H
#define INGEST_WIDE_H

#include "ingest/envelopes/peeling.h"

#define WIDE_COLUMNS_MAX 256

struct wide {
	size_t columns; /* 0: the log is none */
	size_t time, series, value; /* series, value: SIZE_MAX where each other column is a series */
	char *header;   /* the names, quotes resolved */
	struct text names[WIDE_COLUMNS_MAX];
	struct text cells[WIDE_COLUMNS_MAX]; /* of the row being read */
	size_t next;    /* the column whose sample is next; `columns`: none */
	int64_t at_ns;
};

void wide_release(struct wide *w);

/* Is the first line of a log the header of such a table? */
bool wide_begin(struct wide *w, struct text header);

/* Takes a row apart; false if it is none. */
bool wide_row(struct wide *w, struct text row);

/* The next sample of the row as a line of the text form; false behind the last. */
bool wide_next(struct envelope *e, struct wide *w, struct peeling *p);

#endif
