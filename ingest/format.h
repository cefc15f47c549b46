/*
 * format.h: what a log format is; private to ingest/. Each is one file in formats/ and one
 * row in formats/formats.c.
 *
 * A format neither allocates, prints nor keeps anything outside its state, a struct it
 * declares and the stage owns, one for each file, all zero at the start.
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
	PARSE_REJECT, /* damaged or absurd: see parser.reason */
	PARSE_REJECT_AGAIN /* the same of a part of the line: call again for the next */
};

/* Strings whose escapes had to be resolved, kept until the next line; longer ones are cut. */
#define TEXTS_MAX 8
#define TEXT_MAX_BYTES 256
struct texts {
	char at[TEXTS_MAX][TEXT_MAX_BYTES];
	unsigned used;
};

/* What surrounds the parsing of one file. */
struct parser {
	void *state;           /* state_size bytes of the format */
	struct json *json;     /* a document to parse into */
	struct stamps stamps;  /* for stamps without year or zone */
	struct civil local;    /* the envelope's stamp of this line, if it has one without a zone (year 0: without a year) */
	bool has_local;
	struct text replica;   /* the source's name, for formats that distinguish several engines in one log */
	struct text model;     /* of the command line; empty: not given */
	int64_t latest_ns;     /* instants after this are absurd */
	int64_t modified_ns;   /* when the file was last changed; 0: not known */
	struct quality *quality;
	struct matcher *matcher; /* of the user's patterns; NULL: there are none */
	int64_t engines_added;   /* data-parallel engines whose lines the log adds up to one; 0 or 1: each logs apart */
	const char *engine;      /* whose log it is, where the format is that of several; NULL: the format's name */
	bool has_version;        /* the log states the engine's version */
	int64_t version[2];      /* major, minor */
	const char *reason;    /* of PARSE_REJECT: a short fixed phrase */
	const char *note;      /* what was odd about a line that was read all the same, or NULL; the reader resets it */
	struct texts texts;
};

struct format {
	/* How sure this is the format of a log that begins with these lines, 0 to 100. Pure. */
	int (*bid)(const struct text *lines, size_t count);

	/*
	 * One line, its envelope taken off; `stamp_ns` is the envelope's or UNKNOWN. At the end
	 * of the file it is called with `line` NULL until PARSE_NONE, for what is still held.
	 */
	enum parse_result (*parse)(struct parser *p, const struct text *line, int64_t stamp_ns, struct record *out);

	size_t state_size;

	/*
	 * For formats whose lines have instants of their own that may be in any order, as a dump has one series of
	 * samples behind the other; else NULL. Is that so in a log that begins with these lines? Then its lines are
	 * read in the order of their instants. Pure.
	 */
	bool (*unordered)(const struct text *lines, size_t count);
	/* When a line is from, or UNKNOWN: with the line before. False: nothing is read from such a line. Pure. */
	bool (*instant)(struct text line, int64_t *ns);
};

/* The row of the format that bids most, the earlier one among equals; NULL if none bids. */
const struct ingest_format_info *format_detect(const struct text *lines, size_t count);

/* The first of the lines with which the format bids as much as for all. */
size_t format_detected_at(const struct ingest_format_info *info, const struct text *lines, size_t count);
const struct ingest_format_info *format_named(struct text name);

/* The envelope's stamp without a zone, for lines that have no stamp of their own. False if there is none. */
bool parser_local_instant(struct parser *p, int64_t *ns);

/* Refuses the line: return reject(p, "why"). */
static inline enum parse_result reject(struct parser *p, const char *reason) {
	p->reason = reason;
	return PARSE_REJECT;
}

/* No count of tokens or requests of one step or request is above this. */
#define COUNT_MAX INT64_C(1000000000)
/* No step lasts longer. */
#define STEP_MAX_NS NS_PER_DAY
/* 2015-01-01T00:00:00Z: no LLM was served before. */
#define EARLIEST_NS (INT64_C(1420070400) * NS_PER_SECOND)

/* NULL, or why an instant (UNKNOWN is fine) cannot be. */
const char *instant_absurd(const struct parser *p, int64_t ns);

#endif
