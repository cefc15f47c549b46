/* versus_roof.c: the log's steps under the roofline of their GPUs, into a statement. */
#include <stdlib.h>

#include "report/estimate/versus.h"
#include "report/statement.h"

/* The case whose steps took most. */
static int32_t largest_case(const struct roof *r, size_t cases) {
	int64_t *sums = must_calloc(cases + 1, sizeof *sums);
	int32_t most = 0;

	for (size_t i = 0; i < r->count; i++) {
		exact_add(&sums[r->slots[i].group], r->slots[i].gpu_ns);
		most = sums[r->slots[i].group] > sums[most] ? r->slots[i].group : most;
	}
	free(sums);
	return most;
}

static void merge_lanes(struct versus *v, struct roof *all) {
	struct versus_table *into = &v->tables[v->o.lanes];

	for (unsigned lane = 0; lane < v->o.lanes; lane++) {
		const struct versus_table *t = &v->tables[lane];
		int32_t *groups = must_calloc(t->case_count + 1, sizeof *groups);
		for (size_t i = 0; i < t->case_count; i++) {
			groups[i] = versus_case_find(v, into, t->cases[i].model, t->cases[i].gpu, t->cases[i].gpus);
		}
		roof_merge(all, &t->roof, groups);
		free(groups);
	}
	roof_sort(all);
}

void versus_draw_roof(struct versus *v, struct statement *s) {
	struct roof all = {0};

	merge_lanes(v, &all);
	if (all.count > 0) {
		int32_t group = largest_case(&all, v->tables[v->o.lanes].case_count);
		const struct versus_case *c = &v->tables[v->o.lanes].cases[group];
		struct roofline_picture *p = &s->roofline;
		*p = (struct roofline_picture){.model = names_text(v->o.names, c->model), .gpu = names_text(v->o.names, c->gpu), .gpus = c->gpus,
		                               .peak_tflop_s = c->roofline.flops / 1e12, .peak_gb_s = c->roofline.bandwidth / 1e9};
		p->cells = must_calloc(all.count, sizeof *p->cells);
		for (size_t i = 0; i < all.count; i++) {
			if (all.slots[i].group == group) {
				p->cells[p->count++] = all.slots[i];
			}
		}
	}
	roof_release(&all);
}
