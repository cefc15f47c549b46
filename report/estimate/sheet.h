/* sheet.h: figures with the formulas they came from, printed as lines or as JSON. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_SHEET_H
#define REPORT_ESTIMATE_SHEET_H

#include <stdbool.h>
#include <stdio.h>

struct sheet_line {
	const char *key;   /* in JSON */
	const char *label; /* for people */
	const char *unit;
	double value;      /* NAN: not known, left out */
	double low, high;  /* 95 % of measurements; 0: not known */
	int places;        /* decimals shown */
	bool detail;       /* printed with -v only */
	char formula[200]; /* with its figures filled in */
};

struct sheet {
	struct sheet_line lines[96];
	int count;
};

/* Adds a figure; the formula is a printf format. Exceeding the maximum is a programming error. */
struct sheet_line *sheet_add(struct sheet *s, const char *key, const char *label, double value, int places,
                             const char *unit, const char *formula, ...) __attribute__((format(printf, 7, 8)));

/* The factor that bounds 95 % of measurements, as a natural logarithm. */
void sheet_bound(struct sheet_line *l, double spread);

void sheet_print(const struct sheet *s, bool verbose, FILE *out);
/* "values": [ … ] without the enclosing JSON. */
void sheet_json(const struct sheet *s, FILE *out);

/* As rows of CSV under a header, and as a table of Markdown. */
void sheet_csv(const struct sheet *s, FILE *out);
void sheet_markdown(const struct sheet *s, FILE *out);
/* As a field: all digits, or empty. */
void sheet_csv_number(double x, FILE *out);

/* A number with thousands separators ("1,048,576.25"), "never" for infinity, "-" for NAN. Returns `out`. */
#define SHEET_NUMBER_MAX 64
const char *sheet_number(double x, int places, char out[SHEET_NUMBER_MAX]);

/* As a JSON number with enough digits to compare, or null. */
void sheet_json_number(double x, FILE *out);

/* Text as a JSON string with its quotes. */
void sheet_json_text(const char *s, FILE *out);

#endif
