/* groups.h: groups cells with the same values of some keys. Private to report/. */
#ifndef REPORT_GROUPS_H
#define REPORT_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROUP_KEYS_MAX 7

/* In the order of keys; within a group, items in their original order. */
struct groups {
	size_t count;
	uint32_t *items; /* items of group g: from first[g] up to first[g + 1] */
	uint32_t *first;
};

/* The keys of an item: false if it is in no group. */
typedef bool group_keys(const void *context, size_t item, int64_t keys[GROUP_KEYS_MAX]);

/*
 * Groups items 0 to `item_count` by `key_count` keys. For millions of items in some thousand groups: only groups
 * are sorted.
 */
void groups_make(struct groups *out, size_t item_count, size_t key_count, group_keys *keys_of, const void *context);
void groups_release(struct groups *g);

#endif
