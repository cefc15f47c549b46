/*
 * shape.h: recent objects that contained lines, for those that differ only in line and timestamp; private to
 * envelopes/.
 */
#ifndef INGEST_SHAPE_H
#define INGEST_SHAPE_H

#include "ingest/envelopes/peeling.h"

#define SHAPE_BYTES 4096
/* Maximum of containers and streams mixed in one log. */
#define SHAPES 8

struct shape {
	char bytes[SHAPE_BYTES]; /* the object as written */
	struct text fixed[3];    /* its parts: before, between and after the two values that differ */
	int parts;               /* number of parts: 0: nothing is known; 2: a line without timestamp; 3: both */
	bool stamp_first, stamp_is_number, in_utc;
	bool in_parts, tagged, part; /* as in peeling; tagged: a tag shows whether the line continues */
	enum stream stream;
	struct origin origin;    /* its texts are in `bytes`; its serial is the shape's */
};

/* Zero-initialise. */
struct shapes {
	struct shape at[SHAPES];
	unsigned next;   /* the next one to replace */
	unsigned last;   /* the one that matched last */
	unsigned misses; /* objects since the last match */
	bool alone;      /* none of the known objects can be a document of several lines */
	uint64_t serial; /* of the shape noted last */
};

/* Is the next object that matches none to be left to the parser, so that it is noted? */
bool shapes_due(const struct shapes *all);

/* Parses an object like a previous one; false, and nothing changed, in any doubtful case. */
bool shapes_strip(struct shapes *all, struct envelope *e, struct peeling *p);

/* Notes an object that the parser parsed: as it was before, and the result. */
void shapes_learn(struct shapes *all, struct text object, const struct peeling *p);

#endif
