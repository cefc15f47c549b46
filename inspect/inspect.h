/*
 * inspect.h: information about figures that are in a book already.
 *
 * In: a book, read only; for reconcile, an invoice or a bill for tokens. Out: text on the terminal's `out`, and
 * whether there are findings. verify.c (with verify_fits.c) recomputes entries and fits from their records; explain.c
 * (with explain_fit.c) traces a figure back to the lines of logs; reconcile.c compares with what was charged, read by
 * invoices/, one file per form.
 *
 * Each opens the book of the settings, and returns EXIT_TIED_OUT, EXIT_FINDINGS, or a negative error.
 */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include "book/settings.h"

struct verify_settings {
	bool all;  /* attribute all days again, not a sample */
	bool head; /* only print the head of the chain of runs: "RUN SEAL" */
};
int verify_book(const struct book_settings *set, const struct terminal *t, const struct verify_settings *asked, struct fault *why);

struct explain_settings {
	const char *id; /* of a request; or keys of a figure: "model=m,kind=output,hour=2026-11-25T13" */
	int64_t lines;  /* number of records to print; 0: the default */
};
int explain_in_book(const struct book_settings *set, const struct terminal *t, const struct explain_settings *asked,
                    struct fault *why);

struct reconcile_settings {
	const char *invoice;     /* path of the invoice; or NULL: a bill for tokens */
	const char *tokens;      /* path of a bill for tokens; or NULL: an invoice */
	const char *pool_column; /* the column of the invoice that names the pool; NULL: by the known names */
	const char *columns;     /* path of a map from fields to columns of the invoice; NULL: by the known names */
	const char *format;      /* table, csv, json, html or markdown; NULL: table */
	bool lines;              /* each line, not only pools */
	int cost;                /* enum invoice_cost: which of an invoice's costs is compared */
	int64_t tolerance_nano;  /* a class of differences up to this is fine */
	int64_t cutoff_hours;    /* hours this close to the period may explain additional hours on the invoice */
};
int reconcile_book(const struct book_settings *set, const struct terminal *t, const struct reconcile_settings *asked,
                   struct fault *why);

#endif
