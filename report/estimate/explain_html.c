/* explain_html.c: the four questions as one page without anything from elsewhere: tables, and pictures in SVG. */
#include <math.h>
#include <string.h>

#include "report/estimate/explain.h"
#include "report/estimate/sheet.h"

/* ---- pieces ---- */

static void put_text(const char *s, FILE *out) {
	for (; *s; s++) {
		switch (*s) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*s, out);
		}
	}
}

static void put_cell(double x, int places, const char *unit, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	fprintf(out, "<td>%s%s</td>", sheet_number(x, places, number), isfinite(x) ? unit : "");
}

static void open_table(const char *title, const char *const *heads, size_t count, FILE *out) {
	fprintf(out, "<h2>%s</h2>\n<table>\n<tr>", title);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "<th>%s</th>", heads[i]);
	}
	fputs("</tr>\n", out);
}

/* ---- a picture: curves over logarithmic axes ---- */

#define WIDTH 640
#define HEIGHT 300
#define LEFT 70
#define RIGHT 40
#define BOTTOM 40
#define POINTS 120

struct plot {
	double x_from, x_to, y_from, y_to; /* powers of ten at the ends of y */
	const char *x_title, *y_title;
};

struct curve {
	double (*y)(const struct costs *c, double x, double parameter);
	double parameter;
	const char *name, *color;
};

static double x_at(const struct plot *p, double x) {
	return LEFT + (WIDTH - LEFT - RIGHT) * log(x / p->x_from) / log(p->x_to / p->x_from);
}

static double y_at(const struct plot *p, double y) {
	return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 30) * log(y / p->y_from) / log(p->y_to / p->y_from);
}

static double x_of(const struct plot *p, int i) {
	return p->x_from * pow(p->x_to / p->x_from, (double)i / POINTS);
}

static void fit_axis(struct plot *p, const struct costs *c, const struct curve *curves, size_t count) {
	double low = INFINITY, high = 0;

	for (size_t k = 0; k < count; k++) {
		for (int i = 0; i <= POINTS; i++) {
			double y = curves[k].y(c, x_of(p, i), curves[k].parameter);
			low = y > 0 ? fmin(low, y) : low;
			high = y > 0 ? fmax(high, y) : high;
		}
	}
	p->y_from = pow(10, floor(log10(low)));
	p->y_to = pow(10, ceil(log10(high * 1.0001)));
}

static void put_axes(const struct plot *p, FILE *out) {
	char number[SHEET_NUMBER_MAX];

	for (double x = p->x_from; x <= p->x_to * 1.0001; x *= 10) {
		fprintf(out, "<line x1=\"%.1f\" y1=\"30\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
		        x_at(p, x), x_at(p, x), HEIGHT - BOTTOM, x_at(p, x), HEIGHT - BOTTOM + 16, sheet_number(x, 0, number));
	}
	for (double y = p->y_from; y <= p->y_to * 1.0001; y *= 10) {
		fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
		        LEFT, y_at(p, y), WIDTH - RIGHT, y_at(p, y), LEFT - 6, y_at(p, y) + 4, sheet_number(y, y < 0.099 ? 3 : y < 1 ? 1 : 0, number));
	}
	fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text><text x=\"4\" y=\"18\">%s</text>\n", (WIDTH + LEFT) / 2, HEIGHT - 6,
	        p->x_title, p->y_title);
}

static void put_curve(const struct plot *p, const struct costs *c, const struct curve *k, size_t number, FILE *out) {
	bool pen_down = false;

	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"", k->color);
	for (int i = 0; i <= POINTS; i++) {
		double y = k->y(c, x_of(p, i), k->parameter);
		if (y > 0) {
			fprintf(out, "%c%.1f %.1f", pen_down ? 'L' : 'M', x_at(p, x_of(p, i)), y_at(p, y));
		}
		pen_down = y > 0;
	}
	fprintf(out, "\"/><text x=\"%zu\" y=\"18\" fill=\"%s\">%s</text>\n", 200 + 160 * number, k->color, k->name);
}

static void put_plot(struct plot *p, const struct costs *c, const struct curve *curves, size_t count, FILE *out) {
	fit_axis(p, c, curves, count);
	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s by %s\">\n", WIDTH, HEIGHT, p->y_title, p->x_title);
	put_axes(p, out);
	for (size_t i = 0; i < count; i++) {
		put_curve(p, c, &curves[i], i, out);
	}
	fputs("</svg>\n", out);
}

static double input_cost(const struct costs *c, double place, double ignored) {
	(void)ignored;
	return explain_at(c, place).input;
}

static double output_cost(const struct costs *c, double place, double ignored) {
	(void)ignored;
	return explain_at(c, place).output;
}

static double ratio_of(const struct costs *c, double batch, double context) {
	bool fits = !isnan(explain_ratio(c, ceil(batch), context));

	return fits ? costs_output_ns(c, batch, context) / costs_uncached_ns(c, context, 0) : NAN;
}

/* ---- the page ---- */

static void put_positions(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"place", "input", "attention in it", "output", "attention in it", "sequences at once"};
	static const struct curve curves[] = {{output_cost, 0, "output", "#b5483a"}, {input_cost, 0, "input", "#2f6f9f"}};
	struct plot p = {.x_from = 1, .x_to = 100000, .x_title = "place of the token in its context", .y_title = "cost per million tokens"};

	open_table("1. A token by its place", heads, 6, out);
	for (size_t i = 0; i < EXPLAIN_POSITIONS; i++) {
		struct at_position at = explain_at(c, explain_positions[i]);
		fputs("<tr>", out);
		put_cell(explain_positions[i], 0, "", out);
		put_cell(at.input, 4, "", out);
		put_cell(at.input_attention * 100, 0, " %", out);
		put_cell(at.output, 4, "", out);
		put_cell(at.output_attention * 100, 0, " %", out);
		put_cell((double)at.batch, 0, "", out);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
	put_plot(&p, c, curves, 2, out);
}

static void put_ratios(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"sequences", "1,000 tokens", "8,000", "32,000", "128,000"};
	static const struct curve curves[] = {{ratio_of, 1000, "contexts of 1,000 tokens", "#2f6f9f"},
	                                      {ratio_of, 8000, "of 8,000", "#7a5c99"},
	                                      {ratio_of, 32000, "of 32,000", "#b5483a"}};
	struct plot p = {.x_from = 1, .x_to = 1000, .x_title = "sequences that decode together", .y_title = "output : input"};

	open_table("2. Output : input, by batch and context", heads, 5, out);
	for (size_t i = 0; i < EXPLAIN_BATCHES; i++) {
		fputs("<tr>", out);
		put_cell(explain_batches[i], 0, "", out);
		for (size_t j = 0; j < EXPLAIN_CONTEXTS; j++) {
			put_cell(explain_ratio(c, explain_batches[i], explain_contexts[j]), 1, "", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</table>\n<p>A curve ends where the memory holds no more caches.</p>\n", out);
	put_plot(&p, c, curves, 3, out);
}

static void put_mixes(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"input : output", "cost", "list price", "margin", "output's share of cost"};

	open_table("3. What the mix does", heads, 5, out);
	for (size_t i = 0; i < EXPLAIN_MIXES; i++) {
		struct mix m = explain_mix(c, explain_mixes[i]);
		fputs("<tr>", out);
		put_cell(explain_mixes[i], 0, " : 1", out);
		put_cell(m.cost, 4, "", out);
		put_cell(m.price, 4, "", out);
		put_cell(m.margin * 100, 0, " %", out);
		put_cell(m.output_share * 100, 0, " %", out);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
}

static void put_caching(const struct costs *c, FILE *out) {
	static const char *const heads[] = {"prompt found in cache", "cost of input", "saved", "list price"};
	double none = explain_caching(c, 0).cost;

	open_table("4. What prefix caching is worth", heads, 4, out);
	for (size_t i = 0; i < EXPLAIN_HITS; i++) {
		struct caching k = explain_caching(c, explain_hits[i]);
		fputs("<tr>", out);
		put_cell(explain_hits[i] * 100, 0, " %", out);
		put_cell(k.cost, 4, "", out);
		put_cell((1 - k.cost / none) * 100, 0, " %", out);
		put_cell(k.price, 4, "", out);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
}

void explain_html(const struct costs *c, FILE *out) {
	char reading[200];
	const struct roofline *r = &c->roofline;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Why are output tokens more expensive?</title>\n<style>\n"
	      "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\n"
	      "table{border-collapse:collapse}th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}\n"
	      "svg{width:100%;height:auto;font:12px system-ui,sans-serif}.grid{stroke:#ddd}\n</style>\n</head>\n<body>\n"
	      "<h1>Why are output tokens more expensive?</h1>\n<p>", out);
	put_text(r->model.name, out);
	fprintf(out, " on %lld &times; ", (long long)r->gpus);
	put_text(r->gpu.name, out);
	fprintf(out, ", %.4g ", c->rent * 3.6e12 * c->utilization);
	put_text(c->currency, out);
	fprintf(out, " per GPU-hour, %.4g %% at work. %s: a chunk of %.0f prompt tokens shares that,"
	        " or %lld decoders do; below %.0f tokens it waits for memory, not arithmetic. An estimate; money per million tokens.</p>\n",
	        c->utilization * 100, explain_reading(c, reading), c->chunk, (long long)c->batch, roofline_ridge(r));
	put_positions(c, out);
	put_ratios(c, out);
	put_mixes(c, out);
	put_caching(c, out);
	fputs("</body>\n</html>\n", out);
}
