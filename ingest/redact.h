/*
 * redact.h: a refused line without what people wrote in it, for the quarantine. Private to ingest/.
 *
 * A line is kept for who is to mend it: its shape, its keys, its numbers and instants, and short names
 * of things (ids, models, replicas). Whatever else stands in quotes, and what stands outside of them
 * where there are quotes (the tail of a line that was cut within a text), is replaced by its length:
 * "<12 bytes>". A line without a quote is a log's own words, and kept if it is not long.
 */
#ifndef INGEST_REDACT_H
#define INGEST_REDACT_H

#include <stdbool.h>
#include <stdio.h>

#include "core/text.h"

struct redact_options {
	bool names; /* hide those of tenants and users, too */
	bool prose; /* words outside quotes are hidden even in lines without quotes */
};

/* Writes the line without a newline. */
void redact_line(struct text line, const struct redact_options *o, FILE *out);

#endif
