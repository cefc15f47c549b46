/* table.h: the page of the table rendering, and its parts. Private to report/renderings/. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "report/renderings/grid.h"

/* Longer names are truncated in tables; JSON has them whole. */
#define LABEL_COLUMNS 64
#define LABEL_MAX (LABEL_COLUMNS * 12)

struct page {
	const struct statement *s;
	const struct rendering_options *r;
	FILE *out;
	int table_width; /* in files and pipes, one line per row, with full names */
	char currency[16];
};

/* A name from a log, printable and short; "(none)" for none. */
const char *table_label(struct text t, char out[LABEL_MAX]);
/* A paragraph at the page's width; lines after the first are indented. */
void table_paragraph(const struct page *p, const char *text, int indent);
/* Bytes from outside, made printable, as a paragraph. */
void table_say(const struct page *p, const char *lead, const char *bytes);
void table_heading(const struct page *p, const char *text);

/* table_screen.c: subject, period and cost; parts, levers, evidence, rows; and last the unit costs. */
void table_screen_body(const struct page *p);

/* table_evidence.c: what the figures rest on, and what was wrong with the input. */
void table_evidence(const struct page *p);
void table_quality(const struct page *p);

/* table_side.c: classes of service, energy, cost by position and by rule, if there are such figures. */
/* Payments to vendors at list price, next to GPU costs or alone. */
void table_bought(const struct page *p);
void table_bought_rows(const struct page *p, const struct table *t, const enum by_key *by, size_t count);
/* An hour in a row; the head of the table names the zone. */
const char *table_hour(const struct statement *s, const struct row *row, char buffer[KEY_TEXT_MAX]);
void table_services(const struct page *p);
void table_energy(const struct page *p);
void table_positions(const struct page *p);
void table_rules(const struct page *p);

/* table_adjustments.c: changes to closed periods by later evidence, if any. */
void table_adjustments(const struct page *p);

#endif
