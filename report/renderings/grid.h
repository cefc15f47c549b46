/* grid.h: text in columns. Private to report/renderings/. */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include "report/renderings/renderings.h"

#define GRID_COLUMNS_MAX 16
/* Labels are truncated to no less than this. */
#define GRID_LABEL_MIN 14

/*
 * Cells are filled row by row and printed at the end, as wide as needed: the first `labels` columns left-aligned,
 * figures right-aligned. If the terminal is too narrow, labels are truncated, and if that is not enough each row
 * becomes a paragraph of
 * "header  figure" lines.
 */
struct grid {
	const char *headers[GRID_COLUMNS_MAX];
	size_t columns, labels;
	char **cells;
	size_t count;
};
/* A row of this in its first cell is a heading: it spans the columns, with any width. */
#define GRID_SPAN '\t'

void grid_init(struct grid *g, const char *const *headers, size_t columns, size_t labels);
void grid_release(struct grid *g);
/* The next cell. */
void grid_add(struct grid *g, const char *text);
void grid_addf(struct grid *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A row that is a heading over those that follow. */
void grid_span(struct grid *g, const char *text);
void grid_print(const struct grid *g, int width, FILE *out);

/* Figures, in a buffer of the caller. */
#define FIGURE_MAX 64
/* 1234567 as "1,234,567". */
const char *figure_count(int64_t n, char out[FIGURE_MAX]);
/* The same in at most 7 columns, in the unit of a column with this largest value: "339.2k", "1,204.7M". */
const char *figure_compact(int64_t n, int64_t largest, char out[FIGURE_MAX]);
/* Money with thousands separators, at `places` decimals. */
const char *figure_money(int128 nano, int places, char out[FIGURE_MAX]);
/* Decimals for a column with this largest value: few for large amounts. */
int figure_places(int128 largest_nano);
/* Decimals of unit costs: three digits of the smallest one at least, and no fewer than 2 places. */
int figure_unit_places(const struct statement *s);
const char *figure_percent(int128 part, int128 whole, char out[FIGURE_MAX]);
/* Money in text: whole from 1,000, two places from 1, two digits below: "111,191", "1.26", "0.0072". */
const char *figure_sum(int64_t nano, char out[FIGURE_MAX]);
/* At least three digits: "497", "1.30", "0.0778"; whole from 100 on. */
const char *figure_unit(int64_t nano, char out[FIGURE_MAX]);
/* A ratio at two digits: "1,279", "16", "1.6", "0.13". */
const char *figure_times(double ratio, char out[FIGURE_MAX]);
/* "$", or "CHF " if the sign would be ambiguous. */
const char *figure_sign(const struct statement *s, char out[FIGURE_MAX]);
/* GPU-ns as hours, with figure_hour_places decimals: few for many hours. */
const char *figure_hours(int128 ns, int places, char out[FIGURE_MAX]);
int figure_hour_places(const struct statement *s);

#endif
