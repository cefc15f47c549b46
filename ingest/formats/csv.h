/* csv.h: rows of CSV (RFC 4180) with a header; private to formats/. A row is a line. */
#ifndef INGEST_FORMATS_CSV_H
#define INGEST_FORMATS_CSV_H

#include "core/text.h"

#define CSV_COLUMNS_MAX 128

/*
 * Cuts a row into its fields, blanks and quotes around them taken off (a doubled quote
 * within stays doubled). Returns how many there are, at most CSV_COLUMNS_MAX; 0 if a quote
 * is not closed or there are more.
 */
size_t csv_split(struct text row, struct text fields[CSV_COLUMNS_MAX]);
/* The same, with another character than a comma between fields. */
size_t csv_split_by(struct text row, char delimiter, struct text fields[CSV_COLUMNS_MAX]);
/* What is between the fields of a header: a comma, a semicolon or a tab. */
char csv_delimiter(struct text header);

/* Undoes doubled quotes into `buffer`; cut if too small. */
struct text csv_unquote(struct text field, char *buffer, size_t size);

#endif
