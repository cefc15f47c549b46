/* shape.h: the last objects that lines were taken out of, for those that differ only in line and stamp; private to envelopes/. */
#ifndef INGEST_SHAPE_H
#define INGEST_SHAPE_H

#include "ingest/envelopes/peeling.h"

#define SHAPE_BYTES 4096
/* Containers and streams that are mixed in one log. */
#define SHAPES 8

struct shape {
	char bytes[SHAPE_BYTES]; /* the object as it was written */
	struct text fixed[3];    /* of these: what is before, between and behind the two that differ */
	int parts;               /* 0: nothing is known; 2: a line and no stamp; 3: both */
	bool stamp_first, stamp_is_number, in_utc;
	bool in_parts, tagged, part; /* as in peeling; tagged: a tag shows whether the line continues */
	enum stream stream;
	struct origin origin;    /* its texts are in `bytes` */
};

/* Zero-initialise. */
struct shapes {
	struct shape at[SHAPES];
	unsigned next;   /* the one to be replaced */
	unsigned misses; /* objects since the last one that was like one of them */
};

/* Takes an object apart as one before it; false, and nothing changed, at any doubt. */
bool shapes_strip(struct shapes *all, struct envelope *e, struct peeling *p);

/* Notes an object that the parser took apart: as it was before, and what it became. */
void shapes_learn(struct shapes *all, struct text object, const struct peeling *p);

#endif
