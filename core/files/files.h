/* files.h: reads small files, and writes files atomically. */
#ifndef CORE_FILES_H
#define CORE_FILES_H

#include <stdio.h>
#include <sys/types.h>

#include "core/error.h"
#include "core/text.h"

/*
 * Reads a whole regular file of at most `max` bytes ("-" is not special). *out is allocated, NUL-terminated after
 * `len` bytes, and the caller frees out->at. Gzip is unpacked if the content is gzip, with the same bound on the
 * result. A wrong path is ERROR_CONFIG, an existing file that cannot be read ERROR_IO.
 */
int file_read(const char *path, size_t max, struct text *out, struct fault *why);
/* The two steps of that: the bytes as they are; and what they are unpacked. After an error nothing is left to free. */
int file_read_stored(const char *path, size_t max, struct text *out, struct fault *why);
int file_unpack(const char *path, size_t max, struct text *bytes, struct fault *why);

/* The first `max` bytes of a regular file, or all of it if it is shorter; as they are, gzip or not. */
int file_read_head(const char *path, size_t max, struct text *out, struct fault *why);

/* A stream into memory, as of open_memstream; once it is closed its bytes at *at are complete, or memory ran out. */
FILE *memory_open(char **at, size_t *len);
void memory_close(FILE *stream, char *const *at);

/* Prefix and suffix of the names of files being written. */
#define TEMP_START ".tollbook-"
#define TEMP_END ".tmp"

/* A file being written next to its target: PATH is untouched until outfile_commit. */
struct outfile;

/* Does this errno mean a wrong path (a matter of usage), not a failure of the system? */
bool file_path_is_wrong(int error);

/*
 * Opens a stream for PATH ("-" or NULL: standard output, which commit only flushes).
 * A path that ends in .gz is compressed on the way.
 */
int outfile_open(struct outfile **out, const char *path, struct fault *why);
FILE *outfile_stream(struct outfile *o);
/* The errno of the stream's failure, if any: for callers that do not commit. */
int outfile_failed(const struct outfile *o, struct fault *why);
/* Flush, fsync, rename, fsync of the folder; frees. Any error removes what was written. */
int outfile_commit(struct outfile *o, struct fault *why);
/* All of that for a file of these bytes. */
int outfile_write(const char *path, struct text bytes, struct fault *why);
/* The same without waiting for the disk: files_sync (folders.h) does that. */
int outfile_put(struct outfile *o, struct fault *why);
/* Aborts: removes what was written; frees. */
void outfile_abandon(struct outfile *o);
/* Commits, or aborts if `rc` is negative, and returns it with errno as it was. */
int outfile_end(struct outfile *o, int rc, struct fault *why);

/* Masks these permissions of files created from now on, in addition to the umask. Returns the previous umask. */
mode_t files_mask(mode_t without);

#endif
