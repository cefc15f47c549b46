/*
 * A bill of an API vendor compared with the logs, as a page: the difference in one sentence, the bridge from one to
 * the other, and what to do.
 */
#include <math.h>
#include <stdlib.h>

#include "core/instant.h"
#include "inspect/reconcile_api.h"
#include "report/page.h"

/* Models with a separate step; the others are one step. */
#define STEPS_OWN 6

static double difference(const struct api_model *m) {
	return m->known ? (double)m->billed_nano - (double)m->list_nano : 0;
}

/* What is to be done about the difference of a model; NULL: nothing. */
static const char *api_advice(const struct api_model *m) {
	if (m->ties) {
		return m->billed ? NULL : "Not on this bill: it was not bought from this vendor.";
	}
	if (!m->listed) {
		return "In no log: find the gateway or program that calls it, and take its logs in.";
	}
	if (!m->billed) {
		return "In the logs and not on the bill: is it billed to another account, or in another month?";
	}
	if (!m->known) {
		return "Its list price is not known: give --prices FILE.";
	}
	return difference(m) > 0 ? "Billed above the logs: requests are in no log, or another price (tier, batch, region) was charged."
	                         : "Billed below the logs: a discount or credit, or requests that the vendor did not charge.";
}

/* The largest difference first. */
static int compare_models(const void *a, const void *b) {
	const struct api_model *const *x = a, *const *y = b;
	double left = fabs(difference(*x)), right = fabs(difference(*y));
	return left != right ? (left < right ? 1 : -1) : text_compare((*x)->name, (*y)->name);
}

static const struct api_model **in_order(const struct api_page *p) {
	const struct api_model **order = must_alloc((p->count + 1) * sizeof *order);

	for (size_t i = 0; i < p->count; i++) {
		order[i] = &p->models[i];
	}
	qsort(order, p->count, sizeof *order, compare_models);
	return order;
}

static char *name_of(const struct api_model *m) {
	return text_copy(m->name.len > 0 ? m->name : T("(no model)"));
}

/* ---- the answer ---- */

static void put_sum(FILE *out, const struct api_page *p, double nano) {
	page_sum(out, p->currency, nano < 9e18 ? llround(nano) : INT64_MAX);
}

static void put_title(FILE *out, const struct api_page *p, const struct api_model *most) {
	double apart = difference(&p->total);

	fputs("<h1>", out);
	if (!p->total.known) {
		fputs(p->ties ? "The bill and the logs agree" : "The bill and the logs differ", out);
		fputs("; not all list prices are known", out);
	} else if (p->ties) {
		fputs("The bill and the logs agree: ", out);
		put_sum(out, p, (double)p->total.billed_nano);
	} else if (apart == 0) {
		fputs("The bill and the logs come to the same, but differ by model", out);
	} else {
		fputs("The bill is ", out);
		put_sum(out, p, fabs(apart));
		fprintf(out, " %s the logs at list price", apart < 0 ? "below" : "above");
		if (p->count > 1 && difference(most) != 0) {
			char *name = name_of(most);
			fputs("; most of it: ", out);
			page_text(out, name);
			free(name);
		}
	}
	fputs("</h1>\n", out);
}

static void put_lead(FILE *out, const struct api_page *p) {
	size_t agree = 0;

	for (size_t i = 0; i < p->count; i++) {
		agree += p->models[i].ties;
	}
	fprintf(out, "<p class=\"lead\"><b>%zu of %zu models agree.</b> ", agree, p->count);
	if (p->tolerance_nano >= 0) {
		fputs("A difference of up to ", out);
		page_sum(out, p->currency, p->tolerance_nano);
		fputs(" in all passes. ", out);
	}
	fputs("The logs are priced from the price catalogue: they show what should have been charged.</p>\n", out);
}

/* ---- from the logs to the bill ---- */

static void put_bridge(FILE *out, const struct api_page *p, const struct api_model *const *order) {
	struct page_step steps[STEPS_OWN + 1];
	char *names[STEPS_OWN + 1];
	size_t count = 0;
	double rest = difference(&p->total);

	for (size_t i = 0; i < p->count && count < STEPS_OWN && difference(order[i]) != 0; i++, count++) {
		names[count] = name_of(order[i]);
		steps[count] = (struct page_step){names[count], NULL, order[i]->billed_nano - order[i]->list_nano};
		rest -= difference(order[i]);
	}
	if (count > 0 && p->total.known) {
		size_t own = count;
		if (fabs(rest) >= 1) {
			steps[count++] = (struct page_step){"Others", NULL, llround(rest)};
		}
		page_fall(out, p->currency, &(struct page_fall){"bridge", "From the logs to the bill", "What each model adds or takes off; the table has the figures", {"Logs", "at list price", p->total.list_nano},
		                                                {"Bill", "as charged", p->total.billed_nano}, steps, count});
		count = own;
	}
	while (count > 0) {
		free(names[--count]);
	}
}

/* ---- model by model ---- */

/* A count that neither side has gets no column; counts come in pairs. */
static bool has_column(const struct api_page *p, size_t i) {
	return i >= p->first_money || p->total.figures[i & ~(size_t)1] != 0 || p->total.figures[i | 1] != 0;
}

static void put_cells(FILE *out, const struct api_page *p, const struct api_model *m) {
	bool small = p->total.billed_nano < 10 * INT64_C(1000000000) && p->total.list_nano < 10 * INT64_C(1000000000);

	for (size_t i = 0; i < p->columns; i++) {
		if (!has_column(p, i)) {
			continue;
		}
		if (m->unknown >> i & 1) {
			fputs("<td class=\"dim\">not known</td>", out);
		} else if (i < p->first_money) {
			page_count_cell(out, m->figures[i]);
		} else {
			page_money_cell(out, m->figures[i], small ? 4 : 2, i + 1 == p->columns, i + 1 == p->columns ? "b" : NULL);
		}
	}
}

static void put_row(FILE *out, const struct api_page *p, const struct api_model *m) {
	const char *advice = api_advice(m);
	char *name = name_of(m);

	fputs("<tr>", out);
	page_text_cell(out, name);
	put_cells(out, p, m);
	fprintf(out, "<td class=\"word\">%s</td></tr>\n", advice ? advice : "");
	free(name);
}

static void put_table(FILE *out, const struct api_page *p, const struct api_model *const *order) {
	const char *heads[20] = {"<model"};
	size_t count = 1;

	for (size_t i = 0; i < p->columns; i++) {
		if (has_column(p, i)) {
			heads[count++] = p->headers[i];
		}
	}
	heads[count++] = "<what to do";
	page_section(out, "models", "Model by model", p->what);
	page_table(out, "model", "Models", heads, count, (int)count - 2);
	for (size_t i = 0; i < p->count; i++) {
		put_row(out, p, order[i]);
	}
	page_table_foot(out);
	fputs("<tr class=\"sum\"><td class=\"l\">= total</td>", out);
	put_cells(out, p, &p->total);
	fputs("<td></td></tr></tfoot>", out);
	page_table_end(out);
	page_section_end(out);
}

void api_put_page(const struct api_page *p, FILE *out) {
	static const struct page_link links[] = {{"bridge", "Differences"}, {"models", "Models"}, {NULL, NULL}};
	const struct api_model **order = in_order(p);
	char dim[100], from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	bool bridge = p->total.known && p->count > 0 && difference(order[0]) != 0;

	snprintf(dim, sizeof dim, "%.10s to %.10s UTC, %s", instant_format(p->from_ns, from), instant_format(p->to_ns - 1, to), p->currency);
	page_open(out, "Bill and logs – tollbook", p->path, dim, bridge ? links : links + 1);
	put_title(out, p, p->count > 0 ? order[0] : &p->total);
	put_lead(out, p);
	put_bridge(out, p, order);
	put_table(out, p, order);
	page_close(out, p->ties ? "reconcile --format html; exit status 0" : "reconcile --format html; exit status 1: differences");
	free(order);
}
