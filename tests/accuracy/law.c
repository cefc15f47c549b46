#include "tests/accuracy/law.h"

#include <math.h>

/* Queries are computed in blocks of this size. */
#define QUERY_BLOCK 64
/* A context of this many tokens is too short to keep all memory channels busy. */
#define CONTEXT_SHORT 20000.0
/* With a chunk: the length from which contexts are long. */
#define CONTEXT_LONG 30000.0

static int64_t whole(int64_t n, int64_t of) {
	return (n + of - 1) / of * of;
}

static double greater(double a, double b) {
	return a > b ? a : b;
}

/* Not quite the greater of both: near where they are equal neither hides the other wholly. */
static double roof(double memory, double arithmetic) {
	return cbrt(memory * memory * memory + arithmetic * arithmetic * arithmetic);
}

static double linear_ns(const struct law *l, int64_t ntok) {
	double tokens = ((double)ntok + (double)whole(ntok, l->tile_ntok)) / 2;
	double touched = l->experts > 0 ? 1 - pow(1 - (double)l->chosen / l->experts, (double)ntok) : 0;

	return roof(l->weights_ns + touched * l->experts_ns, l->token_ns * (ntok > 64 ? tokens : (double)ntok));
}

double law_chunk_ns(const struct law *l, int64_t tokens, int64_t before) {
	double arithmetic = l->pair_ns * (double)whole(tokens, QUERY_BLOCK) * ((double)before + (double)tokens / 2);

	return greater(arithmetic, l->context_ns * (double)(before + tokens));
}

double law_context_ns(const struct law *l, const struct mix *m) {
	double padded = (double)m->longest * (double)m->decoders;
	double context = (1 - l->unequal) * (double)m->context + l->unequal * padded;

	return l->context_ns * context * (1 + 0.3 * exp(-context / CONTEXT_SHORT));
}

static int64_t captured_ntok(int64_t ntok) {
	int64_t size = 1;

	while (size < ntok && size < 16) {
		size *= 2;
	}
	return ntok > 16 ? whole(ntok, 16) : size;
}

static int64_t ntok_of(const struct mix *m) {
	int64_t ntok = m->decode_ntok;

	for (size_t i = 0; i < m->chunk_count; i++) {
		ntok += m->chunks[i].tokens;
	}
	return ntok;
}

/* Both phases' attention, and their launches. */
static double attention_ns(const struct law *l, const struct mix *m) {
	double chunks = 0, decoders = 0, floor = 0, slower = 1;

	for (size_t i = 0; i < m->chunk_count; i++) {
		chunks += law_chunk_ns(l, m->chunks[i].tokens, m->chunks[i].before);
	}
	if (m->chunk_count > 0) {
		floor += l->attention_ns;
		slower = l->beside + (l->beside_far - l->beside) / (1 + exp((CONTEXT_LONG - (double)m->context) / 8000));
	}
	if (m->decoders > 0) {
		floor += l->attention_ns;
		decoders = slower * law_context_ns(l, m);
	}
	return floor + chunks + decoders - l->overlap * (chunks < decoders ? chunks : decoders);
}

double law_ns(const struct law *l, const struct mix *m) {
	int64_t ntok = ntok_of(m);

	if (ntok == 0) {
		return 0;
	}
	ntok = l->captured && m->chunk_count == 0 ? captured_ntok(ntok) : ntok;
	double reduce = greater(l->reduce_ns, l->reduce_token_ns * (double)ntok);
	return greater(l->host_ns, linear_ns(l, ntok) + reduce + attention_ns(l, m));
}

/* Experts are all ranks'; the other products' weights are read by each. */
double law_ranks_ns(const struct law *l, const struct mix *ranks, size_t count) {
	struct law own = *l, all = *l;
	double slowest = 0;
	int64_t ntok = 0;

	own.experts = 0;
	own.weights_ns *= 1 - l->shared;
	own.token_ns *= 1 - l->shared;
	all.weights_ns *= l->shared;
	all.token_ns *= l->shared / (double)count;
	for (size_t i = 0; i < count; i++) {
		int64_t n = ntok_of(&ranks[i]);
		slowest = greater(slowest, n > 0 ? linear_ns(&own, n) + attention_ns(l, &ranks[i]) : 0);
		ntok += n;
	}
	return ntok == 0 ? 0 : greater(l->host_ns, slowest + linear_ns(&all, ntok));
}
