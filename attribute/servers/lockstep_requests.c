/* lockstep_requests.c: servers with requests alone that are ranks of one engine: tokens of both come at the same instants. */
#include <stdlib.h>

#include "attribute/servers/servers_private.h"
#include "core/exact.h"

/* First tokens and finishes are ends of steps, which ranks have in common; so close are two of one step. */
#define CLOSE_NS (NS_PER_SECOND / 2000)
/* By chance as many are as close at other whole seconds, which are the same for timestamps of any precision. */
#define SHIFTS 8
#define CLOSE_LEAST 8
#define CLOSE_OTHER 4 /* times as many as at other seconds, and the above */

#define COMPARED_MOST 64 /* names */

/* The instants of one name's tokens, ascending. */
struct instants {
	int64_t *at;
	size_t count;
};

static struct instants instants_of(const struct sample *s) {
	struct instants x = {.at = must_alloc((2 * s->request_count + 1) * sizeof *x.at)};

	for (size_t i = 0; i < s->request_count; i++) {
		if (s->requests[i].first_ns != UNKNOWN) {
			x.at[x.count++] = s->requests[i].first_ns;
		}
		if (s->requests[i].finish_ns != UNKNOWN) {
			x.at[x.count++] = s->requests[i].finish_ns;
		}
	}
	sort_items(x.at, x.count, sizeof *x.at, exact_order_at);
	return x;
}

static size_t count_close(const struct instants *a, const struct instants *b, int64_t shift_ns) {
	size_t close = 0;

	for (size_t i = 0, k = 0; i < a->count; i++) {
		int64_t at_ns = a->at[i] + shift_ns;
		while (k < b->count && b->at[k] < at_ns - CLOSE_NS) {
			k++;
		}
		close += k < b->count && b->at[k] <= at_ns + CLOSE_NS;
	}
	return close;
}

static bool end_together(const struct instants *a, const struct instants *b) {
	size_t close = count_close(a, b, 0), others = 0;

	for (int64_t i = 1; i <= SHIFTS / 2 && close >= CLOSE_LEAST; i++) {
		others += count_close(a, b, (i + 2) * NS_PER_SECOND) + count_close(a, b, -(i + 2) * NS_PER_SECOND);
	}
	return close >= CLOSE_LEAST + CLOSE_OTHER * others / SHIFTS;
}

static bool may_be_rank(const struct server *one) {
	return !one->dropped && !one->held && one->engine == 0 && servers_have_requests_alone(one) && one->sample.request_count > 0 && !requests_in_seconds(&one->sample);
}

static bool are_of_one_pool(const struct servers *s, const struct server *a, const struct server *b) {
	name_id x = a->sample.request_model, y = b->sample.request_model;

	return a->named != b->named && servers_models_alike(s, x, y) && fleet_pool_of(s->fleet, s->names, a->named, x) == fleet_pool_of(s->fleet, s->names, b->named, y) &&
	       !servers_are_pair(&s->fleet->different, servers_text(s, a->sample.name), servers_text(s, b->sample.name));
}

void servers_find_ranks_by_requests(struct servers *s) {
	struct server *of[COMPARED_MOST];
	struct instants instants[COMPARED_MOST];
	size_t count = 0;

	for (size_t i = 0; i < s->count && count < COMPARED_MOST; i++) {
		if (may_be_rank(&s->at[i])) {
			instants[count] = instants_of(&s->at[i].sample);
			of[count++] = &s->at[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = i + 1; k < count; k++) {
			if (of[k]->engine == 0 && are_of_one_pool(s, of[i], of[k]) && end_together(&instants[i], &instants[k])) {
				of[i]->engine = of[i]->engine != 0 ? of[i]->engine : (uint32_t)(of[i] - s->at) + 1;
				of[k]->engine = of[i]->engine;
			}
		}
		free(instants[i].at);
	}
}
