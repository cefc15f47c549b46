#include "attribute/servers/chains.h"

#include "core/exact.h"

/* At most this many numbers may be missing between two steps of a chain. */
#define LOST_MOST 8
/* Chains with fewer steps do not count as servers. */
#define STEPS_LEAST 8

void chains_init(struct chains *c) {
	*c = (struct chains){.last_index = UNKNOWN, .last_end_ns = INT64_MIN + CHAINS_OVERLAP_NS};
}

static bool goes_on(const struct chains *c, size_t i, const struct step_item *s) {
	int64_t more = s->index - c->at[i].index;

	return more > 0 && more <= LOST_MOST + 1 && s->head.at_ns >= c->at[i].end_ns - CHAINS_OVERLAP_NS;
}

/* The chain with the nearest number, or a new one. */
static size_t chain_of(struct chains *c, const struct step_item *s) {
	size_t found = CHAINS_MOST, fitting = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (goes_on(c, i, s)) {
			fitting++;
			found = found == CHAINS_MOST || c->at[i].index > c->at[found].index ? i : found;
		}
	}
	c->unsure |= fitting > 1;
	if (fitting > 0) {
		return found;
	}
	if (c->count < CHAINS_MOST) {
		return c->count++;
	}
	c->unsure = true;
	return 0;
}

size_t chains_add_step(struct chains *c, const struct step_item *s) {
	int64_t end_ns = s->head.at_ns + s->duration_ns;

	if (s->index == UNKNOWN) {
		c->unsure = true;
		return 0;
	}
	size_t i = chain_of(c, s);
	c->steps++;
	c->overlaps += s->head.at_ns < c->last_end_ns - CHAINS_OVERLAP_NS;
	c->back += c->last_index != UNKNOWN && s->index < c->last_index;
	c->last_index = s->index;
	c->last_end_ns = end_ns;
	c->at[i].index = s->index;
	c->at[i].end_ns = end_ns;
	c->at[i].first_index = c->at[i].steps == 0 ? s->index : c->at[i].first_index;
	c->at[i].first_ns = c->at[i].steps == 0 ? s->head.at_ns : c->at[i].first_ns;
	c->at[i].steps++;
	return i;
}

size_t chains_place(const struct chains *c, size_t chain) {
	size_t place = 0;

	for (size_t i = 0; i < c->count; i++) {
		int64_t first = c->at[i].first_index, its = c->at[chain].first_index;
		place += first < its || (first == its && i < chain);
	}
	return place;
}

/* Consecutive chains may be one server that restarted or lost lines. */
static bool are_beside(const struct chains *c, size_t i, size_t k) {
	return c->at[i].first_ns < c->at[k].end_ns && c->at[k].first_ns < c->at[i].end_ns;
}

bool chains_are_several(const struct chains *c) {
	bool several = c->overlaps * 100 > c->steps && c->count > 1;

	for (size_t i = 0; i < c->count; i++) {
		several &= c->at[i].steps >= STEPS_LEAST;
		for (size_t k = 0; k < i; k++) {
			several &= are_beside(c, i, k);
		}
	}
	return several && !c->unsure;
}
