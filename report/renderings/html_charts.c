/* Pictures of a statement, as inline SVG. Coordinates are whole units; colours are the style sheet's. */
#include "report/renderings/html.h"

#include <stdlib.h>

#define WIDTH 960
/* More bars than this are no picture; the table has them all. */
#define BARS_MAX 40

static void open_svg(FILE *out, int height, const char *title) {
	fprintf(out, "<figure><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n<title>%s</title>\n", WIDTH,
		height, title, title);
}

static void close_svg(FILE *out, const char *caption) {
	fprintf(out, "</svg>\n<figcaption class=\"dim\">%s</figcaption></figure>\n", caption);
}

/* `part` of `whole` in `units`; 0 if there is no whole. */
static int scaled(int64_t part, int64_t whole, int units) {
	int64_t got = 0;
	if (whole > 0 && part > 0) {
		exact_mul_div(part, units, whole, &got);
	}
	return (int)got;
}

static void put_label(FILE *out, int x, int y, bool right, struct text t) {
	fprintf(out, "<text x=\"%d\" y=\"%d\"%s>", x, y, right ? " class=\"r\"" : "");
	html_put_text(out, t);
	fputs("</text>\n", out);
}

static void put_bar(FILE *out, const char *class, int x, int y, int width, int height) {
	fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", class, x, y, width, height);
}

/* ---- where the money went ---- */

#define FLOW_HEIGHT 220
#define FLOW_GAP 22

static void put_ribbon(FILE *out, int part, int left, int right, int height) {
	fprintf(out, "<path class=\"p%d flow\" d=\"M120 %dC400 %d 420 %d 700 %dV%dC420 %d 400 %d 120 %dZ\"/>\n", part,
		left, left, right, right, right + height, right + height, left + height, left + height);
}

static void put_flow_label(FILE *out, const struct statement *s, int part, int y) {
	const struct block *b = &s->total;
	char label[160], money[FIGURE_MAX], share[FIGURE_MAX];

	snprintf(label, sizeof label, "%s %s (%s)", part_names[part],
		 figure_money(part_nano(b, part), figure_places(b->capacity_nano), money),
		 figure_percent(part_nano(b, part), b->capacity_nano, share));
	put_label(out, 722, y, false, text_of(label));
}

void chart_flow(const struct statement *s, FILE *out) {
	const struct block *b = &s->total;
	int left = 20, right = 10;

	if (b->capacity_nano <= 0) {
		return;
	}
	open_svg(out, FLOW_HEIGHT + 20 + PARTS * FLOW_GAP, "From the capacity paid to where it went");
	put_label(out, 110, 20 + FLOW_HEIGHT / 2, true, T("capacity"));
	for (int i = 0; i < PARTS; i++) {
		int height = scaled(part_nano(b, i), b->capacity_nano, FLOW_HEIGHT);
		char class[4] = {'p', (char)('0' + i), '\0'};
		if (part_nano(b, i) == 0) {
			continue;
		}
		height = height > 0 ? height : 1;
		put_ribbon(out, i, left, right, height);
		put_bar(out, class, 116, left, 8, height);
		put_bar(out, class, 700, right, 12, height);
		put_flow_label(out, s, i, right + height / 2 + 5);
		left += height;
		right += height + FLOW_GAP;
	}
	close_svg(out, "Money, from the capacity that was paid to prefill, decode, other, idle and unobserved time.");
}

/* ---- real against list price ---- */

static int64_t largest_price(const struct statement *s) {
	int64_t largest = 0;
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &s->models.rows[i].block;
		for (int k = 0; k < TOKEN_KINDS; k++) {
			int64_t loaded = b->unit[k].known ? b->unit[k].loaded_nano : 0;
			int64_t list = b->list_known && b->list_price_known[k] ? b->list_nano[k] : 0;
			largest = loaded > largest ? loaded : largest;
			largest = list > largest ? list : largest;
		}
	}
	return largest;
}

static int put_price_bars(FILE *out, const struct block *b, int kind, int y, int64_t largest) {
	static const struct text names[TOKEN_KINDS] = {T("input, uncached"), T("input, cached"), T("output")};
	char figure[FIGURE_MAX];

	put_label(out, 170, y + 17, true, names[kind]);
	int real = scaled(b->unit[kind].loaded_nano, largest, 640);
	put_bar(out, "p0", 180, y, real, 10);
	put_label(out, 186 + real, y + 10, false, text_of(figure_money(b->unit[kind].loaded_nano, 4, figure)));
	if (b->list_known && b->list_price_known[kind]) {
		int list = scaled(b->list_nano[kind], largest, 640);
		put_bar(out, "p4", 180, y + 13, list, 10);
		put_label(out, 186 + list, y + 23, false, text_of(figure_money(b->list_nano[kind], 4, figure)));
	}
	return y + 32;
}

static int put_model_bars(FILE *out, const struct row *row, int y, int64_t largest) {
	put_label(out, 0, y + 14, false, row->model);
	y += 22;
	for (int k = 0; k < TOKEN_KINDS; k++) {
		if (row->block.unit[k].known) {
			y = put_price_bars(out, &row->block, k, y, largest);
		}
	}
	return y + 8;
}

static bool has_units(const struct block *b) {
	return b->unit[0].known || b->unit[1].known || b->unit[2].known;
}

void chart_prices(const struct statement *s, FILE *out) {
	int64_t largest = largest_price(s);
	int y = 4, height = 8;

	if (largest == 0 || s->models.count > BARS_MAX) {
		return;
	}
	for (size_t i = 0; i < s->models.count; i++) {
		const struct block *b = &s->models.rows[i].block;
		height += has_units(b) ? 30 + 32 * (b->unit[0].known + b->unit[1].known + b->unit[2].known) : 0;
	}
	open_svg(out, height, "Real cost against list price, per million tokens");
	for (size_t i = 0; i < s->models.count; i++) {
		if (has_units(&s->models.rows[i].block)) {
			y = put_model_bars(out, &s->models.rows[i], y, largest);
		}
	}
	close_svg(out, "Per million tokens: what they cost, loaded (upper bar), and their list price (lower bar).");
}

/* ---- margin by tenant ---- */

static int64_t size_of(int64_t n) {
	return n < 0 ? -n : n;
}

static void put_margin_bar(FILE *out, const struct statement *s, const struct row *row, int y, int64_t largest) {
	int64_t nano = row->block.margin_nano;
	int width = scaled(size_of(nano), largest, 250);
	char figure[FIGURE_MAX];

	put_label(out, 260, y + 13, true, row->tenant.len > 0 ? row->tenant : T("(none)"));
	put_bar(out, nano < 0 ? "neg" : "p1", nano < 0 ? 560 - width : 560, y, width, 16);
	put_label(out, 830, y + 13, false, text_of(figure_money(nano, figure_places(s->total.capacity_nano), figure)));
}

void chart_margins(const struct statement *s, FILE *out) {
	int64_t largest = 0;
	size_t count = 0;
	int y = 4;

	for (size_t i = 0; i < s->tenants.count; i++) {
		const struct block *b = &s->tenants.rows[i].block;
		count += b->list_known;
		largest = b->list_known && size_of(b->margin_nano) > largest ? size_of(b->margin_nano) : largest;
	}
	if (count == 0 || count > BARS_MAX) {
		return;
	}
	open_svg(out, 8 + 22 * (int)count, "Margin at list price by tenant");
	fprintf(out, "<line class=\"axis\" x1=\"560\" x2=\"560\" y1=\"0\" y2=\"%d\"/>\n", 8 + 22 * (int)count);
	for (size_t i = 0; i < s->tenants.count; i++) {
		if (s->tenants.rows[i].block.list_known) {
			put_margin_bar(out, s, &s->tenants.rows[i], y, largest);
			y += 22;
		}
	}
	close_svg(out, "Margin by tenant: list revenue less the cost of its capacity.");
}

/* ---- unit cost over time ---- */

#define TIMES_HEIGHT 200

static int64_t largest_unit(const struct table *t, int kind) {
	int64_t largest = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct unit_cost *u = &t->rows[i].block.unit[kind];
		largest = u->known && u->loaded_nano > largest ? u->loaded_nano : largest;
	}
	return largest;
}

/* A line per kind, each on a scale of its own; time without such tokens leaves a gap. */
static void put_line(FILE *out, const struct table *t, int kind, const char *class) {
	int64_t first = t->rows[0].bucket_ns, span = t->rows[t->count - 1].bucket_ns - first;
	int64_t largest = largest_unit(t, kind);
	bool pen = false;

	fprintf(out, "<path class=\"%s\" d=\"", class);
	for (size_t i = 0; i < t->count; i++) {
		const struct unit_cost *u = &t->rows[i].block.unit[kind];
		if (u->known) {
			fprintf(out, "%c%d %d", pen ? 'L' : 'M', 10 + scaled(t->rows[i].bucket_ns - first, span, 940),
				TIMES_HEIGHT - scaled(u->loaded_nano, largest, TIMES_HEIGHT - 30));
		}
		pen = u->known;
	}
	fputs("\"/>\n", out);
}

void chart_times(const struct statement *s, FILE *out) {
	char label[160], in[FIGURE_MAX], output[FIGURE_MAX];

	if (s->options.by_count != 1 || s->options.by[0] > BY_MONTH || s->rows.count < 2) {
		return;
	}
	open_svg(out, TIMES_HEIGHT + 10, "Loaded cost per million tokens over time");
	fprintf(out, "<line class=\"axis\" x1=\"10\" x2=\"950\" y1=\"%d\" y2=\"%d\"/>\n", TIMES_HEIGHT, TIMES_HEIGHT);
	put_line(out, &s->rows, TOKENS_INPUT, "l0");
	put_line(out, &s->rows, TOKENS_OUTPUT, "l1");
	snprintf(label, sizeof label, "highest: uncached input %s, output %s",
		 figure_money(largest_unit(&s->rows, TOKENS_INPUT), 4, in),
		 figure_money(largest_unit(&s->rows, TOKENS_OUTPUT), 4, output));
	put_label(out, 10, 14, false, text_of(label));
	close_svg(out,
		  "Loaded cost per million uncached input (blue) and output tokens (green), each on its own scale.");
}
