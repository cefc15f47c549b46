/* forget.c: takes logs out of a book: the cause of wrong records is gone, or the log is not to be counted at all. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "book/book.h"

struct forgetting {
	struct book *book;
	const struct list *globs;
	bool *met; /* by glob */
	int64_t *sources; /* by number */
	size_t count;
	struct ledger_intake *intake;
	int64_t records;
};

/* A path, or its end from any folder on, matches a glob. */
static bool matches(const char *glob, const char *path) {
	for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
		if (fnmatch(glob, at, 0) == 0) {
			return true;
		}
	}
	return false;
}

static int add_source(void *forgetting, const struct ledger_source *s) {
	struct forgetting *f = forgetting;
	bool any = false;

	for (size_t i = 0; i < f->globs->count; i++) {
		bool met = s->lines > 0 && matches(f->globs->at[i], s->path);
		f->met[i] |= met;
		any |= met;
	}
	if (any) {
		f->sources = must_grow_by_count(f->sources, f->count, sizeof *f->sources);
		f->sources[f->count++] = s->id;
	}
	return 0;
}

static bool is_forgotten(const struct forgetting *f, int64_t source) {
	for (size_t i = 0; i < f->count; i++) {
		if (f->sources[i] == source) {
			return true;
		}
	}
	return false;
}

static int withdraw(void *forgetting, const struct record *r, struct fault *why) {
	struct forgetting *f = forgetting;

	if (terminal_stopped(f->book->terminal)) {
		return fault_set(why, ERROR_IO, "stopped by a signal; " BOOK_STOPPED);
	}
	if (!is_forgotten(f, (int64_t)r->file)) {
		return 0;
	}
	f->records++;
	return ledger_intake_withdraw(f->intake, 0, r, why);
}

struct segments {
	struct ledger_segment *at;
	size_t count, room;
	bool gone; /* retention removed the records of some */
};

static int keep_segment(void *segments, const struct ledger_segment *s) {
	struct segments *all = segments;

	if (s->gone_run) {
		all->gone = true;
		return 0;
	}
	all->at = must_grow(all->at, all->count, &all->room, sizeof *all->at, 64);
	all->at[all->count++] = *s;
	return 0;
}

/* The records, in all segments; those that retention has removed stay in the entries of their closed days. */
static int withdraw_all(struct forgetting *f, struct fault *why) {
	struct book *b = f->book;
	struct segments all = {.count = 0};
	int64_t none;
	int rc = ledger_segments(b->ledger, INT64_MIN, INT64_MAX, keep_segment, &all, why);

	for (size_t i = 0; i < all.count && rc >= 0; i++) {
		rc = ledger_records(b->ledger, &all.at[i], withdraw, f, why);
	}
	free(all.at);
	if (all.gone) {
		quality_warn(&b->quality, "days whose records were removed by retention keep their entries");
	}
	return rc < 0 ? rc : ledger_intake_settle(b->ledger, f->intake, b->run.id, &none, why);
}

static int find_sources(struct forgetting *f, struct fault *why) {
	int rc = ledger_sources(f->book->ledger, add_source, f, why);

	for (size_t i = 0; i < f->globs->count && rc >= 0; i++) {
		if (!f->met[i]) {
			rc = fault_option(why, "forget", "no log in the book has the path %s", f->globs->at[i]);
		}
	}
	return rc;
}

static int forget_all(struct forgetting *f, struct fault *why) {
	struct book *b = f->book;
	int rc = book_begin(b, "ingest", why);

	rc = rc < 0 ? rc : find_sources(f, why);
	rc = rc < 0 ? rc : withdraw_all(f, why);
	for (size_t i = 0; i < f->count && rc >= 0; i++) {
		rc = ledger_source_forget(b->ledger, f->sources[i], b->run.id, why);
	}
	return rc < 0 ? rc : book_commit(b, why);
}

int book_forget(struct book *b, const struct list *globs, int64_t *logs, int64_t *records, struct fault *why) {
	struct forgetting f = {.book = b, .globs = globs, .met = must_calloc(globs->count + 1, sizeof *f.met),
	                       .intake = ledger_intake_new(b->names, 1)};
	int rc = forget_all(&f, why);

	if (rc == 0) {
		ledger_intake_clean_up(f.intake);
	}
	*logs = (int64_t)f.count;
	*records = f.records;
	ledger_intake_free(f.intake);
	free(f.sources);
	free(f.met);
	return rc;
}

int book_retry_unread(struct book *b, struct fault *why) {
	int64_t *sources = NULL;
	size_t count = 0;
	int rc = ledger_sources_unread(b->ledger, TOLLBOOK_VERSION, &sources, &count, why);

	if (rc >= 0 && count > 0) {
		rc = book_begin(b, "ingest", why);
		for (size_t i = 0; i < count && rc >= 0; i++) {
			rc = ledger_source_forget(b->ledger, sources[i], b->run.id, why);
		}
		rc = rc < 0 ? rc : book_commit_run(b, why);
	}
	free(sources);
	return rc < 0 ? rc : 0;
}
