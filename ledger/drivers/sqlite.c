/* sqlite.c: a ledger in a file of SQLite. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/embedded.h"
#include "ledger/drivers/driver.h"
#include "ledger/segments/part.h"

/* How long a reader waits while a night commits. */
#define BUSY_MS 20000
/* Pages that are copied between checks whether to stop. */
#define COPY_PAGES 1024
/* The pool of a connection for small pieces of memory. */
#define POOL_PIECE 1536
#define POOL_PIECES 128

struct connection {
	sqlite3 *db;
	char *path;
};

#define PLACES 160
struct statement {
	sqlite3_stmt *at;
	struct connection *connection;
	int places[PLACES]; /* SQLite's number of "$1", "$2", … or of "?1", "?", …; 0: not in the statement */
	size_t known;       /* of places */
};

/* Maps SQLite's errors to those of this program. */
static int failed(struct connection *c, const char *what, struct fault *why) {
	int code = sqlite3_errcode(c->db), system = sqlite3_system_errno(c->db);

	if (code == SQLITE_NOMEM) {
		die_out_of_memory();
	}
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
		return fault_set(why, ERROR_IO, "%s: %s: damaged, or not a ledger (%s); restore a backup of the book", c->path,
		                 what, sqlite3_errmsg(c->db));
	}
	if (code == SQLITE_READONLY || code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN) {
		return fault_set(why, ERROR_IO, "%s: %s: %s%s%s", c->path, what, sqlite3_errmsg(c->db), system ? ": " : "",
		                 system ? strerror(system) : "");
	}
	return fault_set(why, ERROR_IO, "%s: %s: %s", c->path, what, sqlite3_errmsg(c->db));
}

static int execute(void *connection, const char *sql, struct fault *why) {
	struct connection *c = connection;

	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(c, "cannot write", why);
}

/* One integer from a PRAGMA. */
static int pragma(struct connection *c, const char *sql, int64_t *out, struct fault *why) {
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) != SQLITE_OK) {
		return failed(c, "cannot read", why);
	}
	int rc = sqlite3_step(s);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : failed(c, "cannot read", why);
	sqlite3_finalize(s);
	return rc;
}

/* Creates the schema in one transaction: a file is a ledger or empty, never in between. */
static int make_schema(struct connection *c, struct fault *why) {
	int rc = execute(c, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE", why);

	if (rc == 0) {
		rc = execute(c, embedded_ledger_sql, why);
	}
	return rc < 0 ? rc : execute(c, "COMMIT", why);
}

static int check_version(struct connection *c, const struct driver_options *o, struct fault *why) {
	int64_t application = 0, version = 0, tables = 0;
	int rc = pragma(c, "PRAGMA application_id", &application, why);

	if (rc == 0) {
		rc = pragma(c, "PRAGMA user_version", &version, why);
	}
	if (rc == 0) {
		rc = pragma(c, "SELECT count(*) FROM sqlite_schema", &tables, why);
	}
	if (rc < 0) {
		return rc;
	}
	if (application == 0 && version == 0 && tables == 0) {
		return o->mode == LEDGER_CREATE ? make_schema(c, why)
		                                : fault_set(why, ERROR_CONFIG, "%s: is empty, expected a ledger", c->path);
	}
	if (application != LEDGER_APPLICATION_ID) {
		return fault_set(why, ERROR_CONFIG, "%s: is a database of something else, expected a ledger of tollbook", c->path);
	}
	return schema_bring_up(&sqlite_driver, c, o, why);
}

static int settle(struct connection *c, const struct driver_options *o, struct fault *why) {
	int rc;

	sqlite3_extended_result_codes(c->db, 0);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, POOL_PIECE, POOL_PIECES);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	rc = execute(c, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY", why);
	return rc < 0 ? rc : check_version(c, o, why);
}

static void close_connection(void *connection) {
	struct connection *c = connection;

	if (c) {
		sqlite3_close_v2(c->db);
		free(c->path);
		free(c);
	}
}

/* Restricts the file to its owner and group, before anything is written. */
static int make_file(const char *path, struct fault *why) {
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0) {
		return fault_set(why, ERROR_IO, "%s: cannot open: %s", path, strerror(errno));
	}
	close(fd);
	return 0;
}

/* A path as a URI: SQLite then creates no file next to it. The caller frees. */
static char *uri_of(const char *path) {
	static const char begin[] = "file:", end[] = "?immutable=1";
	char *uri = must_alloc(sizeof begin + 3 * strlen(path) + sizeof end), *at = uri + sizeof begin - 1;

	memcpy(uri, begin, sizeof begin);
	for (; *path; path++) {
		if (strchr("%?#", *path)) {
			at += snprintf(at, 4, "%%%02x", (unsigned char)*path);
		} else {
			*at++ = *path;
		}
	}
	memcpy(at, end, sizeof end);
	return uri;
}

static int open_database(const struct driver_options *o, sqlite3 **db) {
	/* A reader may also have to recover the log of a killed writer: so it opens for writing, if it may. */
	int flags = o->as_it_is ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
	char *name = o->as_it_is ? uri_of(o->where) : must_copy(o->where);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused, and not needed, once a database is open */
	int rc = sqlite3_open_v2(name, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	free(name);
	return rc;
}

static int open_connection(void **connection, const struct driver_options *o, struct fault *why) {
	struct stat st;
	int rc = o->mode == LEDGER_CREATE ? make_file(o->where, why) : 0;

	if (rc == 0 && stat(o->where, &st) != 0) {
		rc = fault_set(why, ERROR_CONFIG, "%s: %s", o->where,
		               errno == ENOENT ? "there is no book here" : strerror(errno));
	}
	if (rc < 0) {
		return rc;
	}
	struct connection *c = must_calloc(1, sizeof *c);
	c->path = must_copy(o->where);
	rc = open_database(o, &c->db) == SQLITE_OK ? settle(c, o, why) : failed(c, "cannot open", why);
	if (rc < 0) {
		close_connection(c);
		return rc;
	}
	*connection = c;
	return 0;
}

static int prepare(void *connection, const char *sql, void **statement, struct fault *why) {
	struct connection *c = connection;
	struct statement *s = must_calloc(1, sizeof *s);

	s->connection = c;
	if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->at, NULL) != SQLITE_OK) {
		free(s);
		return failed(c, "cannot prepare", why);
	}
	*statement = s;
	return 0;
}

static void finalize(void *statement) {
	struct statement *s = statement;

	if (s) {
		sqlite3_finalize(s->at);
		free(s);
	}
}

static int bind_one(sqlite3_stmt *s, int at, const struct value *v) {
	const char *bytes = v->bytes.at ? v->bytes.at : "";

	switch (v->type) {
	case VALUE_INTEGER:
		return sqlite3_bind_int64(s, at, v->integer);
	case VALUE_TEXT:
		return sqlite3_bind_text64(s, at, bytes, v->bytes.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	case VALUE_BLOB:
		return sqlite3_bind_blob64(s, at, bytes, v->bytes.len, SQLITE_TRANSIENT);
	case VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(s, at);
}

static int find_place(const struct statement *s, size_t i) {
	const char *first = sqlite3_bind_parameter_name(s->at, 1);
	char name[24];

	if (first && first[0] == '?') {
		return (int)i < sqlite3_bind_parameter_count(s->at) ? (int)i + 1 : 0;
	}
	snprintf(name, sizeof name, "$%zu", i + 1);
	return sqlite3_bind_parameter_index(s->at, name);
}

static int place_of(struct statement *s, size_t i) {
	for (; s->known <= i && s->known < PLACES; s->known++) {
		s->places[s->known] = find_place(s, s->known);
	}
	return i < PLACES ? s->places[i] : find_place(s, i);
}

static int start(void *statement, const struct value *values, size_t count, struct fault *why) {
	struct statement *s = statement;

	sqlite3_reset(s->at);
	for (size_t i = 0; i < count; i++) {
		int at = place_of(s, i);
		if (at > 0 && bind_one(s->at, at, &values[i]) != SQLITE_OK) {
			return failed(s->connection, "cannot bind", why);
		}
	}
	return 0;
}

static int step(void *statement, struct fault *why) {
	struct statement *s = statement;

	switch (sqlite3_step(s->at)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		break;
	}
	int rc = failed(s->connection, sqlite3_stmt_readonly(s->at) ? "cannot read" : "cannot write", why);
	sqlite3_reset(s->at);
	return rc;
}

static struct value column(void *statement, int index) {
	sqlite3_stmt *s = ((struct statement *)statement)->at;

	switch (sqlite3_column_type(s, index)) {
	case SQLITE_INTEGER:
		return (struct value){.type = VALUE_INTEGER, .integer = sqlite3_column_int64(s, index)};
	case SQLITE_NULL:
		return (struct value){.type = VALUE_NULL};
	default:
		break;
	}
	enum value_type type = sqlite3_column_type(s, index) == SQLITE_BLOB ? VALUE_BLOB : VALUE_TEXT;
	const char *at = type == VALUE_BLOB ? sqlite3_column_blob(s, index) : (const char *)sqlite3_column_text(s, index);
	return (struct value){.type = type, .bytes = {at, (size_t)sqlite3_column_bytes(s, index)}};
}

static void integers(void *statement, int first, int count, int64_t *out) {
	sqlite3_stmt *s = ((struct statement *)statement)->at;

	for (int i = 0; i < count; i++) {
		out[i] = sqlite3_column_int64(s, first + i);
	}
}

static void finish(void *statement) {
	sqlite3_reset(((struct statement *)statement)->at);
}

/* Reports each row of a PRAGMA that finds faults. */
static int check_by(struct connection *c, const char *sql, const char *fine, const char *form, ledger_finding_sink *sink,
                    void *context, struct fault *why) {
	sqlite3_stmt *s;
	char sentence[400];
	int rc;

	if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) != SQLITE_OK) {
		return failed(c, "cannot check", why);
	}
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(s, 0);
		if (!said || strcmp(said, fine) != 0) {
			snprintf(sentence, sizeof sentence, "%s: %s %s", c->path, form, said ? said : "?");
			sink(context, sentence);
		}
	}
	rc = rc == SQLITE_DONE ? 0 : failed(c, "cannot check", why);
	sqlite3_finalize(s);
	return rc;
}

static int check(void *connection, ledger_finding_sink *sink, void *context, struct fault *why) {
	int rc = check_by(connection, "PRAGMA integrity_check", "ok", "the database is damaged:", sink, context, why);

	return rc < 0 ? rc
	              : check_by(connection, "PRAGMA foreign_key_check", "", "a row refers to a missing row, in table",
	                         sink, context, why);
}

/* There is no writer in the meantime, so it can be done in parts. */
static int copy_pages(struct connection *to, sqlite3_backup *b, const struct ledger_transfer *t, struct fault *why) {
	int rc = 0, done = SQLITE_OK;

	while (rc == 0 && done == SQLITE_OK) {
		done = sqlite3_backup_step(b, COPY_PAGES);
		rc = transfer_go_on(t, why);
	}
	return rc < 0 || done == SQLITE_DONE ? rc : failed(to, "cannot copy", why);
}

static int copy(void *connection, const char *to_path, const struct ledger_transfer *t, struct fault *why) {
	struct connection *c = connection, to = {.path = (char *)(uintptr_t)to_path};
	int rc = make_file(to_path, why);

	if (rc < 0) {
		return rc;
	}
	if (sqlite3_open_v2(to_path, &to.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		rc = failed(&to, "cannot open", why);
	} else {
		sqlite3_backup *b = sqlite3_backup_init(to.db, "main", c->db, "main");
		rc = b ? copy_pages(&to, b, t, why) : failed(&to, "cannot copy", why);
		if (b) {
			sqlite3_backup_finish(b);
		}
	}
	sqlite3_close(to.db);
	return rc;
}

const struct driver sqlite_driver = {
	.name = "sqlite",
	.begin_write = "BEGIN IMMEDIATE",
	.begin_read = "BEGIN",
	.version = "PRAGMA user_version",
	.set_version = "PRAGMA user_version = %lld",
	.open = open_connection,
	.close = close_connection,
	.execute = execute,
	.define = execute,
	.prepare = prepare,
	.finalize = finalize,
	.start = start,
	.step = step,
	.column = column,
	.integers = integers,
	.finish = finish,
	.check = check,
	.copy = copy,
};
