/*
 * hits.h: how much of prompts was found in a cache, where requests do not report it: prompts less what steps computed.
 * Private to attribute/. Found while steps are gone through for the fit, used when they are gone through again to be split.
 */
#ifndef ATTRIBUTE_HITS_H
#define ATTRIBUTE_HITS_H

#include "core/quality.h"
#include "core/names.h"

struct hits;

struct hits *hits_new(void);
void hits_free(struct hits *h);

/* Without one (NULL) nothing is noted, and none has many. */

/* Adds the prompts of a replica, and what of them was not computed. */
void hits_note(struct hits *h, name_id replica, int64_t prompt_ntok, int64_t hit_ntok);

/* The i-th replica; false behind the last. */
bool hits_at(const struct hits *h, size_t i, name_id *replica);

/* Is so much of a replica's prompts not computed that a cache must have had it? */
bool hits_are_many(const struct hits *h, name_id replica);

#endif
