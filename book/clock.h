/* clock.h: is the clock right? Lines that are refused as of the future are read, and never again. */
#ifndef BOOK_CLOCK_H
#define BOOK_CLOCK_H

#include "book/book.h"

/*
 * The time by the clock; if it was set back behind the end of the last run, that: else what was written since would lie
 * in the future, and be refused for good. Within a run.
 */
int clock_now(struct book *b, int64_t *now_ns, struct fault *why);

/*
 * Of a log so many lines lie in the future, and so many records do not. A few such lines are wrong; where it is more than a
 * tenth, and nothing vouches for the clock, that may be: then the log is set aside as a whole until a night can decide.
 */
bool clock_sets_aside(const struct book *b, int64_t in_future, int64_t records);
/* Reports a log that is set aside. */
void clock_report_aside(struct book *b, const char *path, int64_t in_future, int64_t records, int64_t now_ns);

#endif
