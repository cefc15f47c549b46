/* reconcile.h: an invoice compared with the book, line by line and pool by pool. Private to reconcile*.c. */
#ifndef INSPECT_RECONCILE_H
#define INSPECT_RECONCILE_H

#include "book/book.h"
#include "inspect/inspect.h"
#include "inspect/invoices/invoice.h"

/* Why an invoice and the book differ; the causes of one line sum to its difference exactly. */
enum cause { CAUSE_CUTOFF, CAUSE_NOT_IN_LOGS, CAUSE_NOT_INVOICED, CAUSE_NO_POOL, CAUSE_RATE, CAUSE_CURRENCY, CAUSE_ROUNDING, CAUSES };
extern const char *const difference_words[CAUSES];

/* An invoice's usage of one pool and time, or all of a pool, and the book's figures for it. */
struct tied {
	const char *pool; /* "": all pools */
	const char *currency;
	int64_t from_ns, to_ns;
	int64_t gpu_ns; /* billed, or HOURS_UNKNOWN */
	int64_t amount_nano, cost_nano;
	int64_t book_gpu_ns, unobserved_ns;
	int64_t causes[CAUSES];
	int line;
};

struct tied_list {
	struct tied *at;
	size_t count;
};

#define NOTES_MAX 8

struct reconciliation {
	const struct invoice *in;
	const char *path, *currency; /* of the book */
	struct tied_list lines, pools, rest; /* rest: not on any line of the invoice, by pool */
	int64_t charges_nano[CHARGE_CLASSES], billed_nano[CHARGE_CLASSES];
	size_t charge_lines[CHARGE_CLASSES];
	struct tied total; /* of lines and rest */
	int64_t tolerance_nano;
	const char *foreign; /* a currency of the invoice that is not the book's; NULL: none */
	bool within;         /* each cause of each pool is, and there is no other currency */
	char *notes[NOTES_MAX]; /* assumptions */
	size_t note_count;
};

/* reconcile.c: the currency of the last run with one; empty if there is none. */
int reconcile_currency(struct book *b, char *currency, size_t size, struct fault *why);

/* reconcile_gpus.c: ties the usage of the invoice to the book; consumes `in`. */
int reconcile_gpus(struct book *b, struct invoice *in, const struct reconcile_settings *s, struct reconciliation *out,
                   struct fault *why);
void reconciliation_release(struct reconciliation *r);

/* reconcile_print.c: in a form of --format. */
enum api_form { API_TABLE, API_JSON, API_CSV, API_MARKDOWN, API_HTML, API_FORMS };
void reconciliation_print(const struct reconciliation *r, enum api_form form, bool lines, FILE *out);

/* reconcile_page.c: as a page; and what to do about the largest cause of a difference, false if there is none. */
void reconciliation_page(const struct reconciliation *r, bool lines, FILE *out);
bool reconcile_advice(const struct tied *l, char *out, size_t size);

/* reconcile_tokens.c, reconcile_costs.c: a bill for tokens, and what an API vendor charged for them. EXIT_TIED_OUT, EXIT_FINDINGS, or negative. */
int reconcile_tokens(struct book *b, const struct terminal *terminal, const char *path, const struct reconcile_settings *s, FILE *out,
                     struct fault *why);
int reconcile_costs(struct book *b, const struct invoice *in, const struct reconcile_settings *s, FILE *out, struct fault *why);

#endif
