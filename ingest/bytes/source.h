/* source.h: the bytes of a file or of standard input, unpacked, a block at a time. */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include "core/digest.h"
#include "core/error.h"
#include "core/text.h"

struct source;

/* Why the bytes end before the intended end of the file. */
struct source_damage {
	const char *reason; /* NULL: nothing is wrong. A short fixed phrase */
	int64_t offset;     /* in the bytes as stored */
};

struct source_limits {
	size_t block_bytes; /* 0: 256 KiB */
	int64_t max_ratio;  /* bytes unpacked per byte stored; 0: 1100 */
	bool regular_only;  /* a pipe or a device is refused, never waited for */
	bool unhashed;      /* without source_sha256: only to be examined */
};

/* Opens a path ("-": standard input). Fails only if it cannot be opened, with the system's error. */
int source_open(struct source **out, const char *path, struct source_limits limits, struct fault *why);
void source_free(struct source *s);

/*
 * The next block of unpacked bytes, valid until the next call: false at the end. Bytes before a damage are delivered
 * first; see source_damage after the end. Of more than a MiB of NULs in a row, a MiB is delivered:
 * a block may be empty.
 */
bool source_next(struct source *s, struct text *block);

/*
 * From here on blocks are read and unpacked in a separate thread, some blocks ahead, if enough of a file on a disk
 * remains. What the source reports below is then known after the last block; its bytes are those of the blocks
 * delivered.
 */
void source_read_ahead(struct source *s);

struct source_damage source_damage(const struct source *s);

/* Is it compressed? */
bool source_packed(const struct source *s);

/* Bytes read from the file so far. */
int64_t source_bytes(const struct source *s);

/* SHA-256 of the bytes as stored (of a long hole: of its length), once source_next has returned false. */
const char *source_sha256(const struct source *s);

#endif
