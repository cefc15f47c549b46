/* paths.h: the files that the LOGs of the command line represent. */
#ifndef INGEST_PATHS_H
#define INGEST_PATHS_H

#include "core/quality.h"
#include "ingest/ingest.h"

struct path {
	char *name; /* the path to open, also for messages; "-" is standard input */
	int64_t bytes; /* 0 if it has no size */
	struct ingest_found found;
	const struct ingest_source *source;
	struct ingest_place place; /* how its path names its server, among those of other files */
};

struct paths {
	struct path *at;
	size_t count, room;
	bool folders_only; /* one regular file of each folder, not looked at */
};

/*
 * Adds a source: a file, or all files below a directory in the order of their names. Links that lead back up are not
 * followed; a folder that cannot be listed is damage.
 */
void paths_add(struct paths *p, const struct ingest_source *source, struct quality *quality);
/*
 * Leaves out files with the same bytes as an earlier one. A copy is reported as damage, which explains its omission;
 * another name of the same file (a link, a file given twice) as a warning.
 */
void paths_drop_copies(struct paths *p, struct quality *quality);

/* Finds files whose names do not distinguish servers, or takes this from the options. */
void paths_find_places(struct paths *p, const struct ingest_options *o);

void paths_release(struct paths *p);

#endif
