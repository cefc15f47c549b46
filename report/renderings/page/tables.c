/* The tables of the HTML page. */
#include <stdlib.h>

#include "core/decimal.h"
#include "core/instant.h"
#include "report/page.h"
#include "report/renderings/page/html.h"

/* Maximum of rows on a page; the other renderings have them all. */
#define ROWS_MAX 1000

/* ---- cells ---- */

static void put_known_count(FILE *out, bool known, int64_t n) {
	if (known) {
		page_count_cell(out, n);
	} else {
		fputs("<td>not known</td>", out);
	}
}

static void put_money(FILE *out, bool known, int64_t nano, int places) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];
	if (known) {
		figure_money(nano, places, shown);
		fprintf(out, "<td%s><data value=\"%s\">%s%s</data></td>", nano < 0 ? " class=\"bad\"" : "", decimal_format(nano, 9, exact), shown[0] == '-' ? "−" : "",
		        shown + (shown[0] == '-'));
	} else {
		fputs("<td>–</td>", out);
	}
}

/* At three digits. */
static void put_unit(FILE *out, const struct unit_cost *u) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];

	if (u->known) {
		fprintf(out, "<td><data value=\"%s\">%s</data></td>", decimal_format(u->loaded_nano, 9, exact), figure_unit(u->loaded_nano, shown));
	} else {
		fputs("<td>–</td>", out);
	}
}

/* In thousands or millions, where `unit` is that. */
static void put_tokens(FILE *out, int64_t n, int64_t unit) {
	char shown[FIGURE_MAX];

	if (unit == 1) {
		page_count_cell(out, n);
	} else {
		fprintf(out, "<td><data value=\"%lld\">%s.%lld</data></td>", (long long)n, figure_count(n / unit, shown), (long long)(n % unit / (unit / 10)));
	}
}

/* One unit for all tokens of a table, by how many they are. */
static int64_t token_unit(const struct statement *s) {
	int64_t n = s->total.tokens[TOKENS_INPUT] + s->total.tokens[TOKENS_CACHED];

	return n >= 10000000000 ? 1000000 : n >= 10000000 ? 1000 : 1;
}

static void put_hours(FILE *out, const struct statement *s, int128 ns) {
	char shown[FIGURE_MAX], exact[EXACT_TEXT_MAX];
	fprintf(out, "<td><data value=\"%s\">%s</data></td>", exact_print(ns, exact),
		figure_hours(ns, figure_hour_places(s), shown));
}

static void put_name(FILE *out, struct text name) {
	fputs("<td class=\"l\">", out);
	html_put_text(out, name.len > 0 ? name : T("(none)"));
	fputs("</td>", out);
}

static void put_ratio(FILE *out, double ratio, const char *unit) {
	if (ratio > 0) {
		fprintf(out, "<td><data value=\"%.6f\">%.2f%s</data></td>", ratio, ratio, unit);
	} else {
		fputs("<td>–</td>", out);
	}
}

static void put_share(FILE *out, int128 part, int128 whole) {
	char shown[FIGURE_MAX];
	if (whole == 0) {
		fputs("<td>–</td>", out);
		return;
	}
	fprintf(out, "<td><data value=\"%.6f\">%s</data></td>", (double)part / (double)whole,
		figure_percent(part, whole, shown));
}

struct head {
	const char *id, *name;
	const char *const *columns;
	size_t count, labels; /* so many columns are to the left, the figures to the right */
	bool sortable, tall;
	size_t sum;  /* the column that filters sum; 0: none */
	bool sorted; /* by that column */
};

static void open_table(FILE *out, const struct head *h) {
	fprintf(out, "<div class=\"wrap%s\" role=\"region\" tabindex=\"0\" aria-label=\"%s, table\"><table id=\"%s\" aria-label=\"%s\"%s>\n<thead><tr>",
	        h->tall ? " tall" : "", h->name, h->id, h->name, h->sortable ? " data-sort" : "");
	for (size_t i = 0; i < h->count; i++) {
		bool sum = h->sum > 0 && i == h->sum;
		fprintf(out, "<th scope=\"col\"%s%s%s>%s</th>", i < h->labels ? " class=\"l\"" : "", sum ? " data-sum" : "",
		        sum && h->sorted ? " aria-sort=\"descending\"" : "", h->columns[i]);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void close_table(FILE *out) {
	fputs("</tbody>\n</table></div>\n", out);
}

static int places_of(const struct statement *s) {
	return figure_places(s->total.capacity_nano);
}

/* ---- what a token costs ---- */

static const char *const kind_titles[TOKEN_KINDS] = {"input, uncached", "input, cached", "output"};

static void put_unit_row(FILE *out, const struct row *row, int kind, int places) {
	const struct block *b = &row->block;
	const struct unit_cost *u = &b->unit[kind];
	bool listed = b->list_known && b->list_price_known[kind];
	bool compared = listed && u->known && b->list_nano[kind] > 0;

	fputs(kind == 0 ? "<tr class=\"first\">" : "<tr>", out);
	put_name(out, row->model);
	fprintf(out, "<td class=\"l\">%s</td>", b->cached_unknown && kind == TOKENS_INPUT ? "input" : kind_titles[kind]);
	put_known_count(out, !b->cached_unknown || kind != TOKENS_CACHED, b->tokens[kind]);
	put_money(out, u->known, u->busy_nano, places);
	put_money(out, u->known, u->low_nano, places);
	put_money(out, u->known, u->high_nano, places);
	put_money(out, u->known, u->loaded_nano, places);
	put_money(out, listed, b->list_nano[kind], places);
	put_ratio(out, compared ? (double)u->loaded_nano / (double)b->list_nano[kind] : 0, "");
	fputs("</tr>\n", out);
}

void html_units(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"model", "tokens of", "tokens",     "busy",         "95 % from",
					      "to",    "loaded",    "list price", "loaded / list"};
	int places = figure_unit_places(s);

	open_table(out, &(struct head){"units", "Cost per million tokens", headers, 9, 2, .sortable = true});
	for (size_t i = 0; i < s->models.count; i++) {
		for (int k = 0; k < TOKEN_KINDS && !table_at(&s->models, i)->not_allocated; k++) {
			put_unit_row(out, table_at(&s->models, i), k, places);
		}
	}
	close_table(out);
}

void html_margins(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"model",  "list price of", "revenue",    "capacity",
					      "margin", "of revenue",    "real ratio", "list ratio"};

	open_table(out, &(struct head){"margins", "Margin by model", headers, 8, 2, .sortable = true});
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		fputs("<tr>", out);
		put_name(out, table_at(&s->models, i)->model);
		put_name(out, text_of(b->list_known ? b->list_model : table_at(&s->models, i)->not_allocated ? "–" : "no list price"));
		put_money(out, b->list_known, b->revenue_nano, places_of(s));
		put_money(out, true, b->capacity_nano, places_of(s));
		put_money(out, b->margin_known, b->margin_nano, places_of(s));
		put_share(out, b->margin_nano, b->margin_known ? b->revenue_nano : 0);
		put_ratio(out, block_ratio_real(b), " : 1");
		put_ratio(out, block_ratio_list(b), " : 1");
		fputs("</tr>\n", out);
	}
	close_table(out);
}

/* ---- the tie-out ---- */

static void put_part(FILE *out, const char *name, int128 ns, int64_t nano, const struct statement *s) {
	bool sum = name[0] == '=';
	fprintf(out, "<tr%s><td class=\"l\">", sum ? " class=\"sum\"" : "");
	if (!sum) {
		fprintf(out,
			"<svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" "
			"height=\"100%%\"/></svg>",
			name);
	}
	fprintf(out, "%s</td>", name);
	put_hours(out, s, ns);
	put_share(out, ns, s->total.capacity_ns);
	put_money(out, true, nano, places_of(s));
	put_share(out, nano, s->total.capacity_nano);
	fputs("</tr>\n", out);
}

void html_parts(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"part", "GPU-hours", "of time", "cost", "of money"};

	open_table(out, &(struct head){"parts", "Where the capacity went", headers, 5, .labels = 1});
	for (int i = 0; i < PARTS; i++) {
		put_part(out, part_names[i], part_ns(&s->total, i), part_nano(&s->total, i), s);
	}
	put_part(out, "= capacity", s->total.capacity_ns, s->total.capacity_nano, s);
	close_table(out);
}

/* ---- tables in addition to the sums ---- */

void html_energy(const struct statement *s, FILE *out) {
	static const char *const headers[] = {
	    "model", "Wh", "input, uncached / M", "input, cached / M", "output / M", "of time metered"};
	int64_t nano;

	open_table(out, &(struct head){"energy", "Energy by model", headers, 6, 1, .sortable = true});
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		fputs("<tr>", out);
		put_name(out, table_at(&s->models, i)->model);
		put_money(out, b->capacity_mj > 0, wh_nano(b->capacity_mj), 1);
		for (int k = 0; k < TOKEN_KINDS; k++) {
			bool known = block_unit_energy(b, k, &nano);
			put_money(out, known, nano, 3);
		}
		put_share(out, b->metered_ns, b->capacity_ns);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

void html_rules(const struct statement *s, FILE *out) {
	static const char *const headers[] = {
	    "model", "rule", "prefill GPU-hours", "decode GPU-hours", "prefill of busy", "all input / M", "from", "to", "output / M", "from", "to"};
	int places = figure_unit_places(s);

	open_table(out, &(struct head){"rules", "Rules side by side", headers, 11, 2, .sortable = true});
	for (size_t i = 0; i < s->rules.count; i++) {
		const struct rule_result *r = &s->rules.rows[i];
		fputs("<tr>", out);
		put_name(out, names_text(s->options.names, r->row.model));
		put_name(out, text_of(r->row.rule));
		put_hours(out, s, r->prefill_gpu_ns);
		put_hours(out, s, r->decode_gpu_ns);
		put_share(out, r->prefill_gpu_ns, r->prefill_gpu_ns + r->decode_gpu_ns);
		put_money(out, r->in_known, r->in_nano, places);
		put_money(out, r->in_known && r->has_interval, r->in_low_nano, places);
		put_money(out, r->in_known && r->has_interval, r->in_high_nano, places);
		put_money(out, r->out_known, r->out_nano, places);
		put_money(out, r->out_known && r->has_interval, r->out_low_nano, places);
		put_money(out, r->out_known && r->has_interval, r->out_high_nano, places);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

void html_services(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"model", "class of service", "requests", "tokens in", "tokens out", "list revenue"};

	open_table(out, &(struct head){"services", "List revenue by class of service", headers, 6, 2, .sortable = true, .tall = s->services.count > 20});
	for (size_t i = 0; i < s->services.count; i++) {
		const struct service_sum *v = &s->services.rows[i];
		fputs("<tr>", out);
		put_name(out, names_text(s->options.names, v->model));
		fprintf(out, "<td class=\"l\">%.*s%s</td>", TEXT_ARG(service_names[v->service]),
			v->as_standard ? " (as standard)" : "");
		page_count_cell(out, v->requests);
		page_count_cell(out, v->tokens[TOKENS_INPUT] + v->tokens[TOKENS_CACHED]);
		page_count_cell(out, v->tokens[TOKENS_OUTPUT]);
		put_money(out, v->revenue_known, v->revenue_nano, places_of(s));
		fputs("</tr>\n", out);
	}
	close_table(out);
}

static void put_range(FILE *out, const struct position_row *row) {
	char from[FIGURE_MAX], to[FIGURE_MAX];

	fprintf(out, "<td><data value=\"%lld\">%s", (long long)row->from_ntok, figure_count(row->from_ntok, from));
	if (row->to_ntok == INT64_MAX) {
		fputs(" and more</data></td>", out);
	} else {
		fprintf(out, " to %s</data></td>", figure_count(row->to_ntok, to));
	}
}

void html_positions(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"model",  "tokens of", "tokens before it",
					      "tokens", "GPU-hours", "busy / M", "from", "to", "list / M"};
	int places = figure_unit_places(s);
	char over[FIGURE_MAX];

	open_table(out, &(struct head){"positions", "Cost by position", headers, 9, 2, .sortable = true, .tall = s->positions.count > 20});
	for (size_t i = 0; i < s->positions.count; i++) {
		const struct position *p = &s->positions.rows[i];
		fputs("<tr>", out);
		put_name(out, names_text(s->options.names, p->row.model));
		fprintf(out, p->row.prompt_over_ntok > 0 ? "<td class=\"l\">%s, prompts over %s</td>" : "<td class=\"l\">%s</td>",
			p->row.kind == ENTRY_OUTPUT ? "output" : "input", figure_count(p->row.prompt_over_ntok, over));
		put_range(out, &p->row);
		page_count_cell(out, p->row.tokens);
		put_hours(out, s, p->gpu_ns);
		put_money(out, p->rated_tokens > 0, p->unit_nano, places);
		put_money(out, p->rated_tokens > 0, p->low_nano, places);
		put_money(out, p->rated_tokens > 0, p->high_nano, places);
		put_money(out, p->list_known, p->list_nano, places);
		fputs("</tr>\n", out);
	}
	close_table(out);
}

void html_evidence(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"grade", "what the split of busy time rests on", "GPU-hours",
					      "of busy time"};

	open_table(out, &(struct head){"evidence", "Evidence", headers, 4, .labels = 2});
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		if (s->evidence_ns[g] == 0) {
			continue;
		}
		fprintf(out, "<tr><td class=\"l\">%s</td><td class=\"l\">%s</td>", grade_names[g], grade_titles[g]);
		put_hours(out, s, s->evidence_ns[g]);
		put_share(out, s->evidence_ns[g], block_busy_ns(&s->total));
		fputs("</tr>\n", out);
	}
	close_table(out);
}

/* Models separately: they may rest on different evidence. */
void html_model_evidence(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"model", "busy GPU-hours", "A", "B", "C", "D"};

	open_table(out, &(struct head){"grades", "Evidence by model", headers, 6, 1, .sortable = true});
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		fputs("<tr>", out);
		put_name(out, table_at(&s->models, i)->model);
		put_hours(out, s, block_busy_ns(b));
		for (int g = GRADE_A; g < GRADE_NONE; g++) {
			put_share(out, b->evidence_ns[g], block_busy_ns(b));
		}
		fputs("</tr>\n", out);
	}
	close_table(out);
}

/* ---- rows with keys ---- */

static void put_block(FILE *out, const struct statement *s, const struct block *b) {
	int64_t unit = token_unit(s);

	put_known_count(out, !b->requests_unknown, b->requests);
	put_tokens(out, b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED], unit);
	put_tokens(out, b->tokens[TOKENS_OUTPUT], unit);
	put_hours(out, s, b->capacity_ns);
	put_money(out, block_has_cost(b), b->capacity_nano, places_of(s));
	put_unit(out, &b->unit[TOKENS_INPUT]);
	put_unit(out, &b->unit[TOKENS_OUTPUT]);
	put_money(out, b->margin_known, b->margin_nano, places_of(s));
	fputs("</tr>\n", out);
}

static int64_t largest_of(const struct table *t) {
	int64_t most = 1;

	for (size_t i = 0; i < t->count; i++) {
		most = table_at(t, i)->block.capacity_nano > most ? table_at(t, i)->block.capacity_nano : most;
	}
	return most;
}

/* A bar in two tones: the row's own work, and its share of shared time. */
static void put_two_tones(FILE *out, const struct block *b, int64_t widest) {
	double own = 100 * (double)(b->capacity_nano - block_shared_nano(b)) / (double)widest, all = 100 * (double)b->capacity_nano / (double)widest;

	fprintf(out, "<td class=\"strip\"><svg class=\"bar\" height=\"12\" aria-hidden=\"true\"><rect class=\"idle\" width=\"%.2f%%\" height=\"12\"/>"
	        "<rect class=\"own\" width=\"%.2f%%\" height=\"12\"/></svg></td>", all > 0 ? all : 0, own > 0 ? own : 0);
}

/* `widest`: with a bar, of which that is the full width; 0: without. */
static void put_row(FILE *out, const struct statement *s, const struct row *row, const enum by_key *by, size_t count, int64_t widest) {
	char buffer[KEY_TEXT_MAX];

	fputs("<tr>", out);
	for (size_t i = 0; i < count; i++) {
		put_name(out, row_key(s, row, by[i], buffer));
	}
	if (widest > 0) {
		put_two_tones(out, &row->block, widest);
	}
	put_block(out, s, &row->block);
}

/* Remains below the rows when they are sorted. */
static void put_total(FILE *out, const struct statement *s, size_t labels) {
	fputs("</tbody>\n<tfoot>\n<tr class=\"sum\"><td class=\"l\">= total</td>", out);
	for (size_t i = 1; i < labels; i++) {
		fputs("<td></td>", out);
	}
	put_block(out, s, &s->total);
	fputs("</tfoot>\n</table></div>\n", out);
}

void html_rows(const struct statement *s, const struct rendering_options *r, const char *id, const struct table *t, const enum by_key *by,
               size_t count, FILE *out) {
	int64_t unit = token_unit(s);
	const char *const figures[] = {"requests", unit == 1 ? "tokens in" : unit == 1000 ? "in, k tokens" : "in, M tokens", unit == 1 ? "tokens out" : unit == 1000 ? "out, k tokens" : "out, M tokens", "GPU-hours",
	                               "cost", "in / M", "out / M", "margin"};
	bool tenants = id[0] == 't', timed = by_finest_time(by, count) != BY_KEYS;
	const char *headers[BY_KEYS + 9];
	char shown[FIGURE_MAX];
	size_t rows, *order = rows_in_order(r, t, by, count, &rows), labels = count + tenants;
	int64_t widest = tenants ? largest_of(t) : 0;

	for (size_t i = 0; i < labels + 8; i++) {
		headers[i] = i < count ? by_key_names[by[i]] : i < labels ? "own work, share" : figures[i - labels];
	}
	open_table(out, &(struct head){id, tenants ? "Tenants" : "Rows", headers, labels + 8, count, .sortable = true, .tall = t->count > 20,
	                               .sum = labels + 4, .sorted = r->sort == ROWS_BY_COST && !timed});
	for (size_t i = 0; i < rows && i < ROWS_MAX; i++) {
		put_row(out, s, table_at(t, order[i]), by, count, widest);
	}
	free(order);
	put_total(out, s, labels);
	if (rows > ROWS_MAX || rows < t->count) {
		fprintf(out,
			"<p class=\"dim\">The first %zu of %s rows; --format csv, json and jsonl have them all.</p>\n",
			rows < ROWS_MAX ? rows : ROWS_MAX, figure_count((int64_t)t->count, shown));
	}
}

/* ---- later evidence for closed periods ---- */

static void put_adjusted(FILE *out, const struct statement *s, const struct adjusted_sum *a) {
	const name_id names[] = {a->model, a->tenant};
	char day[INSTANT_TEXT_MAX];

	fputs("<tr>", out);
	put_name(out, text_of(a->period));
	put_name(out, text_cut(text_of(instant_format(a->day_ns, day)), 0, 10));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		put_name(out, names_text(s->options.names, names[i]));
	}
	put_name(out, text_of(kind_names[a->kind]));
	page_count_cell(out, (int64_t)a->postings);
	page_count_cell(out, a->tokens);
	put_hours(out, s, a->gpu_ns);
	put_money(out, a->priced, a->cost_nano, places_of(s));
	fputs("</tr>\n", out);
}

void html_adjustments(const struct statement *s, FILE *out) {
	static const char *const headers[] = {"closed period", "day (UTC)", "model", "tenant", "kind", "postings", "tokens", "GPU-hours", "cost"};
	char shown[FIGURE_MAX];
	size_t count;
	struct adjusted_sum *sums = adjustments_by_day(s, &count);

	open_table(out, &(struct head){"adjustments", "Adjustments", headers, 9, 5, .sortable = true, .tall = count > 20});
	for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
		put_adjusted(out, s, &sums[i]);
	}
	free(sums);
	close_table(out);
	if (count > ROWS_MAX) {
		fprintf(out, "<p class=\"dim\">The largest %d of %s; --format csv, json and jsonl have each posting.</p>\n", ROWS_MAX,
		        figure_count((int64_t)count, shown));
	}
}
