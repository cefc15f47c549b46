/* bought_sums.c: requests bought from vendors, of several parts of the records, as one. */
#include <stdlib.h>

#include "attribute/bought_sums.h"
#include "attribute/split/postings.h"

#define ENTRIES_BYTES ((size_t)2 << 20)

struct bought_sums {
	struct names *names;
	struct entries *entries;
	struct hits *unknown; /* in place of cached tokens */
};

struct bought_sums *bought_sums_new(struct names *names) {
	struct bought_sums *s = must_calloc(1, sizeof *s);

	*s = (struct bought_sums){names, entries_new(names, 1, ENTRIES_BYTES), hits_new()};
	return s;
}

void bought_sums_free(struct bought_sums *s) {
	if (s) {
		entries_free(s->entries);
		hits_free(s->unknown);
		free(s);
	}
}

int bought_sums_add_entry(struct bought_sums *s, const struct entry *e, struct fault *why) {
	return entries_add(s->entries, 0, e, why);
}

void bought_sums_add_day(struct bought_sums *s, const struct bought_day *d) {
	hits_note(s->unknown, names_id(s->names, d->gateway), d->day_ns, d->prompt_ntok, d->unknown_ntok);
}

void bought_state_unknown(const struct hits *unknown, const struct names *names, struct quality *q) {
	name_id gateway;
	int64_t day_ns;

	for (size_t i = 0; hits_at(unknown, i, &gateway, &day_ns); i++) {
		if (hits_are_many(unknown, gateway, day_ns)) {
			unknown_day_state(q, QUALITY_BOUGHT_CACHED_UNKNOWN, names_text(names, gateway).at, day_ns);
		}
	}
}

int bought_sums_finish(struct bought_sums *s, entry_sink *sink, void *context, struct quality *quality, struct fault *why) {
	bought_state_unknown(s->unknown, s->names, quality);
	return entries_each(s->entries, sink, context, why);
}
