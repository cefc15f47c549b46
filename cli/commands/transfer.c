#include "cli/commands/transfer.h"

#include <inttypes.h>

#include "cli/say.h"

struct ledger_transfer transfer_of(struct run *r) {
	return (struct ledger_transfer){.stopped = r->terminal.stopped, .context = r->terminal.context};
}

void transfer_say(struct run *r, const struct ledger_transfer *t, const char *place) {
	if (t->cleared > 0) {
		say_warning(r, "%s.part-*: removed %" PRId64 " left by a killed run", place, t->cleared);
	}
}
