#include "shard/bundles.h"

#include <stdlib.h>
#include <sys/resource.h>

static void allow_files(void) {
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool is_ahead(const void *bundles, int64_t x, int64_t y) {
	const struct bundles *b = bundles;
	int order = text_compare(b->next[x].replica, b->next[y].replica);

	return order != 0 ? order < 0 : x < y;
}

void bundles_init(struct bundles *b, int64_t room) {
	allow_files();
	*b = (struct bundles){.at = must_calloc((size_t)room, sizeof(struct bundle *)),
	                      .next = must_calloc((size_t)room, sizeof *b->next), .room = room};
	heap_init(&b->ahead, is_ahead, b);
}

void bundles_release(struct bundles *b) {
	for (int64_t i = 0; i < b->count; i++) {
		bundle_close(b->at[i]);
	}
	free(b->at);
	free(b->next);
	heap_release(&b->ahead);
}

int bundles_add(struct bundles *b, struct bundle *bundle, struct fault *why) {
	b->at[b->count++] = bundle;
	return bundles_advance(b, b->count - 1, why);
}

bool bundles_first(struct bundles *b, int64_t *i) {
	bool any = b->ahead.count > 0;

	*i = any ? heap_pop(&b->ahead) : 0;
	return any;
}

bool bundles_ahead(const struct bundles *b, struct text *replica) {
	bool any = b->ahead.count > 0;

	*replica = any ? b->next[heap_first(&b->ahead)].replica : T("");
	return any;
}

int bundles_advance(struct bundles *b, int64_t i, struct fault *why) {
	int got = bundle_next(b->at[i], &b->next[i], why);

	if (got > 0) {
		heap_push(&b->ahead, i);
	}
	return got < 0 ? got : 0;
}
