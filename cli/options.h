/* options.h: the table of options that several commands share, and parsing of the command line. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/cli.h"

/* The common options; in the order of --help. */
const struct option *options_common(size_t *count);

/* The title of a group in --help. Groups by their bit, from 0; NULL after the last. */
const char *options_group_title(size_t bit);

/* Does the command have this common option? */
bool option_belongs(const struct option *o, const struct command *c);

/*
 * Reads the arguments from r->argv[from] on into *r. Stops at --help. 0; or
 * EXIT_USAGE after it has said what is wrong, pointed at it, and said what may be meant.
 */
int options_read(struct run *r, int from);

/* Stores a common option's value in settings; 1: there is no option of this name. */
int options_set(struct book_settings *into, const char *name, const char *value, struct fault *why);

/* Frees the lists that options_read has allocated. */
void options_release(struct run *r);

#endif
