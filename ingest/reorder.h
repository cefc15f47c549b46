/* reorder.h: sorts the lines of a file that are not in the order in which they were written. */
#ifndef INGEST_REORDER_H
#define INGEST_REORDER_H

#include "core/error.h"
#include "ingest/envelopes/envelope.h"

struct reorder;

/* A line as it is stored. */
struct held_line {
	uint64_t number; /* in the file */
	struct unwrapped line;
};

/* `by_stamp`: the order is that of the envelopes' timestamps; else the order is reversed. */
struct reorder *reorder_new(bool by_stamp);
void reorder_free(struct reorder *r);

/*
 * `at_ns` is the line's timestamp, or UNKNOWN. True if the line is stored; false if it is too long, and must be read
 * at once.
 */
bool reorder_add(struct reorder *r, uint64_t number, int64_t at_ns, const struct unwrapped *line, struct fault *why,
                 int *failed);

/*
 * After the last line: returns them one after the other; 1, 0 at the end, or a negative error. Valid until the next
 * call.
 */
int reorder_next(struct reorder *r, struct held_line *out, struct fault *why);

#endif
