/* What was bought from API vendors, at list price: by model, by tenant, by the keys of --by. */
#include <stdlib.h>

#include "core/files/platform.h"
#include "report/page.h"
#include "report/renderings/page/html.h"

#define ROWS_MAX 1000

bool html_bought_only(const struct statement *s) {
	return s->total.has_bought && !s->total.has_ran;
}

static void put_cost(FILE *out, const struct statement *s, const struct block *b) {
	if (b->list_known) {
		page_money_cell(out, b->bought_nano, figure_places(s->total.bought_nano), false, "b");
	} else {
		fputs("<td class=\"dim\">no list price</td>", out);
	}
}

static void put_block(FILE *out, const struct statement *s, const struct block *b) {
	char width[PERCENT_MAX];

	put_cost(out, s, b);
	html_percent(s->total.bought_nano > 0 ? (double)b->bought_nano / (double)s->total.bought_nano : 0, width);
	fprintf(out, "<td class=\"strip\"><svg class=\"bar\" height=\"12\" aria-hidden=\"true\"><rect class=\"own\" width=\"%s\" height=\"12\"/></svg></td>", width);
	page_count_cell(out, b->bought_requests);
	page_count_cell(out, b->bought_tokens[TOKENS_INPUT] + b->bought_tokens[TOKENS_CACHED]);
	if (b->cached_unknown) {
		fputs("<td class=\"dim\">not known</td>", out);
	} else {
		page_count_cell(out, b->bought_tokens[TOKENS_CACHED]);
	}
	page_count_cell(out, b->bought_tokens[TOKENS_OUTPUT]);
	fputs("</tr>\n", out);
}

/* The largest first; those that cost the same by their keys. */
static int compare_prices(const void *a, const void *b, void *table) {
	const struct table *t = table;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = exact_order(table_at(t, y)->block.bought_nano, table_at(t, x)->block.bought_nano);

	return order ? order : (x > y) - (x < y);
}

static void put_rows(FILE *out, const struct statement *s, const struct rendering_options *r, const struct table *t, const enum by_key *by, size_t count) {
	char buffer[KEY_TEXT_MAX];
	size_t rows, shown = 0, *order = rows_in_order(r, t, by, count, &rows);

	if (r->sort == ROWS_BY_COST && by_finest_time(by, count) == BY_KEYS) {
		platform_sort(order, rows, sizeof *order, compare_prices, (void *)(uintptr_t)t);
	}
	for (size_t i = 0; i < rows && shown < ROWS_MAX; i++) {
		const struct row *row = table_at(t, order[i]);
		if (!row->block.has_bought) {
			continue;
		}
		fputs("<tr>", out);
		for (size_t k = 0; k < count; k++) {
			struct text name = row_key(s, row, by[k], buffer);
			fputs("<td class=\"l\">", out);
			html_put_text(out, name.len > 0 ? name : T("(none)"));
			fputs("</td>", out);
		}
		put_block(out, s, &row->block);
		shown++;
	}
	free(order);
}

static void put_table(FILE *out, const struct statement *s, const struct rendering_options *r, const struct table *t, const enum by_key *by, size_t count, const char *id, const char *title) {
	static const char *const figures[] = {"at list price", "share", "requests", "tokens in", "of these cached", "tokens out"};
	const char *heads[BY_KEYS + 6];
	char names[BY_KEYS][20];

	for (size_t i = 0; i < count + 6; i++) {
		if (i < count) {
			snprintf(names[i], sizeof names[i], "<%s", by_key_names[by[i]]);
		}
		heads[i] = i < count ? names[i] : figures[i - count];
	}
	fprintf(out, "<h3>%s</h3>", title);
	page_table(out, id, title, heads, count + 6, (int)count);
	put_rows(out, s, r, t, by, count);
	page_table_foot(out);
	fputs("<tr class=\"sum\"><td class=\"l\">= total</td>", out);
	for (size_t i = 1; i < count; i++) {
		fputs("<td></td>", out);
	}
	put_block(out, s, &s->total);
	fputs("</tfoot>", out);
	page_table_end(out);
}

void html_bought(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key model[] = {BY_MODEL}, tenant[] = {BY_TENANT};

	if (!s->total.has_bought) {
		return;
	}
	page_section(out, "bought", "Bought from API vendors", "What the tokens cost at the vendors' list prices; an invoice may have discounts (reconcile compares it).");
	put_table(out, s, r, &s->models, model, 1, "boughtmodels", "By model");
	size_t all, unpriced = unpriced_bought(s, &all);
	if (unpriced > 0 && s->total.list_known) {
		fprintf(out, "<p class=\"dim\">The total is without %zu of %zu models, whose list price is not known.</p>\n", unpriced, all);
	}
	if (s->tenants.count > 1) {
		put_table(out, s, r, &s->tenants, tenant, 1, "boughttenants", "By tenant");
	}
	if (s->options.by_count > 1 && html_bought_only(s)) {
		put_table(out, s, r, &s->rows, s->options.by, s->options.by_count, "boughtrows", "By the keys of --by");
	}
	page_section_end(out);
}
