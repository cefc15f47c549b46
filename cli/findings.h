/* findings.h: what was wrong with the input, or missing from it, said on standard error. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "cli/cli.h"

/* Damaged files, rejected lines and warnings, a line each. Nothing with -q. */
void findings_say(struct run *r, const struct quality *q);

/* With -v: each input, its format and how much was in it. */
void findings_say_inputs(struct run *r, const struct quality *q);

/* No evidence at all: per file what was seen, and what to switch on so that there is some next time. */
void findings_say_nothing(struct run *r, const struct quality *q);

/* What makes the server of a format write evidence of the best grade it can, or NULL: a sentence. */
const char *findings_switch_on(const char *format);
/* What to switch on at the server for requests beside steps; NULL: nothing is known. */
const char *findings_requests(const char *format);

#endif
