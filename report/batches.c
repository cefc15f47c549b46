/* Cost of output tokens by the number of sequences decoding together, and savings by fuller batches. */
#include <assert.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/statement.h"

static struct batch *batch_of(struct batches *b, const struct batch_row *row) {
	for (size_t i = b->count; i-- > 0;) {
		if (b->rows[i].row.model == row->model && b->rows[i].row.from_sequences == row->from_sequences) {
			return &b->rows[i];
		}
	}
	b->rows = must_grow_by_count(b->rows, b->count, sizeof *b->rows);
	b->rows[b->count] = (struct batch){.row = {.model = row->model, .from_sequences = row->from_sequences, .to_sequences = row->to_sequences}};
	return &b->rows[b->count++];
}

int statement_add_batch(void *statement, const struct batch_row *row) {
	struct statement *s = statement;

	assert(!s->quality && row->steps >= 0 && row->tokens >= 0 && row->decode_gpu_ns >= 0 && row->step_ns >= 0);
	struct batch *b = batch_of(&s->batches, row);
	bool fits = exact_add(&b->row.steps, row->steps) && exact_add(&b->row.tokens, row->tokens);

	b->decode_gpu_ns += row->decode_gpu_ns;
	b->step_ns += row->step_ns;
	if (row->rate_nano >= 0) {
		b->exact += (int128)row->decode_gpu_ns * row->rate_nano;
		fits = fits && exact_add(&b->rated_tokens, row->tokens);
	}
	return fits ? 0 : ERROR_RANGE;
}

static int compare_batches(const void *a, const void *b, void *names) {
	const struct batch_row *x = &((const struct batch *)a)->row, *y = &((const struct batch *)b)->row;
	int order = x->model == y->model ? 0 : text_compare(names_text(names, x->model), names_text(names, y->model));

	return order ? order : exact_order(x->from_sequences, y->from_sequences);
}

int batches_finish(struct statement *s, struct fault *why) {
	struct batches *all = &s->batches;
	bool fits = true;

	for (size_t i = 0; i < all->count; i++) {
		struct batch *b = &all->rows[i];
		int128 nano = exact_div(b->exact, NS_PER_HOUR);
		fits = fits && nano <= INT64_MAX;
		b->rated_tokens = unit_per_million(b->exact, b->rated_tokens, &b->unit_nano) ? b->rated_tokens : 0;
		b->cost_nano = (int64_t)nano;
		b->user_tok_s = b->step_ns > 0 ? (double)b->row.steps * 1e9 / (double)b->step_ns : 0;
	}
	if (all->count > 0) {
		platform_sort(all->rows, all->count, sizeof *all->rows, compare_batches, (void *)(uintptr_t)s->options.names);
	}
	return fits ? 0 : fault_set(why, ERROR_RANGE, "the cost by batch does not fit 64 bits of nano-units");
}
