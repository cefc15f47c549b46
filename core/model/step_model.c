#include "core/model/step_model.h"

#include <math.h>

const int64_t hinge_ntok[HINGE_COUNT] = {8, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536};
const int64_t early_ntok[EARLY_COUNT] = {8, 32, 64, 128};

static const char *const term_names[TERMS] = {
	[TERM_FLOOR] = "floor",          [TERM_TOKENS] = "token",          [TERM_ATTENTION] = "prefill_token_kv",
	[TERM_CONTEXT] = "decode_kv",    [TERM_MIXED_CONTEXT] = "mixed_kv", [TERM_PROMPT] = "prompt",
	[TERM_PREFILL_CONTEXT] = "prefill_kv", [TERM_UNEQUAL] = "unequal_kv", [TERM_MIXED_UNEQUAL] = "mixed_unequal_kv",
	[TERM_NEAR_CONTEXT] = "near_kv",    [TERM_OVERLAP] = "overlap",
};

const char *step_model_term(int term, int64_t *ntok) {
	bool early = term >= TERM_EARLY && term < TERM_EARLY + EARLY_COUNT;

	*ntok = -1;
	if (term_names[term]) {
		return term_names[term];
	}
	*ntok = early ? early_ntok[term - TERM_EARLY] : hinge_ntok[term - TERM_HINGES];
	return early ? "token_up_to" : "token_beyond";
}

const int residual_per_cent[RESIDUAL_QUANTILES] = {1, 5, 25, 50, 75, 95, 99};

void step_model_terms(const struct step_model *m, const struct batch *b, double terms[TERMS]) {
	int64_t ntok = b->prefill_tokens + b->decode_tokens;
	double context = (double)(m->has_context ? b->decode_kv_tokens : b->decode_tokens);

	terms[TERM_FLOOR] = ntok > 0;
	for (int j = 0; j < HINGE_COUNT; j++) {
		terms[TERM_HINGES + j] = ntok > hinge_ntok[j] ? (double)(ntok - hinge_ntok[j]) : 0;
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		terms[TERM_EARLY + j] = (double)(ntok < early_ntok[j] ? ntok : early_ntok[j]);
	}
	terms[TERM_TOKENS] = (double)ntok;
	terms[TERM_ATTENTION] = m->has_attention ? (double)b->prefill_token_kv : 0;
	terms[TERM_CONTEXT] = context;
	terms[TERM_MIXED_CONTEXT] = b->prefill_tokens > 0 ? context : 0;
	terms[TERM_PROMPT] = b->prefill_tokens > 0;
	terms[TERM_PREFILL_CONTEXT] = (double)b->prefill_kv_tokens;
	terms[TERM_UNEQUAL] = (double)b->decode_unequal_kv;
	terms[TERM_NEAR_CONTEXT] = m->has_context ? fmin(context, NEAR_NTOK) : 0;
	terms[TERM_MIXED_UNEQUAL] = b->prefill_tokens > 0 ? terms[TERM_UNEQUAL] : 0;
	double prompts = m->overlap.token_kv * terms[TERM_ATTENTION] + m->overlap.prefill_kv * terms[TERM_PREFILL_CONTEXT];
	double sequences = m->overlap.kv * context + m->overlap.unequal * terms[TERM_UNEQUAL] +
	                   m->overlap.near * terms[TERM_NEAR_CONTEXT];
	terms[TERM_OVERLAP] = -fmin(prompts, sequences);
}

void batch_of_phases(const struct batch *b, struct batch *chunks, struct batch *decoders) {
	*chunks = (struct batch){.prefill_tokens = b->prefill_tokens,
	                         .prefill_token_kv = b->prefill_token_kv,
	                         .prefill_kv_tokens = b->prefill_kv_tokens};
	*decoders = (struct batch){.decode_tokens = b->decode_tokens,
	                           .decode_kv_tokens = b->decode_kv_tokens,
	                           .decode_unequal_kv = b->decode_unequal_kv};
}

double step_model_context_ns(const struct step_model *m, const struct batch *b) {
	double terms[TERMS];

	step_model_terms(m, b, terms);
	return m->ns[TERM_CONTEXT] * terms[TERM_CONTEXT] + m->ns[TERM_UNEQUAL] * terms[TERM_UNEQUAL] +
	       m->ns[TERM_NEAR_CONTEXT] * terms[TERM_NEAR_CONTEXT];
}

double step_model_ns(const struct step_model *m, const struct batch *b) {
	double terms[TERMS], sum = 0;

	step_model_terms(m, b, terms);
	for (int i = 0; i < TERMS; i++) {
		sum += m->ns[i] * terms[i];
	}
	return sum;
}

static double dot(const double *a, const double *b) {
	double sum = 0;
	for (int i = 0; i < TERMS; i++) {
		sum += a[i] * b[i];
	}
	return sum;
}

/* Derivatives of the prefill share by each coefficient; false if the model's time of the step is 0. */
static bool share_gradient(const struct step_model *m, const struct batch *b, double gradient[TERMS]) {
	struct batch chunks, decoders;
	double alone[TERMS], whole[TERMS], decode[TERMS];

	batch_of_phases(b, &chunks, &decoders);
	step_model_terms(m, &chunks, alone);
	step_model_terms(m, b, whole);
	step_model_terms(m, &decoders, decode);
	double time = dot(m->ns, whole);
	if (!(time > 0)) {
		return false;
	}
	double share = (dot(m->ns, alone) + time - dot(m->ns, decode)) / (2 * time);
	for (int i = 0; i < TERMS; i++) {
		gradient[i] = ((alone[i] + whole[i] - decode[i]) / 2 - share * whole[i]) / time;
	}
	return true;
}

/* For models that were not fitted to steps: their typical error on runs with a known split. */
#define DESCRIBED_SHARE_SD 0.1
#define ROOFLINE_SHARE_SD 0.2
/* Error of a share from the model's form, which residuals do not show: from simulated runs of several laws. */
#define FORM_SHARE_SD 0.008
#define FORM_BLIND_SHARE_SD 0.015 /* without contexts */
#define TOKENS_SHARE_SD 0.2

double step_model_share_sd(const struct step_model *m, const struct batch *b) {
	double gradient[TERMS], variance = 0;

	if (b->prefill_tokens == 0 || b->decode_tokens == 0) {
		return 0;
	}
	if (m->origin >= MODEL_ROOFLINE) {
		return m->origin == MODEL_TOKENS ? TOKENS_SHARE_SD : m->has_context ? DESCRIBED_SHARE_SD : ROOFLINE_SHARE_SD;
	}
	if (!share_gradient(m, b, gradient)) {
		return 0;
	}
	for (int i = 0; i < TERMS; i++) {
		variance += m->ns[i] > 0 ? gradient[i] * dot(m->covariance[i], gradient) : 0;
	}
	double form = m->has_attention && m->has_context ? FORM_SHARE_SD : FORM_BLIND_SHARE_SD;
	return sqrt(fmax(variance, 0) + form * form + m->form_share_sd * m->form_share_sd);
}
