/* What later evidence changes in closed periods, under the statement in which it counts. */
#include "core/instant.h"
#include "core/text.h"
#include "report/renderings/table.h"

/* More rows than these are for the other forms. */
#define ROWS_MAX 40

static void add_adjustment(struct grid *g, const struct page *p, const struct adjustment *a) {
	const struct entry *e = &a->said.entry;
	char hour[INSTANT_TEXT_MAX], name[LABEL_MAX], figure[FIGURE_MAX];

	instant_format(e->slot_ns, hour);
	hour[10] = ' ';
	hour[16] = '\0';
	grid_add(g, a->said.period);
	grid_add(g, hour);
	grid_add(g, table_label(names_text(p->s->options.names, e->replica), name));
	grid_add(g, table_label(names_text(p->s->options.names, e->tenant), name));
	grid_add(g, kind_names[e->kind]);
	grid_addf(g, "%lld", (long long)a->said.run);
	grid_add(g, figure_count(e->tokens, figure));
	grid_add(g, figure_hours(e->gpu_ns, 6, figure));
	grid_add(g, a->priced ? figure_money(a->cost_nano, figure_places(p->s->total.capacity_nano), figure) : "–");
}

void table_adjustments(const struct page *p) {
	static const char *const headers[] = {"closed period", "hour (UTC)", "replica", "tenant", "kind", "run", "tokens", "GPU-h", "cost"};
	const struct adjustments *all = &p->s->adjustments;
	char hours[FIGURE_MAX], money[FIGURE_MAX], line[256];
	struct grid g;

	if (all->count == 0) {
		return;
	}
	table_heading(p, "Later evidence for closed periods, which counts here");
	grid_init(&g, headers, 9, 5);
	for (size_t i = 0; i < all->count && i < ROWS_MAX; i++) {
		add_adjustment(&g, p, &all->rows[i]);
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	snprintf(line, sizeof line, "%zu posting%s%s, in all %s GPU-hours, %s %s; in none of the figures above.", all->count, PLURAL(all->count),
	         all->count > ROWS_MAX ? " (--format csv, json and jsonl have them all)" : "", figure_hours(all->gpu_ns, 6, hours),
	         figure_money(all->cost_nano, figure_places(p->s->total.capacity_nano), money), p->currency);
	table_paragraph(p, line, 0);
}
