/* setup.h: from the command line to the settings of the rooms below. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cli.h"

/* Sets the terminal for the rooms below; once the options are read. */
void setup_terminal(struct run *r);

/* The operands are the LOGs; at least one is needed. 0, an exit status, or a negative error. */
int setup_logs(struct run *r, struct logs *out, struct fault *why);

/*
 * Can the output files be written (-o, --quarantine, --requests, --model-report)? Checked before the work begins, not
 * after hours. 0, or the exit status, after printing the error.
 */
int setup_outputs(struct run *r);

/* Renders to -o or standard output; see settings_write. */
int write_statement(struct run *r, const struct statement *s, struct fault *why);

#endif
