/*
 * One HTML file that stands by itself: no network, opens from disk, for screens light and dark,
 * phones and paper. Every figure is a <data> element whose value has all digits of the JSON.
 */
#include "report/renderings/html.h"

#include <assert.h>
#include <stdlib.h>

#include "core/digest.h"
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

static void put_string(FILE *out, const char *s) {
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
	      "'none'; "
	      "img-src data:; style-src ",
	      out);
	put_hash(out, html_style);
	fputs("; script-src ", out);
	put_hash(out, html_script);
	fputs("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>What a token costs – tollbook ",
	      out);
	put_string(out, s->options.version);
	fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", html_style);
}

/* ---- cells ---- */

static void put_money(FILE *out, bool known, int64_t nano, int places) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];
	if (known) {
		fprintf(out, "<td%s><data value=\"%s\">%s</data></td>", nano < 0 ? " class=\"bad\"" : "",
			decimal_format(nano, 9, exact), figure_money(nano, places, shown));
	} else {
		fputs("<td>–</td>", out);
	}
}

static void put_count(FILE *out, int64_t n) {
	char shown[FIGURE_MAX];
	fprintf(out, "<td><data value=\"%lld\">%s</data></td>", (long long)n, figure_count(n, shown));
}

static void put_hours(FILE *out, int64_t ns) {
	char shown[FIGURE_MAX];
	fprintf(out, "<td><data value=\"%lld\">%s</data></td>", (long long)ns, figure_hours(ns, shown));
}

static void put_name(FILE *out, struct text name) {
	fputs("<td class=\"l\">", out);
	html_put_text(out, name.len > 0 ? name : T("(none)"));
	fputs("</td>", out);
}

static void put_ratio(FILE *out, double ratio) {
	if (ratio > 0) {
		fprintf(out, "<td><data value=\"%.6f\">%.1f : 1</data></td>", ratio, ratio);
	} else {
		fputs("<td>–</td>", out);
	}
}

static void put_share(FILE *out, int64_t part, int64_t whole) {
	char shown[FIGURE_MAX];
	fprintf(out, "<td>%s</td>", figure_percent(part, whole, shown));
}

static void open_table(FILE *out, const char *const *headers, size_t count, size_t labels, bool sortable) {
	fprintf(out, "<div class=\"wrap\"><table%s>\n<thead><tr>", sortable ? " data-sort" : "");
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "<th scope=\"col\"%s>%s</th>", i < labels ? " class=\"l\"" : "", headers[i]);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void close_table(FILE *out) {
	fputs("</tbody>\n</table></div>\n", out);
}

/* ---- sections ---- */

static int places_of(const struct statement *s) {
	return figure_places(s->total.capacity_nano);
}

static void put_title(FILE *out, const struct statement *s) {
	char from[INSTANT_TEXT_MAX], to[INSTANT_TEXT_MAX];
	const struct report_options *o = &s->options;

	fprintf(out, "<h1>What a token costs</h1>\n<p class=\"dim\">%s to %s · ", instant_format(o->from_ns, from),
		instant_format(o->to_ns, to));
	put_string(out, o->currency);
	fputs(" · rule ", out);
	put_string(out, o->rule);
	fputs("</p>\n", out);
}

static void put_unit_row(FILE *out, const struct row *row, int kind) {
	static const char *const names[TOKEN_KINDS] = {"input, uncached", "input, cached", "output"};
	const struct block *b = &row->block;
	const struct unit_cost *u = &b->unit[kind];
	bool listed = b->list_known && b->list_price_known[kind];

	fputs("<tr>", out);
	put_name(out, row->model);
	fprintf(out, "<td class=\"l\">%s</td>", names[kind]);
	put_count(out, b->tokens[kind]);
	put_money(out, u->known, u->busy_nano, 6);
	put_money(out, u->known, u->loaded_nano, 6);
	put_money(out, listed, b->list_nano[kind], 6);
	fputs("</tr>\n", out);
}

static void put_units(FILE *out, const struct statement *s) {
	static const char *const headers[] = {"model", "kind", "tokens", "busy", "loaded", "list price"};

	fputs("<h2>Per million tokens</h2>\n", out);
	chart_prices(s, out);
	open_table(out, headers, 6, 2, true);
	for (size_t i = 0; i < s->models.count; i++) {
		for (int k = 0; k < TOKEN_KINDS; k++) {
			put_unit_row(out, &s->models.rows[i], k);
		}
	}
	close_table(out);
	fputs("<p class=\"dim\">busy: the GPU time of prefill or decode alone; loaded: with idle, other and unobserved "
	      "time on "
	      "top.</p>\n",
	      out);
}

static void put_margins(FILE *out, const struct statement *s) {
	static const char *const headers[] = {"model",  "list price of", "revenue",    "capacity",
					      "margin", "of revenue",    "real ratio", "list ratio"};

	fputs("<h2>Margin at list price, and the ratio of output to input</h2>\n", out);
	open_table(out, headers, 8, 2, true);
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &s->models.rows[i].block;
		fputs("<tr>", out);
		put_name(out, s->models.rows[i].model);
		put_name(out, text_of(b->list_known ? b->list_model : "no list price"));
		put_money(out, b->list_known, b->revenue_nano, places_of(s));
		put_money(out, true, b->capacity_nano, places_of(s));
		put_money(out, b->list_known, b->margin_nano, places_of(s));
		put_share(out, b->list_known ? b->margin_nano : 0, b->list_known ? b->revenue_nano : 0);
		put_ratio(out, block_ratio_real(b));
		put_ratio(out, block_ratio_list(b));
		fputs("</tr>\n", out);
	}
	close_table(out);
}

static void put_part(FILE *out, const char *name, int64_t ns, int64_t nano, const struct statement *s) {
	fprintf(out, "<tr><td>%s</td>", name);
	put_hours(out, ns);
	put_share(out, ns, s->total.capacity_ns);
	put_money(out, true, nano, places_of(s));
	put_share(out, nano, s->total.capacity_nano);
	fputs("</tr>\n", out);
}

static void put_tie_out(FILE *out, const struct statement *s) {
	static const char *const headers[] = {"part", "GPU-hours", "of time", "cost", "of money"};

	fputs("<h2>Where the money went</h2>\n", out);
	chart_flow(s, out);
	open_table(out, headers, 5, 1, false);
	for (int i = 0; i < PARTS; i++) {
		put_part(out, part_names[i], part_ns(&s->total, i), part_nano(&s->total, i), s);
	}
	put_part(out, "= capacity", s->total.capacity_ns, s->total.capacity_nano, s);
	close_table(out);
}

static void put_row(FILE *out, const struct statement *s, const struct row *row, const enum by_key *by, size_t count) {
	const struct block *b = &row->block;
	char buffer[KEY_TEXT_MAX];

	fputs("<tr>", out);
	for (size_t i = 0; i < count; i++) {
		put_name(out, row_key(s, row, by[i], buffer));
	}
	put_count(out, b->requests);
	put_count(out, b->tokens[TOKENS_INPUT] + b->tokens[TOKENS_CACHED]);
	put_count(out, b->tokens[TOKENS_OUTPUT]);
	put_hours(out, b->capacity_ns);
	put_money(out, true, b->capacity_nano, places_of(s));
	put_money(out, b->unit[TOKENS_INPUT].known, b->unit[TOKENS_INPUT].loaded_nano, 6);
	put_money(out, b->unit[TOKENS_OUTPUT].known, b->unit[TOKENS_OUTPUT].loaded_nano, 6);
	put_money(out, b->list_known, b->margin_nano, places_of(s));
	fputs("</tr>\n", out);
}

static void put_table(FILE *out, const struct statement *s, const struct table *t, const enum by_key *by,
		      size_t count) {
	static const char *const figures[] = {"requests", "tokens in", "tokens out", "GPU-hours",
					      "cost",     "in per M",  "out per M",  "margin"};
	const char *headers[BY_KEYS + 8];

	for (size_t i = 0; i < count + 8; i++) {
		headers[i] = i < count ? by_key_names[by[i]] : figures[i - count];
	}
	open_table(out, headers, count + 8, count, true);
	for (size_t i = 0; i < t->count; i++) {
		put_row(out, s, &t->rows[i], by, count);
	}
	close_table(out);
}

static void put_tables(FILE *out, const struct statement *s) {
	static const enum by_key by_tenant[] = {BY_TENANT};

	fputs("<h2>Tenants</h2>\n", out);
	fprintf(out, "<p class=\"dim\">%s; unit costs are loaded.</p>\n",
		s->options.idle_proportional ? "Each carries its share of idle and unobserved time"
					     : "Without idle and unobserved time, which is in the total alone");
	chart_margins(s, out);
	put_table(out, s, &s->tenants, by_tenant, 1);
	if (s->options.by_count > 0) {
		fputs("<h2>Rows</h2>\n", out);
		chart_times(s, out);
		put_table(out, s, &s->rows, s->options.by, s->options.by_count);
	}
}

static void put_evidence(FILE *out, const struct statement *s) {
	static const char *const headers[] = {"grade", "GPU-hours of busy time", "of busy"};

	fputs("<h2>Evidence</h2>\n", out);
	open_table(out, headers, 3, 1, false);
	for (int g = GRADE_A; g < GRADE_NONE; g++) {
		fprintf(out, "<tr><td>%s</td>", grade_names[g]);
		put_hours(out, s->evidence_ns[g]);
		put_share(out, s->evidence_ns[g], block_busy_ns(&s->total));
		fputs("</tr>\n", out);
	}
	close_table(out);
	fputs("<p class=\"dim\">A: measured, or steps of one phase. B: mixed steps, split by the step model. C: "
	      "requests without "
	      "steps. D: averages over windows.</p>\n",
	      out);
}

static void put_finding(FILE *out, const char *what, const char *where) {
	fputs("<li>", out);
	put_string(out, what);
	fputs(where[0] ? ": " : "", out);
	put_string(out, where);
	fputs("</li>\n", out);
}

static void put_quality(FILE *out, const struct statement *s) {
	const struct quality *q = s->quality;

	fprintf(out,
		"<h2>Data quality</h2>\n<p>%lld lines of %zu files: %lld steps, %lld requests, %lld windows, %lld "
		"power samples; "
		"%lld duplicates.</p>\n<ul>\n",
		(long long)q->lines, q->input_count, (long long)q->steps, (long long)q->requests, (long long)q->windows,
		(long long)q->powers, (long long)q->duplicates);
	for (size_t i = 0; i < q->reject_count; i++) {
		put_finding(out, q->rejects[i].reason, q->rejects[i].first);
	}
	for (size_t i = 0; i < q->damage_count; i++) {
		put_finding(out, q->damages[i].reason, q->damages[i].file);
	}
	for (size_t i = 0; i < q->warning_count; i++) {
		put_finding(out, q->warnings[i], "");
	}
	fputs("</ul>\n", out);
}

static void put_foot(FILE *out, const struct statement *s) {
	fputs("<p class=\"dim\">Made by tollbook ", out);
	put_string(out, s->options.version);
	fprintf(out, ".</p>\n<script>%s</script>\n</body>\n</html>\n", html_script);
}

void render_html(const struct statement *s, const struct rendering_options *r, FILE *out) {
	(void)r;
	put_head(out, s);
	put_title(out, s);
	put_units(out, s);
	put_margins(out, s);
	put_tie_out(out, s);
	put_tables(out, s);
	put_evidence(out, s);
	put_quality(out, s);
	put_foot(out, s);
}
