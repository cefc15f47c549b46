/* paths.h: the files that the LOGs of the command line represent. */
#ifndef INGEST_PATHS_H
#define INGEST_PATHS_H

#include "core/quality.h"
#include "ingest/ingest.h"

struct path {
	char *name; /* to open it, and for messages; "-" is standard input */
	int64_t bytes; /* 0 where it has no size */
	const struct ingest_source *source;
};

struct paths {
	struct path *at;
	size_t count, room;
};

/*
 * Adds a source: a file as it is, of a directory all files below in the order of their
 * names. Links that lead back up are not followed; what cannot be listed is damage.
 */
void paths_add(struct paths *p, const struct ingest_source *source, struct quality *quality);
/*
 * Leaves out files that have the same bytes as an earlier one. A copy is damage, so that its omission is explained;
 * another name of the same file (a link, a file given twice) a warning.
 */
void paths_drop_copies(struct paths *p, struct quality *quality);

void paths_release(struct paths *p);

#endif
