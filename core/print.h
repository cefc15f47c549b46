/*
 * print.h: the fingerprint of a log's unpacked bytes: hashes on the way, by which the same log is
 * known again under another name, packed, cut short or grown.
 */
#ifndef CORE_PRINT_H
#define CORE_PRINT_H

#include "core/digest.h"
#include "core/text.h"

/* So many bytes at the start of a log tell it from most others. */
#define PRINT_HEAD_BYTES 1024
/* A mark is made at the first line that ends this far behind the one before. */
#define PRINT_MARK_BYTES ((int64_t)64 * 1024)

/* A place in a log at the end of a line. */
struct print_mark {
	int64_t bytes, lines;
	char hash[DIGEST_HEX_MAX]; /* of all bytes up to there */
};

struct print;
struct print *print_new(void);
void print_free(struct print *p);
void print_add(struct print *p, struct text bytes);
/* A mark is also made at the end of the line that ends after so many bytes: where an earlier, shorter copy ended. */
void print_want_mark(struct print *p, int64_t bytes);

/* The end of the last whole line so far; with `all`, of everything, whether it ends in a newline or not. */
struct print_mark print_end(struct print *p, bool all);
/* Is there anything behind the last whole line? */
bool print_has_rest(const struct print *p);
/* Length and hash of the first bytes, up to `end`. */
int64_t print_head(const struct print *p, int64_t end, char hash[DIGEST_HEX_MAX]);

/* Marks as bytes, to be kept; valid until the next call of print_add. */
struct text print_marks(const struct print *p);
/* The first mark of `marks`, moved behind it; false at their end. `last` is the mark before (zero at first). */
bool print_next_mark(struct text *marks, struct print_mark *last);
/* Do two hashes say the same? Kept marks hold the first 16 digits only. */
bool print_same(const char *a, const char *b);

#endif
