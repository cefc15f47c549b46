/* The page of a comparison: a waterfall from one statement to the other, and each model by causes. */
#include <math.h>

#include "report/diff.h"
#include "report/page.h"
#include "report/renderings/page/html.h"

static const char *const cause_titles[DIFF_CAUSES][2] = {
	{"Volume", "number of tokens"}, {"Mix", "models, input or output"}, {"Efficiency", "GPU time per token"}, {"Price", "money per GPU-hour"}, {"Idle", "time without tokens"},
};

static void put_fall(FILE *out, const char *currency, const struct diff_row *total) {
	struct page_step steps[DIFF_CAUSES];

	for (int k = 0; k < DIFF_CAUSES; k++) {
		steps[k] = (struct page_step){cause_titles[k][0], cause_titles[k][1], total->cause[k]};
	}
	page_fall(out, currency, &(struct page_fall){
		"fall", "From before to after", "What each cause added or took off; the table has the figures", {"Before", NULL, total->before},
		{"After", NULL, total->after}, steps, DIFF_CAUSES});
}

static void put_cell(FILE *out, int64_t nano, int64_t widest, int places, bool change) {
	double size = fabs((double)nano);
	int heat = !change || nano == 0 || widest <= 0 ? 0 : 1 + (int)(3.0 * size / (double)widest);
	char class[16];

	snprintf(class, sizeof class, "%s%d", nano > 0 ? "up" : "dn", heat < 4 ? heat : 4);
	page_money_cell(out, nano, places, change, heat > 0 ? class : NULL);
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
	const char *heads[4 + DIFF_CAUSES] = {"<model", "before", "after", "change"};

	for (int k = 0; k < DIFF_CAUSES; k++) {
		heads[4 + k] = cause_titles[k][0];
	}
	page_section(out, "models", "By model", "The causes of each row add up to its change. Darker is more money; red costs more, green less.");
	page_table(out, "changes", "Changes by model", heads, 4 + DIFF_CAUSES, 3);
	for (size_t i = 0; i < count; i++) {
		fputs("<tr><td class=\"l\">", out);
		html_put_text(out, models[i].model.len > 0 ? models[i].model : T("(none)"));
		fputs("</td>", out);
		put_row(out, &models[i], widest, places);
	}
	page_table_foot(out);
	fputs("<tr class=\"sum\"><td class=\"l\">= total</td>", out);
	put_row(out, total, 0, places);
	fputs("</tfoot>", out);
	page_table_end(out);
	page_section_end(out);
}

void diff_page(struct text currency, const struct diff_row *total, const struct diff_row *models, size_t count, FILE *out) {
	char code[16];
	double change = (double)total->after - (double)total->before;
	int most = 0;

	snprintf(code, sizeof code, "%.*s", TEXT_ARG(currency));
	for (int k = 1; k < DIFF_CAUSES; k++) {
		most = (total->cause[k] < 0) == (change < 0) && fabs((double)total->cause[k]) > fabs((double)total->cause[most]) ? k : most;
	}
	page_open(out, "What changed – tollbook", "difference of two statements", NULL, (const struct page_link[]){{"fall", "Causes"}, {"models", "Models"}, {NULL, NULL}});
	fputs("<h1>", out);
	page_sum(out, code, change < 0 ? total->before - total->after : total->after - total->before);
	fprintf(out, " %s than before</h1>\n<p class=\"lead\">From ", change < 0 ? "less" : "more");
	page_sum(out, code, total->before);
	fputs(" to ", out);
	page_sum(out, code, total->after);
	fprintf(out, ". <b>%s: ", cause_titles[most][0]);
	page_change(out, code, total->cause[most]);
	fputs("</b>.</p>\n", out);
	put_fall(out, code, total);
	put_models(out, total, models, count);
	page_close(out, "diff BEFORE.json AFTER.json --format html");
}
