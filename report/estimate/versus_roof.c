/* versus_roof.c: the log's steps under the roofline of their GPUs, for a statement. */
#include <math.h>
#include <stdlib.h>

#include "core/files/files.h"
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

/* In no order. */
static int each_roof(const struct versus *v, roof_sink *sink, void *context) {
	int rc = 0;

	for (unsigned lane = 0; lane < v->o.lanes && rc >= 0; lane++) {
		rc = each_cell(&v->tables[lane], sink, context);
	}
	return rc;
}

void versus_draw_roof(const struct versus *v, struct statement *s) {
	roofline_clear(s);
	each_roof(v, statement_add_roof, s);
	roofline_pick(s);
}

char *versus_keep_roof(const struct versus *v, struct text breakdowns) {
	struct roof_rows rows = {0};
	char *lines = NULL;
	size_t len = 0;
	FILE *out = memory_open(&lines, &len);

	each_roof(v, roof_rows_add, &rows);
	fprintf(out, "%.*s,\"roofline\":[", (int)breakdowns.len - 1, breakdowns.at);
	roof_rows_write(&rows, v->o.names, out);
	fputs("]}", out);
	memory_close(out, &lines);
	free(rows.at);
	return lines;
}
