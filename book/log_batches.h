/*
 * log_batches.h: divides new logs, by day, into batches that are each read and committed as a whole, so that a killed
 * night resumes after the last committed batch.
 *
 * Nothing that is written into the book depends on where it stopped: a batch contains the remaining logs in order
 * until it is full, and only logs that the book does not know yet count for this and are numbered first. Logs that an
 * earlier batch has read and that must be read again (they may still grow, or are damaged) change neither.
 */
#ifndef BOOK_LOG_BATCHES_H
#define BOOK_LOG_BATCHES_H

#include "book/book.h"

/*
 * A batch contains this many new logs, or bytes of them as stored; it extends to the end of the day, up to four times
 * that.
 */
#define LOG_BATCH_FILES 1000
#define LOG_BATCH_BYTES ((int64_t)64 * 1024 * 1024)

struct log_batches;
/* Lists the files that these logs represent, except those unchanged since the book read them. */
int log_batches_new(struct log_batches **out, struct book *b, const struct logs *logs, int64_t files, struct fault *why);
void log_batches_free(struct log_batches *p);
/* The next batch; what it points to is valid until the next call. 1, or 0: there is no more; or negative. */
int log_batches_next(struct log_batches *p, struct logs *out, struct fault *why);

#endif
