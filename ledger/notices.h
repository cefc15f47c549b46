/* notices.h: findings, assumptions and what is missing, as lines of JSON among a run's warnings. Private to ledger/. */
#ifndef LEDGER_NOTICES_H
#define LEDGER_NOTICES_H

#include "ledger/ledger.h"

/* Writes those of a run. */
int notices_put(struct ledger *l, int64_t run, const struct quality *q, struct fault *why);

/* What is read back: of a day only what the last run found that attributed it. */
struct notice_line {
	char *line;
	int64_t run, day_ns; /* day_ns: INT64_MIN: of the run */
};
struct notices {
	struct notice_line *at;
	size_t count;
};
/* Takes a warning that is such a line; false if it is a sentence. */
bool notices_add(struct notices *n, const char *sentence, int64_t run);
/* Adds them to `out`, of days only those in the period (half-open), and lets go of them. */
void notices_move_to(struct notices *n, int64_t from_ns, int64_t to_ns, struct quality *out);
/* Once the inputs are known: takes out what no longer holds, and adds the sentences of findings. */
void notices_settle(struct quality *q);

#endif
