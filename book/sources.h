/* sources.h: is a log known to the book? Decided before it is read. */
#ifndef BOOK_SOURCES_H
#define BOOK_SOURCES_H

#include "book/book.h"
#include "core/files/fingerprint.h"

/* Lengths of heads of the logs that the book knows, as of the first log that is compared. */
struct head_lengths {
	int64_t at[FINGERPRINT_HEAD_BYTES];
	size_t count;
	bool known;
};

enum log_state {
	LOG_UNREAD, /* it cannot be read now: that is a finding, and it waits for the next time */
	LOG_OLD,    /* a log that the book knows has the same beginning, or this one has no line of text */
	LOG_NEW,
};
/* One of these, or negative. */
int log_look(struct book *b, struct head_lengths *h, const char *path, struct fault *why);

#endif
