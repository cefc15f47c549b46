/* Cost against load: hours of the log as points, and the curve of the fitted step model up to full batches. */
#include <math.h>
#include <stdlib.h>

#include "report/page.h"
#include "report/renderings/page/html.h"

#define PANELS_MAX 6
#define POINTS_MOST 200
/* Minimum of hours for a picture without a curve. */
#define POINTS_LEAST 6
#define CURVE_MOST 24

/* Of a model: its hours, and its curve with a first place at the quietest of them. */
struct panel {
	const struct row *model;
	const struct curve_point *at;
	size_t curve_count;
	double gpus; /* of a replica; 0: not known, so figures are of a GPU */
	double x[POINTS_MOST], y[POINTS_MOST];
	size_t count, hours;
};

/* Output tokens a second of a paid replica, and what a million of them cost with all paid time. */
static bool point_of(const struct moment *m, double gpus, double *x, double *y) {
	const struct unit_cost *u = &m->unit[TOKENS_OUTPUT];

	if (!u->known || u->loaded_nano <= 0 || m->tokens[TOKENS_OUTPUT] <= 0 || m->paid_ns <= 0) {
		return false;
	}
	*x = (double)m->tokens[TOKENS_OUTPUT] * (gpus > 0 ? gpus : 1) * 1e9 / (double)m->paid_ns;
	*y = (double)u->loaded_nano / 1e9;
	return true;
}

/* From the first moment of a model. */
static void fill_points(const struct timeline *t, size_t first, struct panel *p) {
	size_t seen = 0, end = first;
	double x, y;

	for (; end < t->count && t->moments[end].model == t->moments[first].model; end++) {
		p->hours += point_of(&t->moments[end], p->gpus, &x, &y);
	}
	for (size_t i = first; i < end && p->count < POINTS_MOST; i++) {
		if (point_of(&t->moments[i], p->gpus, &x, &y) && seen++ % (p->hours / POINTS_MOST + 1) == 0) {
			p->x[p->count] = x;
			p->y[p->count++] = y;
		}
	}
}

/* Moments are in the order of models' names. */
static bool fill(const struct statement *s, const struct row *model, struct panel *p) {
	const struct timeline *t = s->timeline;
	size_t low = 0, high = t->count;

	*p = (struct panel){.model = model};
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool before = text_compare(names_text(s->options.names, t->moments[middle].model), model->model) < 0;
		*(before ? &low : &high) = before ? middle + 1 : middle;
	}
	if (low == t->count || !text_eq(names_text(s->options.names, t->moments[low].model), model->model)) {
		return false;
	}
	p->at = curves_of(s, t->moments[low].model, &p->curve_count);
	p->gpus = p->at ? p->at->gpus : 0;
	fill_points(t, low, p);
	return p->count >= POINTS_LEAST || (p->count > 0 && p->curve_count > 2);
}

/* A full replica, and the average of its hours. */
static void put_lead(FILE *out, const struct statement *s, const struct panel *p) {
	const struct block *b = &p->model->block;
	char count[FIGURE_MAX], speed[PAGE_FIGURE_MAX];

	if (p->curve_count == 0 || b->capacity_ns <= 0) {
		return;
	}
	const struct curve_point *full = &p->at[p->curve_count - 1];
	fprintf(out, "<p class=\"dim\">Full, with %s sequences together, a replica makes <data value=\"%.15g\">%s</data> output tokens a second at <b>", figure_count(full->row.sequences, count),
	        full->replica_tok_s, page_unit_figure(full->replica_tok_s, speed));
	html_unit(out, s, full->unit_nano);
	fprintf(out, "</b> per million; it made %s at ", page_unit_figure((double)b->tokens[TOKENS_OUTPUT] * p->gpus * 1e9 / (double)b->capacity_ns, speed));
	html_unit(out, s, b->unit[TOKENS_OUTPUT].loaded_nano);
	fputs(".</p>", out);
}

static void put_plot(FILE *out, const struct statement *s, const struct panel *p) {
	double x[CURVE_MOST + 1], y[CURVE_MOST + 1], quiet = INFINITY;
	char names[CURVE_MOST][FIGURE_MAX], sign[FIGURE_MAX];
	const char *labels[CURVE_MOST + 1] = {NULL};
	size_t n = 0, places = p->curve_count < CURVE_MOST ? p->curve_count : CURVE_MOST;

	for (size_t i = 0; i < p->count; i++) {
		quiet = fmin(quiet, p->x[i]);
	}
	if (places > 0 && quiet < p->at->replica_tok_s) { /* with less than one sequence time idles */
		x[n] = quiet;
		y[n++] = (double)p->at->unit_nano / 1e9 * p->at->replica_tok_s / quiet;
	}
	for (size_t i = 0; i < places; i++) {
		x[n] = p->at[i].replica_tok_s;
		y[n] = (double)p->at[i].unit_nano / 1e9;
		labels[n++] = figure_count(p->at[i].row.sequences, names[i]);
	}
	const struct page_curve curves[] = {{.class = "out", .x = p->x, .y = p->y, .count = p->count, .form = PAGE_POINTS, .plain = true},
	                                    {.class = "roof", .x = x, .y = y, .labels = labels, .count = n, .form = PAGE_LINE}};
	page_plot(out, &(struct page_plot){.says = "Cost of output tokens against their number a second: the hours of the log, and the fitted model", .curves = curves, .count = 1 + (n > 0), .height = 190,
	                                   .x = {.log = true, .name = p->gpus > 0 ? "output tokens a second of a replica" : "output tokens a second of a GPU"},
	                                   .y = {.log = true, .name = "cost per million output tokens", .prefix = figure_sign(s, sign)}});
}

static void put_panel(FILE *out, const struct statement *s, const struct panel *p) {
	fputs("<div><h3>", out);
	html_put_text(out, p->model->model.len > 0 ? p->model->model : T("(none)"));
	fputs("</h3>", out);
	put_lead(out, s, p);
	put_plot(out, s, p);
	fputs("</div>\n", out);
}

static void put_figures(FILE *out, const struct statement *s) {
	static const char *const heads[] = {"<model", "sequences", "step, ms", "tokens/s a user", "tokens/s a replica", "output / M"};
	char figure[FIGURE_MAX], exact[DECIMAL_TEXT_MAX];

	if (s->curves.count == 0) {
		return;
	}
	fputs("<details><summary>The figures of the fitted model</summary>", out);
	page_table(out, "curve", "Cost against load by the fitted model", heads, 6, -1);
	for (size_t i = 0; i < s->curves.count; i++) {
		const struct curve_point *p = &s->curves.rows[i];
		fputs("<tr><td class=\"l\">", out);
		html_put_text(out, names_text(s->options.names, p->row.model));
		fprintf(out, "</td><td><data value=\"%lld\">%s</data></td><td><data value=\"%.15g\">%.3g</data></td>", (long long)p->row.sequences, figure_count(p->row.sequences, figure), p->step_ns,
		        p->step_ns / 1e6);
		fprintf(out, "<td><data value=\"%.15g\">%s</data></td>", p->user_tok_s, page_unit_figure(p->user_tok_s, figure));
		fprintf(out, "<td><data value=\"%.15g\">%s</data></td>", p->replica_tok_s, page_unit_figure(p->replica_tok_s, figure));
		fprintf(out, "<td><data value=\"%s\">%s</data></td></tr>\n", decimal_format(p->unit_nano, 9, exact), figure_unit(p->unit_nano, figure));
	}
	fputs("</tbody>", out);
	page_table_end(out);
	fputs("</details>", out);
}

static int by_cost(const void *a, const void *b) {
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	int order = exact_order(y->block.capacity_nano, x->block.capacity_nano);

	return order ? order : text_compare(x->model, y->model);
}

static void put_panels(FILE *out, const struct statement *s, const struct panel *panels, size_t count, bool curves) {
	bool hours = s->timeline->step_ns == NS_PER_HOUR;

	fprintf(out, "<section aria-labelledby=\"load-title\"><h2 id=\"load-title\">Cost against load</h2><p class=\"dim\">Each point is %s of this log with all time that was paid then.%s</p>"
	        "<div class=\"panels\">\n", hours ? "an hour" : "a day", curves ? " The line is the step model fitted to the log: a replica that always decodes so many sequences together." : "");
	for (size_t i = 0; i < count; i++) {
		put_panel(out, s, &panels[i]);
	}
	fputs("</div>", out);
	put_figures(out, s);
	fputs("</section>\n", out);
}

/* Without shared time in it, the cost of an hour does not depend on its load. */
void html_load(const struct statement *s, FILE *out) {
	const struct row **rows = must_calloc(s->models.count + 1, sizeof *rows);
	struct panel *panels = must_calloc(PANELS_MAX, sizeof *panels);
	size_t count = 0;

	for (size_t i = 0; i < s->models.count; i++) {
		rows[i] = table_at(&s->models, i);
	}
	qsort(rows, s->models.count, sizeof *rows, by_cost);
	for (size_t i = 0; i < s->models.count && count < PANELS_MAX && s->options.idle_proportional; i++) {
		count += fill(s, rows[i], &panels[count]);
	}
	if (count > 0) {
		put_panels(out, s, panels, count, s->curves.count > 0);
	}
	free(panels);
	free(rows);
}
