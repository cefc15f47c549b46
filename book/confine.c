#include "book/confine.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/ledger.h"

struct paths {
	char **at;
	size_t count;
};

static void add_cut(struct paths *p, const char *path, size_t len) {
	p->at = must_grow_by_count(p->at, p->count, sizeof *p->at);
	char *copy = memcpy(must_alloc(len + 1), path, len);
	copy[len] = '\0';
	p->at[p->count++] = copy;
}

static void add(struct paths *p, const char *path) {
	if (path && *path) {
		add_cut(p, path, strcspn(path, "%"));
	}
}

static void release(struct paths *p) {
	for (size_t i = 0; i < p->count; i++) {
		free(p->at[i]);
	}
	free(p->at);
}

/* A log's folder, unless it is that of the previous log; and the log itself if it is a link or alone. */
static int add_log(void *paths, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	struct paths *p = paths;
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;

	if (strcmp(name, "-") == 0) {
		return 0;
	}
	if (strcmp(name, source->path) == 0 || found->linked) {
		add_cut(p, name, strlen(name));
		return 0;
	}
	const char *last = p->count > 0 ? p->at[p->count - 1] : "";
	if (len > 0 && (strlen(last) != len || memcmp(last, name, len) != 0)) {
		add_cut(p, name, len);
	}
	return 0;
}

static void add_logs(struct paths *p, const struct ingest_options *logs) {
	struct ingest_options folders = *logs;
	struct quality ignored; /* a folder that cannot be listed is reported when it is read */

	folders.folders_only = true;
	quality_init(&ignored);
	for (size_t i = 0; i < logs->source_count; i++) {
		add(p, strcmp(logs->sources[i].path, "-") == 0 ? NULL : logs->sources[i].path);
	}
	(void)ingest_files(&folders, add_log, p, &ignored);
	quality_release(&ignored);
}

void settings_confine(const struct book_settings *s, const struct terminal *t, const struct ingest_options *logs,
                      const struct confine_more *more) {
	const char *const given[] = {s->fleet, s->pattern, s->tenant_key, getenv("TZDIR")};
	const char *const outputs[] = {s->output, s->requests, s->model_report, s->quarantine, getenv("TMPDIR"), "/tmp", "/var/tmp"};
	const char *book = s->book ? s->book : "book";
	struct paths read = {0}, written = {0};

	if (!t->confine) {
		return;
	}
	add_logs(&read, logs);
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		add(&read, given[i]);
	}
	for (size_t i = 0; i < s->prices.count; i++) {
		add(&read, s->prices.at[i]);
	}
	for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
		add(&written, outputs[i]);
	}
	for (size_t i = 0; more && i < more->count; i++) {
		add(&written, more->written[i]);
	}
	add(&written, ledger_is_server(book) ? NULL : book);
	t->confine(t->context, &(struct terminal_paths){(const char *const *)read.at, read.count,
	                                                (const char *const *)written.at, written.count});
	release(&read);
	release(&written);
}
