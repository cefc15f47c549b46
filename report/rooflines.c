/* The log's steps under the rooflines of their GPUs: which of them a page shows. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/files/platform.h"
#include "core/json.h"
#include "report/statement.h"

_Static_assert(ROOF_ROW_KINDS == (int)ROOF_KINDS, "the same kinds");

static int32_t case_of(struct roofs *r, const struct roof_row *row) {
	for (size_t i = 0; i < r->count; i++) {
		const struct roof_case *c = &r->cases[i];
		if (c->model == row->model && c->gpu == row->gpu && c->gpus == row->gpus && c->flop_s == row->flop_s && c->byte_s == row->byte_s) {
			return (int32_t)i;
		}
	}
	r->cases = must_realloc(r->cases, (r->count + 1) * sizeof *r->cases);
	r->cases[r->count] = (struct roof_case){row->model, row->gpu, row->gpus, row->flop_s, row->byte_s};
	return (int32_t)r->count++;
}

int statement_add_roof(void *statement, const struct roof_row *row) {
	struct roofs *r = &((struct statement *)statement)->roofs;

	roof_put(&r->cells, &(struct roof_cell){case_of(r, row), (int16_t)row->kind, (int16_t)row->x, (int16_t)row->y, row->steps, row->gpu_ns});
	return 0;
}

static struct text name_of(const struct statement *s, const struct roofs *r, size_t i) {
	return names_text(s->options.names, r->cases[i].model);
}

/* The one with the most step time; of several, the first by its model's name. */
static size_t largest(const struct statement *s) {
	const struct roofs *r = &s->roofs;
	int128 *sums = must_calloc(r->count + 1, sizeof *sums);
	size_t most = 0;

	for (size_t i = 0; i < r->cells.room; i++) {
		if (r->cells.slots[i].steps > 0) {
			sums[r->cells.slots[i].group] += r->cells.slots[i].gpu_ns;
		}
	}
	for (size_t i = 1; i < r->count; i++) {
		bool same = sums[i] == sums[most];
		most = same ? (text_compare(name_of(s, r, i), name_of(s, r, most)) < 0 ? i : most) : sums[i] > sums[most] ? i : most;
	}
	free(sums);
	return most;
}

void roofline_pick(struct statement *s) {
	struct roofs *r = &s->roofs;
	struct roofline_picture *p = &s->roofline;

	if (r->cells.count == 0) {
		return;
	}
	size_t most = largest(s);
	const struct roof_case *c = &r->cases[most];
	free(p->cells);
	*p = (struct roofline_picture){.model = names_text(s->options.names, c->model), .gpu = names_text(s->options.names, c->gpu), .gpus = c->gpus,
	                               .peak_tflop_s = (double)c->flop_s / 1e12, .peak_gb_s = (double)c->byte_s / 1e9};
	p->cells = must_calloc(r->cells.count, sizeof *p->cells);
	roof_sort(&r->cells);
	for (size_t i = 0; i < r->cells.count; i++) {
		if (r->cells.slots[i].group == (int32_t)most) {
			p->cells[p->count++] = r->cells.slots[i];
		}
	}
}

void roofline_clear(struct statement *s) {
	roof_release(&s->roofs.cells);
	free(s->roofs.cases);
	free(s->roofline.cells);
	s->roofs = (struct roofs){0};
	s->roofline = (struct roofline_picture){0};
}

/* ---- kept of a day ---- */

int roof_rows_add(void *rows, const struct roof_row *row) {
	struct roof_rows *c = rows;

	c->at = must_grow_by_count(c->at, c->count, sizeof *c->at);
	c->at[c->count++] = *row;
	return 0;
}

static int compare_cells(const void *a, const void *b, void *names) {
	const struct roof_row *x = a, *y = b;
	const int64_t keys[][2] = {{x->gpus, y->gpus}, {x->flop_s, y->flop_s}, {x->byte_s, y->byte_s}, {x->kind, y->kind}, {x->x, y->x}, {x->y, y->y}};
	int order = text_compare(names_text(names, x->model), names_text(names, y->model));

	order = order ? order : text_compare(names_text(names, x->gpu), names_text(names, y->gpu));
	for (size_t i = 0; i < sizeof keys / sizeof *keys && order == 0; i++) {
		order = exact_order(keys[i][0], keys[i][1]);
	}
	return order;
}

static bool is_same_roof(const struct roof_row *x, const struct roof_row *y) {
	return x->model == y->model && x->gpu == y->gpu && x->gpus == y->gpus && x->flop_s == y->flop_s && x->byte_s == y->byte_s;
}

/* Model, GPU, GPUs of a replica and their peaks, once for all of its cells. */
static void put_cells(FILE *out, const struct names *names, const struct roof_rows *c) {
	char ns[EXACT_TEXT_MAX];

	for (size_t i = 0; i < c->count; i++) {
		const struct roof_row *r = &c->at[i];
		if (i == 0 || !is_same_roof(r, r - 1)) {
			fputs(i > 0 ? "]]," : "", out);
			fputc('[', out);
			json_put_text(out, names_text(names, r->model));
			fputc(',', out);
			json_put_text(out, names_text(names, r->gpu));
			fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",[", r->gpus, r->flop_s, r->byte_s);
		} else {
			fputc(',', out);
		}
		fprintf(out, "[%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%s]", r->kind, r->x, r->y, r->steps, exact_print(r->gpu_ns, ns));
	}
	fputs(c->count > 0 ? "]]" : "", out);
}

void roof_rows_write(struct roof_rows *rows, const struct names *names, FILE *out) {
	if (rows->count > 0) {
		platform_sort(rows->at, rows->count, sizeof *rows->at, compare_cells, (void *)(uintptr_t)names);
	}
	put_cells(out, names, rows);
}
