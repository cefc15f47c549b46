/*
 * confine.h: the files that the work needs, so that the process can give up access to all others before it reads a
 * log.
 */
#ifndef BOOK_CONFINE_H
#define BOOK_CONFINE_H

#include "book/settings.h"

/* Further outputs not named in the settings; paths with %Y %m %d up to there. */
struct confine_more {
	const char *const *written;
	size_t count;
};

/*
 * Passes the logs, the files that the settings name, the book, the outputs and the folder of temporary files to the
 * terminal's `confine`. Nothing if it is NULL.
 */
void settings_confine(const struct book_settings *s, const struct terminal *t, const struct ingest_options *logs,
                      const struct confine_more *more);

#endif
