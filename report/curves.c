/* Cost against load by the fitted model: output and cost of a replica that decodes a number of sequences together. */
#include <math.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/statement.h"

int statement_add_curve(void *statement, const struct curve_row *row) {
	struct curves *c = &((struct statement *)statement)->curves;
	uint64_t hash = hash_mix(hash_mix(0, row->model), (uint64_t)row->sequences), at = hash;
	uint32_t i;

	while (hash_index_next(&c->index, hash, &at, &i)) {
		struct curve_row *own = &c->rows[i].row, sum = *own;
		if (own->model == row->model && own->sequences == row->sequences) {
			/* All of a row, or none: a part of it would tilt the curve. */
			if (exact_add(&sum.steps, row->steps) && exact_add(&sum.step_us, row->step_us) && exact_add(&sum.gpu_us, row->gpu_us)) {
				*own = sum;
			}
			return 0;
		}
	}
	c->rows = must_grow_by_count(c->rows, c->count, sizeof *c->rows);
	hash_index_add(&c->index, hash, (uint32_t)c->count);
	c->rows[c->count++] = (struct curve_point){.row = *row};
	return 0;
}

static int compare_points(const void *a, const void *b, void *names) {
	const struct curve_row *x = &((const struct curve_point *)a)->row, *y = &((const struct curve_point *)b)->row;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));

	return order ? order : exact_order(x->sequences, y->sequences);
}

/* False: the cost of its GPU time, or its output, is not known. */
static bool set_point(const struct block *b, struct curve_point *p) {
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

/* The first curve row that has as many as the log's fullest step. */
static int64_t fullest(const struct statement *s, name_id model) {
	int64_t most = 0, reached = 1;

	for (size_t i = 0; i < s->batches.count; i++) {
		const struct batch_row *b = &s->batches.rows[i].row;
		most = b->model == model && b->from_sequences > most ? b->from_sequences : most;
	}
	while (reached < most) {
		reached *= 2;
	}
	return most > 0 ? reached : 0;
}

/* Of a model; without sequences that only some of the days reached, which would come from other fits than the rest. */
static size_t set_points(const struct statement *s, const struct curve_point *from, size_t count, struct curve_point *to) {
	const struct block *b = blocks_of_model(s, from->row.model);
	int64_t most = 0, sequences = fullest(s, from->row.model);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		most = from[i].row.steps > most ? from[i].row.steps : most;
	}
	for (size_t i = 0; i < count; i++) {
		struct curve_point p = from[i];
		if (p.row.sequences <= sequences && p.row.steps >= most / 2 && set_point(b, &p)) {
			to[kept++] = p;
		}
	}
	return kept;
}

void curves_finish(struct statement *s) {
	struct curves *c = &s->curves;
	size_t kept = 0;

	hash_index_release(&c->index);
	if (c->count > 0) {
		platform_sort(c->rows, c->count, sizeof *c->rows, compare_points, (void *)(uintptr_t)s->options.names);
	}
	for (size_t from = 0, to; from < c->count; from = to) {
		for (to = from + 1; to < c->count && c->rows[to].row.model == c->rows[from].row.model; to++) {
		}
		kept += set_points(s, c->rows + from, to - from, c->rows + kept);
	}
	c->count = kept;
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
