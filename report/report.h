/* report.h: entries to statements. The only header of this stage that others may include. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdio.h>

#include "core/entry.h"
#include "core/error.h"
#include "core/exact.h"
#include "core/quality.h"
#include "core/zone.h"
#include "report/estimate.h"

/* ---- list prices ---- */

struct prices;

/*
 * An empty catalogue; then files are added, plain or gzip: genai-prices, models.dev, OpenRouter or LiteLLM JSON
 * as published, or the native schema. Errors as "file:line:column: what, expected what".
 */
struct prices *prices_new(void);
int prices_add_file(struct prices *p, const char *path, struct fault *why);
/*
 * The catalogue that comes with the program, or the one that `tollbook prices update` put in its place: used if none
 * is given. Then: is it that one, and of which day?
 */
int prices_add_installed(struct prices *p, struct fault *why);
bool prices_are_installed(const struct prices *p);
const char *prices_date(const struct prices *p);
/*
 * The same bytes for storage: those of the replacing file at this path, or (NULL) those within the program, which the
 * caller frees.
 */
const char *prices_installed_path(char *out, size_t size);
struct text prices_embedded(void);
/* The day of the i-th file, "" if it has none. */
const char *prices_date_of(const struct prices *p, size_t i);
/* A file again whose bytes a book kept, of this name and day ("": its own); they are freed. */
int prices_add_kept(struct prices *p, const char *path, const char *date, struct text bytes, struct fault *why);
void prices_set_installed(struct prices *p);
/* The path at which `tollbook prices update` puts a newer one; false without a home directory. */
bool prices_update_path(char *out, size_t size);
/* Once all files and matches are added: dated snapshots of one model become one history. */
void prices_join(struct prices *p);
/*
 * Did a vendor answer a request of this model, billed as in `billing` (billing.h)? Yes if the catalogue has its
 * price: a given catalogue under any name, the installed one under the names of its providers or of its own models.
 */
bool prices_is_vendors(const struct prices *p, struct text model, struct text billing);
/* The currency of all of its models; empty if they have several. */
struct text prices_currency(const struct prices *p);
/* The day on which the files added from now on were published ("2026-08-21"); else that of their last change. */
int prices_set_date(struct prices *p, const char *day, struct fault *why);
/*
 * --list NAME=MODEL, and the matches of a configuration: log model NAME has the price of catalogue MODEL ("id" or
 * "provider/id").
 */
int prices_add_match(struct prices *p, const char *name_equals_model, struct fault *why);
/*
 * Once all files and matches are added: does each match name one model with a price? ERROR_CONFIG lists the
 * candidates.
 */
int prices_check_matches(const struct prices *p, struct fault *why);
/* Writes everything that was read as one dated catalogue in the native schema, with its sources: `prices import`. */
void prices_write(const struct prices *p, FILE *out);
/* When prices change, over all models in the catalogue; NULL: never. */
struct price_cuts prices_cuts(const struct prices *p);
void prices_free(struct prices *p);

/* Prints what was read: files, their form and hash, numbers of models and prices, and unused parts. */
void prices_print_summary(const struct prices *p, FILE *out);
/* All models with `filter` in their name (NULL: all), with their prices at an instant. */
void prices_print_list(const struct prices *p, const char *filter, int64_t at_ns, FILE *out);
/* Prints the model for a log name, its rules, and which of them applies at an instant; 0, or ERROR_CONFIG if none. */
int prices_print_model(const struct prices *p, const char *name, int64_t at_ns, FILE *out, struct fault *why);
/* Prints models that only one of two catalogues has, or that they price differently. True if there are any. */
bool prices_print_diff(const struct prices *before, const struct prices *after, FILE *out);

/* ---- the statement ---- */

enum by_key { BY_HOUR, BY_DAY, BY_MONTH, BY_MODEL, BY_REPLICA, BY_POOL, BY_TENANT, BY_KEYS };
/* "hour", "day" …: the values of --by, and the keys of rows in JSON. */
extern const char *const by_key_names[BY_KEYS];
/* The finest of them that is a time; BY_KEYS if none is. */
enum by_key by_finest_time(const enum by_key *by, size_t count);

struct fleet;

struct report_options {
	const struct names *names;
	struct prices *prices; /* may be NULL */
	enum by_key by[BY_KEYS];
	size_t by_count;
	const struct zone *tz; /* for days and months; NULL: UTC */
	const char *tz_name;
	bool idle_proportional; /* --idle proportional */
	const char *currency;
	const char *rule;
	const char *version;
	const char *fleet_sha256; /* "" if there was no fleet file */
	const char *fleets_sha256; /* where books have different ones: all of them, separated by spaces; NULL, "": not */
	/* of the descriptions of models that it names, separated by spaces; NULL, "": none */
	const char *descriptions_sha256;
	int64_t from_ns, to_ns; /* the period shown */
	/* GPUs of a replica of a pool, "4" or "2/7", from the fleet; NULL, or false if not known. */
	bool (*replica_gpus)(const struct fleet *fleet, name_id pool, char *out, size_t size);
	const struct fleet *fleet; /* its context */
	const struct quality *stated; /* what logs state about replicas, known before the first entry; or NULL */
	const char *one_format; /* the only rendering that is wanted, so that what others need is not made; NULL: any */
	/* what is in memory as it is, not packed: cells, and rows of a table; 0: as many as usual */
	size_t cells_max, rows_max;
};

struct statement;

struct statement *statement_new(const struct report_options *o);
void statement_free(struct statement *s);
/* Does it need the replica of each entry? If not, they may be summed over replicas, except those at no known rate. */
bool statement_needs_replicas(struct statement *s);
/* An entry_sink. */
int statement_add_entry(void *statement, const struct entry *e);
/* A position_sink and a rule_sink: for the tables of cost by position and of rules side by side. */
int statement_add_position(void *statement, const struct position_row *row);
int statement_add_rule(void *statement, const struct rule_row *row);
/* a batch_sink: for the savings by full batches */
int statement_add_batch(void *statement, const struct batch_row *row);
/* Of the entries so far, prefill and decode. */
int128 statement_busy_ns(const struct statement *s);
int statement_add_curve(void *statement, const struct curve_row *row); /* a curve_sink: cost against load by the fitted model */
/* Steps of one cell under the roofline of the GPUs of a replica together (roof.h); rows add up. */
struct roof_row {
	name_id model, gpu;
	int64_t gpus, flop_s, byte_s; /* the peaks */
	int64_t kind, x, y, steps;
	int128 gpu_ns;
};
#define ROOF_ROW_KINDS 3 /* prefill, decode, mixed */
int statement_add_roof(void *statement, const struct roof_row *row);
/* All of a day as a ledger keeps them (BREAKDOWNS_PART): positions and rules only if they are wanted. */
int statement_add_breakdowns(struct statement *s, struct names *names, struct text lines, bool positions, bool rules);
/*
 * The same from the notes of tasks; `described`: models are, so that a roofline is expected, which tasks do not keep.
 * _rows: all of them; _notes: if the busy time of the entries so far is theirs, as tasks keep rows for all of their plan.
 */
int statement_add_rows(struct statement *s, struct names *names, struct quality *q, bool described, bool positions, bool rules);
int statement_add_notes(struct statement *s, struct names *names, struct quality *q, bool described, bool positions, bool rules);
/*
 * A change to a closed period by later evidence that counts in this period. It is printed next to the statement's own
 * figures, and is not included in them. The period's name must outlive the statement.
 */
struct report_adjustment {
	const char *period;  /* the closed one */
	int64_t run;         /* that posted it */
	int64_t posted_ns;   /* the day on which it counts */
	struct entry entry;  /* its amounts are differences, and may be negative */
};
int statement_add_adjustment(void *statement, const struct report_adjustment *a);
/*
 * The list prices in use by which entries made with `made_with` (NULL: without prices) are not divided: their number, and a
 * finding for each, unless `q` is NULL. After all entries.
 */
size_t statement_find_undivided(const struct statement *s, const struct prices *made_with, struct quality *q);
/*
 * A page made by other rooms, printed after the statement as a table and included as JSON under a key; other
 * renderings omit it. It must outlive the statement.
 */
struct statement_page {
	const char *key;
	const void *page;
	void (*print)(const void *page, FILE *out);
	void (*json)(const void *page, FILE *out);
};
#define STATEMENT_PAGES 2
void statement_attach(struct statement *s, const struct statement_page *p);
/*
 * After all entries: prices them, once (design.md 8), and checks that parts sum to capacity to the last unit. Refers
 * to `quality`, which must outlive it.
 */
int statement_finish(struct statement *s, struct quality *quality, struct fault *why);

/* Once finished: revenue of each model's tokens at list price. */
struct statement_revenue {
	struct text model;
	bool known, has_tokens;
	int64_t nano;
};
size_t statement_revenues(const struct statement *s);
void statement_revenue_at(const struct statement *s, size_t i, struct statement_revenue *out);

/* Tied out, and without findings? */
bool statement_has_findings(const struct statement *s);

/* Its totals. Unit costs are loaded, in nano-units per million tokens. */
struct statement_totals {
	int64_t requests, input_ntok, cached_ntok, output_ntok; /* input: not cached */
	int128 capacity_ns, busy_ns;
	int64_t capacity_nano;
	bool input_known, output_known; /* there are such tokens, at a known rate */
	int64_t input_nano, output_nano;
	int64_t output_busy_nano; /* of busy time only */
	int64_t idle_nano, unobserved_nano;
	bool margin_known;
	int64_t margin_nano;
	int128 unrated_ns; /* GPU time at no known rate: in no cost */
	bool has_bought;    /* there are requests that vendors answered */
	int64_t bought_nano; /* their list price */
};
struct statement_totals statement_totals(const struct statement *s);

/*
 * The rows of models or tenants with the highest cost, the largest first, at most `max`; returns the number of all
 * rows.
 */
struct statement_share {
	struct text name;
	int64_t nano;
};
size_t statement_largest(const struct statement *s, enum by_key key, struct statement_share *out, size_t max);

/* Versions of the FOCUS specification. */
enum focus_version { FOCUS_1_2, FOCUS_1_3, FOCUS_1_4, FOCUS_VERSIONS };
extern const char *const focus_version_names[FOCUS_VERSIONS]; /* "1.2" … */

/* How rows for people are ordered; by cost: the largest first, but rows by time in order. */
enum row_order { ROWS_BY_COST, ROWS_BY_KEY, ROWS_BY_TOKENS, ROWS_BY_MARGIN, ROW_ORDERS };
extern const char *const row_order_names[ROW_ORDERS];

struct rendering_options {
	int sort;    /* enum row_order */
	int64_t top; /* maximum of rows of a table; 0: all */
	const char *level; /* of CSV: only lines with this word in the column `table`; NULL: all */
	int focus_version; /* enum focus_version */
	bool color;
	int width; /* columns of a terminal, or 100 */
	int table_width; /* of tables, if they may be wider than text; 0: the same */
	bool screen; /* interactive terminal: short, with the answer last */
	int rows;    /* of that terminal; 0: not known */
	bool ascii;  /* bars without block characters */
	bool verbose;
};

/* Renders by the name of --format. ERROR_CONFIG if there is no such rendering. */
int statement_render(const struct statement *s, const char *format, const struct rendering_options *r, FILE *out,
		     struct fault *why);

enum diff_format { DIFF_TABLE, DIFF_CSV, DIFF_JSON, DIFF_HTML, DIFF_MARKDOWN, DIFF_FORMATS };
/*
 * What changed from one statement (a file of --format json) to another: the total cost, and that of each model, split
 * into volume, mix, efficiency, price and idle, which sum to the change exactly. As a table of `width` columns, as
 * CSV, as Markdown, as a page, or as JSON (tollbook.diff.v1). ERROR_CONFIG if it is not a statement.
 */
int statement_diff(const char *before, const char *after, enum diff_format format, int width, FILE *out, struct fault *why);

struct rendering_info {
	const char *name, *what;
};
const struct rendering_info *report_renderings(size_t *count);

#endif
