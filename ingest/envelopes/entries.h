/* entries.h: JSON that contains many lines of a log, or many samples of metrics; private to envelopes/. */
#ifndef INGEST_ENTRIES_H
#define INGEST_ENTRIES_H

#include "ingest/envelopes/peeling.h"

#define ENTRIES_LEVELS 3

struct entries {
	struct json *json;
	const struct entry_path *path; /* NULL: none is open */
	json_at at[ENTRIES_LEVELS];      /* the elements that enclose the entry, and the entry; */
	int levels;                     /* their number */
	json_at value, stamp;           /* of a series of samples: the next one; JSON_ABSENT: not begun */
	char *labels;                   /* of the series, as text */
	size_t labels_len, labels_room;
};

void entries_release(struct entries *b);

/* May a document that begins like this contain entries? By its first key alone: a cheap test. */
bool entries_may_begin(struct text t);
/* Opens the document if it contains entries. */
bool entries_open(struct entries *b, struct text document);

/* Puts the next entry into `p`, without its envelope; after the last, closes the document and returns false. */
bool entries_next(struct envelope *e, struct entries *b, struct peeling *p);

#endif
