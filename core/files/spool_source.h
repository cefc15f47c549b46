/* spool_source.h: a sorted run that is read item by item. Private to spool.c. */
#ifndef CORE_SPOOL_SOURCE_H
#define CORE_SPOOL_SOURCE_H

#include <stdbool.h>

#include "core/files/spool_sort.h"
#include "core/files/temporary.h"

struct run;

/* One sorted run being merged: from memory, or from the file through a buffer. */
struct spool_source {
	const char *item; /* the current one, header first */
	const struct packed *packed; /* NULL: from the file */
	size_t next;                 /* in `packed`'s index */
	char *buffer;
	size_t start, end, room; /* bytes read and not yet consumed; `item` is before `start` */
	struct extent rest;      /* the part not yet read */
	const struct run *run;   /* from the file */
};

/* To the next item: 1, 0 at the end, or a negative error. The second one is for runs in the file. */
int spool_source_advance(struct spool_source *f, const struct temporary *file, struct fault *why);
int spool_source_advance_file(struct spool_source *f, const struct temporary *file, struct fault *why);

/* To the next item of a run in the file, if that is in the buffer; else false, and nothing moved. */
static inline bool spool_source_advance_buffer(struct spool_source *f) {
	size_t left = f->end - f->start, bytes = left < PACKED_HEADER ? 0 : packed_size(f->buffer + f->start);

	if (bytes == 0 || left < bytes) {
		return false;
	}
	f->item = f->buffer + f->start;
	f->start += bytes;
	return true;
}

#endif
