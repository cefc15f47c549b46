/*
 * driver.h: the database of a ledger. Private to ledger/.
 *
 * Everything above it is written once, in the SQL that SQLite and PostgreSQL share (queries.c; a row there can have
 * another statement for PostgreSQL). A driver is one file and one row in driver.c.
 */
#ifndef LEDGER_DRIVER_H
#define LEDGER_DRIVER_H

#include "core/error.h"
#include "core/text.h"
#include "ledger/ledger.h"

enum value_type { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB };

/* A parameter or a column. Bytes belong to the caller. */
struct value {
	enum value_type type;
	bool is_name; /* above the drivers: the integer is a name_id */
	int64_t integer;
	struct text bytes;
};

struct driver_options {
	const char *where; /* a path, or what follows the driver's scheme */
	enum ledger_mode mode;
	bool as_it_is; /* nothing may be written next to it, and nothing writes to it */
};

struct driver {
	const char *name;
	const char *const *schemes; /* "postgresql:" …, ends with NULL; NULL: a path */
	/* Statements that begin a transaction that writes, and one that reads a fixed state. */
	const char *begin_write, *begin_read;
	const char *version, *set_version; /* statements that read the schema's version, and that set it to %lld */

	/* Checks for what must not be in `where`, such as a password; NULL: nothing is forbidden. */
	int (*refuse)(const char *where, struct fault *why);
	/*
	 * Opens and, if it is empty and the mode allows it, creates the schema; migrates older versions. Refuses what
	 * is not a ledger.
	 */
	int (*open)(void **connection, const struct driver_options *o, struct fault *why);
	void (*close)(void *connection);

	/* One or several statements without parameters or rows. */
	int (*execute)(void *connection, const char *sql, struct fault *why);
	/* The same for tables and views, in the syntax of schemas/ledger.sql. */
	int (*define)(void *connection, const char *sql, struct fault *why);

	/* A statement with parameters $1, $2 …; kept until `finalize`. */
	int (*prepare)(void *connection, const char *sql, void **statement, struct fault *why);
	void (*finalize)(void *statement);
	/* Starts it (again) with these parameters; their bytes need not stay valid during the following `step`s. */
	int (*start)(void *statement, const struct value *values, size_t count, struct fault *why);
	/* The next row: 1, 0 at the end, or negative. */
	int (*step)(void *statement, struct fault *why);
	/* A column of the row, valid until the next step. */
	struct value (*column)(void *statement, int index);
	/* Columns of integers; 0 if null. A year's report reads millions of them. */
	void (*integers)(void *statement, int first, int count, int64_t *out);
	/* Ends it: releases locks and memory. */
	void (*finish)(void *statement);

	/* Many rows at once, tab-separated, by "COPY table (columns) FROM STDIN"; NULL if the driver has no such thing. */
	int (*load)(void *connection, const char *sql, struct text rows, struct fault *why);

	/* Damage and broken references, each as a sentence. */
	int (*check)(void *connection, ledger_finding_sink *sink, void *context, struct fault *why);
	/* A copy of the whole database in a file, unless it is to stop; NULL if the driver cannot. */
	int (*copy)(void *connection, const char *to_path, const struct ledger_transfer *t, struct fault *why);
};

extern const struct driver sqlite_driver, postgres_driver;

/* The driver for a place, by its scheme; a path is SQLite's. */
const struct driver *driver_for(const char *where);

/*
 * migrate.c: SQL that brings a ledger of a former version to the next one, in a transaction, and SQL with which a
 * reader can read it unchanged. NULL for unsupported versions.
 */
struct migration {
	const char *sqlite, *postgres;
	const char *view; /* temporary views that take precedence over the tables, for either, except with "main." */
};
const struct migration *migration_from(int64_t version);

/*
 * Migrates a ledger to this program's version; a reader changes nothing, but sees it in this version. Refuses unknown
 * versions.
 */
int schema_bring_up(const struct driver *d, void *connection, const struct driver_options *o, struct fault *why);

/* The version of schemas/ledger.sql (core/files/embedded.h). */
#define LEDGER_SCHEMA_VERSION 5
#define LEDGER_APPLICATION_ID 1953459052

#endif
