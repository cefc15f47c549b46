/* repeats.h: requests without an id that look the same; private to formats/usage/. */
#ifndef INGEST_FORMATS_USAGE_REPEATS_H
#define INGEST_FORMATS_USAGE_REPEATS_H

#include "ingest/format.h"

/* Number of different records of one instant that are compared. */
#define REPEATS_KEPT 32

struct repeats {
	int64_t at_ns; /* of the records below */
	struct {
		uint64_t hash; /* of a record's content; 0: none */
		int64_t count;
	} kept[REPEATS_KEPT];
	size_t used;
	char id[32];
};

/*
 * A row of an export or a saved answer is one request, even if another of the same second has the same counts. Without
 * an id both would count as one record that is logged twice: from the second on, they get an id, "#2", which is the
 * same in a copy of the file. Records with a fraction of a second are left alone.
 */
void repeats_number(struct repeats *r, struct record *record);

#endif
