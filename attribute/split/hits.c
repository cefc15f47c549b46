#include "attribute/split/hits.h"

#include <stdlib.h>

#include "core/error.h"

/* More than this many hundredths of prompts are not rounding or lost lines. */
#define MANY_PERCENT 1

struct hits {
	struct replica_hits {
		name_id replica;
		int64_t prompt_ntok, hit_ntok;
	} *at;
	size_t count;
};

struct hits *hits_new(void) {
	return must_calloc(1, sizeof(struct hits));
}

void hits_free(struct hits *h) {
	if (h) {
		free(h->at);
		free(h);
	}
}

static struct replica_hits *find(const struct hits *h, name_id replica) {
	for (size_t i = h->count; i-- > 0;) {
		if (h->at[i].replica == replica) {
			return &h->at[i];
		}
	}
	return NULL;
}

void hits_note(struct hits *h, name_id replica, int64_t prompt_ntok, int64_t hit_ntok) {
	struct replica_hits *r = h ? find(h, replica) : NULL;

	if (!h) {
		return;
	}
	if (!r) {
		h->at = must_realloc(h->at, (h->count + 1) * sizeof *h->at);
		r = &h->at[h->count++];
		*r = (struct replica_hits){.replica = replica};
	}
	r->prompt_ntok += prompt_ntok;
	r->hit_ntok += hit_ntok;
}

bool hits_at(const struct hits *h, size_t i, name_id *replica) {
	*replica = i < h->count ? h->at[i].replica : 0;
	return i < h->count;
}

bool hits_are_many(const struct hits *h, name_id replica) {
	const struct replica_hits *r = h ? find(h, replica) : NULL;

	return r && r->hit_ntok > r->prompt_ntok / 100 * MANY_PERCENT;
}
