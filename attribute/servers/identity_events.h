/* identity_events.h: steps and requests as events that may coincide. Private to attribute/servers. */
#ifndef ATTRIBUTE_IDENTITY_EVENTS_H
#define ATTRIBUTE_IDENTITY_EVENTS_H

#include "attribute/servers/identity.h"

/* The block of tokens in which vLLM caches: where cached tokens are unknown, prompts differ by multiples of it. */
#define CACHE_BLOCK 16

/* An event of steps, or of requests. */
struct event {
	int64_t at_ns;
	int64_t tokens;   /* of prompts */
	uint32_t prompts; /* 0: of E */
	bool clean;       /* of steps: all its prompts began and ended in it */
};

struct events {
	struct event *at;
	size_t count;
};

struct both {
	struct events first, end;
};

struct both events_of_steps(const struct id_steps *s);
struct both events_of_requests(const struct id_requests *r);
void events_release(struct both *b);
/* Can the tokens of a step and of requests be compared, and do they agree? */
enum { EVENT_TESTABLE = 1, EVENT_TOKENS = 2 };
unsigned events_compare(const struct event *step, const struct event *request, bool cached_known);
/* The first event from an instant on. */
size_t events_from(const struct events *e, int64_t at_ns);
/* Are the timestamps truncated to the second? Then an instant may be anywhere in it. */
bool events_in_seconds(const struct id_requests *r);
/* Sorts differences of instants, or durations. Returns the median; 0: there are none. */
int64_t events_sort(int64_t *values, size_t count);

/* Steps with under a hundredth of the tokens compute no prompts. */
static inline bool events_hardly(int64_t part, int64_t whole) {
	return part <= whole / 100;
}

/*
 * How many of some requests' first tokens hit a step with their tokens, at the best offset within `reach_ns`, up to half a
 * width from it: to choose which servers to test. In identity.c.
 */
int64_t identity_votes(const struct events *steps, const struct events *requests, bool cached_known, int64_t reach_ns, int64_t width_ns);

#endif
