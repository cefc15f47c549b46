/* confine.h: which files the work needs, so that the process can close all others to itself before it reads a log. */
#ifndef BOOK_CONFINE_H
#define BOOK_CONFINE_H

#include "book/settings.h"

/* What is written besides what the settings name; paths with %Y %m %d up to there. */
struct confine_more {
	const char *const *written;
	size_t count;
};

/*
 * Hands the terminal's `confine` the logs, the files that the settings name, the book, the outputs and the folder of
 * temporary files. Nothing where it is NULL.
 */
void settings_confine(const struct book_settings *s, const struct terminal *t, const struct ingest_options *logs,
                      const struct confine_more *more);

#endif
