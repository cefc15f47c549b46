#include "core/model/roofline.h"

#include <math.h>

#define NS 1e9

void roofline_init(struct roofline *r, const struct modelspec *m, const struct gpu *g, int64_t gpus, double mfu,
                   double bandwidth_efficiency) {
	*r = (struct roofline){.model = *m, .gpu = *g, .gpus = gpus, .compute = m->compute};
	modelspec_size(m, &r->size);
	if (g->flops[r->compute] == 0) {
		r->compute = PRECISION_BF16; /* weights are unpacked to 16 bits */
	}
	r->flops = (double)g->flops[r->compute] * (double)gpus * mfu;
	r->attention_flops = (double)g->flops[PRECISION_BF16] * (double)gpus * mfu;
	r->bandwidth = (double)g->bandwidth * (double)gpus * bandwidth_efficiency;
}

double roofline_weight_bytes(const struct roofline *r, double ntok) {
	const struct modelspec *m = &r->model;

	if (m->experts == 0) {
		return (double)r->size.always_bytes;
	}
	double missed = pow(1 - (double)m->experts_per_token / (double)m->experts, ntok);
	return (double)r->size.always_bytes + (double)r->size.expert_bytes * (1 - missed);
}

/* Share of `total` tokens of context that attention sees, assuming sequences of mean length. */
static double seen_share(const struct roofline *r, double mean) {
	return mean > 0 ? modelspec_seen(&r->model, mean) / mean : 1;
}

void roofline_step(const struct roofline *r, double p, double a, double d, double k, struct roofline_step *out) {
	const struct modelsize *z = &r->size;
	double n = p + d;
	double sampled = d + (p > 0 ? 1 : 0);

	*out = (struct roofline_step){0};
	if (n <= 0) {
		return;
	}
	out->matrix_flop_ns = NS * (n * (double)z->token_flops + sampled * (double)z->head_flops) / r->flops;
	out->matrix_byte_ns = NS * roofline_weight_bytes(r, n) / r->bandwidth;
	out->matrix_ns = fmax(out->matrix_flop_ns, out->matrix_byte_ns);
	if (p > 0) {
		double seen = a * seen_share(r, a / p);
		out->prefill_attention_ns = NS * seen * (double)z->prefill_pair_flops / r->attention_flops;
	}
	if (d > 0) {
		double seen = k * seen_share(r, k / d);
		out->context_flop_ns = NS * seen * (double)z->decode_pair_flops / r->attention_flops;
		out->context_byte_ns = NS * seen * (double)z->kv_token_bytes / r->bandwidth;
		out->decode_attention_ns = fmax(out->context_flop_ns, out->context_byte_ns);
	}
	out->total_ns = out->matrix_ns + out->prefill_attention_ns + out->decode_attention_ns;
}

double roofline_ridge(const struct roofline *r) {
	double per_token = (double)(r->size.token_flops + r->size.head_flops) / r->flops;
	double n = roofline_weight_bytes(r, 1) / r->bandwidth / per_token;

	/* More tokens choose more experts, which raises the ridge: grows to a fixed point, which all weights bound. */
	for (int i = 0; r->model.experts > 0 && i < 200; i++) {
		n = roofline_weight_bytes(r, n) / r->bandwidth / per_token;
	}
	return n;
}

void roofline_terms(const struct roofline *r, double typical_ntok, struct roofline_terms *out) {
	double context = 2048;
	struct roofline_step decode, prefill;

	roofline_step(r, 0, 0, 1, context, &decode);
	roofline_step(r, 1, context, 0, 0, &prefill);
	out->floor_ns = NS * roofline_weight_bytes(r, typical_ntok) / r->bandwidth;
	out->token_ns = NS * (double)r->size.token_flops / r->flops;
	out->ridge_ntok = out->floor_ns / out->token_ns;
	out->prefill_token_kv_ns = prefill.prefill_attention_ns / context;
	out->decode_kv_ns = decode.decode_attention_ns / context;
}
