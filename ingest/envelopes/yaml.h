/*
 * yaml.h: converts entries of a log store from YAML to one line of JSON each: what `gcloud logging read` prints by
 * default.
 *
 * ---
 * insertId: '1'
 * resource:
 *   labels:
 *     pod_name: vllm-0
 * textPayload: 'a line that is folded
 *   where it is long'
 * timestamp: '2026-10-05T06:00:10.123456789Z'
 *
 * Maps, lists and scalars of every quoting; no anchors, tags or maps within braces.
 */
#ifndef INGEST_ENVELOPES_YAML_H
#define INGEST_ENVELOPES_YAML_H

#include "core/text.h"

#define YAML_DEPTH_MAX 16

enum yaml_scalar { YAML_NONE, YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_BLOCK };

struct yaml_text {
	char *at;
	size_t len, room;
};

/* Zero-initialise except max_bytes. */
struct yaml {
	size_t max_bytes; /* of an entry; larger ones are dropped */
	struct yaml_text json, scalar;
	struct {
		int indent;
		bool list, any;
	} level[YAML_DEPTH_MAX];
	int depth;
	bool key_waits;  /* a key with its value on the following lines, if any */
	enum yaml_scalar open;
	int block_indent; /* indentation of a block's first line; -1: not known yet */
	bool folds;       /* a block ">" */
	bool too_long, broken;
};

/* Does a log begin like this? */
bool yaml_bids(struct text head);

enum yaml_status { YAML_MORE, YAML_ENTRY, YAML_TOO_LONG, YAML_BROKEN };

/* Reads a line; at an entry's end *out is its JSON, valid until the next call. */
enum yaml_status yaml_line(struct yaml *y, struct text line, struct text *out);
/* The entry at the end of the file. */
enum yaml_status yaml_end(struct yaml *y, struct text *out);
void yaml_release(struct yaml *y);

#endif
