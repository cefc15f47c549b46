/* findings.h: what was wrong with the input, or missing from it, said as warnings. */
#ifndef BOOK_FINDINGS_H
#define BOOK_FINDINGS_H

#include "book/settings.h"

/* Damaged files, rejected lines and warnings, a line each. Nothing with -q. */
void findings_say(const struct terminal *t, const struct quality *q);

/* With -v: each input, its format and how much was in it. */
void findings_say_inputs(const struct terminal *t, const struct quality *q);

/* No evidence at all: per file what was seen, and what to switch on so that there is some next time. */
void findings_say_nothing(const struct terminal *t, const struct list *logs, const struct quality *q);

/* What makes the server of a format write evidence of the best grade it can, or NULL: a sentence. */
const char *findings_switch_on(const char *format);
/* What to switch on at the server for requests in addition to steps; NULL: nothing is known. */
const char *findings_requests(const char *format);

#endif
