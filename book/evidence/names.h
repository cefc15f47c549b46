/*
 * names.h: names of servers that only the paths of all logs together tell from each other, in a book: a log that comes
 * later may show that a name is that of two servers. Then the records that are stored get the name that one run over
 * all logs would give them.
 */
#ifndef BOOK_EVIDENCE_NAMES_H
#define BOOK_EVIDENCE_NAMES_H

#include "book/book.h"

struct file_names;

/* Before logs are read: how the paths of these logs and of those in the book name their servers (logs->options.places). */
int names_open(struct file_names **out, struct book *b, struct logs *logs, struct fault *why);
/* A source of this reading, and the name that its path gave to its new records. */
void names_add(struct file_names *n, int64_t source, const char *named);
/* After all is stored: renames what has another name now. Days of closed periods are not changed. */
int names_settle(struct file_names *n, struct ledger_intake *in, struct fault *why);
void names_close(struct file_names *n, struct logs *logs);

#endif
