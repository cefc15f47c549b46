/*
 * Pictures of a statement, as inline SVG. Horizontally they are in percent of their container and vertically in
 * pixels, so that they fit a phone and paper while their text keeps its size. Colours are the style sheet's.
 */
#include "report/renderings/page/html.h"

#include <math.h>
#include <stdlib.h>

const char *html_percent(double share, char out[PERCENT_MAX]) {
	share = share > 0 ? share < 1 ? share : 1 : 0;
	snprintf(out, PERCENT_MAX, "%.2f%%", 100 * share);
	return out;
}

/* ---- the parts of the money ---- */

void chart_parts(const struct block *b, int height, double width, FILE *out) {
	double at = 0;
	char x[PERCENT_MAX], w[PERCENT_MAX];

	fprintf(out, "<svg class=\"bar\" height=\"%d\" aria-hidden=\"true\">", height);
	for (int i = 0; i < PARTS && b->capacity_nano > 0; i++) {
		double part = width * part_share(part_nano(b, i), b->capacity_nano);
		if (part > 0) {
			fprintf(out, "<rect class=\"%s\" x=\"%s\" width=\"%s\" height=\"%d\"/>", part_names[i], html_percent(at, x),
			        html_percent(part, w), height);
		}
		at += part;
	}
	fputs("</svg>\n", out);
}

/* ---- unit costs against list prices ---- */

static double chart_place(const struct scale *c, int64_t nano) {
	return nano > 0 ? (log10((double)nano) - c->low) / (c->high - c->low) : 0;
}

static void widen_block(const struct block *b, int64_t *least, int64_t *most) {
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (b->unit[k].known) {
			chart_widen(b->unit[k].busy_nano, least, most);
			chart_widen(b->unit[k].loaded_nano, least, most);
		}
		chart_widen(b->list_known && b->list_price_known[k] ? b->list_nano[k] : 0, least, most);
	}
}

bool chart_scale(const struct statement *s, struct scale *out) {
	int64_t least = INT64_MAX, most = 0;

	widen_block(&s->total, &least, &most);
	for (size_t i = 0; i < s->models.count; i++) {
		widen_block(&table_at(&s->models, i)->block, &least, &most);
	}
	if (most == 0) {
		return false;
	}
	out->low = (int)floor(log10((double)least));
	out->high = (int)ceil(log10((double)most) + 1e-9);
	out->high = out->high > out->low ? out->high : out->low + 1;
	return true;
}

static void put_decades(FILE *out, const struct scale *c, int height) {
	char x[PERCENT_MAX];

	for (int d = c->low; d <= c->high; d++) {
		html_percent((double)(d - c->low) / (c->high - c->low), x);
		fprintf(out, "<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"0\" y2=\"%d\"/>", x, x, height);
	}
}

int64_t chart_top(int64_t nano) {
	static const int steps[] = {1, 2, 5, 10};

	for (int64_t unit = 1; unit <= INT64_MAX / 10; unit *= 10) {
		for (int i = 0; i < 4; i++) {
			if (unit * steps[i] >= nano) {
				return unit * steps[i];
			}
		}
	}
	return nano;
}

void chart_axis(const struct scale *c, FILE *out) {
	char x[PERCENT_MAX];

	fputs("<svg class=\"axis\" height=\"16\" aria-hidden=\"true\">", out);
	for (int d = c->low; d <= c->high; d++) {
		const char *anchor = d == c->low ? "" : d == c->high ? " e" : (d - c->low) % 2 ? " m alt" : " m";
		fprintf(out, "<text class=\"d%s\" x=\"%s\" y=\"12\">%.*f</text>", anchor,
		        html_percent((double)(d - c->low) / (c->high - c->low), x), d < 9 ? 9 - d : 0, pow(10, d - 9));
	}
	fputs("</svg>", out);
}

static void put_dot(FILE *out, const char *class, const char *radius, const struct scale *c, int64_t nano, int y) {
	char x[PERCENT_MAX];

	if (nano > 0) { /* zero has no position on a logarithmic scale */
		fprintf(out, "<circle class=\"%s\" cx=\"%s\" cy=\"%d\" r=\"%s\"/>", class, html_percent(chart_place(c, nano), x), y, radius);
	}
}

static void put_line(FILE *out, const char *class, double from, double to, int y) {
	char a[PERCENT_MAX], b[PERCENT_MAX];

	fprintf(out, "<line class=\"%s\" x1=\"%s\" x2=\"%s\" y1=\"%d\" y2=\"%d\"/>", class, html_percent(from, a), html_percent(to, b), y, y);
}

void chart_marks(const struct block *b, int kind, const struct scale *c, int height, FILE *out) {
	static const char *const dots[TOKEN_KINDS] = {"k0", "k1", "k2"}, *const rings[TOKEN_KINDS] = {"hollow r0", "hollow r1", "hollow r2"};
	const struct unit_cost *u = &b->unit[kind];
	bool listed = b->list_known && b->list_price_known[kind] && b->list_nano[kind] > 0;
	int y = height / 2;
	char x[PERCENT_MAX];

	fprintf(out, "<svg height=\"%d\" aria-hidden=\"true\">", height);
	put_decades(out, c, height);
	if (u->known && u->busy_nano > 0) {
		put_line(out, dots[kind], chart_place(c, u->busy_nano), chart_place(c, u->loaded_nano), y);
	}
	if (u->known && u->low_nano > 0 && (double)(u->high_nano - u->low_nano) >= 0.1 * (double)u->busy_nano) {
		put_line(out, "span", chart_place(c, u->low_nano), chart_place(c, u->high_nano), y);
	}
	if (u->known) {
		put_dot(out, rings[kind], "5", c, u->busy_nano, y);
		put_dot(out, dots[kind], "5.5", c, u->loaded_nano, y);
	}
	if (listed) {
		fprintf(out, "<text class=\"list m\" x=\"%s\" y=\"%d\">&#9670;</text>", html_percent(chart_place(c, b->list_nano[kind]), x), y + 5);
	}
	fputs("</svg>", out);
}

void chart_mark_legend(FILE *out) {
	fputs("<ul class=\"legend\"><li><svg aria-hidden=\"true\"><circle class=\"hollow\" cx=\"50%\" cy=\"50%\" r=\"4\"/></svg>at work</li>"
	      "<li><svg aria-hidden=\"true\"><circle class=\"full\" cx=\"50%\" cy=\"50%\" r=\"4.5\"/></svg>all paid time</li>"
	      "<li><svg aria-hidden=\"true\"><text class=\"list m\" x=\"50%\" y=\"10\">&#9670;</text></svg>list price</li></ul>\n", out);
}
