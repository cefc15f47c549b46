#include "attribute/model/theory.h"

#include <math.h>

#include "core/model/roofline.h"

/* Shares of the published peaks that engines reach; the split depends on their ratio. */
#define OF_FLOPS 0.5
#define OF_BANDWIDTH 0.8
#define FLOOR_NS 1e6

/* A bend at `ridge_ntok` as two bends at the adjacent hinges: equal beyond both. */
static void bend(struct step_model *m, double ridge_ntok, double token_ns) {
	int above = 0;

	while (above < HINGE_COUNT - 1 && (double)hinge_ntok[above] < ridge_ntok) {
		above++;
	}
	double high = (double)hinge_ntok[above], low = above > 0 ? (double)hinge_ntok[above - 1] : high;
	double share = high > low ? fmin(1, (ridge_ntok - low) / (high - low)) : 1;
	m->ns[TERM_HINGES + above] += share * token_ns;
	if (above > 0) {
		m->ns[TERM_HINGES + above - 1] += (1 - share) * token_ns;
	}
}

static double weight_ns(const struct roofline *r, double ntok) {
	return 1e9 * roofline_weight_bytes(r, ntok) / r->bandwidth;
}

/* Experts are read as tokens choose them, with diminishing growth: linear between the ends of the early terms. */
static void read_experts(struct step_model *m, const struct roofline *r) {
	double slopes[EARLY_COUNT + 1] = {0};

	for (int i = 0; i < EARLY_COUNT; i++) {
		double from = i > 0 ? (double)early_ntok[i - 1] : 0, to = (double)early_ntok[i];
		slopes[i] = (weight_ns(r, to) - weight_ns(r, from)) / (to - from);
	}
	for (int i = 0; i < EARLY_COUNT; i++) {
		m->ns[TERM_EARLY + i] = fmax(0, slopes[i] - slopes[i + 1]);
	}
}

static void from_description(struct step_model *m, const struct modelspec *described, const struct gpu *card, int64_t gpus) {
	struct roofline r;
	struct roofline_terms t;

	roofline_init(&r, described, card, gpus, OF_FLOPS, OF_BANDWIDTH);
	roofline_terms(&r, 1, &t);
	m->ns[TERM_FLOOR] = weight_ns(&r, 0);
	read_experts(m, &r);
	bend(m, weight_ns(&r, roofline_ridge(&r)) / t.token_ns, t.token_ns);
	m->ns[TERM_ATTENTION] = t.prefill_token_kv_ns;
	m->ns[TERM_CONTEXT] = t.decode_kv_ns;
	m->has_attention = m->has_context = true;
}

bool theory_model(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described,
                  struct step_model *m) {
	const struct gpu *card = gpu.len > 0 ? gpu_find(catalogue, gpu) : NULL;

	if (!card || card->flops[PRECISION_BF16] <= 0 || card->bandwidth <= 0) {
		return false;
	}
	*m = (struct step_model){.origin = MODEL_ROOFLINE};
	if (described) {
		from_description(m, described, card, gpus);
		return true;
	}
	/*
	 * Two operations and two bytes for each weight: the number of tokens that take as long to compute as the
	 * weights to read.
	 */
	double ridge = OF_FLOPS * (double)card->flops[PRECISION_BF16] / (OF_BANDWIDTH * (double)card->bandwidth);
	m->ns[TERM_FLOOR] = FLOOR_NS;
	bend(m, ridge, FLOOR_NS / ridge);
	return true;
}

/* At a usual number of sequences, and for large batches. */
#define USUAL_SEQUENCES 32
#define LARGE_NTOK 2048

/* Models with experts compute with few weights per token, but read most of them. */
static double described_ridge(const struct step_model *m) {
	const struct batch usual = {.decode_tokens = USUAL_SEQUENCES}, large = {.prefill_tokens = LARGE_NTOK}, larger = {.prefill_tokens = 2 * LARGE_NTOK};
	double token_ns = (step_model_ns(m, &larger) - step_model_ns(m, &large)) / LARGE_NTOK;

	return token_ns > 0 ? step_model_ns(m, &usual) / token_ns : 0;
}

void theory_ridge(const struct gpu_catalogue *catalogue, struct text gpu, int64_t gpus, const struct modelspec *described, double *ntok) {
	const struct gpu *card = gpu_find(catalogue, gpu);
	struct step_model m;

	if (card && card->flops[PRECISION_BF16] > 0 && card->bandwidth > 0) {
		*ntok = (double)card->flops[PRECISION_BF16] / (double)card->bandwidth;
	}
	if (described && theory_model(catalogue, gpu, gpus, described, &m)) {
		*ntok = fmax(*ntok, described_ridge(&m));
	}
}
