/* segment.h: records as bytes, and files of them. The format is schemas/segment.md. Private to ledger/. */
#ifndef LEDGER_SEGMENT_H
#define LEDGER_SEGMENT_H

#include "core/record.h"
#include "ledger/ledger.h"

/* Enough for any record: its texts are truncated. */
#define SEGMENT_TEXT_MAX 1024
#define SEGMENT_RECORD_MAX (5 * SEGMENT_TEXT_MAX + 512)

/* A record's bytes; without its replica and day. Returns their number. */
size_t segment_encode(const struct record *r, int64_t day_ns, unsigned char out[SEGMENT_RECORD_MAX]);
/* Unpacks the record; its texts point into the bytes. False if they are damaged. */
bool segment_decode(struct text bytes, int64_t day_ns, struct text replica, struct record *out);

/* The flags of a record, in one number: see schemas/segment.md. */
uint64_t segment_flags(const struct record *r);
void segment_set_flags(struct record *r, uint64_t flags);

/* A segment being read: records as bytes, in order. */
struct segment_reader;
/* With a reader in *out, that one reads this segment; NULL: a new one. If it fails, *out is freed and NULL. */
int segment_open(struct segment_reader **out, const char *path, struct fault *why);
/* The next record: 1, 0 at the end (the hash is known then), or negative if damaged. */
int segment_next(struct segment_reader *s, struct text *bytes, struct fault *why);
const char *segment_hash(const struct segment_reader *s);
void segment_close(struct segment_reader *s);
/* Closes its file. The reader for another segment; NULL, and freed, if this one was not read to its end. */
struct segment_reader *segment_end(struct segment_reader *s);

/* A segment being written; appears complete, or not at all. */
struct segment_writer;
int segment_create(struct segment_writer **out, const char *path, struct fault *why);
int segment_add(struct segment_writer *w, struct text bytes, struct fault *why);
/* Renames it to its target; returns the size of the file and the hash of its content. Frees. */
int segment_put(struct segment_writer *w, char hash[DIGEST_HEX_MAX], int64_t *bytes, struct fault *why);
/* The same, and waits until it is on disk: after segment_put, files_sync does that. */
int segment_commit(struct segment_writer *w, char hash[DIGEST_HEX_MAX], int64_t *bytes, struct fault *why);
void segment_abandon(struct segment_writer *w);

#endif
