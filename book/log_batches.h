/*
 * log_batches.h: what is new of the logs, by day, in batches that are each taken in and committed as a whole, so that a
 * night that is killed goes on where it stopped.
 *
 * Nothing that is written into the book depends on where it stopped: a batch takes the logs that are left in their
 * order until it is full, and only logs of which the book knows nothing yet fill it and are numbered first. What an
 * earlier batch has taken in and must look at again (a log that may still grow, or is damaged) changes neither.
 */
#ifndef BOOK_LOG_BATCHES_H
#define BOOK_LOG_BATCHES_H

#include "book/book.h"

/* So many new logs, or bytes of them as stored, make a batch; it goes on to the end of the day, to four times that. */
#define LOG_BATCH_FILES 1000
#define LOG_BATCH_BYTES ((int64_t)64 * 1024 * 1024)

struct log_batches;
/* Lists the files that these logs represent, but those that lie there as the book has seen them. */
int log_batches_new(struct log_batches **out, struct book *b, const struct logs *logs, int64_t files, struct fault *why);
void log_batches_free(struct log_batches *p);
/* The next batch; what it points to lives until the next call. 1, or 0: there is no more; or negative. */
int log_batches_next(struct log_batches *p, struct logs *out, struct fault *why);

#endif
