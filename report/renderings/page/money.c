/* Who the money was paid for: models, and tenants by model. */
#include <math.h>
#include <stdlib.h>

#include "report/renderings/page/html.h"

/* Further rows are summed into one; the table of tenants has them all. */
#define MATRIX_ROWS 15
#define MATRIX_COLUMNS 12
#define HEATS 9

static void put_money(FILE *out, bool known, int64_t nano, int places, const char *class) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];

	if (known) {
		fprintf(out, "<td%s><data value=\"%s\">%s</data></td>", class, decimal_format(nano, 9, exact), figure_money(nano, places, shown));
	} else {
		fputs("<td class=\"dim\">not known</td>", out);
	}
}

static void put_unit(FILE *out, const struct unit_cost *u) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];

	if (u->known) {
		fprintf(out, "<td><data value=\"%s\">%s</data></td>", decimal_format(u->loaded_nano, 9, exact), figure_unit(u->loaded_nano, shown));
	} else {
		fputs("<td></td>", out);
	}
}

/* ---- models ---- */

static void put_model_list(FILE *out, const struct block *b) {
	const struct unit_cost *u = &b->unit[TOKENS_OUTPUT];
	char figure[FIGURE_MAX];

	if (b->list_known && b->list_price_known[TOKENS_OUTPUT] && b->list_nano[TOKENS_OUTPUT] > 0 && u->known) {
		double ratio = (double)u->loaded_nano / (double)b->list_nano[TOKENS_OUTPUT];
		fprintf(out, "<td class=\"%s\"><data value=\"%.6f\">%s ×</data></td>", ratio > 1 ? "loss" : "gain", ratio, figure_times(ratio, figure));
	} else {
		fputs("<td class=\"dim\">no list price</td>", out);
	}
}

static void put_model(FILE *out, const struct statement *s, const struct block *b, const struct scale *c, int places) {
	char figure[FIGURE_MAX];

	put_money(out, block_has_cost(b), b->capacity_nano, places, "");
	fputs("<td class=\"strip\">", out);
	chart_parts(b, 14, part_share(b->capacity_nano, s->total.capacity_nano > 0 ? b->capacity_nano : 1), out);
	fprintf(out, "</td><td><data value=\"%.6f\">%s</data></td>", part_share(block_busy_ns(b), b->capacity_ns), figure_percent(block_busy_ns(b), b->capacity_ns, figure));
	put_unit(out, &b->unit[TOKENS_INPUT]);
	put_unit(out, &b->unit[TOKENS_OUTPUT]);
	fputs("<td class=\"strip\">", out);
	if (c) {
		chart_marks(b, TOKENS_OUTPUT, c, 24, out);
	}
	fputs("</td>", out);
	put_model_list(out, b);
	put_money(out, b->list_known, b->revenue_nano, places, b->list_known ? "" : " class=\"dim\"");
	fputs("</tr>\n", out);
}

/* The total of the rows hidden by --top. */
static void put_rest_of_models(FILE *out, const struct statement *s, const size_t *rows, size_t shown, int places) {
	int64_t nano = s->total.capacity_nano;

	if (shown == s->models.count) {
		return;
	}
	for (size_t i = 0; i < shown; i++) {
		exact_add(&nano, -table_at(&s->models, rows[i])->block.capacity_nano);
	}
	fprintf(out, "<tr class=\"rest\"><td class=\"l\">+ %zu more</td>", s->models.count - shown);
	put_money(out, true, nano, places, "");
	fputs("<td colspan=\"7\"></td></tr>\n", out);
}

void html_models(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by[] = {BY_MODEL};
	int places = s->total.capacity_nano < 10 * NANO ? 4 : 2;
	struct scale c;
	size_t count;

	if (s->models.count < 2) {
		return;
	}
	bool scaled = chart_scale(s, &c);
	size_t *rows = rows_in_order(r, &s->models, by, 1, &count);
	fputs("<section aria-labelledby=\"models-title\"><h2 id=\"models-title\">Models</h2><p class=\"dim\">Each with all paid time; "
	      "the bar is what it went to, as in the legend above. Per million tokens.</p>\n<div class=\"wrap\" role=\"region\" tabindex=\"0\" aria-label=\"Models, table\">"
	      "<table id=\"models\" aria-label=\"Models\" data-sort><thead><tr><th scope=\"col\" class=\"l\">model</th><th scope=\"col\" data-sum", out);
	fputs(r->sort == ROWS_BY_COST ? " aria-sort=\"descending\"" : "", out);
	fputs(">paid</th><th scope=\"col\">of which</th><th scope=\"col\">at work</th><th scope=\"col\">input / M</th><th scope=\"col\">output / M</th>"
	      "<th scope=\"col\">output: at work ○ paid ● list ◆</th><th scope=\"col\">paid / list</th><th scope=\"col\">revenue</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = table_at(&s->models, rows[i]);
		fputs("<tr><td class=\"l\">", out);
		html_put_text(out, row->model.len > 0 ? row->model : T("(none)"));
		fputs("</td>", out);
		put_model(out, s, &row->block, scaled ? &c : NULL, places);
	}
	put_rest_of_models(out, s, rows, count, places);
	fputs("</tbody><tfoot><tr class=\"sum\"><td class=\"l\">= total</td>", out);
	put_model(out, s, &s->total, scaled ? &c : NULL, places);
	fputs("</tfoot></table></div></section>\n", out);
	free(rows);
}

/* ---- tenants by models ---- */

struct matrix {
	const struct statement *s;
	size_t *tenants, *models; /* in the order shown, indices into the statement's tables */
	size_t tenant_count, model_count, rows_most, shown;
	bool by_cost;
	const struct block **cells; /* of the tenant in its row and the model in its column, both by index; NULL: none */
	int64_t least, most;
};

static size_t index_of(const struct table *t, struct text name, bool tenant) {
	for (size_t i = 0; i < t->count; i++) {
		if (text_eq(tenant ? table_at(t, i)->tenant : table_at(t, i)->model, name)) {
			return i;
		}
	}
	return t->count;
}

static void fill(struct matrix *m) {
	const struct table *lines = &m->s->lines;

	m->least = INT64_MAX;
	for (size_t i = 0; i < lines->count; i++) {
		const struct row *row = table_at(lines, i);
		size_t t = index_of(&m->s->tenants, row->tenant, true), k = index_of(&m->s->models, row->model, false);
		if (t < m->s->tenants.count && k < m->s->models.count) {
			int64_t nano = row->block.capacity_nano;
			m->cells[t * m->s->models.count + k] = &row->block;
			m->least = nano > 0 && nano < m->least ? nano : m->least;
			m->most = nano > m->most ? nano : m->most;
		}
	}
}

static int heat_of(const struct matrix *m, int64_t nano) {
	if (nano <= 0 || m->most <= m->least) {
		return nano > 0 ? HEATS / 2 : 0;
	}
	double at = log((double)nano / (double)m->least) / log((double)m->most / (double)m->least);
	return (int)(at * (HEATS - 1) + 0.5);
}

static void put_cell(FILE *out, const struct matrix *m, size_t tenant, size_t model, int places) {
	const struct block *b = m->cells[tenant * m->s->models.count + model];
	char class[24];

	if (!b) {
		fputs("<td class=\"h0\"></td>", out);
		return;
	}
	snprintf(class, sizeof class, " class=\"h%d\"", heat_of(m, b->capacity_nano));
	put_money(out, true, b->capacity_nano, places, class);
}

static int64_t rest_of(const struct matrix *m, size_t model) {
	int64_t nano = 0;

	for (size_t i = m->shown; i < m->tenant_count; i++) {
		const struct block *b = m->cells[m->tenants[i] * m->s->models.count + model];
		nano += b ? b->capacity_nano : 0;
	}
	return nano;
}

static void put_rest(FILE *out, const struct matrix *m, int places) {
	int64_t sum = 0;

	if (m->shown == m->tenant_count) {
		return;
	}
	fprintf(out, "<tr class=\"rest\"><td class=\"l\">+ %zu %s</td>", m->tenant_count - m->shown, m->by_cost ? "smaller" : "more");
	for (size_t k = 0; k < m->model_count; k++) {
		int64_t nano = rest_of(m, m->models[k]);
		put_money(out, true, nano, places, "");
		sum += nano;
	}
	put_money(out, true, sum, places, "");
	fputs("</tr>\n", out);
}

static void put_matrix_rows(FILE *out, const struct matrix *m, int places) {
	for (size_t i = 0; i < m->shown; i++) {
		const struct row *row = table_at(&m->s->tenants, m->tenants[i]);
		fputs("<tr><td class=\"l\">", out);
		html_put_text(out, row->tenant.len > 0 ? row->tenant : T("(none)"));
		fputs("</td>", out);
		for (size_t k = 0; k < m->model_count; k++) {
			put_cell(out, m, m->tenants[i], m->models[k], places);
		}
		put_money(out, true, row->block.capacity_nano, places, " class=\"b\"");
		fputs("</tr>\n", out);
	}
	put_rest(out, m, places);
	fputs("</tbody><tfoot><tr class=\"sum\"><td class=\"l\">= total</td>", out);
	for (size_t k = 0; k < m->model_count; k++) {
		put_money(out, true, table_at(&m->s->models, m->models[k])->block.capacity_nano, places, "");
	}
	put_money(out, true, m->s->total.capacity_nano, places, "");
	fputs("</tr></tfoot></table></div></section>\n", out);
}

static const struct row *largest_of(const struct table *t) {
	const struct row *most = t->rows;

	for (size_t i = 1; i < t->count; i++) {
		most = table_at(t, i)->block.capacity_nano > most->block.capacity_nano ? table_at(t, i) : most;
	}
	return most;
}

static void put_matrix_head(FILE *out, const struct matrix *m) {
	const struct row *first = largest_of(&m->s->tenants);
	char figure[FIGURE_MAX];

	fputs("<section aria-labelledby=\"matrix-title\"><h2 id=\"matrix-title\">Tenants and models</h2><p class=\"dim\">All paid time. Darker is more, on a logarithmic scale. The largest tenant, ", out);
	html_put_text(out, first->tenant.len > 0 ? first->tenant : T("(none)"));
	fprintf(out, ", took %s of the bill.</p>\n<div class=\"wrap heat\" role=\"region\" tabindex=\"0\" aria-label=\"Tenants and models, table\">"
	        "<table id=\"matrix\" aria-label=\"Tenants and models\" data-sort><thead><tr><th scope=\"col\" class=\"l\">tenant</th>",
	        figure_percent(first->block.capacity_nano, m->s->total.capacity_nano, figure));
	for (size_t k = 0; k < m->model_count; k++) {
		fputs("<th scope=\"col\" class=\"up\"><span>", out);
		html_put_text(out, table_at(&m->s->models, m->models[k])->model.len > 0 ? table_at(&m->s->models, m->models[k])->model : T("(none)"));
		fputs("</span></th>", out);
	}
	fprintf(out, "<th scope=\"col\" data-sum%s>total</th></tr></thead><tbody>\n", m->by_cost ? " aria-sort=\"descending\"" : "");
}

void html_matrix(const struct statement *s, const struct rendering_options *r, FILE *out) {
	static const enum by_key by_tenant[] = {BY_TENANT}, by_model[] = {BY_MODEL};
	const struct rendering_options order = {.sort = r->sort}; /* the rows hidden by --top are in a separate row */
	struct matrix m = {.s = s, .by_cost = r->sort == ROWS_BY_COST};

	if (s->tenants.count < 2 || s->models.count < 2 || s->models.count > MATRIX_COLUMNS || s->total.capacity_nano <= 0) {
		return;
	}
	m.tenants = rows_in_order(&order, &s->tenants, by_tenant, 1, &m.tenant_count);
	m.models = rows_in_order(&order, &s->models, by_model, 1, &m.model_count);
	m.cells = must_calloc(s->tenants.count * s->models.count, sizeof(*m.cells));
	fill(&m);
	m.rows_most = r->top > 0 && r->top < MATRIX_ROWS ? (size_t)r->top : MATRIX_ROWS;
	m.shown = m.tenant_count > m.rows_most + 1 ? m.rows_most : m.tenant_count;
	put_matrix_head(out, &m);
	put_matrix_rows(out, &m, s->total.capacity_nano >= 10000 * NANO ? 0 : s->total.capacity_nano >= 10 * NANO ? 2 : 4);
	free(m.cells);
	free(m.tenants);
	free(m.models);
}
