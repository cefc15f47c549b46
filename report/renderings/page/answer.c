/* The first screen of the page: the answer as a sentence, unit costs, margin, use of the money, levers. */
#include <math.h>

#include "report/renderings/page/html.h"

/* Half of the interval, as a share of the busy cost. */
static double doubt_of(const struct unit_cost *u) {
	double below = (double)(u->busy_nano - u->low_nano), above = (double)(u->high_nano - u->busy_nano);
	return u->known && u->busy_nano > 0 ? (above > below ? above : below) / (double)u->busy_nano : 0;
}

static bool is_listed(const struct block *b, int kind) {
	return b->list_known && b->list_price_known[kind] && b->list_nano[kind] > 0;
}

/* Paid over list price, of the models that have one; 0: none has. */
static double html_paid_over_list(const struct statement *s, int kind) {
	double paid = 0, list = 0;

	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &table_at(&s->models, i)->block;
		if (is_listed(b, kind) && b->unit[kind].known) {
			paid += (double)b->unit[kind].loaded_nano * (double)b->tokens[kind];
			list += (double)b->list_nano[kind] * (double)b->tokens[kind];
		}
	}
	return list > 0 ? paid / list : 0;
}

/* ---- the sentence ---- */

static void put_against(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;
	double idle = part_share(b->cost_nano[ENTRY_IDLE], b->capacity_nano), listed = html_paid_over_list(s, TOKENS_OUTPUT);
	double ratio = block_ratio_real(b);
	char figure[FIGURE_MAX];

	if (idle > 0.5) {
		fprintf(out, "; %.0f %% of the ", 100 * idle);
		html_sum(out, s, b->capacity_nano);
		fputs(" paid was idle", out);
	} else if (listed > 0) {
		fprintf(out, ", %s × its list price", figure_times(listed, figure));
	} else if (ratio > 0) {
		fprintf(out, ", %s × input", figure_times(ratio, figure));
	}
}

static void put_sentence(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;

	if (b->unit[TOKENS_OUTPUT].known) {
		fputs("Output cost ", out);
		html_unit(out, s, b->unit[TOKENS_OUTPUT].loaded_nano);
		fputs(" per million tokens", out);
		put_against(out, s);
	} else if (b->has_bought && !b->has_ran) {
		html_sum(out, s, b->bought_nano);
		fputs(" of API spend, at list price", out);
	} else if (block_has_cost(b)) {
		html_sum(out, s, b->capacity_nano);
		fputs(" was paid; what output cost is not known", out);
	} else {
		fputs("What a token costs", out);
	}
}

static void put_input(FILE *out, const struct statement *s) {
	double listed = html_paid_over_list(s, TOKENS_INPUT);
	char figure[FIGURE_MAX];

	if (!s->total.unit[TOKENS_INPUT].known) {
		return;
	}
	fputs("Input cost ", out);
	html_unit(out, s, s->total.unit[TOKENS_INPUT].loaded_nano);
	if (listed > 0) {
		fprintf(out, ", %s × list", figure_times(listed, figure));
	}
	fputs(". ", out);
}

/* The largest part that is not work. */
static void put_waste(FILE *out, const struct block *b) {
	double idle = part_share(b->cost_nano[ENTRY_IDLE], b->capacity_nano), dark = part_share(b->cost_nano[ENTRY_UNOBSERVED], b->capacity_nano);
	double work = part_share(block_busy_ns(b), b->capacity_ns);

	if (b->capacity_nano <= 0) {
		return;
	}
	if (dark > idle && dark >= 0.001) {
		fprintf(out, "<b>%.*f %% of paid time is in no log</b>", dark < 0.1, 100 * dark);
		fprintf(out, idle >= 0.01 ? ", %.0f %% was idle. " : ". ", 100 * idle);
	} else {
		fprintf(out, "<b>GPUs were at work for %.1f %% of paid time</b>", 100 * work);
		fprintf(out, idle >= 0.01 ? ", %.0f %% of the money was idle. " : ". ", 100 * idle);
	}
}

static void put_wide_doubt(FILE *out, const struct unit_cost *u) {
	double doubt = doubt_of(u);
	if (doubt >= 0.2) {
		fprintf(out, "At work, output is known to ± %.0f %%. ", 100 * doubt);
	}
}

static void put_assumed(FILE *out, const struct statement *s) {
	size_t count, shown = 0;
	const struct quality_notice *n = quality_notices(s->quality, NOTICE_ASSUMPTION, &count);

	for (size_t i = 0; i < count; i++) {
		if (n[i].field[NOTICE_KIND] || !n[i].field[NOTICE_TEXT]) {
			continue;
		}
		fputs(shown++ == 0 ? "<div class=\"assumed\"><b>Assumed</b> <ul>" : "", out);
		if (shown > 6) {
			continue;
		}
		fputs("<li>", out);
		html_put_string(out, n[i].field[NOTICE_TEXT]);
		if (n[i].field[NOTICE_OPTION]) {
			fputs(" <code>", out);
			html_put_string(out, n[i].field[NOTICE_OPTION]);
			fputs("</code>", out);
		}
		fputs("</li>", out);
	}
	if (shown > 6) {
		fprintf(out, "<li>and %zu more: see assumptions in the JSON</li>", shown - 6);
	}
	fputs(shown > 0 ? "</ul></div>\n" : "", out);
}

void html_answer(const struct statement *s, FILE *out) {
	fputs("<h1>", out);
	put_sentence(out, s);
	fputs("</h1>\n<p class=\"lead\">", out);
	put_input(out, s);
	put_waste(out, &s->total);
	put_wide_doubt(out, &s->total.unit[TOKENS_OUTPUT]);
	fputs("</p>\n", out);
	put_assumed(out, s);
}

/* ---- what a token costs ---- */

static const char *const kind_words[TOKEN_KINDS] = {"Input", "Cached input", "Output"};

static void put_grades(FILE *out, const struct block *b) {
	int128 busy = block_busy_ns(b);

	if (busy == 0) {
		return;
	}
	fputs("<span class=\"aside\">evidence", out);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		if (b->evidence_ns[g] > 0) {
			double part = 100 * part_share(b->evidence_ns[g], busy);
			fprintf(out, part < 0.5 ? " <span class=\"chip\" title=\"%s\">%s &lt;1 %%</span>" : " <span class=\"chip\" title=\"%s\">%s %.0f %%</span>",
			        grade_titles[g], grade_names[g], part);
		}
	}
	fputs("</span>", out);
}

static void put_cost(FILE *out, const struct statement *s, const struct unit_cost *u) {
	double doubt = doubt_of(u);

	if (!u->known) {
		fputs("<td class=\"l big\"><span class=\"dim\">not known</span></td>", out);
		return;
	}
	fputs("<td class=\"l big\"><b>", out);
	html_unit(out, s, u->loaded_nano);
	fputs("</b><small>at work ", out);
	html_unit(out, s, u->busy_nano);
	if (doubt >= 0.005) {
		fprintf(out, doubt < 0.1 ? " <span>± %.1f %%</span>" : " <span>± %.0f %%</span>", 100 * doubt);
	}
	fputs("</small></td>", out);
}

static void put_listed(FILE *out, const struct statement *s, int kind) {
	const struct block *b = &s->total;
	double ratio = html_paid_over_list(s, kind);
	char figure[FIGURE_MAX];

	fputs("<td class=\"ratio\">", out);
	if (ratio > 0) {
		fprintf(out, "<b class=\"%s\"><data value=\"%.6f\">%s ×</data></b>", ratio > 1 ? "loss" : "gain", ratio, figure_times(ratio, figure));
	}
	if (is_listed(b, kind)) {
		fputs("<small>list ", out);
		html_list(out, s, b->list_nano[kind]);
		fputs("</small>", out);
	}
	fputs("</td>", out);
}

/* Of what was bought: the price itself. */
static void put_price(FILE *out, const struct statement *s, int kind) {
	if (is_listed(&s->total, kind)) {
		fputs("<td class=\"l big\"><b>", out);
		html_list(out, s, s->total.list_nano[kind]);
		fputs("</b><small>at list price</small></td>", out);
	} else {
		fputs("<td class=\"l big\"><span class=\"dim\">not known</span></td>", out);
	}
}

static void put_kind(FILE *out, const struct statement *s, int kind, const struct scale *c) {
	static const char *const swatches[TOKEN_KINDS] = {"pre", "cac", "dec"};
	const struct block *b = &s->total;
	char figure[FIGURE_MAX];

	bool unknown = kind == TOKENS_CACHED && b->cached_unknown;
	if (b->tokens[kind] == 0 && kind == TOKENS_CACHED && !unknown) {
		return; /* the line below the table states it */
	}
	fprintf(out, "<tr><th scope=\"row\"><svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" height=\"100%%\" rx=\"2\"/></svg>%s<small>", swatches[kind], kind_words[kind]);
	if (unknown) {
		fputs("not reported by the logs</small></th>", out);
	} else {
		fprintf(out, "<data value=\"%lld\">%s</data> tokens</small></th>", (long long)b->tokens[kind], figure_count(b->tokens[kind], figure));
	}
	/* The time of cached input may be included in that of the rest. */
	if (html_bought_only(s)) {
		put_price(out, s, kind);
	} else if (unknown || (kind == TOKENS_CACHED && b->unit[kind].known && b->unit[kind].busy_nano == 0)) {
		fputs("<td class=\"l big\"><span class=\"dim\">not known</span><small>in the cost of input</small></td>", out);
	} else {
		put_cost(out, s, &b->unit[kind]);
	}
	fputs("<td class=\"mark\">", out);
	chart_marks(b, kind, c, 46, out);
	fputs("</td>", out);
	if (html_bought_only(s)) {
		fputs("<td></td>", out);
	} else {
		put_listed(out, s, kind);
	}
	fputs("</tr>\n", out);
}

static void put_ratios(FILE *out, const struct statement *s) {
	double real = block_ratio_real(&s->total), list = block_ratio_list(&s->total);
	char figure[FIGURE_MAX];

	fputs("<p class=\"foot\">", out);
	if (s->models.count > 1) {
		fprintf(out, "Mean of %zu models%s. ", s->models.count, s->total.list_known && !html_bought_only(s) ? "; paid / list over those that have a list price" : "");
	}
	if (real > 0) {
		fprintf(out, "Output to input: <b><data value=\"%.6f\">%s</data> : 1</b> in cost", real, figure_times(real, figure));
		if (list > 0) {
			fprintf(out, ", %s : 1 in the price list", figure_times(list, figure));
		}
		if (s->total.list_known && s->total.list_model && s->total.list_model[0] != '(') {
			fputs(" (", out);
			html_put_string(out, s->total.list_model);
			fputs(")", out);
		}
		fputs(". ", out);
	}
	fputs(html_bought_only(s) ? "Nothing of this ran on GPUs of the fleet." : "All paid time includes its share of idle, other and unobserved time. ± is at 95&nbsp;%.", out);
	fputs(s->total.tokens[TOKENS_CACHED] == 0 && !s->total.cached_unknown ? " No input was cached.</p>\n" : "</p>\n", out);
}

static void put_prices(FILE *out, const struct statement *s) {
	struct scale c;

	if (!chart_scale(s, &c)) {
		return;
	}
	fputs("<section class=\"card prices\" aria-labelledby=\"price-title\"><h2 id=\"price-title\">What a token costs</h2>", out);
	put_grades(out, &s->total);
	bool bought = html_bought_only(s);
	fprintf(out, "<table aria-label=\"What a token costs\"><thead><tr><th></th><th scope=\"col\" class=\"l\">%s, ", bought ? "list price" : "all paid time");
	html_currency(out, s);
	fputs(" per million</th><th class=\"mark\">", out);
	if (!bought) {
		chart_mark_legend(out);
	}
	fprintf(out, "</th><th scope=\"col\">%s</th></tr></thead>\n<tbody>", bought ? "" : "paid / list");
	for (int k = 0; k < TOKEN_KINDS; k++) {
		put_kind(out, s, k, &c);
	}
	fputs("</tbody><tfoot class=\"mark\"><tr><td></td><td></td><td>", out);
	chart_axis(&c, out);
	fputs("</td><td></td></tr></tfoot></table>\n", out);
	put_ratios(out, s);
	fputs("</section>\n", out);
}

/* ---- margin ---- */

static void put_bar(FILE *out, const struct statement *s, const char *name, int64_t nano) {
	fprintf(out, "<p class=\"pair\"><span>%s</span><b>", name);
	html_sum(out, s, nano);
	fputs("</b></p>", out);
}

static void put_break_even(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;
	double load, busy = part_share(block_busy_ns(b), b->capacity_ns);

	if (!break_even_load(s, &load)) {
		return;
	}
	if (load <= 1) {
		fprintf(out, "<p class=\"foot\">Would break even at these prices with <b>%.0f %%</b> of paid time at work (it was %.1f %%), or at this load with prices of ",
		        100 * load, 100 * busy);
	} else {
		fputs("<p class=\"foot\">No load breaks even at these prices. At this load, prices would have to be ", out);
	}
	const char *lead = "";
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			fprintf(out, "%s<b>", lead);
			html_unit(out, s, b->unit[k].loaded_nano);
			fprintf(out, "</b> %s", k == TOKENS_INPUT ? "input" : k == TOKENS_CACHED ? "cached" : "output");
			lead = ", ";
		}
	}
	fputs(".</p>", out);
}

static void put_no_price(FILE *out) {
	fputs("<section class=\"card margin\" aria-labelledby=\"margin-title\"><h2 id=\"margin-title\">Compare with a list price</h2>"
	      "<p>No model here has one. Name the corresponding model of the catalogue:</p><p><code>--list NAME=PROVIDER/MODEL</code></p>"
	      "<p>or a catalogue with <code>--prices FILE</code>; <code>tollbook prices list</code> shows what is known.</p></section>\n", out);
}

static void put_margin(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;
	int64_t revenue = b->revenue_nano - b->bought_nano, widest = revenue > b->priced_nano ? revenue : b->priced_nano;
	char width[PERCENT_MAX], figure[FIGURE_MAX];

	if (!b->margin_known) {
		put_no_price(out);
		return;
	}
	fprintf(out, "<section class=\"card margin\" aria-labelledby=\"margin-title\"><h2 id=\"margin-title\">Margin</h2><span class=\"aside\">at list price");
	if (s->priced_models > 0 && b->priced_nano != b->capacity_nano) {
		fprintf(out, ", %zu models of %zu", s->priced_models, s->models.count);
	}
	fprintf(out, "</span><p class=\"huge %s\">", b->margin_nano < 0 ? "loss" : "gain");
	html_sum(out, s, b->margin_nano);
	fputs("</p>", out);
	if (revenue > 0) {
		fprintf(out, "<p class=\"dim\">For each %s of revenue, ", html_one(s, figure));
		html_sum(out, s, (int64_t)llround((double)b->priced_nano / (double)revenue * 1e9));
		fputs(" was paid.</p>", out);
	}
	put_bar(out, s, "Revenue at list price", revenue);
	fprintf(out, "<svg height=\"14\" aria-hidden=\"true\"><rect class=\"gainbar\" width=\"%s\" height=\"14\" rx=\"2\"/></svg>", html_percent(part_share(revenue, widest), width));
	put_bar(out, s, "Paid for GPUs", b->priced_nano);
	chart_parts(b, 14, part_share(b->priced_nano, widest), out);
	put_break_even(out, s);
	fputs("</section>\n", out);
}

void html_prices(const struct statement *s, FILE *out) {
	fputs("<div class=\"first\">\n", out);
	put_prices(out, s);
	if (s->total.has_ran || !s->total.has_bought) {
		put_margin(out, s);
	}
	fputs("</div>\n", out);
}

/* ---- where each dollar went ---- */

static const char *const part_words[PARTS][2] = {
	{"Prefill", "reading prompts"}, {"Decode", "writing answers"}, {"Other", "between steps"},
	{"Idle", "paid, no request"}, {"Not observed", "paid, in no log"},
};

static void put_paid(FILE *out, const struct statement *s) {
	char figure[FIGURE_MAX], ns[EXACT_TEXT_MAX];

	fputs("<span class=\"aside\">", out);
	html_sum(out, s, s->total.capacity_nano);
	fprintf(out, " paid · <data value=\"%s\">%s</data> GPU-hours", exact_print(s->total.capacity_ns, ns),
	        figure_hours(s->total.capacity_ns, s->total.capacity_ns < NS_PER_HOUR * 10 ? 3 : 0, figure));
	if (s->series.rate_count == 1) {
		fputs(" at ", out);
		html_list(out, s, s->series.rates[0].rate_nano);
	}
	fputs("</span>", out);
}

void html_dollar(const struct statement *s, FILE *out) {
	const struct block *b = &s->total;

	if (b->capacity_nano <= 0) {
		return;
	}
	bool in_cents = strcmp(s->options.currency ? s->options.currency : "", "USD") == 0;
	fprintf(out, "<section class=\"card\" aria-labelledby=\"flow-title\"><h2 id=\"flow-title\">Where %s went</h2>", in_cents ? "each dollar" : "the money");
	put_paid(out, s);
	chart_parts(b, 34, 1, out);
	fputs("<ul class=\"parts\">", out);
	for (int i = 0; i < PARTS; i++) {
		double cents = 100 * part_share(part_nano(b, i), b->capacity_nano);
		if (part_nano(b, i) == 0) {
			continue;
		}
		fprintf(out, "<li><svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" height=\"100%%\" rx=\"2\"/></svg>%s<small> · %s</small><br><b>",
		        part_names[i], part_words[i][0], part_words[i][1]);
		fputs(cents < 0.05 ? "&lt;" : "", out);
		fprintf(out, "%.1f %s</b> ", cents < 0.05 ? 0.1 : cents, in_cents ? "¢" : "%");
		html_sum(out, s, part_nano(b, i));
		fputs("</li>", out);
	}
	fputs("</ul></section>\n", out);
}

/* ---- levers ---- */

static const struct {
	const char *name, *title, *class;
} lever_words[] = {
	{"unobserved", "Paid time in no log", "unobserved"}, {"idle", "Idle", "idle"}, {"batch", "Small batches", "decode"}, {"cache", "More prompt caching", "prefill"},
};

static void put_lever(FILE *out, const struct statement *s, const struct lever *l, int64_t widest) {
	char width[PERCENT_MAX];
	size_t w = 0;

	while (w + 1 < sizeof lever_words / sizeof *lever_words && strcmp(lever_words[w].name, l->name) != 0) {
		w++;
	}
	fputs("<tr><td class=\"amount\"><b>", out);
	html_sum(out, s, l->amount_nano);
	fprintf(out, "</b></td><td class=\"mark\"><svg height=\"12\" aria-hidden=\"true\"><rect class=\"%s\" width=\"%s\" height=\"12\" rx=\"2\"/></svg></td><th scope=\"row\">%s</th><td class=\"l wide\">",
	        lever_words[w].class, html_percent(part_share(l->amount_nano, widest), width), lever_words[w].title);
	html_put_string(out, l->text);
	fputs("</td></tr>\n", out);
}

/* If this much of busy time was split by averages alone, the rest is a guess. */
#define SHARPEN_SHARE 2 /* a half */
#define SHARPEN_MOST 4

static bool wants_sharpening(const struct statement *s) {
	return s->evidence_ns[GRADE_D] > 0 && s->evidence_ns[GRADE_D] >= block_busy_ns(&s->total) / SHARPEN_SHARE;
}

static void put_unmeasured(FILE *out, const struct statement *s) {
	size_t count;
	const struct quality_notice *n = quality_notices(s->quality, NOTICE_MISSING, &count);

	for (size_t i = 0; i < count; i++) {
		bool better = strcmp(n[i].field[NOTICE_KIND], QUALITY_BETTER) == 0;
		if (better && statement_wants_better(s) && !wants_sharpening(s)) {
			fputs("<tr><td class=\"amount dim\">not measured</td><td class=\"mark\"></td><th scope=\"row\">Batches</th><td class=\"l wide\">", out);
			html_put_string(out, n[i].field[NOTICE_TEXT]);
			fputs("</td></tr>\n", out);
			return;
		}
	}
}


void html_sharpen(const struct statement *s, FILE *out) {
	size_t count, shown = 0;
	const struct quality_notice *n = quality_notices(s->quality, NOTICE_MISSING, &count);

	if (!wants_sharpening(s)) {
		return;
	}
	for (size_t i = 0; i < count && shown < SHARPEN_MOST; i++) {
		bool better = strcmp(n[i].field[NOTICE_KIND], QUALITY_BETTER) == 0;
		fputs(shown++ == 0 ? "<section class=\"card\" aria-labelledby=\"sharpen-title\"><h2 id=\"sharpen-title\">What would sharpen it</h2>"
		                     "<span class=\"aside\">what to switch on, and what it brings</span>\n<table class=\"levers\" aria-label=\"What would sharpen it\"><tbody>\n" : "", out);
		fputs("<tr><th scope=\"row\">", out);
		html_put_string(out, better ? "A narrower interval" : n[i].field[NOTICE_KIND]);
		fputs("</th><td class=\"l wide\">", out);
		html_put_string(out, n[i].field[NOTICE_TEXT]);
		fputs("</td></tr>\n", out);
	}
	fputs(shown > 0 ? "</tbody></table></section>\n" : "", out);
}

void html_levers(const struct statement *s, FILE *out) {
	const struct levers *all = &s->levers;

	if (all->count == 0) {
		return;
	}
	fputs("<section class=\"card\" aria-labelledby=\"lever-title\"><h2 id=\"lever-title\">What would lower it</h2>"
	      "<span class=\"aside\">largest first; each alone, for this period; they overlap</span>\n<table class=\"levers\" aria-label=\"What would lower it\"><tbody>\n", out);
	for (size_t i = 0; i < all->count && i < 4; i++) {
		put_lever(out, s, &all->at[i], all->at[0].amount_nano);
	}
	put_unmeasured(out, s);
	fputs("</tbody></table></section>\n", out);
}
