/* say.h: messages on standard error, in one form. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

#include "cli/cli.h"

/* "tollbook run: error: …" and a newline; bytes that are unsafe for a terminal are escaped. */
void say_error(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not with -q. */
void say_warning(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What to do next: a line below an error, without a name in front. */
void say_next(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * An error in the command line: also prints the line and points at argument `at` of argv (argc: after the last).
 * Returns EXIT_USAGE.
 */
int say_argument(struct run *r, int at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, at the last value of an option that was given; without a pointer if it was not. */
int say_option(struct run *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * A fault that a room below returned with this negative code: also points at the argument if known. Returns the exit
 * status.
 */
int say_fault(struct run *r, int code, const struct fault *why);

/* After everything is written to standard output: EXIT_TIED_OUT, also if its reader has gone; or EXIT_FAILED, and says why. */
int say_printed(struct run *r);

/* Writes a text in a form that is safe for a terminal; returns its columns. */
int say_safe(FILE *out, const char *text);

#endif
