#include "attribute/split/hits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/instant.h"

/* More than this many hundredths of prompts are not rounding or lost lines. */
#define MANY_PERCENT 1

struct hits {
	struct day_hits {
		name_id replica;
		int64_t day_ns, prompt_ntok, hit_ntok;
	} *at; /* by replica and day */
	size_t count, room;
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

static bool is_before(const struct day_hits *d, name_id replica, int64_t day_ns) {
	return d->replica != replica ? d->replica < replica : d->day_ns < day_ns;
}

/* The index of the day, or where to insert it. */
static size_t place_of(const struct hits *h, name_id replica, int64_t day_ns) {
	size_t low = 0, high = h->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (is_before(&h->at[middle], replica, day_ns)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct day_hits *find(const struct hits *h, name_id replica, int64_t day_ns) {
	size_t at = place_of(h, replica, day_ns);

	return at < h->count && h->at[at].replica == replica && h->at[at].day_ns == day_ns ? &h->at[at] : NULL;
}

static struct day_hits *insert(struct hits *h, name_id replica, int64_t day_ns) {
	size_t at = place_of(h, replica, day_ns);

	h->at = must_grow(h->at, h->count, &h->room, sizeof *h->at, 8);
	memmove(&h->at[at + 1], &h->at[at], (h->count++ - at) * sizeof *h->at);
	h->at[at] = (struct day_hits){.replica = replica, .day_ns = day_ns};
	return &h->at[at];
}

void hits_note(struct hits *h, name_id replica, int64_t day_ns, int64_t prompt_ntok, int64_t hit_ntok) {
	struct day_hits *d = h ? find(h, replica, day_ns) : NULL;

	if (h) {
		d = d ? d : insert(h, replica, day_ns);
		d->prompt_ntok += prompt_ntok;
		d->hit_ntok += hit_ntok;
	}
}

void hits_merge(struct hits *h, const struct hits *from) {
	for (size_t i = 0; i < from->count; i++) {
		const struct day_hits *d = &from->at[i];
		hits_note(h, d->replica, d->day_ns, d->prompt_ntok, d->hit_ntok);
	}
}

bool hits_at(const struct hits *h, size_t i, name_id *replica, int64_t *day_ns) {
	*replica = i < h->count ? h->at[i].replica : 0;
	*day_ns = i < h->count ? h->at[i].day_ns : 0;
	return i < h->count;
}

void hits_sums(const struct hits *h, size_t i, int64_t *prompt_ntok, int64_t *hit_ntok) {
	*prompt_ntok = h->at[i].prompt_ntok;
	*hit_ntok = h->at[i].hit_ntok;
}

bool hits_are_many(const struct hits *h, name_id replica, int64_t day_ns) {
	const struct day_hits *d = h ? find(h, replica, day_ns) : NULL;

	return d && d->hit_ntok > d->prompt_ntok / 100 * MANY_PERCENT;
}

/* ---- days on which it is not known ---- */

void unknown_day_state(struct quality *q, const char *kind, const char *subject, int64_t day_ns) {
	char day[INSTANT_TEXT_MAX], days[2 * INSTANT_TEXT_MAX];

	instant_format(day_ns, day);
	snprintf(days, sizeof days, "%.10s/%.10s", day, day);
	quality_state(q, kind, subject, days, NULL, NULL, "");
}
