/*
 * forms.c: uncertainty from the step model's form. Other forms that fit the same steps about as well are fitted for
 * comparison; their distance from the model is the uncertainty.
 */
#include <math.h>
#include <string.h>

#include "attribute/model/solve.h"

/* A form is as good if its squared errors are at most this many times the model's. */
#define AS_GOOD 1.02
/* The largest distance of a form counts as this many standard deviations. */
#define DISTANCE_SDS 2.0
/*
 * If durations of similar steps differ by more than this, they depend on something that is not logged, such as other
 * ranks.
 */
#define NOISE 0.03
#define OF_UNEXPLAINED 0.5

static void form_terms(const struct step_model *m, const struct batch *b, double terms[FORM_TERMS]) {
	bool prompts = b->prefill_tokens > 0, sequences = b->decode_tokens > 0;
	int64_t far = m->has_context ? b->decode_kv_tokens - NEAR_NTOK : 0;

	step_model_terms(m, b, terms);
	terms[FORM_PURE] = prompts && !sequences;
	terms[FORM_BOTH] = prompts && sequences;
	terms[FORM_FAR] = prompts && sequences && far > 0 ? (double)far : 0;
}

static double time_of(const struct step_model *m, const struct batch *b, const double ns[FORM_TERMS]) {
	double terms[FORM_TERMS], sum = 0;

	form_terms(m, b, terms);
	for (int i = 0; i < FORM_TERMS; i++) {
		sum += ns[i] * terms[i];
	}
	return sum;
}

/* Prefill's share of all mixed steps' time under the Shapley rule. */
static double mixed_share(const struct solve *s, const double ns[FORM_TERMS]) {
	double prefill = 0, all = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct sample *a = &s->samples[i];
		struct batch b = sample_batch(a), chunks, decoders;
		if (!a->kept || b.prefill_tokens <= 0 || b.decode_tokens <= 0) {
			continue;
		}
		batch_of_phases(&b, &chunks, &decoders);
		double whole = time_of(s->model, &b, ns), time = (double)a->bin->duration_us;
		double part = time_of(s->model, &chunks, ns) - time_of(s->model, &decoders, ns);
		prefill += whole > 0 ? time * fmin(1, fmax(0, (part + whole) / (2 * whole))) : 0;
		all += time;
	}
	return all > 0 ? prefill / all : 0;
}

/*
 * The terms in which the forms differ from the model. The third, a prompt's cost in steps with sequences only, fits as
 * well where there are few steps of prompts alone.
 */
static const int others[][2] = {
	{FORM_PURE, FORM_PURE}, {FORM_BOTH, FORM_BOTH}, {TERM_PROMPT, FORM_BOTH}, {FORM_FAR, FORM_FAR}, {TERM_OVERLAP, TERM_OVERLAP},
	{TERM_MIXED_UNEQUAL, TERM_MIXED_UNEQUAL}, {TERM_PREFILL_CONTEXT, TERM_PREFILL_CONTEXT}, {TERM_UNEQUAL, TERM_MIXED_UNEQUAL},
	{TERM_NEAR_CONTEXT, TERM_NEAR_CONTEXT},
};

void forms_compare(struct solve *s) {
	double ns[FORM_TERMS] = {0}, most = 0;
	bool own[FORM_TERMS] = {false}, terms[FORM_TERMS];

	memcpy(ns, s->model->ns, sizeof s->model->ns);
	memset(own, true, TERMS * sizeof *own);
	own[TERM_OVERLAP] = ns[TERM_OVERLAP] > 0;
	double squares = s->squares, share = mixed_share(s, ns);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		memcpy(terms, own, sizeof terms);
		terms[others[i][0]] = !own[others[i][0]];
		terms[others[i][1]] = !own[others[i][1]];
		if (solve_with(s, terms, ns) <= AS_GOOD * squares) {
			most = fmax(most, fabs(mixed_share(s, ns) - share));
		}
	}
	double unexplained = fmax(0, s->model->residual_relative - NOISE) * OF_UNEXPLAINED;
	s->model->form_share_sd = hypot(most / DISTANCE_SDS, unexplained);
}
