#include "attribute/fleet/pairs.h"

#include <stdlib.h>

#include "core/error.h"

void server_pairs_release(struct server_pairs *p) {
	for (size_t i = 0; i < p->count; i++) {
		free(p->at[i].a);
		free(p->at[i].b);
	}
	free(p->at);
	hash_index_release(&p->index);
}

static uint64_t hash_of(struct text a, struct text b) {
	return hash_spread(text_hash(a) + text_hash(b));
}

void server_pairs_add(struct server_pairs *p, struct text a, struct text b) {
	hash_index_add(&p->index, hash_of(a, b), (uint32_t)p->count);
	p->at = must_grow_by_count(p->at, p->count, sizeof *p->at);
	p->at[p->count++] = (struct server_pair){text_copy(a), text_copy(b)};
}

static bool is(const struct server_pair *p, struct text a, struct text b) {
	return text_eq(text_of(p->a), a) && text_eq(text_of(p->b), b);
}

bool server_pairs_have(const struct server_pairs *p, struct text a, struct text b) {
	uint64_t hash = hash_of(a, b), at = hash;
	uint32_t number;

	while (hash_index_next(&p->index, hash, &at, &number)) {
		if (is(&p->at[number], a, b) || is(&p->at[number], b, a)) {
			return true;
		}
	}
	return false;
}
