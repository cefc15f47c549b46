/*
 * part.h: a folder that is written next to its target and renamed when it is complete. Private to ledger/.
 *
 * The writer holds a lock on it: a folder without a lock was left by a killed process.
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
 * Creates a new one, after removing leftovers (t->cleared counts them). ERROR_CONFIG if the target exists; an empty
 * folder there is replaced.
 */
int part_begin(struct part *p, const char *place, struct ledger_transfer *t, struct fault *why);
/* Ends it: renames it to its target if rc is 0, else removes it with its content. Returns the error. */
int part_end(struct part *p, int rc, struct fault *why);

/* ERROR_IO if the transfer was asked to stop. */
int transfer_go_on(const struct ledger_transfer *t, struct fault *why);

#endif
