/* spool_sort.c: a merge sort that keeps sorted stretches. */
#include "core/files/spool_sort.h"

#include <assert.h>
#include <stdlib.h>

/* Shorter stretches are filled up to this by insertion. */
#define STRETCH_MIN 12
/* Each stretch on the stack is at least twice as long as the next: there cannot be 64. */
#define STACK_MAX 64
/* Items in the order of the index are scattered in memory: prefetch some steps ahead. */
#define AHEAD 4

struct sorting {
	const struct order *order;
	const char *bytes;
	uint32_t *index, *scratch;
	struct stretch {
		size_t from, count;
	} stack[STACK_MAX];
	size_t depth;
};

static const char *item_at(const struct sorting *s, uint32_t place) {
	return s->bytes + (size_t)place * 8;
}

static bool is_less(const struct sorting *s, uint32_t a, uint32_t b) {
	return packed_compare(s->order, item_at(s, a), item_at(s, b)) < 0;
}

/*
 * How many of at[0 .. high) are less than x, if it is at least `low`. Equal items are the same bytes: the order of
 * ties does not matter.
 */
static size_t bound_between(const struct sorting *s, const uint32_t *at, size_t low, size_t high, uint32_t x) {
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (is_less(s, at[middle], x)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* How many of `count` sorted ones are less than x. Looks near the end first. */
static size_t bound_from_end(const struct sorting *s, const uint32_t *at, size_t count, uint32_t x) {
	size_t high = count, leap = 1;

	while (leap <= high && !is_less(s, at[high - leap], x)) {
		high -= leap;
		leap *= 2;
	}
	return bound_between(s, at, leap <= high ? high - leap + 1 : 0, high, x);
}

/* The same; looks near the start first. */
static size_t bound_from_start(const struct sorting *s, const uint32_t *at, size_t count, uint32_t x) {
	size_t low = 0, leap = 1;

	while (low + leap <= count && is_less(s, at[low + leap - 1], x)) {
		low += leap;
		leap *= 2;
	}
	return bound_between(s, at, low, low + leap <= count ? low + leap - 1 : count, x);
}

/* Merges a_count items with the b_count after them. */
static void merge(struct sorting *s, uint32_t *out, size_t a_count, size_t b_count) {
	uint32_t *a = s->scratch, *b = out + a_count;
	const uint32_t *a_end = a + a_count, *b_end = b + b_count;

	memcpy(a, out, a_count * sizeof *a);
	while (a < a_end && b < b_end) {
		if (b_end - b > AHEAD) {
			__builtin_prefetch(item_at(s, b[AHEAD]));
		}
		if (a_end - a > AHEAD) {
			__builtin_prefetch(item_at(s, a[AHEAD]));
		}
		*out++ = is_less(s, *b, *a) ? *b++ : *a++;
	}
	/* The remaining items of b are in place. */
	memcpy(out, a, (size_t)(a_end - a) * sizeof *a);
}

/* Merges the two topmost stretches. Only the overlapping part is moved. */
static void merge_top(struct sorting *s) {
	struct stretch *left = &s->stack[s->depth - 2], *right = &s->stack[s->depth - 1];
	uint32_t *a = s->index + left->from, *b = s->index + right->from;
	size_t keep = bound_from_end(s, a, left->count, b[0]);

	if (keep < left->count) {
		size_t reach = bound_from_start(s, b, right->count, a[left->count - 1]);
		merge(s, a + keep, left->count - keep, reach);
	}
	left->count += right->count;
	s->depth--;
}

/* Puts index[at] in its place among the sorted ones from `from` up to it. */
static void insert(struct sorting *s, size_t from, size_t at) {
	uint32_t x = s->index[at];

	for (; at > from && is_less(s, x, s->index[at - 1]); at--) {
		s->index[at] = s->index[at - 1];
	}
	s->index[at] = x;
}

/* The length of the sorted stretch that begins at `from`; extended by insertion if too short. */
static size_t stretch_at(struct sorting *s, size_t from, size_t count) {
	size_t end = from + 1;

	while (end < count && !is_less(s, s->index[end], s->index[end - 1])) {
		end++;
	}
	for (; end < count && end - from < STRETCH_MIN; end++) {
		insert(s, from, end);
	}
	return end - from;
}

/* Sorts `count` places of items. */
static void sort_places(const struct packed *p, uint32_t *index, size_t count_of_all, const struct order *o, uint32_t *scratch) {
	struct sorting s = {.order = o, .bytes = p->bytes, .index = index, .scratch = scratch};

	for (size_t from = 0; from < count_of_all;) {
		size_t count = stretch_at(&s, from, count_of_all);
		assert(s.depth < STACK_MAX);
		s.stack[s.depth++] = (struct stretch){from, count};
		from += count;
		while (s.depth > 1 && s.stack[s.depth - 2].count < 2 * s.stack[s.depth - 1].count) {
			merge_top(&s);
		}
	}
	while (s.depth > 1) {
		merge_top(&s);
	}
}

/* ---- groups ---- */

static int by_group(const void *a, const void *b) {
	const struct packed_group *x = *(struct packed_group *const *)a, *y = *(struct packed_group *const *)b;

	return x->group < y->group ? -1 : x->group > y->group;
}

/* Deals the items to their groups, in the order in which they were added, and sorts the groups that are not in order. */
static void sort_groups(struct packed *p, const struct order *o, uint32_t *scratch) {
	struct packed_group *all[PACKED_GROUPS];
	uint32_t end[PACKED_GROUPS]; /* by place: of the group's items so far */
	size_t groups = 0;
	uint32_t from = 0;

	for (size_t i = 0; i < PACKED_GROUPS; i++) {
		if (p->groups[i].count > 0) {
			all[groups++] = &p->groups[i];
		}
	}
	qsort(all, groups, sizeof(struct packed_group *), by_group);
	for (size_t i = 0; i < groups; i++) {
		end[all[i] - p->groups] = from;
		from += all[i]->count;
	}
	memcpy(scratch, p->index, p->count * sizeof *scratch);
	for (size_t i = 0; i < p->count; i++) {
		p->index[end[packed_key(p->bytes + (size_t)scratch[i] * 8).group % PACKED_GROUPS]++] = scratch[i];
	}
	for (size_t i = 0; i < groups; i++) {
		if (all[i]->unsorted) {
			sort_places(p, p->index + (end[all[i] - p->groups] - all[i]->count), all[i]->count, o, scratch);
		}
	}
}

void packed_sort(struct packed *p, const struct order *o) {
	if (p->count < 2 || !p->unsorted) {
		return;
	}
	uint32_t *scratch = must_alloc(p->count * sizeof *scratch);
	if (p->groups && !p->shared) {
		sort_groups(p, o, scratch);
	} else {
		sort_places(p, p->index, p->count, o, scratch);
	}
	free(scratch);
}

/* Is an item in order after the last one of its group? */
static void note_group(struct packed *p, const struct order *o, const char *item) {
	uint32_t group = packed_key(item).group;

	if (!p->groups) {
		p->groups = must_calloc(PACKED_GROUPS, sizeof *p->groups);
	}
	struct packed_group *g = &p->groups[group % PACKED_GROUPS];
	if (g->count == 0) {
		*g = (struct packed_group){.group = group};
	} else if (g->group != group) {
		p->shared = p->unsorted = true;
	} else if (!g->unsorted) {
		g->unsorted = packed_compare(o, p->bytes + (size_t)g->last * 8, item) > 0;
	}
	p->unsorted |= g->unsorted || (p->count > 0 && packed_key(packed_at(p, p->count - 1)).group > group);
	g->last = (uint32_t)(p->used / 8);
	g->count++;
}

void packed_clear(struct packed *p) {
	p->used = p->count = 0;
	p->unsorted = p->shared = false;
	if (p->groups) {
		memset(p->groups, 0, PACKED_GROUPS * sizeof *p->groups);
	}
}

void packed_add(struct packed *p, const struct order *o, const void *item, size_t len) {
	char *at = p->bytes + p->used;
	uint64_t header = len;
	size_t bytes = packed_size_of(len);

	memset(at + bytes - 8, 0, 8);
	memcpy(at, &header, sizeof header);
	if (len > 0) {
		memcpy(at + PACKED_HEADER, item, len);
	}
	/* Compared here, where the one before is still in a cache. */
	if (o && o->keyed) {
		note_group(p, o, at);
	} else if (o && p->count > 0 && !p->unsorted) {
		p->unsorted = packed_compare(o, packed_at(p, p->count - 1), at) > 0;
	}
	p->index[p->count++] = (uint32_t)(p->used / 8);
	p->used += bytes;
}
