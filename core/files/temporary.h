/* temporary.h: the unnamed temporary file of a spool. Private to spool.c. */
#ifndef CORE_TEMPORARY_H
#define CORE_TEMPORARY_H

#include <pthread.h>
#include <sys/types.h>

#include "core/error.h"

/* Created in $TMPDIR when first needed. It has no name, so that nothing is left however the process ends. */
struct temporary {
	pthread_mutex_t lock; /* guards its creation and its end */
	char *folder;
	int fd; /* -1: not created yet */
	off_t end;
};

/* A part of the file. */
struct extent {
	off_t at, end;
};

void temporary_init(struct temporary *f);
void temporary_release(struct temporary *f);

/* Reserves `bytes` at the end. Thread-safe. */
int temporary_reserve(struct temporary *f, size_t bytes, struct extent *out, struct fault *why);

/* Frees the disk space of what will not be read again, if the file system can. */
void temporary_drop(struct temporary *f, struct extent e);

/* Reads from e->at on and moves it, until `len` bytes are read or the extent ends. Sets the number read. */
int temporary_read(const struct temporary *f, struct extent *e, char *out, size_t len, size_t *got,
                    struct fault *why);

int temporary_write(const struct temporary *f, const char *bytes, size_t len, off_t at, struct fault *why);

/* Writes piece by piece from an offset on. */
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
