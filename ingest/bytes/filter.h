/* filter.h: a decompression filter; private to ingest/. One row in filters[] each. */
#ifndef INGEST_FILTER_H
#define INGEST_FILTER_H

#include "core/text.h"

/* Input and output: a filter advances `in` and `out` by the bytes consumed and produced. */
struct filter_flow {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_room;
};

struct filter {
	const char *name;

	/* The confidence that these first bytes are for this filter: 0 is "no". Pure. */
	int (*bid)(struct text head);

	void *(*open)(void);
	void (*close)(void *state);

	/* Unpacks until the input is used up or the output is full. NULL, or the reason why it cannot continue. */
	const char *(*unpack)(void *state, struct filter_flow *flow);

	/* At the end of the file: NULL, or the reason why the data is incomplete. */
	const char *(*finish)(void *state);
};

extern const struct filter filter_gzip, filter_zstd, filter_utf16, filter_other;
#ifdef TOLLBOOK_ISAL
extern const struct filter filter_isal; /* in place of filter_gzip */
#endif

#endif
