/* reconcile.c: ties the book to an invoice, or a bill for tokens to the tokens in logs. */
#include "inspect/reconcile_api.h"

#include <stdlib.h>

#include "core/files/files.h"
#include "inspect/invoices/families.h"

int reconcile_currency(struct book *b, char *currency, size_t size, struct fault *why) {
	struct ledger_run last;
	int rc = ledger_run_last(b->ledger, &last, why);

	currency[0] = '\0';
	while (rc > 0) {
		snprintf(currency, size, "%s", last.currency);
		if (currency[0] || last.id <= 1) {
			return 0;
		}
		rc = ledger_run_get(b->ledger, last.id - 1, &last, why);
	}
	return rc;
}

/* Differences of two pools do not cancel each other. */
static bool is_within(const struct reconciliation *r, const struct tied *l) {
	bool within = true;

	for (int c = 0; c < CAUSES; c++) {
		within = within && l->causes[c] <= r->tolerance_nano && l->causes[c] >= -r->tolerance_nano;
	}
	return within;
}

/* Amounts in two currencies may have the same figure, but are not equal. */
static const char *foreign_of(const struct reconciliation *r) {
	for (size_t i = 0; i < r->lines.count; i++) {
		const char *currency = r->lines.at[i].currency;
		if (currency[0] && r->currency[0] && !text_eq_nocase(text_of(currency), text_of(r->currency))) {
			return currency;
		}
	}
	return NULL;
}

static void judge(struct reconciliation *r) {
	r->foreign = foreign_of(r);
	r->within = is_within(r, &r->total) && !r->foreign;
	for (size_t i = 0; i < r->pools.count; i++) {
		r->within = r->within && is_within(r, &r->pools.at[i]);
	}
}

static int tie(struct book *b, struct invoice *in, const struct reconcile_settings *s, FILE *out, struct fault *why) {
	struct reconciliation r = {.path = s->invoice};
	char currency[32];

	if (in->family->of_tokens) {
		return reconcile_costs(b, in, s, out, why);
	}
	int rc = reconcile_currency(b, currency, sizeof currency, why);
	r.currency = currency;
	rc = rc < 0 ? rc : reconcile_gpus(b, in, s, &r, why);
	judge(&r);
	if (rc == 0) {
		reconciliation_print(&r, api_form_of(s->format), s->lines, out);
	}
	rc = rc < 0 ? rc : r.within ? EXIT_TIED_OUT : EXIT_FINDINGS;
	reconciliation_release(&r);
	return rc;
}

static int work(struct book *b, const struct terminal *t, const struct reconcile_settings *s, FILE *out, struct fault *why) {
	const struct invoice_options o = {.pool_column = s->pool_column, .columns = s->columns, .cost = (enum invoice_cost)s->cost};
	struct fault other = {0};
	struct invoice in;

	if (s->tokens) {
		return reconcile_tokens(b, t, s->tokens, s, out, why);
	}
	int rc = invoice_read(&in, s->invoice, &o, why);
	if (rc < 0) {
		/* Without amounts it may be a report of tokens. */
		int status = rc == ERROR_CONFIG && !in.family && !s->columns ? reconcile_tokens(b, t, s->invoice, s, out, &other) : rc;
		return status < 0 ? rc : status;
	}
	rc = tie(b, &in, s, out, why);
	invoice_release(&in);
	return rc;
}

/* Writes to the file of -o, which appears when it is complete, or to the terminal. */
static int work_to(struct book *b, const struct terminal *t, const struct reconcile_settings *s, const char *path, struct fault *why) {
	struct outfile *file;

	if (!path) {
		return work(b, t, s, t->out ? t->out : stdout, why);
	}
	int rc = outfile_open(&file, path, why);
	if (rc < 0) {
		return rc;
	}
	int status = work(b, t, s, outfile_stream(file), why);
	rc = outfile_end(file, status, why);
	return rc < 0 ? rc : status;
}

int reconcile_book(const struct book_settings *set, const struct terminal *t, const struct reconcile_settings *asked,
                   struct fault *why) {
	struct book b;
	if (api_form_of(asked->format) == API_FORMS) {
		return fault_set(why, ERROR_CONFIG, "--format %s: unknown format, expected table, csv, json, html or markdown", asked->format);
	}
	int status = book_open(&b, set, t, LEDGER_READ, false, why);
	if (status != 0) {
		return status;
	}
	status = work_to(&b, t, asked, set->output, why);
	book_close(&b);
	return status;
}
