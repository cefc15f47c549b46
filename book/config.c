#include "book/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/files/files.h"
#include "core/json.h"
#include "ingest/ingest.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)
#define SETTLE_HOURS 36

struct reading {
	struct config *c;
	const struct json *json;
	struct text bytes;
	const char *path;
	struct fault *why;
};

static int wrong(const struct reading *r, json_at v, const char *what) {
	int line, column;

	text_place(r->bytes, json_offset(r->json, v), &line, &column);
	return fault_set(r->why, ERROR_CONFIG, "%s:%d:%d: %s", r->path, line, column, what);
}

static char *keep(struct reading *r, json_at at, char *s) {
	struct config *c = r->c;

	if (c->kept_count == sizeof c->kept / sizeof *c->kept) {
		free(s);
		wrong(r, at, "too many texts, expected at most 512");
		return NULL;
	}
	return c->kept[c->kept_count++] = s;
}

/* The type of a key's value. */
enum kind { WORD, PATH, FLAG, NUMBER };

struct key {
	const char *name;
	enum kind kind;
	size_t into;
	bool needed;
	const char *const *words; /* NULL: any */
};

static char *path_from(const char *config, struct text t) {
	const char *slash = strrchr(config, '/');
	bool from_here = t.len > 0 && t.at[0] != '/' && text_find(t, T("://")) == SIZE_MAX; /* a server is not a path */
	size_t folder = slash && from_here ? (size_t)(slash - config) + 1 : 0;
	char *s = must_alloc(folder + t.len + 1);

	memcpy(s, config, folder);
	memcpy(s + folder, t.at, t.len);
	s[folder + t.len] = '\0';
	return s;
}

static int read_text(struct reading *r, const struct key *k, json_at v, const char **out) {
	char buffer[4096], message[200];

	if (json_type(r->json, v) != JSON_STRING) {
		snprintf(message, sizeof message, "\"%s\" is not a string, expected a string", k->name);
		return wrong(r, v, message);
	}
	struct text t = json_string(r->json, v, buffer, sizeof buffer);
	*out = keep(r, v, path_from(k->kind == PATH ? r->path : "", t));
	if (!*out) {
		return ERROR_CONFIG;
	}
	for (size_t i = 0; k->words; i++) {
		if (!k->words[i]) {
			snprintf(message, sizeof message, "\"%s\" has an unknown value, expected for example %s; see "
							  "the schema", k->name,
			         k->words[0]);
			return wrong(r, v, message);
		}
		if (strcmp(k->words[i], *out) == 0) {
			break;
		}
	}
	return 0;
}

static int read_value(struct reading *r, const struct key *k, json_at v, char *base) {
	char message[200];

	switch (k->kind) {
	case FLAG:
		if (!json_bool(r->json, v, (bool *)(base + k->into))) {
			snprintf(message, sizeof message, "\"%s\" is not a boolean, expected true or false", k->name);
			return wrong(r, v, message);
		}
		return 0;
	case NUMBER:
		if (!json_i64(r->json, v, (int64_t *)(void *)(base + k->into)) || *(int64_t *)(void *)(base + k->into) < 0) {
			snprintf(message, sizeof message, "\"%s\" is not a whole number, expected 0 or more", k->name);
			return wrong(r, v, message);
		}
		return 0;
	default:
		return read_text(r, k, v, (const char **)(void *)(base + k->into));
	}
}

typedef int other_key(struct reading *r, struct text key, json_at v);

/* Keys of the configuration that hold more than one value. */
static const char *const list_keys[] = {"schema", "logs", "prices", "list", "no_evidence", "reports", "retention"};

static int unknown_key(struct reading *r, struct text name, json_at v, const struct key *keys, size_t count, bool lists) {
	char message[480];
	int n = snprintf(message, sizeof message, "unknown key \"%.*s\", expected one of", name.len < 60 ? (int)name.len : 60,
	                 name.at ? name.at : "");

	for (size_t i = 0; i < count; i++) {
		n += snprintf(message + n, sizeof message - (size_t)n, "%s%s", i > 0 ? ", " : " ", keys[i].name);
	}
	for (size_t i = 0; lists && i < sizeof list_keys / sizeof *list_keys; i++) {
		n += snprintf(message + n, sizeof message - (size_t)n, ", %s", list_keys[i]);
	}
	return wrong(r, v, message);
}

/* Reads all keys of an object by a table; others are passed to `other`, which returns 1 for known ones. */
static int read_object(struct reading *r, json_at object, const struct key *keys, size_t count, char *base,
                       other_key *other) {
	char message[200];
	int rc = 0;

	if (json_type(r->json, object) != JSON_OBJECT) {
		return wrong(r, object, "not an object, expected {…}");
	}
	for (json_at v = json_first(r->json, object); v != JSON_ABSENT && rc >= 0; v = json_next(r->json, v)) {
		struct text name = json_key(r->json, v);
		const struct key *k = NULL;
		if (text_eq(name, T("//"))) {
			continue; /* a comment */
		}
		if (json_get(r->json, object, name) != v) {
			snprintf(message, sizeof message, "\"%.*s\" appears twice, expected once", (int)(name.len < 40 ? name.len : 40), name.at);
			return wrong(r, v, message);
		}
		for (size_t i = 0; i < count; i++) {
			k = text_eq(name, text_of(keys[i].name)) ? &keys[i] : k;
		}
		rc = k ? read_value(r, k, v, base) : other ? other(r, name, v) : 0;
		if (rc == 0 && !k) {
			rc = unknown_key(r, name, v, keys, count, other != NULL);
		}
	}
	for (size_t i = 0; i < count && rc >= 0; i++) {
		if (keys[i].needed && json_get(r->json, object, text_of(keys[i].name)) == JSON_ABSENT) {
			snprintf(message, sizeof message, "\"%s\" is missing", keys[i].name);
			rc = wrong(r, object, message);
		}
	}
	return rc;
}

static int read_list(struct reading *r, json_at array, const struct key *k, struct list *out) {
	int rc = json_type(r->json, array) == JSON_ARRAY ? 0 : wrong(r, array, "not a list, expected […]");

	for (json_at v = json_first(r->json, array); rc == 0 && v != JSON_ABSENT; v = json_next(r->json, v)) {
		const char *s;
		rc = read_text(r, k, v, &s);
		if (rc == 0) {
			out->at = must_realloc(out->at, (out->count + 1) * sizeof *out->at);
			out->at[out->count++] = s;
		}
	}
	return rc;
}

#define LOGS(member) offsetof(struct config_logs, member)
static const struct key log_keys[] = {
	{"path", PATH, LOGS(path), true, NULL},           {"model", WORD, LOGS(model), false, NULL},
	{"replica", WORD, LOGS(replica), false, NULL},    {"tenant", WORD, LOGS(tenant), false, NULL},
	{"log_zone", WORD, LOGS(log_zone), false, NULL},  {"log_format", WORD, LOGS(log_format), false, NULL},
};
static const char *const periods[] = {"all", "month", "previous-month", "day", NULL};
#define REPORT(member) offsetof(struct config_report, member)
static const struct key report_keys[] = {
	{"output", PATH, REPORT(output), true, NULL},  {"format", WORD, REPORT(format), false, NULL},
	{"by", WORD, REPORT(by), false, NULL},         {"tz", WORD, REPORT(tz), false, NULL},
	{"period", WORD, REPORT(period), false, periods}, {"idle_proportional", FLAG, REPORT(idle_proportional), false, NULL},
};
#define CONFIG(member) offsetof(struct config, member)
static const char *const schemas[] = {"tollbook.config.v1", NULL};
static const struct key config_keys[] = {
	{"book", PATH, CONFIG(book), true, NULL},         {"fleet", PATH, CONFIG(fleet), false, NULL},
	{"gpu_hour", WORD, CONFIG(gpu_hour), false, NULL}, {"gpus", NUMBER, CONFIG(gpus), false, NULL},
	{"rule", WORD, CONFIG(rule), false, rule_names},
	{"gpus_file", PATH, CONFIG(gpus_file), false, NULL},
	{"tenant_key", PATH, CONFIG(tenant_key), false, NULL}, {"metrics", PATH, CONFIG(metrics), false, NULL},  {"settle_hours", NUMBER, CONFIG(settle_hours), false, NULL},
};

static const struct key retention_keys[] = {{"records_days", NUMBER, CONFIG(records_days), true, NULL}};

static int read_logs(struct reading *r, json_at array) {
	int rc = json_type(r->json, array) == JSON_ARRAY ? 0 : wrong(r, array, "\"logs\" is not a list, expected […]");

	r->c->logs = must_calloc((size_t)json_count(r->json, array) + 1, sizeof *r->c->logs);
	for (json_at v = json_first(r->json, array); rc >= 0 && v != JSON_ABSENT; v = json_next(r->json, v)) {
		rc = read_object(r, v, log_keys, sizeof log_keys / sizeof *log_keys, (char *)&r->c->logs[r->c->log_count++], NULL);
	}
	return rc < 0 ? rc : 1;
}

static int read_reports(struct reading *r, json_at array) {
	int rc = json_type(r->json, array) == JSON_ARRAY ? 0 : wrong(r, array, "\"reports\" is not a list, expected […]");

	r->c->reports = must_calloc((size_t)json_count(r->json, array) + 1, sizeof *r->c->reports);
	for (json_at v = json_first(r->json, array); rc >= 0 && v != JSON_ABSENT; v = json_next(r->json, v)) {
		struct config_report *report = &r->c->reports[r->c->report_count++];
		*report = (struct config_report){.format = "table", .period = "all", .idle_proportional = true};
		rc = read_object(r, v, report_keys, sizeof report_keys / sizeof *report_keys, (char *)report, NULL);
	}
	return rc < 0 ? rc : 1;
}

static int read_other(struct reading *r, struct text key, json_at v) {
	static const struct key prices = {"prices", PATH, 0, false, NULL}, list = {"list", WORD, 0, false, NULL},
	                        glob = {"no_evidence", WORD, 0, false, NULL},
	                        schema = {"schema", WORD, 0, false, schemas};
	const char *ignored;
	int rc;

	if (text_eq(key, T("logs"))) {
		return read_logs(r, v);
	}
	if (text_eq(key, T("reports"))) {
		return read_reports(r, v);
	}
	if (text_eq(key, T("retention"))) {
		rc = read_object(r, v, retention_keys, sizeof retention_keys / sizeof *retention_keys, (char *)r->c, NULL);
		return rc < 0 ? rc : 1;
	}
	if (text_eq(key, T("prices"))) {
		rc = read_list(r, v, &prices, &r->c->prices);
	} else if (text_eq(key, T("list"))) {
		rc = read_list(r, v, &list, &r->c->matches);
	} else if (text_eq(key, T("no_evidence"))) {
		rc = read_list(r, v, &glob, &r->c->no_evidence);
	} else if (text_eq(key, T("schema"))) {
		rc = read_text(r, &schema, v, &ignored);
	} else {
		return 0;
	}
	return rc < 0 ? rc : 1;
}

static int read_config(struct reading *r) {
	int rc = read_object(r, 0, config_keys, sizeof config_keys / sizeof *config_keys, (char *)r->c, read_other);

	if (rc >= 0 && !r->c->fleet && !r->c->gpu_hour) {
		return wrong(r, 0, "the price of the GPUs is missing, expected \"fleet\" or \"gpu_hour\"");
	}
	if (rc >= 0 && r->c->log_count == 0) {
		return wrong(r, 0, "\"logs\" is missing, expected the paths of the logs");
	}
	return rc < 0 ? rc : 0;
}

int config_read(struct config *c, const char *path, struct fault *why) {
	struct text bytes;
	size_t bad = 0;
	int line, column, rc = file_read(path, FILE_MAX, &bytes, why);

	*c = (struct config){.settle_hours = SETTLE_HOURS, .records_days = -1};
	if (rc < 0) {
		return rc;
	}
	struct json *json = json_new();
	struct reading r = {c, json, bytes, path, why};
	if (json_parse(json, bytes, &bad)) {
		rc = read_config(&r);
	} else {
		text_place(bytes, bad, &line, &column);
		rc = fault_set(why, ERROR_CONFIG, "%s:%d:%d: invalid JSON", path, line, column);
	}
	json_free(json);
	free((char *)(uintptr_t)bytes.at);
	if (rc < 0) {
		config_release(c);
	}
	return rc;
}

void config_release(struct config *c) {
	for (size_t i = 0; i < c->kept_count; i++) {
		free(c->kept[i]);
	}
	free(c->logs);
	free(c->reports);
	free(c->prices.at);
	free(c->matches.at);
	free(c->no_evidence.at);
	*c = (struct config){0};
}
