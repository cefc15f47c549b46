/*
 * document.h: cuts JSON that spans several lines into objects that each represent a line.
 *
 * Log stores and usage APIs print documents such as {"events":[{…},{…}]}, indented or with an element a line. The
 * elements of such arrays become separate lines, in memory bounded by the largest one; any other value becomes one
 * line. Entries as YAML become lines of JSON (yaml.h).
 */
#ifndef INGEST_DOCUMENT_H
#define INGEST_DOCUMENT_H

#include "core/text.h"
#include "ingest/envelopes/yaml.h"

#define DOCUMENT_DEPTH_MAX 64
#define DOCUMENT_KEY_BYTES 16
/* Longer lines of a document are read in parts of at least this many bytes. */
#define DOCUMENT_PART_BYTES ((size_t)1 << 20)

/* Zero-initialise except max_bytes. */
struct document {
	size_t max_bytes;  /* of a value; larger ones are dropped */
	struct text rest;  /* of the line passed in last */
	bool goes_on;      /* that was a part of a line; the remainder follows */
	bool is_long;      /* one value in one line that is too long to be held: more arrays hold lines */
	bool skips;        /* the rest of the line is dropped */
	char *at;          /* the value being read, without white space between its tokens */
	size_t len, room;
	size_t base;       /* start of the element being read, after what encloses it */
	int depth;
	bool object[DOCUMENT_DEPTH_MAX + 1];  /* for each depth: an object, else an array */
	char keys[2][DOCUMENT_KEY_BYTES + 1]; /* the last key of the outermost two objects */
	size_t string_at;  /* start of the string that is being read or was read last */
	bool in_string, escaped, wants_key, too_long;
	int elements_at;   /* depth of the array with lines as elements; 0: none */
	bool others;       /* the outermost object has had a key that an export of CloudWatch has not */
	int wholes;        /* values that have ended */
	bool begun;        /* a line was passed in */
	bool is_yaml;
	struct yaml yaml;
	bool cut;          /* the value being read contains such an array */
};

enum document_status {
	DOCUMENT_MORE,    /* the line is used up */
	DOCUMENT_VALUE,   /* *out is a line */
	DOCUMENT_BROKEN,  /* the bytes read are not JSON, and are dropped */
	DOCUMENT_TOO_LONG
};

/*
 * Does a log with this beginning contain values over several lines, or several in a line? Or entries as YAML?
 */
bool document_bids(struct text head);
/* Does it begin with a line of JSON that does not end in the head? */
bool document_is_long(struct text head);

/* Passes in the next line; the previous one must be used up. */
void document_feed(struct document *d, struct text line);
void document_feed_part(struct document *d, struct text part);
/* Valid until the next call. */
enum document_status document_next(struct document *d, struct text *out);
/* At the end of the file: an entry of YAML that no marker ends; or broken, in the middle of a value. */
enum document_status document_end(struct document *d, struct text *out);
void document_release(struct document *d);

#endif
