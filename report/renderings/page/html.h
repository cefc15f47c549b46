/* html.h: the parts of the HTML page. Private to report/renderings/. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/renderings/grid.h"

/* Text from outside: printable, and &, <, >, " and ' escaped. */
void html_put_text(FILE *out, struct text t);
void html_put_string(FILE *out, const char *s);

/*
 * Figures as <data> with all digits: money in text, a unit cost at three digits, a list price as published. Each with
 * its sign of the currency, minus as U+2212.
 */
void html_sum(FILE *out, const struct statement *s, int64_t nano);
void html_unit(FILE *out, const struct statement *s, int64_t nano);
void html_list(FILE *out, const struct statement *s, int64_t nano);
/* One unit of the currency: "$1". The sign or code alone. */
const char *html_one(const struct statement *s, char out[FIGURE_MAX]);
void html_currency(FILE *out, const struct statement *s);

/*
 * A page: from doctype to the end of the head, with policy and style sheet; then the header with its name and
 * subject; at the end the footer.
 */
void html_open(FILE *out, const char *title);
void html_close(FILE *out, const char *version);

/* ---- answer.c: the first screen ---- */

void html_answer(const struct statement *s, FILE *out); /* as a sentence */
void html_prices(const struct statement *s, FILE *out); /* what a token costs, and the margin */
void html_dollar(const struct statement *s, FILE *out); /* where each dollar went */
void html_levers(const struct statement *s, FILE *out);
void html_sharpen(const struct statement *s, FILE *out); /* where the evidence is of grade D: what would raise it */

/* ---- bought.c: what API vendors were paid ---- */

void html_bought(const struct statement *s, const struct rendering_options *r, FILE *out);
bool html_bought_only(const struct statement *s); /* nothing ran on GPUs of the fleet */

/* ---- spend.c, load.c, flow.c, batches.c ---- */

void html_spend(const struct statement *s, FILE *out); /* over time */
void html_load(const struct statement *s, FILE *out); /* cost against load */

void html_flow(const struct statement *s, FILE *out); /* paid, to its use, to models, to tenants */
void html_roof(const struct statement *s, FILE *out); /* the log's steps under the roofline */
void html_batches(const struct statement *s, FILE *out); /* cost against tokens a second of a user */

/* ---- money.c: models, tenants and models ---- */

void html_models(const struct statement *s, const struct rendering_options *r, FILE *out); /* in the order of --sort */
void html_matrix(const struct statement *s, const struct rendering_options *r, FILE *out); /* likewise */

/* ---- tables.c: tables; every figure is a <data> with all the digits of the JSON ---- */

void html_units(const struct statement *s, FILE *out);
void html_margins(const struct statement *s, FILE *out);
void html_services(const struct statement *s, FILE *out);
void html_parts(const struct statement *s, FILE *out);
void html_energy(const struct statement *s, FILE *out);
void html_rules(const struct statement *s, FILE *out);
void html_positions(const struct statement *s, FILE *out);
void html_rows(const struct statement *s, const struct rendering_options *r, const char *id, const struct table *t, const enum by_key *by,
               size_t count, FILE *out);
void html_adjustments(const struct statement *s, FILE *out);
void html_evidence(const struct statement *s, FILE *out);
void html_model_evidence(const struct statement *s, FILE *out);

/* ---- charts.c, lines.c: pictures, as inline SVG as wide as its container ---- */

/* A share in SVG's syntax, such as "37.25%"; 0 % if `whole` is 0. */
#define PERCENT_MAX 16
const char *html_percent(double share, char out[PERCENT_MAX]);

/* A logarithmic scale over whole decades: 10^low to 10^high nano-units. */
struct scale {
	int low, high;
};

/* All unit costs and list prices of the total and the models; false if there are none. */
bool chart_scale(const struct statement *s, struct scale *out);
/* Widens an axis to a price, if it is over 0. */
void chart_widen(int64_t nano, int64_t *least, int64_t *most);
/* Busy cost with its interval, loaded cost, list price, as a strip of this height. */
void chart_marks(const struct block *b, int kind, const struct scale *c, int height, FILE *out);
void chart_mark_legend(FILE *out);
void chart_axis(const struct scale *c, FILE *out);
/* The next of 1, 2, 5, 10 … that is not less: the top of an axis. */
int64_t chart_top(int64_t nano);
/* The five parts of the money as one bar, over `width` (0 to 1) of its container. */
void chart_parts(const struct block *b, int height, double width, FILE *out);
void chart_times(const struct statement *s, FILE *out); /* unit cost over time, with its interval */
void chart_positions(const struct statement *s, FILE *out); /* unit cost by depth of the context */

#endif
