/* versus_roof.c: the log's steps under the roofline of their GPUs, for a statement. */
#include <math.h>
#include <stdlib.h>

#include "report/estimate/versus.h"
#include "report/statement.h"

static int each_cell(const struct versus_table *t, roof_sink *sink, void *context) {
	int rc = 0;

	for (size_t i = 0; i < t->roof.room && rc >= 0; i++) {
		const struct roof_cell *at = &t->roof.slots[i];
		if (at->steps > 0) {
			const struct versus_case *c = &t->cases[at->group];
			rc = sink(context, &(struct roof_row){c->model, c->gpu, c->gpus, llround(c->roofline.flops), llround(c->roofline.bandwidth), at->kind, at->x, at->y, at->steps, at->gpu_ns});
		}
	}
	return rc;
}

int versus_each_roof(const struct versus *v, roof_sink *sink, void *context) {
	int rc = 0;

	for (unsigned lane = 0; lane < v->o.lanes && rc >= 0; lane++) {
		rc = each_cell(&v->tables[lane], sink, context);
	}
	return rc;
}

void versus_draw_roof(const struct versus *v, struct statement *s) {
	roofline_clear(s);
	versus_each_roof(v, statement_add_roof, s);
	roofline_pick(s);
}

void versus_keep_roof(const struct versus *v, FILE *out) {
	struct roof_rows rows = {0};

	versus_each_roof(v, roof_rows_add, &rows);
	roof_rows_write(&rows, v->o.names, out);
	free(rows.at);
}
