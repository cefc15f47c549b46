#include "report/renderings/grid.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

void grid_init(struct grid *g, const char *const *headers, size_t columns, size_t labels) {
	assert(columns <= GRID_COLUMNS_MAX && labels <= columns);
	*g = (struct grid){.columns = columns, .labels = labels};
	for (size_t i = 0; i < columns; i++) {
		g->headers[i] = headers[i];
	}
}

void grid_release(struct grid *g) {
	for (size_t i = 0; i < g->count; i++) {
		free(g->cells[i]);
	}
	free(g->cells);
}

void grid_add(struct grid *g, const char *text) {
	size_t size = strlen(text) + 1;

	g->cells = must_grow_by_count(g->cells, g->count, sizeof *g->cells);
	g->cells[g->count] = must_alloc(size);
	memcpy(g->cells[g->count++], text, size);
}

void grid_addf(struct grid *g, const char *format, ...) {
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	grid_add(g, text);
}

void grid_span(struct grid *g, const char *text) {
	char marked[512];

	snprintf(marked, sizeof marked, "%c%s", GRID_SPAN, text);
	grid_add(g, marked);
	for (size_t i = 1; i < g->columns; i++) {
		grid_add(g, "");
	}
}

static bool is_span(const char *const *row) {
	return row[0][0] == GRID_SPAN;
}

static size_t column_width(const struct grid *g, size_t column) {
	size_t width = printable_width(g->headers[column]);
	for (size_t i = column; i < g->count; i += g->columns) {
		size_t cell = is_span((const char *const *)&g->cells[i - column]) ? 0 : printable_width(g->cells[i]);
		width = cell > width ? cell : width;
	}
	return width;
}

/* The bytes of the first `width` characters. */
static int bytes_of(const char *text, size_t width) {
	size_t at = 0;
	for (size_t seen = 0; text[at]; at++) {
		seen += ((unsigned char)text[at] >> 6) != 2;
		if (seen > width) {
			break;
		}
	}
	return (int)at;
}

/* A name that is too long, without its middle, as names differ at both ends. */
static void put_short(FILE *out, const char *text, size_t width) {
	size_t tail = (width - 1) / 2, head = width - 1 - tail, all = printable_width(text);

	fprintf(out, "%.*s…%s", bytes_of(text, head), text, text + bytes_of(text, all - tail));
}

static void put_cell(FILE *out, const char *text, size_t width, bool left, bool last) {
	if (printable_width(text) > width) {
		put_short(out, text, width);
		fputs(last ? "\n" : "  ", out);
		return;
	}
	int pad = (int)(width - printable_width(text));
	if (left) {
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	} else {
		fprintf(out, "%*s%s", pad, "", text);
	}
	fputs(last ? "\n" : "  ", out);
}

static void print_line(const struct grid *g, const char *const *cells, const size_t *widths, FILE *out) {
	size_t count = g->columns;
	while (count > 1 && !cells[count - 1][0]) {
		count--; /* no blanks at the end of a line */
	}
	for (size_t i = 0; i < count; i++) {
		put_cell(out, cells[i], widths[i], i < g->labels, i + 1 == count);
	}
}

/* Prints labels side by side, or one below the other. */
static void print_labels(const struct grid *g, const char *const *cells, size_t width, FILE *out) {
	size_t column = 0;
	for (size_t i = 0; i < g->labels; i++) {
		size_t len = printable_width(cells[i]);
		if (len == 0 && column > 0) {
			continue; /* no blanks at the end of a line */
		}
		bool breaks = column > 0 && column + 2 + len > width;
		if (column > 0) {
			fputs(breaks ? "\n" : "  ", out);
		}
		fputs(cells[i], out);
		column = breaks || column == 0 ? len : column + 2 + len;
	}
	fputc('\n', out);
}

/* One row as a paragraph. */
static void print_paragraph(const struct grid *g, const char *const *cells, size_t width, FILE *out) {
	size_t widest = 0;
	for (size_t i = g->labels; i < g->columns; i++) {
		size_t header = printable_width(g->headers[i]);
		widest = header > widest ? header : widest;
	}
	print_labels(g, cells, width, out);
	for (size_t i = g->labels; i < g->columns; i++) {
		if (cells[i][0]) {
			fprintf(out, "  %s%*s  %s\n", g->headers[i], (int)(widest - printable_width(g->headers[i])), "",
				cells[i]);
		}
	}
}

/* Names are truncated before rows are broken up, the longest first. Returns the width of a line. */
static size_t narrow(const struct grid *g, size_t *widths, size_t total, size_t width) {
	while (total > width) {
		size_t widest = 0;
		for (size_t i = 1; i < g->labels; i++) {
			widest = widths[i] > widths[widest] ? i : widest;
		}
		if (g->labels == 0 || widths[widest] <= GRID_LABEL_MIN) {
			break;
		}
		widths[widest]--;
		total--;
	}
	return total;
}

void grid_print(const struct grid *g, int width, FILE *out) {
	size_t widths[GRID_COLUMNS_MAX], total = 2 * (g->columns - 1);

	assert(g->count % g->columns == 0);
	for (size_t i = 0; i < g->columns; i++) {
		widths[i] = column_width(g, i);
		total += widths[i];
	}
	bool fits = narrow(g, widths, total, (size_t)width) <= (size_t)width;
	if (fits) {
		print_line(g, (const char *const *)g->headers, widths, out);
	}
	for (size_t i = 0; i < g->count; i += g->columns) {
		const char *const *row = (const char *const *)&g->cells[i];
		if (is_span(row)) {
			fprintf(out, "%s\n", row[0] + 1);
		} else if (fits) {
			print_line(g, row, widths, out);
		} else {
			print_paragraph(g, row, (size_t)width, out);
		}
	}
}

/* ---- figures ---- */

/* Copies a number, with a comma before every third digit of its whole part. */
static const char *set_apart(const char *number, char out[FIGURE_MAX]) {
	size_t sign = number[0] == '-', digits = strspn(number + sign, "0123456789"), at = 0;

	if (sign) {
		out[at++] = '-';
	}
	for (size_t i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 3 == 0) {
			out[at++] = ',';
		}
		out[at++] = number[sign + i];
	}
	snprintf(out + at, FIGURE_MAX - at, "%s", number + sign + digits);
	return out;
}

const char *figure_count(int64_t n, char out[FIGURE_MAX]) {
	char number[32];
	snprintf(number, sizeof number, "%lld", (long long)n);
	return set_apart(number, out);
}

const char *figure_compact(int64_t n, int64_t largest, char out[FIGURE_MAX]) {
	int64_t unit = largest < 100000 ? 1 : largest < 100000000 ? 1000 : 1000000;
	if (unit == 1 || n == 0) {
		return figure_count(n, out);
	}
	int64_t tenths = (int64_t)exact_div((int128)n * 10, unit);
	char whole[FIGURE_MAX];
	char letter = unit == 1000 ? 'k' : 'M';
	if (tenths == 0) {
		snprintf(out, FIGURE_MAX, "<0.1%c", letter);
	} else {
		snprintf(out, FIGURE_MAX, "%s.%d%c", figure_count(tenths / 10, whole), (int)(tenths % 10), letter);
	}
	return out;
}

const char *figure_money(int128 nano, int places, char out[FIGURE_MAX]) {
	char number[DECIMAL_TEXT_MAX];
	return set_apart(decimal_format(nano, places, number), out);
}

int figure_places(int128 largest_nano) {
	int128 size = largest_nano < 0 ? -largest_nano : largest_nano;
	int places = 2;
	for (int64_t limit = 100 * NANO; size < limit && places < 9; limit /= 10) {
		places++;
	}
	return size == 0 ? 2 : places;
}

const char *figure_percent(int128 part, int128 whole, char out[FIGURE_MAX]) {
	int128 nano = whole != 0 ? exact_div(part * 1000, whole < 0 ? -whole : whole) * (NANO / 10) : 0;
	if (whole == 0 || nano > INT64_MAX || nano < INT64_MIN) {
		snprintf(out, FIGURE_MAX, "–");
		return out;
	}
	char number[FIGURE_MAX];
	decimal_format(nano, 1, number);
	set_apart(number, out);
	size_t len = strlen(out);
	snprintf(out + len, FIGURE_MAX - len, " %%");
	return out;
}

static int128 hours_nano(int128 ns) {
	return exact_div(ns, NS_PER_HOUR / NANO);
}

const char *figure_hours(int128 ns, int places, char out[FIGURE_MAX]) {
	return figure_money(hours_nano(ns), places, out);
}

int figure_hour_places(const struct statement *s) {
	return figure_places(hours_nano(s->total.capacity_ns));
}

static int64_t smallest_unit(const struct statement *s) {
	int64_t least = INT64_MAX;
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		for (int k = 0; k < TOKEN_KINDS; k++) {
			least = b->unit[k].known && b->unit[k].busy_nano > 0 && b->unit[k].busy_nano < least
				    ? b->unit[k].busy_nano
				    : least;
		}
	}
	return least == INT64_MAX ? NANO : least;
}

int figure_unit_places(const struct statement *s) {
	int places = figure_places(smallest_unit(s)) - 2;
	return places < 2 ? 2 : places;
}

static int64_t size_of(int64_t nano) {
	return nano < 0 ? -nano : nano;
}

/* Decimals needed for the first `digits` digits of an amount below 1. */
static int places_below(int64_t nano, int digits) {
	int places = digits;

	for (int64_t limit = NANO / 10; size_of(nano) < limit && places < 9; limit /= 10) {
		places++;
	}
	return nano == 0 ? 2 : places < 9 ? places : 9;
}

const char *figure_sum(int64_t nano, char out[FIGURE_MAX]) {
	int64_t size = size_of(nano);
	return figure_money(nano, size >= 1000 * NANO ? 0 : size >= NANO ? 2 : places_below(nano, 2), out);
}

const char *figure_unit(int64_t nano, char out[FIGURE_MAX]) {
	int64_t size = size_of(nano);
	return figure_money(nano, size >= 100 * NANO ? 0 : size >= 10 * NANO ? 1 : size >= NANO ? 2 : places_below(nano, 3), out);
}

const char *figure_times(double ratio, char out[FIGURE_MAX]) {
	if (ratio < 9.95) {
		snprintf(out, FIGURE_MAX, "%.*f", ratio < 0.0995 ? 3 : ratio < 0.995 ? 2 : 1, ratio);
		return out;
	}
	return figure_count(ratio < 1e18 ? (int64_t)(ratio + 0.5) : INT64_MAX, out);
}

const char *figure_sign(const struct statement *s, char out[FIGURE_MAX]) {
	static const char *const signs[][2] = {{"USD", "$"}, {"EUR", "€"}, {"GBP", "£"}, {"INR", "₹"}, {"KRW", "₩"}};
	char code[16];
	size_t len = 0;

	for (const char *c = s->options.currency ? s->options.currency : ""; *c && len + 1 < sizeof code; c++) {
		if (isalnum((unsigned char)*c)) {
			code[len++] = *c;
		}
	}
	code[len] = '\0';
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		if (strcmp(code, signs[i][0]) == 0) {
			snprintf(out, FIGURE_MAX, "%.8s", signs[i][1]);
			return out;
		}
	}
	snprintf(out, FIGURE_MAX, "%s%s", code, code[0] ? " " : "");
	return out;
}
