/* csv_row.h: the fields of a row of CSV. */
#ifndef INSPECT_CSV_ROW_H
#define INSPECT_CSV_ROW_H

#include "core/text.h"

/* The next row, without its end; false where there is none. */
bool csv_row_next(struct text *bytes, struct text *row);
/* Its fields, at most so many; quotes are taken off in place, so that the bytes must be the caller's own. */
size_t csv_row_split(struct text row, struct text *fields, size_t most);

/* The same with another character than a comma between fields. */
size_t csv_row_split_by(struct text row, char delimiter, struct text *fields, size_t most);
/* The next row, where fields in quotes may hold line feeds; *line moves on by the lines it takes. */
bool csv_row_next_quoted(struct text *bytes, struct text *row, int *line);

#endif
