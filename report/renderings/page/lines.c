/* Small panels, one per model: unit cost over time with its interval, and by depth of the context. */
#include "report/renderings/page/html.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/instant.h"

#define PANELS_MAX 24
#define PLOT_HEIGHT 120
#define PLOT_TOP 12
/* In percent of a panel: figures are to the left of the plot. */
#define GUTTER 12
/* The time axis in the units of its picture. */
#define PLOT_WIDTH 1500

/* Decimals that a figure of this size needs. */
static int places_for(int64_t nano) {
	int places = 0;
	for (int64_t unit = NANO; unit > nano && places < 9; unit /= 10) {
		places++;
	}
	return places;
}

/* Vertical axis: from 0 to `top`; or, if values span more than a factor of 20, over whole decades of nano-units. */
struct axis {
	int64_t top;
	int low, high; /* decades; the same: linear */
};

#define SPAN_MOST 20

static struct axis axis_of(int64_t least, int64_t most) {
	struct axis a = {.top = chart_top(most)};

	if (least > 0 && least < most / SPAN_MOST) {
		a.low = (int)floor(log10((double)least));
		a.high = (int)ceil(log10((double)most));
	}
	return a;
}

static int height_of(int64_t nano, const struct axis *a) {
	int64_t got = 0;

	if (a->high > a->low) {
		double at = nano > 0 ? (log10((double)nano) - a->low) / (a->high - a->low) : 0;
		return PLOT_TOP + PLOT_HEIGHT - (int)(PLOT_HEIGHT * (at > 0 ? at < 1 ? at : 1 : 0));
	}
	exact_mul_div(nano, PLOT_HEIGHT, a->top, &got);
	return PLOT_TOP + PLOT_HEIGHT - (int)(got < PLOT_HEIGHT ? got : PLOT_HEIGHT);
}

static void put_label(FILE *out, const char *class, const char *x, int y, const char *text) {
	fprintf(out, "<text class=\"d %s\" x=\"%s\" y=\"%d\">%s</text>", class, x, y, text);
}

static void put_level(FILE *out, int y) {
	fprintf(out, "<line class=\"grid\" x1=\"%d%%\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", GUTTER, y, y);
}

/* A line for each decade, or at the top, the middle and 0. */
static void put_levels(FILE *out, const struct axis *a) {
	int levels = a->high > a->low ? a->high - a->low : 2;

	for (int i = 0; i <= levels; i++) {
		put_level(out, PLOT_TOP + i * PLOT_HEIGHT / levels);
	}
}

/* The figures that they represent. Half of 5 has a digit more. */
static void put_level_labels(FILE *out, const struct axis *a) {
	int64_t half = a->top / 2, leading = half;
	char figure[FIGURE_MAX];

	for (int d = a->high; d >= a->low && a->high > a->low; d--) {
		snprintf(figure, sizeof figure, "%.*f", d < 9 ? 9 - d : 0, pow(10, d - 9));
		put_label(out, "e", "10.5%", PLOT_TOP + (a->high - d) * PLOT_HEIGHT / (a->high - a->low) + 4, figure);
	}
	if (a->high > a->low) {
		return;
	}
	while (leading >= 100) {
		leading /= 10;
	}
	int places = places_for(half) + (leading % 10 != 0);
	put_label(out, "e", "10.5%", PLOT_TOP + 4, figure_money(a->top, places_for(a->top), figure));
	put_label(out, "e", "10.5%", PLOT_TOP + PLOT_HEIGHT / 2 + 4,
		  figure_money(half, places < 9 ? places : 9, figure));
	put_label(out, "e", "10.5%", PLOT_TOP + PLOT_HEIGHT + 4, "0");
}

static void open_panel(FILE *out, struct text model, const char *what) {
	fputs("<figure><h3>", out);
	html_put_text(out, model.len > 0 ? model : T("(none)"));
	fprintf(out, "</h3><svg height=\"%d\" role=\"img\" aria-label=\"%s\">\n", PLOT_TOP + PLOT_HEIGHT + 22, what);
}

/* ---- over time ---- */

struct panel {
	const struct moment *at;
	size_t count;
	int64_t from_ns, step_ns, span_ns;
	struct axis axis;
};

static int x_of(const struct panel *p, size_t i) {
	int64_t got = 0;
	exact_mul_div(p->at[i].start_ns - p->from_ns, PLOT_WIDTH, p->span_ns, &got);
	return (int)got;
}

/* Do this step and the previous one have a cost? */
static bool joins(const struct panel *p, size_t i, int kind) {
	return i > 0 && p->at[i - 1].unit[kind].known && p->at[i].start_ns - p->at[i - 1].start_ns <= p->step_ns;
}

/* Coordinates are written as differences, as a month has many hours. */
struct pen {
	FILE *out;
	int x, y;
};

static void pen_to(struct pen *p, int x, int y) {
	fprintf(p->out, y - p->y < 0 ? "%d%d " : "%d %d ", x - p->x, y - p->y);
	p->x = x;
	p->y = y;
}

static void pen_start(struct pen *p, int x, int y) {
	fprintf(p->out, "M%d %dl", x, y);
	p->x = x;
	p->y = y;
}

static void put_line(FILE *out, const struct panel *p, int kind, const char *class) {
	struct pen pen = {.out = out};

	fprintf(out, "<path class=\"line %s\" d=\"", class);
	for (size_t i = 0; i < p->count; i++) {
		if (!p->at[i].unit[kind].known) {
			continue;
		}
		int x = x_of(p, i), y = height_of(p->at[i].unit[kind].busy_nano, &p->axis);
		if (joins(p, i, kind)) {
			pen_to(&pen, x, y);
		} else {
			pen_start(&pen, x, y);
			pen_to(&pen, x + 1, y);
		}
	}
	fputs("\"/>\n", out);
}

/* The end of the stretch of steps with a cost that begins at `from`. */
static size_t stretch_end(const struct panel *p, size_t from, int kind) {
	size_t to = from + 1;
	while (to < p->count && p->at[to].unit[kind].known && joins(p, to, kind)) {
		to++;
	}
	return to;
}

static void put_band(FILE *out, const struct panel *p, int kind, const char *class) {
	struct pen pen = {.out = out};

	fprintf(out, "<path class=\"band %s\" d=\"", class);
	for (size_t from = 0, to; from < p->count; from = to) {
		to = from + 1;
		if (!p->at[from].unit[kind].known) {
			continue;
		}
		to = stretch_end(p, from, kind);
		pen_start(&pen, x_of(p, from), height_of(p->at[from].unit[kind].high_nano, &p->axis));
		for (size_t i = from + 1; i < to; i++) {
			pen_to(&pen, x_of(p, i), height_of(p->at[i].unit[kind].high_nano, &p->axis));
		}
		for (size_t i = to; i-- > from;) {
			pen_to(&pen, x_of(p, i), height_of(p->at[i].unit[kind].low_nano, &p->axis));
		}
		fputc('z', out);
	}
	fputs("\"/>\n", out);
}

static struct axis panel_axis(const struct panel *p) {
	int64_t least = INT64_MAX, most = 1;

	for (size_t i = 0; i < p->count; i++) {
		for (int k = 0; k < TOKEN_KINDS; k++) {
			const struct unit_cost *u = &p->at[i].unit[k];
			if (u->known && k != TOKENS_CACHED) {
				most = u->high_nano > most ? u->high_nano : most;
				least = u->busy_nano > 0 && u->busy_nano < least ? u->busy_nano : least;
			}
		}
	}
	return axis_of(least, most);
}

static bool has_interval(const struct panel *p) {
	for (size_t i = 0; i < p->count; i++) {
		const struct unit_cost *u = p->at[i].unit;
		if (u[TOKENS_INPUT].high_nano > u[TOKENS_INPUT].low_nano ||
		    u[TOKENS_OUTPUT].high_nano > u[TOKENS_OUTPUT].low_nano) {
			return true;
		}
	}
	return false;
}

static void put_days(FILE *out, const struct statement *s, const struct panel *p) {
	char text[INSTANT_TEXT_MAX];
	int len = s->options.to_ns - s->options.from_ns > 3 * NS_PER_DAY ? 10 : 16;

	instant_format(p->from_ns, text);
	text[len] = '\0';
	put_label(out, "", "12%", PLOT_TOP + PLOT_HEIGHT + 17, text);
	instant_format(p->from_ns + p->span_ns, text);
	text[len] = '\0';
	put_label(out, "e", "100%", PLOT_TOP + PLOT_HEIGHT + 17, text);
}

static void put_panel(FILE *out, const struct statement *s, struct panel *p) {
	p->axis = panel_axis(p);
	open_panel(out, names_text(s->options.names, p->at->model),
		   "Busy cost per million tokens over time, output and uncached input");
	put_levels(out, &p->axis);
	fprintf(out,
		"<svg x=\"%d%%\" width=\"%d%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n",
		GUTTER, 100 - GUTTER, PLOT_TOP + PLOT_HEIGHT, PLOT_WIDTH, PLOT_TOP + PLOT_HEIGHT);
	if (has_interval(p)) {
		put_band(out, p, TOKENS_OUTPUT, "out");
		put_band(out, p, TOKENS_INPUT, "in");
	}
	put_line(out, p, TOKENS_OUTPUT, "out");
	put_line(out, p, TOKENS_INPUT, "in");
	fputs("</svg>\n", out);
	put_level_labels(out, &p->axis);
	put_days(out, s, p);
	fputs("</svg></figure>\n", out);
}

static bool any_cost(const struct panel *p) {
	for (size_t i = 0; i < p->count; i++) {
		if (p->at[i].unit[TOKENS_INPUT].known || p->at[i].unit[TOKENS_OUTPUT].known) {
			return true;
		}
	}
	return false;
}

void chart_times(const struct statement *s, FILE *out) {
	const struct timeline *t = s->timeline;
	int panels = 0;

	for (size_t from = 0, to; from < t->count && panels < PANELS_MAX; from = to) {
		for (to = from + 1; to < t->count && t->moments[to].model == t->moments[from].model; to++) {
		}
		struct panel p = {.at = &t->moments[from], .count = to - from, .step_ns = t->step_ns};
		p.from_ns = instant_floor(s->options.from_ns < p.at->start_ns ? s->options.from_ns : p.at->start_ns,
					  t->step_ns);
		p.span_ns = s->options.to_ns - p.from_ns > t->step_ns ? s->options.to_ns - p.from_ns : t->step_ns;
		if (p.count > 2 && any_cost(&p)) {
			put_panel(out, s, &p);
			panels++;
		}
	}
}

/* ---- by position ---- */

static const char *short_count(int64_t n, char out[FIGURE_MAX]) {
	if (n >= 1024 && n % 1024 == 0) {
		snprintf(out, FIGURE_MAX, "%lldk", (long long)(n / 1024));
		return out;
	}
	return figure_count(n, out);
}

/* Heights of labels at the right end of a panel: none over another. */
#define LABELS_MAX 8
#define LABEL_HEIGHT 11

struct labels {
	int used[LABELS_MAX];
	size_t count;
};

static void put_end_label(FILE *out, struct labels *l, int y, const char *text) {
	for (size_t i = 0; i < l->count; i++) {
		if (abs(y - l->used[i]) < LABEL_HEIGHT) {
			y = l->used[i] - LABEL_HEIGHT;
			i = (size_t)-1;
		}
	}
	if (l->count < LABELS_MAX) {
		l->used[l->count++] = y;
	}
	put_label(out, "", "85%", y + 4, text);
}

/* The rows of one model, class of list price and kind. */
struct run {
	const struct position *at;
	size_t count;
};

static double depth_x(const struct run *r, size_t i) {
	return GUTTER / 100.0 + (0.84 - GUTTER / 100.0) * (double)i / (double)r->count;
}

static int64_t most_tokens(const struct run *r) {
	int64_t most = 1;

	for (size_t i = 0; i < r->count; i++) {
		most = r->at[i].row.tokens > most ? r->at[i].row.tokens : most;
	}
	return most;
}

/* Ranges, with a thickness by tokens; the first and the last with their cost. */
static void put_run(FILE *out, const struct run *r, const struct axis *a, const char *class, struct labels *l) {
	char x[PERCENT_MAX], w[PERCENT_MAX], figure[FIGURE_MAX], from[FIGURE_MAX], tokens[FIGURE_MAX];
	int64_t most = most_tokens(r);
	int last_y = -1;

	for (size_t i = 0; i < r->count; i++) {
		int y = height_of(r->at[i].unit_nano, a), thick = 2 + (int)(6.0 * (double)r->at[i].row.tokens / (double)most);
		if (r->at[i].rated_tokens == 0) {
			continue;
		}
		html_percent(depth_x(r, i), x);
		html_percent(depth_x(r, i + 1) - depth_x(r, i), w);
		fprintf(out, "<rect class=\"range %s\" x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\"><title>from %s tokens: %s, %s tokens</title></rect>\n", class, x,
		        y - thick / 2, w, thick, figure_count(r->at[i].row.from_ntok, from), figure_unit(r->at[i].unit_nano, figure),
		        figure_count(r->at[i].row.tokens, tokens));
		last_y = y;
	}
	if (last_y >= 0) {
		for (size_t i = r->count; i-- > 0;) {
			if (r->at[i].rated_tokens > 0) {
				put_end_label(out, l, last_y, figure_unit(r->at[i].unit_nano, figure));
				break;
			}
		}
	}
}

static void put_depths(FILE *out, const struct run *r) {
	char x[PERCENT_MAX], figure[FIGURE_MAX];
	size_t every = (r->count + 5) / 6;

	for (size_t i = 0; i < r->count; i += every) {
		html_percent(depth_x(r, i), x);
		put_label(out, "m", x, PLOT_TOP + PLOT_HEIGHT + 17, short_count(r->at[i].row.from_ntok, figure));
	}
}

/* The list prices of input and output, which do not depend on position. */
static void put_list_lines(FILE *out, const struct run runs[2], const struct axis *a, struct labels *l) {
	static const char *const words[2] = {"list input", "list output"};

	for (size_t k = 0; k < 2; k++) {
		if (runs[k].count > 0 && runs[k].at->list_known && runs[k].at->list_nano > 0) {
			int y = height_of(runs[k].at->list_nano, a);
			fprintf(out, "<line class=\"dash\" x1=\"%d%%\" x2=\"84%%\" y1=\"%d\" y2=\"%d\"/>", GUTTER, y, y);
			put_end_label(out, l, y, words[k]);
		}
	}
}

void chart_widen(int64_t nano, int64_t *least, int64_t *most) {
	if (nano > 0) {
		*least = nano < *least ? nano : *least;
		*most = nano > *most ? nano : *most;
	}
}

static void widen_axis(const struct position *p, int64_t *least, int64_t *most) {
	chart_widen(p->rated_tokens > 0 ? p->unit_nano : 0, least, most);
	chart_widen(p->list_known ? p->list_nano : 0, least, most);
}

/* A model, and the requests of one class of its list price. */
static void open_depth_panel(FILE *out, const struct statement *s, const struct position_row *row) {
	struct text model = names_text(s->options.names, row->model);
	char over[FIGURE_MAX], title[1024];

	if (row->prompt_over_ntok > 0) {
		snprintf(title, sizeof title, "%.900s, prompts over %s", model.at, figure_count(row->prompt_over_ntok, over));
		model = text_of(title);
	}
	open_panel(out, model, "Busy cost per million tokens by position; the table has the figures");
}

/* Input comes before output; either may be missing. */
static size_t put_depth_panel(FILE *out, const struct statement *s, const struct position *at, size_t left) {
	struct run runs[2] = {{at, 0}, {at, 0}};
	int64_t least = INT64_MAX, most = 1;
	size_t count = 0;

	for (; count < left && at[count].row.model == at->row.model && at[count].row.prompt_over_ntok == at->row.prompt_over_ntok; count++) {
		struct run *r = &runs[at[count].row.kind == ENTRY_OUTPUT];
		r->at = r->count == 0 ? &at[count] : r->at;
		r->count++;
		widen_axis(&at[count], &least, &most);
	}
	struct axis axis = axis_of(least, most);
	open_depth_panel(out, s, &at->row);
	put_levels(out, &axis);
	struct labels labels = {.count = 0};
	put_run(out, &runs[0], &axis, "in", &labels); /* from below: what is in the way goes up */
	put_list_lines(out, runs, &axis, &labels);
	put_run(out, &runs[1], &axis, "out", &labels);
	put_level_labels(out, &axis);
	put_depths(out, runs[1].count > runs[0].count ? &runs[1] : &runs[0]);
	fputs("</svg></figure>\n", out);
	return count;
}

void chart_positions(const struct statement *s, FILE *out) {
	const struct positions *p = &s->positions;
	int panels = 0;

	for (size_t i = 0; i < p->count && panels < PANELS_MAX; panels++) {
		i += put_depth_panel(out, s, &p->rows[i], p->count - i);
	}
}
