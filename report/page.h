/*
 * page.h: building blocks of pages other than a statement's, in the same frame: figures with all their digits,
 * tables, plots, waterfalls. Public to report/ and inspect/. HTML written by a caller itself may contain outside text
 * only through page_text.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A link of the header: the id of a section, and its name. The last one has no id. */
struct page_link {
	const char *id, *name;
};

/*
 * From doctype to the header: the title of the file; the page's subject, bold and then dim (NULL: none); its
 * sections.
 */
void page_open(FILE *out, const char *title, const char *about, const char *dim, const struct page_link *links);
/* The footer: the command that makes the page. */
void page_close(FILE *out, const char *foot);

/* Text from outside, escaped. */
void page_text(FILE *out, const char *s);
/* A figure as <data> with all the digits of the JSON. */
void page_figure(FILE *out, double exact, const char *shown);
/* Money with its sign, minus as U+2212: a sum, a signed change; in units of the currency a list price, and a unit cost of three digits. */
void page_sum(FILE *out, const char *currency, int64_t nano);
void page_change(FILE *out, const char *currency, int64_t nano);
void page_price(FILE *out, const char *currency, double amount);
void page_unit(FILE *out, const char *currency, double amount);
/* Such a unit cost without its sign, for tables. */
#define PAGE_FIGURE_MAX 64
const char *page_unit_figure(double amount, char out[PAGE_FIGURE_MAX]);
/* "$", or "CHF ". */
const char *page_sign(const char *currency, char out[PAGE_FIGURE_MAX]);

/* A section with its heading, and a line on what it shows (NULL: none); as a card, or on the page's background. */
void page_card(FILE *out, const char *id, const char *title, const char *what);
void page_section(FILE *out, const char *id, const char *title, const char *what);
void page_section_end(FILE *out);

/*
 * A table of figures; heads with a leading "<" are of text, and left-aligned; `sum`: the column that a filter sums,
 * or -1.
 */
void page_table(FILE *out, const char *id, const char *label, const char *const *heads, size_t count, int sum);
void page_table_foot(FILE *out); /* the next row is the sum */
void page_table_end(FILE *out);
/* A cell: a figure (not finite: `shown` alone, dim), or text. A class may be NULL. */
void page_cell(FILE *out, double exact, const char *shown, const char *class);
void page_money_cell(FILE *out, int64_t nano, int places, bool change, const char *class);
void page_count_cell(FILE *out, int64_t n);
void page_text_cell(FILE *out, const char *s);

/* ---- plots ---- */

struct page_axis {
	double low, high;         /* range, once fitted; whole decades if logarithmic */
	bool log;
	const char *name, *prefix, *suffix; /* of its labels */
};

enum page_form { PAGE_LINE, PAGE_POINTS, PAGE_BOTH };
/* x and y of `count` points; a gap where one is not finite, or not greater than 0 on a logarithmic axis. */
struct page_curve {
	const char *class; /* "in", "out", "cac", "dash", "mix" */
	const char *name;  /* at its end; NULL: none */
	const double *x, *y;
	const double *radius;        /* of its points, in pixels; NULL: all 4 */
	const char *const *labels;   /* of its points; NULL: none */
	bool square;                 /* in place of round: not by colour alone */
	bool plain;                  /* points are too many for words at each */
	size_t count;
	enum page_form form;
};

struct page_plot {
	const char *says; /* alternative text */
	struct page_axis x, y;
	const struct page_curve *curves;
	size_t count;
	int height;
};
#define PAGE_CURVES_MAX 12
/* Axes with equal ends are fitted to the curves. */
void page_plot(FILE *out, const struct page_plot *p);

/* ---- a waterfall ---- */

struct page_step {
	const char *name, *what;
	int64_t nano;
};
#define PAGE_STEPS_MAX 12
/* From `before` over the steps, which sum to the difference, to `after`. A separate card. */
struct page_fall {
	const char *id, *title, *says;
	struct page_step before, after;
	const struct page_step *steps;
	size_t count;
};
void page_fall(FILE *out, const char *currency, const struct page_fall *f);

#endif
