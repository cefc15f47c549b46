/* names.h: interned strings, shared by threads. Small numbers represent replicas, models, tenants. */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include <stdint.h>

#include "core/text.h"

/* A number for a string; 0 is the empty string. Valid in one `struct names` only. */
typedef uint32_t name_id;

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* The number of a text (a copy is stored). Thread-safe. Numbers depend on the order of arrival: never let an
 * order of them show in a result; sort by text. */
name_id names_id(struct names *n, struct text t);

/* The same if the text is there, else 0. */
name_id names_find(struct names *n, struct text t);

/* The text of a number; valid as long as the table. NUL-terminated. Thread-safe. */
struct text names_text(const struct names *n, name_id id);

/* The order of two numbers' texts, which does not depend on the order of arrival: <0, 0 or >0. */
static inline int names_order(const struct names *n, name_id a, name_id b) {
	return a == b ? 0 : text_compare(names_text(n, a), names_text(n, b));
}

/* How many numbers there are (0 included). */
uint32_t names_count(const struct names *n);

/*
 * For a single owner thread: remembers the last few lookups, so that the shared table is rarely locked.
 * Zero-initialise. One per thread.
 */
#define NAMES_CACHED_LOG2 6
struct names_cache {
	struct cached_name {
		struct text text;
		name_id id;
	} slot[1 << NAMES_CACHED_LOG2];
};
name_id names_cached(struct names_cache *c, struct names *n, struct text t);

#endif
