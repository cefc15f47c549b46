/* replicas.h: a summary of each replica's evidence, before the passes. Private to attribute/. */
#ifndef ATTRIBUTE_REPLICAS_H
#define ATTRIBUTE_REPLICAS_H

#include "attribute/evidence/days.h"

struct replicas;

struct replicas *replicas_new(struct names *names, unsigned lanes);
void replicas_free(struct replicas *s);

/* Counts an item; one thread per lane. An evidence_watcher. */
void replicas_add_item(void *replicas, unsigned lane, const struct item *item);

/* See attribution_set_span. */
void replicas_set_span(struct replicas *s, name_id replica, name_id model, const struct replica_span *span);

/* The same for a replica that had several names: adds the span of one of them. */
void replicas_add_span(struct replicas *s, name_id replica, name_id model, const struct replica_span *span);

/* Steps, requests and windows of a replica that were added so far. From `replicas_end` on there are no replicas. */
struct replica_counts {
	int64_t steps, requests, windows;
	struct arrival arrival;
};
struct replica_counts replicas_counts(const struct replicas *s, name_id replica);
name_id replicas_end(const struct replicas *s);

/* All items were added: sums the lanes. Call once, before the functions below. */
void replicas_seal(struct replicas *s);

/* The summary of a replica; without evidence or span it has no counts. */
const struct replica_summary *replicas_of(const struct replicas *s, name_id replica);
/* The days on which it has evidence. */
const struct replica_days *replicas_days(const struct replicas *s, name_id replica);
/* The next replica that has evidence or a span: NULL at the end. */
const struct replica_summary *replicas_next(const struct replicas *s, const struct replica_summary *last);

/* From the first to the last instant of the evidence that counts; false if there is none. */
bool replicas_period(const struct replicas *s, int64_t *from_ns, int64_t *to_ns);

#endif
