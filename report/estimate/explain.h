/* explain.h: the four questions, as tables and pictures. Private to report/estimate/. */
#ifndef REPORT_ESTIMATE_EXPLAIN_H
#define REPORT_ESTIMATE_EXPLAIN_H

#include "report/estimate/costs.h"

#define EXPLAIN_ASSUMED_MAX 160

#define EXPLAIN_POSITIONS 4
#define EXPLAIN_BATCHES 4
#define EXPLAIN_CONTEXTS 4
#define EXPLAIN_MIXES 3
#define EXPLAIN_HITS 3
extern const double explain_positions[EXPLAIN_POSITIONS], explain_batches[EXPLAIN_BATCHES], explain_contexts[EXPLAIN_CONTEXTS],
	explain_mixes[EXPLAIN_MIXES], explain_hits[EXPLAIN_HITS];

/* A token by its position; the batch is what fits into memory at that context, at most the assumed one. */
struct at_position {
	double input, input_attention, output, output_attention; /* money per million, shares */
	int64_t batch;
};

/* Per million tokens of a mix of `ratio` input tokens to one output token. */
struct mix {
	double cost, output_share, price, margin;
};

/* Per million input tokens of a prompt, by its cached fraction; NAN if there is no list price. */
struct caching {
	double cost, price;
};

struct at_position explain_at(const struct costs *c, double position);
/* Output : input at a batch and context; NAN if the memory does not hold it. */
double explain_ratio(const struct costs *c, double batch, double context);
struct mix explain_mix(const struct costs *c, double ratio);
struct caching explain_caching(const struct costs *c, double hit);

#define EXPLAIN_LOADS 11
extern const double explain_loads[EXPLAIN_LOADS];

/* Money per million tokens for GPU-hours and for power, including idle time; joules per token, including idle ones. */
struct at_load {
	struct load_point load;
	double input, output, ratio, request; /* request: money of one */
	double input_power, output_power, input_joules, output_joules;
	double user_tok_s; /* tokens a second for one user */
};
struct at_load explain_at_load(const struct costs *c, double offered);

/*
 * The same with defaults for the price of electricity and grams of CO2 if none is stated, in USD only; `what` names
 * them, "" if all are stated.
 */
struct costs explain_powered(const struct costs *c, char what[EXPLAIN_ASSUMED_MAX]);

/* Holding a million tokens of cache for an hour, in money; a prompt from host memory or computed; output's cost with drafts. */
struct levers {
	double hold, load_ms, compute_ms, speculative, speculative_alone, accepted, prefill_share; /* alone: of a request alone */
};
struct levers explain_levers(const struct costs *c);

/* The same replica with its weights in other formats, at full batches: the first as it was estimated. */
#define EXPLAIN_PRECISIONS 5
struct at_precision {
	const char *name;
	double weight_bytes, input, output, request, user_tok_s;
	int64_t batch;
};
size_t explain_precisions(const struct costs *c, struct at_precision out[EXPLAIN_PRECISIONS]);
void explain_precision_print(const struct costs *c, FILE *out);
void explain_precision_json(const struct costs *c, FILE *out);

/* GPU-nanoseconds of a token at the mean context, and of them attention. */
struct token_time {
	double input, input_attention, output, output_attention;
};
struct token_time explain_time(const struct costs *c);

/* Steps under the card's peaks: decoding sequences by batch, the last one a full chunk of a prompt. */
#define EXPLAIN_STEPS (EXPLAIN_BATCHES + 1)
struct on_roof {
	char name[48];
	double sequences; /* 0: of the chunk */
	double intensity, tflop_s; /* FLOP per byte; reached, over all GPUs */
};
/* How many fit into memory. */
size_t explain_steps(const struct costs *c, struct on_roof out[EXPLAIN_STEPS]);

void explain_load_print(const struct costs *c, FILE *out);
void explain_load_json(const struct costs *c, FILE *out); /* ,"loads": […], … */

/* What a step reads, as a sentence without the full stop; experts are read as its tokens choose them. */
const char *explain_reading(const struct costs *c, char out[200]);

void explain_print(const struct costs *c, FILE *out);
void explain_json(const struct costs *c, FILE *out);
void explain_html(const struct costs *c, FILE *out);

#endif
