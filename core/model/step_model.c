#include "core/model/step_model.h"

#include <math.h>

#define HINGE_NTOK 8, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536
#define EARLY_NTOK 8, 32, 64, 128
const int64_t hinge_ntok[HINGE_COUNT] = {HINGE_NTOK};
const int64_t early_ntok[EARLY_COUNT] = {EARLY_NTOK};
/* The same as doubles: batches have fewer than 2^53 tokens, so that their differences are exact. */
static const double hinges[HINGE_COUNT] = {HINGE_NTOK}, earlies[EARLY_COUNT] = {EARLY_NTOK};

static const char *const term_names[TERMS] = {
	[TERM_FLOOR] = "floor",          [TERM_TOKENS] = "token",          [TERM_ATTENTION] = "prefill_token_kv",
	[TERM_CONTEXT] = "decode_kv",    [TERM_MIXED_CONTEXT] = "mixed_kv", [TERM_PROMPT] = "prompt",
	[TERM_PREFILL_CONTEXT] = "prefill_kv", [TERM_UNEQUAL] = "unequal_kv", [TERM_MIXED_UNEQUAL] = "mixed_unequal_kv",
	[TERM_NEAR_CONTEXT] = "near_kv",    [TERM_OVERLAP] = "overlap",     [TERM_BOTH] = "both_phases",
	[TERM_TILE] = "tile_excess",
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

static double less_of(double a, double b) {
	return a < b ? a : b;
}

/* What overlaps of the attention of prompts and of sequences. */
static double overlap_of(const struct overlap *o, double token_kv, double prefill_kv, double context, double unequal, double near) {
	double prompts = o->token_kv * token_kv + o->prefill_kv * prefill_kv;

	return less_of(prompts, o->kv * context + o->unequal * unequal + o->near * near);
}

void step_model_terms(const struct step_model *m, const struct batch *b, double terms[TERMS]) {
	double ntok = (double)(b->prefill_tokens + b->decode_tokens), unequal = (double)b->decode_unequal_kv;
	double context = (double)(m->has_context ? b->decode_kv_tokens : b->decode_tokens);
	bool prompts = b->prefill_tokens > 0;

	terms[TERM_FLOOR] = ntok > 0;
	for (int j = 0; j < HINGE_COUNT; j++) {
		double beyond = ntok - hinges[j];
		terms[TERM_HINGES + j] = beyond > 0 ? beyond : 0;
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		terms[TERM_EARLY + j] = less_of(ntok, earlies[j]);
	}
	terms[TERM_TOKENS] = ntok;
	terms[TERM_ATTENTION] = m->has_attention ? (double)b->prefill_token_kv : 0;
	terms[TERM_CONTEXT] = context;
	terms[TERM_MIXED_CONTEXT] = prompts ? context : 0;
	terms[TERM_PROMPT] = prompts;
	terms[TERM_PREFILL_CONTEXT] = (double)b->prefill_kv_tokens;
	terms[TERM_UNEQUAL] = unequal;
	terms[TERM_NEAR_CONTEXT] = m->has_context ? less_of(context, NEAR_NTOK) : 0;
	terms[TERM_MIXED_UNEQUAL] = prompts ? unequal : 0;
	terms[TERM_OVERLAP] = -overlap_of(&m->overlap, terms[TERM_ATTENTION], terms[TERM_PREFILL_CONTEXT], context, unequal, terms[TERM_NEAR_CONTEXT]);
	terms[TERM_BOTH] = prompts && b->decode_tokens > 0;
	terms[TERM_TILE] = (double)tile_excess(b->prefill_tokens + b->decode_tokens);
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
	double context = (double)(m->has_context ? b->decode_kv_tokens : b->decode_tokens);

	return m->ns[TERM_CONTEXT] * context + m->ns[TERM_UNEQUAL] * (double)b->decode_unequal_kv +
	       m->ns[TERM_NEAR_CONTEXT] * (m->has_context ? less_of(context, NEAR_NTOK) : 0);
}

/* The sum of coefficients x terms, in the order of step_model_terms: without branches, as most coefficients are 0. */
double step_model_ns(const struct step_model *m, const struct batch *b) {
	const double *ns = m->ns;
	double ntok = (double)(b->prefill_tokens + b->decode_tokens), unequal = (double)b->decode_unequal_kv, prefill_kv = (double)b->prefill_kv_tokens;
	double context = (double)(m->has_context ? b->decode_kv_tokens : b->decode_tokens), near = m->has_context ? less_of(context, NEAR_NTOK) : 0;
	double token_kv = m->has_attention ? (double)b->prefill_token_kv : 0;
	bool prompts = b->prefill_tokens > 0;
	double sum = ntok > 0 ? ns[TERM_FLOOR] : 0;

	for (int j = 0; j < HINGE_COUNT; j++) {
		double beyond = ntok - hinges[j];
		sum += ns[TERM_HINGES + j] * (beyond > 0 ? beyond : 0);
	}
	sum += ns[TERM_TOKENS] * ntok;
	sum += ns[TERM_ATTENTION] * token_kv;
	sum += ns[TERM_CONTEXT] * context;
	if (prompts) {
		sum += ns[TERM_MIXED_CONTEXT] * context;
		sum += ns[TERM_PROMPT];
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		sum += ns[TERM_EARLY + j] * less_of(ntok, earlies[j]);
	}
	sum += ns[TERM_PREFILL_CONTEXT] * prefill_kv;
	sum += ns[TERM_UNEQUAL] * unequal;
	sum += prompts ? ns[TERM_MIXED_UNEQUAL] * unequal : 0;
	sum += ns[TERM_NEAR_CONTEXT] * near;
	if (ns[TERM_OVERLAP] != 0) {
		sum -= ns[TERM_OVERLAP] * overlap_of(&m->overlap, token_kv, prefill_kv, context, unequal, near);
	}
	sum += prompts && b->decode_tokens > 0 ? ns[TERM_BOTH] : 0;
	return sum + ns[TERM_TILE] * (double)tile_excess(b->prefill_tokens + b->decode_tokens);
}

/* Terms with a coefficient: the others have no part in time, share and covariance. */
struct used_terms {
	int at[TERMS];
	int count;
};

static void find_used(const struct step_model *m, struct used_terms *used) {
	used->count = 0;
	for (int i = 0; i < TERMS; i++) {
		if (m->ns[i] > 0) {
			used->at[used->count++] = i;
		}
	}
}

static double dot(const struct used_terms *used, const double *a, const double *b) {
	double sum = 0;

	for (int i = 0; i < used->count; i++) {
		sum += a[used->at[i]] * b[used->at[i]];
	}
	return sum;
}

/* Derivatives of the prefill share by each coefficient in use; false if the model's time of the step is 0. */
static bool share_gradient(const struct step_model *m, const struct batch *b, const struct batch *chunks, const struct batch *decoders,
                           const struct used_terms *used, double gradient[TERMS]) {
	TO_FILL double alone[TERMS], whole[TERMS], decode[TERMS];

	step_model_terms(m, chunks, alone);
	step_model_terms(m, b, whole);
	step_model_terms(m, decoders, decode);
	double time = dot(used, m->ns, whole);
	if (!(time > 0)) {
		return false;
	}
	double share = (dot(used, m->ns, alone) + time - dot(used, m->ns, decode)) / (2 * time);
	for (int k = 0; k < used->count; k++) {
		int i = used->at[k];
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
	struct batch chunks, decoders;

	batch_of_phases(b, &chunks, &decoders);
	return b->prefill_tokens == 0 || b->decode_tokens == 0 ? 0 : step_model_share_sd_of(m, b, &chunks, &decoders);
}

double step_model_share_sd_of(const struct step_model *m, const struct batch *b, const struct batch *chunks,
                              const struct batch *decoders) {
	TO_FILL double gradient[TERMS];
	TO_FILL struct used_terms used;
	double variance = 0;

	if (m->origin >= MODEL_ROOFLINE) {
		return m->origin == MODEL_TOKENS ? TOKENS_SHARE_SD : m->has_context ? DESCRIBED_SHARE_SD : ROOFLINE_SHARE_SD;
	}
	find_used(m, &used);
	if (!share_gradient(m, b, chunks, decoders, &used, gradient)) {
		return 0;
	}
	for (int k = 0; k < used.count; k++) {
		int i = used.at[k];
		variance += gradient[i] * dot(&used, m->covariance[i], gradient);
	}
	double form = m->has_attention && m->has_context ? FORM_SHARE_SD : FORM_BLIND_SHARE_SD;
	return sqrt(fmax(variance, 0) + form * form + m->form_share_sd * m->form_share_sd);
}
