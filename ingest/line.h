/* line.h: cuts blocks of bytes into lines, without copying lines that are within a block. */
#ifndef INGEST_LINE_H
#define INGEST_LINE_H

#include "core/text.h"

/* Zero-initialise except max_bytes. */
struct lines {
	size_t max_bytes;  /* longer lines are not delivered */
	uint64_t number;   /* of the line delivered last, from 1 */
	struct text block; /* the remaining part of the block */
	char *carry;       /* the beginning of a line that ends in a later block */
	size_t carry_len, carry_room;
	bool too_long;     /* the line being carried is over max_bytes: its bytes are dropped */
	bool in_part;      /* a part of the line being carried has been delivered */
	size_t part_bytes; /* a longer line is delivered in parts, whatever its length; 0: as a whole */
};

enum line_status { LINE_NONE, LINE_READY, LINE_TOO_LONG, LINE_PART };

void lines_release(struct lines *l);

/* Passes in the next block; the previous one must be used up (lines_next returned LINE_NONE). */
void lines_feed(struct lines *l, struct text block);

/*
 * The next line, without its LF or CRLF, without a byte order mark at the beginning of the file, and without leading
 * NULs (left by truncating a log while it is written). Valid until the next call. LINE_TOO_LONG represents a line
 * that was dropped, LINE_PART the beginning of one; its number comes with its end.
 */
enum line_status lines_next(struct lines *l, struct text *line);

/* Skips the following empty lines in this block, after a whole line; returns their number. */
int64_t lines_skip_empty(struct lines *l);

/* After the last block: the line that has no newline, if there is one. */
enum line_status lines_last(struct lines *l, struct text *line);

#endif
