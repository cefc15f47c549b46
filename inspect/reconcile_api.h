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

/* NULL is the table; API_FORMS: unknown format. */
enum api_form api_form_of(const char *format);

/* Rows for CSV and Markdown; a cell "" is not known. The first column is a name, the last row the sum. */
struct api_rows {
	enum api_form form;
	FILE *out;
	const char *const *headers;
	size_t count;
};
void api_rows_begin(const struct api_rows *r);
void api_rows_add(const struct api_rows *r, struct text name, const char *const *figures);
void api_rows_end(const struct api_rows *r, const char *const *sums);

/* The last line of a table: what the comparison comes to. `known`: the difference at list price is. */
void api_print_answer(bool known, bool ties, int64_t billed_nano, int64_t list_nano, FILE *out);

/* ---- reconcile_api_page.c: the same as a page ---- */

/* A model; a figure is a count, or money where the column is. */
struct api_model {
	struct text name;
	int64_t billed_nano, list_nano; /* of its list price, in the logs */
	bool billed, listed;            /* is it on the bill; is it in the logs? */
	bool known;                     /* and is the difference? */
	bool ties;
	const int64_t *figures; /* in the order of the columns */
	unsigned unknown;       /* a bit for each of them */
};

struct api_page {
	const char *path, *what, *currency;
	int64_t from_ns, to_ns;
	const char *const *headers; /* of the figures */
	size_t columns, first_money; /* from here on they are money */
	const struct api_model *models;
	size_t count;
	struct api_model total;
	bool ties;
	int64_t tolerance_nano; /* -1: none */
};
void api_put_page(const struct api_page *p, FILE *out);

#endif
