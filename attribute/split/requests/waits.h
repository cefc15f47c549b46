/*
 * waits.h: does a log have all requests of its server? One that arrives at an idle engine is scheduled at once; if it waits,
 * the engine was busy with requests that are not in the log, such as those that a sampler of traces left out. Private to
 * attribute/.
 */
#ifndef ATTRIBUTE_WAITS_H
#define ATTRIBUTE_WAITS_H

#include "attribute/split/pass.h"

/* Of a day; all zero at the start. */
struct waits {
	int64_t day_ns;
	int64_t until_ns;    /* a request is in flight up to here, of any day */
	int64_t count, alone, late; /* requests; those that arrived while no other was in flight; those of them that waited */
	bool rebuilt;               /* steps explain the day's requests */
};

/* Notes a request, in the order of time. `rebuilt`: steps explain the requests of its day. */
void waits_add(struct waits *w, struct pass *pass, const struct request_item *r, bool rebuilt);

/* The day is over. */
void waits_end(struct waits *w, struct pass *pass);

#endif
