/*
 * portions.h: what is new of the logs, by day, in portions that are each taken in and committed as a whole, so that a
 * night that is killed goes on where it stopped.
 *
 * Nothing that is written into the book depends on where it stopped: a portion takes the logs that are left in their
 * order until it is full, and only logs of which the book knows nothing yet fill it and are numbered first. What an
 * earlier portion has taken in and must look at again (a log that may still grow, or is damaged) changes neither.
 */
#ifndef CLI_PORTIONS_H
#define CLI_PORTIONS_H

#include "book/book.h"

/* So many new logs, or bytes of them as stored, make a portion; it goes on to the end of the day, to four times that. */
#define PORTION_FILES 1000
#define PORTION_BYTES ((int64_t)64 * 1024 * 1024)

struct portions;
/* Lists the files that these logs stand for, but those that lie there as the book has seen them. */
int portions_new(struct portions **out, struct book *b, const struct logs *logs, int64_t files, struct fault *why);
void portions_free(struct portions *p);
/* The next portion; what it points to lives until the next call. 1, or 0: there is no more; or negative. */
int portions_next(struct portions *p, struct logs *out, struct fault *why);

#endif
