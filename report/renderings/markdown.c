/* Markdown, for wikis, merge requests and mail: the tables of a statement, each with its total. */
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/table.h"

static void put_text(FILE *out, struct text t) {
	char safe[LABEL_MAX];

	markdown_put(out, text_of(table_label(t, safe)));
}

static void put_money(FILE *out, bool known, int64_t nano, int places) {
	char figure[FIGURE_MAX];
	fprintf(out, " %s |", known ? figure_money(nano, places, figure) : "–");
}

static void put_count(FILE *out, int64_t n) {
	char figure[FIGURE_MAX];
	fprintf(out, " %s |", figure_count(n, figure));
}

static void put_head(FILE *out, const char *title, const char *const *headers, size_t count, size_t labels) {
	fprintf(out, "\n## %s\n\n|", title);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, " %s |", headers[i]);
	}
	fputs("\n|", out);
	for (size_t i = 0; i < count; i++) {
		fputs(i < labels ? " --- |" : " ---: |", out);
	}
	fputc('\n', out);
}

static void put_block(FILE *out, const struct statement *s, const struct block *b, int unit) {
	char figure[FIGURE_MAX];
	int money = figure_places(s->total.capacity_nano);

	put_count(out, b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED]);
	put_count(out, b->tokens[TOKENS_OUTPUT]);
	fprintf(out, " %s |", figure_hours(b->capacity_ns, figure_hour_places(s), figure));
	put_money(out, block_has_cost(b), b->capacity_nano, money);
	put_money(out, block_has_cost(b), block_shared_nano(b), money);
	put_money(out, b->unit[TOKENS_INPUT].known, b->unit[TOKENS_INPUT].loaded_nano, unit);
	put_money(out, b->unit[TOKENS_OUTPUT].known, b->unit[TOKENS_OUTPUT].loaded_nano, unit);
	put_money(out, b->list_known, b->revenue_nano, money);
	put_money(out, b->margin_known, b->margin_nano, money);
	fputc('\n', out);
}

static void put_table(FILE *out, const struct statement *s, const struct rendering_options *r, const char *title,
                      const struct table *t, const enum by_key *by, size_t count) {
	static const char *const figures[] = {"tokens in", "tokens out", "GPU-hours", "cost", "of it shared",
	                                      "input / M",  "output / M",  "revenue",   "margin"};
	const char *headers[BY_KEYS + 9];
	char buffer[KEY_TEXT_MAX];
	size_t shown, *order = rows_in_order(r, t, by, count, &shown);
	int unit = figure_unit_places(s); /* of all models: not for each row */

	for (size_t i = 0; i < count + 9; i++) {
		headers[i] = i < count ? by_key_names[by[i]] : figures[i - count];
	}
	put_head(out, title, headers, count + 9, count);
	for (size_t i = 0; i < shown; i++) {
		const struct row *row = table_at(t, order[i]);
		fputc('|', out);
		for (size_t k = 0; k < count; k++) {
			fputc(' ', out);
			put_text(out, row_key(s, row, by[k], buffer));
			fputs(" |", out);
		}
		put_block(out, s, &row->block, unit);
	}
	free(order);
	fputs("| **= total** |", out);
	for (size_t k = 1; k < count; k++) {
		fputs(" |", out);
	}
	put_block(out, s, &s->total, unit);
}

static void put_parts(FILE *out, const struct statement *s) {
	static const char *const headers[] = {"", "GPU-hours", "of time", "cost", "of money"};
	const struct block *b = &s->total;
	char hours[FIGURE_MAX], time[FIGURE_MAX], cost[FIGURE_MAX], money[FIGURE_MAX];
	int places = figure_places(b->capacity_nano);

	put_head(out, "Where the capacity went", headers, 5, 1);
	for (int i = 0; i <= PARTS; i++) {
		int128 ns = i < PARTS ? part_ns(b, i) : b->capacity_ns, nano = i < PARTS ? part_nano(b, i) : b->capacity_nano;
		fprintf(out, "| %s | %s | %s | %s | %s |\n", i < PARTS ? part_names[i] : "**= capacity**",
		        figure_hours(ns, figure_hour_places(s), hours), figure_percent(ns, b->capacity_ns, time),
		        figure_money(nano, places, cost), figure_percent(nano, b->capacity_nano, money));
	}
}

static void put_list(FILE *out, const char *title, size_t count, char *const *lines) {
	if (count > 0) {
		fprintf(out, "\n## %s\n\n", title);
	}
	for (size_t i = 0; i < count; i++) {
		fputs("* ", out);
		markdown_put(out, text_of(lines[i]));
		fputc('\n', out);
	}
}

void render_markdown(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by_model[] = {BY_MODEL}, by_tenant[] = {BY_TENANT};
	const struct report_options *o = &s->options;
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];

	fprintf(out, "# What tokens cost\n\n%s to %s, rule %s, in %s.\n", instant_format(o->from_ns, from), instant_format(o->to_ns, to),
	        o->rule ? o->rule : "", o->currency ? o->currency : "");
	put_table(out, s, r, "Models", &s->models, by_model, 1);
	put_parts(out, s);
	if (s->tenants.count > 1 && !(o->by_count == 1 && o->by[0] == BY_TENANT)) {
		put_table(out, s, r, "Tenants", &s->tenants, by_tenant, 1);
	}
	if (o->by_count > 0) {
		put_table(out, s, r, "Rows", &s->rows, o->by, o->by_count);
	}
	put_list(out, "Warnings and findings", s->quality->warning_count, s->quality->warnings);
}
