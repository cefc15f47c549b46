/* html.h: the parts of the HTML page. Private to report/renderings/. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/renderings/grid.h"

/* Text from outside: printable, and &, <, >, " and ' escaped. */
void html_put_text(FILE *out, struct text t);
void html_put_string(FILE *out, const char *s);

/* ---- html_tables.c: tables; every figure is a <data> with all the digits of the JSON ---- */

void html_units(const struct statement *s, FILE *out);
void html_margins(const struct statement *s, FILE *out);
void html_services(const struct statement *s, FILE *out);
void html_parts(const struct statement *s, FILE *out);
void html_energy(const struct statement *s, FILE *out);
void html_rules(const struct statement *s, FILE *out);
void html_positions(const struct statement *s, FILE *out);
void html_rows(const struct statement *s, const char *id, const struct table *t, const enum by_key *by, size_t count,
	       FILE *out);
void html_adjustments(const struct statement *s, FILE *out);
void html_evidence(const struct statement *s, FILE *out);
void html_model_evidence(const struct statement *s, FILE *out);

/* ---- html_charts.c, html_lines.c: pictures, as inline SVG that is as wide as its place ---- */

/* A share as SVG takes it, such as "37.25%"; of `whole` 0 it is 0 %. */
#define PERCENT_MAX 16
const char *html_percent(double share, char out[PERCENT_MAX]);

void chart_flow(const struct statement *s, FILE *out); /* capacity to where it went */
void chart_prices(const struct statement *s, FILE *out); /* real cost against list price, per model */
void chart_margins(const struct statement *s, FILE *out); /* margin by tenant */
void chart_times(const struct statement *s, FILE *out); /* unit cost over time, with its interval */
void chart_positions(const struct statement *s, FILE *out); /* unit cost by depth of the context */

#endif
