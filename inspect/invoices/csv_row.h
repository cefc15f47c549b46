/* csv_row.h: the fields of a row of CSV. */
#ifndef INSPECT_CSV_ROW_H
#define INSPECT_CSV_ROW_H

#include "core/text.h"

/* The next row, without its end; false if there is none. */
bool csv_row_next(struct text *bytes, struct text *row);
/* Its fields, at most this many; quotes are removed in place, so the bytes must be owned by the caller. */
size_t csv_row_split(struct text row, struct text *fields, size_t most);

/* The same with another separator than a comma. */
size_t csv_row_split_by(struct text row, char delimiter, struct text *fields, size_t most);
/* The next row, if quoted fields may contain line feeds; *line advances by its lines. */
bool csv_row_next_quoted(struct text *bytes, struct text *row, int *line);

#endif
