/* Cost of tokens by their depth in the context. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/files/platform.h"

#include "report/statement.h"

static struct position *position_of(struct positions *p, const struct position_row *row) {
	for (size_t i = p->count; i-- > 0;) {
		const struct position_row *at = &p->rows[i].row;
		if (at->model == row->model && at->kind == row->kind && at->from_ntok == row->from_ntok &&
		    at->to_ntok == row->to_ntok && at->prompt_over_ntok == row->prompt_over_ntok) {
			return &p->rows[i];
		}
	}
	p->rows = must_grow_by_count(p->rows, p->count, sizeof *p->rows);
	p->rows[p->count] = (struct position){.row = *row};
	p->rows[p->count].row.tokens = 0;
	return &p->rows[p->count++];
}

int statement_add_position(void *statement, const struct position_row *row) {
	struct statement *s = statement;

	assert(!s->quality && row->kind <= ENTRY_OUTPUT && row->from_ntok < row->to_ntok && row->tokens >= 0 &&
	       row->gpu_ns >= 0);
	struct position *p = position_of(&s->positions, row);
	bool fits = exact_add(&p->row.tokens, row->tokens);
	p->gpu_ns += row->gpu_ns;
	if (row->rate_nano >= 0) {
		p->exact += (int128)row->gpu_ns * row->rate_nano;
		fits = fits && exact_add(&p->rated_tokens, row->tokens);
	}
	return fits ? 0 : ERROR_RANGE;
}

static int compare_positions(const void *a, const void *b, void *names) {
	const struct position_row *x = &((const struct position *)a)->row, *y = &((const struct position *)b)->row;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));
	order = order ? order : exact_order(x->prompt_over_ntok, y->prompt_over_ntok);
	order = order ? order : exact_order((int64_t)x->kind, (int64_t)y->kind);
	return order ? order : exact_order(x->from_ntok, y->from_ntok);
}

/* ---- list prices ---- */

/*
 * The largest step of the model's own prices that a class is at or above: catalogues also have steps of other models.
 */
static int64_t own_class(const struct price_model *m, int64_t ns, int64_t prompt_over_ntok) {
	static const enum price_kind kinds[] = {PRICE_INPUT, PRICE_CACHE_READ, PRICE_OUTPUT};
	const struct price_rule *rule = m ? price_rule_at(m, ns) : NULL;
	int64_t own = 0;

	for (size_t k = 0; rule && k < sizeof kinds / sizeof *kinds; k++) {
		const struct price_ladder *l = &rule->ladder[SERVICE_STANDARD][kinds[k]];
		for (size_t i = 0; i < l->count && l->steps[i].over_ntok <= prompt_over_ntok; i++) {
			own = l->steps[i].over_ntok > own ? l->steps[i].over_ntok : own;
		}
	}
	return own;
}

static void set_list_price(const struct statement *s, struct position *at) {
	const struct list_price *l = list_price_of_model(s, at->row.model);
	const struct price_model *m = l && l->search.outcome == PRICE_FOUND ? l->search.model : NULL;
	struct price_quote quote;

	at->row.prompt_over_ntok = own_class(m, s->options.from_ns, at->row.prompt_over_ntok);
	if (m) {
		price_at(m, s->options.from_ns, at->row.prompt_over_ntok, SERVICE_STANDARD, &quote);
		at->list_nano = quote.nano[at->row.kind == ENTRY_OUTPUT ? PRICE_OUTPUT : PRICE_INPUT];
	}
	at->list_known = m && at->list_nano != PRICE_UNKNOWN;
}

/* Rows that have the same price become one. */
static bool join_classes(const struct statement *s, struct positions *p) {
	struct positions joined = {NULL, 0};
	bool fits = true;

	for (size_t i = 0; i < p->count; i++) {
		struct position *from = &p->rows[i];
		set_list_price(s, from);
		size_t before = joined.count;
		struct position *to = position_of(&joined, &from->row);
		if (joined.count > before) {
			*to = *from;
			continue;
		}
		fits &= exact_add(&to->row.tokens, from->row.tokens) && exact_add(&to->rated_tokens, from->rated_tokens);
		to->gpu_ns += from->gpu_ns;
		to->exact += from->exact;
	}
	free(p->rows);
	*p = joined;
	return fits;
}

/* ---- intervals ---- */

/* The error of the part that depends on contexts, one standard deviation: as for tenants (METHOD.md, "Intervals"). */
#define BY_CONTEXT_SD 0.12
/* Where no log has steps, all of them are guesses: instead of it, and of each position. */
#define GUESSED_CONTEXT_SD 0.4
#define GUESSED_SD 0.02
/*
 * A request's decoding is spread over its positions by context, but its steps differ in load: an error of all positions,
 * and of one with few tokens (this over the root of their number). Measured on simulated runs of several laws.
 */
#define LOAD_SD 0.015
#define FEW_TOKENS_SD 3.0
#define TIMES_SD 1.96

/* GPU time per token, over all positions of a model and a kind. */
static double mean_ns(const struct positions *p, const struct position_row *row) {
	double ns = 0, tokens = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct position_row *at = &p->rows[i].row;
		bool same = at->model == row->model && at->kind == row->kind;
		ns += same ? (double)p->rows[i].gpu_ns : 0;
		tokens += same ? (double)at->tokens : 0;
	}
	return tokens > 0 ? ns / tokens : 0;
}

/* The part of a model's busy time that no step with known contexts shows. */
static double guessed_part(const struct block *b) {
	double all = 0, guessed = (double)b->evidence_ns[GRADE_C] + (double)b->evidence_ns[GRADE_D];

	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		all += (double)b->evidence_ns[g];
	}
	return all > 0 ? guessed / all : 0;
}

/* The model's own interval, and that of the position's difference from the mean due to its context. */
static void set_interval(const struct statement *s, struct position *at) {
	const struct block *b = blocks_of_model(s, at->row.model);
	int kind = at->row.kind == ENTRY_OUTPUT ? TOKENS_OUTPUT : at->row.kind == ENTRY_INPUT_CACHED ? TOKENS_CACHED : TOKENS_INPUT;
	double own = at->row.tokens > 0 ? (double)at->gpu_ns / (double)at->row.tokens : 0, mean = mean_ns(&s->positions, &at->row);
	double model = b ? unit_relative(&b->unit[kind]) : 0;
	/* If nothing was split by a model, positions are exact. */
	double guessed = b ? guessed_part(b) : 0, by_context = BY_CONTEXT_SD + (GUESSED_CONTEXT_SD - BY_CONTEXT_SD) * guessed;
	double context = model > 0 && own > 0 ? TIMES_SD * by_context * fabs(own - mean) / own : 0;
	double load = context > 0 && kind == TOKENS_OUTPUT ? TIMES_SD * hypot(LOAD_SD, FEW_TOKENS_SD / sqrt((double)at->row.tokens)) : 0;

	double each = context > 0 ? TIMES_SD * GUESSED_SD * guessed : 0;

	unit_interval(at->unit_nano, hypot(hypot(model, context), hypot(load, each)), &at->low_nano, &at->high_nano);
}

int positions_finish(struct statement *s, struct fault *why) {
	struct positions *p = &s->positions;
	bool fits = join_classes(s, p);

	for (size_t i = 0; i < p->count; i++) {
		struct position *at = &p->rows[i];
		int128 nano = exact_div(at->exact, NS_PER_HOUR);
		fits = fits && nano <= INT64_MAX;
		at->rated_tokens = unit_per_million(at->exact, at->rated_tokens, &at->unit_nano) ? at->rated_tokens : 0;
		at->cost_nano = (int64_t)nano;
	}
	for (size_t i = 0; i < p->count; i++) {
		set_interval(s, &p->rows[i]);
	}
	if (p->count > 0) {
		platform_sort(p->rows, p->count, sizeof(*p->rows), compare_positions, (void *)(uintptr_t)s->options.names);
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost by position does not fit 64 bits of nano-units");
}
