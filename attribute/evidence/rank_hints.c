#include "attribute/evidence/rank_hints.h"

#include <stdlib.h>
#include <string.h>

#include "attribute/evidence/ranks.h"
#include "core/error.h"
#include "core/hash_index.h"
#include "core/instant.h"

#define HINTS 16
#define HINTS_LEAST 6
#define SLOT_NS (NS_PER_SECOND / 16)
#define MOST_NS (2 * SLOT_NS) /* ends in one slot are never further apart */
#define COLUMN_PART 16        /* of the servers: with fewer, a slot has no column */
#define NO_END INT32_MIN

struct hint {
	uint64_t slot; /* hash */
	uint32_t server;
	int32_t end_ns, most_ns; /* from the slot's begin; tolerance */
	int32_t *column; /* of the slot's ends, by server; NULL: none */
	size_t place;    /* in the list */
};

struct rank_hints {
	struct server_hints {
		struct hint at[HINTS]; /* by slot */
		size_t count;
	} *of;
	size_t servers;
	struct hint **list; /* of all servers, by slot, then by server */
	size_t count;
	int32_t *columns;
};

struct rank_hints *rank_hints_new(size_t servers) {
	struct rank_hints *h = must_calloc(1, sizeof *h);

	h->of = must_calloc(servers + 1, sizeof *h->of);
	h->servers = servers;
	return h;
}

void rank_hints_free(struct rank_hints *h) {
	free(h->of);
	free(h->list);
	free(h->columns);
	free(h);
}

void rank_hints_add(struct rank_hints *h, size_t server, int64_t end_ns, int64_t duration_ns) {
	struct server_hints *of = &h->of[server];
	int64_t number = end_ns / SLOT_NS, most_ns = ranks_tolerance_ns(duration_ns);
	uint64_t slot = hash_spread((uint64_t)number);
	size_t at = of->count;

	for (; at > 0 && of->at[at - 1].slot > slot; at--) {
	}
	if (at == HINTS || (at > 0 && of->at[at - 1].slot == slot)) {
		return;
	}
	of->count += of->count < HINTS;
	memmove(of->at + at + 1, of->at + at, (of->count - 1 - at) * sizeof *of->at);
	of->at[at] = (struct hint){slot, (uint32_t)server, (int32_t)(end_ns - number * SLOT_NS), (int32_t)(most_ns < MOST_NS ? most_ns : MOST_NS), NULL, 0};
}

static int by_slot(const void *a, const void *b) {
	const struct hint *x = *(struct hint *const *)a, *y = *(struct hint *const *)b;

	return x->slot != y->slot ? (x->slot > y->slot) - (x->slot < y->slot) : (x->server > y->server) - (x->server < y->server);
}

static void make_column(struct hint **from, struct hint **to, int32_t *column, size_t servers) {
	for (size_t k = 0; k < servers; k++) {
		column[k] = NO_END;
	}
	for (; from < to; from++) {
		column[(*from)->server] = (*from)->end_ns;
		(*from)->column = column;
	}
}

void rank_hints_seal(struct rank_hints *h) {
	int32_t *column = h->columns = must_alloc((COLUMN_PART * HINTS * h->servers + 1) * sizeof *column);

	h->list = must_alloc((HINTS * h->servers + 1) * sizeof *h->list);
	for (size_t i = 0; i < h->servers; i++) {
		for (size_t k = 0; k < h->of[i].count; k++) {
			h->list[h->count++] = &h->of[i].at[k];
		}
	}
	qsort(h->list, h->count, sizeof *h->list, by_slot);
	for (size_t from = 0, to = 0; from < h->count; from = to) {
		for (; to < h->count && h->list[to]->slot == h->list[from]->slot; to++) {
			h->list[to]->place = to;
		}
		if ((to - from) * COLUMN_PART >= h->servers) {
			make_column(h->list + from, h->list + to, column, h->servers);
			column += h->servers;
		}
	}
}

/* Counts of a pair: steps in the same slot; in the upper half, those of them that end together. */
#define TOGETHER ((uint32_t)1 << 16)

static void compare_ends(const struct hint *x, const int32_t *ends, size_t count, uint32_t *counts) {
	uint32_t least = (uint32_t)x->end_ns - (uint32_t)x->most_ns, range = 2 * (uint32_t)x->most_ns;

	for (size_t k = 0; k < count; k++) {
		counts[k] += (ends[k] != NO_END ? 1 : 0) + ((uint32_t)ends[k] - least <= range ? TOGETHER : 0);
	}
}

/* The same of a slot without a column. */
static void compare_few(const struct rank_hints *h, const struct hint *x, size_t from, size_t to, uint32_t *counts) {
	for (size_t i = x->place + 1; i < h->count && h->list[i]->slot == x->slot && h->list[i]->server < to; i++) {
		if (h->list[i]->server >= from) {
			compare_ends(x, &h->list[i]->end_ns, 1, &counts[h->list[i]->server - from]);
		}
	}
}

void rank_hints_compare(const struct rank_hints *h, size_t server, size_t from, size_t to, bool may[RANK_HINTS_ROW]) {
	const struct server_hints *of = &h->of[server];
	uint32_t counts[RANK_HINTS_ROW] = {0};

	for (const struct hint *x = of->at; x < of->at + of->count; x++) {
		if (x->column) {
			compare_ends(x, x->column + from, to - from, counts);
		} else {
			compare_few(h, x, from, to, counts);
		}
	}
	for (size_t k = 0; k < to - from; k++) {
		may[k] = counts[k] % TOGETHER < HINTS_LEAST || 2 * (counts[k] / TOGETHER) >= counts[k] % TOGETHER;
	}
}
