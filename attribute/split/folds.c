#include "attribute/split/folds.h"

#include <math.h>

/* A step predicted this many times too short waited for something else. */
#define OUTLIER 3.0

void folds_init(struct folds *f, struct names *names, int64_t from_ns, int64_t to_ns) {
	*f = (struct folds){.from_ns = from_ns, .to_ns = to_ns};
	for (int i = 0; i < FOLDS; i++) {
		f->fits[i] = attribution_fits_new(names);
	}
}

void folds_release(struct folds *f) {
	for (int i = 0; i < FOLDS; i++) {
		attribution_fits_free(f->fits[i]);
	}
}

/* From the instant, so that it does not depend on the order of logs. */
static int fold_of(int64_t at_ns) {
	uint64_t h = (uint64_t)at_ns * UINT64_C(0x9e3779b97f4a7c15);

	return (int)((h ^ h >> 31) % FOLDS);
}

static void predict(struct folds *f, const struct step_model *m, const struct fit_step *s) {
	const struct batch *b = &s->batch;
	enum fold_kind kind = b->decode_tokens == 0 ? FOLD_PROMPTS : b->prefill_tokens == 0 ? FOLD_SEQUENCES : FOLD_BOTH;
	double measured = (double)s->duration_ns, more = step_model_ns(m, b) - measured;

	if (m->origin > MODEL_NEIGHBOUR || measured + more <= 0 || fabs(log((measured + more) / measured)) > log(OUTLIER)) {
		return;
	}
	f->of[kind].steps++;
	f->of[kind].ns += measured;
	f->of[kind].more_ns += more;
	f->of[kind].off_ns += fabs(more);
}

void folds_add_step(struct folds *f, const struct fit_key *key, const struct fit_step *s, int64_t at_ns) {
	int own = fold_of(at_ns);

	if (f->predict) {
		if (at_ns >= f->from_ns && at_ns < f->to_ns) {
			predict(f, fits_model(f->fits[own], key), s);
		}
		return;
	}
	for (int i = 0; i < FOLDS; i++) {
		if (i != own) {
			fits_add_step(f->fits[i], key, s);
		}
	}
}

int folds_solve(struct folds *f, struct fault *why) {
	int rc = 0;

	for (int i = 0; i < FOLDS && rc >= 0; i++) {
		rc = fits_solve(f->fits[i], why);
	}
	f->predict = true;
	return rc;
}

bool folds_sentence(const struct folds *f, char *out, size_t size) {
	const struct fold_sums *s = &f->of[FOLD_BOTH];

	if (s->ns <= 0) {
		return false;
	}
	snprintf(out, size, "mixed steps left out of the fit, a tenth at a time, are predicted within %.1f %% each and within "
	                    "%.2f %% in total",
	         100 * s->off_ns / s->ns, 100 * fabs(s->more_ns) / s->ns);
	return true;
}

void folds_print(const struct folds *f, FILE *out) {
	static const char *const names[FOLD_KINDS] = {
		[FOLD_PROMPTS] = "prompts alone", [FOLD_SEQUENCES] = "sequences alone", [FOLD_BOTH] = "both",
	};

	for (int k = 0; k < FOLD_KINDS; k++) {
		const struct fold_sums *s = &f->of[k];
		if (s->ns > 0) {
			fprintf(out, "cross-check: steps of %s, each predicted by a model fitted to the other nine "
				     "tenths: %lld steps, error per step %.1f %%, of their sum %+.2f %%\n", names[k], (long long)s->steps, 100 * s->off_ns / s->ns,
			        100 * s->more_ns / s->ns);
		}
	}
}
