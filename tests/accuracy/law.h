/*
 * law.h: the time of a simulated step. Intentionally not of the form of the program's step model: parts take the
 * larger of their memory and arithmetic time; tiles, experts, links, attention that becomes slower.
 */
#ifndef TESTS_ACCURACY_LAW_H
#define TESTS_ACCURACY_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct law {
	double host_ns;       /* the minimum time of a step: the host launches it */
	double weights_ns;    /* to read the weights once */
	double experts_ns;    /* to read all experts once; tokens choose `chosen` of `experts` of them */
	int experts, chosen;
	double token_ns;      /* the matrix products of one token, all tiles full */
	int64_t tile_ntok;    /* half of the products take whole tiles */
	double attention_ns;  /* launches of attention, once for each phase in the batch */
	double pair_ns;       /* of a prompt's token with a token of its context */
	double context_ns;    /* to read one token of a sequence's context */
	double beside, beside_far; /* slowdown with a chunk: of short contexts, of long ones */
	double reduce_ns, reduce_token_ns; /* GPUs exchange their sums: the larger of both */
	double overlap;  /* share of the smaller phase's attention hidden by the larger one's, 0 to 1 */
	double unequal;  /* share of decoders' attention that takes the time of the longest context for all, 0 to 1 */
	double shared;   /* of ranks in lock-step: part of the products whose weights and tokens are those of all ranks */
	bool captured;   /* steps of decoders alone are padded to 1, 2, 4, 8 and multiples of 16 */
};

/* A chunk of a prompt: its tokens, and the context before them. */
struct part {
	int64_t tokens, before;
};

struct mix {
	const struct part *chunks;
	size_t chunk_count;
	int64_t decoders, context; /* of all decoders together */
	int64_t decode_ntok;       /* of their tokens in the step: with drafts more than one of each */
	int64_t longest;           /* of their contexts */
};

/* Attention of one chunk. */
double law_chunk_ns(const struct law *l, int64_t tokens, int64_t before);

/* Attention of decoders alone, above its floor. */
double law_context_ns(const struct law *l, const struct mix *m);

/* The whole step, without noise. */
double law_ns(const struct law *l, const struct mix *m);

/* A step of ranks in lock-step: as long as the slowest rank takes, and the products that all share. */
double law_ranks_ns(const struct law *l, const struct mix *ranks, size_t count);

#endif
