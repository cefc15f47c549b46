/* Building blocks of other pages (report/page.h): the frame, figures, sections and tables. */
#include "report/page.h"

#include <math.h>

#include "report/renderings/page/html.h"

void page_text(FILE *out, const char *s) {
	html_put_string(out, s);
}

void page_open(FILE *out, const char *title, const char *about, const char *dim, const struct page_link *links) {
	html_open(out, title);
	fputs("<header class=\"mast\"><div><b>tollbook</b>&nbsp; <span>", out);
	html_put_string(out, about);
	fputs("</span> <span class=\"dim\">", out);
	html_put_string(out, dim);
	fputs("</span></div>\n<nav aria-label=\"Sections\">", out);
	for (; links && links->id; links++) {
		fprintf(out, "<a href=\"#%s-title\">%s</a>\n", links->id, links->name);
	}
	fputs("</nav></header>\n<main>\n", out);
}

void page_close(FILE *out, const char *foot) {
	fputs("</main>\n<footer>\n<p>", out);
	html_put_string(out, foot);
	fputs("</p>\n", out);
	html_close(out, NULL);
}

/* ---- figures ---- */

/* A statement with only a currency, for its sign. */
static struct statement of_currency(const char *currency) {
	return (struct statement){.options = {.currency = currency}};
}

void page_figure(FILE *out, double exact, const char *shown) {
	if (isfinite(exact)) {
		fprintf(out, "<data value=\"%.15g\">%s</data>", exact, shown);
	} else {
		fputs(shown, out);
	}
}

void page_sum(FILE *out, const char *currency, int64_t nano) {
	struct statement s = of_currency(currency);
	html_sum(out, &s, nano);
}

void page_change(FILE *out, const char *currency, int64_t nano) {
	fputs(nano > 0 ? "+" : "", out);
	page_sum(out, currency, nano);
}

const char *page_unit_figure(double amount, char out[PAGE_FIGURE_MAX]) {
	double nano = amount * 1e9;

	_Static_assert(PAGE_FIGURE_MAX >= FIGURE_MAX, "a figure has room");
	if (!isfinite(nano) || fabs(nano) > 9e18) {
		snprintf(out, PAGE_FIGURE_MAX, "%s", isnan(nano) ? "not known" : "never");
		return out;
	}
	return figure_unit((int64_t)llround(nano), out);
}

const char *page_sign(const char *currency, char out[PAGE_FIGURE_MAX]) {
	struct statement s = of_currency(currency);
	return figure_sign(&s, out);
}

void page_price(FILE *out, const char *currency, double amount) {
	struct statement s = of_currency(currency);
	html_list(out, &s, llround(amount * 1e9));
}

void page_unit(FILE *out, const char *currency, double amount) {
	char figure[PAGE_FIGURE_MAX], sign[PAGE_FIGURE_MAX], shown[2 * PAGE_FIGURE_MAX + 4];

	page_unit_figure(fabs(amount), figure);
	snprintf(shown, sizeof shown, "%s%s%s", amount < 0 ? "−" : "", isfinite(amount) ? page_sign(currency, sign) : "", figure);
	page_figure(out, amount, shown);
}

/* ---- sections and tables ---- */

static void open_section(FILE *out, const char *class, const char *id, const char *title, const char *what) {
	fprintf(out, "<section%s aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2>\n", class, id, id, title);
	if (what) {
		fprintf(out, "<p class=\"dim\">%s</p>\n", what);
	}
}

void page_card(FILE *out, const char *id, const char *title, const char *what) {
	open_section(out, " class=\"card\"", id, title, what);
}

void page_section(FILE *out, const char *id, const char *title, const char *what) {
	open_section(out, "", id, title, what);
}

void page_section_end(FILE *out) {
	fputs("</section>\n", out);
}

void page_table(FILE *out, const char *id, const char *label, const char *const *heads, size_t count, int sum) {
	fprintf(out, "<div class=\"wrap\" role=\"region\" tabindex=\"0\" aria-label=\"%s, table\"><table id=\"%s\" aria-label=\"%s\" data-sort><thead><tr>", label, id, label);
	for (size_t i = 0; i < count; i++) {
		bool text = heads[i][0] == '<';
		fprintf(out, "<th scope=\"col\"%s%s>%s</th>", text ? " class=\"l\"" : "", (int)i == sum ? " data-sum" : "", heads[i] + text);
	}
	fputs("</tr></thead><tbody>\n", out);
}

void page_table_foot(FILE *out) {
	fputs("</tbody><tfoot>", out);
}

void page_table_end(FILE *out) {
	fputs("</table></div>\n", out);
}

void page_cell(FILE *out, double exact, const char *shown, const char *class) {
	fprintf(out, "<td%s%s%s>", class || !isfinite(exact) ? " class=\"" : "", !isfinite(exact) ? "dim" : class ? class : "", class || !isfinite(exact) ? "\"" : "");
	page_figure(out, exact, shown);
	fputs("</td>", out);
}

void page_money_cell(FILE *out, int64_t nano, int places, bool change, const char *class) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];

	figure_money(nano, places, shown);
	fprintf(out, "<td%s%s%s><data value=\"%s\">%s%s</data></td>", class ? " class=\"" : "", class ? class : "", class ? "\"" : "", decimal_format(nano, 9, exact),
	        shown[0] == '-' ? "−" : change && nano > 0 ? "+" : "", shown + (shown[0] == '-'));
}

void page_count_cell(FILE *out, int64_t n) {
	char shown[FIGURE_MAX];
	fprintf(out, "<td><data value=\"%lld\">%s</data></td>", (long long)n, figure_count(n, shown));
}

void page_text_cell(FILE *out, const char *s) {
	fputs("<td class=\"l\">", out);
	html_put_string(out, s);
	fputs("</td>", out);
}
