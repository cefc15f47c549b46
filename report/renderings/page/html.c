/*
 * One self-contained HTML file: no network, opens from disk, for screens light and dark, phones and paper. Every
 * figure is a <data> element with all digits of the JSON in its value.
 */
#include "report/renderings/page/html.h"

#include <assert.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/files/embedded.h"
#include "core/instant.h"
#include "core/text.h"

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

/* The SHA-256 of a text in base64, as required by a Content-Security-Policy. */
static void put_hash(FILE *out, const char *text) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char hex[DIGEST_HEX_MAX];
	digest_of(text_of(text), hex);
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

void html_open(FILE *out, const char *title) {
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action "
	      "'none'; img-src data:; style-src ",
	      out);
	put_hash(out, embedded_page_css);
	fputs("; script-src ", out);
	put_hash(out, embedded_page_js);
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>",
	      out);
	html_put_string(out, title);
	fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n"
	        "<svg class=\"defs\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	        "<rect class=\"hatchbg\" width=\"6\" height=\"6\"/><rect class=\"hatchfg\" width=\"2\" height=\"6\"/></pattern></defs></svg>\n", embedded_page_css);
}

void html_close(FILE *out, const char *version) {
	fputs(version ? "<p>Made by tollbook " : "<p>Made by tollbook", out);
	html_put_string(out, version);
	fprintf(out, ".</p>\n</footer>\n<script>%s</script>\n</body>\n</html>\n", embedded_page_js);
}

/* ---- figures ---- */

/* `shown` is the figure without its sign of the currency; a minus goes before that. */
static void put_amount(FILE *out, const struct statement *s, int64_t nano, const char *shown) {
	char exact[DECIMAL_TEXT_MAX], sign[FIGURE_MAX];

	fprintf(out, "<data value=\"%s\">%s%s%s</data>", decimal_format(nano, 9, exact), shown[0] == '-' ? "−" : "", figure_sign(s, sign), shown + (shown[0] == '-'));
}

void html_sum(FILE *out, const struct statement *s, int64_t nano) {
	char shown[FIGURE_MAX];
	put_amount(out, s, nano, figure_sum(nano, shown));
}

void html_unit(FILE *out, const struct statement *s, int64_t nano) {
	char shown[FIGURE_MAX];
	put_amount(out, s, nano, figure_unit(nano, shown));
}

/* As published, if that needs at most four decimals. */
void html_list(FILE *out, const struct statement *s, int64_t nano) {
	char shown[FIGURE_MAX];
	int places = nano % (NANO / 100) == 0 ? 2 : nano % (NANO / 1000) == 0 ? 3 : 4;

	put_amount(out, s, nano, nano % (NANO / 10000) == 0 ? figure_money(nano, places, shown) : figure_unit(nano, shown));
}

const char *html_one(const struct statement *s, char out[FIGURE_MAX]) {
	char sign[FIGURE_MAX];

	snprintf(out, FIGURE_MAX, "%.40s1", figure_sign(s, sign));
	return out;
}

void html_currency(FILE *out, const struct statement *s) {
	char sign[FIGURE_MAX];
	fputs(figure_sign(s, sign), out);
}

/* ---- the header ---- */

/* An end of the period: a day, or to the minute. */
static const char *edge(int64_t ns, bool day, bool seconds, char out[INSTANT_TEXT_MAX]) {
	instant_format(instant_floor(ns, NS_PER_SECOND), out);
	out[day ? 10 : seconds ? 19 : 16] = '\0';
	if (!day) {
		out[10] = ' ';
	}
	return out;
}

/* A line needs three. */
#define TIMES_LEAST 3

static bool has_times(const struct statement *s) {
	const struct moment *m = s->timeline->moments;

	for (size_t i = TIMES_LEAST - 1; i < s->timeline->count; i++) {
		if (m[i].model == m[i + 1 - TIMES_LEAST].model) {
			return true;
		}
	}
	return false;
}

static void put_about(FILE *out, const struct statement *s) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	const struct report_options *o = &s->options;
	bool whole = instant_floor(o->from_ns, NS_PER_DAY) == o->from_ns && instant_floor(o->to_ns, NS_PER_DAY) == o->to_ns && o->to_ns > o->from_ns; /* days */
	bool brief = o->to_ns < INT64_MAX - 2 * NS_PER_DAY && o->to_ns - o->from_ns < 2 * 60 * NS_PER_SECOND;

	fputs("<header class=\"mast\"><div><b>tollbook</b>&nbsp; <span>", out);
	if (s->models.count == 1) {
		html_put_text(out, table_at(&s->models, 0)->model.len > 0 ? table_at(&s->models, 0)->model : T("(none)"));
	} else {
		fprintf(out, "%zu models", s->models.count);
	}
	if (s->tenants.count > 1) {
		fprintf(out, " · %zu tenants", s->tenants.count);
	}
	edge(o->from_ns, whole, brief, from);
	edge(whole ? o->to_ns - NS_PER_DAY : o->to_ns, whole, brief, to); /* the last day */
	fprintf(out, " · %s", from);
	if (strncmp(from, to, 10) != 0) {
		fprintf(out, " to %s", to);
	} else if (!whole) {
		fprintf(out, " to %s", to + 11);
	}
	fputs(" UTC</span> <span class=\"dim\">", out);
	html_put_string(out, o->currency);
	fputs(", rule ", out);
	html_put_string(out, o->rule);
	fputs("</span></div>\n", out);
}

static const struct {
	const char *id, *name;
} sections[] = {
	{"price", "Prices"}, {"flow", "Money"}, {"lever", "Levers"}, {"spend", "Time"}, {"models", "Models"}, {"where", "Flow"}, {"matrix", "Matrix"},
	{"tenant", "Tenants"}, {"bought", "Bought"}, {"position", "Position"}, {"roof", "Roofline"}, {"load", "Load"}, {"speed", "Speed"}, {"by", "Rows"}, {"cost", "Figures"}, {"rests", "Evidence"},
};

/* Links to the sections that the body has. */
static void put_links(FILE *out, const char *body) {
	char title[64];

	fputs("<nav aria-label=\"Sections\">", out);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		snprintf(title, sizeof title, "<h2 id=\"%s-title\"", sections[i].id);
		if (strstr(body, title)) {
			fprintf(out, "<a href=\"#%s-title\">%s</a>\n", sections[i].id, sections[i].name);
		}
	}
	fputs("</nav></header>\n<main>\n", out);
}

/* ---- sections ---- */

static void open_section(FILE *out, const char *id, const char *title, const char *what) {
	fprintf(out, "<section aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n<p class=\"dim\">%s</p>\n",
		id, id, title, what);
}

static void close_section(FILE *out) {
	fputs("</section>\n", out);
}

/* Every figure of models and parts, behind the pictures. */
static void put_units(FILE *out, const struct statement *s) {
	open_section(out, "cost", "Every figure",
	             "Per million tokens. Busy: the GPU time of prefill or decode alone. Loaded: with idle, other and unobserved time "
	             "on top, so that it pays the bill. The interval is the uncertainty of the split of mixed steps.");
	fputs("<details><summary>Unit costs by model</summary>\n", out);
	html_units(s, out);
	fputs("</details><details><summary>Margin at list price by model</summary>\n", out);
	html_margins(s, out);
	fputs("</details><details><summary>Parts of the capacity</summary>\n", out);
	html_parts(s, out);
	fputs("</details>\n", out);
	if (s->services.count > 0) {
		fputs("<h3>By class of service</h3>\n", out);
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
		     "Busy cost per million tokens over the period (UTC); the band is its interval at 95 %.");
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
	    "Busy cost per million tokens, by the number of tokens before them: a list price is flat, this is not.");
	put_line_legend(out);
	chart_positions(s, out);
	fputs("</div>\n<details><summary>The figures</summary>\n", out);
	html_positions(s, out);
	fputs("</details>\n", out);
	close_section(out);
}

static bool names_tenants(const struct statement *s) {
	return s->tenants.count != 1 || table_at(&s->tenants, 0)->tenant.len > 0;
}

static void put_tenants(FILE *out, const struct statement *s, const struct rendering_options *r) {
	static const enum by_key by_tenant[] = {BY_TENANT};

	if (!names_tenants(s)) {
		return;
	}
	open_section(out, "tenant", "Tenants",
		     s->options.idle_proportional
			 ? "Each includes its share of idle, other and unobserved cost; unit costs are loaded."
			 : "Idle, other and unobserved cost is not allocated.");
	html_rows(s, r, "tenants", &s->tenants, by_tenant, 1, out);
	close_section(out);
}

static void put_rows(FILE *out, const struct statement *s, const struct rendering_options *r) {
	bool by_tenant = s->options.by_count == 1 && s->options.by[0] == BY_TENANT;

	if (s->options.by_count == 0 || (by_tenant && names_tenants(s))) {
		return; /* the section before it has the same rows */
	}
	open_section(out, "by", "Row by row", "By the keys of --by; unit costs are loaded.");
	html_rows(s, r, "rows", &s->rows, s->options.by, s->options.by_count, out);
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
	snprintf(lead, sizeof lead, "What later evidence changes in closed periods: %s GPU-hours, %s in all. It counts here, and is not in the figures above.", figure_hours(s->adjustments.gpu_ns, figure_hour_places(s), hours),
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

static void put_missing(FILE *out, const struct statement *s) {
	size_t count, shown = 0;
	const struct quality_notice *n = quality_notices(s->quality, NOTICE_MISSING, &count);

	for (size_t i = 0; i < count; i++) {
		bool better = strcmp(n[i].field[NOTICE_KIND], QUALITY_BETTER) == 0;
		if (better && !statement_wants_better(s)) {
			continue;
		}
		fputs(shown++ == 0 ? "<h3>Not in this statement, and how to get it</h3><ul class=\"notes\">\n" : "", out);
		fputs("<li><b>", out);
		html_put_string(out, n[i].field[NOTICE_KIND]);
		fputs("</b>: ", out);
		html_put_string(out, n[i].field[NOTICE_TEXT]);
		fputs("</li>\n", out);
	}
	fputs(shown > 0 ? "</ul>\n" : "", out);
}

/* What was read; kinds of records that there were none of are left out. */
static void put_read(FILE *out, const struct quality *q) {
	const struct {
		int64_t count;
		const char *word;
	} kinds[] = {{q->steps, "step"}, {q->requests, "request"}, {q->windows, "window"}, {q->powers, "power sample"}, {q->duplicates, "duplicate"}};
	char figure[FIGURE_MAX];
	const char *lead = ": ";

	fprintf(out, "<p>Read %s line%s of %zu file%s", figure_count(q->lines, figure), PLURAL(q->lines), q->input_count, PLURAL(q->input_count));
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].count > 0) {
			fprintf(out, "%s%s %s%s", lead, figure_count(kinds[i].count, figure), kinds[i].word, PLURAL(kinds[i].count));
			lead = ", ";
		}
	}
	fputs(".</p>\n", out);
}

static void put_quality(FILE *out, const struct statement *s) {
	const struct quality *q = s->quality;

	open_section(out, "rests", "What it rests on",
		     "The evidence behind the split of busy time, by grade, and problems of the input.");
	if (block_busy_ns(&s->total) > 0) {
		html_evidence(s, out);
	}
	if (s->models.count > 1 && block_busy_ns(&s->total) > 0) {
		html_model_evidence(s, out);
	}
	put_read(out, q);
	put_missing(out, s);
	put_findings(out, q);
	close_section(out);
}

/* Further inputs are only counted; the JSON has them all. */
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

static void put_body(FILE *out, const struct statement *s, const struct rendering_options *r) {
	html_answer(s, out);
	html_prices(s, out);
	if (html_bought_only(s)) {
		html_bought(s, r, out);
		put_quality(out, s);
		return;
	}
	html_dollar(s, out);
	html_levers(s, out);
	html_sharpen(s, out);
	html_spend(s, out);
	html_models(s, r, out);
	html_flow(s, out);
	html_matrix(s, r, out);
	put_tenants(out, s, r);
	html_bought(s, r, out);
	fputs(s->models.count == 1 ? "<div class=\"duo\">" : "", out); /* of a model, a picture each: side by side */
	put_positions(out, s);
	html_roof(s, out);
	html_load(s, out);
	html_batches(s, out);
	fputs(s->models.count == 1 ? "</div>" : "", out);
	put_times(out, s);
	put_rows(out, s, r);
	put_units(out, s);
	put_sides(out, s);
	put_adjustments(out, s);
	put_quality(out, s);
}

/* Puts links to its sections before the body; without links if memory is short. */
static void put_linked_body(FILE *out, const struct statement *s, const struct rendering_options *r) {
	char *body = NULL;
	size_t size = 0;
	FILE *held = open_memstream(&body, &size);

	if (held) {
		put_body(held, s, r);
	}
	if (held && fclose(held) == 0) {
		put_links(out, body);
		fwrite(body, 1, size, out);
	} else {
		put_links(out, "");
		put_body(out, s, r);
	}
	free(body);
}

void render_html(const struct statement *s, const struct rendering_options *r, FILE *out) {
	html_open(out, "What a token costs – tollbook");
	put_about(out, s);
	put_linked_body(out, s, r);
	fputs("</main>\n<footer>\n", out);
	put_sources(out, s);
	html_close(out, s->options.version);
}
