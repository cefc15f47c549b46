/*
 * bundle.h: packed items of many replicas in one immutable, checksummed file, by replica.
 *
 * A file is: for each replica, in the order of their names, a zstd frame (with its checksum) of items, each a varint
 * length and its bytes; a frame of notes (text); the index, a line of packed name, offset, stored bytes and items a
 * replica; and a tail of fixed length, which has the hash of the index. It appears by rename. Equal items result in
 * equal bytes. A reader holds one block of the index and one of a frame, however many replicas there are.
 */
#ifndef CORE_BUNDLE_H
#define CORE_BUNDLE_H

#include "core/error.h"
#include "core/text.h"

struct bundle_writer;

int bundle_create(struct bundle_writer **out, const char *path, struct fault *why);
/* Adds an item of a replica; replicas must come in order of their names. */
int bundle_add(struct bundle_writer *w, struct text replica, struct text item, struct fault *why);
/* Ends the file with these notes, puts it in place, and frees. */
int bundle_commit(struct bundle_writer *w, struct text notes, struct fault *why);
void bundle_abandon(struct bundle_writer *w);

struct bundle;

/* One replica's part of a file. */
struct bundle_part {
	struct text replica; /* valid until the next call of bundle_next */
	int64_t offset, bytes, items;
};

/* ERROR_IO if it is not there; ERROR_CONFIG if it is not a bundle, or damaged. */
int bundle_open(struct bundle **out, const char *path, struct fault *why);
void bundle_close(struct bundle *b);
int64_t bundle_bytes(const struct bundle *b); /* size of all parts, as stored */
/* The notes; the caller frees out->at. */
int bundle_notes(struct bundle *b, struct text *out, struct fault *why);
/* The next part by the index: 1, 0 at the end, or negative. */
int bundle_next(struct bundle *b, struct bundle_part *out, struct fault *why);
/* Passes all items of a part to the sink. A negative return of the sink stops it and is returned. */
typedef int bundle_sink(void *context, struct text item, struct fault *why);
int bundle_read(struct bundle *b, const struct bundle_part *part, bundle_sink *sink, void *context, struct fault *why);

#endif
