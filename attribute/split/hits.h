/*
 * hits.h: cached tokens of prompts, if requests do not report them, by day: prompts minus what steps computed. Private to
 * attribute/. Found in the pass for the fit, used in the pass that posts. And days on which they are unknown.
 */
#ifndef ATTRIBUTE_HITS_H
#define ATTRIBUTE_HITS_H

#include "core/quality.h"
#include "core/names.h"

struct hits;

struct hits *hits_new(void);
void hits_free(struct hits *h);

/* With NULL nothing is noted, and no replica has many. */

/* Adds the prompts of a replica's day, and their tokens that were not computed. */
void hits_note(struct hits *h, name_id replica, int64_t day_ns, int64_t prompt_ntok, int64_t hit_ntok);

/* Adds all days of `from`. */
void hits_merge(struct hits *h, const struct hits *from);

/* The i-th day of a replica, by replica and day; false after the last. And its sums. */
bool hits_at(const struct hits *h, size_t i, name_id *replica, int64_t *day_ns);
void hits_sums(const struct hits *h, size_t i, int64_t *prompt_ntok, int64_t *hit_ntok);

/* Are so many tokens of a day's prompts not computed that they must have been cached? */
bool hits_are_many(const struct hits *h, name_id replica, int64_t day_ns);

/* States that the cached tokens of a day's prompts are unknown. `kind` and `subject`: see quality_state. */
void unknown_day_state(struct quality *q, const char *kind, const char *subject, int64_t day_ns);

#endif
