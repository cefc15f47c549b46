/*
 * settings.h: what is asked of work on logs and on a book. The command line fills it from options, a night from its
 * configuration, a task of a plan from plan.jsonl.
 *
 * The functions turn settings into the inputs of the stages. They return 0, or a negative error with the fault set.
 */
#ifndef BOOK_SETTINGS_H
#define BOOK_SETTINGS_H

#include "attribute/attribute.h"
#include "core/error.h"
#include "core/terminal.h"
#include "ingest/ingest.h"
#include "report/report.h"

/* Texts that may be given repeatedly. */
struct list {
	const char **at;
	size_t count;
};
void list_add(struct list *l, const char *text);

/* The keys of the rows of a statement. */
struct by {
	enum by_key key[BY_KEYS];
	size_t count;
	bool position; /* cost by position in the context, a separate table */
};

/* All texts are the caller's; NULL: not given. */
struct book_settings {
	/* What was paid; one of the two is needed for costs. */
	const char *fleet;     /* path of the fleet file */
	int64_t gpu_hour_nano; /* instead: price of a GPU-hour, nano-units; -1: not given */
	const char *gpus_file; /* another GPU catalogue; NULL: the built-in one */
	int64_t gpus;          /* for it: GPUs per replica; 0: as logs state, else one */
	struct list same, different; /* "A=B": names of one server, of two */
	/* How time is split. */
	int rule;                  /* enum rule: how a mixed step is split */
	bool compare_rules;        /* also compare other rules */
	const char *requests;      /* also write the cost of each request there */
	const char *model_report;  /* also write the step models there */
	/* List prices. */
	struct list prices, list; /* paths of catalogues; "NAME=MODEL" */
	/* The period. */
	const char *from, *to; /* instants, or dates in the zone `tz`; NULL: from the first, to the last evidence */
	const char *tz;        /* zone of days, months and bare dates; NULL: UTC */
	/* The statement. */
	struct by by;            /* its rows */
	const char *format;      /* name of the rendering */
	bool one_format;         /* the statement is not rendered in any other */
	int focus_version;       /* enum focus_version: of the rendering focus */
	int sort;                /* enum row_order: of rows for people */
	int64_t top;             /* maximum number of rows; 0: all */
	const char *level;       /* of CSV: total, model, tenant, row or adjustment alone; NULL: all */
	bool idle_proportional;  /* shared cost is allocated to models and tenants, in proportion to work */
	const char *output;      /* path; NULL: the terminal's `out` */
	/* How logs are read. */
	struct list logs;                  /* files, directories, "-" */
	const char *model, *replica, *tenant; /* for logs that do not name theirs */
	const char *tenant_key;            /* path of the key of tenants' aliases */
	const char *log_zone;              /* zone of timestamps without one */
	const char *log_format, *pattern;  /* a forced format; the file of patterns */
	const char *quarantine;            /* rejected lines are written there */
	struct list no_evidence;           /* globs of files known to contain no evidence */
	int64_t log_year, threads, max_line_bytes, max_ratio; /* 0: not given */
	/* The book. */
	const char *book; /* path of its folder, or a server; NULL: "book" */
};

/* Nanoseconds since 1970 by the clock, or by TOLLBOOK_NOW for tests. */
int64_t book_now_ns(void);

/* Is either a fleet or a price of GPU-hours given? And the error if one is needed. */
bool settings_have_rate(const struct book_settings *s);
int settings_no_rate(struct fault *why);
/* Adds the pairs of --same and --different to a fleet. */
int settings_add_pairs(struct fleet *f, const struct book_settings *s, struct fault *why);
int settings_fleet(const struct book_settings *s, struct names *names, struct fleet **out, struct fault *why);

/* The rule of this name; false: there is none. */
bool settings_rule(struct book_settings *s, const char *name);

/* What a replica runs on, for estimates; false: no pool matches. */
bool settings_cards_of(const struct fleet *f, struct names *names, name_id replica, name_id model, int64_t at_ns,
                       struct estimate_cards *out);

/* The given catalogues; without any, the installed one, or NULL. The caller frees. */
int settings_prices_or_installed(const struct book_settings *s, struct prices **out, struct fault *why);
int settings_prices(const struct book_settings *s, struct prices **out, struct fault *why);

/* The zone of an option ("tz", "log-zone"); NULL if it was not given. The caller frees. */
int settings_zone(const char *option, const char *name, struct zone **out, struct fault *why);

/* Bare dates are in `tz`; INT64_MIN and INT64_MAX if not given. */
int settings_period(const struct book_settings *s, const struct zone *tz, int64_t *from_ns, int64_t *to_ns, struct fault *why);

/* NULL if it was not given. Warns if others can read it. The caller frees. */
int settings_tenant_key(const struct book_settings *s, const struct terminal *t, struct tenant_key **out, struct fault *why);

/* Keys, comma-separated. ERROR_CONFIG: "is not one of …". */
int settings_by(struct by *out, const char *keys, struct fault *why);

/* The logs, and how to read them. */
struct logs {
	struct ingest_source *sources;
	struct zone *zone;
	struct ingest_patterns *patterns;
	struct tenant_key *tenant_key;
	struct ingest_options options;
};
int settings_logs(const struct book_settings *s, const struct terminal *t, struct logs *out, struct fault *why);
void logs_release(struct logs *l);

/* The options of a statement, except its period, and those of a fleet (NULL: none). */
struct report_options settings_report(const struct book_settings *s, struct names *names, struct prices *prices,
                                      const struct zone *tz, const struct fleet *fleet);

/* Renders to `output`, or to the terminal's `out`; a reader that closed the pipe is not an error. */
int settings_write(const struct book_settings *s, const struct terminal *t, const struct statement *of, struct fault *why);

#endif
