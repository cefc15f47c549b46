/* Rules of splitting mixed steps, side by side. */
#include <assert.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/statement.h"

static struct rule_result *result_of(struct rule_results *r, const struct rule_row *row) {
	uint64_t hash = hash_spread(row->model), at = hash;
	uint32_t i;

	while (hash_index_next(&r->by_model, hash, &at, &i)) {
		if (r->rows[i].row.model == row->model && strcmp(r->rows[i].row.rule, row->rule) == 0) {
			return &r->rows[i];
		}
	}
	hash_index_add(&r->by_model, hash, (uint32_t)r->count);
	r->rows = must_grow_by_count(r->rows, r->count, sizeof *r->rows);
	r->rows[r->count] = (struct rule_result){.row = {.rule = row->rule, .model = row->model}, .number = r->count};
	return &r->rows[r->count++];
}

int statement_add_rule(void *statement, const struct rule_row *row) {
	struct statement *s = statement;

	assert(!s->quality && row->prefill_gpu_ns >= 0 && row->decode_gpu_ns >= 0);
	struct rule_result *r = result_of(&s->rules, row);
	if (row->rate_nano > 0) {
		r->prefill_exact += (int128)row->prefill_gpu_ns * row->rate_nano;
		r->decode_exact += (int128)row->decode_gpu_ns * row->rate_nano;
	}
	r->prefill_gpu_ns += row->prefill_gpu_ns;
	r->decode_gpu_ns += row->decode_gpu_ns;
	return 0;
}

/* Rules of other tools count tokens or timers: they use no model that may be wrong. */
static bool needs_model(const char *rule) {
	static const char *const models[] = {"shapley", "proportional", "prefill-first", "decode-first"};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		if (strcmp(rule, models[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Each rule has the same uncertainty as the statement's own. */
static void set_intervals(const struct block *b, struct rule_result *r) {
	bool model = b && needs_model(r->row.rule);
	double in = model ? unit_relative(&b->unit[TOKENS_INPUT]) * (double)b->prompt.busy_nano : 0;
	double out = model ? unit_relative(&b->unit[TOKENS_OUTPUT]) * (double)b->unit[TOKENS_OUTPUT].busy_nano : 0;

	r->has_interval = model;
	unit_interval(r->in_nano, r->in_nano > 0 ? in / (double)r->in_nano : 0, &r->in_low_nano, &r->in_high_nano);
	unit_interval(r->out_nano, r->out_nano > 0 ? out / (double)r->out_nano : 0, &r->out_low_nano, &r->out_high_nano);
}

static bool finish_result(const struct statement *s, struct rule_result *r) {
	const struct block *b = blocks_of_model(s, r->row.model);
	int64_t in = b ? b->rated_tokens[TOKENS_INPUT] + b->rated_tokens[TOKENS_CACHED] : 0;
	int64_t out = b ? b->rated_tokens[TOKENS_OUTPUT] : 0;
	int128 prefill = exact_div(r->prefill_exact, NS_PER_HOUR), decode = exact_div(r->decode_exact, NS_PER_HOUR);

	r->in_known = in > 0 && unit_per_million(r->prefill_exact, in, &r->in_nano);
	r->out_known = out > 0 && unit_per_million(r->decode_exact, out, &r->out_nano);
	r->prefill_nano = (int64_t)prefill;
	r->decode_nano = (int64_t)decode;
	r->in_nano = r->in_known ? r->in_nano : 0;
	r->out_nano = r->out_known ? r->out_nano : 0;
	set_intervals(b, r);
	return prefill <= INT64_MAX && decode <= INT64_MAX;
}

/* By model (text); within a model in the order of the rules. */
static int compare_results(const void *a, const void *b, void *names) {
	const struct rule_result *x = a, *y = b;
	int order = names_order(names, x->row.model, y->row.model);

	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

int rules_finish(struct statement *s, struct fault *why) {
	bool fits = true;
	for (size_t i = 0; i < s->rules.count; i++) {
		fits = finish_result(s, &s->rules.rows[i]) && fits;
	}
	if (s->rules.count > 0) {
		platform_sort(s->rules.rows, s->rules.count, sizeof *s->rules.rows, compare_results, (void *)(uintptr_t)s->options.names);
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost under a rule does not fit 64 bits of nano-units");
}
