#include "core/model/fitted.h"

#include "core/model/step_model.h"

double fitted_step_ns(const struct fitted_model *m, int64_t p, int64_t a, int64_t d, int64_t k) {
	int64_t n = p + d;
	double sum = n > 0 ? m->floor_ns : 0;

	for (int j = 0; j < m->hinge_count; j++) {
		sum += n > m->hinge_ntok[j] ? m->hinge_ns[j] * (double)(n - m->hinge_ntok[j]) : 0;
	}
	for (int j = 0; j < m->early_count; j++) {
		sum += m->early_ns[j] * (double)(n < m->early_ntok[j] ? n : m->early_ntok[j]);
	}
	sum += p > 0 ? m->prompt_ns : 0;
	sum += p > 0 && d > 0 ? m->both_ns : 0;
	sum += m->tile_excess_ns * (double)tile_excess(n);
	sum += m->token_ns * (double)n + m->prefill_token_kv_ns * (double)a;
	sum += m->near_kv_ns * (double)(k < NEAR_NTOK ? k : NEAR_NTOK);
	double prompts = m->overlap_token_kv_ns * (double)a, sequences = m->overlap_kv_ns * (double)k;
	sum -= m->overlap * (prompts < sequences ? prompts : sequences);
	return sum + (m->decode_kv_ns + (p > 0 ? m->mixed_kv_ns : 0)) * (double)k;
}

double fitted_slope_ns(const struct fitted_model *m) {
	double slope = m->token_ns;

	for (int j = 0; j < m->hinge_count; j++) {
		slope += m->hinge_ns[j];
	}
	return slope;
}
