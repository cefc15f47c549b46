/* Changes to closed periods by later evidence, below the statement in which they count. */
#include <stdlib.h>

#include "core/instant.h"
#include "core/text.h"
#include "report/renderings/table.h"

/* Maximum of sums; the other renderings have them all. */
#define ROWS_MAX 40

static void add_sum(struct grid *g, const struct page *p, const struct adjusted_sum *a) {
	char day[INSTANT_TEXT_MAX], name[LABEL_MAX], figure[FIGURE_MAX];

	instant_format(a->day_ns, day);
	day[10] = '\0';
	grid_add(g, a->period);
	grid_add(g, day);
	grid_add(g, table_label(names_text(p->s->options.names, a->model), name));
	grid_add(g, table_label(names_text(p->s->options.names, a->tenant), name));
	grid_add(g, kind_names[a->kind]);
	grid_addf(g, "%zu", a->postings);
	grid_add(g, figure_count(a->tokens, figure));
	grid_add(g, figure_hours(a->gpu_ns, 6, figure));
	grid_add(g, a->priced ? figure_money(a->cost_nano, figure_places(p->s->total.capacity_nano), figure) : "–");
}

void table_adjustments(const struct page *p) {
	static const char *const headers[] = {"closed period", "day (UTC)", "model", "tenant", "kind", "postings", "tokens", "GPU-h", "cost"};
	const struct adjustments *all = &p->s->adjustments;
	char hours[FIGURE_MAX], money[FIGURE_MAX], more[96] = "", line[320];
	struct grid g;
	size_t count;

	if (all->count == 0) {
		return;
	}
	struct adjusted_sum *sums = adjustments_by_day(p->s, &count);
	table_heading(p, "Later evidence for closed periods, which counts here");
	grid_init(&g, headers, 9, 5);
	for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
		add_sum(&g, p, &sums[i]);
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	free(sums);
	if (count > ROWS_MAX) {
		snprintf(more, sizeof more, ", the largest %d of %zu sums by day and account", ROWS_MAX, count);
	}
	snprintf(line, sizeof line, "%zu posting%s%s, in all %s GPU-hours, %s %s; not in the figures above. --format csv, json and jsonl have "
	         "each.", all->count, PLURAL(all->count), more, figure_hours(all->gpu_ns, 6, hours),
	         figure_money(all->cost_nano, figure_places(p->s->total.capacity_nano), money), p->currency);
	table_paragraph(p, line, 0);
}
