/* config_logs.c: from the configuration of a night to settings and existing logs. */
#include <glob.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/config.h"
#include "core/decimal.h"
#include "core/instant.h"

#define PATTERN_MAX 8192

int config_set_options(const struct config *c, struct book_settings *s, struct fault *why) {
	s->book = s->book ? s->book : c->book;
	s->tenant_key = c->tenant_key;
	s->fleet = c->fleet;
	s->gpus_file = c->gpus_file;
	if (c->rule) {
		(void)settings_rule(s, c->rule); /* config.c accepts no other word */
	}
	if (c->gpu_hour && (!decimal_parse(text_of(c->gpu_hour), 0, &s->gpu_hour_nano) || s->gpu_hour_nano < 0)) {
		return fault_set(why, ERROR_CONFIG, "\"gpu_hour\" is %s, expected a price such as \"2.49\"", c->gpu_hour);
	}
	for (size_t i = 0; i < c->prices.count; i++) {
		list_add(&s->prices, c->prices.at[i]);
	}
	s->gpus = c->gpus;
	for (size_t i = 0; i < c->no_evidence.count; i++) {
		list_add(&s->no_evidence, c->no_evidence.at[i]);
	}
	for (size_t i = 0; i < c->matches.count; i++) {
		list_add(&s->list, c->matches.at[i]);
	}
	return 0;
}

/* ---- dates in paths ---- */

/* "%Y-%m-%d" in a path of logs represents a day, or any day (NULL). */
static void date_pattern(const char *path, const struct civil *day, char *out, size_t size) {
	static const char *const any = "[0-9][0-9][0-9][0-9]";
	size_t n = 0;

	for (; *path && n + 24 < size; path++) {
		char letter = path[0] == '%' ? path[1] : '\0';
		int value = !day ? -1 : letter == 'Y' ? day->year : letter == 'm' ? day->month : letter == 'd' ? day->day : -1;
		if (letter == '\0' || !strchr("YmdH", letter)) {
			out[n++] = *path;
			continue;
		}
		n += (size_t)(value >= 0 ? snprintf(out + n, size - n, letter == 'Y' ? "%04d" : "%02d", value)
		                         : snprintf(out + n, size - n, "%.*s", letter == 'Y' ? 20 : 10, any));
		path++;
	}
	out[n] = '\0';
}

/* ---- files ---- */

static struct text text_or_empty(const char *s) {
	return s ? text_of(s) : T("");
}

static void add_log(struct config_found *f, const struct config_logs *l, const struct zone *zone, const char *path) {
	if (f->count == f->room) {
		f->room = f->room > 0 ? 2 * f->room : 64;
		f->sources = must_realloc(f->sources, f->room * sizeof *f->sources);
		f->of = must_realloc(f->of, f->room * sizeof *f->of);
		f->paths = must_realloc(f->paths, f->room * sizeof *f->paths);
	}
	size_t len = strlen(path) + 1;
	f->paths[f->count] = memcpy(must_alloc(len), path, len);
	f->of[f->count] = l;
	f->sources[f->count] = (struct ingest_source){
		.path = f->paths[f->count], .model = text_or_empty(l->model), .replica = text_or_empty(l->replica),
		.tenant = text_or_empty(l->tenant), .log_zone = zone, .log_format = l->log_format,
	};
	f->count++;
}

static void add_pattern(struct config_found *f, const struct config_logs *l, const struct zone *zone, const char *pattern) {
	glob_t found;
	int rc = glob(pattern, 0, NULL, &found);

	if (rc == GLOB_NOSPACE) {
		die_out_of_memory();
	}
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
		/* A pipe or a device that a pattern finds is not a log, and might block the night for ever. */
		struct stat st;
		if (stat(found.gl_pathv[i], &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
			continue;
		}
		add_log(f, l, zone, found.gl_pathv[i]);
	}
	globfree(&found);
}

/* Days with the same pattern, e.g. if it has only a month, are one. */
static void add_days(struct config_found *f, const struct config_logs *l, const struct zone *zone, int64_t from_ns, int64_t to_ns) {
	char pattern[PATTERN_MAX], last[PATTERN_MAX] = "";
	struct civil day;

	for (int64_t at = instant_floor(from_ns, NS_PER_DAY) - NS_PER_DAY; at < to_ns + NS_PER_DAY; at += NS_PER_DAY) {
		instant_to_civil(at, &day);
		date_pattern(l->path, &day, pattern, sizeof pattern);
		if (strcmp(pattern, last) != 0) {
			add_pattern(f, l, zone, pattern);
			memcpy(last, pattern, strlen(pattern) + 1);
		}
	}
}

static int add_logs(struct config_found *f, const struct config_logs *l, int64_t from_ns, int64_t to_ns, struct fault *why) {
	char pattern[PATTERN_MAX];
	struct zone *zone = l->log_zone ? zone_new(text_of(l->log_zone), why) : NULL;

	if (l->log_zone && !zone) {
		return ERROR_CONFIG;
	}
	f->zones[f->zone_count++] = zone;
	if (from_ns != INT64_MIN && to_ns != INT64_MAX) {
		add_days(f, l, zone, from_ns, to_ns);
		return 0;
	}
	date_pattern(l->path, NULL, pattern, sizeof pattern);
	add_pattern(f, l, zone, pattern);
	return 0;
}

/* Does the folder with the pattern's first wildcard exist? */
static bool has_folder(const char *pattern) {
	size_t len = strcspn(pattern, "*?[%");
	char folder[PATTERN_MAX];
	struct stat st;

	while (len > 0 && pattern[len - 1] != '/') {
		len--;
	}
	snprintf(folder, sizeof folder, "%.*s", len > 1 ? (int)len - 1 : (int)len, pattern);
	return len == 0 || (stat(folder, &st) == 0 && S_ISDIR(st.st_mode));
}

/* Without any log, or without the folder of some, a night must not look successful. */
static void say_no_log(const char *pattern, bool none_at_all, struct quality *q) {
	if (none_at_all || !has_folder(pattern)) {
		quality_finding(q, "no-log", pattern, NULL, QUALITY_NO_AMOUNT, "%s: no log found: the pattern matches "
									       "no file", pattern);
	} else {
		quality_warn(q, "%s: no log found", pattern);
	}
}

int config_find_logs(struct config_found *f, const struct config *c, int64_t from_ns, int64_t to_ns, struct quality *q,
                     struct fault *why) {
	bool *empty = must_calloc(c->log_count + 1, sizeof *empty);
	int rc = 0;

	f->zones = must_calloc(c->log_count, sizeof *f->zones);
	for (size_t i = 0; i < c->log_count && rc == 0; i++) {
		size_t before = f->count;
		rc = add_logs(f, &c->logs[i], from_ns, to_ns, why);
		empty[i] = f->count == before;
	}
	for (size_t i = 0; i < c->log_count && rc == 0; i++) {
		if (empty[i]) {
			say_no_log(c->logs[i].path, f->count == 0, q);
		}
	}
	free(empty);
	return rc;
}

void config_logs_release(struct config_found *f) {
	for (size_t i = 0; i < f->zone_count; i++) {
		zone_free(f->zones[i]);
	}
	for (size_t i = 0; i < f->count; i++) {
		free(f->paths[i]);
	}
	free(f->zones);
	free(f->paths);
	free(f->sources);
	free(f->of);
	*f = (struct config_found){0};
}
