/* postings.h: what one segment of a replica posts, and all entries of a run. Private to attribute/. */
#ifndef ATTRIBUTE_POSTINGS_H
#define ATTRIBUTE_POSTINGS_H

#include "attribute/attribute.h"
#include "core/files/spool.h"

/* ---- all entries of a run, in one order, those of one key added up ---- */

struct entries;

struct entries *entries_new(const struct names *names, size_t memory_bytes);
void entries_free(struct entries *e);
int entries_add(struct entries *e, const struct entry *entry, struct fault *why);
/* No more entries: hands them to the sink. Call once. */
int entries_each(struct entries *e, entry_sink *sink, void *context, struct fault *why);

/* ---- one segment's postings, by the part of the key that varies within it ---- */

struct postings {
	struct entry *at;
	double *tilt_ns; /* of each: what it has more than if nothing went by contexts */
	size_t count, room;
	uint32_t *places; /* a hash table of numbers into `at`, + 1 */
	size_t place_mask;
};

void postings_init(struct postings *p);
void postings_release(struct postings *p);

/* The posting with this key (all of it up to rate_nano counts); zero if it is new. Valid until the next call. */
struct entry *postings_find(struct postings *p, const struct entry *key);

/* What leans on the rule by which a phase is shared, of a posting that was found. */
void postings_lean(struct postings *p, const struct entry *e, double tilt_ns);

/* Forgets all. */
void postings_clear(struct postings *p);

#endif
