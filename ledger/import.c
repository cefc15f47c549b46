/* import.c: a new book from the plain files of an export. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger/book.h"
#include "ledger/segments/part.h"
#include "ledger/plain.h"
#include "ledger/segments/segment.h"

#define PATH_ROOM 4096
#define VALUE_BYTES ((size_t)8 << 20)
#define OLDEST_VERSION 2 /* version of the exported ledger */

/* A file of the export, as listed in its manifest. */
struct listed {
	char *name;
	char sha256[DIGEST_HEX_MAX];
	bool read;
};

struct importing {
	struct ledger *l;
	int64_t version; /* of the ledger that was exported */
	const char *from;
	struct listed *files;
	size_t count;
	struct json *json;
	char *buffer; /* for texts of one line */
	struct ledger_transfer *t;
	struct fault *why;
};

/* A file being read, line by line, its hash with it. */
struct reading {
	struct importing *i;
	FILE *in;
	char path[2 * PATH_ROOM];
	char *line;
	size_t room;
	int64_t number;
	struct listed *listed; /* NULL: the manifest itself */
	struct digest *digest;
};

static int damaged(const struct reading *r, const char *what) {
	return fault_set(r->i->why, ERROR_CONFIG, "%s:%" PRId64 ": %s; expected what an export wrote", r->path, r->number, what);
}

static struct listed *find_listed(struct importing *i, const char *name) {
	for (size_t k = 0; k < i->count; k++) {
		if (strcmp(i->files[k].name, name) == 0) {
			return &i->files[k];
		}
	}
	return NULL;
}

static int begin_reading(struct reading *r, struct importing *i, const char *name, bool is_manifest) {
	*r = (struct reading){.i = i};
	snprintf(r->path, sizeof r->path, "%s/%s", i->from, name);
	r->listed = is_manifest ? NULL : find_listed(i, name);
	if (!is_manifest && !r->listed) {
		return fault_set(i->why, ERROR_CONFIG, "%s/manifest.jsonl: does not name %s; the export is not whole", i->from, name);
	}
	r->in = fopen(r->path, "rbe");
	if (!r->in) {
		return fault_set(i->why, ERROR_CONFIG, "%s: cannot read: %s", r->path, strerror(errno));
	}
	r->digest = digest_new();
	return 0;
}

/* The next line, parsed: 1, 0 at the end, or negative. */
static int next_line(struct reading *r) {
	ssize_t len = getline(&r->line, &r->room, r->in);

	if (len <= 0) {
		return ferror(r->in) ? fault_set(r->i->why, ERROR_IO, "%s: cannot read: %s", r->path, strerror(errno)) : 0;
	}
	if (transfer_go_on(r->i->t, r->i->why) < 0) {
		return ERROR_IO;
	}
	r->number++;
	digest_add(r->digest, (struct text){r->line, (size_t)len});
	if (r->line[len - 1] != '\n') {
		return damaged(r, "the line is truncated");
	}
	return json_parse(r->i->json, (struct text){r->line, (size_t)len - 1}, NULL) ? 1 : damaged(r, "invalid JSON");
}

/* Is it the file that was written? */
static int end_reading(struct reading *r, int rc) {
	char sha256[DIGEST_HEX_MAX];

	if (r->digest) {
		digest_finish(r->digest, sha256);
		if (rc == 0 && r->listed && strcmp(sha256, r->listed->sha256) != 0) {
			rc = fault_set(r->i->why, ERROR_CONFIG, "%s: is not the file that was exported (its hash differs)", r->path);
		}
		digest_free(r->digest);
		fclose(r->in);
	}
	if (rc == 0 && r->listed) {
		r->listed->read = true;
	}
	free(r->line);
	return rc;
}

/* ---- the manifest ---- */

static int read_head(struct reading *r) {
	struct json *j = r->i->json;
	int64_t *version = &r->i->version;

	if (!text_eq(json_string(j, json_get(j, 0, T("schema")), NULL, 0), T(PLAIN_SCHEMA)) ||
	    !json_number(j, "ledger", version)) {
		return damaged(r, "not the manifest of an export");
	}
	return *version >= OLDEST_VERSION && *version <= LEDGER_SCHEMA_VERSION ? 0
	       : fault_set(r->i->why, ERROR_CONFIG, "%s:1: is of a ledger of version %" PRId64 ", this tollbook reads versions %d to %d", r->path,
	                   *version, OLDEST_VERSION, LEDGER_SCHEMA_VERSION);
}

static int read_listed(struct reading *r) {
	struct importing *i = r->i;
	struct text name, hash = json_string(i->json, json_get(i->json, 0, T("sha256")), NULL, 0);

	if (!plain_get_text(i->json, json_get(i->json, 0, T("file")), i->buffer, VALUE_BYTES, &name) || hash.len != DIGEST_HEX_MAX - 1 ||
	    name.len == 0 || name.len > PATH_ROOM / 2) {
		return damaged(r, "not a file and its hash");
	}
	i->files = must_grow_by_count(i->files, i->count, sizeof *i->files);
	struct listed *f = &i->files[i->count++];
	*f = (struct listed){.name = text_copy(name)};
	memcpy(f->sha256, hash.at, hash.len);
	return 0;
}

static int read_manifest(struct importing *i) {
	struct reading r;
	int64_t files = -1;
	int rc = begin_reading(&r, i, "manifest.jsonl", true);

	while (rc == 0 && (rc = next_line(&r)) > 0) {
		json_at end = json_get(i->json, 0, T("files"));
		rc = files >= 0 ? damaged(&r, "a line after the last") : r.number == 1 ? read_head(&r)
		     : end == JSON_ABSENT ? read_listed(&r) : json_i64(i->json, end, &files) ? 0 : damaged(&r, "not a number of files");
	}
	if (rc == 0 && files != (int64_t)i->count) {
		rc = damaged(&r, "the manifest is truncated, or its number of files differs");
	}
	return end_reading(&r, rc);
}

/* ---- tables ---- */

/* The table in a former version, and substitutes for missing columns (as in migrate.c). */
struct former_table {
	struct plain_table t; /* without columns: no such table */
	const char *added, *value;
};
static const struct {
	int64_t last_version; /* the last version with this form */
	struct former_table was;
} former_tables[] = {
	{2, {{"source_was", "", "", ""}, "", ""}},
	{2, {{"joined", "day_ns, joined, gateway_only, gateway_only_tokens, engine_only, differing, gateway_only_first, engine_only_first, "
	            "differing_first", "iiiiiittt", "day_ns"}, ", run", ", (SELECT min(id) FROM run)"}},
	{4, {{"chain", "", "", ""}, "", ""}},
	{4, {{"verdict", "", "", ""}, "", ""}},
	{4, {{"answered", "", "", ""}, "", ""}},
	{4, {{"source", "id, path, format, head_bytes, head, bytes, content, marks, lines, records, at_end, first_run, last_run",
	      "ittititbiiiii", "id"}, ", named, by_rule, zone", ", '', 0, ''"}},
	{3, {{"segment", "day_ns, replica, hash, bytes, steps, requests, windows, powers, first_ns, last_ns, span_first_ns, span_last_ns, "
	                 "model, run, gone_run", "iitiiiiiiiiiiii", "day_ns, replica"}, ", gateways, first_step, last_step", ", -1, NULL, NULL"}},
	{4, {{"segment", "day_ns, replica, hash, bytes, steps, requests, windows, powers, first_ns, last_ns, span_first_ns, span_last_ns, "
	                 "model, run, gone_run, gateways", "iitiiiiiiiiiiiii", "day_ns, replica"}, ", first_step, last_step", ", NULL, NULL"}},
};

static struct former_table table_of(int64_t version, const struct plain_table *now) {
	for (size_t i = 0; i < sizeof former_tables / sizeof *former_tables; i++) {
		if (version <= former_tables[i].last_version && strcmp(former_tables[i].was.t.name, now->name) == 0) {
			return former_tables[i].was;
		}
	}
	return (struct former_table){*now, "", ""};
}

static bool read_value(struct importing *i, char type, json_at v, char **at, size_t *left, struct value *out) {
	if (json_type(i->json, v) == JSON_NULL) {
		*out = V_NULL;
		return true;
	}
	if (type == 'i') {
		*out = V_INT(0);
		return json_i64(i->json, v, &out->integer);
	}
	*out = (struct value){.type = type == 't' ? VALUE_TEXT : VALUE_BLOB};
	bool fine = type == 't' ? plain_get_text(i->json, v, *at, *left, &out->bytes) : plain_get_bytes(i->json, v, *at, *left, &out->bytes);
	if (fine && out->bytes.at == *at) {
		*at += out->bytes.len;
		*left -= out->bytes.len;
	}
	return fine;
}

static int read_row(struct reading *r, const struct plain_table *t, struct value *values) {
	struct importing *i = r->i;
	char *at = i->buffer;
	size_t left = VALUE_BYTES, columns = strlen(t->types), n = 0;

	if (json_type(i->json, 0) != JSON_ARRAY || (size_t)json_count(i->json, 0) != columns) {
		return damaged(r, "not a row of this table");
	}
	for (json_at v = json_first(i->json, 0); v != JSON_ABSENT; v = json_next(i->json, v), n++) {
		if (!read_value(i, t->types[n], v, &at, &left, &values[n])) {
			return damaged(r, "a value of another type than its column's");
		}
	}
	return 0;
}

static int check_header(struct reading *r, const struct plain_table *t) {
	struct importing *i = r->i;
	struct text rest = text_of(t->columns), column;
	int rc = next_line(r);

	if (rc <= 0) {
		return rc < 0 ? rc : damaged(r, "empty");
	}
	for (json_at v = json_first(i->json, 0); v != JSON_ABSENT; v = json_next(i->json, v)) {
		if (!text_until(&rest, T(", "), &column)) {
			column = rest;
			rest = T("");
		}
		if (!text_eq(json_raw(i->json, v), column)) {
			return damaged(r, "other columns than this table's");
		}
	}
	return rest.len == 0 ? 0 : damaged(r, "other columns than this table's");
}

static void insert_statement(const struct former_table *f, char *out, size_t size) {
	const struct plain_table *t = &f->t;
	size_t n = (size_t)snprintf(out, size, "INSERT INTO %s (%s%s) VALUES (", t->name, t->columns, f->added);

	for (size_t i = 0; t->types[i]; i++) {
		n += (size_t)snprintf(out + n, size - n, "%s$%zu", i > 0 ? ", " : "", i + 1);
	}
	snprintf(out + n, size - n, "%s) ON CONFLICT DO NOTHING", f->value); /* the empty name is there already */
}

static int insert(struct reading *r, void *statement, const struct value *values, size_t count) {
	const struct driver *d = r->i->l->driver;
	int rc = d->start(statement, values, count, r->i->why);

	while (rc == 0 && (rc = d->step(statement, r->i->why)) > 0) {
		rc = 0;
	}
	d->finish(statement);
	if (rc < 0) {
		struct fault said = *r->i->why;
		return fault_set(r->i->why, ERROR_CONFIG, "%s:%" PRId64 ": the ledger rejects it: %.300s", r->path, r->number, said.message);
	}
	return 0;
}

/* Its bytes as they are, compressed or not. */
static int read_document(const char *path, struct text *out, struct fault *why) {
	FILE *in = fopen(path, "rbe");
	struct stat st;

	if (!in || fstat(fileno(in), &st) != 0 || st.st_size < 0 || (size_t)st.st_size > LEDGER_DOCUMENT_MAX) {
		int rc = fault_set(why, ERROR_CONFIG, "%s: cannot read: %s", path, in ? "too large" : strerror(errno));
		if (in) {
			fclose(in);
		}
		return rc;
	}
	char *at = must_alloc((size_t)st.st_size + 1);
	*out = (struct text){at, fread(at, 1, (size_t)st.st_size, in)};
	fclose(in);
	return 0;
}

static int put_document(struct importing *i, struct text sha256) {
	char name[128], got[DIGEST_HEX_MAX], path[2 * PATH_ROOM];
	struct text bytes;

	snprintf(name, sizeof name, "documents/%.*s", sha256.len < 64 ? (int)sha256.len : 64, sha256.at);
	struct listed *f = find_listed(i, name);
	snprintf(path, sizeof path, "%s/%s", i->from, name);
	if (!f) {
		return fault_set(i->why, ERROR_CONFIG, "%s: is not in the manifest; the export is not whole", path);
	}
	int rc = read_document(path, &bytes, i->why);
	if (rc < 0) {
		return rc;
	}
	rc = ledger_document_put(i->l, bytes, got, i->why);
	free((char *)(uintptr_t)bytes.at);
	if (rc == 0 && (strcmp(got, f->sha256) != 0 || !text_eq(sha256, text_of(got)))) {
		rc = fault_set(i->why, ERROR_CONFIG, "%s: is not the file that was exported (its hash differs)", path);
	}
	f->read = true;
	return rc;
}

static int read_rows(struct reading *r, const struct plain_table *t, void *statement) {
	struct value values[PLAIN_COLUMNS_MAX];
	bool documents = strcmp(t->name, "document") == 0;
	int rc = check_header(r, t);

	while (rc == 0 && (rc = next_line(r)) > 0) {
		rc = read_row(r, t, values);
		if (rc == 0) {
			rc = documents ? put_document(r->i, values[0].bytes) : insert(r, statement, values, strlen(t->types));
		}
	}
	return rc;
}

static int import_table(struct importing *i, const struct plain_table *now) {
	const struct former_table f = table_of(i->version, now);
	const struct plain_table *t = &f.t;
	const struct driver *d = i->l->driver;
	struct reading r;
	char name[128], sql[2048];
	void *statement = NULL;

	if (!t->columns[0]) {
		return 0;
	}
	snprintf(name, sizeof name, "tables/%s.jsonl", t->name);
	insert_statement(&f, sql, sizeof sql);
	int rc = begin_reading(&r, i, name, false);
	if (rc == 0 && strcmp(t->name, "document") != 0) {
		rc = d->prepare(i->l->connection, sql, &statement, i->why);
	}
	rc = rc < 0 ? rc : read_rows(&r, t, statement);
	if (statement) {
		d->finalize(statement);
	}
	return end_reading(&r, rc);
}

/* ---- records ---- */

static int read_record(struct reading *r, struct ledger_segment *s, struct segment_writer *w) {
	struct importing *i = r->i;
	unsigned char bytes[SEGMENT_RECORD_MAX];
	struct record record;

	if (!plain_get_record(i->json, 0, i->buffer, VALUE_BYTES, &record)) {
		return damaged(r, "not a record");
	}
	size_t len = segment_encode(&record, s->day_ns, bytes);
	ledger_segment_add(s, &record);
	return segment_add(w, (struct text){(const char *)bytes, len}, i->why);
}

static int write_records(struct importing *i, struct reading *r, struct ledger_segment *s, struct segment_writer *w) {
	char hash[DIGEST_HEX_MAX];
	int rc = 0;

	ledger_segment_empty(s); /* a former version did not count everything */
	while (rc == 0 && (rc = next_line(r)) > 0) {
		rc = read_record(r, s, w);
	}
	if (rc < 0) {
		segment_abandon(w);
		return rc;
	}
	rc = segment_commit(w, hash, &s->bytes, i->why);
	if (rc == 0 && strcmp(hash, s->hash) != 0) {
		rc = fault_set(i->why, ERROR_CONFIG, "%s: its records are not those of the segment (its hash differs)", r->path);
	}
	return rc;
}

static int import_segment(struct importing *i, struct ledger_segment *s) {
	char path[PATH_ROOM], name[PATH_ROOM];
	struct segment_writer *w;
	struct reading r;

	plain_records_name(i->l->book, ledger_segment_path(i->l, s, path, sizeof path), name, sizeof name);
	int rc = begin_reading(&r, i, name, false);
	rc = rc < 0 ? rc : ledger_make_day(i->l, s->day_ns, i->why);
	rc = rc < 0 ? rc : segment_create(&w, path, i->why);
	rc = rc < 0 ? rc : write_records(i, &r, s, w);
	rc = end_reading(&r, rc);
	return rc < 0 ? rc : ledger_segment_put(i->l, s, i->why); /* another zstd may compress it differently */
}

static int keep_segment(void *list, const struct ledger_segment *s) {
	return s->gone_run ? 0 : segment_keep(list, s);
}

static int import_records(struct importing *i) {
	struct segment_list all = {.count = 0};
	int rc = names_load(i->l, i->why);

	rc = rc < 0 ? rc : ledger_segments(i->l, INT64_MIN, INT64_MAX, keep_segment, &all, i->why);
	for (size_t k = 0; k < all.count && rc == 0; k++) {
		rc = import_segment(i, &all.at[k]);
	}
	free(all.at);
	return rc;
}

/* ---- the whole ---- */

static int check_all_read(struct importing *i) {
	for (size_t k = 0; k < i->count; k++) {
		if (!i->files[k].read) {
			return fault_set(i->why, ERROR_CONFIG, "%s/%s: no table names it; the export is not whole", i->from, i->files[k].name);
		}
	}
	return 0;
}

static int import_all(struct importing *i) {
	int rc = read_manifest(i);

	rc = rc < 0 ? rc : ledger_begin(i->l, i->why);
	for (size_t k = 0; k < plain_table_count && rc == 0; k++) {
		rc = import_table(i, &plain_tables[k]);
	}
	rc = rc < 0 ? rc : import_records(i);
	rc = rc < 0 ? rc : check_all_read(i);
	return rc < 0 ? rc : ledger_commit(i->l, i->why);
}

/* Imports into the folder of a part. */
static int import_into(struct importing *i, const char *folder) {
	struct names *names = names_new();

	i->json = json_new();
	i->buffer = must_alloc(VALUE_BYTES);
	int rc = ledger_open(&i->l, folder, LEDGER_CREATE, names, i->why);
	rc = rc < 0 ? rc : import_all(i);
	ledger_close(i->l);
	free(i->buffer);
	json_free(i->json);
	names_free(names);
	return rc;
}

int ledger_import(const char *book, const char *from, struct ledger_transfer *t, struct fault *why) {
	struct importing i = {.from = from, .t = t, .why = why};
	struct part part;
	int rc = part_begin(&part, book, t, why);

	if (rc < 0) {
		return rc;
	}
	rc = part_end(&part, import_into(&i, part.folder), why);
	t->files = (int64_t)i.count;
	for (size_t k = 0; k < i.count; k++) {
		free(i.files[k].name);
	}
	free(i.files);
	return rc;
}
