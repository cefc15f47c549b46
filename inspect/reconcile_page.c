/*
 * reconcile_page.c: an invoice compared with the book, as a page: the bridge from one to the other, and what to do
 * about each difference.
 */
#include <math.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/instant.h"
#include "inspect/invoices/families.h"
#include "inspect/reconcile.h"
#include "report/page.h"

static const char *const step_words[CAUSES][2] = {
	{"Cut-off", "ends of the period"}, {"More hours", "than seen in logs"}, {"Fewer hours", "seen, not invoiced"}, {"No such pool", "not in the book"},
	{"Rate", "per GPU-hour"}, {"Currency", "exchange"}, {"Rounding", "of the invoice"},
};

static double size_of(int64_t nano) {
	return fabs((double)nano);
}

static double difference(const struct tied *l) {
	return (double)l->amount_nano - (double)l->cost_nano;
}

static int largest_cause(const struct tied *l) {
	int most = 0;

	for (int c = 1; c < CAUSES; c++) {
		most = size_of(l->causes[c]) > size_of(l->causes[most]) ? c : most;
	}
	return l->causes[most] != 0 ? most : -1;
}

/* ---- what to do ---- */

static void advise_rate(const struct tied *l, char *out, size_t size) {
	if (l->gpu_ns > 0 && l->book_gpu_ns > 0) {
		snprintf(out, size, "Charged %.4g per GPU-hour, the fleet file has %.4g: ask for a credit, or correct the rate.", (double)l->amount_nano / 1e9 / exact_hours(l->gpu_ns),
		         (double)l->cost_nano / 1e9 / exact_hours(l->book_gpu_ns));
	} else {
		snprintf(out, size, "The rate differs from the fleet file: ask for a credit, or correct it.");
	}
}

static void advise_hours(const struct tied *l, bool more, char *out, size_t size) {
	double apart = exact_hours(l->gpu_ns) - exact_hours(l->book_gpu_ns);
	const char *what = more ? "check the uptime, and look for logs that are missing" : "shorten the uptime, or expect them on another invoice";

	if (l->gpu_ns != HOURS_UNKNOWN && fabs(apart) >= 0.0005) {
		snprintf(out, size, "%.6g GPU-hours %s than in the book: %s.", fabs(apart), apart > 0 ? "more" : "fewer", what);
	} else {
		snprintf(out, size, "%s GPU-hours than in the book: %s.", more ? "More" : "Fewer", what);
	}
}

bool reconcile_advice(const struct tied *l, char *out, size_t size) {
	int cause = largest_cause(l);

	switch (cause) {
	case CAUSE_CUTOFF:
		snprintf(out, size, "Hours at the ends of the period: they should be on the invoice before or after.");
		break;
	case CAUSE_NOT_IN_LOGS:
	case CAUSE_NOT_INVOICED:
		advise_hours(l, cause == CAUSE_NOT_IN_LOGS, out, size);
		break;
	case CAUSE_NO_POOL:
		snprintf(out, size, "No such pool in the fleet file: add it, or leave this line out of GPU costs.");
		break;
	case CAUSE_RATE:
		advise_rate(l, out, size);
		break;
	case CAUSE_CURRENCY:
		snprintf(out, size, "The invoice is in another currency than the book: compare at its exchange rate.");
		break;
	case CAUSE_ROUNDING:
		snprintf(out, size, "Rounding on the invoice: nothing to do.");
		break;
	default:
		return false;
	}
	return true;
}

/* ---- the answer ---- */

static size_t agreeing(const struct tied_list *list, int64_t tolerance_nano) {
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		count += fabs(difference(&list->at[i])) <= (double)tolerance_nano;
	}
	return count;
}

static void put_answer(const struct reconciliation *r, FILE *out) {
	int cause = largest_cause(&r->total);
	double apart = difference(&r->total);

	fputs("<h1>", out);
	bool same_sum = fabs(apart) <= (double)r->tolerance_nano;
	if (r->within && same_sum) {
		fputs("The invoice and the book agree: ", out);
		page_sum(out, r->currency, r->total.cost_nano);
	} else if (same_sum) {
		fputs("The invoice and the book have the same sum, but not the same parts", out);
	} else {
		fputs("The invoice is ", out);
		page_sum(out, r->currency, apart < 0 ? r->total.cost_nano - r->total.amount_nano : r->total.amount_nano - r->total.cost_nano);
		fprintf(out, " %s the book", apart < 0 ? "below" : "above");
	}
	if (!(r->within && same_sum) && cause >= 0) {
		fprintf(out, "; %s: %s, ", same_sum ? "the largest" : "most of it", difference_words[cause]);
		page_change(out, r->currency, r->total.causes[cause]);
	}
	fprintf(out, "</h1>\n<p class=\"lead\">%zu of %zu pools agree. <b>The classes add up to the whole difference.</b> A class of up to ", agreeing(&r->pools, r->tolerance_nano),
	        r->pools.count);
	page_sum(out, r->currency, r->tolerance_nano);
	fprintf(out, " passes; %s.</p>\n", r->within ? "all do" : "not all do");
	if (r->foreign) {
		fputs("<p class=\"lead\">The invoice has amounts in ", out);
		page_text(out, r->foreign);
		fputs(": convert it first.</p>\n", out);
	}
	for (size_t i = 0; i < r->note_count; i++) {
		fputs(i == 0 ? "<div class=\"assumed\"><b>Assumed</b> <ul><li>" : "<li>", out);
		page_text(out, r->notes[i]);
		fputs(i + 1 == r->note_count ? "</li></ul></div>\n" : "</li>", out);
	}
}

static void put_bridge(const struct reconciliation *r, FILE *out) {
	struct page_step steps[CAUSES];

	for (int c = 0; c < CAUSES; c++) {
		steps[c] = (struct page_step){step_words[c][0], step_words[c][1], r->total.causes[c]};
	}
	page_fall(out, r->currency, &(struct page_fall){"bridge", "From the book to the invoice", "What each class of difference adds or takes off; the table has the figures",
	                                                {"Book", "logs and fleet file", r->total.cost_nano}, {"Invoice", "GPU hours", r->total.amount_nano}, steps, CAUSES});
}

/* ---- the lines ---- */

static int places_of(const struct reconciliation *r) {
	return size_of(r->total.cost_nano) < 10e9 && size_of(r->total.amount_nano) < 10e9 ? 4 : 2;
}

static void put_hours(FILE *out, int64_t ns) {
	char exact[40], shown[40];

	if (ns == HOURS_UNKNOWN) {
		fputs("<td class=\"dim\">not known</td>", out);
		return;
	}
	snprintf(exact, sizeof exact, "%lld", (long long)ns);
	snprintf(shown, sizeof shown, "%.2f", exact_hours(ns));
	fprintf(out, "<td><data value=\"%s\">%s</data></td>", exact, shown);
}

static void put_causes(FILE *out, const struct tied *l, int places) {
	char amount[DECIMAL_TEXT_MAX], exact[DECIMAL_TEXT_MAX];
	const char *lead = "";

	fputs("<td class=\"word\">", out);
	for (int c = 0; c < CAUSES; c++) {
		if (l->causes[c] != 0) {
			const char *shown = decimal_format(l->causes[c], places, amount);
			fprintf(out, "%s%s <data value=\"%s\">%s%s</data>", lead, difference_words[c], decimal_format(l->causes[c], 9, exact), *shown == '-' ? "−" : "+", shown + (*shown == '-'));
			lead = "<br>";
		}
	}
	fputs("</td>", out);
}

static void put_name(FILE *out, const struct tied *l, bool timed) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fputs("<td class=\"l\">", out);
	page_text(out, l->pool[0] ? l->pool : "all pools");
	if (timed && l->from_ns < l->to_ns) {
		fprintf(out, "<small> %s to %s</small>", instant_format(l->from_ns, from), instant_format(l->to_ns, to));
	}
	fputs("</td>", out);
}

static void put_sides(FILE *out, const struct tied *l, int places) {
	int64_t apart = 0;

	put_hours(out, l->gpu_ns);
	put_hours(out, l->book_gpu_ns);
	page_money_cell(out, l->amount_nano, places, false, NULL);
	page_money_cell(out, l->cost_nano, places, false, NULL);
	if (!__builtin_sub_overflow(l->amount_nano, l->cost_nano, &apart)) {
		page_money_cell(out, apart, places, true, "b");
	} else {
		fputs("<td class=\"dim\">too large</td>", out);
	}
}

static void put_line(FILE *out, const struct tied *l, int places, bool timed) {
	char advice[200] = "";

	fputs("<tr>", out);
	put_name(out, l, timed);
	put_sides(out, l, places);
	put_causes(out, l, places);
	reconcile_advice(l, advice, sizeof advice);
	fputs("<td class=\"word\">", out);
	page_text(out, advice);
	fputs("</td></tr>\n", out);
}

static int compare_differences(const void *a, const void *b) {
	const struct tied *const *x = a, *const *y = b;
	double left = fabs(difference(*x)), right = fabs(difference(*y));
	return left != right ? (left < right ? 1 : -1) : strcmp((*x)->pool, (*y)->pool);
}

/* Largest difference first. */
static void put_list(FILE *out, const struct tied_list *list, int places, bool timed) {
	const struct tied **order = must_alloc((list->count + 1) * sizeof *order);

	for (size_t i = 0; i < list->count; i++) {
		order[i] = &list->at[i];
	}
	qsort(order, list->count, sizeof *order, compare_differences);
	for (size_t i = 0; i < list->count; i++) {
		put_line(out, order[i], places, timed);
	}
	free(order);
}

static const char *const heads[] = {"<pool", "invoice, GPU-hours", "book, GPU-hours", "invoice", "book", "difference", "<by class", "<what to do"};
#define HEADS (sizeof heads / sizeof *heads)

static void put_pools(const struct reconciliation *r, FILE *out) {
	int places = places_of(r);

	page_section(out, "pools", "Pool by pool", "Largest difference first; the last row is the whole.");
	page_table(out, "pool", "Pools", heads, HEADS, 5);
	put_list(out, &r->pools, places, false);
	put_list(out, &r->rest, places, false);
	page_table_foot(out);
	fputs("<tr class=\"sum\"><td class=\"l\">= total</td>", out);
	put_sides(out, &r->total, places);
	put_causes(out, &r->total, places);
	fputs("<td></td></tr></tfoot>", out);
	page_table_end(out);
	page_section_end(out);
}

static void put_lines(const struct reconciliation *r, FILE *out) {
	page_section(out, "lines", "Line by line", "Each pool and time of the invoice, largest difference first.");
	page_table(out, "line", "Lines", heads, HEADS, 5);
	put_list(out, &r->lines, places_of(r), true);
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

static void put_charges(const struct reconciliation *r, FILE *out) {
	static const char *const names[] = {"<class", "lines", "amount", "billed"};
	size_t any = 0;

	for (int c = 0; c < CHARGE_CLASSES; c++) {
		any += r->charge_lines[c];
	}
	if (any == 0) {
		return;
	}
	page_card(out, "charges", "On the invoice, and not compared with the book", NULL);
	page_table(out, "charge", "Charges that are not compared", names, 4, 2);
	for (int c = 0; c < CHARGE_CLASSES; c++) {
		if (r->charge_lines[c] > 0) {
			fprintf(out, "<tr><td class=\"l\">%s</td><td><data value=\"%zu\">%zu</data></td>", charge_class_names[c], r->charge_lines[c], r->charge_lines[c]);
			page_money_cell(out, r->charges_nano[c], 2, false, NULL);
			page_money_cell(out, r->billed_nano[c], 2, false, NULL);
			fputs("</tr>\n", out);
		}
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

static void put_unseen(const struct reconciliation *r, FILE *out) {
	if (r->total.unobserved_ns > 0) {
		page_card(out, "unseen", "In the book and in no log", NULL);
		fprintf(out, "<p><data value=\"%lld\">%.2f</data> of the %.2f GPU-hours of the book are in no log. The invoice shows that they were paid; only logs can show whether they worked.</p>\n",
		        (long long)r->total.unobserved_ns, exact_hours(r->total.unobserved_ns), exact_hours(r->total.book_gpu_ns));
		page_section_end(out);
	}
}

void reconciliation_page(const struct reconciliation *r, bool lines, FILE *out) {
	static const struct page_link links[] = {{"bridge", "Differences"}, {"pools", "Pools"}, {NULL, NULL}};
	char dim[300];

	snprintf(dim, sizeof dim, "%s, %zu lines, %zu pools, %s", r->in->family->name, r->in->count, r->pools.count, r->currency);
	page_open(out, "Invoice and book – tollbook", r->path, dim, links);
	put_answer(r, out);
	put_bridge(r, out);
	put_pools(r, out);
	if (lines) {
		put_lines(r, out);
	}
	fputs("<div class=\"two\">\n", out);
	put_charges(r, out);
	put_unseen(r, out);
	fputs("</div>\n", out);
	page_close(out, r->within ? "reconcile --format html; exit status 0" : "reconcile --format html; exit status 1: differences outside of the tolerance");
}
