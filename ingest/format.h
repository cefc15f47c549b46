/*
 * format.h: what a log format is; private to ingest/. Each is one file in formats/ and one row in formats/formats.c.
 *
 * A format neither allocates nor prints, and has no state except a struct that it declares and the stage owns, one
 * for each file, all zero at the start.
 */
#ifndef INGEST_FORMAT_H
#define INGEST_FORMAT_H

#include "core/json.h"
#include "core/quality.h"
#include "core/record.h"
#include "ingest/ingest.h"
#include "ingest/stamp.h"

enum parse_result {
	PARSE_NONE,   /* not a line of evidence, or more lines are needed */
	PARSE_RECORD, /* *out is a record; no more from this line */
	PARSE_AGAIN,  /* *out is a record; call again with the same line for the next */
	PARSE_REJECT, /* damaged or impossible: see parser.reason */
	PARSE_REJECT_AGAIN /* the same for a part of the line: call again for the next */
};

/* Strings with resolved escapes, valid until the next line; longer ones are truncated. */
#define TEXTS_MAX 8
#define TEXT_MAX_BYTES 256
struct texts {
	char at[TEXTS_MAX][TEXT_MAX_BYTES];
	unsigned used;
};

/* Context for parsing one file. */
struct parser {
	void *state;           /* state_size bytes, owned by the format */
	struct json *json;     /* a document to parse into */
	struct stamps stamps;  /* for timestamps without year or zone */
	struct civil local;    /* the envelope's timestamp of this line, if it has no zone (year 0: without a year) */
	bool has_local;
	int64_t seen_index; /* of the iteration in the last line, set by formats whose lines may give no record; or UNKNOWN */
	struct text replica;   /* the source's name, for formats that distinguish several engines in one log */
	struct text model;     /* from the command line; empty: not given */
	int64_t latest_ns;     /* instants after this are impossible */
	int64_t modified_ns;   /* when the file was last changed; 0: not known */
	struct quality *quality;
	struct matcher *matcher; /* of the user's patterns; NULL: there are none */
	/* number of data-parallel engines that one line sums up; 0 or 1: each logs separately */
	int64_t engines_added;
	/* the engine of the log, if several engines have the format; NULL: the format's name */
	const char *engine;
	bool has_version;        /* the log states the engine's version */
	int64_t version[2];      /* major, minor */
	const char *reason;    /* for PARSE_REJECT: a short fixed phrase */
	const char *note;      /* an irregularity of a line that was read nevertheless, or NULL; the reader resets it */
	struct texts texts;
};

#define BID_MOST 90
struct format {
	/* The confidence that a log that begins with these lines has this format, 0 to 100. Pure. */
	int (*bid)(const struct text *lines, size_t count);
	int most; /* the largest bid; 0: BID_MOST */

	/*
	 * Parses one line without its envelope; `stamp_ns` is the envelope's or UNKNOWN. At the end of the file it is
	 * called with `line` NULL until PARSE_NONE, for pending records.
	 */
	enum parse_result (*parse)(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out);

	size_t state_size;

	/*
	 * For formats with instants in lines that may be in any order, such as a dump of one series of samples after
	 * the other; else NULL. Is a log that begins with these lines unordered? Then its lines are read in the order
	 * of their instants. Pure.
	 */
	bool (*unordered)(const struct text *lines, size_t count);
	/*
	 * The instant of a line, or UNKNOWN: that of the previous line. False: nothing is read from such a line.
	 * Pure.
	 */
	bool (*instant)(struct text line, int64_t *ns);
};

/* The row of the format with the highest bid, the earlier one among equals; NULL if none bids. */
const struct ingest_format_info *format_detect(const struct text *lines, size_t count);

/* The first line up to which the format bids as much as for all lines. */
size_t format_detected_at(const struct ingest_format_info *info, const struct text *lines, size_t count);
const struct ingest_format_info *format_named(struct text name);

/* The envelope's timestamp without a zone, for lines without their own timestamp. False if there is none. */
bool parser_local_instant(struct parser *p, int64_t *ns);
/* A line's own instant in whole seconds, made finer by its envelope's local timestamp if that has fractions. */
int64_t parser_finer_instant(const struct parser *p, int64_t own_ns);

/* Refuses the line: return reject(p, "why"). */
static inline enum parse_result reject(struct parser *p, const char *reason) {
	p->reason = reason;
	return PARSE_REJECT;
}

/* No count of tokens or requests of one step or request is above this. */
#define COUNT_MAX INT64_C(1000000000)
/* No step lasts longer. */
#define STEP_MAX_NS NS_PER_DAY
/* 2015-01-01T00:00:00Z: no LLM was served before that. */
#define EARLIEST_NS (INT64_C(1420070400) * NS_PER_SECOND)

/* NULL, or why an instant is impossible (UNKNOWN is fine). */
const char *instant_absurd(const struct parser *p, int64_t ns);

#endif
