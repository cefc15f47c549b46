/* A reconciliation as text, CSV, JSON or Markdown: pools first, then charges that are not compared, then the sum. */
#include <stdlib.h>

#include "core/files/csv.h"
#include "core/decimal.h"
#include "core/exact.h"
#include "core/instant.h"
#include "core/json.h"
#include "inspect/invoices/families.h"
#include "inspect/reconcile_api.h"

static const char *pool_of(const struct tied *l) {
	return l->pool[0] ? l->pool : "all pools";
}

/* ---- for people ---- */

/* At least `places`, and as many as the amount has. */
static int exact_places(int64_t nano, int places) {
	int exact = 9;

	for (; exact > places && nano % 10 == 0; nano /= 10) {
		exact--;
	}
	return exact;
}

static void print_sides(const struct tied *l, int places, FILE *out) {
	char a[DECIMAL_TEXT_MAX];

	fprintf(out, "  invoice %16s", decimal_format(l->amount_nano, places, a));
	if (l->gpu_ns != HOURS_UNKNOWN) {
		fprintf(out, "  %14.3f GPU-hours", exact_hours(l->gpu_ns));
	}
	fprintf(out, "\n  book    %16s  %14.3f GPU-hours, of which %.3f are not in any log\n", decimal_format(l->cost_nano, places, a),
	        exact_hours(l->book_gpu_ns), exact_hours(l->unobserved_ns));
	fprintf(out, "  differ  %16s\n", decimal_format(l->amount_nano - l->cost_nano, places, a));
	for (int c = 0; c < CAUSES; c++) {
		if (l->causes[c] != 0) {
			fprintf(out, "    %-26s %16s\n", difference_words[c], decimal_format(l->causes[c], places, a));
		}
	}
}

static void print_tied(const struct tied *l, int places, FILE *out) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fprintf(out, "%s to %s, ", instant_format(l->from_ns, from), instant_format(l->to_ns, to));
	printable_put(out, text_of(pool_of(l)));
	fputc('\n', out);
	print_sides(l, places, out);
}

static void print_charges(const struct reconciliation *r, FILE *out) {
	char a[DECIMAL_TEXT_MAX];
	bool any = false;
	int places = 2;

	for (int c = 0; c < CHARGE_CLASSES; c++) {
		places = exact_places(r->charges_nano[c], exact_places(r->billed_nano[c], places));
	}
	for (int c = 0; c < CHARGE_CLASSES; c++) {
		if (r->charge_lines[c] == 0) {
			continue;
		}
		fputs(any ? "" : "On the invoice, and not compared with the book\n", out);
		any = true;
		fprintf(out, "  %-15s %16s  %zu %s", charge_class_names[c], decimal_format(r->charges_nano[c], places, a), r->charge_lines[c],
		        r->charge_lines[c] == 1 ? "line" : "lines");
		if (r->billed_nano[c] != r->charges_nano[c]) {
			fprintf(out, ", billed %s", decimal_format(r->billed_nano[c], places, a));
		}
		fputc('\n', out);
	}
}

static void print_rest(const struct reconciliation *r, int places, FILE *out) {
	char a[DECIMAL_TEXT_MAX];

	for (size_t i = 0; i < r->rest.count; i++) {
		const struct tied *l = &r->rest.at[i];
		fputs("On no line of the invoice, ", out);
		printable_put(out, text_of(l->pool));
		fprintf(out, "\n  book    %16s  %14.3f GPU-hours\n", decimal_format(l->cost_nano, places, a), exact_hours(l->book_gpu_ns));
	}
}

static void print_total(const struct reconciliation *r, int places, FILE *out) {
	char a[DECIMAL_TEXT_MAX];

	fprintf(out, "In all\n  invoice %16s\n", decimal_format(r->total.amount_nano, places, a));
	fprintf(out, "  book    %16s\n", decimal_format(r->total.cost_nano, places, a));
	for (int c = 0; c < CAUSES; c++) {
		fprintf(out, "    %-26s %16s\n", difference_words[c], decimal_format(r->total.causes[c], places, a));
	}
	fprintf(out, "  differ  %16s\n", decimal_format(r->total.amount_nano - r->total.cost_nano, places, a));
	if (r->foreign) {
		fputs("The invoice has amounts in ", out);
		printable_put(out, text_of(r->foreign));
		fprintf(out, ", the book is in %s: convert the invoice first\n", r->currency);
	}
	fprintf(out, "%s a tolerance of %s per class\n", r->within ? "Within" : "Outside of", decimal_format(r->tolerance_nano, 2, a));
}

/* The decimals with which all amounts are exact, at least those of cents: decimal points align. */
static int places_of(const struct reconciliation *r, bool lines) {
	const struct tied_list *const lists[] = {&r->pools, &r->rest, &r->lines};
	int places = 2;

	for (size_t k = 0; k < (lines ? 3 : 2); k++) {
		for (size_t i = 0; i < lists[k]->count; i++) {
			const struct tied *l = &lists[k]->at[i];
			places = exact_places(l->amount_nano, exact_places(l->cost_nano, places));
			for (int c = 0; c < CAUSES; c++) {
				places = exact_places(l->causes[c], places);
			}
		}
	}
	return places;
}

static void print_table(const struct reconciliation *r, bool lines, FILE *out) {
	int places = places_of(r, lines);

	fprintf(out, "Invoice: %s, %zu lines\n", r->in->family->name, r->in->count);
	for (size_t i = 0; i < r->note_count; i++) {
		fputs("Assumed: ", out);
		printable_put(out, text_of(r->notes[i]));
		fputc('\n', out);
	}
	for (size_t i = 0; i < r->pools.count; i++) {
		print_tied(&r->pools.at[i], places, out);
	}
	print_charges(r, out);
	print_rest(r, places, out);
	fputs(lines ? "Line by line\n" : "", out);
	for (size_t i = 0; lines && i < r->lines.count; i++) {
		print_tied(&r->lines.at[i], places, out);
	}
	print_total(r, places, out);
}

/* ---- JSON ---- */

static void put_text(FILE *out, const char *s) {
	json_put_text(out, text_of(s));
}

static void put_money(FILE *out, const char *key, int64_t nano) {
	char a[DECIMAL_TEXT_MAX];
	fprintf(out, "\"%s\":\"%s\"", key, decimal_format(nano, 9, a));
}

static void put_key(FILE *out, const char *words) {
	fputc('"', out);
	for (const char *c = words; *c; c++) {
		if (*c != ',') {
			fputc(*c == ' ' || *c == '-' ? '_' : *c, out);
		}
	}
	fputc('"', out);
}

static void put_tied(FILE *out, const struct tied *l) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], advice[200];

	fputs("{\"pool\":", out);
	put_text(out, pool_of(l));
	if (l->from_ns < l->to_ns) {
		fprintf(out, ",\"from\":\"%s\",\"to\":\"%s\"", instant_format(l->from_ns, from), instant_format(l->to_ns, to));
	}
	fputc(',', out);
	put_money(out, "invoice", l->amount_nano);
	fputc(',', out);
	put_money(out, "book", l->cost_nano);
	fputc(',', out);
	put_money(out, "differ", l->amount_nano - l->cost_nano);
	if (l->gpu_ns != HOURS_UNKNOWN) {
		fprintf(out, ",\"invoice_gpu_ns\":%lld", (long long)l->gpu_ns);
	} else {
		fputs(",\"invoice_gpu_ns\":null", out);
	}
	fprintf(out, ",\"book_gpu_ns\":%lld,\"unobserved_gpu_ns\":%lld,\"causes\":{", (long long)l->book_gpu_ns,
	        (long long)l->unobserved_ns);
	for (int c = 0; c < CAUSES; c++) {
		char a[DECIMAL_TEXT_MAX];
		fputs(c > 0 ? "," : "", out);
		put_key(out, difference_words[c]);
		fprintf(out, ":\"%s\"", decimal_format(l->causes[c], 9, a));
	}
	fputs("},\"advice\":", out);
	if (reconcile_advice(l, advice, sizeof advice)) {
		put_text(out, advice);
	} else {
		fputs("null", out);
	}
	fputc('}', out);
}

static void put_list(FILE *out, const char *key, const struct tied_list *list) {
	fprintf(out, ",\n \"%s\":[", key);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", out);
		put_tied(out, &list->at[i]);
	}
	fputc(']', out);
}

static void put_charges(FILE *out, const struct reconciliation *r) {
	const char *lead = "";

	fputs(",\n \"charges\":[", out);
	for (int c = 0; c < CHARGE_CLASSES; c++) {
		if (r->charge_lines[c] > 0) {
			fprintf(out, "%s{\"class\":\"%s\",\"lines\":%zu,", lead, charge_class_names[c], r->charge_lines[c]);
			put_money(out, "amount", r->charges_nano[c]);
			fputc(',', out);
			put_money(out, "billed", r->billed_nano[c]);
			fputc('}', out);
			lead = ",";
		}
	}
	fputc(']', out);
}

static void print_json(const struct reconciliation *r, bool lines, FILE *out) {
	fputs("{\"schema\":\"tollbook.reconcile.v1\",\"invoice\":", out);
	put_text(out, r->path);
	fputs(",\"form\":", out);
	put_text(out, r->in->family->name);
	fputs(",\"currency\":", out);
	put_text(out, r->currency);
	fputs(",\"foreign_currency\":", out);
	if (r->foreign) {
		put_text(out, r->foreign);
	} else {
		fputs("null", out);
	}
	fprintf(out, ",\"cost\":\"%s\",\n \"assumptions\":[", r->in->effective ? "effective" : "billed");
	for (size_t i = 0; i < r->note_count; i++) {
		fputs(i > 0 ? "," : "", out);
		put_text(out, r->notes[i]);
	}
	fputc(']', out);
	put_list(out, "pools", &r->pools);
	put_charges(out, r);
	put_list(out, "not_invoiced", &r->rest);
	if (lines) {
		put_list(out, "lines", &r->lines);
	}
	fputs(",\n \"total\":", out);
	put_tied(out, &r->total);
	fputc(',', out);
	put_money(out, "tolerance", r->tolerance_nano);
	fprintf(out, ",\"within\":%s}\n", r->within ? "true" : "false");
}

/* ---- rows, for CSV and Markdown ---- */

#define CELLS (8 + CAUSES)

static void put_row(FILE *out, bool csv, const char *const cells[CELLS]) {
	fputs(csv ? "" : "| ", out);
	for (int i = 0; i < CELLS; i++) {
		fputs(i == 0 ? "" : csv ? "," : " | ", out);
		(csv ? csv_put_text : markdown_put)(out, text_of(cells[i]));
	}
	fputs(csv ? "\r\n" : " |\n", out);
}

static void put_row_of(FILE *out, bool csv, const char *level, const struct tied *l) {
	char from[INSTANT_TEXT_MAX] = "", to[INSTANT_TEXT_MAX] = "", money[3 + CAUSES][DECIMAL_TEXT_MAX], ns[2][32] = {""};
	const char *cells[CELLS] = {level, pool_of(l), from, to, money[0], money[1], money[2], ns[0]};
	bool timed = l->from_ns < l->to_ns;

	if (timed) {
		instant_format(l->from_ns, from);
		instant_format(l->to_ns, to);
	}
	decimal_format(l->amount_nano, 9, money[0]);
	decimal_format(l->cost_nano, 9, money[1]);
	decimal_format(l->amount_nano - l->cost_nano, 9, money[2]);
	if (l->gpu_ns != HOURS_UNKNOWN) {
		snprintf(ns[0], sizeof ns[0], "%.9f", exact_hours(l->gpu_ns));
	}
	for (int c = 0; c < CAUSES; c++) {
		cells[8 + c] = decimal_format(l->causes[c], 9, money[3 + c]);
	}
	put_row(out, csv, cells);
}

static void put_charge_row(FILE *out, bool csv, const struct reconciliation *r, int c) {
	char amount[DECIMAL_TEXT_MAX];
	const char *cells[CELLS];

	for (int i = 0; i < CELLS; i++) {
		cells[i] = "";
	}
	cells[0] = charge_class_names[c];
	cells[4] = decimal_format(r->charges_nano[c], 9, amount);
	put_row(out, csv, cells);
}

static void print_rows(const struct reconciliation *r, bool lines, bool csv, FILE *out) {
	const char *headers[CELLS] = {"level", "pool", "from", "to", "invoice", "book", "differ", "invoice GPU-hours"};

	for (int c = 0; c < CAUSES; c++) {
		headers[8 + c] = difference_words[c];
	}
	put_row(out, csv, headers);
	for (int i = 0; i < CELLS && !csv; i++) {
		fprintf(out, "%s%s", i < 2 ? "| --- " : "| ---: ", i + 1 < CELLS ? "" : "|\n");
	}
	for (size_t i = 0; i < r->pools.count; i++) {
		put_row_of(out, csv, "pool", &r->pools.at[i]);
	}
	for (int c = 0; c < CHARGE_CLASSES; c++) {
		if (r->charge_lines[c] > 0) {
			put_charge_row(out, csv, r, c);
		}
	}
	for (size_t i = 0; i < r->rest.count; i++) {
		put_row_of(out, csv, "not invoiced", &r->rest.at[i]);
	}
	for (size_t i = 0; lines && i < r->lines.count; i++) {
		put_row_of(out, csv, "line", &r->lines.at[i]);
	}
	put_row_of(out, csv, "= total", &r->total);
}

void reconciliation_print(const struct reconciliation *r, enum api_form form, bool lines, FILE *out) {
	if (form == API_TABLE) {
		print_table(r, lines, out);
	} else if (form == API_JSON) {
		print_json(r, lines, out);
	} else if (form == API_HTML) {
		reconciliation_page(r, lines, out);
	} else {
		print_rows(r, lines, form == API_CSV, out);
	}
}
