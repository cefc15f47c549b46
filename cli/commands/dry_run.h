/* dry_run.h: what logs contain, file by file, and what to switch on for more; nothing is stored. */
#ifndef CLI_DRY_RUN_H
#define CLI_DRY_RUN_H

#include "cli/cli.h"

/*
 * `tollbook ingest --dry-run LOG...`: reads the operands and prints, per file, its format, its lines
 * by kind of record, the best grade of evidence in it, and the server's switch for a better one.
 * The exit status; or a negative error with the fault set.
 */
int dry_run(struct run *r, struct fault *why);

#endif
