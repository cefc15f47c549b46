/* ledger.c: opening a book, and its transactions. */
#include "ledger/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/files/files.h"
#include "ledger/book.h"
#include "ledger/segments/segment.h"

#define WHERE_MAX 4096

static int make_folder(const char *path, struct fault *why) {
	if (mkdir(path, 0750) != 0 && errno != EEXIST) {
		return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", path, strerror(errno));
	}
	return 0;
}

static int find_folder(const char *book, enum ledger_mode mode, struct fault *why) {
	char records[WHERE_MAX];
	struct stat st;

	if (mode == LEDGER_CREATE) {
		int rc = make_folder(book, why);
		snprintf(records, sizeof records, "%s/records", book);
		return rc < 0 ? rc : make_folder(records, why);
	}
	if (stat(book, &st) != 0 || !S_ISDIR(st.st_mode)) {
		return fault_set(why, ERROR_CONFIG, "%s: there is no book here, expected a folder that 'tollbook ingest' or 'nightly' made",
		                 book);
	}
	return 0;
}

/*
 * A reader without write permission in the ledger's folder: it can be read as it is, unless a writer left an
 * unapplied log there. 1: it is read like this, and writers are locked out; 0: in the usual way.
 */
static int read_as_it_is(struct ledger *l, const char *where, struct fault *why) {
	char path[WHERE_MAX];
	struct stat st;

	if (l->mode != LEDGER_READ || ledger_is_server(where) || stat(where, &st) != 0) {
		return 0;
	}
	snprintf(path, sizeof path, "%s", where);
	char *slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
	}
	if (access(slash ? path : ".", W_OK) == 0 && access(where, W_OK) == 0) {
		return 0;
	}
	int rc = lock_share(l, why);
	snprintf(path, sizeof path, "%.*s-wal", WHERE_MAX - 8, where);
	if (rc == 0 && stat(path, &st) == 0 && st.st_size > 0) {
		rc = fault_set(why, ERROR_IO, "%s: cannot be read without write permission: a writer left %s; open "
					      "the book once with write permission", where,
		               path);
	}
	return rc < 0 ? rc : 1;
}

static int connect_to(struct ledger *l, const char *where, struct fault *why) {
	struct driver_options o = {.where = where, .mode = l->mode};
	int as_it_is = read_as_it_is(l, where, why);

	l->driver = driver_for(where);
	o.as_it_is = as_it_is > 0;
	int rc = as_it_is < 0 ? as_it_is : l->driver->open(&l->connection, &o, why);
	/* A reader sees one state of the ledger, whatever is committed in the meantime. */
	rc = rc < 0 || l->mode != LEDGER_READ ? rc : l->driver->execute(l->connection, l->driver->begin_read, why);
	return rc < 0 ? rc : names_load(l, why);
}

bool ledger_is_server(const char *book) {
	return driver_for(book)->schemes != NULL;
}

int ledger_refuse(const char *book, struct fault *why) {
	const struct driver *d = driver_for(book);

	return d->refuse ? d->refuse(book, why) : 0;
}

int ledger_open(struct ledger **out, const char *book, enum ledger_mode mode, struct names *names, struct fault *why) {
	char place[WHERE_MAX];
	bool alone = ledger_is_server(book);
	int rc = alone ? 0 : find_folder(book, mode, why);

	if (rc < 0) {
		return rc;
	}
	struct ledger *l = must_calloc(1, sizeof *l);
	l->book = must_copy(book);
	l->names = names;
	l->mode = mode;
	l->lock = -1;
	snprintf(place, sizeof place, alone ? "%s" : "%s/ledger.db", book);
	if (mode != LEDGER_READ && !alone) { /* a server has its own locks */
		rc = lock_acquire(l, why);
	}
	rc = rc < 0 ? rc : connect_to(l, place, why);
	if (rc < 0) {
		ledger_close(l);
		return rc;
	}
	*out = l;
	return 0;
}

static void forget_statements(struct ledger *l) {
	for (int q = 0; q < QUERIES; q++) {
		if (l->statements[q]) {
			l->driver->finalize(l->statements[q]);
			l->statements[q] = NULL;
		}
	}
}

void ledger_close(struct ledger *l) {
	if (!l) {
		return;
	}
	if (l->connection) {
		ledger_rollback(l);
		forget_statements(l);
		l->driver->close(l->connection);
	}
	lock_release(l);
	segment_close(l->reader);
	for (size_t i = 0; i < sizeof l->kept / sizeof *l->kept; i++) {
		free(l->kept[i]);
	}
	free(l->here);
	free(l->there);
	free(l->book);
	free(l);
}

const char *ledger_book(const struct ledger *l) {
	return l->book;
}

int ledger_begin(struct ledger *l, struct fault *why) {
	int rc = l->driver->execute(l->connection, l->driver->begin_write, why);

	l->in_transaction = rc == 0;
	/* Other writers may have assigned numbers since. */
	return rc == 0 && l->driver->schemes ? names_load(l, why) : rc;
}

int ledger_commit(struct ledger *l, struct fault *why) {
	int rc = entries_load(l, why);

	rc = rc < 0 ? rc : chain_extend(l, why);
	rc = rc < 0 ? rc : l->driver->execute(l->connection, "COMMIT", why);

	if (rc == 0) {
		l->in_transaction = false;
	} else {
		ledger_rollback(l);
	}
	return rc;
}

void ledger_rollback(struct ledger *l) {
	struct fault ignored;

	entries_forget(l);
	if (!l->in_transaction) {
		return;
	}
	forget_statements(l);
	(void)l->driver->execute(l->connection, "ROLLBACK", &ignored);
	l->in_transaction = false;
	/* New names are removed again. */
	free(l->here);
	free(l->there);
	l->here = NULL;
	l->there = NULL;
	l->here_room = l->there_room = 0;
	l->name_count = 0;
	(void)names_load(l, &ignored);
}
