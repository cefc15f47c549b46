/* help.h: --help, printed from the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/cli.h"

/* What `tollbook --help` prints. */
void help_program(const struct run *r, FILE *out);
/* What `tollbook` alone prints on a terminal: ten lines on what to do with a log. */
void help_first(const struct run *r, FILE *out);

/*
 * What `tollbook help NAME` prints: every option with its line. In `tollbook NAME --help`, a screen of HELP_LINES,
 * groups of options that do not fit are only named.
 */
#define HELP_LINES 40
void help_command(const struct command *c, FILE *out);
void help_screen(const struct command *c, FILE *out);

#endif
