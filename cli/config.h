/* config.h: the configuration of tollbook nightly (schemas/config.schema.json). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/cli.h"

/* Logs of one kind: a pattern of paths, and what they do not say themselves. */
struct config_logs {
	const char *path; /* a glob; %Y %m %d stand for digits of a date */
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
	const char *tenant_key; /* a file; NULL: tenants by their names */
	struct list prices, matches;
	struct config_logs *logs;
	size_t log_count;
	struct config_report *reports;
	size_t report_count;
	int64_t settle_hours;
	char *kept[512]; /* all texts, to be freed */
	size_t kept_count;
};

/* Reads and checks it. Paths are seen from its folder. ERROR_CONFIG: "file:line:column: what, expected what". */
int config_read(struct config *c, const char *path, struct fault *why);
void config_release(struct config *c);

#endif
