/* csv.h: rows of CSV (RFC 4180) with a header; private to formats/. A row is a line. */
#ifndef INGEST_FORMATS_CSV_H
#define INGEST_FORMATS_CSV_H

#include "core/text.h"

#define CSV_COLUMNS_MAX 128

/*
 * Cuts a row into its fields, without surrounding blanks and quotes (a doubled quote within remains doubled). Returns
 * their number, at most CSV_COLUMNS_MAX; 0 if a quote is not closed or there are more.
 */
size_t csv_split(struct text row, struct text fields[CSV_COLUMNS_MAX]);
/* The same, with another separator than a comma. */
size_t csv_split_by(struct text row, char delimiter, struct text fields[CSV_COLUMNS_MAX]);
/* The same of a row that may go on in the next line: *open, the last field is the beginning of a quoted one. */
size_t csv_split_open(struct text row, char delimiter, struct text fields[CSV_COLUMNS_MAX], bool *open);
/* The separator of a header's fields: a comma, a semicolon or a tab. */
char csv_delimiter(struct text header);

/* Writes the field with single quotes for doubled ones to `buffer`; truncated if too small. */
struct text csv_unquote(struct text field, char *buffer, size_t size);

#endif
