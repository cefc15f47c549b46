/* whatif_html.c: the answers as a page: each scenario's prices next to those of the run as logged. */
#include <math.h>

#include "core/instant.h"
#include "report/estimate/sheet.h"
#include "report/estimate/whatif.h"
#include "report/page.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static double change_of(double now, double was) {
	return now / was - 1;
}

/* The answer with the cheapest output and at most four times the run's waiting time; 0: none is cheaper. */
static size_t best_of(const struct whatif_answers *all) {
	size_t best = 0;

	for (size_t i = 1; i < all->count; i++) {
		const struct answer *a = &all->at[i];
		bool bearable = !(answer_wait_ms(a) > 4 * answer_wait_ms(&all->at[0])) && a->costs.utilization <= 1;
		best = bearable && a->costs.output < all->at[best].costs.output ? i : best;
	}
	return best;
}

static void put_answer(const struct whatif_answers *all, FILE *out) {
	const struct answer *was = &all->at[0], *best = &all->at[all->even ? 1 : best_of(all)];
	double change = change_of(best->costs.output, was->costs.output);
	char number[SHEET_NUMBER_MAX];

	if (best == was) {
		fputs("<h1>None of these would make output cheaper</h1>\n<p class=\"lead\">", out);
	} else {
		fputs("<h1>Output would cost ", out);
		page_unit(out, all->w->o.currency, best->costs.output);
		fprintf(out, " per million, %.0f %% %s: ", fabs(100 * change), change < 0 ? "less" : "more");
		page_text(out, best->scenario.name);
		fputs("</h1>\n<p class=\"lead\">", out);
	}
	fputs("In the logged run, output cost ", out);
	page_unit(out, all->w->o.currency, was->costs.output);
	fputs(" and the first token came after ", out);
	page_figure(out, answer_wait_ms(was), sheet_number(answer_wait_ms(was), 0, number));
	fputs(" ms", out);
	if (best != was) {
		fputs("; then after ", out);
		page_figure(out, answer_wait_ms(best), sheet_number(answer_wait_ms(best), 0, number));
		fputs(" ms", out);
	}
	double off = change_of((double)was->outcome.sums.busy_ns, (double)all->w->busy_ns);
	fprintf(out, ". <b>Replayed, the logged run takes %.2f %% %s GPU time than was logged.</b>", 100 * fabs(off), off < 0 ? "less" : "more");
	if (all->left_out > 0) {
		fprintf(out, " %lld requests without an arrival or with impossible token counts are left out.", (long long)all->left_out);
	}
	fputs("</p>\n", out);
}

/* ---- prices ---- */

static void put_change(FILE *out, double now, double was) {
	double change = change_of(now, was);

	if (isfinite(change) && fabs(change) >= 0.0005) {
		fprintf(out, "<small class=\"%s\"> %s%.1f %%</small>", change > 0 ? "loss" : "gain", change > 0 ? "+" : "−", fabs(100 * change));
	}
}

static void put_price(FILE *out, double now, double was) {
	char figure[PAGE_FIGURE_MAX];

	fputs("<td>", out);
	page_figure(out, now, isnan(now) ? "none" : page_unit_figure(now, figure));
	put_change(out, now, was);
	fputs("</td>", out);
}

static void put_number(FILE *out, double x, int places, double shown_by) {
	char number[SHEET_NUMBER_MAX];
	page_cell(out, x, isnan(x) ? "none" : sheet_number(x * shown_by, places, number), NULL);
}

static bool any_cached(const struct whatif_answers *all) {
	for (size_t i = 0; i < all->count; i++) {
		if (!isnan(all->at[i].costs.cached)) {
			return true;
		}
	}
	return false;
}

static void put_row(const struct whatif_answers *all, const struct answer *a, bool cached, FILE *out) {
	const struct answer *was = &all->at[0];

	fputs("<tr>", out);
	page_text_cell(out, a->scenario.name);
	put_price(out, a->costs.input, was->costs.input);
	if (cached) {
		put_price(out, a->costs.cached, was->costs.cached);
	}
	put_price(out, a->costs.output, was->costs.output);
	put_number(out, answer_ratio(a), 1, 1);
	put_number(out, answer_wait_ms(a), 0, 1);
	put_number(out, answer_batch(a), 1, 1);
	put_number(out, a->costs.utilization, 1, 100);
	put_number(out, (double)a->outcome.sums.busy_ns, 4, 1 / (double)NS_PER_HOUR);
	fputs("</tr>\n", out);
}

static void put_table(const struct whatif_answers *all, FILE *out) {
	static const char *const heads[] = {"<what if", "input", "cached", "output", "out : in", "first token, ms", "batch", "at work, %", "GPU-hours at work"};
	const char *shown[COUNT(heads)];
	bool cached = any_cached(all);
	char what[200], sign[PAGE_FIGURE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(heads); i++) {
		if (i != 2 || cached) {
			shown[count++] = heads[i];
		}
	}
	snprintf(what, sizeof what, "%s per million tokens with all paid time, and their change; the log's own requests, replayed through the model of its steps.", page_sign(all->w->o.currency, sign));
	page_section(out, "scenarios", "What if", what);
	page_table(out, "answers", "What if", shown, count, -1);
	for (size_t i = 0; i < all->count; i++) {
		put_row(all, &all->at[i], cached, out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

/* ---- cost against waiting time ---- */

static void put_plot(const struct whatif_answers *all, FILE *out) {
	double x[PAGE_CURVES_MAX + 8], y[PAGE_CURVES_MAX + 8];
	const char *names[PAGE_CURVES_MAX + 8];
	char sign[PAGE_FIGURE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < all->count && count < COUNT(x); i++) {
		x[count] = answer_wait_ms(&all->at[i]);
		y[count] = all->at[i].costs.output;
		names[count++] = all->at[i].scenario.name;
	}
	if (count < 3) { /* no picture for fewer */
		return;
	}
	const struct page_curve curves[] = {{.class = "out", .x = x + 1, .y = y + 1, .labels = names + 1, .count = count - 1, .form = PAGE_POINTS},
	                                    {.class = "roof", .x = x, .y = y, .labels = names, .count = 1, .form = PAGE_POINTS}};
	page_card(out, "wait", "Cost against waiting time", "Output tokens, and how long a request waits for its first one. Down and left is better.");
	page_plot(out, &(struct page_plot){.says = "Cost of output against the wait for the first token, one point per scenario; the table has the figures", .curves = curves, .count = 2,
	                                   .x = {.log = true, .name = "first token after, ms"}, .y = {.name = "cost per million output tokens", .prefix = page_sign(all->w->o.currency, sign)}, .height = 260});
	page_section_end(out);
}

static void put_even(const struct whatif_answers *all, FILE *out) {
	const struct answer *a = &all->at[all->even];
	double left = 1 - (double)all->w->o.margin / 1e9, share = whatif_break_even(all->w, a);
	const struct {
		const char *name;
		double cost;
	} kinds[] = {{"input", a->costs.input}, {"cached input", a->costs.cached}, {"output", a->costs.output}};

	page_card(out, "even", "What would break even", NULL);
	fputs("<p>", out);
	page_text(out, a->scenario.name);
	fputs(all->w->o.margin > 0 ? ", with the requested margin" : "", out);
	const char *lead = ", per million: ";
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!isnan(kinds[i].cost)) {
			fputs(lead, out);
			page_unit(out, all->w->o.currency, kinds[i].cost / left);
			fprintf(out, " %s", kinds[i].name);
			lead = ", ";
		}
	}
	fputs(".", out);
	if (!isnan(share)) {
		fprintf(out, " At the list prices given, with %.1f %% of paid time at work%s.", share * 100, share > 1 ? ": not even GPUs that never idle would pay for themselves" : "");
	}
	fputs("</p>\n", out);
	page_section_end(out);
}

static void put_notes(const struct whatif_answers *all, FILE *out) {
	const char *lead = "<section aria-labelledby=\"note-title\"><h2 id=\"note-title\">To be read with it</h2><ul class=\"notes\">\n", *end = "";

	for (size_t i = 0; i < all->count; i++) {
		const struct answer *a = &all->at[i];
		const struct replay_sums *s = &a->outcome.sums;
		if (s->preemptions == 0 && isnan(answer_spread(a)) && a->costs.utilization <= 1) {
			continue;
		}
		fprintf(out, "%s<li>", lead);
		page_text(out, a->scenario.name);
		fputs(":", out);
		if (s->preemptions > 0) {
			fprintf(out, " %lld preemptions, %lld recomputed tokens; the cache holds %lld tokens.", (long long)s->preemptions, (long long)s->recomputed, (long long)a->outcome.kv_tokens);
		}
		if (!isnan(answer_spread(a))) {
			fprintf(out, " extrapolated to another GPU, within × / %.1f.", answer_spread(a));
		}
		fputs(a->costs.utilization > 1 ? " needs more GPUs than there are.</li>\n" : "</li>\n", out);
		lead = "";
		end = "</ul></section>\n";
	}
	fputs(end, out);
}

void whatif_html(const struct whatif_answers *all, FILE *out) {
	static const struct page_link links[] = {{"scenarios", "Scenarios"}, {"even", "Break-even"}, {NULL, NULL}};
	char dim[100];

	snprintf(dim, sizeof dim, "%.4g %s per GPU-hour", whatif_rate(all->w) * (double)NS_PER_HOUR, all->w->o.currency);
	page_open(out, "What if – tollbook", "the log's own requests, replayed", dim, links);
	put_answer(all, out);
	put_plot(all, out);
	put_table(all, out);
	put_even(all, out);
	put_notes(all, out);
	page_close(out, "whatif --format html; for programs: --format json");
}
