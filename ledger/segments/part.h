/*
 * part.h: a folder that is written next to its place and appears there when it is whole. Private to ledger/.
 *
 * Who writes it holds a lock on it: what is next to a place without one was left by a process that was killed.
 */
#ifndef LEDGER_PART_H
#define LEDGER_PART_H

#include "ledger/ledger.h"

#define PART_PATH_MAX 4096

struct part {
	char folder[PART_PATH_MAX];
	const char *place;
	int lock;
};

/*
 * A new one, after those that were left are removed (t->cleared counts them). ERROR_CONFIG where something is at the
 * place; an empty folder there gives way.
 */
int part_begin(struct part *p, const char *place, struct ledger_transfer *t, struct fault *why);
/* The end of it: by rename to its place where rc is 0, or it is removed with all that is in it. Returns what went wrong. */
int part_end(struct part *p, int rc, struct fault *why);

/* ERROR_IO where the transfer was asked to stop. */
int transfer_go_on(const struct ledger_transfer *t, struct fault *why);

#endif
