/* A waterfall: from one sum through additions and subtractions to another. */
#include <stdlib.h>

#include "report/page.h"
#include "report/renderings/page/html.h"

#define HEIGHT 240
#define TOP 24
#define FOOT 80 /* room for names and, on phones, figures, which page.css places: in turn in two pairs of lines */
#define NAME_MOST 20 /* bytes */

/* From and to of each bar: before, the nonzero steps on top of each other, after. */
struct fall {
	int64_t from[PAGE_STEPS_MAX + 2], to[PAGE_STEPS_MAX + 2], low, high;
	const struct page_step *step[PAGE_STEPS_MAX + 2];
	size_t bars;
};

static void lay_out(const struct page_fall *p, struct fall *f) {
	int64_t at = p->before.nano, after = p->after.nano;

	*f = (struct fall){.low = at < after ? at : after, .high = at > after ? at : after, .bars = 1};
	f->step[0] = &p->before;
	f->to[0] = at;
	for (size_t k = 0; k < p->count; k++) {
		if (p->steps[k].nano == 0) {
			continue;
		}
		f->step[f->bars] = &p->steps[k];
		f->from[f->bars] = at;
		exact_add(&at, p->steps[k].nano);
		f->to[f->bars++] = at;
		f->low = at < f->low ? at : f->low;
		f->high = at > f->high ? at : f->high;
	}
	f->step[f->bars] = &p->after;
	f->to[f->bars++] = after;
	double span = (double)f->high - (double)f->low;
	/* The end bars are broken where the changes are small. */
	f->low = (double)f->low > 2 * span && span > 0 ? f->low - (int64_t)(span / 4) : f->low < 0 ? f->low : 0;
	f->high = f->high > f->low ? f->high : f->low + 1;
}

static int height_at(const struct fall *f, int64_t nano) {
	double at = ((double)nano - (double)f->low) / ((double)f->high - (double)f->low);
	return TOP + HEIGHT - (int)(HEIGHT * (at > 0 ? at : 0));
}

/* From outside, and as long as there is room. */
static void put_name(FILE *out, const char *name) {
	struct text t = text_of(name), short_one = text_cut(t, 0, t.len > NAME_MOST ? NAME_MOST - 1 : t.len);

	while (short_one.len > 0 && short_one.len < t.len && (t.at[short_one.len] & 0xc0) == 0x80) {
		short_one.len--; /* not within a character */
	}
	html_put_text(out, short_one);
	fputs(short_one.len < t.len ? "…" : "", out);
}

static void put_bar(FILE *out, const struct statement *s, const struct fall *f, size_t i) {
	bool end = i == 0 || i == f->bars - 1;
	const struct page_step *step = f->step[i];
	int from = height_at(f, end ? (f->low > 0 ? f->low : 0) : f->from[i]), to = height_at(f, f->to[i]), top = from < to ? from : to;
	double width = 100.0 / (double)f->bars, x = width * (double)i;
	char figure[FIGURE_MAX], sign[FIGURE_MAX];

	figure_sum(step->nano, figure);
	fprintf(out, "<rect class=\"%s\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\" rx=\"2\"/>", end ? "fall-end" : step->nano > 0 ? "fall-up" : "fall-down", x + 0.15 * width,
	        top, 0.7 * width, from == to ? 1 : from > to ? from - to : to - from);
	fprintf(out, "<text class=\"m fig%s\" x=\"%.2f%%\" transform=\"translate(0 %d)\">%s%s%s</text>", i % 2 ? " odd" : "", x + width / 2, top - 6,
	        figure[0] == '-' ? "−" : !end && step->nano > 0 ? "+" : "", figure_sign(s, sign), figure + (figure[0] == '-'));
	fprintf(out, "<text class=\"m word%s\" x=\"%.2f%%\" y=\"%d\">", i % 2 ? " odd" : "", x + width / 2, TOP + HEIGHT + 18);
	put_name(out, step->name);
	fprintf(out, "</text><text class=\"d m alt\" x=\"%.2f%%\" y=\"%d\">%s</text>\n", x + width / 2, TOP + HEIGHT + 34, step->what ? step->what : "");
}

void page_fall(FILE *out, const char *currency, const struct page_fall *p) {
	struct statement s = {.options = {.currency = currency}}; /* for the sign of the currency alone */
	struct fall f;
	char figure[FIGURE_MAX], sign[FIGURE_MAX];

	lay_out(p, &f);
	fprintf(out, "<section class=\"card\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2><span class=\"aside\">", p->id, p->id, p->title);
	if (f.low > 0) {
		fprintf(out, "the axis starts at %s%s", figure_sign(&s, sign), figure_sum(f.low, figure));
	}
	fprintf(out, "</span><svg height=\"%d\" role=\"img\" aria-label=\"%s\">\n", TOP + HEIGHT + FOOT, p->says);
	for (size_t i = 0; i < f.bars; i++) {
		put_bar(out, &s, &f, i);
	}
	fputs("</svg></section>\n", out);
}
