/*
 * fingerprint.h: the fingerprint of a log's unpacked bytes: hashes at several positions, which identify the same log
 * under another name, compressed, truncated or grown.
 */
#ifndef CORE_FINGERPRINT_H
#define CORE_FINGERPRINT_H

#include "core/digest.h"
#include "core/text.h"

/* This many bytes at the start of a log distinguish it from most others. */
#define FINGERPRINT_HEAD_BYTES 1024
/* A mark is made at the first line that ends this far after the previous mark. */
#define PRINT_MARK_BYTES ((int64_t)64 * 1024)

/* A position in a log at the end of a line. */
struct fingerprint_mark {
	int64_t bytes, lines;
	char hash[DIGEST_HEX_MAX]; /* of all bytes up to there */
};

struct fingerprint;
struct fingerprint *fingerprint_new(void);
void fingerprint_free(struct fingerprint *p);
void fingerprint_add(struct fingerprint *p, struct text bytes);
/* A mark is also made at the end of the line that ends after this many bytes: the end of an earlier, shorter copy. */
void fingerprint_want_mark(struct fingerprint *p, int64_t bytes);

/* The end of the last whole line so far; with `all`, of everything, whether it ends in a newline or not. */
struct fingerprint_mark fingerprint_end(struct fingerprint *p, bool all);
/* Length and hash of the first bytes, up to `end`. */
int64_t fingerprint_head(const struct fingerprint *p, int64_t end, char hash[DIGEST_HEX_MAX]);

/* Marks as bytes, to be stored; valid until the next call of fingerprint_add. */
struct text fingerprint_marks(const struct fingerprint *p);
/* The first mark of `marks`, which moves past it; false at their end. `last` is the previous mark (zero at first). */
bool fingerprint_next_mark(struct text *marks, struct fingerprint_mark *last);
/* Are two hashes equal? Stored marks have the first 16 digits only. */
bool fingerprint_same(const char *a, const char *b);

#endif
