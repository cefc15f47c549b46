/* whatif_item.h: a request stored for replays, sorted by replica and arrival. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_WHATIF_ITEM_H
#define REPORT_ESTIMATE_WHATIF_ITEM_H

#include <string.h>

#include "core/json.h"
#include "core/names.h"

#define PLAYED_MEMORY ((size_t)8 << 20)
/* Maximum tokens of a request. */
#define PLAYED_TOKENS_MAX 10000000

/* Compared byte by byte: zero it before it is filled. */
struct request_played {
	name_id replica; /* that computes the prompt */
	name_id decode_replica; /* another one that decodes; 0: the same */
	name_id model;
	uint32_t prompt, cached, completion;
	int64_t arrival_ns;
	uint64_t id; /* hash of its id; 0: none. Requests that are equal in all fields are one, reported twice */
};

static inline bool request_played_twice(const struct request_played *a, const struct request_played *before) {
	return a->id != 0 && memcmp(a, before, sizeof *a) == 0;
}

/* A spool_compare; the context is the names. */
int request_played_order(const void *context, const void *a, size_t a_len, const void *b, size_t b_len);

#endif
