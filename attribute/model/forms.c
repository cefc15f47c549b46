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
	terms[FORM_FAR] = prompts && sequences && far > 0 ? (double)far : 0;
}

/* Coefficients of the model, or of another form, and prefill's time of all mixed steps by them. */
struct form {
	double ns[FORM_TERMS], prefill;
};

/* The time of a batch by a form. A coefficient of 0, like most, changes no bit of the sum. */
static double time_of(const double ns[FORM_TERMS], const double terms[FORM_TERMS]) {
	double sum = 0;

	for (int i = 0; i < FORM_TERMS; i++) {
		sum += ns[i] != 0 ? ns[i] * terms[i] : 0;
	}
	return sum;
}

/* Prefill's time of all mixed steps under the Shapley rule, by each form; returns all of their time. */
static double split_mixed(const struct solve *s, struct form *forms, size_t count) {
	double all = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct sample *a = &s->samples[i];
		double terms[3][FORM_TERMS], time = (double)a->bin->duration_us;
		struct batch chunks, decoders;
		if (!a->kept || a->mean.prefill_tokens <= 0 || a->mean.decode_tokens <= 0) {
			continue;
		}
		batch_of_phases(&a->mean, &chunks, &decoders);
		form_terms(s->model, &a->mean, terms[0]);
		form_terms(s->model, &chunks, terms[1]);
		form_terms(s->model, &decoders, terms[2]);
		for (struct form *f = forms; f < forms + count; f++) {
			double whole = time_of(f->ns, terms[0]), part = time_of(f->ns, terms[1]) - time_of(f->ns, terms[2]);
			f->prefill += whole > 0 ? time * fmin(1, fmax(0, (part + whole) / (2 * whole))) : 0;
		}
		all += time;
	}
	return all;
}

/*
 * The terms in which the forms differ from the model. The second and third, a prompt's cost in all steps or in those with
 * sequences only, fit as well where there are few steps of prompts alone.
 */
static const int others[][2] = {
	{FORM_PURE, FORM_PURE}, {TERM_BOTH, TERM_BOTH}, {TERM_PROMPT, TERM_PROMPT}, {FORM_FAR, FORM_FAR}, {TERM_OVERLAP, TERM_OVERLAP},
	{TERM_MIXED_UNEQUAL, TERM_MIXED_UNEQUAL}, {TERM_PREFILL_CONTEXT, TERM_PREFILL_CONTEXT}, {TERM_UNEQUAL, TERM_MIXED_UNEQUAL},
	{TERM_NEAR_CONTEXT, TERM_NEAR_CONTEXT},
};

#define OTHERS (sizeof others / sizeof *others)

void forms_compare(struct solve *s) {
	struct form forms[1 + OTHERS] = {{.prefill = 0}};
	bool own[FORM_TERMS] = {false}, terms[FORM_TERMS];
	double most = 0;
	size_t count = 1;

	memcpy(forms[0].ns, s->model->ns, sizeof s->model->ns);
	memset(own, true, TERMS * sizeof *own);
	own[TERM_OVERLAP] = forms[0].ns[TERM_OVERLAP] > 0;
	own[TERM_TILE] = forms[0].ns[TERM_TILE] > 0;
	for (size_t i = 0; i < OTHERS; i++) {
		memcpy(terms, own, sizeof terms);
		terms[others[i][0]] = !own[others[i][0]];
		terms[others[i][1]] = !own[others[i][1]];
		count += solve_with(s, terms, forms[count].ns) <= AS_GOOD * s->squares;
	}
	double all = split_mixed(s, forms, count);
	for (size_t i = 1; i < count && all > 0; i++) {
		most = fmax(most, fabs(forms[i].prefill / all - forms[0].prefill / all));
	}
	double unexplained = fmax(0, s->model->residual_relative - NOISE) * OF_UNEXPLAINED;
	s->model->form_share_sd = hypot(most / DISTANCE_SDS, unexplained);
}
