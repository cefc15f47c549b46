/* in_flight.c: the times in which a replica had a request in flight. */
#include "attribute/split/in_flight.h"

#include <stdlib.h>

#include "core/error.h"

static int64_t last_known(const struct request_item *r) {
	int64_t last = r->head.at_ns;
	const int64_t instants[] = {r->scheduled_ns, r->first_token_ns,
				    r->part == PART_PREFILL ? UNKNOWN : r->finish_ns};

	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		last = instants[i] != UNKNOWN && instants[i] > last ? instants[i] : last;
	}
	return last;
}

void in_flight_add(struct in_flight *f, const struct request_item *r) {
	int64_t from_ns = r->head.at_ns, to_ns = last_known(r);
	struct span *last = f->count > f->first ? &f->at[f->count - 1] : NULL;

	if (last && from_ns <= last->to_ns) {
		last->to_ns = to_ns > last->to_ns ? to_ns : last->to_ns;
		return;
	}
	if (f->first > 0 && f->first == f->count) {
		f->first = f->count = 0;
	}
	f->at = must_grow(f->at, f->count, &f->room, sizeof *f->at, 16);
	f->at[f->count++] = (struct span){from_ns, to_ns};
}

bool in_flight_until(struct in_flight *f, int64_t at_ns, int64_t *until_ns) {
	while (f->first + 1 < f->count && f->at[f->first].to_ns <= at_ns) {
		f->first++;
	}
	*until_ns = INT64_MAX;
	if (f->first == f->count || f->at[f->first].to_ns <= at_ns) {
		return false;
	}
	bool inside = f->at[f->first].from_ns <= at_ns;
	*until_ns = inside ? f->at[f->first].to_ns : f->at[f->first].from_ns;
	return inside;
}

bool in_flight_at(const struct in_flight *f, int64_t at_ns) {
	for (size_t i = f->first; i < f->count && f->at[i].from_ns <= at_ns; i++) {
		if (at_ns < f->at[i].to_ns) {
			return true;
		}
	}
	return false;
}

void in_flight_free(struct in_flight *f) {
	free(f->at);
	*f = (struct in_flight){0};
}
