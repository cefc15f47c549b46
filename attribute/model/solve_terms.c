/* solve_terms.c: the sums of a bin in the terms of the model. */
#include <math.h>
#include <string.h>

#include "attribute/model/solve.h"
#include "core/model/nnls.h"

/* Is a segment of tokens above a hinge? */
static bool is_beyond(int segment, int64_t ntok) {
	return segment > 0 && hinge_ntok[segment - 1] >= ntok;
}

static void unscale(const struct step_bin *c, double sums[BIN_SUMS]) {
	const int128 *sum = c->sums;
	double unit[BIN_TERMS];

	for (int i = 0; i < BIN_TERMS; i++) {
		unit[i] = 1.0 / (double)(INT64_C(1) << bin_bits[i]);
	}
	for (int i = 0; i < BIN_TERMS; i++) {
		for (int j = i; j < BIN_TERMS; j++) {
			*sums++ = (double)*sum++ * (unit[i] * unit[j]);
		}
	}
	for (int i = 0; i < BIN_TERMS; i++) {
		*sums++ = (double)*sum++ * unit[i];
	}
}

/* The mean batch of a bin, from means weighted by 1 / T, as durations of a bin are similar. */
static struct batch mean_batch(const struct step_bin *c, const double moment[BIN_TERMS]) {
	double decode = ldexp((double)c->decode_sum, -bin_bits[1]) / moment[0];
	double ntok = moment[1] / moment[0];

	return (struct batch){.prefill_tokens = llround(ntok - decode),
	                      .prefill_token_kv = llround(moment[2] / moment[0]),
	                      .decode_tokens = llround(decode),
	                      .decode_kv_tokens = llround(moment[3] / moment[0]),
	                      .prefill_kv_tokens = llround(moment[4] / moment[0]),
	                      .decode_unequal_kv = llround(moment[5] / moment[0])};
}

void sample_set(struct sample *a) {
	a->kind = bin_kind_of(a->bin->key);
	unscale(a->bin, a->sums);
	a->mean = mean_batch(a->bin, a->sums + BIN_SUMS - BIN_TERMS);
	a->far = (a->kind.known & KNOWN_CONTEXT) && a->mean.decode_kv_tokens >= NEAR_NTOK;
}

int sample_class(const struct sample *a) {
	return ((a->kind.segment * 4 + a->kind.phases) * 2 + a->far) * 2 + a->prompts_less;
}

/* The lesser attention, which overlaps with the other. */
static void overlap_parts(const struct sample *a, const struct step_model *m, double part[BIN_TERMS]) {
	if (a->prompts_less) {
		part[2] = -m->overlap.token_kv;
		part[4] = -m->overlap.prefill_kv;
	} else {
		part[3] = -m->overlap.kv;
		part[5] = -m->overlap.unequal;
		part[a->far ? 0 : 3] -= m->overlap.near * (a->far ? NEAR_NTOK : 1);
	}
}

void solve_parts(const struct sample *a, const struct step_model *m, double parts[FORM_TERMS][BIN_TERMS]) {
	const struct bin_kind *k = &a->kind;
	bool prompts = (k->phases & PHASE_PREFILL) != 0, mixed = prompts && (k->phases & PHASE_DECODE);

	memset(parts, 0, FORM_TERMS * sizeof *parts);
	parts[TERM_FLOOR][0] = 1;
	for (int j = 0; j < k->segment; j++) {
		parts[TERM_HINGES + j][0] = -(double)hinge_ntok[j];
		parts[TERM_HINGES + j][1] = 1;
	}
	for (int j = 0; j < EARLY_COUNT; j++) {
		bool beyond = is_beyond(k->segment, early_ntok[j]);
		parts[TERM_EARLY + j][0] = beyond ? (double)early_ntok[j] : 0;
		parts[TERM_EARLY + j][1] = !beyond;
	}
	parts[TERM_TOKENS][1] = 1;
	parts[TERM_ATTENTION][2] = m->has_attention;
	parts[TERM_CONTEXT][3] = 1;
	parts[TERM_MIXED_CONTEXT][3] = prompts;
	parts[TERM_PROMPT][0] = prompts;
	parts[TERM_PREFILL_CONTEXT][4] = m->has_attention;
	parts[TERM_UNEQUAL][5] = m->has_context;
	parts[TERM_MIXED_UNEQUAL][5] = m->has_context && prompts;
	parts[TERM_NEAR_CONTEXT][a->far ? 0 : 3] = !m->has_context ? 0 : a->far ? NEAR_NTOK : 1;
	parts[FORM_PURE][0] = prompts && !mixed;
	parts[TERM_BOTH][0] = mixed;
	parts[TERM_TILE][6] = 1;
	if (mixed) {
		overlap_parts(a, m, parts[TERM_OVERLAP]);
		parts[FORM_FAR][0] = a->far ? -NEAR_NTOK : 0;
		parts[FORM_FAR][3] = a->far;
	}
}

struct term_part {
	double part;
	int of; /* of the bin's own terms */
};

static int list_parts(const double parts[BIN_TERMS], struct term_part list[BIN_TERMS]) {
	int count = 0;

	for (int k = 0; k < BIN_TERMS; k++) {
		if (parts[k] != 0) {
			list[count++] = (struct term_part){parts[k], k};
		}
	}
	return count;
}

void solve_factors(const struct sample *a, const struct step_model *m, double factors[BIN_TERMS]) {
	TO_FILL double parts[FORM_TERMS][BIN_TERMS];

	solve_parts(a, m, parts);
	for (int k = 0; k < BIN_TERMS; k++) {
		factors[k] = 0;
		for (int i = 0; i < TERMS; i++) {
			factors[k] += m->ns[i] * parts[i][k];
		}
	}
}

/* The products of the bin's own terms, from their upper triangle. */
static void list_rows(const double *sums, double own[BIN_TERMS][BIN_TERMS]) {
	for (int i = 0; i < BIN_TERMS; i++) {
		for (int j = i; j < BIN_TERMS; j++) {
			own[i][j] = own[j][i] = *sums++;
		}
	}
}

void solve_expand(const struct sample *a, const double sums[BIN_SUMS], const struct step_model *m, struct expanded *out) {
	TO_FILL double own[BIN_TERMS][BIN_TERMS], parts[FORM_TERMS][BIN_TERMS], half[FORM_TERMS][BIN_TERMS];
	TO_FILL struct term_part list[FORM_TERMS][BIN_TERMS];
	const double *own_moment = sums + BIN_SUMS - BIN_TERMS;
	int lengths[FORM_TERMS];

	list_rows(sums, own);
	solve_parts(a, m, parts);
	out->count = 0;
	for (int i = 0; i < FORM_TERMS; i++) {
		int at = out->count, length = lengths[at] = list_parts(parts[i], list[at]);
		out->terms[at] = i;
		out->count += length > 0;
		out->moment[at] = 0;
		for (int k = 0; k < length; k++) {
			out->moment[at] += list[at][k].part * own_moment[list[at][k].of];
		}
		for (int k = 0; k < BIN_TERMS && length > 0; k++) {
			half[at][k] = 0;
			for (int l = 0; l < length; l++) {
				half[at][k] += list[at][l].part * own[list[at][l].of][k];
			}
		}
	}
	for (int i = 0; i < out->count; i++) {
		for (int j = 0; j < out->count; j++) {
			double sum = 0;
			for (int k = 0; k < lengths[j]; k++) {
				sum += half[i][list[j][k].of] * list[j][k].part;
			}
			out->gram[i][j] = sum;
		}
	}
}

/*
 * A token of short contexts may cost as much again as one of long contexts, not more: beyond that, the term would take
 * up other costs of small batches. If it does, its column is added to those of contexts in place of its own.
 */
void solve_join_near(double *gram, double *moment, int count) {
	nnls_join(gram, moment, (size_t)count, TERM_NEAR_CONTEXT, TERM_CONTEXT);
	nnls_join(gram, moment, (size_t)count, TERM_NEAR_CONTEXT, TERM_UNEQUAL);
	nnls_leave_out(gram, moment, (size_t)count, TERM_NEAR_CONTEXT);
}

void solve_invert(double gram[TERMS][TERMS], const double ns[TERMS], double inverse[TERMS][TERMS]) {
	bool joined = ns[TERM_NEAR_CONTEXT] > 0 && ns[TERM_NEAR_CONTEXT] >= ns[TERM_CONTEXT] + ns[TERM_UNEQUAL];
	double free_ns[TERMS], moment[TERMS] = {0};

	memcpy(free_ns, ns, sizeof free_ns);
	if (joined) {
		free_ns[TERM_NEAR_CONTEXT] = 0;
		solve_join_near(&gram[0][0], moment, TERMS);
	}
	nnls_covariance(&gram[0][0], free_ns, TERMS, 1, &inverse[0][0]);
	for (int i = 0; i < TERMS && joined; i++) { /* the term is the sum of the two */
		inverse[TERM_NEAR_CONTEXT][i] = inverse[TERM_CONTEXT][i] + inverse[TERM_UNEQUAL][i];
	}
	for (int i = 0; i < TERMS && joined; i++) {
		inverse[i][TERM_NEAR_CONTEXT] = inverse[i][TERM_CONTEXT] + inverse[i][TERM_UNEQUAL];
	}
}
