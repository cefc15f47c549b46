/* Tables in addition to the sums: classes of service, energy, cost by position, rules side by side. */
#include "report/renderings/table.h"

static void add_service(struct grid *g, const struct page *p, const struct service_sum *v, int places) {
	char name[LABEL_MAX], figure[FIGURE_MAX];

	grid_add(g, table_label(names_text(p->s->options.names, v->model), name));
	grid_addf(g, "%.*s%s", TEXT_ARG(service_names[v->service]), v->as_standard ? " (as standard)" : "");
	grid_add(g, figure_count(v->requests, figure));
	grid_add(g, figure_count(v->tokens[TOKENS_INPUT] + v->tokens[TOKENS_CACHED], figure));
	grid_add(g, figure_count(v->tokens[TOKENS_OUTPUT], figure));
	grid_add(g, v->revenue_known ? figure_money(v->revenue_nano, places, figure) : "–");
}

void table_services(const struct page *p) {
	static const char *const headers[] = {"model", "class", "requests", "tok in", "tok out", "revenue"};
	struct grid g;
	char title[120];

	if (p->s->services.count == 0) {
		return;
	}
	snprintf(title, sizeof title, "By class of service, at list price, in %s", p->currency);
	table_heading(p, title);
	grid_init(&g, headers, 6, 2);
	for (size_t i = 0; i < p->s->services.count; i++) {
		add_service(&g, p, &p->s->services.rows[i], figure_places(p->s->total.capacity_nano));
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}

static void add_energy(struct grid *g, const struct row *row) {
	const struct block *b = &row->block;
	char name[LABEL_MAX], figure[FIGURE_MAX];
	int64_t nano;

	grid_add(g, table_label(row->model, name));
	grid_add(g, figure_money(wh_nano(b->capacity_mj), 2, figure));
	for (int k = 0; k < TOKEN_KINDS; k++) {
		grid_add(g, block_unit_energy(b, k, &nano) ? figure_money(nano, 3, figure) : "–");
	}
	grid_add(g, figure_percent(b->metered_ns, b->capacity_ns, figure));
}

void table_energy(const struct page *p) {
	static const char *const headers[] = {"model",        "Wh",    "in, uncached/M",
					      "in, cached/M", "out/M", "of time metered"};
	struct grid g;

	if (p->s->total.capacity_mj == 0) {
		return;
	}
	table_heading(p, "Energy, in Wh in all and per million tokens");
	grid_init(&g, headers, 6, 1);
	for (size_t i = 0; i < p->s->models.count; i++) {
		if (table_at(&p->s->models, i)->block.capacity_mj > 0) {
			add_energy(&g, table_at(&p->s->models, i));
		}
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	table_paragraph(p, "What was not metered is the fleet file's watts.", 0);
}

/* ---- by position, and by rule ---- */

static void add_interval(struct grid *g, bool known, int64_t low_nano, int64_t high_nano, int places) {
	char low[FIGURE_MAX], high[FIGURE_MAX];

	if (known) {
		grid_addf(g, "%s to %s", figure_money(low_nano, places, low), figure_money(high_nano, places, high));
	} else {
		grid_add(g, "–");
	}
}

static void add_position(struct grid *g, const struct page *p, const struct position *at, int places) {
	char figure[FIGURE_MAX], from[FIGURE_MAX], name[LABEL_MAX];
	const struct position_row *row = &at->row;

	grid_add(g, table_label(names_text(p->s->options.names, row->model), name));
	grid_addf(g, row->prompt_over_ntok > 0 ? "%s, prompts over %s" : "%s", row->kind == ENTRY_OUTPUT ? "output" : "input",
		  figure_count(row->prompt_over_ntok, figure));
	figure_count(row->from_ntok, from);
	if (row->to_ntok == INT64_MAX) {
		grid_addf(g, "%s and more", from);
	} else {
		grid_addf(g, "%s to %s", from, figure_count(row->to_ntok, figure));
	}
	grid_add(g, figure_count(row->tokens, figure));
	grid_add(g, figure_hours(at->gpu_ns, figure_hour_places(p->s), figure));
	grid_add(g, at->rated_tokens > 0 ? figure_money(at->unit_nano, places, figure) : "–");
	add_interval(g, at->rated_tokens > 0, at->low_nano, at->high_nano, places);
	grid_add(g, at->list_known ? figure_money(at->list_nano, places, figure) : "–");
}

void table_positions(const struct page *p) {
	const char *const headers[] = {"model", "kind", "tokens before it", "tokens", "GPU-hours", "busy/M", "95 %", "list/M"};
	struct grid g;
	char title[120];

	if (p->s->positions.count == 0) {
		return;
	}
	int places = figure_unit_places(p->s);
	snprintf(title, sizeof title, "By position in the context, in %s per million tokens", p->currency);
	table_heading(p, title);
	grid_init(&g, headers, 8, 2);
	for (size_t i = 0; i < p->s->positions.count; i++) {
		add_position(&g, p, &p->s->positions.rows[i], places);
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}

static void add_rule(struct grid *g, const struct page *p, const struct rule_result *r, int places) {
	char figure[FIGURE_MAX], name[LABEL_MAX];
	int128 busy = r->prefill_gpu_ns + r->decode_gpu_ns;

	grid_add(g, table_label(names_text(p->s->options.names, r->row.model), name));
	grid_add(g, r->row.rule);
	grid_add(g, figure_hours(r->prefill_gpu_ns, figure_hour_places(p->s), figure));
	grid_add(g, figure_hours(r->decode_gpu_ns, figure_hour_places(p->s), figure));
	grid_add(g, figure_percent(r->prefill_gpu_ns, busy, figure));
	grid_add(g, r->in_known ? figure_money(r->in_nano, places, figure) : "–");
	add_interval(g, r->in_known && r->has_interval, r->in_low_nano, r->in_high_nano, places);
	grid_add(g, r->out_known ? figure_money(r->out_nano, places, figure) : "–");
	add_interval(g, r->out_known && r->has_interval, r->out_low_nano, r->out_high_nano, places);
}

void table_rules(const struct page *p) {
	static const char *const headers[] = {"model",   "rule",        "prefill h", "decode h",
					      "prefill", "all input/M", "95 %", "output/M", "95 %"};
	struct grid g;
	char title[120];

	if (p->s->rules.count == 0) {
		return;
	}
	int places = figure_unit_places(p->s);
	snprintf(title, sizeof title, "Under each rule of splitting mixed steps, busy, in %s per million tokens",
		 p->currency);
	table_heading(p, title);
	grid_init(&g, headers, 9, 2);
	for (size_t i = 0; i < p->s->rules.count; i++) {
		add_rule(&g, p, &p->s->rules.rows[i], places);
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}
