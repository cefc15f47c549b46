/* postings.h: what one segment of a replica posts, and all entries of a run. Private to attribute/. */
#ifndef ATTRIBUTE_POSTINGS_H
#define ATTRIBUTE_POSTINGS_H

#include "attribute/attribute.h"
#include "core/files/spool.h"

/* ---- all entries of a run, sorted, one per key ---- */

struct entries;

struct entries *entries_new(const struct names *names, unsigned lanes, size_t memory_bytes);
void entries_free(struct entries *e);
/* One thread per lane. */
int entries_add(struct entries *e, unsigned lane, const struct entry *entry, struct fault *why);
/* No more entries: passes them to the sink. Call once. */
int entries_each(struct entries *e, entry_sink *sink, void *context, struct fault *why);

/* ---- one segment's postings, by the part of the key that varies within it ---- */

struct postings {
	struct entry *at;
	/*
	 * For each: its excess over sharing without contexts; its part of requests that were preempted; a step of each request;
	 * one standard deviation of the cost of cached context, beyond the usual.
	 */
	struct posting_doubt {
		double tilt_ns, again_ns, step_ns, cached_sd_ns;
	} *doubts;
	size_t count, room;
	uint32_t *places; /* a hash table of numbers into `at`, + 1 */
	size_t place_mask;
	uint32_t last[ENTRY_KINDS][GRADES]; /* the same of the posting found last; 0: none */
};

void postings_init(struct postings *p);
void postings_release(struct postings *p);

/* The posting with this key (all fields up to rate_nano); zero if it is new. Valid until the next call. */
struct entry *postings_find(struct postings *p, const struct entry *key);

/* Of a posting that was found: the parts that depend on the rule for sharing a phase, and on instants of requests. */
void postings_doubt(struct postings *p, const struct entry *e, const struct posting_doubt *more);

/* Removes all. */
void postings_clear(struct postings *p);

#endif
