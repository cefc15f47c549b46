/* reconcile_costs.c: what an API vendor charged, compared with the list price of the tokens in the book. */
#include <stdio.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/exact.h"
#include "core/json.h"
#include "inspect/invoices/families.h"
#include "inspect/reconcile_api.h"

struct model_cost {
	struct text model;
	int64_t billed_nano, list_nano;
	bool billed, listed;
	bool in_book; /* it has tokens there */
	bool counts;  /* it is in the sums */
};

/* The difference of two sums, each of which fits. */
static int64_t apart_of(int64_t billed_nano, int64_t list_nano) {
	int64_t apart;

	return !__builtin_sub_overflow(billed_nano, list_nano, &apart) ? apart : billed_nano < 0 ? -INT64_MAX : INT64_MAX;
}

struct model_costs {
	struct model_cost *at;
	size_t count;
};

/* "gpt-4o, input" belongs to gpt-4o. */
static struct text model_of(const char *item) {
	struct text t = text_of(item), model;

	return text_until(&t, T(", "), &model) ? model : text_of(item);
}

static struct model_cost *cost_of(struct model_costs *c, struct text model) {
	for (size_t i = 0; i < c->count; i++) {
		if (api_same_model(c->at[i].model, model)) {
			return &c->at[i];
		}
	}
	c->at = must_realloc(c->at, (c->count + 1) * sizeof *c->at);
	c->at[c->count] = (struct model_cost){.model = model};
	return &c->at[c->count++];
}

static bool add_billed(struct model_costs *c, const struct invoice *in, int64_t *from_ns, int64_t *to_ns, int64_t *sum) {
	bool fits = true;

	for (size_t i = 0; i < in->count; i++) {
		const struct invoice_line *l = &in->at[i];
		struct model_cost *m = cost_of(c, model_of(l->model));
		m->billed = m->counts = true;
		fits = exact_add(&m->billed_nano, l->amount_nano) && exact_add(sum, l->amount_nano) && fits;
		exact_widen(from_ns, to_ns, l->from_ns, l->to_ns);
	}
	return fits;
}

/* Does the bill name a model of the book? Else its sum is compared with the whole book. */
static bool names_models(const struct model_costs *c, const struct statement *s) {
	struct statement_revenue revenue;

	for (size_t i = 0; i < statement_revenues(s); i++) {
		statement_revenue_at(s, i, &revenue);
		for (size_t k = 0; k < c->count; k++) {
			if (api_same_model(c->at[k].model, revenue.model)) {
				return true;
			}
		}
	}
	return false;
}

/* Models of the book that the bill does not name run elsewhere. */
static bool add_listed(struct model_costs *c, const struct statement *s, int64_t *sum) {
	struct statement_revenue revenue;
	bool named = names_models(c, s), all = true, fits = true;

	for (size_t i = 0; i < statement_revenues(s); i++) {
		statement_revenue_at(s, i, &revenue);
		if (!revenue.has_tokens) {
			continue;
		}
		struct model_cost *m = cost_of(c, revenue.model);
		bool counts = m->billed || !named;
		m->counts |= counts;
		m->in_book = true;
		m->listed |= revenue.known;
		all = all && (revenue.known || !counts);
		fits = exact_add(&m->list_nano, revenue.nano) && exact_add(sum, counts ? revenue.nano : 0) && fits;
	}
	return all && fits;
}

static void print_money(FILE *out, const char *word, bool known, int64_t nano) {
	char money[DECIMAL_TEXT_MAX];
	fprintf(out, "  %s %16s", word, known ? decimal_format(nano, 9, money) : "-");
}

static void print_costs(FILE *out, const struct model_costs *c, int64_t billed, int64_t listed, const char *currency) {
	fprintf(out, "By model, in %s: what was billed, and the list price of the tokens in the book\n", currency);
	for (size_t i = 0; i < c->count; i++) {
		const struct model_cost *m = &c->at[i];
		printable_put(out, m->model.len > 0 ? m->model : T("(no model)"));
		fputc('\n', out);
		print_money(out, "billed", m->billed, m->billed_nano);
		print_money(out, "at list price", m->listed, m->list_nano);
		if (m->billed) {
			print_money(out, "differ", true, apart_of(m->billed_nano, m->list_nano));
		}
		fputs(m->billed ? "\n" : "  not on the bill\n", out);
	}
	fputs("In all\n", out);
	print_money(out, "billed", true, billed);
	print_money(out, "at list price", true, listed);
	print_money(out, "differ", true, apart_of(billed, listed));
	fputc('\n', out);
}

static const char *money_or(bool known, int64_t nano, const char *otherwise, char out[DECIMAL_TEXT_MAX]) {
	return known ? decimal_format(nano, 9, out) : otherwise;
}

static void put_member(FILE *out, const char *key, bool known, int64_t nano) {
	char money[DECIMAL_TEXT_MAX];

	if (known) {
		fprintf(out, ",\"%s\":\"%s\"", key, decimal_format(nano, 9, money));
	} else {
		fprintf(out, ",\"%s\":null", key);
	}
}

/* Totals of a bill and the book. */
struct cost_totals {
	int64_t billed_nano, list_nano;
	bool known, within; /* known: all tokens of the book have a list price */
	const char *currency, *foreign; /* of the bill, and NULL or one that is not the book's */
	int64_t from_ns, to_ns;
};

static void put_costs_json(FILE *out, const struct model_costs *c, const struct invoice *in, const struct reconcile_settings *s,
                           const struct cost_totals *t) {
	fputs("{\"schema\":\"tollbook.reconcile.v1\",\"invoice\":", out);
	json_put_text(out, text_of(s->invoice));
	fprintf(out, ",\"form\":\"%s\",\"currency\":", in->family->name);
	json_put_text(out, text_of(t->currency));
	fputs(",\"foreign_currency\":", out);
	if (t->foreign) {
		json_put_text(out, text_of(t->foreign));
	} else {
		fputs("null", out);
	}
	fputs(",\n \"models\":[", out);
	for (size_t i = 0; i < c->count; i++) {
		const struct model_cost *m = &c->at[i];
		fputs(i > 0 ? ",\n  {\"model\":" : "\n  {\"model\":", out);
		json_put_text(out, m->model);
		put_member(out, "billed", m->billed, m->billed_nano);
		put_member(out, "list", m->listed, m->list_nano);
		put_member(out, "differ", m->billed, apart_of(m->billed_nano, m->list_nano));
		fputc('}', out);
	}
	fputs("],\n \"total\":{\"all_priced\":", out);
	fputs(t->known ? "true" : "false", out);
	put_member(out, "billed", true, t->billed_nano);
	put_member(out, "list", true, t->list_nano);
	put_member(out, "differ", true, apart_of(t->billed_nano, t->list_nano));
	put_member(out, "tolerance", true, s->tolerance_nano);
	fprintf(out, "},\"within\":%s}\n", t->within ? "true" : "false");
}

static struct api_model api_of(const struct model_cost *m, int64_t tolerance_nano, int64_t figures[3]) {
	int64_t apart = apart_of(m->billed_nano, m->list_nano);
	bool known = m->counts && (m->listed || !m->in_book);

	figures[0] = m->billed_nano;
	figures[1] = m->list_nano;
	figures[2] = apart;
	return (struct api_model){.name = m->model, .billed_nano = m->billed_nano, .list_nano = m->list_nano, .billed = m->billed, .listed = m->in_book, .known = known,
	                          .ties = !m->counts || (known && apart <= tolerance_nano && apart >= -tolerance_nano), .figures = figures,
	                          .unknown = (m->billed ? 0 : 1U) | (m->listed ? 0 : 2U) | (m->billed ? 0 : 4U)};
}

static void put_costs_page(FILE *out, const struct model_costs *c, const struct reconcile_settings *s, const struct cost_totals *t) {
	static const char *const headers[] = {"billed", "at list price", "difference"};
	struct api_model *models = must_calloc(c->count + 1, sizeof *models);
	int64_t(*figures)[3] = must_calloc(c->count + 1, sizeof *figures);

	for (size_t i = 0; i < c->count; i++) {
		models[i] = api_of(&c->at[i], s->tolerance_nano, figures[i]);
	}
	char currency[8] = "";
	for (size_t i = 0; i + 1 < sizeof currency && t->currency[i]; i++) { /* OpenAI writes "usd" */
		currency[i] = (char)(t->currency[i] >= 'a' && t->currency[i] <= 'z' ? t->currency[i] - 'a' + 'A' : t->currency[i]);
	}
	struct model_cost sum = {.billed_nano = t->billed_nano, .list_nano = t->list_nano, .billed = true, .listed = t->known, .in_book = true, .counts = true};
	api_put_page(&(struct api_page){.path = s->invoice, .what = "What was billed, and the list price of the tokens in the logs; the largest difference first.", .currency = currency,
	                                .from_ns = t->from_ns, .to_ns = t->to_ns, .headers = headers, .columns = 3, .models = models, .count = c->count,
	                                .total = api_of(&sum, s->tolerance_nano, figures[c->count]), .ties = t->within && t->known, .tolerance_nano = s->tolerance_nano},
	             out);
	free(models);
	free(figures);
}

static void put_costs_rows(FILE *out, enum api_form form, const struct model_costs *c, const struct cost_totals *t) {
	static const char *const headers[] = {"<model", "billed", "at list price", "differ"};
	const struct api_rows rows = {form, out, headers, 4};
	char money[3][DECIMAL_TEXT_MAX];

	api_rows_begin(&rows);
	for (size_t i = 0; i < c->count; i++) {
		const struct model_cost *m = &c->at[i];
		const char *cells[] = {money_or(m->billed, m->billed_nano, "", money[0]), money_or(m->listed, m->list_nano, "", money[1]),
		                       money_or(m->billed, apart_of(m->billed_nano, m->list_nano), "", money[2])};
		api_rows_add(&rows, m->model.len > 0 ? m->model : T("(no model)"), cells);
	}
	const char *sums[] = {decimal_format(t->billed_nano, 9, money[0]), decimal_format(t->list_nano, 9, money[1]),
	                      decimal_format(apart_of(t->billed_nano, t->list_nano), 9, money[2])};
	api_rows_end(&rows, sums);
}

static void put_costs_table(FILE *out, const struct model_costs *c, const struct reconcile_settings *s, const struct cost_totals *t) {
	char tolerance[DECIMAL_TEXT_MAX];

	print_costs(out, c, t->billed_nano, t->list_nano, t->currency);
	if (t->foreign) {
		fputs("The bill has amounts in ", out);
		printable_put(out, text_of(t->foreign));
		fputs(", which is not the currency of the book: convert the bill first\n", out);
		return;
	}
	fputs(t->known ? "" : "Some tokens of the book have no list price there; give --prices FILE to attribute or to this command\n", out);
	api_print_answer(t->known, t->within && t->known, t->billed_nano, t->list_nano, out);
	fprintf(out, "%s a tolerance of %s\n", t->within ? "Within" : "Outside of", decimal_format(s->tolerance_nano, 2, tolerance));
}

static void put_costs(FILE *out, enum api_form form, const struct model_costs *c, const struct invoice *in, const struct reconcile_settings *s,
                      const struct cost_totals *t) {
	if (form == API_TABLE) {
		put_costs_table(out, c, s, t);
	} else if (form == API_JSON) {
		put_costs_json(out, c, in, s, t);
	} else if (form == API_HTML) {
		put_costs_page(out, c, s, t);
	} else {
		put_costs_rows(out, form, c, t);
	}
}

/* Amounts in two currencies may have the same figure, but are not equal. */
static const char *foreign_of(const struct invoice *in, const char *currency) {
	for (size_t i = 0; i < in->count && currency[0]; i++) {
		if (in->at[i].currency[0] && !text_eq_nocase(text_of(in->at[i].currency), text_of(currency))) {
			return in->at[i].currency;
		}
	}
	return NULL;
}

int reconcile_costs(struct book *b, const struct invoice *in, const struct reconcile_settings *s, FILE *out, struct fault *why) {
	struct book_statement st = {.from_ns = INT64_MAX, .to_ns = INT64_MIN, .as_of = INT64_MAX - 1};
	struct model_costs costs = {0};
	struct cost_totals t = {.currency = in->count > 0 && in->at[0].currency[0] ? in->at[0].currency : "USD"};

	if (!add_billed(&costs, in, &st.from_ns, &st.to_ns, &t.billed_nano)) {
		free(costs.at);
		return fault_set(why, ERROR_RANGE, "a sum of the bill does not fit 64 bits");
	}
	t.from_ns = st.from_ns;
	t.to_ns = st.to_ns;
	char currency[32];
	int rc = book_state(b, &st, why);
	int failed = reconcile_currency(b, currency, sizeof currency, why);
	rc = rc < 0 || failed >= 0 ? rc : failed;
	t.foreign = rc < 0 ? NULL : foreign_of(in, currency);
	t.known = rc > 0 && add_listed(&costs, st.statement, &t.list_nano);
	int64_t differ = apart_of(t.billed_nano, t.list_nano);
	t.within = differ <= s->tolerance_nano && differ >= -s->tolerance_nano && !t.foreign;
	if (rc >= 0) {
		put_costs(out, api_form_of(s->format), &costs, in, s, &t);
	}
	book_statement_release(&st);
	free(costs.at);
	return rc < 0 ? rc : t.within && (t.known || rc == 0) ? EXIT_TIED_OUT : EXIT_FINDINGS;
}
