/*
 * sheet.h: a table of an export as rows and columns of text, from any form: CSV with commas, semicolons or tabs; a
 * JSON list; JSON lines; or JSON pages of buckets with results. Members of objects are columns such as "project.id",
 * and so are tags that are lists of keys and values ("labels.pool").
 */
#ifndef INSPECT_SHEET_H
#define INSPECT_SHEET_H

#include "core/error.h"
#include "core/text.h"

#define SHEET_COLUMNS_MAX 1024

struct sheet {
	struct text *names; /* as written */
	char **plain;       /* letters and digits only, in lower case: used to find columns */
	size_t column_count;
	struct text *cells; /* column_count of each row */
	int *lines;         /* the line of each row in the file */
	size_t row_count;
	char delimiter;     /* of CSV; 0: JSON */
	/* memory of the texts */
	char *bytes;
	char **kept;
	size_t kept_count, room;
};

/* Plain or gzip. ERROR_CONFIG with "file:line: what". */
int sheet_read(struct sheet *out, const char *path, struct fault *why);
/* Does a row sum up those above it ("Total", "Summe")? */
bool sheet_is_sum(const struct sheet *s, size_t row);
void sheet_release(struct sheet *s);

static inline struct text sheet_cell(const struct sheet *s, size_t row, int column) {
	return column >= 0 ? s->cells[row * s->column_count + (size_t)column] : T("");
}
/* The column with this plain name; -1: there is none. */
int sheet_column(const struct sheet *s, struct text plain);
/*
 * The column with this name: as written except for signs and case ("resourceTags/user:pool",
 * "resource_tags_user_pool"), or a member of the JSON in a column ("Tags.pool"), which then becomes a column. -1:
 * there is none.
 */
int sheet_find(struct sheet *s, struct text name);
/* Letters and digits in lower case, into `out`; its length. Truncated if it does not fit. */
size_t sheet_plain(struct text name, char *out, size_t size);

#endif
