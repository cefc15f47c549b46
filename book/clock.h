/* clock.h: checks the clock. Lines refused as in the future count as read, and are never read again. */
#ifndef BOOK_CLOCK_H
#define BOOK_CLOCK_H

#include "book/book.h"

/*
 * The time by the clock; if it was set back to before the end of the last run, that end: else what was written since
 * would be in the future, and refused for good. Within a run.
 */
int clock_now(struct book *b, int64_t *now_ns, struct fault *why);

/*
 * Given a log's numbers of lines in the future and of other records: a few such lines are wrong; if they are more
 * than a tenth, and nothing confirms the clock, the clock may be wrong: then the whole log is set aside until a night
 * can decide.
 */
bool clock_sets_aside(const struct book *b, int64_t in_future, int64_t records);
/* Reports a log that is set aside. */
void clock_report_aside(struct book *b, const char *path, int64_t in_future, int64_t records, int64_t now_ns);

#endif
