/* random.c: shapes drawn at random, to prevent overfitting to a few known runs. */
#include <math.h>

#include "tests/accuracy/shapes.h"

#define MS 1e6
#define US 1e3

/* splitmix64 (public domain, Vigna 2015); 0 <= result < 1 */
static double next(uint64_t *state) {
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double between(uint64_t *state, double least, double most) {
	return least + (most - least) * next(state);
}

/* All factors are equally likely. */
static double around(uint64_t *state, double least, double most) {
	return least * pow(most / least, next(state));
}

static bool chance(uint64_t *state, double of) {
	return next(state) < of;
}

static struct law law_drawn(uint64_t *at, int gpus) {
	struct law l = {.weights_ns = around(at, 2.5 * MS, 25 * MS)};

	l.host_ns = l.weights_ns * between(at, 0.3, 1.1);
	l.token_ns = l.weights_ns / around(at, 90, 500);
	l.tile_ntok = 64 << (int)between(at, 0, 3);
	l.attention_ns = l.weights_ns * between(at, 0.02, 0.12);
	l.pair_ns = l.token_ns * around(at, 1.5e-5, 6e-5);
	l.context_ns = l.token_ns * around(at, 4e-4, 2e-3);
	l.beside = between(at, 1, 1.4);
	l.beside_far = l.beside + between(at, 0, 0.8);
	if (chance(at, 0.25)) {
		l.experts_ns = l.weights_ns * between(at, 1, 5);
		l.experts = 128;
		l.chosen = 4 << (int)between(at, 0, 2);
	}
	if (gpus > 1) {
		l.reduce_ns = l.weights_ns * between(at, 0.05, 0.15);
		l.reduce_token_ns = l.token_ns * between(at, 0.02, 0.1);
	}
	l.overlap = chance(at, 0.25) ? between(at, 0.3, 1) : 0;
	l.unequal = chance(at, 0.5) ? between(at, 0, 0.9) : 0;
	l.captured = chance(at, 0.3);
	return l;
}

static struct tenant tenant_drawn(uint64_t *at, int number, int count) {
	static const char *const names[TENANTS_MAX] = {"acme-chat", "ide-helper", "batch-eval", "papers"};
	double prompt = chance(at, 0.15) ? around(at, 10000, 40000) : around(at, 200, 6000);
	double output = around(at, 15, 500);
	struct tenant t = {
		.name = names[number],
		.part = 1.0 / count,
		.prompt = {prompt, between(at, 0.3, 0.9), 20, (int64_t)(prompt * 6)},
		.output = {output, between(at, 0.4, 0.8), 1, (int64_t)(output * 8)},
	};

	if (chance(at, 0.7)) {
		t.cached_least = between(at, 0.05, 0.5);
		t.cached_most = between(at, t.cached_least, 0.95);
		t.hits = between(at, 0.2, 1);
	}
	return t;
}

/* The minimum device time of a request. */
static double load_of(const struct shape *s, double decoding) {
	double busy_ns = 0;

	for (int i = 0; i < TENANTS_MAX && s->tenants[i].name; i++) {
		const struct tenant *t = &s->tenants[i];
		double computed = t->prompt.median * (1 - t->hits * (t->cached_least + t->cached_most) / 2);
		double prompt = computed * (s->law.token_ns + s->law.pair_ns * t->prompt.median / 2);
		double context = t->output.median * t->prompt.median * s->law.context_ns;
		busy_ns += t->part * 1.2 * (prompt + context + t->output.median * (s->law.weights_ns + s->law.experts_ns) / decoding);
	}
	return busy_ns / 1e9;
}

void shape_random(uint64_t seed, struct shape *out) {
	uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + 7, *at = &state;
	int tenants = 2 + (int)between(at, 0, 3);

	*out = (struct shape){
		.name = "random", .what = "drawn at random", .model = "some-model", .served = "some/model", .gpu = "H100-SXM5-80GB", .rate = "2.49",
		.replicas = 1 + (int)between(at, 0, 2), .gpus = 1 << (int)between(at, 0, 3), .steps = (int64_t)around(at, 4000, 14000),
		.bursts = between(at, 1.1, 2.5), .gap_seconds = between(at, 0, 40),
		.tokens_max = 512 << (int)between(at, 0, 5), .sequences_max = 32 << (int)between(at, 0, 4), .noise = around(at, 0.004, 0.03),
		.outliers = chance(at, 0.3) ? between(at, 0, 2) : 0,
	};
	out->law = law_drawn(at, out->gpus);
	for (int i = 0; i < tenants; i++) {
		out->tenants[i] = tenant_drawn(at, i, tenants);
	}
	out->requests_per_second = between(at, 0.4, 0.95) / load_of(out, around(at, 2, 90));
}

void shape_ranks(uint64_t seed, struct shape *shape) {
	uint64_t state = seed * UINT64_C(0x9fb21c651e98df25) + 3, *at = &state;
	struct law *l = &shape->law;

	shape->replicas = 2 + (int)between(at, 0, 3);
	shape->gpus = 1;
	l->shared = between(at, 0.3, 0.9);
	l->captured = false;
	l->reduce_ns = l->reduce_token_ns = 0;
	l->experts = 128;
	l->chosen = 4 << (int)between(at, 0, 2);
	l->experts_ns = l->experts_ns > 0 ? l->experts_ns : l->weights_ns * between(at, 0.5, 3);
}

/* More load than the memory holds: some times the context of a mean request, and at least the longest one. */
void shape_preempted(uint64_t seed, struct shape *shape) {
	uint64_t state = seed * UINT64_C(0xd6e8feb86659fd93) + 5, *at = &state;
	double mean = 0, longest = 0;

	for (int i = 0; i < TENANTS_MAX && shape->tenants[i].name; i++) {
		struct tenant *t = &shape->tenants[i];
		t->prompt.most = (int64_t)(t->prompt.median * 4);
		t->output.most = (int64_t)(t->output.median * 5);
		mean += t->part * (t->prompt.median + t->output.median);
		longest = fmax(longest, (double)(t->prompt.most + t->output.most));
	}
	shape->cache_ntok = (int64_t)fmax(1.2 * longest, mean * around(at, 12, 60));
	shape->requests_per_second *= between(at, 1.2, 3);
}

void shape_drafted(uint64_t seed, struct shape *shape) {
	uint64_t state = seed * UINT64_C(0xa0761d6478bd642f) + 9, *at = &state;

	shape->drafts = 1 + (int)between(at, 0, 5);
	shape->accepted = between(at, 0.4, 0.9);
}
