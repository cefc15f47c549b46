/* pairs.h: pairs of names of servers, as the fleet file and options state them. Private to attribute/. */
#ifndef ATTRIBUTE_PAIRS_H
#define ATTRIBUTE_PAIRS_H

#include <stdbool.h>

#include "core/hash_index.h"
#include "core/text.h"

struct server_pair {
	char *a, *b;
};
/* Zero-initialise. */
struct server_pairs {
	struct server_pair *at;
	size_t count;
	bool listed; /* the fleet file has had the list */
	struct hash_index index; /* by both names, whatever their order */
};

void server_pairs_release(struct server_pairs *p);
void server_pairs_add(struct server_pairs *p, struct text a, struct text b);
/* Is it one of the pairs, in either order? */
bool server_pairs_have(const struct server_pairs *p, struct text a, struct text b);

#endif
