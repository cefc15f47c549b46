/* notices.h: findings, assumptions and missing items, as lines of JSON among a run's warnings. Private to ledger/. */
#ifndef LEDGER_NOTICES_H
#define LEDGER_NOTICES_H

#include "ledger/ledger.h"

/* Writes those of a run. */
int notices_put(struct ledger *l, int64_t run, const struct quality *q, struct fault *why);

/* Notices that were read: for a day only those of the last run that attributed it. */
struct notice_line {
	char *line;
	int64_t run, day_ns; /* day_ns: INT64_MIN: of the run */
};
struct notices {
	struct notice_line *at;
	size_t count;
};
/* Adds a warning that is such a line; false if it is a sentence. */
bool notices_add(struct notices *n, const char *sentence, int64_t run);
/* Moves them to `out`, of days only those in the period (half-open). */
void notices_move_to(struct notices *n, int64_t from_ns, int64_t to_ns, struct quality *out);
/* Once the inputs are known: removes what no longer applies, and adds the sentences of findings. */
void notices_settle(struct quality *q);

#endif
