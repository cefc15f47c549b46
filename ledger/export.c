/* export.c: a book as plain files: tables and records as JSON lines, documents as they were, a manifest with hashes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/files/files.h"
#include "ledger/book.h"
#include "ledger/segments/part.h"
#include "ledger/plain.h"

#define PATH_ROOM 4096

struct exporting {
	struct ledger *l;
	struct part part;
	struct plain_out manifest;
	struct ledger_transfer *t;
	struct fault *why;
};

/* A file being written, with its name below the folder. */
struct writing {
	struct outfile *file;
	struct plain_out out;
	const char *name;
};

static int make_way(const char *folder, const char *name, struct fault *why) {
	char path[2 * PATH_ROOM];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof path, "%s/%.*s", folder, (int)(slash - name), name);
		if (mkdir(path, 0750) != 0 && errno != EEXIST) {
			return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
		}
	}
	return 0;
}

static int begin_file(struct exporting *e, struct writing *w, const char *name) {
	char path[2 * PATH_ROOM];
	int rc = transfer_go_on(e->t, e->why);

	rc = rc < 0 ? rc : make_way(e->part.folder, name, e->why);
	snprintf(path, sizeof path, "%s/%s", e->part.folder, name);
	rc = rc < 0 ? rc : outfile_open(&w->file, path, e->why);
	if (rc == 0) {
		w->name = name;
		plain_out_init(&w->out, outfile_stream(w->file));
	}
	return rc;
}

/* Ends it, and adds it to the manifest; if rc is negative, removes it. */
static int end_file(struct exporting *e, struct writing *w, int rc) {
	char sha256[DIGEST_HEX_MAX];

	digest_finish(w->out.digest, sha256);
	rc = outfile_end(w->file, rc, e->why);
	if (rc == 0) {
		plain_put(&e->manifest, "{\"file\":");
		plain_put_text(&e->manifest, text_of(w->name));
		plain_put(&e->manifest, ",\"bytes\":%" PRId64 ",\"lines\":%" PRId64 ",\"sha256\":\"%s\"}", w->out.bytes, w->out.lines, sha256);
		plain_end_line(&e->manifest);
		e->t->files++;
	}
	plain_out_release(&w->out);
	return rc;
}

/* ---- tables ---- */

static void put_value(struct plain_out *p, const struct value *v) {
	switch (v->type) {
	case VALUE_INTEGER:
		plain_put(p, "%" PRId64, v->integer);
		break;
	case VALUE_TEXT:
		plain_put_text(p, v->bytes);
		break;
	case VALUE_BLOB:
		plain_put_bytes(p, v->bytes);
		break;
	default:
		plain_put(p, "null");
	}
}

static void put_header(struct plain_out *p, const struct plain_table *t) {
	struct text rest = text_of(t->columns), column;

	plain_put(p, "[");
	for (bool first = true; rest.len > 0; first = false) {
		if (!text_until(&rest, T(", "), &column)) {
			column = rest;
			rest = T("");
		}
		plain_put(p, "%s\"%.*s\"", first ? "" : ",", TEXT_ARG(column));
	}
	plain_put(p, "]");
	plain_end_line(p);
}

static int put_rows(struct exporting *e, struct plain_out *p, const struct plain_table *t) {
	const struct driver *d = e->l->driver;
	size_t columns = strlen(t->types);
	void *statement = NULL;
	char sql[1024];

	snprintf(sql, sizeof sql, "SELECT %s FROM %s ORDER BY %s", t->columns, t->name, t->order);
	int rc = d->prepare(e->l->connection, sql, &statement, e->why);
	rc = rc < 0 ? rc : d->start(statement, NULL, 0, e->why);
	while (rc == 0 && (rc = d->step(statement, e->why)) > 0) {
		plain_put(p, "[");
		for (size_t i = 0; i < columns; i++) {
			struct value v = d->column(statement, (int)i);
			plain_put(p, i > 0 ? "," : "");
			put_value(p, &v);
		}
		plain_put(p, "]");
		plain_end_line(p);
		rc = transfer_go_on(e->t, e->why);
	}
	if (statement) {
		d->finalize(statement);
	}
	return rc;
}

static int export_table(struct exporting *e, const struct plain_table *t) {
	struct writing w;
	char name[128];

	snprintf(name, sizeof name, "tables/%s.jsonl", t->name);
	int rc = begin_file(e, &w, name);
	if (rc < 0) {
		return rc;
	}
	put_header(&w.out, t);
	return end_file(e, &w, put_rows(e, &w.out, t));
}

/* ---- documents ---- */

static int export_document(struct exporting *e, const char *sha256) {
	struct writing w;
	struct text bytes;
	char name[128];
	int rc = ledger_document_get(e->l, sha256, &bytes, e->why);

	if (rc <= 0) {
		return rc < 0 ? rc : fault_set(e->why, ERROR_IO, "the ledger has no document %s; run 'tollbook verify'", sha256);
	}
	snprintf(name, sizeof name, "documents/%s", sha256);
	rc = begin_file(e, &w, name);
	if (rc == 0) {
		fwrite(bytes.at, 1, bytes.len, w.out.out);
		digest_add(w.out.digest, bytes);
		w.out.bytes = (int64_t)bytes.len;
		rc = end_file(e, &w, 0);
	}
	free((char *)(uintptr_t)bytes.at);
	return rc;
}

static int export_documents(struct exporting *e) {
	char (*hashes)[DIGEST_HEX_MAX];
	size_t count;
	int rc = document_hashes(e->l, &hashes, &count, e->why);

	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = export_document(e, hashes[i]);
	}
	free(hashes);
	return rc;
}

/* ---- records ---- */

struct recording {
	struct exporting *e;
	struct plain_out *out;
};

static int put_record(void *recording, const struct record *r, struct fault *why) {
	struct recording *to = recording;

	plain_put_record(to->out, r);
	return transfer_go_on(to->e->t, why);
}

static int export_segment(void *exporting, const struct ledger_segment *s) {
	struct exporting *e = exporting;
	char path[PATH_ROOM], name[PATH_ROOM];
	struct writing w;

	if (s->gone_run) {
		return 0;
	}
	plain_records_name(e->l->book, ledger_segment_path(e->l, s, path, sizeof path), name, sizeof name);
	struct recording to = {e, &w.out};
	int rc = begin_file(e, &w, name);
	return rc < 0 ? rc : end_file(e, &w, ledger_records(e->l, s, put_record, &to, e->why));
}

/* ---- everything ---- */

static int export_all(struct exporting *e) {
	int rc = export_documents(e);

	for (size_t i = 0; i < plain_table_count && rc == 0; i++) {
		rc = export_table(e, &plain_tables[i]);
	}
	return rc < 0 ? rc : ledger_segments(e->l, INT64_MIN, INT64_MAX, export_segment, e, e->why);
}

/* The manifest is written last: an export that has one is complete. */
static int export_to(struct exporting *e) {
	struct outfile *file;
	char path[PATH_ROOM + 32];

	snprintf(path, sizeof path, "%s/manifest.jsonl", e->part.folder);
	int rc = outfile_open(&file, path, e->why);
	if (rc < 0) {
		return rc;
	}
	plain_out_init(&e->manifest, outfile_stream(file));
	plain_put(&e->manifest, "{\"schema\":\"" PLAIN_SCHEMA "\",\"version\":\"" TOLLBOOK_VERSION "\",\"ledger\":%d}", LEDGER_SCHEMA_VERSION);
	plain_end_line(&e->manifest);
	rc = export_all(e);
	plain_put(&e->manifest, "{\"files\":%" PRId64 "}", e->t->files);
	plain_end_line(&e->manifest);
	plain_out_release(&e->manifest);
	return outfile_end(file, rc, e->why);
}

int ledger_export(struct ledger *l, const char *place, struct ledger_transfer *t, struct fault *why) {
	struct exporting e = {.l = l, .t = t, .why = why};
	int rc = part_begin(&e.part, place, t, why);

	if (rc < 0) {
		return rc;
	}
	rc = ledger_begin(l, why); /* no writer is active in the meantime */
	rc = rc < 0 ? rc : export_to(&e);
	ledger_rollback(l);
	return part_end(&e.part, rc, why);
}
