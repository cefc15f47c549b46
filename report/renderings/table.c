/* For people: the first screen states unit costs and the tie-out. */
#include <assert.h>
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/table.h"

const char *table_label(struct text t, char out[LABEL_MAX]) {
	if (t.len == 0) {
		snprintf(out, LABEL_MAX, "(none)");
		return out;
	}
	printable(t, out, LABEL_MAX - 4);
	size_t at = 0;
	for (size_t columns = 0; out[at]; at++) {
		columns += ((unsigned char)out[at] >> 6) != 2;
		if (columns > LABEL_COLUMNS) {
			memcpy(out + at, "…", sizeof "…");
			break;
		}
	}
	return out;
}

/* Columns of a word, colours left out. */
static int word_width(const char *word) {
	int width = (int)printable_width(word);

	for (const char *c = strchr(word, '\033'), *end; c && (end = strchr(c, 'm')); c = strchr(end, '\033')) {
		width -= (int)(end - c) + 1;
	}
	return width;
}

void table_paragraph(const struct page *p, const char *text, int indent) {
	int column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		char word[512];
		snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), text);
		int width = word_width(word);
		if (column > 0 && column + 1 + width > p->r->width) {
			fprintf(p->out, "\n%*s", indent, "");
			column = indent;
		} else if (column > 0) {
			fputc(' ', p->out);
			column++;
		}
		fputs(word, p->out);
		column += width;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', p->out);
}

void table_heading(const struct page *p, const char *text) {
	fputs(p->r->color ? "\n\033[1m" : "\n", p->out);
	table_paragraph(p, text, 0);
	fputs(p->r->color ? "\033[0m" : "", p->out);
}

/* ---- what a token costs ---- */

static const char *unit_figure(const struct unit_cost *u, int64_t nano, int places, char out[FIGURE_MAX]) {
	return u->known ? figure_money(nano, places, out) : "–";
}

static int64_t larger(int64_t a, int64_t b) {
	return a > b ? a : b;
}

/* "0.9 %"; empty if the split's uncertainty is below 0.05 %. */
static void add_doubt(struct grid *g, const struct unit_cost *u) {
	char figure[FIGURE_MAX];
	int64_t half = u->high_nano - u->busy_nano;

	grid_add(g, unit_is_doubtful(u) ? figure_percent(half, u->busy_nano, figure) : "");
}

static void add_kind(struct grid *g, const struct block *b, int kind, int places, bool doubt) {
	static const char *const names[TOKEN_KINDS] = {"  input, uncached", "  input, cached", "  output"};
	const struct unit_cost *u = &b->unit[kind];
	bool listed = b->list_known && b->list_price_known[kind];
	char figure[FIGURE_MAX];

	bool unknown = b->cached_unknown && kind == TOKENS_CACHED;

	grid_add(g, b->cached_unknown && kind == TOKENS_INPUT ? "  input" : names[kind]);
	grid_add(g, unknown ? "not known" : figure_count(b->tokens[kind], figure));
	grid_add(g, unit_figure(u, u->busy_nano, places, figure));
	if (doubt) {
		add_doubt(g, u);
	}
	grid_add(g, unit_figure(u, u->loaded_nano, places, figure));
	grid_add(g, listed ? figure_money(b->list_nano[kind], places, figure) : "–");
	if (listed && u->known && b->list_nano[kind] > 0) {
		grid_addf(g, "%.2f", (double)u->loaded_nano / (double)b->list_nano[kind]);
	} else {
		grid_add(g, "–");
	}
}

static void add_ratio(struct grid *g, double ratio) {
	if (ratio > 0) {
		grid_addf(g, "%.1f : 1", ratio);
	} else {
		grid_add(g, "–");
	}
}

static void add_model(struct grid *g, const struct row *row, int places, bool doubt) {
	char name[LABEL_MAX];

	grid_span(g, table_label(row->model, name));
	for (int k = 0; k < TOKEN_KINDS; k++) {
		add_kind(g, &row->block, k, places, doubt);
	}
	grid_add(g, "  output to input");
	grid_add(g, "");
	add_ratio(g, block_ratio_real(&row->block));
	if (doubt) {
		grid_add(g, "");
	}
	add_ratio(g, block_ratio_real(&row->block));
	add_ratio(g, block_ratio_list(&row->block));
	grid_add(g, "");
}

/* Does a model row contain anything but idle time? */
static bool has_work(const struct block *b) {
	return block_busy_ns(b) > 0 || b->requests > 0 || b->tokens[0] + b->tokens[1] + b->tokens[2] > 0;
}

/* All of it from vendors: it is in a separate table. */
static bool is_bought(const struct block *b) {
	return b->has_bought && !b->has_ran;
}

static bool any_doubt(const struct statement *s) {
	for (size_t i = 0; i < s->models.count; i++) {
		const struct unit_cost *u = table_at(&s->models, i)->block.unit;
		if (unit_is_doubtful(&u[0]) || unit_is_doubtful(&u[1]) || unit_is_doubtful(&u[2])) {
			return true;
		}
	}
	return false;
}

static void print_units(const struct page *p) {
	static const char *const sure[] = {"", "tokens", "busy", "loaded", "list price", "loaded / list"};
	static const char *const unsure[] = {"", "tokens", "busy", "± 95 %", "loaded", "list price", "loaded / list"};
	bool doubt = any_doubt(p->s);
	int places = figure_unit_places(p->s);
	struct grid g;
	char title[120];

	snprintf(title, sizeof title, "What a token costs, in %s per million tokens", p->currency);
	table_heading(p, title);
	grid_init(&g, doubt ? unsure : sure, 6 + doubt, 1);
	for (size_t i = 0; i < p->s->models.count; i++) {
		if (has_work(&table_at(&p->s->models, i)->block) && !is_bought(&table_at(&p->s->models, i)->block)) {
			add_model(&g, table_at(&p->s->models, i), places, doubt);
		}
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	table_paragraph(p,
	                p->s->options.idle_proportional
	                    ? "busy: the GPU time of prefill or decode alone; loaded: with its share of idle, other and unobserved time."
	                    : "busy: the GPU time of prefill or decode alone; loaded: the same, as idle, other and unobserved time is not allocated.",
	                0);
}

/* ---- margin ---- */

#define TOTAL_LABEL "= total"

static void add_margin(struct grid *g, struct text label, const struct block *b, const char *model, int places) {
	char name[LABEL_MAX], figure[FIGURE_MAX];

	grid_add(g, table_label(label, name));
	grid_add(g, model);
	grid_add(g, b->list_known ? figure_money(b->revenue_nano - b->bought_nano, places, figure) : "–");
	grid_add(g, figure_money(b->capacity_nano, places, figure));
	grid_add(g, b->margin_known ? figure_money(b->margin_nano, places, figure) : "–");
	grid_add(g, b->margin_known ? figure_percent(b->margin_nano, b->revenue_nano - b->bought_nano, figure) : "–");
}

static const char *listed_model(const struct row *row, char name[LABEL_MAX]) {
	const char *none = row->not_allocated ? "" : "no list price";
	return row->block.list_known ? table_label(text_of(row->block.list_model), name) : none;
}

/* If some models have no list price: the part of revenue and cost that the total's margin covers. */
static void print_priced(const struct page *p, int places) {
	const struct block *total = &p->s->total;
	char cost[FIGURE_MAX], all[FIGURE_MAX], line[200];

	if (total->margin_known && total->priced_nano != total->capacity_nano) {
		snprintf(line, sizeof line, "The total margin covers %zu of the models, which have a list price: %s of the capacity cost of %s.",
		         p->s->priced_models, figure_money(total->priced_nano, places, cost),
		         figure_money(total->capacity_nano, places, all));
		table_paragraph(p, line, 0);
	}
}

static void print_margins(const struct page *p) {
	static const enum by_key by_model[] = {BY_MODEL};
	static const char *const headers[] = {"model", "list price of", "revenue", "capacity", "margin", "of revenue"};
	const struct block *total = &p->s->total;
	int places = figure_places(larger(total->capacity_nano, total->revenue_nano));
	struct grid g;
	char title[80], name[LABEL_MAX];

	snprintf(title, sizeof title, "Margin at list price, in %s", p->currency);
	table_heading(p, title);
	grid_init(&g, headers, 6, 2);
	size_t shown, kept = 0, *order = rows_in_order(p->r, &p->s->models, by_model, 1, &shown);
	for (size_t i = 0; i < shown; i++) {
		const struct row *row = table_at(&p->s->models, order[i]);
		if (!is_bought(&row->block)) {
			add_margin(&g, row->model, &row->block, listed_model(row, name), places);
			kept++;
		}
	}
	free(order);
	if (kept != 1) {
		add_margin(&g, T(TOTAL_LABEL), total, "", places);
	}
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	print_priced(p, places);
}

/* ---- the tie-out ---- */

static void add_part(struct grid *g, const struct statement *s, const char *name, int128 ns, int64_t nano) {
	const struct block *b = &s->total;
	int places = figure_places(b->capacity_nano);
	char figure[FIGURE_MAX];

	grid_add(g, name);
	grid_add(g, figure_hours(ns, figure_hour_places(s), figure));
	grid_add(g, figure_percent(ns, b->capacity_ns, figure));
	grid_add(g, figure_money(nano, places, figure));
	grid_add(g, figure_percent(nano, b->capacity_nano, figure));
}

static void print_tie_out(const struct page *p) {
	const struct block *b = &p->s->total;
	const char *const headers[] = {"", "GPU-hours", "of time", p->currency, "of money"};
	struct grid g;

	table_heading(p, "Where the capacity went");
	grid_init(&g, headers, 5, 1);
	for (int i = 0; i < PARTS; i++) {
		add_part(&g, p->s, part_names[i], part_ns(b, i), part_nano(b, i));
	}
	add_part(&g, p->s, "= capacity", b->capacity_ns, b->capacity_nano);
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}

/* ---- further tables ---- */

#define FIGURES_PER_ROW 7

/* How the figures of all rows are written. */
struct layout {
	int money, unit, hours;
	bool bought; /* with a column of payments to vendors */
	int bought_places;
	int64_t largest_in, largest_out; /* tokens of a row, which give the columns their units */
};

static int64_t tokens_in(const struct block *b) {
	return b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED];
}

static struct layout layout_of(const struct statement *s) {
	int hours = figure_hour_places(s) + 2; /* a row is a part of the whole */
	return (struct layout){figure_places(s->total.capacity_nano), figure_unit_places(s), hours < 6 ? hours : 6, s->total.has_bought,
	                       figure_places(s->total.bought_nano), tokens_in(&s->total), s->total.tokens[TOKENS_OUTPUT]};
}

static void add_block(struct grid *g, const struct block *b, const struct layout *l) {
	const struct unit_cost *in = &b->unit[TOKENS_INPUT], *out = &b->unit[TOKENS_OUTPUT];
	char figure[FIGURE_MAX];

	grid_add(g, figure_compact(tokens_in(b), l->largest_in, figure));
	grid_add(g, figure_compact(b->tokens[TOKENS_OUTPUT], l->largest_out, figure));
	grid_add(g, figure_hours(b->capacity_ns, l->hours, figure));
	grid_add(g, block_has_cost(b) ? figure_money(b->capacity_nano, l->money, figure) : "–");
	if (l->bought) {
		grid_add(g, !b->has_bought ? "" : b->list_known ? figure_money(b->bought_nano, l->bought_places, figure) : "–");
	}
	grid_add(g, unit_figure(in, in->loaded_nano, l->unit, figure));
	grid_add(g, unit_figure(out, out->loaded_nano, l->unit, figure));
	grid_add(g, b->margin_known ? figure_percent(b->margin_nano, b->revenue_nano - b->bought_nano, figure) : "–");
}

/* "2026-08-10 23:00": the head of the table names the zone. */
const char *table_hour(const struct statement *s, const struct row *row, char buffer[KEY_TEXT_MAX]) {
	struct text t = row_key(s, row, BY_HOUR, buffer);
	if (t.at != buffer || t.len < 16) {
		return "";
	}
	buffer[10] = ' ';
	buffer[16] = '\0';
	return buffer;
}

static void print_rows(const struct page *p, const struct table *t, const enum by_key *by, size_t count) {
	static const char *const gpus[] = {"tok in", "tok out", "GPU-h", "cost", "in/M", "out/M", "margin"};
	static const char *const both[] = {"tok in", "tok out", "GPU-h", "cost", "API spend", "in/M", "out/M", "margin"};
	const char *headers[BY_KEYS + FIGURES_PER_ROW + 1];
	char name[LABEL_MAX], buffer[KEY_TEXT_MAX];
	struct layout layout = layout_of(p->s);
	size_t columns = count + FIGURES_PER_ROW + layout.bought;
	struct grid g;

	if (layout.bought && !p->s->total.has_ran) {
		table_bought_rows(p, t, by, count);
		return;
	}
	for (size_t i = 0; i < columns; i++) {
		headers[i] = i < count ? by_key_names[by[i]] : layout.bought ? both[i - count] : gpus[i - count];
	}
	size_t shown, *order = rows_in_order(p->r, t, by, count, &shown);
	grid_init(&g, headers, columns, count);
	for (size_t i = 0; i < shown; i++) {
		const struct row *row = table_at(t, order[i]);
		for (size_t k = 0; k < count; k++) {
			grid_add(&g, by[k] == BY_HOUR ? table_hour(p->s, row, buffer)
						      : table_label(row_key(p->s, row, by[k], buffer), name));
		}
		add_block(&g, &row->block, &layout);
	}
	free(order);
	for (size_t k = 0; k < count; k++) {
		grid_add(&g, k == 0 ? TOTAL_LABEL : "");
	}
	add_block(&g, &p->s->total, &layout);
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
	if (shown < t->count) {
		char line[80];
		snprintf(line, sizeof line, "The first %zu of %zu rows.", shown, t->count);
		table_paragraph(p, line, 0);
	}
}

static void print_by(const struct page *p) {
	const struct report_options *o = &p->s->options;
	char title[160] = "By";

	if (o->by_count == 0) {
		return;
	}
	for (size_t i = 0; i < o->by_count; i++) {
		size_t len = strlen(title);
		snprintf(title + len, sizeof title - len, "%s %s", i > 0 ? "," : "", by_key_names[o->by[i]]);
	}
	size_t len = strlen(title);
	const char *costs = p->s->total.has_ran || !p->s->total.has_bought ? "loaded unit costs, " : "";
	snprintf(title + len, sizeof title - len, " (%s, %shours and days in %.40s)", p->currency, costs, o->tz && o->tz_name ? o->tz_name : "UTC");
	table_heading(p, title);
	print_rows(p, &p->s->rows, o->by, o->by_count);
}

static void print_tenants(const struct page *p) {
	static const enum by_key by[] = {BY_TENANT};
	const struct report_options *o = &p->s->options;
	const struct table *t = &p->s->tenants;

	if (t->count == 0 || (t->count == 1 && table_at(t, 0)->tenant.len == 0) ||
	    (o->by_count == 1 && o->by[0] == BY_TENANT)) {
		return;
	}
	table_heading(p, !p->s->total.has_ran && p->s->total.has_bought ? "Tenants" :
	                 o->idle_proportional ? "Tenants, each with its share of idle, other and unobserved cost"
					      : "Tenants; idle, other and unobserved cost is not allocated");
	print_rows(p, t, by, 1);
}

static void print_head(const struct page *p) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], line[256];
	const struct report_options *o = &p->s->options;

	snprintf(line, sizeof line, "tollbook %s · %s to %s · rule %s", o->version ? o->version : "",
		 instant_format(o->from_ns, from), instant_format(o->to_ns, to), o->rule ? o->rule : "");
	table_paragraph(p, line, 2);
}

/* The maximum number of assumptions in the head. */
#define ASSUMPTIONS_MAX ((size_t)8)

/* Prints values from logs or defaults, before any figure that depends on them. */
static void print_assumptions(const struct page *p) {
	size_t count;
	const struct quality_notice *n = quality_notices(p->s->quality, NOTICE_ASSUMPTION, &count);

	char line[1024];

	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		const char *source = n[i].field[NOTICE_SOURCE], *option = n[i].field[NOTICE_OPTION];
		if (n[i].field[NOTICE_KIND] || ++shown > ASSUMPTIONS_MAX) {
			continue;
		}
		snprintf(line, sizeof line, "%.500s%s%.200s%s%s%.100s", n[i].field[NOTICE_TEXT], source ? " (" : "",
			 source ? source : "", source ? ")" : "", option ? "; override with " : "", option ? option : "");
		table_say(p, "Assumed: ", line);
	}
	if (shown > ASSUMPTIONS_MAX) {
		snprintf(line, sizeof line, "Assumed: %zu more, see --format json", shown - ASSUMPTIONS_MAX);
		table_paragraph(p, line, 2);
	}
}

/* Requested or rare tables, in addition to the sums. */
static void print_sides(const struct page *p) {
	table_services(p);
	table_energy(p);
	table_rules(p);
	table_positions(p);
}

static void print_pages(const struct page *p) {
	table_adjustments(p);
	for (size_t i = 0; i < p->s->page_count; i++) {
		p->s->pages[i].print(p->s->pages[i].page, p->out);
	}
}

static void print_all(const struct page *p) {
	bool ran = p->s->total.has_ran || !p->s->total.has_bought;

	print_head(p);
	print_assumptions(p);
	if (ran) {
		print_units(p);
		print_margins(p);
	}
	table_bought(p);
	table_services(p);
	if (ran) {
		print_tie_out(p);
		table_evidence(p);
	}
	table_quality(p);
	table_energy(p);
	table_rules(p);
	table_positions(p);
	print_tenants(p);
	print_by(p);
	print_pages(p);
}

void render_table(const struct statement *s, const struct rendering_options *r, FILE *out) {
	struct rendering_options options = *r;
	struct page p = {.s = s, .r = &options, .out = out};

	options.width = r->width > 0 ? r->width : 100;
	p.table_width = r->table_width > 0 ? r->table_width : options.width;
	printable(text_of(s->options.currency ? s->options.currency : ""), p.currency, sizeof p.currency);
	if (!r->screen || r->verbose || s->total.has_bought) {
		print_all(&p);
	} else {
		print_sides(&p);
		print_pages(&p);
	}
	if (r->screen && s->total.has_ran) {
		fputs(r->verbose || s->total.has_bought ? "\n" : "", out);
		table_screen_body(&p);
	}
}
