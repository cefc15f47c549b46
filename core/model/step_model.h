/*
 * step_model.h: the time of a step as a function of its batch: fitted by attribute/, compared with theory and used
 * for replays.
 *
 *   T = b0 + sum_j e_j min(n, u_j) + sum_j c_j max(0, n - h_j) + b1 n + b2 A + b3 K + b4 K [P > 0] + b5 [P > 0]
 *       + b6 H + b7 U + b8 U [P > 0] + b9 min(K, 32768) - b10 min(a, k) + b11 [P > 0 and D > 0] + b12 x
 *
 * with all coefficients >= 0, b9 <= b3 + b7, b10 <= 1, P prefill tokens, D decoding tokens, n = P + D, A the sum over chunks of
 * tokens x (context before + tokens / 2), H the sum of the contexts before chunks, K the sum of the decoders'
 * contexts, U their number times the longest of them, a and k the attention of prompts and of sequences (struct
 * overlap), x the tokens by which whole tiles are more than n (tile_excess). See attribute/METHOD.md, "The step model".
 */
#ifndef CORE_STEP_MODEL_H
#define CORE_STEP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

#define HINGE_COUNT 12
extern const int64_t hinge_ntok[HINGE_COUNT];
#define EARLY_COUNT 4
extern const int64_t early_ntok[EARLY_COUNT]; /* u: each is one of the hinges */

/* contexts up to this many tokens, of all sequences together, cost more per token than further ones */
#define NEAR_NTOK 32768

/* Matrix products compute whole tiles of up to this many tokens; with up to TILED_NTOK reading the weights takes longer. */
#define TILE_NTOK 256
#define TILED_NTOK 256

static inline int64_t tile_excess(int64_t ntok) {
	return ntok > TILED_NTOK ? -ntok & (TILE_NTOK - 1) : 0;
}

/* The coefficients by number: the floor, the hinges, then the rest. */
enum term { TERM_FLOOR, TERM_HINGES, TERM_TOKENS = TERM_HINGES + HINGE_COUNT, TERM_ATTENTION, TERM_CONTEXT,
	    TERM_MIXED_CONTEXT, TERM_PROMPT, TERM_EARLY, TERM_PREFILL_CONTEXT = TERM_EARLY + EARLY_COUNT, TERM_UNEQUAL,
	    TERM_MIXED_UNEQUAL, TERM_NEAR_CONTEXT, TERM_OVERLAP, TERM_BOTH, TERM_TILE, TERMS };

/* The content of a batch. */
struct batch {
	int64_t prefill_tokens;   /* P */
	int64_t prefill_token_kv; /* A; 0 if not known */
	int64_t decode_tokens;    /* D */
	int64_t decode_kv_tokens; /* K; 0 if not known */
	int64_t prefill_kv_tokens; /* H: the context before the chunks; 0 if not known */
	int64_t decode_unequal_kv; /* U: sequences x the longest of their contexts; K if they are treated as equal */
};

/* The attention of prompts and of sequences in a step of both, where one overlaps with the other: ns per unit. */
struct overlap {
	double token_kv, prefill_kv; /* of A, of H */
	double kv, unequal, near;    /* of K, of U, of min(K, NEAR_NTOK) */
};

/* In the order of preference. */
enum model_origin { MODEL_FITTED, MODEL_NEIGHBOUR, MODEL_ROOFLINE, MODEL_TOKENS, MODEL_ORIGINS };

/* Of all usable steps, including outliers. */
#define RESIDUAL_QUANTILES 7
extern const int residual_per_cent[RESIDUAL_QUANTILES];

struct step_model {
	double ns[TERMS];               /* coefficients, ns per unit of the term */
	double covariance[TERMS][TERMS]; /* of the coefficients; 0 for terms that are 0 */
	enum model_origin origin;
	bool has_attention, has_context; /* A and K were available to the fit; without K, D replaces it */
	struct overlap overlap;
	/* distance of other forms of the model from this one, in prefill's share of mixed steps */
	double form_share_sd;
	int64_t steps, outliers;         /* used by the fit, and left out */
	double context_ntok; /* mean of a sequence that decodes, in the steps of the fit; 0: not known */
	/* of a token of sequences' contexts, with the spread and length of contexts in the fitted steps */
	double context_ns;
	/* relative standard deviation of that, and of attention and context of prompts, from the covariance; at most 1 */
	double context_sd, attention_sd;
	double residual_relative;        /* standard deviation of (T - fit) / fit */
	double residual_quantiles[RESIDUAL_QUANTILES]; /* of the same, by bins of similar steps, at residual_per_cent */
};

/* The name of a term in files: "floor", "token_beyond" (with its tokens in *ntok), …; *ntok is -1 if it has none. */
const char *step_model_term(int term, int64_t *ntok);

/*
 * The terms of a batch, in units of the coefficients. If contexts were not known to the fit, the number of decoders
 * replaces K: each decoder then costs the same.
 */
void step_model_terms(const struct step_model *m, const struct batch *b, double terms[TERMS]);

/* The chunks of a batch alone, and its sequences alone. */
void batch_of_phases(const struct batch *b, struct batch *chunks, struct batch *decoders);

/* The part of a decode-only step's time that is due to contexts, ns. */
double step_model_context_ns(const struct step_model *m, const struct batch *b);

/* The model's time of a batch, ns. */
double step_model_ns(const struct step_model *m, const struct batch *b);

/*
 * One standard deviation of the prefill share of a step under the Shapley rule, (p + c - d) / 2c: from the
 * coefficients' covariance (first order), and the known error of the model's form. 0 for pure steps.
 */
double step_model_share_sd(const struct step_model *m, const struct batch *b);
/* The same of a batch that contains more than the two phases: the batch without its sequences, and without its chunks. */
double step_model_share_sd_of(const struct step_model *m, const struct batch *b, const struct batch *chunks,
                              const struct batch *decoders);

#endif
