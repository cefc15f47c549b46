/* renderings.h: shared by renderings. Private to report/. */
#ifndef REPORT_RENDERINGS_H
#define REPORT_RENDERINGS_H

#include "core/decimal.h"
#include "core/terminal.h"
#include "report/statement.h"

/* Writes to `out`; the caller checks the stream for errors, once. */
typedef void render_function(const struct statement *s, const struct rendering_options *r, FILE *out);

render_function render_table, render_json, render_jsonl, render_csv, render_prometheus, render_journal, render_focus,
    render_html, render_beancount, render_markdown;

/* JSON, shared by json and jsonl: the members of a BLOCK; a row with its keys. */
void json_put_block(FILE *out, const struct block *b);
void json_put_row(FILE *out, const struct statement *s, const struct row *row, const enum by_key *by, size_t count);
/* The i-th position, rule, adjustment or service of a statement, as an object. */
typedef void json_item(FILE *out, const struct statement *s, size_t i);
/* ,"roofline": {…}; nothing if no step's arithmetic is known. */
void json_put_curve(FILE *out, const struct statement *s, size_t i);
void json_put_roofline(FILE *out, const struct roofline_picture *r);
json_item json_put_position, json_put_batch, json_put_rule, json_put_adjustment, json_put_service;

/*
 * Lines by model and tenant, one hour, day or month of --by after the other, or the whole period if --by does not
 * have both a time and the tenant (`timed` false).
 */
const struct table *lines_of(const struct statement *s, bool *timed);
/* The number of lines from `from` on with the same time, and their total cost. */
size_t lines_together(const struct table *lines, size_t from, bool timed, int64_t *nano);
/* The civil date of the time (in the zone of --tz) or of the start of the period. */
const char *lines_date(const struct statement *s, const struct row *row, bool timed, char out[32]);

/*
 * The rows of a table in the order of the options, as indices, at most `top`; the caller frees. Rows by time keep
 * their order, unless another one is requested; unallocated cost is last.
 */
size_t *rows_in_order(const struct rendering_options *r, const struct table *t, const enum by_key *by, size_t by_count,
                      size_t *count);

/* Adjustments as lines by model and tenant, in their order; the caller frees rows. */
struct table adjusted_lines(const struct statement *s);
/* The number of adjustments from `from` on posted by one run, on one day, for one period; their total cost. */
size_t adjusted_together(const struct statement *s, size_t from, int64_t *nano);

/* The currency for plain-text accounting, capitals only; "XXX" if nothing remains. */
void currency_put(FILE *out, const struct statement *s);

/* Names of kinds in all renderings. */
extern const char *const kind_names[ENTRY_KINDS]; /* "input", … as in the ledger */
extern const char *const token_kind_names[TOKEN_KINDS]; /* "input_uncached", … as in the contract */
extern const char *const grade_names[GRADES];
extern const char *const grade_titles[GRADES]; /* description of a grade's evidence */

/* The parts of the identity, in order: prefill (both input kinds), decode, other, idle, unobserved. */
#define PARTS 5
extern const char *const part_names[PARTS];
int128 part_ns(const struct block *b, int part);
int64_t part_nano(const struct block *b, int part);
int64_t part_mj(const struct block *b, int part);
static inline double part_share(int128 part, int128 whole) {
	return whole > 0 ? (double)part / (double)whole : 0;
}
/* Millijoules as nano-units of a watt-hour, rounded half to even. */
int64_t wh_nano(int64_t mj);

#endif
