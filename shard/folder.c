/* folder.c: reads a plan, and finds its files. */
#define _GNU_SOURCE /* getline */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "book/config.h"
#include "shard/shard.h"
#include "core/quality_lines.h"
#include "core/files/files.h"

const char *plan_keep(struct plan *p, struct text t) {
	char *copy = text_copy(t);

	p->kept = must_realloc(p->kept, (p->kept_count + 1) * sizeof *p->kept);
	p->kept[p->kept_count++] = copy;
	return copy;
}

void plan_release(struct plan *p) {
	for (size_t i = 0; i < p->kept_count; i++) {
		free(p->kept[i]);
	}
	free(p->kept);
	free(p->sources);
	free(p->set.prices.at);
	free(p->set.list.at);
	names_free(p->paths);
}

const char *plan_path(struct plan *p, const char *step, int64_t task, const char *suffix) {
	char path[4200];
	int len = task < 0 ? snprintf(path, sizeof path, "%s/%s", p->folder, step)
	                   : snprintf(path, sizeof path, "%s/%s/%06lld.%s", p->folder, step, (long long)task, suffix);

	/* Each path is stored once: iterating over all tasks for each task would store their square. */
	struct text t = {path, len > 0 && (size_t)len < sizeof path ? (size_t)len : 0};
	return names_text(p->paths, names_id(p->paths, t)).at;
}

bool plan_has(const char *path) {
	return access(path, F_OK) == 0;
}

bool plan_has_all(struct plan *p, const char *step, const char *suffix) {
	for (int64_t i = 0; i < p->tasks; i++) {
		if (!plan_has(plan_path(p, step, i, suffix))) {
			return false;
		}
	}
	return true;
}

int plan_lacks(const char *path, struct fault *why) {
	return fault_set(why, ERROR_IO, "%s: does not exist yet; a step begins when all tasks of the previous one are done", path);
}

int plan_open_bundle(struct bundle **out, const char *path, struct fault *why) {
	*out = NULL;
	return plan_has(path) ? bundle_open(out, path, why) : plan_lacks(path, why);
}

#define KEY(member) {#member, offsetof(struct shard_source, member), offsetof(struct config_logs, member)}
const struct shard_source_key shard_source_keys[SHARD_SOURCE_KEYS] = {
	KEY(model), KEY(replica), KEY(tenant), KEY(log_zone), KEY(log_format),
};

/* ---- reading ---- */

/* A plan being read, line by line. */
struct lines {
	struct plan *plan;
	struct json *json;
	const char *path;
	int64_t number;
};

static int wrong(const struct lines *l, const char *what, struct fault *why) {
	return fault_set(why, ERROR_CONFIG, "%s:%lld:1: %s, expected a plan of tollbook shard plan, version %s", l->path,
	                 (long long)l->number, what, TOLLBOOK_VERSION);
}

static const char *string(struct lines *l, const char *key) {
	char buffer[4200];
	json_at v = json_get(l->json, 0, text_of(key));

	return json_type(l->json, v) == JSON_STRING ? plan_keep(l->plan, json_string(l->json, v, buffer, sizeof buffer)) : NULL;
}

static bool number(const struct lines *l, const char *key, int64_t *out) {
	return json_i64(l->json, json_get(l->json, 0, text_of(key)), out);
}

static int read_head(struct lines *l, struct fault *why) {
	struct plan *p = l->plan;
	const char *schema = string(l, "schema"), *version = string(l, "version");

	if (!schema || strcmp(schema, "tollbook.plan.v1") != 0 || !number(l, "tasks", &p->tasks) ||
	    !number(l, "sources", &p->source_count) || !number(l, "bytes", &p->bytes) || p->tasks < 1) {
		return wrong(l, "this is not a plan", why);
	}
	if (!version || strcmp(version, TOLLBOOK_VERSION) != 0) {
		return wrong(l, "another version of tollbook made this plan", why);
	}
	return 0;
}

/* An option of the plan's command line, used as if given here. */
static int read_option(struct lines *l, struct fault *why) {
	const char *name = string(l, "option"), *value = string(l, "value");

	if (name && strcmp(name, "book") == 0 && l->plan->set.book) { /* this command line gives another value */
		return 0;
	}
	if (value && json_get(l->json, 0, T("sha256")) != JSON_ABSENT) { /* a file copied into the plan */
		value = plan_path(l->plan, value, -1, NULL);
	}
	int rc = name ? l->plan->asked->take(&l->plan->set, name, value, why) : 1;
	return rc > 0 ? wrong(l, "an unknown option", why) : rc;
}

static int read_source(struct lines *l, struct fault *why) {
	struct plan *p = l->plan;
	int64_t task, index;

	if (!number(l, "task", &task) || !number(l, "source", &index)) {
		return wrong(l, "a log without its task", why);
	}
	if (task != p->task) {
		return 0;
	}
	const char *path = string(l, "path");
	if (!path) {
		return wrong(l, "a log without its path", why);
	}
	p->sources = must_realloc(p->sources, (p->own_sources + 1) * sizeof *p->sources);
	struct shard_source *s = &p->sources[p->own_sources++];
	*s = (struct shard_source){.path = path, .index = index};
	s->apart = string(l, "apart");
	(void)number(l, "detail", &s->detail);
	for (size_t i = 0; i < SHARD_SOURCE_KEYS; i++) {
		const char *value = string(l, shard_source_keys[i].name);
		memcpy((char *)s + shard_source_keys[i].in_source, &value, sizeof value);
	}
	return 0;
}

static int read_line(struct lines *l, struct text line, struct fault *why) {
	l->number++;
	if (!json_parse(l->json, text_trim(line), NULL)) {
		return wrong(l, "is not JSON", why);
	}
	if (l->number == 1) {
		return read_head(l, why);
	}
	bool is_option = json_get(l->json, 0, T("option")) != JSON_ABSENT;
	return is_option ? read_option(l, why) : read_source(l, why);
}

static int read_lines(struct lines *l, FILE *in, struct fault *why) {
	struct digest *d = digest_new();
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	for (ssize_t len; rc == 0 && (len = getline(&line, &room, in)) > 0;) {
		digest_add(d, (struct text){line, (size_t)len});
		rc = read_line(l, (struct text){line, (size_t)len}, why);
	}
	if (rc == 0 && ferror(in)) {
		rc = fault_set(why, ERROR_IO, "%s: cannot read: %s", l->path, strerror(errno));
	}
	if (rc == 0 && l->number == 0) {
		rc = wrong(l, "is empty", why);
	}
	digest_finish(d, l->plan->sha256);
	digest_free(d);
	free(line);
	return rc;
}

/* The task by its number, else by the scheduler's variables. */
static int find_task(struct plan *p, struct fault *why) {
	static const char *const variables[] = {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"};
	const char *from = "--task", *text = p->asked->task_text;

	for (size_t i = 0; !text && i < sizeof variables / sizeof *variables; i++) {
		from = variables[i];
		text = getenv(variables[i]);
	}
	if (text && (!text_to_i64(text_of(text), &p->task) || p->task < 0)) {
		return fault_set(why, ERROR_CONFIG, "%s is '%s', expected the number of a task, from 0", from, text);
	}
	return 0;
}

static int check_task(const struct plan *p, bool needs_task, struct fault *why) {
	char next[120];

	if (p->task < 0 && needs_task) {
		snprintf(next, sizeof next, "name one, --task 0 to --task %lld, or run as an array of Slurm or an Indexed Job",
		         (long long)p->tasks - 1);
		return fault_next(why, fault_set(why, ERROR_CONFIG, "which task?"), next);
	}
	if (p->task >= p->tasks) {
		return fault_set(why, ERROR_CONFIG, "there is no task %lld, expected 0 to %lld", (long long)p->task,
		                 (long long)p->tasks - 1);
	}
	return 0;
}

int plan_read(struct plan *p, const struct shard_settings *asked, const struct book_settings *set, const struct terminal *t,
              bool needs_task, struct fault *why) {
	*p = (struct plan){.set = *set, .terminal = t, .asked = asked, .folder = asked->folder, .task = -1, .paths = names_new()};
	p->set.prices = p->set.list = (struct list){0}; /* the plan's */
	int rc = find_task(p, why);
	if (rc != 0) {
		return rc;
	}
	struct lines l = {.plan = p, .path = plan_path(p, "plan.jsonl", -1, NULL)};
	FILE *in = fopen(l.path, "re");
	if (!in) {
		return fault_set(why, ERROR_CONFIG, "%s: cannot open: %s, expected a plan", l.path, strerror(errno));
	}
	l.json = json_new();
	rc = read_lines(&l, in, why);
	json_free(l.json);
	fclose(in);
	return rc < 0 ? rc : check_task(p, needs_task, why);
}

/* ---- notes ---- */

void notes_begin(const struct plan *p, FILE *out) {
	fprintf(out, "{\"plan\":\"%s\",\"version\":\"%s\"}\n", p->sha256, TOLLBOOK_VERSION);
}

int notes_commit(const struct plan *p, struct bundle_writer *w, const struct quality *q, struct fault *why) {
	char *notes = NULL;
	size_t len = 0;
	FILE *out = memory_open(&notes, &len);

	notes_begin(p, out);
	if (q) {
		quality_write_lines(q, out);
	}
	memory_close(out, &notes);
	int rc = bundle_commit(w, (struct text){notes, len}, why);
	free(notes);
	return rc;
}

static bool belongs(const struct plan *p, const struct json *line) {
	return text_eq(json_raw(line, json_get(line, 0, T("plan"))), text_of(p->sha256));
}

int notes_of(const struct plan *p, const char *path, struct bundle *b, notes_sink *sink, void *context, struct fault *why) {
	struct json *j = json_new();
	struct text notes, line;
	int rc = bundle_notes(b, &notes, why);
	struct text left = rc < 0 ? T("") : notes;

	for (int64_t at = 0; rc >= 0 && text_until(&left, T("\n"), &line); at++) {
		if (!json_parse(j, line, NULL) || (at == 0 && !belongs(p, j))) {
			rc = fault_set(why, ERROR_CONFIG, "%s: is of another plan or version; remove it and run its task again", path);
		} else if (at > 0) {
			rc = sink(context, j, why);
		}
	}
	if (rc >= 0) {
		free((void *)(uintptr_t)notes.at);
	}
	json_free(j);
	return rc;
}

int notes_read(const struct plan *p, const char *path, notes_sink *sink, void *context, struct fault *why) {
	struct bundle *b;
	int rc = plan_open_bundle(&b, path, why);

	rc = rc < 0 ? rc : notes_of(p, path, b, sink, context, why);
	bundle_close(b);
	return rc;
}

int notes_to_quality(void *quality, const struct json *line, struct fault *why) {
	return quality_read_line(quality, line) ? 0 : fault_set(why, ERROR_CONFIG, "notes that this version does not know");
}

bool notes_widen(const struct json *line, int64_t *from_ns, int64_t *to_ns) {
	int64_t first_ns, last_ns;

	if (!json_number(line, "evidence_from_ns", &first_ns) || !json_number(line, "evidence_to_ns", &last_ns)) {
		return false;
	}
	exact_widen(from_ns, to_ns, first_ns, last_ns);
	return true;
}
