/* config.h: the configuration of tollbook nightly (schemas/config.schema.json). */
#ifndef BOOK_CONFIG_H
#define BOOK_CONFIG_H

#include "book/settings.h"

/* Logs of one kind: a pattern of paths, and values that they do not contain themselves. */
struct config_logs {
	const char *path; /* a glob; %Y %m %d represent digits of a date */
	const char *model, *replica, *tenant, *log_zone, *log_format;
};

/* A statement to be written at the end of a night. */
struct config_report {
	const char *output; /* %Y %m %d: of the period's first day */
	const char *format, *by, *tz;
	const char *period; /* "all", "month", "previous-month", "day" (yesterday) */
	bool idle_proportional;
};

struct config {
	const char *book, *fleet, *gpu_hour, *rule, *metrics;
	const char *gpus_file;  /* another GPU catalogue; NULL: the built-in one */
	const char *tenant_key; /* a file; NULL: names of tenants are not aliased */
	struct list prices, matches, no_evidence;
	int64_t gpus;
	struct config_logs *logs;
	size_t log_count;
	struct config_report *reports;
	size_t report_count;
	int64_t settle_hours;
	int64_t records_days; /* retention: this long after the end of their closed period; -1: for ever */
	char *kept[512]; /* all texts, to be freed */
	size_t kept_count;
};

/* Reads and checks it. Paths are relative to its folder. ERROR_CONFIG: "file:line:column: what, expected what". */
int config_read(struct config *c, const char *path, struct fault *why);
void config_release(struct config *c);

/* Its settings, like those of options. Texts are the configuration's. */
int config_set_options(const struct config *c, struct book_settings *s, struct fault *why);

/* The existing logs, and the configuration of each. */
struct config_found {
	struct ingest_source *sources;
	const struct config_logs **of; /* one per source: its place */
	size_t count, room;
	struct zone **zones;
	size_t zone_count;
	char **paths;
};
/*
 * The logs of a period: if a path has a date, from the day before the period to the day after it, for requests that
 * cross midnight. INT64_MIN, INT64_MAX: those of any date. A pattern without a log is a warning.
 */
int config_find_logs(struct config_found *f, const struct config *c, int64_t from_ns, int64_t to_ns, struct quality *q,
                     struct fault *why);
void config_logs_release(struct config_found *f);

#endif
