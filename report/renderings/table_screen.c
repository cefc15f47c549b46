/* For an interactive terminal: short, with the answer last. */
#include <stdlib.h>

#include "core/instant.h"
#include "core/text.h"
#include "report/renderings/table.h"

/* Lines that are printed for any statement. */
#define LINES_FIXED 13
#define ROWS_LEAST 5
#define ROWS_MOST 20
#define BAR_COLUMNS 24
#define LEVERS_SHOWN 3

static const char *paint(const struct page *p, const char *code) {
	return p->r->color ? code : "";
}
#define BOLD "\033[1m"
#define PLAIN "\033[0m"
/* Blue and orange are distinguishable for colour-blind people; time without work is grey. */
static const char *const part_paints[PARTS] = {"\033[94m", "\033[38;5;208m", "\033[90m", "\033[90m", "\033[90m"};
static const char *const part_blocks[PARTS] = {"█", "█", "▓", "▒", "░"};
static const char *const part_letters[PARTS] = {"#", "=", "+", "-", "."};
static const char *const part_meanings[PARTS] = {"reading prompts", "writing answers", "between steps", "no request", "in no log"};
static const char *const part_labels[PARTS] = {"prefill", "decode", "other", "idle", "not observed"};

static const char *edge(int64_t ns, bool date, char out[INSTANT_TEXT_MAX]) {
	instant_format(instant_floor(ns, NS_PER_SECOND), out);
	out[10] = ' ';
	out[instant_floor(ns, NS_PER_DAY) == ns && date ? 10 : 16] = '\0';
	return out;
}

/* The time alone, if the day is that of the start. */
static const char *same_day(const char *from, const char *to, bool days) {
	return !days && strncmp(from, to, 11) == 0 ? to + 11 : to;
}

/* Subject, period and amount paid. */
static void put_head(const struct page *p) {
	const struct statement *s = p->s;
	const struct report_options *o = &s->options;
	char name[LABEL_MAX], from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX], hours[FIGURE_MAX], paid[FIGURE_MAX], sign[FIGURE_MAX], line[LABEL_MAX + 256];

	if (s->models.count == 1) {
		table_label(table_at(&s->models, 0)->model, name);
	} else {
		snprintf(name, sizeof name, "%zu models, %zu tenant%s", s->models.count, s->tenants.count, PLURAL(s->tenants.count));
	}
	bool days = instant_floor(o->from_ns, NS_PER_DAY) == o->from_ns && instant_floor(o->to_ns, NS_PER_DAY) == o->to_ns;
	edge(o->from_ns, days, from);
	snprintf(line, sizeof line, "%s · %s to %s UTC · %s GPU-hours · paid %s%s", name, from, same_day(from, edge(o->to_ns, days, to), days),
	         figure_hours(s->total.capacity_ns, s->total.capacity_ns < 10 * NS_PER_HOUR ? 3 : 0, hours), figure_sign(s, sign),
	         figure_sum(s->total.capacity_nano, paid));
	char *middle = (int)printable_width(line) > p->r->width ? strstr(line, " GPU-hours") : NULL;
	if (middle) { /* hours can be left out */
		size_t cut = strlen(" · ") + strlen(hours) + strlen(" GPU-hours");
		memmove(middle + strlen(" GPU-hours") - cut, middle + strlen(" GPU-hours"), strlen(middle + strlen(" GPU-hours")) + 1);
	}
	fputs(paint(p, BOLD), p->out);
	table_paragraph(p, line, 2);
	fputs(paint(p, PLAIN), p->out);
}

/* A line of the screen, truncated at its end; may have bytes from outside. */
static void put_cut(const struct page *p, const char *bytes, int room) {
	char text[1024];
	int column = 0;

	printable(text_of(bytes), text, sizeof text);

	for (size_t at = 0; text[at]; at++) {
		column += ((unsigned char)text[at] >> 6) != 2;
		if (column > room) {
			fputs("…", p->out);
			break;
		}
		fputc(text[at], p->out);
	}
	fputc('\n', p->out);
}

static void put_assumed(const struct page *p) {
	size_t count, shown = 0;
	const struct quality_notice *n = quality_notices(p->s->quality, NOTICE_ASSUMPTION, &count);
	char line[600];

	for (size_t i = 0; i < count; i++) {
		if (!n[i].field[NOTICE_KIND] && n[i].field[NOTICE_TEXT] && shown++ == 0) {
			snprintf(line, sizeof line, "Assumed: %.400s", n[i].field[NOTICE_TEXT]);
		}
	}
	if (shown > 1) {
		put_cut(p, line, p->r->width - 14);
		fprintf(p->out, "  and %zu more assumptions (-v)\n", shown - 1);
	} else if (shown > 0) {
		put_cut(p, line, p->r->width);
	}
}

/* An empty line between blocks, if the screen has room. */
static void put_gap(const struct page *p) {
	if (p->s->options.by_count == 0 && p->s->models.count <= 1 && p->r->rows >= 24) {
		fputc('\n', p->out);
	}
}

/* ---- where each dollar went ---- */

static void put_blocks(const struct page *p, int part, double share_of_whole, int columns) {
	int blocks = (int)(share_of_whole * columns + 0.5);

	fputs(paint(p, part_paints[part]), p->out);
	for (int i = 0; i < blocks; i++) {
		fputs(p->r->ascii ? part_letters[part] : part_blocks[part], p->out);
	}
	fputs(paint(p, PLAIN), p->out);
	fprintf(p->out, "%*s", columns - blocks, "");
}

static void put_part(const struct page *p, int part) {
	const struct block *b = &p->s->total;
	double cents = 100 * part_share(part_nano(b, part), b->capacity_nano);
	char figure[FIGURE_MAX];

	fprintf(p->out, "  %-13s", part_labels[part]);
	put_blocks(p, part, cents / 100, BAR_COLUMNS);
	fprintf(p->out, "%12s  ", figure_sum(part_nano(b, part), figure));
	fprintf(p->out, cents < 0.05 ? " <%.1f %%" : "%5.1f %%", cents < 0.05 ? 0.1 : cents);
	fprintf(p->out, "   %s\n", part_meanings[part]);
}

/* All parts on one line of blocks, and one of figures. */
static void put_strip(const struct page *p) {
	const struct block *b = &p->s->total;
	int room = p->r->width - 24 > 100 ? 100 : p->r->width - 24, used = 0;

	fputs("Where the money went  ", p->out);
	for (int i = 0; i < PARTS; i++) {
		int columns = i + 1 == PARTS ? room - used : (int)(part_share(part_nano(b, i), b->capacity_nano) * room + 0.5);
		columns = columns > room - used ? room - used : columns;
		fputs(paint(p, part_paints[i]), p->out);
		for (int k = 0; k < columns && part_nano(b, i) > 0; k++) {
			fputs(p->r->ascii ? part_letters[i] : part_blocks[i], p->out);
		}
		used += columns;
	}
	fprintf(p->out, "%s\n ", paint(p, PLAIN));
	for (int i = 0; i < PARTS; i++) {
		double cents = 100 * part_share(part_nano(b, i), b->capacity_nano);
		if (part_nano(b, i) > 0) {
			fprintf(p->out, cents < 0.05 ? " %s <0.1 %% " : " %s %.1f %% ", part_labels[i], cents);
		}
	}
	fputc('\n', p->out);
}

static void put_parts(const struct page *p) {
	if (p->s->total.capacity_nano <= 0) {
		return;
	}
	if (p->s->models.count > 1 || p->s->options.by_count > 0) {
		put_strip(p);
		return;
	}
	fprintf(p->out, "Where each %s went\n", strcmp(p->currency, "USD") == 0 ? "dollar" : "unit of money");
	for (int i = 0; i < PARTS; i++) {
		if (part_nano(&p->s->total, i) > 0) {
			put_part(p, i);
		}
	}
}

/* ---- levers, evidence ---- */

static void put_levers(const struct page *p) {
	const struct levers *all = &p->s->levers;
	char figure[FIGURE_MAX], sign[FIGURE_MAX], amount[2 * FIGURE_MAX];

	for (size_t i = 0; i < all->count && i < LEVERS_SHOWN; i++) {
		if (i == 0) {
			put_gap(p);
			fputs("What would lower it\n", p->out);
		}
		snprintf(amount, sizeof amount, "%s%s", figure_sign(p->s, sign), figure_sum(all->at[i].amount_nano, figure));
		fprintf(p->out, "  %s%9s%s  ", paint(p, BOLD), amount, paint(p, PLAIN));
		put_cut(p, all->at[i].text, p->r->width - 14);
	}
}

static void put_evidence(const struct page *p) {
	const struct quality *q = p->s->quality;
	const struct block *b = &p->s->total;
	int128 busy = block_busy_ns(b);
	size_t warnings = q->warning_count + q->reject_count + q->damage_count;
	char line[256] = "Evidence ", lines[FIGURE_MAX];

	for (int g = GRADE_A; g < GRADE_NONE && busy > 0; g++) {
		if (b->evidence_ns[g] > 0) {
			size_t len = strlen(line);
			snprintf(line + len, sizeof line - len, "%s %s %.0f %%", len > 9 ? "," : "", grade_names[g], 100 * part_share(b->evidence_ns[g], busy));
		}
	}
	size_t len = strlen(line);
	snprintf(line + len, sizeof line - len, "%s%s lines", busy > 0 ? " of busy time; " : " ", figure_count(q->lines, lines));
	if (warnings > 0) {
		len = strlen(line);
		snprintf(line + len, sizeof line - len, "; %zu warning%s (-v)", warnings, PLURAL(warnings));
	}
	put_cut(p, line, p->r->width);
}

/* ---- the requested table, or the models ---- */

enum column { COLUMN_BAR, COLUMN_PAID, COLUMN_WORK, COLUMN_INPUT, COLUMN_OUTPUT, COLUMN_TIMES, COLUMN_MARGIN, COLUMNS };

static void add_bar(struct grid *g, int64_t nano, int64_t widest, bool plain) {
	static const char eight[] = "████████", ascii[] = "########";
	int blocks = (int)(8 * part_share(nano, widest) + 0.5);

	blocks = blocks > 0 ? blocks : 0;
	grid_addf(g, "%.*s", plain ? blocks : 3 * blocks, plain ? ascii : eight);
}

struct screen_table {
	bool shown[COLUMNS];
	bool plain; /* bars of ASCII */
	int money;
	int64_t widest;
};

static void add_times(struct grid *g, const struct block *b) {
	const struct unit_cost *u = &b->unit[TOKENS_OUTPUT];
	char figure[FIGURE_MAX];

	if (b->list_known && b->list_price_known[TOKENS_OUTPUT] && b->list_nano[TOKENS_OUTPUT] > 0 && u->known) {
		grid_addf(g, "%s x", figure_times((double)u->loaded_nano / (double)b->list_nano[TOKENS_OUTPUT], figure));
	} else {
		grid_add(g, "");
	}
}

static void add_figures(struct grid *g, const struct screen_table *t, const struct block *b, bool total) {
	char figure[FIGURE_MAX];

	if (t->shown[COLUMN_BAR]) {
		add_bar(g, total ? 0 : b->capacity_nano, t->widest, t->plain);
	}
	grid_add(g, block_has_cost(b) ? figure_money(b->capacity_nano, t->money, figure) : "not known");
	if (t->shown[COLUMN_WORK]) {
		grid_add(g, figure_percent(block_busy_ns(b), b->capacity_ns, figure));
	}
	for (int c = COLUMN_INPUT; c <= COLUMN_OUTPUT; c++) {
		const struct unit_cost *u = &b->unit[c == COLUMN_INPUT ? TOKENS_INPUT : TOKENS_OUTPUT];
		if (t->shown[c]) {
			grid_add(g, u->known ? figure_unit(u->loaded_nano, figure) : "");
		}
	}
	if (t->shown[COLUMN_TIMES]) {
		add_times(g, b);
	}
	if (t->shown[COLUMN_MARGIN]) {
		grid_add(g, b->margin_known ? figure_money(b->margin_nano, t->money, figure) : "no price");
	}
}

/* Columns without figures are left out; so is the bar if there is no room for it. */
static struct screen_table columns_of(const struct page *p, const struct table *t) {
	struct screen_table c = {.money = p->s->total.capacity_nano < 10 * NANO ? 4 : 2, .widest = 1, .plain = p->r->ascii};

	c.shown[COLUMN_BAR] = p->r->width >= 96;
	c.shown[COLUMN_PAID] = c.shown[COLUMN_WORK] = true;
	for (size_t i = 0; i < t->count; i++) {
		const struct block *b = &table_at(t, i)->block;
		c.widest = b->capacity_nano > c.widest ? b->capacity_nano : c.widest;
		c.shown[COLUMN_INPUT] |= b->unit[TOKENS_INPUT].known;
		c.shown[COLUMN_OUTPUT] |= b->unit[TOKENS_OUTPUT].known;
		c.shown[COLUMN_TIMES] |= b->list_known && b->list_price_known[TOKENS_OUTPUT];
		c.shown[COLUMN_MARGIN] |= b->margin_known;
	}
	return c;
}

static size_t headers_of(const struct page *p, const struct screen_table *c, const enum by_key *by, size_t count, const char **headers, char paid[32]) {
	const char *const words[COLUMNS] = {"", paid, "at work", "input/M", "output/M", "paid/list", "margin"};
	size_t n = 0;

	snprintf(paid, 32, "paid, %s", p->currency);
	for (size_t i = 0; i < count; i++) {
		headers[n++] = by_key_names[by[i]];
	}
	for (int k = 0; k < COLUMNS; k++) {
		if (c->shown[k]) {
			headers[n++] = words[k];
		}
	}
	return n;
}

/* The total of the rows that are not printed. */
static void add_rest(struct grid *g, const struct table *t, const size_t *order, size_t shown, size_t keys, const struct screen_table *c,
                     size_t columns) {
	int64_t nano = 0;
	char figure[FIGURE_MAX];

	if (shown >= t->count) {
		return;
	}
	for (size_t i = shown; i < t->count; i++) {
		nano += table_at(t, order[i])->block.capacity_nano;
	}
	grid_addf(g, "+ %zu more row%s", t->count - shown, PLURAL(t->count - shown));
	for (size_t k = 1; k < columns; k++) {
		grid_add(g, k == keys + c->shown[COLUMN_BAR] ? figure_money(nano, c->money, figure) : "");
	}
}

static size_t rows_on_screen(const struct page *p, size_t count) {
	size_t room = p->r->rows > LINES_FIXED + ROWS_LEAST ? (size_t)(p->r->rows - LINES_FIXED) : ROWS_LEAST;

	room = room < ROWS_MOST ? room : ROWS_MOST;
	room = p->r->top > 0 ? (size_t)p->r->top : p->r->rows > 0 ? room : count;
	return count > room + (p->r->top == 0) ? room : count; /* a single remaining row is printed */
}

static void put_table(const struct page *p, const struct table *t, const enum by_key *by, size_t count) {
	struct rendering_options all = *p->r;
	const char *headers[BY_KEYS + COLUMNS];
	char paid[32], name[LABEL_MAX], buffer[KEY_TEXT_MAX];
	struct screen_table c = columns_of(p, t);
	struct grid g;
	size_t columns = headers_of(p, &c, by, count, headers, paid), rows;

	all.top = 0;
	size_t *order = rows_in_order(&all, t, by, count, &rows), shown = rows_on_screen(p, rows);
	grid_init(&g, headers, columns, count + c.shown[COLUMN_BAR]);
	for (size_t i = 0; i < shown; i++) {
		const struct row *row = table_at(t, order[i]);
		for (size_t k = 0; k < count; k++) {
			grid_add(&g, by[k] == BY_HOUR ? table_hour(p->s, row, buffer) : table_label(row_key(p->s, row, by[k], buffer), name));
		}
		add_figures(&g, &c, &row->block, false);
	}
	add_rest(&g, t, order, shown, count, &c, columns);
	free(order);
	for (size_t k = 0; k < count; k++) {
		grid_add(&g, k == 0 ? "= total" : "");
	}
	add_figures(&g, &c, &p->s->total, true);
	grid_print(&g, p->table_width, p->out);
	grid_release(&g);
}

/* ---- the answer ---- */

static const char *doubt_figure(const struct unit_cost *u, char out[FIGURE_MAX]) {
	double doubt = u->busy_nano > 0 ? part_share(u->high_nano - u->busy_nano, u->busy_nano) : 0;

	out[0] = '\0';
	if (u->known && doubt >= 0.0005) {
		snprintf(out, FIGURE_MAX, doubt < 0.1 ? "%.1f %%" : "%.0f %%", 100 * doubt);
	}
	return out;
}

static void put_price(const struct page *p, int kind, bool listed) {
	static const char *const names[TOKEN_KINDS] = {"input", "cached input", "output"};
	const struct block *b = &p->s->total;
	const struct unit_cost *u = &b->unit[kind];
	char tokens[FIGURE_MAX], busy[FIGURE_MAX], doubt[FIGURE_MAX], paid[FIGURE_MAX], list[FIGURE_MAX], times[FIGURE_MAX];
	bool known = listed && b->list_price_known[kind] && b->list_nano[kind] > 0;
	double ratio = known && u->known ? (double)u->loaded_nano / (double)b->list_nano[kind] : 0;

	if (b->tokens[kind] == 0) {
		return;
	}
	fprintf(p->out, "%-12s %15s %9s %7s  %s%9s%s", names[kind], figure_count(b->tokens[kind], tokens), u->known ? figure_unit(u->busy_nano, busy) : "not known",
	        doubt_figure(u, doubt), paint(p, BOLD), u->known ? figure_unit(u->loaded_nano, paid) : "", paint(p, PLAIN));
	if (known) {
		const char *mark = ratio > 1 ? "\033[1;91m" : "\033[32m";
		fprintf(p->out, " %9s   %s%7s x%s", figure_unit(b->list_nano[kind], list), ratio > 0 ? paint(p, mark) : "", ratio > 0 ? figure_times(ratio, times) : "", paint(p, PLAIN));
	}
	fputc('\n', p->out);
}

static void put_prices(const struct page *p) {
	bool listed = p->s->total.list_known;
	char sign[FIGURE_MAX], title[FIGURE_MAX + 16];

	snprintf(title, sizeof title, "%s/million", figure_sign(p->s, sign));
	fprintf(p->out, "%-12s %15s %9s %7s  %9s%s\n", title, "tokens", "at work", "± 95 %", "paid", listed ? "      list   paid/list" : "");
	for (int k = 0; k < TOKEN_KINDS; k++) {
		put_price(p, k, listed);
	}
}

static void put_ratio(const struct page *p) {
	double real = block_ratio_real(&p->s->total), list = block_ratio_list(&p->s->total);
	const struct unit_cost *u = &p->s->total.unit[TOKENS_OUTPUT];
	char figure[FIGURE_MAX], sign[FIGURE_MAX], cost[FIGURE_MAX], line[200];

	if (!u->known) {
		return;
	}
	snprintf(line, sizeof line, "Output costs %s%s a million", figure_sign(p->s, sign), figure_unit(u->loaded_nano, cost));
	fputs(paint(p, BOLD), p->out);
	fputs(line, p->out);
	fputs(paint(p, PLAIN), p->out);
	if (real > 0) {
		fprintf(p->out, ", %s x input", figure_times(real, figure));
	}
	if (real > 0 && list > 0) {
		fprintf(p->out, "; by list price %s x", figure_times(list, figure));
	}
	fputs(".\n", p->out);
}

static void put_margin(const struct page *p) {
	const struct block *b = &p->s->total;
	int64_t revenue = b->revenue_nano - b->bought_nano;
	char margin[FIGURE_MAX], part[FIGURE_MAX], income[FIGURE_MAX], paid[FIGURE_MAX], sign[FIGURE_MAX];

	if (!b->margin_known) {
		return;
	}
	figure_sign(p->s, sign);
	figure_sum(b->margin_nano, margin);
	fprintf(p->out, "Margin at list price %s%s%s%s%s", paint(p, b->margin_nano < 0 ? "\033[1;91m" : "\033[1;32m"), margin[0] == '-' ? "-" : "", sign,
	        margin + (margin[0] == '-'), paint(p, PLAIN));
	if (revenue > 0) {
		fprintf(p->out, " (%s)", figure_percent(b->margin_nano, revenue, part));
	}
	fprintf(p->out, ": revenue %s%s, paid %s%s", sign, figure_sum(revenue, income), sign, figure_sum(b->priced_nano, paid));
	if (b->priced_nano != b->capacity_nano) {
		fprintf(p->out, "; %zu of %zu models", p->s->priced_models, p->s->models.count);
	}
	fputs(".\n", p->out);
}

void table_screen_body(const struct page *p) {
	static const enum by_key by_model[] = {BY_MODEL};
	const struct report_options *o = &p->s->options;

	put_head(p);
	put_assumed(p);
	put_gap(p);
	put_parts(p);
	put_levers(p);
	put_gap(p);
	put_evidence(p);
	put_gap(p);
	if (o->by_count > 0) {
		put_table(p, &p->s->rows, o->by, o->by_count);
	} else if (p->s->models.count > 1) {
		put_table(p, &p->s->models, by_model, 1);
	}
	if (p->s->models.count <= 1) {
		put_prices(p);
	}
	put_ratio(p);
	put_margin(p);
}
