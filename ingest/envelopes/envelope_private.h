/* envelope_private.h: the state of a file's envelopes, for envelope.c and peeling.c; others use peeling.h. */
#ifndef INGEST_ENVELOPE_PRIVATE_H
#define INGEST_ENVELOPE_PRIVATE_H

#include "ingest/envelopes/entries.h"
#include "ingest/envelopes/export.h"
#include "ingest/envelopes/peeling.h"
#include "ingest/envelopes/shape.h"
#include "ingest/envelopes/table.h"
#include "ingest/envelopes/wide.h"

/* Deeper than any chain of collectors; bounds lines that consist of prefixes alone. */
#define DEPTH_MAX 8

/* A line in parts; stdout and stderr of a container are mixed in one file. */
struct joint {
	char *at;
	size_t len, room;
	int64_t stamp_ns;
	bool too_long;
};

struct envelope {
	size_t max_line_bytes;
	struct json *json;
	struct joint joints[STREAMS];
	char *scratch[DEPTH_MAX]; /* the line with escapes resolved or colours removed, one buffer per depth */
	size_t scratch_room[DEPTH_MAX];
	struct export_entry entry;
	const struct name_rules *rules;
	struct entries entries;
	bool begun;          /* a line was read */
	struct table table;
	struct shapes shapes;
	struct instant_near near;
	struct wide wide;
	char *common;        /* "Common labels: {…}" of the log, or NULL */
	size_t common_len;
	char label[80]; /* of the last line with labels in front of other text than an object, and the byte after them */
	size_t label_len;
	char *label_room;
	size_t label_bytes;
	struct peeling first; /* of the current line, before it proves to hold several */
};

#endif
