/* transfer.h: copies of a book: stopping them, and leftovers of killed ones. */
#ifndef CLI_TRANSFER_H
#define CLI_TRANSFER_H

#include "cli/cli.h"
#include "ledger/ledger.h"

/* A copy that a signal can stop: between stop_guard and stop_unguard. */
struct ledger_transfer transfer_of(struct run *r);
/* Reports what was removed next to a path. */
void transfer_say(struct run *r, const struct ledger_transfer *t, const char *place);

#endif
