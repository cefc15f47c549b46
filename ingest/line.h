/* line.h: cuts blocks of bytes into lines, without copying where a line lies within a block. */
#ifndef INGEST_LINE_H
#define INGEST_LINE_H

#include "core/text.h"

/* Zero-initialise but for max_bytes. */
struct lines {
	size_t max_bytes;  /* longer lines are not delivered */
	uint64_t number;   /* of the line delivered last, from 1 */
	struct text block; /* what is left of the block */
	char *carry;       /* the beginning of a line whose end is in a later block */
	size_t carry_len, carry_room;
	bool too_long;     /* the line being carried is over max_bytes: its bytes are dropped */
	bool in_part;      /* a part of the line being carried has been delivered */
	size_t part_bytes; /* a longer line is delivered in parts, whatever its length; 0: as a whole */
};

enum line_status { LINE_NONE, LINE_READY, LINE_TOO_LONG, LINE_PART };

void lines_release(struct lines *l);

/* Hands in the next block; the one before must be used up (lines_next said LINE_NONE). */
void lines_feed(struct lines *l, struct text block);

/*
 * The next line, without its LF or CRLF, without a byte order mark at the beginning of
 * the file, and without NULs in front (what a log truncated while it is written leaves).
 * Valid until the next call. LINE_TOO_LONG represents a line that was dropped, LINE_PART the beginning of one, whose
 * number comes with its end.
 */
enum line_status lines_next(struct lines *l, struct text *line);

/* Skips the empty lines that come next in this block, behind a whole line; how many there were. */
int64_t lines_skip_empty(struct lines *l);

/* After the last block: the line that has no newline, if there is one. */
enum line_status lines_last(struct lines *l, struct text *line);

#endif
