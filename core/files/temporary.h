/* temporary.h: the unnamed temporary file behind a spool. Private to spool.c. */
#ifndef CORE_TEMPORARY_H
#define CORE_TEMPORARY_H

#include <pthread.h>
#include <sys/types.h>

#include "core/error.h"

/* Made in $TMPDIR when first needed. Has no name, so that nothing is left behind however the process ends. */
struct temporary {
	pthread_mutex_t lock; /* over making it and its end */
	char *folder;
	int fd; /* -1: not made yet */
	off_t end;
};

/* A part of the file. */
struct extent {
	off_t at, end;
};

void temporary_init(struct temporary *f);
void temporary_release(struct temporary *f);

/* Room at the end for `bytes`. Thread-safe. */
int temporary_reserve(struct temporary *f, size_t bytes, struct extent *out, struct fault *why);

/* Gives the disk back what will not be read again, where the file system can. */
void temporary_drop(struct temporary *f, struct extent e);

/* Reads from e->at on, which moves, until `len` bytes are read or the extent ends. Sets how many. */
int temporary_read(const struct temporary *f, struct extent *e, char *out, size_t len, size_t *got,
                    struct fault *why);

/* Writes piece by piece from a place on. */
struct spool_writer {
	const struct temporary *file;
	off_t at;
	size_t used;
	char *buffer;
};

void spool_writer_init(struct spool_writer *w, const struct temporary *f, off_t at);
void spool_writer_release(struct spool_writer *w);
/* A piece must be much smaller than 256 KiB. */
int spool_writer_add(struct spool_writer *w, const char *bytes, size_t len, struct fault *why);
int spool_writer_flush(struct spool_writer *w, struct fault *why);

#endif
