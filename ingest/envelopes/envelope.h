/*
 * envelope.h: removes what others wrapped around an engine's line: docker, Kubernetes, the journal, colours.
 * Envelopes nest in any order; each is one row in envelope.c.
 */
#ifndef INGEST_ENVELOPE_H
#define INGEST_ENVELOPE_H

#include "core/instant.h"
#include "core/json.h"
#include "core/record.h"
#include "ingest/envelopes/origin.h"

/* What an envelope must remember between lines of a file: pieces of a line written in parts. */
struct envelope;

/* `max_line_bytes` bounds a line joined from parts. */
struct envelope *envelope_new(size_t max_line_bytes);
void envelope_free(struct envelope *e);
/* The fleet file's rules for fields; they must live as long. NULL: none. */
void envelope_set_names(struct envelope *e, const struct name_rules *rules);

/* A line as the engine wrote it. */
struct unwrapped {
	struct text text; /* valid until the next call */
	int64_t stamp_ns; /* the outermost complete timestamp (year, zone), or UNKNOWN */
	struct origin origin; /* the server that it is from, as far as envelopes state it */
	struct civil local; /* the innermost timestamp without a zone (year 0: without a year) */
	bool has_local;
};

enum envelope_status {
	ENVELOPE_LINE,
	ENVELOPE_PART,    /* more parts of this line follow */
	ENVELOPE_DONE,    /* envelope_more: the document has no more lines */
	ENVELOPE_TOO_LONG /* the parts sum to more than max_line_bytes: dropped */
};

/* The first line; for a document with many lines, envelope_more returns the others one by one. */
enum envelope_status envelope_strip(struct envelope *e, struct text raw, struct unwrapped *out);
enum envelope_status envelope_more(struct envelope *e, struct unwrapped *out);

/* At the end of the file: a line without its last part, the first from stream *from (0 at the start) on, which moves past it. */
bool envelope_peek(const struct envelope *e, int *from, struct unwrapped *out);

#endif
