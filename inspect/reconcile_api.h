/*
 * reconcile_api.h: shared by the two comparisons with API vendors: names, and rows in each form. Private to
 * reconcile_*.c.
 */
#ifndef INSPECT_RECONCILE_API_H
#define INSPECT_RECONCILE_API_H

#include "inspect/reconcile.h"

/*
 * The same name, or one of them followed by a date or version: "gpt-4o" and "gpt-4o-2024-08-06", but not
 * "gpt-4o-mini".
 */
bool api_same_model(struct text a, struct text b);

enum api_form { API_TABLE, API_JSON, API_CSV, API_MARKDOWN, API_HTML, API_FORMS };
/* NULL is the table; API_FORMS: there is no such form. */
enum api_form api_form_of(const char *format);
int api_no_form(const char *format, struct fault *why);

/* Rows for CSV, Markdown and pages; a cell "" is not known. The first column is a name, the last row the sum. */
struct api_rows {
	enum api_form form;
	FILE *out;
	const char *const *headers;
	size_t count;
};
void api_rows_begin(const struct api_rows *r, const char *title, const char *what);
void api_rows_add(const struct api_rows *r, struct text name, const char *const *figures);
void api_rows_end(const struct api_rows *r, const char *const *sums, const char *verdict);

/* The text in quotes. */
void api_put_text(FILE *out, struct text t);

#endif
