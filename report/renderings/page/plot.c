/*
 * Curves and points over two axes. Horizontally in percent of the container, lines in a frame that stretches: text
 * keeps its size.
 */
#include <math.h>
#include <string.h>

#include "report/page.h"
#include "report/renderings/page/html.h"

#define TOP 16
/* In percent: figures are to the left of the plot, names of curves reach to its right. */
#define LEFT 11.0
#define RIGHT 3.0
#define ACROSS 1000
/* Distance between names of curves, in pixels. */
#define NAME_HEIGHT 14
/* Those of points also this distance, in percent. */
#define LABEL_WIDTH 14
#define LABELS_MAX 64
#define SQUARE 0.886 /* half a side, of a radius: half the root of pi */

struct frame {
	struct page_axis x, y;
	int height;
	int used[PAGE_CURVES_MAX]; /* heights of names */
	size_t used_count;
	double labels[LABELS_MAX][2]; /* of points: percent, pixels */
	size_t label_count;
};

/* ---- axes ---- */

static bool has_place(const struct page_axis *a, double value) {
	return isfinite(value) && (!a->log || value > 0);
}

static double place(const struct page_axis *a, double value) {
	return a->log ? log10(value / a->low) / log10(a->high / a->low) : (value - a->low) / (a->high - a->low);
}

static double nice_top(double most) {
	double unit = pow(10, floor(log10(most > 0 ? most : 1)));
	return most <= unit ? unit : most <= 2 * unit ? 2 * unit : most <= 5 * unit ? 5 * unit : 10 * unit;
}

static void fit(struct page_axis *a, const struct page_plot *p, bool across) {
	double low = INFINITY, high = -INFINITY;

	if (a->low != a->high) {
		return;
	}
	for (size_t k = 0; k < p->count; k++) {
		for (size_t i = 0; i < p->curves[k].count; i++) {
			double value = (across ? p->curves[k].x : p->curves[k].y)[i];
			low = has_place(a, value) ? fmin(low, value) : low;
			high = has_place(a, value) ? fmax(high, value) : high;
		}
	}
	if (high < low) {
		low = high = 1;
	}
	a->low = a->log ? pow(10, floor(log10(low) + 1e-9)) : 0;
	a->high = a->log ? pow(10, ceil(log10(high) - 1e-9)) : nice_top(high);
	a->high = a->high > a->low ? a->high : a->log ? a->low * 10 : a->low + 1;
}

static double x_of(const struct frame *f, double value) {
	return LEFT + (100 - LEFT - RIGHT) * place(&f->x, value);
}

static double y_of(const struct frame *f, double value) {
	double at = place(&f->y, value);
	return TOP + f->height * (1 - (at < -0.05 ? -0.05 : at > 1.05 ? 1.05 : at));
}

/* The i-th label of an axis; false: there are no more. */
static bool level(const struct page_axis *a, int i, double *value) {
	*value = a->log ? a->low * pow(10, i) : a->low + (a->high - a->low) * i / 5;
	return *value <= a->high * (1 + 1e-9) && i < 20;
}

static void put_label(FILE *out, const struct page_axis *a, double value) {
	char figure[FIGURE_MAX];

	fputs(a->prefix && value != 0 ? a->prefix : "", out);
	if (value >= 1000) {
		fputs(figure_count(llround(value), figure), out);
	} else {
		fprintf(out, "%g", value);
	}
	fputs(a->suffix ? a->suffix : "", out);
}

static void put_axes(FILE *out, const struct frame *f) {
	double value;

	for (int i = 0; level(&f->x, i, &value); i++) {
		double x = x_of(f, value);
		fprintf(out, "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/><text class=\"d %s\" x=\"%.2f%%\" y=\"%d\">", x, x, TOP, TOP + f->height,
		        x > 95 ? "e" : "m", x > 95 ? 100.0 : x, TOP + f->height + 16);
		put_label(out, &f->x, value);
		fputs("</text>", out);
	}
	for (int i = 0; level(&f->y, i, &value); i++) {
		double y = y_of(f, value);
		fprintf(out, "<line class=\"grid\" x1=\"%.1f%%\" x2=\"%.1f%%\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"d e\" x=\"%.1f%%\" y=\"%.1f\">", LEFT, 100 - RIGHT, y, y, LEFT - 1, y + 4);
		put_label(out, &f->y, value);
		fputs("</text>", out);
	}
	fputc('\n', out);
}

/* ---- curves ---- */

static bool shows(const struct frame *f, const struct page_curve *c, size_t i) {
	return has_place(&f->x, c->x[i]) && has_place(&f->y, c->y[i]);
}

static void put_line(FILE *out, const struct frame *f, const struct page_curve *c) {
	bool down = false;

	fprintf(out, "<path class=\"line %s\" d=\"", c->class);
	for (size_t i = 0; i < c->count; i++) {
		if (shows(f, c, i)) {
			fprintf(out, "%s%.1f %.1f", down ? " " : "M", ACROSS * place(&f->x, c->x[i]), y_of(f, c->y[i]));
		}
		down = shows(f, c, i);
	}
	fputs("\"/>\n", out);
}

static void put_point(FILE *out, const struct frame *f, const struct page_curve *c, size_t i) {
	double x = x_of(f, c->x[i]), y = y_of(f, c->y[i]);

	if (c->plain) {
		fprintf(out, "<circle class=\"point\" cx=\"%.1f%%\" cy=\"%.0f\" r=\"3\"/>", x, y);
		return;
	}
	double r = c->radius ? c->radius[i] : 4;
	if (c->square) { /* of the same area */
		fprintf(out, "<svg x=\"%.2f%%\" y=\"%.1f\"><rect class=\"p-%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", x, y, c->class, -r * SQUARE, -r * SQUARE, 2 * r * SQUARE,
		        2 * r * SQUARE);
	} else {
		fprintf(out, "<circle class=\"p-%s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"%.1f\"><title>", c->class, x, y, r);
	}
	if (c->labels && c->labels[i]) {
		html_put_string(out, c->labels[i]);
		fputs(": ", out);
	}
	fprintf(out, "%s %.6g, %s %.6g</title>%s\n", f->x.name, c->x[i], f->y.name, c->y[i], c->square ? "</rect></svg>" : "</circle>");
}

/* Only if no other point's label overlaps. */
static void put_point_label(FILE *out, struct frame *f, const struct page_curve *c, size_t i) {
	double x = x_of(f, c->x[i]), y = y_of(f, c->y[i]);

	for (size_t k = 0; k < f->label_count; k++) {
		if (fabs(y - f->labels[k][1]) < NAME_HEIGHT && fabs(x - f->labels[k][0]) < LABEL_WIDTH) {
			return;
		}
	}
	if (f->label_count < LABELS_MAX) {
		f->labels[f->label_count][0] = x;
		f->labels[f->label_count++][1] = y;
	}
	fprintf(out, "<text class=\"d%s\" x=\"%.2f%%\" dx=\"%d\" y=\"%.1f\">", x > 75 ? " e" : "", x, x > 75 ? -7 : 7, y + (x > 75 ? -5 : 4));
	html_put_string(out, c->labels[i]);
	fputs("</text>\n", out);
}

/* A free position for a name near `y`. */
static int free_height(struct frame *f, int y) {
	for (size_t i = 0; i < f->used_count; i++) {
		if (y - f->used[i] < NAME_HEIGHT && f->used[i] - y < NAME_HEIGHT) {
			y = f->used[i] - NAME_HEIGHT;
			i = (size_t)-1;
		}
	}
	if (f->used_count < PAGE_CURVES_MAX) {
		f->used[f->used_count++] = y;
	}
	return y;
}

static void put_name(FILE *out, struct frame *f, const struct page_curve *c) {
	for (size_t i = c->count; i-- > 0;) {
		if (!shows(f, c, i)) {
			continue;
		}
		double x = x_of(f, c->x[i]);
		fprintf(out, "<text class=\"name n-%s%s\" x=\"%.2f%%\" y=\"%d\">", c->class, x > 60 ? " e" : "", x, free_height(f, (int)y_of(f, c->y[i]) - 6));
		html_put_string(out, c->name);
		fputs("</text>\n", out);
		return;
	}
}

static void put_curves(FILE *out, struct frame *f, const struct page_plot *p) {
	fprintf(out, "<svg x=\"%.1f%%\" width=\"%.1f%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n", LEFT, 100 - LEFT - RIGHT, TOP + f->height, ACROSS, TOP + f->height);
	for (size_t k = 0; k < p->count; k++) {
		if (p->curves[k].form != PAGE_POINTS) {
			put_line(out, f, &p->curves[k]);
		}
	}
	fputs("</svg>\n", out);
	for (size_t k = 0; k < p->count; k++) {
		const struct page_curve *c = &p->curves[k];
		for (size_t i = 0; i < c->count && c->form != PAGE_LINE; i++) {
			if (shows(f, c, i)) {
				put_point(out, f, c, i);
			}
		}
	}
	for (size_t k = 0; k < p->count; k++) {
		const struct page_curve *c = &p->curves[k];
		for (size_t i = 0; i < c->count && c->labels; i++) {
			if (c->labels[i] && shows(f, c, i) && !c->radius) {
				put_point_label(out, f, c, i);
			}
		}
		if (c->name) {
			put_name(out, f, c);
		}
	}
}

void page_plot(FILE *out, const struct page_plot *p) {
	struct frame f = {.x = p->x, .y = p->y, .height = p->height > 0 ? p->height : 230};

	fit(&f.x, p, true);
	fit(&f.y, p, false);
	fprintf(out, "<figure><p class=\"axisname\">%s%s</p><svg height=\"%d\" role=\"img\" tabindex=\"0\" aria-label=\"%s\">\n", f.y.name, f.y.log ? " (log scale)" : "",
	        TOP + f.height + 20, p->says);
	put_axes(out, &f);
	put_curves(out, &f, p);
	fprintf(out, "</svg><p class=\"axisname e\">%s%s</p></figure>\n", f.x.name, f.x.log ? " (log scale)" : "");
}
