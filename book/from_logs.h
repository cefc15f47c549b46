/* from_logs.h: from logs to a statement without a book; nothing is stored. */
#ifndef BOOK_FROM_LOGS_H
#define BOOK_FROM_LOGS_H

#include "book/pages.h"
#include "book/settings.h"

/* A statement, and what it rests on. */
struct from_logs;

/*
 * Reads the logs and makes the statement. 0; EXIT_FAILED if there is no evidence, which was reported on the terminal;
 * or negative: then *out is NULL. Settings and terminal must outlive it.
 */
int from_logs_new(struct from_logs **out, const struct book_settings *set, const struct terminal *t, const struct pages_settings *pages,
                  struct fault *why);
/* The same, priced by another catalogue than the settings', owned by the caller. */
int from_logs_new_priced(struct from_logs **out, const struct book_settings *set, const struct terminal *t, struct prices *prices,
                         struct fault *why);
void from_logs_free(struct from_logs *j); /* NULL: nothing */

const struct statement *from_logs_statement(const struct from_logs *j);
/* Renders it and its pages to where the settings state: EXIT_TIED_OUT, EXIT_FINDINGS, or negative. */
int from_logs_write(struct from_logs *j, struct fault *why);

#endif
