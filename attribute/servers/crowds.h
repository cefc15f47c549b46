/*
 * crowds.h: requests of a load test, many of them alike: whether two logs report the same ones follows from how many of them
 * finish in each fraction of a second. Private to attribute/.
 */
#ifndef ATTRIBUTE_SERVERS_CROWDS_H
#define ATTRIBUTE_SERVERS_CROWDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct finish {
	int64_t at_ns;
	uint32_t prompt_tokens, completion_tokens;
};

/* With the same tokens; prompts may differ by a multiple of `block`. */
static inline bool finish_is_like(const struct finish *x, uint32_t prompt_tokens, uint32_t completion_tokens, int64_t block) {
	return x->completion_tokens == completion_tokens && ((int64_t)x->prompt_tokens - (int64_t)prompt_tokens) % block == 0;
}

/* A sample's, by time. */
struct finishes {
	struct finish *at;
	size_t count;
};

/*
 * Do as many requests of the commonest kind finish in each fraction of a second, at some difference of the clocks? For `block` see
 * finish_is_like. *compared: requests of the second log that were.
 */
bool crowds_are_alike(const struct finishes *a, const struct finishes *b, int64_t block, bool in_seconds, size_t *compared);

#endif
