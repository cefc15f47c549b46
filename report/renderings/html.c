/*
 * One HTML file that stands by itself: no network, opens from disk, for screens light and dark,
 * phones and paper. Every figure is a <data> element whose value has all digits of the JSON.
 */
#include "report/renderings/html.h"

#include <assert.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/embedded.h"
#include "core/instant.h"

static const struct {
	char c;
	const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

static void put_character(FILE *out, char c) {
	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
		if (c == entities[i].c) {
			fputs(entities[i].entity, out);
			return;
		}
	}
	fputc(c, out);
}

void html_put_text(FILE *out, struct text t) {
	size_t size = 12 * t.len + 1;
	char *safe = must_alloc(size);

	printable(t, safe, size);
	for (const char *c = safe; *c; c++) {
		put_character(out, *c);
	}
	free(safe);
}

void html_put_string(FILE *out, const char *s) {
	html_put_text(out, text_of(s ? s : ""));
}

/* ---- the policy ---- */

static unsigned hex_digit(char c) {
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* The SHA-256 of a text in base64, as a Content-Security-Policy wants it. */
static void put_hash(FILE *out, const char *text) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char hex[DIGEST_HEX_MAX];
	struct digest *d = digest_new();

	digest_add(d, text_of(text));
	digest_finish(d, hex);
	digest_free(d);
	fputs("'sha256-", out);
	for (int i = 0; i < 32; i += 3) {
		unsigned bits = 0;
		for (int b = 0; b < 3; b++) {
			int at = 2 * (i + b);
			bits = bits << 8 | (i + b < 32 ? hex_digit(hex[at]) << 4 | hex_digit(hex[at + 1]) : 0);
		}
		for (int c = 0; c < 4; c++) {
			fputc(i + c > 32 ? '=' : digits[bits >> (18 - 6 * c) & 63], out);
		}
	}
	fputc('\'', out);
}

static void put_head(FILE *out, const struct statement *s) {
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action "
	      "'none'; img-src data:; style-src ",
	      out);
	put_hash(out, embedded_page_css);
	fputs("; script-src ", out);
	put_hash(out, embedded_page_js);
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>What a token costs – tollbook ",
	      out);
	html_put_string(out, s->options.version);
	fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", embedded_page_css);
}

/* ---- the answer ---- */

static void put_answer(FILE *out, const struct block *b) {
	double real = block_ratio_real(b), list = block_ratio_list(b);

	if (real <= 0) {
		return;
	}
	fprintf(out, "<p class=\"lead\">An output token cost <b>%.1f times</b> what an uncached input token did", real);
	if (list > 0) {
		fprintf(out, "; at list price it would be <b>%.1f times</b>", list);
	}
	fputs(".</p>\n", out);
}

static void put_card(FILE *out, const char *figure, const char *what) {
	fprintf(out, "<li><b>%s</b><small>%s</small></li>\n", figure, what);
}

/* Tokens in few letters: "412", "1.3 M", "162.4 bn". */
static const char *in_short(int64_t n, char out[FIGURE_MAX]) {
	int64_t unit = n < 1000000 ? 1 : n < 1000000000 ? 1000000 : 1000000000, tenths = 0;
	char whole[FIGURE_MAX];

	if (unit == 1 || !exact_mul_div(n, 10, unit, &tenths)) {
		return figure_count(n, out);
	}
	snprintf(out, FIGURE_MAX, "%s.%d %s", figure_count(tenths / 10, whole), (int)(tenths % 10),
		 unit == 1000000 ? "M" : "bn");
	return out;
}

static void put_cards(FILE *out, const struct statement *s) {
	const struct block *b = &s->total;
	int places = figure_places(b->capacity_nano);
	char figure[FIGURE_MAX];

	fputs("<ul class=\"cards\">\n", out);
	put_card(out, figure_money(b->capacity_nano, places, figure), "paid for the capacity");
	put_card(out, figure_percent(block_busy_ns(b), b->capacity_ns, figure), "of GPU time was busy with tokens");
	if (b->blended.known) {
		put_card(out, figure_money(b->blended.loaded_nano, figure_unit_places(s), figure),
			 "per million tokens of all kinds, loaded");
	}
	if (b->list_known) {
		put_card(out, figure_money(b->revenue_nano, places, figure), "would be the revenue at list price");
	}
	if (b->margin_known) {
		put_card(out, figure_percent(b->margin_nano, b->revenue_nano, figure), "margin at list price");
	}
	put_card(out, in_short(b->tokens[0] + b->tokens[1], figure), "input tokens");
	put_card(out, in_short(b->tokens[TOKENS_OUTPUT], figure), "output tokens");
	put_card(out, in_short(b->requests, figure), "requests");
	fputs("</ul>\n", out);
}

/* An end of the period: a day where it is midnight, else to the second. */
static const char *edge(int64_t ns, char out[INSTANT_TEXT_MAX]) {
	bool day = instant_floor(ns, NS_PER_DAY) == ns;
	instant_format(instant_floor(ns, NS_PER_SECOND), out);
	out[day ? 10 : 19] = '\0';
	if (!day) {
		out[10] = ' ';
	}
	return out;
}

/* More than one step of time? */
static bool has_times(const struct statement *s) {
	return s->timeline->count > s->models.count;
}

static void put_link(FILE *out, bool there, const char *id, const char *name) {
	if (there) {
		fprintf(out, "<a href=\"#%s-title\">%s</a>\n", id, name);
	}
}

static void put_links(FILE *out, const struct statement *s) {
	fputs("<nav aria-label=\"Sections\">\n", out);
	put_link(out, true, "flow", "Where it went");
	put_link(out, true, "cost", "Cost and list price");
	put_link(out, true, "margin", "Margin");
	put_link(out, has_times(s), "time", "Over time");
	put_link(out, s->positions.count > 0, "position", "By position");
	put_link(out, true, "tenant", "Tenants");
	put_link(out, s->rules.count > 0, "rule", "Rules");
	put_link(out, s->total.capacity_mj > 0, "watt", "Energy");
	put_link(out, s->options.by_count > 0, "by", "Rows");
	put_link(out, true, "rests", "Evidence");
	fputs("</nav>\n", out);
}

static void put_title(FILE *out, const struct statement *s) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	const struct report_options *o = &s->options;

	fprintf(out,
		"<header class=\"top\">\n<h1>What a token costs</h1>\n<ul class=\"meta\"><li>%s to %s UTC</li><li>all "
		"money in ",
		edge(o->from_ns, from), edge(o->to_ns, to));
	html_put_string(out, o->currency);
	fputs("</li><li>mixed steps split by the rule ", out);
	html_put_string(out, o->rule);
	fputs("</li></ul>\n", out);
	put_answer(out, &s->total);
	put_cards(out, s);
	put_links(out, s);
	fputs("</header>\n<main>\n", out);
}

/* ---- sections ---- */

static void open_section(FILE *out, const char *id, const char *title, const char *what) {
	fprintf(out, "<section aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n<p class=\"dim\">%s</p>\n",
		id, id, title, what);
}

static void close_section(FILE *out) {
	fputs("</section>\n", out);
}

static void put_tie_out(FILE *out, const struct statement *s) {
	open_section(out, "flow", "Where the money went",
		     "Everything that was paid, to the last unit. Unobserved is paid time that no log covers.");
	fputs("<div class=\"two\">\n", out);
	chart_flow(s, out);
	fputs("<div>\n", out);
	html_parts(s, out);
	fputs("</div></div>\n", out);
	close_section(out);
}

static void put_units(FILE *out, const struct statement *s) {
	open_section(
	    out, "cost", "What a token costs, and what it lists for",
	    "Per million tokens. Busy: the GPU time of prefill or decode alone. Loaded: with idle, other and "
	    "unobserved "
	    "time on top, so that it pays the bill. The interval is what the split of mixed steps leaves open.");
	chart_prices(s, out);
	html_units(s, out);
	close_section(out);
	open_section(out, "margin", "Margin at list price",
		     "Revenue is what the tokens would have brought. The ratio is output to uncached input.");
	html_margins(s, out);
	if (s->services.count > 0) {
		html_services(s, out);
	}
	close_section(out);
}

static void put_line_legend(FILE *out) {
	fputs("<ul class=\"legend\"><li><svg aria-hidden=\"true\"><rect class=\"k2\" y=\"35%\" width=\"100%\" "
	      "height=\"30%\"/></svg>output</li><li><svg aria-hidden=\"true\"><rect class=\"k0\" y=\"35%\" "
	      "width=\"100%\" "
	      "height=\"30%\"/></svg>input, uncached</li></ul>\n<div class=\"panels\">\n",
	      out);
}

static void put_times(FILE *out, const struct statement *s) {
	if (!has_times(s)) {
		return;
	}
	open_section(out, "time",
		     s->timeline->step_ns == NS_PER_HOUR ? "Unit cost, hour by hour" : "Unit cost, day by day",
		     "Busy cost per million tokens over the period (UTC); the band holds it at 95 %.");
	put_line_legend(out);
	chart_times(s, out);
	fputs("</div>\n", out);
	close_section(out);
}

static void put_positions(FILE *out, const struct statement *s) {
	if (s->positions.count == 0) {
		return;
	}
	open_section(
	    out, "position", "Cost by position in the context",
	    "Busy cost per million tokens, by how many tokens stood before them: a list price is flat, this is not.");
	put_line_legend(out);
	chart_positions(s, out);
	fputs("</div>\n", out);
	html_positions(s, out);
	close_section(out);
}

static void put_tenants(FILE *out, const struct statement *s) {
	static const enum by_key by_tenant[] = {BY_TENANT};

	open_section(out, "tenant", "Tenants",
		     s->options.idle_proportional
			 ? "Each bears its share of idle, other and unobserved cost; unit costs are loaded."
			 : "Idle, other and unobserved cost is not allocated.");
	chart_margins(s, out);
	html_rows(s, "tenants", &s->tenants, by_tenant, 1, out);
	close_section(out);
}

static void put_rows(FILE *out, const struct statement *s) {
	if (s->options.by_count == 0) {
		return;
	}
	open_section(out, "by", "Row by row", "By the keys that were asked for; unit costs are loaded.");
	html_rows(s, "rows", &s->rows, s->options.by, s->options.by_count, out);
	close_section(out);
}

static void put_sides(FILE *out, const struct statement *s) {
	if (s->rules.count > 0) {
		open_section(out, "rule", "Under each rule",
			     "The same mixed steps, split by each rule; unit costs are busy, per million tokens.");
		html_rules(s, out);
		close_section(out);
	}
	if (s->total.capacity_mj > 0) {
		open_section(
		    out, "watt", "Energy",
		    "In watt-hours, in all and per million tokens. What was not metered is the fleet file's watts.");
		html_energy(s, out);
		close_section(out);
	}
}

static void put_adjustments(FILE *out, const struct statement *s) {
	char lead[200], hours[FIGURE_MAX], money[FIGURE_MAX];

	if (s->adjustments.count == 0) {
		return;
	}
	snprintf(lead, sizeof lead, "What later evidence changes in closed periods: %s GPU-hours, %s in all. It counts here, and is "
	         "in none of the figures above.", figure_hours(s->adjustments.gpu_ns, figure_hour_places(s), hours),
	         figure_money(s->adjustments.cost_nano, figure_places(s->total.capacity_nano), money));
	open_section(out, "adjusted", "Later evidence for closed periods", lead);
	html_adjustments(s, out);
	close_section(out);
}

/* ---- what it rests on ---- */

static void put_finding(FILE *out, const char *class, const char *lead, const char *what, const char *where) {
	fprintf(out, "<li class=\"%s\">%s", class, lead);
	html_put_string(out, what);
	fputs(where[0] ? ": <code>" : "", out);
	html_put_string(out, where);
	fputs(where[0] ? "</code></li>\n" : "</li>\n", out);
}

static void put_findings(FILE *out, const struct quality *q) {
	char lead[120], count[FIGURE_MAX];

	fputs("<ul class=\"found\">\n", out);
	for (size_t i = 0; i < q->reject_count; i++) {
		snprintf(lead, sizeof lead, "%s lines rejected, ", figure_count(q->rejects[i].lines, count));
		put_finding(out, "err", lead, q->rejects[i].reason, q->rejects[i].first);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		bool placed = q->damages[i].offset > 0;
		snprintf(lead, sizeof lead, placed ? "Damaged at byte %s, " : "Not read, ", figure_count(q->damages[i].offset, count));
		put_finding(out, "err", lead, q->damages[i].reason, q->damages[i].file);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		put_finding(out, "warn", "", q->warnings[i], "");
	}
	fputs("</ul>\n", out);
}

static void put_quality(FILE *out, const struct statement *s) {
	const struct quality *q = s->quality;
	char lines[FIGURE_MAX], steps[FIGURE_MAX], requests[FIGURE_MAX], windows[FIGURE_MAX], powers[FIGURE_MAX];

	open_section(out, "rests", "What it rests on",
		     "The evidence behind the split of busy time, by grade, and what was wrong with the input.");
	html_evidence(s, out);
	if (s->models.count > 1) {
		html_model_evidence(s, out);
	}
	fprintf(out,
		"<p>Read %s lines of %zu file%s: %s steps, %s requests, %s windows, %s power samples; %lld "
		"duplicates.</p>\n",
		figure_count(q->lines, lines), q->input_count, q->input_count == 1 ? "" : "s", figure_count(q->steps, steps),
		figure_count(q->requests, requests), figure_count(q->windows, windows), figure_count(q->powers, powers),
		(long long)q->duplicates);
	put_findings(out, q);
	close_section(out);
}

/* Inputs beyond this many are counted only; the JSON has them all. */
#define INPUTS_SHOWN 200

static void put_sources(FILE *out, const struct statement *s) {
	const struct quality *q = s->quality;
	const struct prices *prices = s->options.prices;

	fputs("<details><summary>Files and their SHA-256</summary>\n<ul class=\"notes\">\n", out);
	for (size_t i = 0; i < q->input_count && i < INPUTS_SHOWN; i++) {
		put_finding(out, "", "", q->inputs[i].file, q->inputs[i].sha256);
	}
	if (q->input_count > INPUTS_SHOWN) {
		fprintf(out, "<li>and %zu more</li>\n", q->input_count - INPUTS_SHOWN);
	}
	if (s->options.fleet_sha256 && s->options.fleet_sha256[0]) {
		put_finding(out, "", "", "fleet file", s->options.fleet_sha256);
	}
	if (s->options.descriptions_sha256 && s->options.descriptions_sha256[0]) {
		put_finding(out, "", "", "descriptions of models", s->options.descriptions_sha256);
	}
	for (size_t i = 0; prices && i < prices->source_count; i++) {
		put_finding(out, "", "", "list prices", prices->sources[i].sha256);
	}
	fputs("</ul></details>\n", out);
}

static void put_foot(FILE *out, const struct statement *s) {
	fputs("</main>\n<footer>\n", out);
	put_sources(out, s);
	fputs("<p>Made by tollbook ", out);
	html_put_string(out, s->options.version);
	fprintf(out, ".</p>\n</footer>\n<script>%s</script>\n</body>\n</html>\n", embedded_page_js);
}

void render_html(const struct statement *s, const struct rendering_options *r, FILE *out) {
	(void)r;
	put_head(out, s);
	put_title(out, s);
	put_tie_out(out, s);
	put_units(out, s);
	put_times(out, s);
	put_positions(out, s);
	put_tenants(out, s);
	put_sides(out, s);
	put_rows(out, s);
	put_adjustments(out, s);
	put_quality(out, s);
	put_foot(out, s);
}
