/*
 * postgres.c: a ledger in PostgreSQL, for many writers.
 *
 * Writers are serialised by an advisory lock that ends with their transaction: numbers are assigned as the largest so
 * far plus one, and replica-days are replaced as a whole. Passwords come from PGPASSFILE or a service file only.
 */
#include "core/files/embedded.h"
#include "ledger/drivers/driver.h"

#ifdef TOLLBOOK_PG

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ledger/drivers/libpq.h"

/* A server that is being restarted is waited for: this many tries, each with twice the delay of the previous one. */
#define TRIES 8
#define FIRST_PAUSE_MS 100
#define VALUES_MAX 32

struct statement;

struct connection {
	struct libpq pq;
	PGconn *at;
	bool writes;
	int64_t statements;         /* for their names */
	struct statement *streaming; /* statement with rows still to be read; NULL: none */
};

struct statement {
	struct connection *connection;
	char name[24];
	PGresult *row;    /* current row */
	PGresult **waiting; /* rows read while another statement was started */
	size_t waiting_count, waiting_next;
	bool failed;
};

/*
 * Classes of SQLSTATE for which a retry may help: lost connections, conflicting transactions, a server that is full,
 * busy or being stopped. For others a retry does not help.
 */
static bool may_pass(const char *state) {
	static const char *const classes[] = {"08", "23505", "25P0", "40", "53", "55", "57", "58", "XX"};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (!state || strncmp(state, classes[i], strlen(classes[i])) == 0) {
			return true;
		}
	}
	return false;
}

static int failed(struct connection *c, const PGresult *r, struct fault *why) {
	const char *state = r ? c->pq.PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *message = r ? c->pq.PQresultErrorMessage(r) : c->pq.PQerrorMessage(c->at);
	struct text line = text_trim(text_of(message ? message : ""));

	return fault_set(why, may_pass(state) ? ERROR_IO : ERROR_CONFIG, "PostgreSQL: %.*s%s%s", (int)(line.len < 300 ? line.len : 300), line.at,
	                 state ? "; SQLSTATE " : "", state ? state : "");
}

/* ---- statements ---- */

/* Reads the pending rows of another statement into memory. */
static void set_aside(struct connection *c) {
	struct statement *s = c->streaming;
	PGresult *r;

	c->streaming = NULL;
	while (s && (r = c->pq.PQgetResult(c->at))) {
		s->waiting = must_realloc(s->waiting, (s->waiting_count + 1) * sizeof(PGresult *));
		s->waiting[s->waiting_count++] = r;
	}
}

/* Writers are serialised, so that each sees what the previous one committed, whatever the server's default. */
#define BEGIN_WRITE "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(1953459052)"

static int execute(void *connection, const char *sql, struct fault *why) {
	struct connection *c = connection;

	set_aside(c);
	PGresult *r = c->pq.PQexec(c->at, sql);
	ExecStatusType status = c->pq.PQresultStatus(r);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
	int rc = ok ? 0 : failed(c, r, why);
	c->pq.PQclear(r);
	return rc;
}

static int prepare(void *connection, const char *sql, void **statement, struct fault *why) {
	struct connection *c = connection;
	struct statement *s = must_calloc(1, sizeof *s);

	set_aside(c);
	s->connection = c;
	snprintf(s->name, sizeof s->name, "s%lld", (long long)c->statements++);
	PGresult *r = c->pq.PQprepare(c->at, s->name, sql, 0, NULL);
	int rc = c->pq.PQresultStatus(r) == PGRES_COMMAND_OK ? 0 : failed(c, r, why);
	c->pq.PQclear(r);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*statement = s;
	return 0;
}

static void finish(void *statement) {
	struct statement *s = statement;

	if (s->connection->streaming == s) {
		set_aside(s->connection);
	}
	while (s->waiting_next < s->waiting_count) {
		s->connection->pq.PQclear(s->waiting[s->waiting_next++]);
	}
	free(s->waiting);
	s->waiting = NULL;
	s->waiting_count = s->waiting_next = 0;
	s->connection->pq.PQclear(s->row);
	s->row = NULL;
}

static void finalize(void *statement) {
	struct statement *s = statement;

	if (s) {
		finish(s);
		free(s);
	}
}

static int start(void *statement, const struct value *values, size_t count, struct fault *why) {
	struct statement *s = statement;
	struct connection *c = s->connection;
	const char *at[VALUES_MAX];
	int lengths[VALUES_MAX], formats[VALUES_MAX];
	char numbers[VALUES_MAX][24];

	finish(s);
	set_aside(c);
	for (size_t i = 0; i < count && i < VALUES_MAX; i++) {
		bool is_bytes = values[i].type == VALUE_TEXT || values[i].type == VALUE_BLOB;
		snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)values[i].integer);
		at[i] = is_bytes ? values[i].bytes.at ? values[i].bytes.at : "" : numbers[i];
		at[i] = values[i].type == VALUE_NULL ? NULL : at[i];
		lengths[i] = is_bytes ? (int)values[i].bytes.len : 0;
		formats[i] = is_bytes;
	}
	if (!s->connection->pq.PQsendQueryPrepared(c->at, s->name, (int)count, at, lengths, formats, 0)) {
		return failed(c, NULL, why);
	}
	s->connection->pq.PQsetSingleRowMode(c->at);
	c->streaming = s;
	return 0;
}

static PGresult *next_result(struct statement *s) {
	if (s->waiting_next < s->waiting_count) {
		return s->waiting[s->waiting_next++];
	}
	return s->connection->streaming == s ? s->connection->pq.PQgetResult(s->connection->at) : NULL;
}

static int step(void *statement, struct fault *why) {
	struct statement *s = statement;

	s->connection->pq.PQclear(s->row);
	s->row = NULL;
	for (PGresult *r; (r = next_result(s));) {
		ExecStatusType status = s->connection->pq.PQresultStatus(r);
		if (status == PGRES_SINGLE_TUPLE) {
			s->row = r;
			return 1;
		}
		int rc = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? 0 : failed(s->connection, r, why);
		s->connection->pq.PQclear(r);
		if (rc < 0) {
			finish(s);
			return rc;
		}
	}
	if (s->connection->streaming == s) {
		s->connection->streaming = NULL;
	}
	return 0;
}

#define OID_BYTEA 17
#define OID_TEXT 25

/* Integers come as digits; bytes as \x and hex, which are decoded in place. */
static struct value column(void *statement, int index) {
	const struct statement *s = statement;
	const struct libpq *pq = &s->connection->pq;
	PGresult *r = s->row;

	if (pq->PQgetisnull(r, 0, index)) {
		return (struct value){.type = VALUE_NULL};
	}
	char *at = pq->PQgetvalue(r, 0, index);
	struct text t = {at, (size_t)pq->PQgetlength(r, 0, index)};
	int64_t n;
	if (pq->PQftype(r, index) == OID_TEXT) {
		return (struct value){.type = VALUE_TEXT, .bytes = t};
	}
	if (pq->PQftype(r, index) != OID_BYTEA) {
		return (struct value){.type = VALUE_INTEGER, .integer = text_to_i64(t, &n) ? n : 0};
	}
	size_t len = 0;
	for (size_t i = 2; i + 1 < t.len; i += 2) {
		static const char digits[] = "0123456789abcdef";
		const char *high = strchr(digits, at[i]), *low = strchr(digits, at[i + 1]);
		int byte = high && low ? (int)((high - digits) << 4 | (low - digits)) : 0;
		at[len++] = (char)byte;
	}
	return (struct value){.type = VALUE_BLOB, .bytes = {at, len}};
}

static void integers(void *statement, int first, int count, int64_t *out) {
	for (int i = 0; i < count; i++) {
		out[i] = column(statement, first + i).integer;
	}
}

/* ---- COPY ---- */

static int load(void *connection, const char *sql, struct text rows, struct fault *why) {
	struct connection *c = connection;
	int rc = 0;

	set_aside(c);
	PGresult *r = c->pq.PQexec(c->at, sql);
	if (c->pq.PQresultStatus(r) != PGRES_COPY_IN) {
		rc = failed(c, r, why);
		c->pq.PQclear(r);
		return rc;
	}
	c->pq.PQclear(r);
	if (c->pq.PQputCopyData(c->at, rows.at, (int)rows.len) != 1 || c->pq.PQputCopyEnd(c->at, NULL) != 1) {
		return failed(c, NULL, why);
	}
	while ((r = c->pq.PQgetResult(c->at))) {
		if (c->pq.PQresultStatus(r) != PGRES_COMMAND_OK && rc == 0) {
			rc = failed(c, r, why);
		}
		c->pq.PQclear(r);
	}
	return rc;
}

/* ---- opening ---- */

/* Translates SQLite's SQL to PostgreSQL's; the caller frees. */
static char *sql_here(const char *sql) {
	static const struct {
		struct text from, to;
	} words[] = {
		{T(") STRICT, WITHOUT ROWID;"), T(");")}, {T(") STRICT;"), T(");")}, {T(" INTEGER"), T(" BIGINT")},
		{T(" BLOB"), T(" BYTEA")}, {T("PRAGMA "), T("-- ")}, {T("main."), T("")},
	};
	struct text left = text_of(sql);
	char *out = must_alloc(left.len + 1), *at = out; /* no word here is longer than the one it represents */

	while (left.len > 0) {
		size_t w = 0;
		while (w < sizeof words / sizeof *words && !text_starts(left, words[w].from)) {
			w++;
		}
		bool found = w < sizeof words / sizeof *words;
		struct text put = found ? words[w].to : text_cut(left, 0, 1);
		memcpy(at, put.at, put.len);
		at += put.len;
		left = text_cut(left, found ? words[w].from.len : 1, left.len);
	}
	*at = '\0';
	return out;
}

static int define(void *connection, const char *sql, struct fault *why) {
	char *here = sql_here(sql);
	int rc = execute(connection, here, why);

	free(here);
	return rc;
}

static int ask_one(struct connection *c, const char *sql, int64_t *out, struct fault *why) {
	PGresult *r = c->pq.PQexec(c->at, sql);
	int rc = c->pq.PQresultStatus(r) == PGRES_TUPLES_OK ? 0 : failed(c, r, why);

	*out = 0;
	if (rc == 0 && c->pq.PQntuples(r) > 0) {
		(void)text_to_i64(text_of(c->pq.PQgetvalue(r, 0, 0)), out);
	}
	c->pq.PQclear(r);
	return rc;
}

#define HAS_SCHEMA "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = "

static int make_schema(struct connection *c, const char *where, struct fault *why) {
	int64_t there, utf8;
	char version[80];
	int rc = ask_one(c, "SELECT count(*) WHERE current_setting('server_encoding') IN ('UTF8', 'SQL_ASCII')", &utf8, why);

	if (rc == 0 && utf8 == 0) {
		return fault_set(why, ERROR_CONFIG, "%s: names are in UTF-8, expected a database of that encoding (createdb --encoding=UTF8 --template=template0)", where);
	}
	rc = rc < 0 ? rc : execute(c, BEGIN_WRITE, why);
	/* another writer may have been faster */
	rc = rc < 0 ? rc : ask_one(c, HAS_SCHEMA "'ledger_version'", &there, why);
	if (rc == 0 && there == 0) {
		rc = define(c, embedded_ledger_sql, why);
		snprintf(version, sizeof version, "CREATE TABLE ledger_version AS SELECT %d AS version", LEDGER_SCHEMA_VERSION);
		rc = rc < 0 ? rc : execute(c, version, why);
	}
	if (rc < 0) {
		struct fault ignored;
		(void)execute(c, "ROLLBACK", &ignored);
		return rc;
	}
	return execute(c, "COMMIT", why);
}

static int check_version(struct connection *c, const struct driver_options *o, struct fault *why) {
	int64_t there = 0;
	int rc = ask_one(c, HAS_SCHEMA "'ledger_version'", &there, why);

	if (rc == 0 && there == 0) {
		rc = o->mode == LEDGER_CREATE ? make_schema(c, o->where, why)
		                              : fault_set(why, ERROR_CONFIG, "%s: there is no ledger in this database", o->where);
	}
	return rc < 0 ? rc : schema_bring_up(&postgres_driver, c, o, why);
}

/* A command line can be read by all users of the machine. */
static int refuse_password(const char *where, struct fault *why) {
	struct libpq pq;
	char *message = NULL;
	int rc = libpq_load(&pq, why);

	if (rc < 0) {
		return rc;
	}
	PQconninfoOption *options = pq.PQconninfoParse(where, &message);
	bool has = false;

	for (PQconninfoOption *o = options; o && o->keyword; o++) {
		has |= strcmp(o->keyword, "password") == 0 && o->val;
	}
	pq.PQconninfoFree(options);
	pq.PQfreemem(message);
	return has ? fault_set(why, ERROR_CONFIG, "a password does not belong on the command line, expected it in the file of "
	                       "PGPASSFILE (~/.pgpass) or of a service") : 0;
}

/* Is it down or starting, so that waiting makes sense? */
static bool is_passing(const struct connection *c) {
	const char *said = c->pq.PQerrorMessage(c->at);

	return strstr(said, "starting up") || strstr(said, "shutting down") || strstr(said, "Connection refused") ||
	       strstr(said, "No such file or directory") || strstr(said, "server closed the connection") ||
	       strstr(said, "too many clients") || strstr(said, "recovery");
}

/* An unknown login or database: libpq returns no SQLSTATE for these. */
static bool is_refusal(const struct connection *c) {
	static const char *const said[] = {"authentication failed", "does not exist", "no password supplied", "permission denied",
	                                   "no pg_hba.conf entry", "invalid", "unrecognized"};

	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		if (strstr(c->pq.PQerrorMessage(c->at), said[i])) {
			return true;
		}
	}
	return false;
}

/* A server's notices are not printed to stderr, where a task has one line: important ones are also errors. */
static void hear(void *nobody, const PGresult *r) {
	(void)nobody, (void)r;
}

static int connect_to(struct connection *c, const char *where, struct fault *why) {
	int64_t pause_ms = FIRST_PAUSE_MS;

	for (int i = 0; i < TRIES; i++, pause_ms *= 2) {
		if (c->at) {
			c->pq.PQfinish(c->at);
		}
		c->at = c->pq.PQconnectdb(where);
		if (c->pq.PQstatus(c->at) == CONNECTION_OK) {
			c->pq.PQsetNoticeReceiver(c->at, hear, NULL);
			return 0;
		}
		if (is_refusal(c)) {
			(void)failed(c, NULL, why);
			return ERROR_CONFIG;
		}
		if (!is_passing(c)) {
			break;
		}
		struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
		nanosleep(&pause, NULL);
	}
	return failed(c, NULL, why);
}

static void close_connection(void *connection) {
	struct connection *c = connection;

	if (c) {
		if (c->at) {
			c->pq.PQfinish(c->at);
		}
		free(c);
	}
}

/*
 * The server ends hanging statements, after the time-out of the server, the role or the connection string, or else
 * these.
 */
#define UNLESS_SET(name, value) \
	"SELECT set_config('" name "', '" value "', false) WHERE current_setting('" name "') = '0';"
static const char settings[] =
	"SET application_name = 'tollbook'; SET client_min_messages = warning; SET bytea_output = 'hex';"
	/* bytes as they are, whatever PGCLIENTENCODING or the role's encoding */
	"SELECT set_config('client_encoding', current_setting('server_encoding'), false);"
	UNLESS_SET("statement_timeout", "15min") UNLESS_SET("lock_timeout", "10min")
	UNLESS_SET("idle_in_transaction_session_timeout", "15min");

static int open_connection(void **connection, const struct driver_options *o, struct fault *why) {
	struct connection *c = must_calloc(1, sizeof *c);
	int rc = refuse_password(o->where, why);

	rc = rc < 0 ? rc : libpq_load(&c->pq, why);
	c->writes = o->mode != LEDGER_READ;
	rc = rc < 0 ? rc : connect_to(c, o->where, why);
	rc = rc < 0 ? rc : execute(c, settings, why);
	rc = rc < 0 ? rc : check_version(c, o, why);
	rc = rc < 0 || c->writes ? rc : execute(c, "SET default_transaction_read_only = on", why);
	if (rc < 0) {
		close_connection(c);
		return rc;
	}
	*connection = c;
	return 0;
}

/* References and types are checked by the server itself, at every commit. */
static int check(void *connection, ledger_finding_sink *sink, void *context, struct fault *why) {
	(void)connection, (void)sink, (void)context, (void)why;
	return 0;
}

#else

static int open_connection(void **connection, const struct driver_options *o, struct fault *why) {
	(void)connection;
	return fault_set(why, ERROR_CONFIG, "%s: this tollbook was built without PostgreSQL; install libpq-dev and build it again",
	                 o->where);
}

#endif

const struct driver postgres_driver = {
	.name = "postgresql",
	.schemes = (const char *const[]){"postgresql:", "postgres:", NULL},
	.open = open_connection,
#ifdef TOLLBOOK_PG
	.refuse = refuse_password,
	.begin_write = BEGIN_WRITE,
	.begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	.version = "SELECT version FROM ledger_version",
	.set_version = "UPDATE ledger_version SET version = %lld",
	.close = close_connection,
	.execute = execute,
	.define = define,
	.prepare = prepare,
	.finalize = finalize,
	.start = start,
	.step = step,
	.column = column,
	.integers = integers,
	.finish = finish,
	.load = load,
	.check = check,
#endif
};
