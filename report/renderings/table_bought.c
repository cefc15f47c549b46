/* table_bought.c: payments to vendors, at list price. */
#include "report/renderings/table.h"

static const char *const figures[] = {"requests", "input", "cached", "output", "list price"};
#define FIGURES (sizeof figures / sizeof *figures)

static void add_figures(struct grid *g, const struct block *b, int places) {
	char figure[FIGURE_MAX];

	grid_add(g, figure_count(b->bought_requests, figure));
	grid_add(g, figure_count(b->bought_tokens[TOKENS_INPUT] + b->bought_tokens[TOKENS_CACHED], figure));
	grid_add(g, b->cached_unknown ? "not known" : figure_count(b->bought_tokens[TOKENS_CACHED], figure));
	grid_add(g, figure_count(b->bought_tokens[TOKENS_OUTPUT], figure));
	grid_add(g, b->list_known ? figure_money(b->bought_nano, places, figure) : "unknown");
}

void table_bought_rows(const struct page *p, const struct table *t, const enum by_key *by, size_t count) {
	const char *headers[BY_KEYS + FIGURES];
	int places = figure_places(p->s->total.bought_nano);
	char name[LABEL_MAX], buffer[KEY_TEXT_MAX];
	struct grid g;

	for (size_t i = 0; i < count + FIGURES; i++) {
		headers[i] = i < count ? by_key_names[by[i]] : figures[i - count];
	}
	grid_init(&g, headers, count + FIGURES, count);
	for (size_t i = 0; i < t->count; i++) {
		for (size_t k = 0; k < count && table_at(t, i)->block.has_bought; k++) {
			grid_add(&g, by[k] == BY_HOUR ? table_hour(p->s, table_at(t, i), buffer)
			                              : table_label(row_key(p->s, table_at(t, i), by[k], buffer), name));
		}
		if (table_at(t, i)->block.has_bought) {
			add_figures(&g, &table_at(t, i)->block, places);
		}
	}
	for (size_t k = 0; k < count; k++) {
		grid_add(&g, k == 0 ? "= total" : "");
	}
	add_figures(&g, &p->s->total, places);
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}

static void print_unpriced(const struct page *p) {
	char line[200];
	size_t all, unpriced = unpriced_bought(p->s, &all);

	if (unpriced > 0 && p->s->total.list_known) {
		snprintf(line, sizeof line, "The total is without %zu of %zu models, whose list price is not known: name one with --list NAME=MODEL, or give --prices.",
		         unpriced, all);
		table_paragraph(p, line, 0);
	}
}

/* GPUs and vendors together. */
static void print_sum(const struct page *p) {
	const struct block *b = &p->s->total;
	int places = figure_places(b->capacity_nano > b->bought_nano ? b->capacity_nano : b->bought_nano);
	char gpus[FIGURE_MAX], vendors[FIGURE_MAX], all[FIGURE_MAX], line[200];

	snprintf(line, sizeof line, "GPUs %s and API spend %s: %s %s in all.", figure_money(b->capacity_nano, places, gpus),
	         figure_money(b->bought_nano, places, vendors), figure_money(b->capacity_nano + b->bought_nano, places, all), p->currency);
	table_paragraph(p, line, 0);
}

void table_bought(const struct page *p) {
	static const enum by_key by[] = {BY_MODEL};
	char title[80];

	if (!p->s->total.has_bought) {
		return;
	}
	snprintf(title, sizeof title, "API spend at list price, in %s", p->currency);
	table_heading(p, title);
	table_bought_rows(p, &p->s->models, by, 1);
	print_unpriced(p);
	if (p->s->total.has_ran && p->s->total.list_known && block_has_cost(&p->s->total)) {
		print_sum(p);
	}
}
