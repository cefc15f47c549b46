/* backup.c: a whole copy of a book at a moment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/files/files.h"
#include "ledger/book.h"
#include "ledger/segments/part.h"

#define BLOCK_BYTES ((size_t)1 << 20)

struct copying {
	struct ledger *l;
	struct part part;
	struct ledger_transfer *t;
	struct fault *why;
};

static int copy_bytes(FILE *in, FILE *out, const char *path, const struct copying *c) {
	char *block = must_alloc(BLOCK_BYTES);
	size_t len;
	int rc = 0;

	while (rc == 0 && (len = fread(block, 1, BLOCK_BYTES, in)) > 0) {
		fwrite(block, 1, len, out);
		rc = transfer_go_on(c->t, c->why);
	}
	free(block);
	return rc < 0 || !ferror(in) ? rc : fault_set(c->why, ERROR_IO, "%s: cannot read: %s", path, strerror(errno));
}

static int copy_file(const char *from, const char *to, const struct copying *c) {
	struct outfile *file;
	FILE *in = fopen(from, "rbe");

	if (!in) {
		return fault_set(c->why, ERROR_IO, "%s: cannot read: %s", from, strerror(errno));
	}
	int rc = outfile_open(&file, to, c->why);
	if (rc == 0) {
		rc = outfile_end(file, copy_bytes(in, outfile_stream(file), from, c), c->why);
	}
	fclose(in);
	return rc;
}

static int make_folder(const char *path, struct fault *why) {
	return mkdir(path, 0750) == 0 || errno == EEXIST
	           ? 0 : fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
}

static int copy_segment(void *copying, const struct ledger_segment *s) {
	struct copying *c = copying;
	char from[PART_PATH_MAX], to[2 * PART_PATH_MAX], day[2 * PART_PATH_MAX];

	if (s->gone_run) {
		return 0;
	}
	ledger_segment_path(c->l, s, from, sizeof from);
	snprintf(to, sizeof to, "%s%s", c->part.folder, from + strlen(c->l->book));
	snprintf(day, sizeof day, "%.*s", (int)(strrchr(to, '/') - to), to);
	int rc = make_folder(day, c->why);
	c->t->files++;
	return rc < 0 ? rc : copy_file(from, to, c);
}

static int copy_all(struct copying *c) {
	char path[PART_PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/records", c->part.folder);
	int rc = make_folder(path, c->why);
	rc = rc < 0 ? rc : ledger_segments(c->l, INT64_MIN, INT64_MAX, copy_segment, c, c->why);
	snprintf(path, sizeof path, "%s/ledger.db", c->part.folder);
	return rc < 0 ? rc : c->l->driver->copy(c->l->connection, path, c->t, c->why);
}

/* The lock is held: no segment is replaced in the meantime. */
int ledger_backup(struct ledger *l, const char *place, struct ledger_transfer *t, struct fault *why) {
	struct copying c = {.l = l, .t = t, .why = why};

	if (!l->driver->copy) {
		return fault_set(why, ERROR_CONFIG, "a ledger in %s is backed up with its own tools", l->driver->name);
	}
	int rc = part_begin(&c.part, place, t, why);
	return rc < 0 ? rc : part_end(&c.part, copy_all(&c), why);
}
