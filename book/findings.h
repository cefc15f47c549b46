/* findings.h: reports what was wrong with the input, or missing from it, as warnings. */
#ifndef BOOK_FINDINGS_H
#define BOOK_FINDINGS_H

#include "book/settings.h"

/* Damaged files, rejected lines and warnings, a line each. Nothing with -q. */
void findings_say(const struct terminal *t, const struct quality *q);

/* With -v: each input, its format and its counts. */
void findings_say_inputs(const struct terminal *t, const struct quality *q);

/* No evidence at all: per file what was found, and what to switch on. */
void findings_say_nothing(const struct terminal *t, const struct list *logs, const struct quality *q);

/* How to make the server of a format write its best evidence, as a sentence; or NULL. */
const char *findings_switch_on(const char *format);
/* What to switch on at the server for requests in addition to steps; NULL: not known. */
const char *findings_requests(const char *format);

#endif
