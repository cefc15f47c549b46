/* help.h: --help, printed from the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/cli.h"

/* What `tollbook --help` prints. */
void help_program(const struct run *r, FILE *out);

/* What `tollbook NAME --help` prints. */
void help_command(const struct command *c, FILE *out);

/* "-o, --output FILE", as in --help. */
#define OPTION_TEXT_MAX 64
const char *help_option_text(const struct option *o, char out[OPTION_TEXT_MAX]);

#endif
