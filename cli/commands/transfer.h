/* transfer.h: copies of a book: what stops them, and what killed ones left. */
#ifndef CLI_TRANSFER_H
#define CLI_TRANSFER_H

#include "cli/cli.h"
#include "ledger/ledger.h"

/* One that a signal stops: between stop_guard and stop_unguard. */
struct ledger_transfer transfer_of(struct run *r);
/* Says what was removed next to a place. */
void transfer_say(struct run *r, const struct ledger_transfer *t, const char *place);

#endif
