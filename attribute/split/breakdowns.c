#include "attribute/split/breakdowns.h"

#include <stdlib.h>

#include "core/exact.h"
#include "core/files/platform.h"
#include "core/hash_index.h"
#include "core/share.h"

/*
 * Rules of other tools, which do not use steps:
 * - each token of a step the same;
 * - over all, an output token worth 2.5 input tokens (OpenCost's fallback);
 * - over all, by the sums of two timers of vLLM: the prefill time of requests, and their mean time per
 *   output token (OpenCost, docs/inference-cost-tracking.md).
 */
enum other_rule { OTHER_STEP_TOKENS, OTHER_WEIGHTED_TOKENS, OTHER_TIMERS, OTHER_RULES };
static const char *const other_names[OTHER_RULES] = {"tokens-per-step", "tokens-output-2.5", "opencost-timers"};

enum { ALL_RULES = (int)RULES + (int)OTHER_RULES };

/* A model at a rate. */
struct rule_sums {
	name_id model;
	int64_t rate_nano, busy_ns;
	int64_t prefill_ns[RULES + 1]; /* of rules that use steps; the last one is OTHER_STEP_TOKENS */
	int64_t input_tokens, output_tokens;
	int64_t prefill_timer_ns, output_token_timer_ns;
};

/* Positions by powers of two: the first bucket up to 128, the last one without an end. */
#define BUCKETS 24
#define FIRST_BUCKET_NTOK 128

struct position_sums {
	struct priced_tokens of;
	int64_t tokens[2][BUCKETS], ns[2][BUCKETS]; /* of input, of output */
};

/* Sequences by powers of two: 1, 2, to 4, to 8 … */
#define BATCHES 20

struct batch_sums {
	name_id model;
	int64_t rate_nano;
	int64_t steps[BATCHES], tokens[BATCHES], decode_ns[BATCHES], step_ns[BATCHES];
};

struct breakdowns {
	const struct names *names;
	bool rules, positions, batches;
	bool lost; /* a sum does not fit */
	struct rule_sums *rule_sums;
	size_t rule_count;
	struct hash_index rule_index; /* by model and rate; until they are sorted */
	struct position_sums *position_sums;
	size_t position_count;
	struct batch_sums *batch_sums;
	size_t batch_count;
};

struct breakdowns *breakdowns_new(const struct names *names, bool rules, bool positions, bool batches) {
	struct breakdowns *x = must_calloc(1, sizeof *x);

	x->names = names;
	x->rules = rules;
	x->positions = positions;
	x->batches = batches;
	return x;
}

void breakdowns_free(struct breakdowns *x) {
	if (x) {
		free(x->rule_sums);
		hash_index_release(&x->rule_index);
		free(x->position_sums);
		free(x->batch_sums);
		free(x);
	}
}

/* ---- rules ---- */

/* There are few models and rates: the last one is usually the next one. */
static struct rule_sums *rule_sums_of(struct breakdowns *x, name_id model, int64_t rate_nano) {
	uint64_t hash = hash_mix(hash_mix(0, model), (uint64_t)rate_nano), at = hash;

	for (uint32_t i; hash_index_next(&x->rule_index, hash, &at, &i);) {
		if (x->rule_sums[i].model == model && x->rule_sums[i].rate_nano == rate_nano) {
			return &x->rule_sums[i];
		}
	}
	hash_index_add(&x->rule_index, hash, (uint32_t)x->rule_count);
	x->rule_sums = must_grow_by_count(x->rule_sums, x->rule_count, sizeof *x->rule_sums);
	x->rule_sums[x->rule_count] = (struct rule_sums){.model = model, .rate_nano = rate_nano};
	return &x->rule_sums[x->rule_count++];
}

static void add(struct breakdowns *x, int64_t *sum, int64_t n) {
	x->lost |= !exact_add(sum, n);
}

void breakdowns_busy(struct breakdowns *x, name_id model, int64_t rate_nano, int64_t prefill_ns, int64_t decode_ns,
                 const struct split_times *times, int64_t prefill_tokens, int64_t decode_tokens) {
	if (!x->rules) {
		return;
	}
	struct rule_sums *s = rule_sums_of(x, model, rate_nano);
	int64_t total = prefill_ns + decode_ns;
	add(x, &s->busy_ns, total);
	for (enum rule r = 0; r < RULES; r++) {
		add(x, &s->prefill_ns[r], times ? split_part(total, split_prefill_share(r, times)) : prefill_ns);
	}
	double tokens = (double)prefill_tokens + (double)decode_tokens;
	add(x, &s->prefill_ns[RULES], times && tokens > 0 ? split_part(total, (double)prefill_tokens / tokens) : prefill_ns);
}

void breakdowns_request(struct breakdowns *x, name_id model, int64_t rate_nano, const struct request_item *r) {
	if (!x->rules) {
		return;
	}
	struct rule_sums *s = rule_sums_of(x, model, rate_nano);
	int64_t from_ns = r->scheduled_ns != UNKNOWN ? r->scheduled_ns : r->arrival_ns;
	add(x, &s->input_tokens, r->prompt_tokens);
	add(x, &s->output_tokens, r->completion_tokens);
	if (r->first_token_ns != UNKNOWN && from_ns != UNKNOWN && r->first_token_ns > from_ns) {
		add(x, &s->prefill_timer_ns, r->first_token_ns - from_ns);
	}
	if (r->first_token_ns != UNKNOWN && r->finish_ns != UNKNOWN && r->finish_ns > r->first_token_ns &&
	    r->completion_tokens > 1) {
		add(x, &s->output_token_timer_ns, (r->finish_ns - r->first_token_ns) / ((int64_t)r->completion_tokens - 1));
	}
}

/* Prefill's part of all busy time under a rule of other tools; -1 if the logs lack what it needs. */
static int64_t other_prefill_ns(const struct rule_sums *s, enum other_rule rule) {
	int128 prefill, decode;
	int64_t part;

	switch (rule) {
	case OTHER_STEP_TOKENS:
		return s->prefill_ns[RULES];
	case OTHER_WEIGHTED_TOKENS:
		prefill = 2 * (int128)s->input_tokens;
		decode = 5 * (int128)s->output_tokens;
		break;
	default:
		prefill = s->prefill_timer_ns;
		decode = s->output_token_timer_ns;
		break;
	}
	if (prefill + decode <= 0 || prefill + decode > INT64_MAX) {
		return -1;
	}
	return exact_mul_div(s->busy_ns, (int64_t)prefill, (int64_t)(prefill + decode), &part) ? part : -1;
}

static int order(const struct names *n, name_id a, int64_t a_rate, name_id b, int64_t b_rate) {
	int by_name = text_compare(names_text(n, a), names_text(n, b));

	return by_name != 0 ? by_name : (a_rate > b_rate) - (a_rate < b_rate);
}

static int by_model_and_rate(const void *a_bytes, const void *b_bytes, void *names) {
	const struct rule_sums *a = a_bytes, *b = b_bytes;

	return order(names, a->model, a->rate_nano, b->model, b->rate_nano);
}

int breakdowns_each_rule(struct breakdowns *x, rule_sink *sink, void *context) {
	int rc = x->lost ? ERROR_RANGE : 0;

	if (x->rule_count > 1) {
		platform_sort(x->rule_sums, x->rule_count, sizeof *x->rule_sums, by_model_and_rate, (void *)(uintptr_t)x->names);
	}
	for (size_t i = 0; i < x->rule_count && rc >= 0; i++) {
		const struct rule_sums *s = &x->rule_sums[i];
		for (int r = 0; r < ALL_RULES && rc >= 0; r++) {
			int64_t prefill = r < RULES ? s->prefill_ns[r] : other_prefill_ns(s, (enum other_rule)(r - RULES));
			const struct rule_row row = {.rule = r < RULES ? rule_names[r] : other_names[r - RULES],
			                             .model = s->model,
			                             .rate_nano = s->rate_nano,
			                             .prefill_gpu_ns = prefill,
			                             .decode_gpu_ns = s->busy_ns - prefill};
			rc = prefill >= 0 ? sink(context, &row) : 0;
		}
	}
	return rc;
}

/* ---- positions ---- */

static struct position_sums *position_sums_of(struct breakdowns *x, const struct priced_tokens *of) {
	for (size_t i = x->position_count; i-- > 0;) {
		const struct priced_tokens *at = &x->position_sums[i].of;
		if (at->model == of->model && at->rate_nano == of->rate_nano && at->prompt_over_ntok == of->prompt_over_ntok) {
			return &x->position_sums[i];
		}
	}
	x->position_sums = must_realloc(x->position_sums, (x->position_count + 1) * sizeof *x->position_sums);
	x->position_sums[x->position_count] = (struct position_sums){.of = *of};
	return &x->position_sums[x->position_count++];
}

static int64_t bucket_from(int b) {
	return b == 0 ? 0 : (int64_t)FIRST_BUCKET_NTOK << (b - 1);
}

static int64_t bucket_to(int b) {
	return b == BUCKETS - 1 ? INT64_MAX : (int64_t)FIRST_BUCKET_NTOK << b;
}

/* The tokens of [from, to) that lie in a bucket, and the sum of their contexts. */
static int64_t overlap(int b, int64_t from, int64_t to, double *context) {
	int64_t first = from > bucket_from(b) ? from : bucket_from(b), last = to < bucket_to(b) ? to : bucket_to(b);

	if (last <= first) {
		*context = 0;
		return 0;
	}
	*context = ((double)first + (double)last) / 2 * (double)(last - first);
	return last - first;
}

#define WEIGHT_ONE 1e12

/* Adds tokens and their time to their buckets, exact to the ns. */
static void add_range(struct breakdowns *x, struct position_sums *s, int kind, int64_t before, int64_t tokens, int64_t ns,
                      double by_context) {
	int64_t weights[BUCKETS], parts[BUCKETS], count[BUCKETS];
	double all = ((double)before + (double)tokens / 2) * (double)tokens;

	for (int b = 0; b < BUCKETS; b++) {
		double context;
		count[b] = overlap(b, before, before + tokens, &context);
		double weight = (1 - by_context) * (double)count[b] / (double)tokens + by_context * (all > 0 ? context / all : 0);
		weights[b] = (int64_t)(weight * WEIGHT_ONE);
	}
	share_largest_remainder(ns, weights, BUCKETS, parts);
	for (int b = 0; b < BUCKETS; b++) {
		add(x, &s->tokens[kind][b], count[b]);
		add(x, &s->ns[kind][b], parts[b]);
	}
}

void breakdowns_prefill(struct breakdowns *x, const struct priced_tokens *of, int64_t before, int64_t tokens, int64_t ns,
                    double by_attention) {
	if (x->positions && tokens > 0 && ns >= 0) {
		add_range(x, position_sums_of(x, of), 0, before, tokens, ns, by_attention);
	}
}

void breakdowns_decode(struct breakdowns *x, const struct priced_tokens *of, int64_t before, int64_t tokens, int64_t ns,
                   double by_context) {
	if (x->positions && tokens > 0 && ns >= 0) {
		add_range(x, position_sums_of(x, of), 1, before, tokens, ns, by_context);
	}
}

static int positions_order(const void *a_bytes, const void *b_bytes, void *names) {
	const struct priced_tokens *a = &((const struct position_sums *)a_bytes)->of, *b = &((const struct position_sums *)b_bytes)->of;
	int by_model = order(names, a->model, a->rate_nano, b->model, b->rate_nano);

	return by_model != 0 ? by_model : exact_order(a->prompt_over_ntok, b->prompt_over_ntok);
}

int breakdowns_each_position(struct breakdowns *x, position_sink *sink, void *context) {
	int rc = x->lost ? ERROR_RANGE : 0;

	if (x->position_count > 1) {
		platform_sort(x->position_sums, x->position_count, sizeof *x->position_sums, positions_order,
		        (void *)(uintptr_t)x->names);
	}
	for (size_t i = 0; i < x->position_count && rc >= 0; i++) {
		const struct position_sums *s = &x->position_sums[i];
		for (int at = 0; at < 2 * BUCKETS && rc >= 0; at++) {
			int kind = at / BUCKETS, b = at % BUCKETS;
			const struct position_row row = {.model = s->of.model,
			                                 .kind = kind == 0 ? ENTRY_INPUT : ENTRY_OUTPUT,
			                                 .from_ntok = bucket_from(b),
			                                 .to_ntok = bucket_to(b),
			                                 .prompt_over_ntok = s->of.prompt_over_ntok,
			                                 .rate_nano = s->of.rate_nano,
			                                 .tokens = s->tokens[kind][b],
			                                 .gpu_ns = s->ns[kind][b]};
			rc = row.tokens > 0 ? sink(context, &row) : 0;
		}
	}
	return rc;
}

/* ---- batches ---- */

static struct batch_sums *batch_sums_of(struct breakdowns *x, name_id model, int64_t rate_nano) {
	for (size_t i = x->batch_count; i-- > 0;) {
		if (x->batch_sums[i].model == model && x->batch_sums[i].rate_nano == rate_nano) {
			return &x->batch_sums[i];
		}
	}
	x->batch_sums = must_realloc(x->batch_sums, (x->batch_count + 1) * sizeof *x->batch_sums);
	x->batch_sums[x->batch_count] = (struct batch_sums){.model = model, .rate_nano = rate_nano};
	return &x->batch_sums[x->batch_count++];
}

/* 1: 0; 2: 1; to 4: 2; to 8: 3 … */
static int batch_of(int64_t sequences) {
	int b = 0;

	while (b < BATCHES - 1 && (INT64_C(1) << b) < sequences) {
		b++;
	}
	return b;
}

/* Time of entries and tokens of records. */
void breakdowns_batch(struct breakdowns *x, name_id model, int64_t rate_nano, int64_t sequences, bool first, int64_t decode_ns, int64_t step_ns) {
	if (!x->batches || sequences <= 0) {
		return;
	}
	struct batch_sums *s = batch_sums_of(x, model, rate_nano);
	int b = batch_of(sequences);

	add(x, &s->steps[b], first);
	add(x, &s->tokens[b], first ? sequences : 0);
	add(x, &s->decode_ns[b], decode_ns);
	add(x, &s->step_ns[b], step_ns);
}

static int batches_order(const void *a_bytes, const void *b_bytes, void *names) {
	const struct batch_sums *a = a_bytes, *b = b_bytes;

	return order(names, a->model, a->rate_nano, b->model, b->rate_nano);
}

int breakdowns_each_batch(struct breakdowns *x, batch_sink *sink, void *context) {
	int rc = x->lost ? ERROR_RANGE : 0;

	if (x->batch_count > 1) {
		platform_sort(x->batch_sums, x->batch_count, sizeof *x->batch_sums, batches_order, (void *)(uintptr_t)x->names);
	}
	for (size_t i = 0; i < x->batch_count && rc >= 0; i++) {
		const struct batch_sums *s = &x->batch_sums[i];
		for (int b = 0; b < BATCHES && rc >= 0; b++) {
			const struct batch_row row = {.model = s->model, .from_sequences = b < 2 ? b + 1 : (INT64_C(1) << (b - 1)) + 1,
			                              .to_sequences = b == BATCHES - 1 ? INT64_MAX : INT64_C(1) << b, .rate_nano = s->rate_nano, .steps = s->steps[b],
			                              .tokens = s->tokens[b], .decode_gpu_ns = s->decode_ns[b], .step_ns = s->step_ns[b]};
			rc = row.tokens > 0 ? sink(context, &row) : 0;
		}
	}
	return rc;
}

/* ---- of several threads ---- */

struct breakdowns *breakdowns_like(const struct breakdowns *x) {
	return breakdowns_new(x->names, x->rules, x->positions, x->batches);
}

static void add_up(struct breakdowns *x, int64_t *to, const int64_t *from, size_t count) {
	for (size_t i = 0; i < count; i++) {
		add(x, &to[i], from[i]);
	}
}

static void merge_rule(struct breakdowns *x, struct rule_sums *to, const struct rule_sums *from) {
	add_up(x, &to->busy_ns, &from->busy_ns, 1);
	add_up(x, to->prefill_ns, from->prefill_ns, RULES + 1);
	add_up(x, &to->input_tokens, &from->input_tokens, 1);
	add_up(x, &to->output_tokens, &from->output_tokens, 1);
	add_up(x, &to->prefill_timer_ns, &from->prefill_timer_ns, 1);
	add_up(x, &to->output_token_timer_ns, &from->output_token_timer_ns, 1);
}

static void merge_batch(struct breakdowns *x, struct batch_sums *to, const struct batch_sums *from) {
	add_up(x, to->steps, from->steps, BATCHES);
	add_up(x, to->tokens, from->tokens, BATCHES);
	add_up(x, to->decode_ns, from->decode_ns, BATCHES);
	add_up(x, to->step_ns, from->step_ns, BATCHES);
}

void breakdowns_merge(struct breakdowns *x, const struct breakdowns *from) {
	x->lost |= from->lost;
	for (size_t i = 0; i < from->rule_count; i++) {
		const struct rule_sums *s = &from->rule_sums[i];
		merge_rule(x, rule_sums_of(x, s->model, s->rate_nano), s);
	}
	for (size_t i = 0; i < from->position_count; i++) {
		const struct position_sums *s = &from->position_sums[i];
		struct position_sums *to = position_sums_of(x, &s->of);
		for (int kind = 0; kind < 2; kind++) {
			add_up(x, to->tokens[kind], s->tokens[kind], BUCKETS);
			add_up(x, to->ns[kind], s->ns[kind], BUCKETS);
		}
	}
	for (size_t i = 0; i < from->batch_count; i++) {
		const struct batch_sums *s = &from->batch_sums[i];
		merge_batch(x, batch_sums_of(x, s->model, s->rate_nano), s);
	}
}
