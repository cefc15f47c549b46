/* Cost of output tokens by sequences decoding together, against the tokens per second of a user. */
#include "report/page.h"
#include "report/renderings/page/html.h"

#define PANELS_MAX 6
#define POINTS_MAX 24
/* Minimum of batch sizes for a picture. */
#define POINTS_LEAST 3

static const char *name_of(const struct batch *b, char out[64]) {
	if (b->row.from_sequences == b->row.to_sequences) {
		snprintf(out, 64, "%lld", (long long)b->row.from_sequences);
	} else if (b->row.to_sequences == INT64_MAX) {
		snprintf(out, 64, "%lld or more", (long long)b->row.from_sequences);
	} else {
		snprintf(out, 64, "%lld to %lld", (long long)b->row.from_sequences, (long long)b->row.to_sequences);
	}
	return out;
}

static size_t end_of(const struct batches *all, size_t from) {
	size_t to = from + 1;

	while (to < all->count && all->rows[to].row.model == all->rows[from].row.model) {
		to++;
	}
	return to;
}

static void put_panel(FILE *out, const struct statement *s, const struct batch *rows, size_t count) {
	double x[POINTS_MAX], y[POINTS_MAX], fit_x[POINTS_MAX], fit_y[POINTS_MAX];
	char names[POINTS_MAX][64], sign[FIGURE_MAX];
	const char *labels[POINTS_MAX];
	size_t n = 0, places, fits = 0;

	for (size_t i = 0; i < count && n < POINTS_MAX; i++) {
		if (rows[i].rated_tokens > 0 && rows[i].user_tok_s > 0) {
			x[n] = rows[i].user_tok_s;
			y[n] = (double)rows[i].unit_nano / 1e9;
			labels[n] = name_of(&rows[i], names[n]);
			n++;
		}
	}
	if (n < POINTS_LEAST) {
		return;
	}
	const struct curve_point *fitted = curves_of(s, rows->row.model, &places);
	for (size_t i = 0; i < places && fits < POINTS_MAX; i++, fits++) {
		fit_x[fits] = fitted[i].user_tok_s;
		fit_y[fits] = (double)fitted[i].unit_nano / 1e9;
	}
	const struct page_curve curves[] = {{.class = "out", .x = x, .y = y, .labels = labels, .count = n, .form = PAGE_BOTH},
	                                    {.class = "dash", .x = fit_x, .y = fit_y, .count = fits, .form = PAGE_LINE}};
	fputs("<div><h3>", out);
	html_put_text(out, names_text(s->options.names, rows->row.model));
	fputs("</h3>", out);
	page_plot(out, &(struct page_plot){.says = "Cost of output at work against tokens a second of a user, by sequences that decode together", .curves = curves, .count = 1 + (fits > 2), .height = 190,
	                                   .x = {.name = "tokens a second that a user sees"}, .y = {.log = true, .name = "cost per million output tokens at work", .prefix = figure_sign(s, sign)}});
	fputs("</div>\n", out);
}

static void put_row(FILE *out, const struct statement *s, const struct batch *b, bool models) {
	char name[64], figure[FIGURE_MAX], exact[DECIMAL_TEXT_MAX];

	fputs("<tr>", out);
	if (models) {
		fputs("<td class=\"l\">", out);
		html_put_text(out, names_text(s->options.names, b->row.model));
		fputs("</td>", out);
	}
	fprintf(out, "<td class=\"l\"><data value=\"%lld\">%s</data></td><td><data value=\"%lld\">%s</data></td>", (long long)b->row.from_sequences, name_of(b, name), (long long)b->row.steps,
	        figure_count(b->row.steps, figure));
	fprintf(out, "<td><data value=\"%lld\">%s</data></td>", (long long)b->row.tokens, figure_count(b->row.tokens, figure));
	fprintf(out, b->rated_tokens > 0 ? "<td><data value=\"%s\">%s</data></td>" : "<td></td>", decimal_format(b->unit_nano, 9, exact), figure_unit(b->unit_nano, figure));
	fprintf(out, b->user_tok_s > 0 ? "<td><data value=\"%.15g\">%.0f</data></td></tr>\n" : "<td></td></tr>\n", b->user_tok_s, b->user_tok_s);
}

void html_batches(const struct statement *s, FILE *out) {
	static const char *const heads[] = {"<model", "<sequences", "steps", "tokens", "cost / M at work", "tokens/s a user"};
	const struct batches *all = &s->batches;
	bool models = all->count > 0 && end_of(all, 0) < all->count;
	int panels = 0;

	if (all->count < POINTS_LEAST) {
		return;
	}
	page_section(out, "speed", "Cost against speed", s->curves.count > 2 ? "Steps of this log, by how many sequences decoded together: fuller batches make cheaper tokens, and slower answers. Dashed: the fitted model without prompts in between." : "Steps of this log, by how many sequences decoded together: fuller batches make cheaper tokens, and slower answers.");
	fputs("<div class=\"panels\">\n", out);
	for (size_t from = 0; from < all->count && panels < PANELS_MAX; from = end_of(all, from), panels++) {
		put_panel(out, s, all->rows + from, end_of(all, from) - from);
	}
	fputs("</div>\n<details><summary>The figures</summary>", out);
	page_table(out, "batches", "By sequences decoding together", heads + !models, 6 - !models, -1);
	for (size_t i = 0; i < all->count; i++) {
		put_row(out, s, &all->rows[i], models);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	fputs("</details>", out);
	page_section_end(out);
}
