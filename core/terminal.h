/*
 * terminal.h: the interface between work and its caller (the command line, a test, another program), as function
 * pointers.
 */
#ifndef CORE_TERMINAL_H
#define CORE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/text.h"

enum terminal_voice { TERMINAL_ERROR, TERMINAL_WARNING, TERMINAL_HINT };

/* Files and folders that work needs. */
struct terminal_paths {
	const char *const *read;
	size_t read_count;
	const char *const *write; /* files are written under temporary names in the same folder, and appear by rename */
	size_t write_count;
};

/* Each function may be NULL: then nothing is shown, and the work is not stopped. */
struct terminal {
	void *context; /* passed to each function; the caller owns it */
	/* Prints a line: an error that does not end the work, a warning, or what to do next, below one of these. */
	void (*say)(void *context, enum terminal_voice voice, const char *message);
	/* Reports progress: bytes done of `total` (0: not known); from any thread. */
	void (*progress)(void *context, int64_t done, int64_t total);
	/* Reports what is being done, if the work takes long. */
	void (*stage)(void *context, const char *what);
	/* Should the work stop? Called from any thread, and often. */
	bool (*stopped)(void *context);
	/* Between true and false, files are open that must be removed before the process may end. */
	void (*guard)(void *context, bool on);
	/* All inputs except the logs were read: from here on no other paths are needed. */
	void (*confine)(void *context, const struct terminal_paths *paths);
	FILE *out;     /* where results go that are not a statement */
	bool quiet;    /* only errors and requested output */
	bool verbose;  /* all warnings, and each input */
	bool color;    /* of statements on `out` */
	bool color_files; /* of those in files */
	int columns;   /* width of `out`; 0: not known */
	int rows;      /* height; 0: not a terminal */
	bool ascii;    /* has no block characters */
};

void terminal_error(const struct terminal *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void terminal_warning(const struct terminal *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void terminal_hint(const struct terminal *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool terminal_stopped(const struct terminal *t) {
	return t->stopped && t->stopped(t->context);
}

static inline void terminal_stage(const struct terminal *t, const char *what) {
	if (t->stage) {
		t->stage(t->context, what);
	}
}

static inline void terminal_guard(const struct terminal *t, bool on) {
	if (t->guard) {
		t->guard(t->context, on);
	}
}

/*
 * Bytes from a log, safe for a terminal: control bytes, what is not UTF-8, and characters that hide or reverse text
 * are written as \xNN or \u{NNNN}. Returns the length in `out`, which ends with a NUL; truncated at a character if it
 * does not fit.
 */
size_t printable(struct text t, char *out, size_t size);
#define PRINTABLE_MAX 10 /* bytes in `out` of one in the text, at most */
void printable_put(FILE *out, struct text t);
/* As Markdown: the same, and nothing ends a cell or is markup. */
void markdown_put(FILE *out, struct text t);
/* Columns of a printable text on a terminal: its characters. */
size_t printable_width(const char *s);

#endif
