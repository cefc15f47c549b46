/* html.h: the parts of the HTML page. Private to report/renderings/. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/renderings/grid.h"

/* The page's only style sheet and script; their hashes stand in its Content-Security-Policy. */
extern const char html_style[];
extern const char html_script[];

/* Text from outside: printable, and &, <, >, " and ' escaped. */
void html_put_text(FILE *out, struct text t);

/* Pictures, as inline SVG. */
void chart_flow(const struct statement *s, FILE *out); /* capacity to where it went */
void chart_prices(const struct statement *s, FILE *out); /* loaded cost against list price, per model */
void chart_margins(const struct statement *s, FILE *out); /* margin by tenant */
void chart_times(const struct statement *s, FILE *out); /* unit cost over time, where --by is one of time alone */

#endif
