/* reorder.h: holds the lines of a file that are not in the order in which they were written, and gives them back in it. */
#ifndef INGEST_REORDER_H
#define INGEST_REORDER_H

#include "core/error.h"
#include "ingest/envelopes/envelope.h"

struct reorder;

/* A line as it is held. */
struct held_line {
	uint64_t number; /* in the file */
	struct unwrapped line;
};

/* `by_stamp`: the order is that of the envelopes' stamps; else the last line of the file is the first. */
struct reorder *reorder_new(bool by_stamp);
void reorder_free(struct reorder *r);

/*
 * `at_ns` is when the line is from: its stamp, or UNKNOWN. True if the line is held; false if it is too long for that,
 * and is to be read in place.
 */
bool reorder_add(struct reorder *r, uint64_t number, int64_t at_ns, const struct unwrapped *line, struct fault *why,
                 int *failed);

/* After the last line: hands over one after the other; 1, 0 at the end, or a negative error. Valid until the next call. */
int reorder_next(struct reorder *r, struct held_line *out, struct fault *why);

#endif
