/* summary.h: what there is of each replica, before its evidence is gone through. Private to attribute/. */
#ifndef ATTRIBUTE_SUMMARY_H
#define ATTRIBUTE_SUMMARY_H

#include "attribute/evidence/days.h"

struct summaries;

struct summaries *summaries_new(struct names *names, unsigned lanes);
void summaries_free(struct summaries *s);

/* Notes an item; one thread per lane. An evidence_watcher. */
void summaries_take(void *summaries, unsigned lane, const struct item *item);

/* attribution_set_span. */
void summaries_set_span(struct summaries *s, name_id replica, name_id model, int64_t first_ns, int64_t last_ns);

/* All items are in: adds the lanes up. Call once, before what follows. */
void summaries_seal(struct summaries *s);

/* A replica's; one without evidence or span has no counts. */
const struct replica_summary *summaries_of(const struct summaries *s, name_id replica);
/* The days on which it has evidence. */
const struct replica_days *summaries_days(const struct summaries *s, name_id replica);
/* Walks all replicas that have evidence or a span: NULL at the end. */
const struct replica_summary *summaries_next(const struct summaries *s, const struct replica_summary *last);

/* From the first to the last instant of the evidence that counts; false if there is none. */
bool summaries_period(const struct summaries *s, int64_t *from_ns, int64_t *to_ns);

#endif
