/*
 * Pictures of a statement, as inline SVG. Across they are in percent of their place and down in
 * pixels, so that they fit a phone and paper while their text keeps its size. Colours are the style
 * sheet's.
 */
#include "report/renderings/html.h"

#include <math.h>
#include <stdlib.h>

/* More bars than this are no picture; the table has them all. */
#define BARS_MAX 60
#define LABEL_BYTES 400

const char *html_percent(double share, char out[PERCENT_MAX]) {
	share = share > 0 ? share < 1 ? share : 1 : 0;
	snprintf(out, PERCENT_MAX, "%.2f%%", 100 * share);
	return out;
}

static double share_of(int64_t part, int64_t whole) {
	return whole > 0 ? (double)part / (double)whole : 0;
}

/* ---- where the money went ---- */

#define FLOW_HEIGHT 230
#define FLOW_TOP 30
/* Two lines of a label. */
#define FLOW_SLOT 38

struct flow {
	int part, height, left, right;
};

static void put_ribbon(FILE *out, const struct flow *f) {
	fprintf(out, "<path class=\"%s ribbon\" d=\"M0 %dC45 %d 55 %d 100 %dV%dC55 %d 45 %d 0 %dZ\"/>\n",
		part_names[f->part], f->left, f->left, f->right, f->right, f->right + f->height, f->right + f->height,
		f->left + f->height, f->left + f->height);
}

static void put_flow_label(FILE *out, const struct statement *s, const struct flow *f) {
	const struct block *b = &s->total;
	char money[FIGURE_MAX], share[FIGURE_MAX];

	fprintf(out, "<rect class=\"%s\" x=\"56%%\" y=\"%d\" width=\"8\" height=\"%d\"/>\n", part_names[f->part],
		f->right, f->height);
	fprintf(out,
		"<text class=\"b\" x=\"56%%\" dx=\"16\" y=\"%d\">%s</text><text class=\"d\" x=\"56%%\" dx=\"16\" "
		"y=\"%d\">%s · "
		"%s</text>\n",
		f->right + 12, part_names[f->part], f->right + 28,
		figure_money(part_nano(b, f->part), figure_places(b->capacity_nano), money),
		figure_percent(part_nano(b, f->part), b->capacity_nano, share));
}

/* Ribbons leave the capacity one below the other, and arrive where there is room for their names. */
static size_t lay_out(const struct block *b, struct flow flows[PARTS], int *bottom) {
	size_t count = 0;
	int left = FLOW_TOP, right = FLOW_TOP;

	for (int i = 0; i < PARTS; i++) {
		if (part_nano(b, i) == 0) {
			continue;
		}
		int height = (int)lround(FLOW_HEIGHT * share_of(part_nano(b, i), b->capacity_nano));
		height = height > 0 ? height : 1;
		flows[count++] = (struct flow){i, height, left, right};
		left += height;
		right += (height > FLOW_SLOT ? height : FLOW_SLOT) + 6;
	}
	*bottom = left > right ? left : right;
	return count;
}

void chart_flow(const struct statement *s, FILE *out) {
	const struct block *b = &s->total;
	struct flow flows[PARTS];
	char money[FIGURE_MAX];
	int bottom = 0;

	if (b->capacity_nano <= 0) {
		return;
	}
	size_t count = lay_out(b, flows, &bottom);
	fprintf(
	    out,
	    "<figure><svg height=\"%d\" role=\"img\" aria-label=\"The money of the capacity, as it went to prefill, "
	    "decode, "
	    "other, idle and unobserved time; the table has the figures\">\n<text class=\"b\" y=\"16\">capacity paid "
	    "%s</text>\n<rect class=\"capacity\" y=\"%d\" width=\"8\" height=\"%d\"/>\n"
	    "<svg x=\"1%%\" width=\"55%%\" height=\"%d\" viewBox=\"0 0 100 %d\" preserveAspectRatio=\"none\">\n",
	    bottom, figure_money(b->capacity_nano, figure_places(b->capacity_nano), money), FLOW_TOP,
	    flows[count - 1].left + flows[count - 1].height - FLOW_TOP, bottom, bottom);
	for (size_t i = 0; i < count; i++) {
		put_ribbon(out, &flows[i]);
	}
	fputs("</svg>\n", out);
	for (size_t i = 0; i < count; i++) {
		put_flow_label(out, s, &flows[i]);
	}
	fputs("</svg></figure>\n", out);
}

/* ---- real against list price ---- */

/* A logarithmic scale over whole decades. */
struct scale {
	int low, high; /* 10^low to 10^high nano-units */
};

static double on_scale(const struct scale *c, int64_t nano) {
	return nano > 0 ? (log10((double)nano) - c->low) / (c->high - c->low) : 0;
}

static void widen(int64_t nano, int64_t *least, int64_t *most) {
	if (nano > 0) {
		*least = nano < *least ? nano : *least;
		*most = nano > *most ? nano : *most;
	}
}

static bool scale_of(const struct statement *s, struct scale *out) {
	int64_t least = INT64_MAX, most = 0;

	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &s->models.rows[i].block;
		for (int k = 0; k < TOKEN_KINDS; k++) {
			if (b->unit[k].known) {
				widen(b->unit[k].low_nano, &least, &most);
				widen(b->unit[k].busy_nano, &least, &most);
				widen(b->unit[k].loaded_nano, &least, &most);
			}
			widen(b->list_known && b->list_price_known[k] ? b->list_nano[k] : 0, &least, &most);
		}
	}
	if (most == 0) {
		return false;
	}
	out->low = (int)floor(log10((double)least));
	out->high = (int)ceil(log10((double)most) + 1e-9);
	out->high = out->high > out->low ? out->high : out->low + 1;
	return true;
}

static void put_decades(FILE *out, const struct scale *c) {
	char x[PERCENT_MAX];
	for (int d = c->low; d <= c->high; d++) {
		html_percent((double)(d - c->low) / (c->high - c->low), x);
		fprintf(out, "<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"0\" y2=\"26\"/>", x, x);
	}
}

static void put_axis(FILE *out, const struct scale *c) {
	char x[PERCENT_MAX];

	fputs("<svg class=\"axis\" height=\"18\" aria-hidden=\"true\">", out);
	for (int d = c->low; d <= c->high; d++) {
		const char *anchor = d == c->low ? "" : d == c->high ? " e" : (d - c->low) % 2 ? " m alt" : " m";
		fprintf(out, "<text class=\"d%s\" x=\"%s\" y=\"12\">%.*f</text>", anchor,
			html_percent((double)(d - c->low) / (c->high - c->low), x), d < 9 ? 9 - d : 0, pow(10, d - 9));
	}
	fputs("</svg>\n", out);
}

static void put_dot(FILE *out, const char *class, const char *radius, const struct scale *c, int64_t nano) {
	char x[PERCENT_MAX];
	if (nano > 0) { /* nothing has no place on a logarithmic scale */
		fprintf(out, "<circle class=\"%s\" cx=\"%s\" cy=\"13\" r=\"%s\"/>", class,
			html_percent(on_scale(c, nano), x), radius);
	}
}

static void put_line(FILE *out, const char *class, double from, double to) {
	char a[PERCENT_MAX], b[PERCENT_MAX];
	fprintf(out, "<line class=\"%s\" x1=\"%s\" x2=\"%s\" y1=\"13\" y2=\"13\"/>", class, html_percent(from, a),
		html_percent(to, b));
}

/* Busy with its interval, loaded, and the list price, which is a gain to the right of it. */
static void put_marks(FILE *out, const struct block *b, int kind, const struct scale *c) {
	static const char *const classes[TOKEN_KINDS] = {"k0", "k1", "k2"};
	const struct unit_cost *u = &b->unit[kind];
	bool listed = b->list_known && b->list_price_known[kind] && b->list_nano[kind] > 0,
	     compared = listed && u->loaded_nano > 0;
	double loaded = on_scale(c, u->loaded_nano), list = listed ? on_scale(c, b->list_nano[kind]) : 0;
	char x[PERCENT_MAX];

	fputs("<svg height=\"26\" aria-hidden=\"true\">", out);
	put_decades(out, c);
	if (u->low_nano > 0) {
		put_line(out, "span", on_scale(c, u->low_nano), on_scale(c, u->high_nano));
	}
	if (compared) {
		put_line(out, list >= loaded ? "gain" : "loss", loaded, list);
	}
	put_dot(out, "hollow", "4", c, u->busy_nano);
	put_dot(out, classes[kind], "5.5", c, u->loaded_nano);
	if (listed) {
		fprintf(out, "<text class=\"list m\" x=\"%s\" y=\"18\">&#9670;</text>", html_percent(list, x));
	}
	fputs("</svg>", out);
	if (compared) {
		fprintf(out, "<span>%.2f × list</span>\n", (double)u->loaded_nano / (double)b->list_nano[kind]);
	} else {
		fputs("<span></span>\n", out);
	}
}

static bool has_units(const struct block *b) {
	return b->unit[0].known || b->unit[1].known || b->unit[2].known;
}

static void put_model(FILE *out, const struct row *row, const struct scale *c) {
	static const char *const names[TOKEN_KINDS] = {"input", "cached", "output"};

	fputs("<h3>", out);
	html_put_text(out, row->model.len > 0 ? row->model : T("(none)"));
	fputs("</h3>\n", out);
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (row->block.unit[k].known) {
			fprintf(out, "<span class=\"l\">%s</span>", names[k]);
			put_marks(out, &row->block, k, c);
		}
	}
}

static void put_legend(FILE *out) {
	fputs("<ul class=\"legend\"><li><svg aria-hidden=\"true\"><circle class=\"hollow\" cx=\"50%\" cy=\"50%\" "
	      "r=\"4\"/></svg>busy, "
	      "on its 95 % interval</li><li><svg aria-hidden=\"true\"><circle class=\"k2\" cx=\"50%\" cy=\"50%\" "
	      "r=\"5.5\"/></svg>loaded, with idle time on top</li><li><svg aria-hidden=\"true\"><text class=\"list m\" "
	      "x=\"50%\" "
	      "y=\"11\">&#9670;</text></svg>list price</li></ul>\n",
	      out);
}

void chart_prices(const struct statement *s, FILE *out) {
	struct scale c;

	if (s->models.count > BARS_MAX || !scale_of(s, &c)) {
		return;
	}
	fputs("<figure role=\"group\" aria-label=\"Real cost against list price; the table has the figures\">\n", out);
	put_legend(out);
	fputs("<div class=\"dots\">\n", out);
	put_axis(out, &c);
	for (size_t i = 0; i < s->models.count; i++) {
		if (has_units(&s->models.rows[i].block)) {
			put_model(out, &s->models.rows[i], &c);
		}
	}
	fputs("</div>\n<figcaption>Per million tokens, on a logarithmic scale. Green: the list price is above the "
	      "loaded cost; "
	      "red: below.</figcaption></figure>\n",
	      out);
}

/* ---- margin by tenant ---- */

static int compare_margins(const void *a, const void *b) {
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	if (x->block.margin_nano != y->block.margin_nano) {
		return x->block.margin_nano < y->block.margin_nano ? 1 : -1;
	}
	return text_compare(x->tenant, y->tenant);
}

/* Tenants with a margin, the largest first. */
static const struct row **by_margin(const struct table *t, size_t *count) {
	const struct row **rows = must_alloc((t->count + 1) * sizeof(*rows));

	*count = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (t->rows[i].block.margin_known) {
			rows[(*count)++] = &t->rows[i];
		}
	}
	if (*count > 0) {
		qsort(rows, *count, sizeof(*rows), compare_margins);
	}
	return rows;
}

static void put_margin(FILE *out, const struct row *row, double zero, int64_t span, int places) {
	int64_t nano = row->block.margin_nano;
	double width = share_of(nano < 0 ? -nano : nano, span);
	char x[PERCENT_MAX], w[PERCENT_MAX], z[PERCENT_MAX], figure[FIGURE_MAX];

	fputs("<span>", out);
	html_put_text(out, row->tenant.len > 0 ? row->tenant : T("(none)"));
	fprintf(out,
		"</span><svg height=\"18\" aria-hidden=\"true\"><rect class=\"bar %s\" x=\"%s\" y=\"3\" width=\"%s\" "
		"height=\"12\"/><line class=\"zero\" x1=\"%s\" x2=\"%s\" y1=\"0\" y2=\"18\"/></svg><b>%s</b>\n",
		nano < 0 ? "loss" : "gain", html_percent(nano < 0 ? zero - width : zero, x), html_percent(width, w),
		html_percent(zero, z), z, figure_money(nano, places, figure));
}

/* Of many, the largest margins and the smallest. */
static void put_margins(FILE *out, const struct row **rows, size_t count, double zero, int64_t span) {
	for (size_t i = 0; i < count; i++) {
		if (count <= BARS_MAX || i < BARS_MAX / 2 || i >= count - BARS_MAX / 2) {
			put_margin(out, rows[i], zero, span, figure_places(span));
		}
	}
	fputs("</div><figcaption>List revenue less the cost of each tenant's capacity", out);
	if (count > BARS_MAX) {
		fprintf(out, "; the %d largest and the %d smallest of %zu", BARS_MAX / 2, BARS_MAX / 2, count);
	}
	fputs(".</figcaption></figure>\n", out);
}

void chart_margins(const struct statement *s, FILE *out) {
	size_t count;
	const struct row **rows = by_margin(&s->tenants, &count);

	if (count > 0) {
		int64_t most = rows[0]->block.margin_nano, least = rows[count - 1]->block.margin_nano;
		most = most > 0 ? most : 0;
		least = least < 0 ? least : 0;
		int64_t span = most - least > 0 ? most - least : 1;
		fputs("<figure role=\"group\" aria-label=\"Margin by tenant\"><div class=\"bars\">\n", out);
		put_margins(out, rows, count, share_of(-least, span), span);
	}
	free(rows);
}
