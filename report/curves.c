/* Cost against load by the fitted model: output and cost of a replica that decodes a number of sequences together. */
#include <math.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/statement.h"

int statement_add_curve(void *statement, const struct curve_row *row) {
	struct curves *c = &((struct statement *)statement)->curves;

	for (size_t i = c->count; i-- > 0;) {
		struct curve_row *at = &c->rows[i].row, sum = *at;
		if (at->model == row->model && at->sequences == row->sequences) {
			/* All of a row, or none: a part of it would tilt the curve. */
			if (exact_add(&sum.steps, row->steps) && exact_add(&sum.step_us, row->step_us) && exact_add(&sum.gpu_us, row->gpu_us)) {
				*at = sum;
			}
			return 0;
		}
	}
	if ((c->count & (c->count - 1)) == 0) {
		c->rows = must_realloc(c->rows, (c->count ? 2 * c->count : 1) * sizeof *c->rows);
	}
	c->rows[c->count++] = (struct curve_point){.row = *row};
	return 0;
}

static int compare_points(const void *a, const void *b, void *names) {
	const struct curve_row *x = &((const struct curve_point *)a)->row, *y = &((const struct curve_point *)b)->row;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));

	return order ? order : exact_order(x->sequences, y->sequences);
}

/* False: the cost of its GPU time, or its output, is not known. */
static bool set_point(const struct statement *s, struct curve_point *p) {
	const struct block *b = blocks_of_model(s, p->row.model);

	if (!b || b->tokens[TOKENS_OUTPUT] <= 0 || b->capacity_nano <= 0 || b->capacity_ns <= b->unpriced_ns || p->row.steps <= 0 || p->row.step_us <= 0) {
		return false;
	}
	double rate = (double)b->capacity_nano / (double)(b->capacity_ns - b->unpriced_ns), tokens = (double)p->row.sequences;
	double prefill_ns = (double)block_prefill_ns(b) / (double)b->tokens[TOKENS_OUTPUT];
	p->gpus = (double)p->row.gpu_us / (double)p->row.step_us;
	p->step_ns = (double)p->row.step_us * 1e3 / (double)p->row.steps;
	p->user_tok_s = 1e9 / p->step_ns;
	p->replica_tok_s = 1e9 / (p->step_ns / tokens + prefill_ns / p->gpus);
	double nano = p->step_ns / tokens * p->gpus * rate * 1e6;
	p->unit_nano = nano < 9e18 ? llround(nano) : 0;
	return p->unit_nano > 0;
}

/* Sequences that only some of the days reached would come from other fits than the rest. */
static bool is_common(const struct curves *c, const struct curve_row *row) {
	int64_t most = 0;

	for (size_t i = 0; i < c->count; i++) {
		most = c->rows[i].row.model == row->model && c->rows[i].row.steps > most ? c->rows[i].row.steps : most;
	}
	return row->steps >= most / 2;
}

void curves_finish(struct statement *s) {
	struct curves *c = &s->curves;
	size_t kept = 0;

	if (c->count == 0) {
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		if (!is_common(c, &c->rows[i].row) || !set_point(s, &c->rows[i])) {
			c->rows[i].unit_nano = 0;
		}
	}
	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].unit_nano > 0) {
			c->rows[kept++] = c->rows[i];
		}
	}
	c->count = kept;
	platform_sort(c->rows, c->count, sizeof *c->rows, compare_points, (void *)(uintptr_t)s->options.names);
}

const struct curve_point *curves_of(const struct statement *s, name_id model, size_t *count) {
	const struct curve_point *first = NULL;

	*count = 0;
	for (size_t i = 0; i < s->curves.count; i++) {
		if (s->curves.rows[i].row.model == model) {
			first = first ? first : &s->curves.rows[i];
			++*count;
		}
	}
	return first;
}
