/* backup.c: tollbook backup: a whole copy of the book at a moment; with --dump, its content as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/book.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/files.h"

struct settings {
	bool dump;
};

struct copying {
	struct book *b;
	const char *to;
	struct fault *why;
	int64_t files;
};

static int copy_file(const char *from, const char *to, struct fault *why) {
	struct outfile *file;
	struct text bytes;
	int rc = book_file_bytes(from, &bytes, why);

	if (rc < 0) {
		return rc;
	}
	rc = outfile_open(&file, to, why);
	if (rc == 0) {
		fwrite(bytes.at, 1, bytes.len, outfile_stream(file));
		rc = outfile_commit(file, why);
	}
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

/* The folders on the way to a segment in the copy. */
static int make_folders(const char *path, size_t from, struct fault *why) {
	char folder[4096];

	for (size_t i = from + 1; path[i]; i++) {
		if (path[i] != '/') {
			continue;
		}
		snprintf(folder, sizeof folder, "%.*s", (int)i, path);
		if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
			return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
		}
	}
	return 0;
}

static int copy_segment(void *copying, const struct ledger_segment *s) {
	struct copying *c = copying;
	char from[4096], to[4096];

	if (s->gone_run) {
		return 0;
	}
	ledger_segment_path(c->b->ledger, s, from, sizeof from);
	snprintf(to, sizeof to, "%s%s", c->to, from + strlen(ledger_book(c->b->ledger)));
	int rc = make_folders(to, strlen(c->to), c->why);
	c->files++;
	return rc < 0 ? rc : copy_file(from, to, c->why);
}

/* The lock is held: no segment is replaced meanwhile. The database comes last, so that a copy that has it is whole. */
static int copy_book(struct book *b, const char *to, struct fault *why) {
	struct copying c = {b, to, why, 0};
	char path[4096], records[4096];

	snprintf(path, sizeof path, "%s/ledger.db", to);
	snprintf(records, sizeof records, "%s/records", to);
	if (mkdir(to, 0750) != 0) {
		return fault_set(why, ERROR_CONFIG, "%s: cannot make the folder: %s; expected one that is not there yet", to, strerror(errno));
	}
	if (mkdir(records, 0750) != 0) {
		return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", records, strerror(errno));
	}
	int rc = ledger_segments(b->ledger, INT64_MIN, INT64_MAX, copy_segment, &c, why);
	rc = rc < 0 ? rc : ledger_copy(b->ledger, path, why);
	if (rc == 0 && !b->r->quiet) {
		printf("%s: a book with %" PRId64 " segments; check it: tollbook verify --book %s\n", to, c.files, to);
	}
	return rc;
}

static int write_dump(struct book *b, const char *to, struct fault *why) {
	struct outfile *file;
	int rc = outfile_open(&file, to, why);

	if (rc < 0) {
		return rc;
	}
	rc = ledger_dump(b->ledger, outfile_stream(file), why);
	if (rc < 0) {
		outfile_abandon(file);
		return rc;
	}
	return outfile_commit(file, why);
}

static int backup(struct run *r, struct fault *why) {
	const struct settings *s = r->own;
	struct book b;

	if (r->operands.count != 1) {
		return say_argument(r, r->argc, "no destination given, expected a %s", s->dump ? "file, or -" : "folder to be made");
	}
	if (!s->dump && r->book && ledger_is_server(r->book)) {
		say_error(r, "a ledger in PostgreSQL is backed up by its own tools");
		say_next(r, "pg_dump --format=custom --file=%s '%s'; its content as text: tollbook backup --dump", r->operands.at[0], r->book);
		return EXIT_USAGE;
	}
	int status = book_open(&b, r, s->dump ? LEDGER_READ : LEDGER_WRITE, false, why);
	if (status != 0) {
		return status;
	}
	stop_guard(&r->stop);
	status = s->dump ? write_dump(&b, r->operands.at[0], why) : copy_book(&b, r->operands.at[0], why);
	stop_unguard(&r->stop);
	book_close(&b);
	return status;
}

static const struct option own[] = {
	{"dump", 0, NULL, "write what the ledger says as text, in one order: to compare, or to read elsewhere", 0, value_flag,
	 offsetof(struct settings, dump), NULL, false},
};

const struct command command_backup = {
	.name = "backup",
	.synopsis = "[options] DEST",
	.what = "A whole copy of the book, or its content as text",
	.example = "tollbook backup --book book /backup/book-2026-10",
	.groups = GROUP_BOOK,
	.own = own,
	.own_count = sizeof own / sizeof *own,
	.own_bytes = sizeof(struct settings),
	.main = backup,
};
