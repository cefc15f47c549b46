/* The page of a comparison: a waterfall from one statement to the other, and each model by causes. */
#include <stdlib.h>

#include "report/diff.h"
#include "report/renderings/page/html.h"

#define FALL_HEIGHT 240
#define FALL_TOP 24
#define FALL_BARS (DIFF_CAUSES + 2)

static const char *const cause_titles[DIFF_CAUSES][2] = {
	{"Volume", "more tokens"}, {"Mix", "models, input or output"}, {"Efficiency", "GPU time per token"}, {"Price", "money per GPU-hour"}, {"Idle", "time without tokens"},
};

/* From and to of each bar: before, the causes one on the other, after. */
struct fall {
	int64_t from[FALL_BARS], to[FALL_BARS], low, high;
};

static void lay_out(const struct diff_row *t, struct fall *f) {
	int64_t at = t->before;

	*f = (struct fall){.low = t->before < t->after ? t->before : t->after, .high = t->before > t->after ? t->before : t->after};
	f->to[0] = t->before;
	for (int k = 0; k < DIFF_CAUSES; k++) {
		f->from[k + 1] = at;
		at += t->cause[k];
		f->to[k + 1] = at;
		f->low = at < f->low ? at : f->low;
		f->high = at > f->high ? at : f->high;
	}
	f->to[FALL_BARS - 1] = t->after;
	int64_t span = f->high - f->low;
	f->low = f->low > 2 * span && span > 0 ? f->low - span / 4 : 0; /* the end bars are broken where the changes are small */
	f->high = f->high > f->low ? f->high : f->low + 1;
}

static int height_at(const struct fall *f, int64_t nano) {
	double at = (double)(nano - f->low) / (double)(f->high - f->low);
	return FALL_TOP + FALL_HEIGHT - (int)(FALL_HEIGHT * (at > 0 ? at : 0));
}

static void put_signed(FILE *out, const struct statement *s, int64_t nano) {
	fputs(nano > 0 ? "+" : "", out);
	html_sum(out, s, nano);
}

static void put_bar(FILE *out, const struct statement *s, const struct fall *f, int i) {
	bool end = i == 0 || i == FALL_BARS - 1;
	int from = end ? FALL_TOP + FALL_HEIGHT : height_at(f, f->from[i]), to = height_at(f, f->to[i]), top = from < to ? from : to;
	double width = 100.0 / FALL_BARS, x = width * i;
	char figure[FIGURE_MAX], sign[FIGURE_MAX];
	int64_t nano = end ? f->to[i] : f->to[i] - f->from[i];

	figure_sum(nano, figure);
	fprintf(out, "<rect class=\"%s\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\" rx=\"2\"/>", end ? "fall-end" : nano > 0 ? "fall-up" : "fall-down", x + 0.15 * width, top,
	        0.7 * width, from == to ? 1 : from > to ? from - to : to - from);
	fprintf(out, "<text class=\"m\" x=\"%.2f%%\" y=\"%d\">%s%s%s</text>", x + width / 2, top - 6, end ? "" : nano > 0 ? "+" : nano < 0 ? "−" : "", figure_sign(s, sign),
	        figure + (figure[0] == '-'));
	fprintf(out, "<text class=\"m\" x=\"%.2f%%\" y=\"%d\">%s</text><text class=\"d m alt\" x=\"%.2f%%\" y=\"%d\">%s</text>\n", x + width / 2, FALL_TOP + FALL_HEIGHT + 18,
	        i == 0 ? "Before" : end ? "After" : cause_titles[i - 1][0], x + width / 2, FALL_TOP + FALL_HEIGHT + 34, end ? "" : cause_titles[i - 1][1]);
}

static void put_fall(FILE *out, const struct statement *s, const struct diff_row *total) {
	struct fall f;

	lay_out(total, &f);
	fputs("<section class=\"card\" aria-labelledby=\"fall-title\"><h2 id=\"fall-title\">From before to after</h2><span class=\"aside\">", out);
	if (f.low > 0) {
		fputs("the axis starts at ", out);
		html_sum(out, s, f.low);
	}
	fprintf(out, "</span><svg height=\"%d\" role=\"img\" aria-label=\"What each cause added or took off; the table has the figures\">\n", FALL_TOP + FALL_HEIGHT + 40);
	for (int i = 0; i < FALL_BARS; i++) {
		put_bar(out, s, &f, i);
	}
	fputs("</svg></section>\n", out);
}

static void put_cell(FILE *out, int64_t nano, int64_t widest, int places, bool change) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];
	int64_t size = nano < 0 ? -nano : nano;
	int heat = !change || size == 0 || widest <= 0 ? 0 : 1 + (int)(3.0 * (double)size / (double)widest);

	heat = heat > 4 ? 4 : heat;
	if (heat > 0) {
		fprintf(out, "<td class=\"%s%d\">", nano > 0 ? "up" : "dn", heat);
	} else {
		fputs("<td>", out);
	}
	fprintf(out, "<data value=\"%s\">%s%s</data></td>", decimal_format(nano, 9, exact), change && nano > 0 ? "+" : "", figure_money(nano, places, shown));
}

static void put_row(FILE *out, const struct diff_row *row, int64_t widest, int places) {
	put_cell(out, row->before, 0, places, false);
	put_cell(out, row->after, 0, places, false);
	put_cell(out, row->after - row->before, 0, places, true);
	for (int k = 0; k < DIFF_CAUSES; k++) {
		put_cell(out, row->cause[k], widest, places, true);
	}
	fputs("</tr>\n", out);
}

static int64_t widest_of(const struct diff_row *models, size_t count) {
	int64_t most = 0;

	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k < DIFF_CAUSES; k++) {
			int64_t size = models[i].cause[k] < 0 ? -models[i].cause[k] : models[i].cause[k];
			most = size > most ? size : most;
		}
	}
	return most;
}

static void put_models(FILE *out, const struct diff_row *total, const struct diff_row *models, size_t count) {
	int64_t most = total->before > total->after ? total->before : total->after, widest = widest_of(models, count);
	int places = figure_places(most);

	fputs("<section aria-labelledby=\"models-title\"><h2 id=\"models-title\">By model</h2><p class=\"dim\">The causes of each row add up to its change. Darker is more money; red costs "
	      "more, green less.</p>\n<div class=\"wrap\" role=\"region\" tabindex=\"0\" aria-label=\"Changes by model, table\"><table id=\"changes\" aria-label=\"Changes by model\" data-sort>"
	      "<thead><tr><th scope=\"col\" class=\"l\">model</th><th scope=\"col\">before</th><th scope=\"col\">after</th><th scope=\"col\" data-sum>change</th>", out);
	for (int k = 0; k < DIFF_CAUSES; k++) {
		fprintf(out, "<th scope=\"col\">%s</th>", cause_titles[k][0]);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t i = 0; i < count; i++) {
		fputs("<tr><td class=\"l\">", out);
		html_put_text(out, models[i].model.len > 0 ? models[i].model : T("(none)"));
		fputs("</td>", out);
		put_row(out, &models[i], widest, places);
	}
	fputs("</tbody><tfoot><tr class=\"sum\"><td class=\"l\">= total</td>", out);
	put_row(out, total, 0, places);
	fputs("</tfoot></table></div></section>\n", out);
}

void diff_page(struct text currency, const struct diff_row *total, const struct diff_row *models, size_t count, FILE *out) {
	char code[16];
	struct statement s = {.options = {.currency = code}}; /* for the sign of the currency alone */
	int64_t change = total->after - total->before;
	int most = 0;

	snprintf(code, sizeof code, "%.*s", TEXT_ARG(currency));
	for (int k = 1; k < DIFF_CAUSES; k++) {
		most = (total->cause[k] < 0) == (change < 0) && llabs(total->cause[k]) > llabs(total->cause[most]) ? k : most;
	}
	html_open(out, "What changed – tollbook");
	fputs("<header class=\"mast\"><div><b>tollbook</b>&nbsp; difference of two statements</div></header>\n<main>\n<h1>", out);
	html_sum(out, &s, change < 0 ? -change : change);
	fprintf(out, " %s than before</h1>\n<p class=\"lead\">From ", change < 0 ? "less" : "more");
	html_sum(out, &s, total->before);
	fputs(" to ", out);
	html_sum(out, &s, total->after);
	fprintf(out, ". <b>%s: ", cause_titles[most][0]);
	put_signed(out, &s, total->cause[most]);
	fputs("</b>.</p>\n", out);
	put_fall(out, &s, total);
	put_models(out, total, models, count);
	fputs("</main>\n<footer>\n", out);
	html_close(out, NULL);
}
