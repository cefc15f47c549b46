/* audit_html.c: an audit as a page: sellers below the estimated cost, break-even load of the others, by GPU. */
#include <math.h>
#include <string.h>

#include "report/estimate/audit.h"
#include "report/estimate/sheet.h"
#include "report/page.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HALF 2
#define POINTS 50

static void put_unit_cell(FILE *out, double amount) {
	char figure[PAGE_FIGURE_MAX];
	page_cell(out, amount, isnan(amount) ? "not listed" : page_unit_figure(amount, figure), NULL);
}

/* The JSON has one request. */
static void put_thousand_cell(FILE *out, double request) {
	char figure[PAGE_FIGURE_MAX];
	page_cell(out, request, page_unit_figure(request * 1000, figure), NULL);
}

static void put_thousand(FILE *out, const char *currency, double request) {
	char figure[PAGE_FIGURE_MAX], sign[PAGE_FIGURE_MAX];

	fputs(page_sign(currency, sign), out);
	page_figure(out, request, page_unit_figure(request * 1000, figure));
}

/* The JSON has a fraction, the page shows percent. */
static void put_share_cell(FILE *out, double share) {
	char number[SHEET_NUMBER_MAX];

	snprintf(number, sizeof number, "%s%.0f %%", share <= -0.005 ? "−" : "", fabs(share * 100));
	page_cell(out, share, isinf(share) ? "never" : isnan(share) ? "not known" : number, share < 0 ? "bad" : NULL);
}

static size_t count_below(const struct audit *a) {
	size_t below = 0;

	for (size_t i = 0; i < a->seller_count; i++) {
		below += a->sellers[i].revenue < a->cards[a->cheapest].request[HALF];
	}
	return below;
}

static void put_answer(const struct audit *a, FILE *out) {
	const struct audit_card *card = &a->cards[a->cheapest];
	const struct costs *c = &card->costs;

	fputs("<h1>", out);
	if (a->seller_count == 1) {
		fputs("The one seller of ", out);
		page_text(out, c->roofline.model.name);
		fprintf(out, " charges %s than it should cost at half load", count_below(a) ? "less" : "more");
	} else {
		fprintf(out, "%zu of %zu sellers of ", count_below(a), a->seller_count);
		page_text(out, c->roofline.model.name);
		fputs(" charge less than it should cost at half load", out);
	}
	fprintf(out, "</h1>\n<p class=\"lead\">On %.0f × ", c->gpus);
	page_text(out, c->roofline.gpu.name);
	fputs(" at ", out);
	page_price(out, c->currency, card->per_hour);
	fputs(" per GPU-hour, the cheapest with full batches. <b>A thousand requests should cost ", out);
	put_thousand(out, c->currency, card->request[3]);
	fputs(" there with full batches, ", out);
	put_thousand(out, c->currency, card->request[HALF]);
	fprintf(out, " at half load.</b> Requests of %.0f tokens in (%.0f cached) and %.0f out; 95 %% of published measurements are within × / %.1f of such an estimate. "
	             "GPU-hours alone: no staff, no spare capacity.</p>\n", c->prompt, c->cached, c->output, exp(c->spread));
	if (!isnan(a->bill[0])) {
		fprintf(out, "<p class=\"lead\">%.4g tokens in, %.4g of them cached, and %.4g out should cost ", a->tokens[0], a->tokens[1], a->tokens[2]);
		page_unit(out, c->currency, a->bill[0]);
		fputs(" with full batches, ", out);
		page_unit(out, c->currency, a->bill[1]);
		fputs(" at half load.</p>\n", out);
	}
}

/* The most expensive, the median and the cheapest seller as lines. */
static size_t add_sellers(const struct audit *a, const double ends[2], double brings[3][2], struct page_curve *curves, size_t count) {
	const size_t which[] = {0, a->seller_count / 2, a->seller_count - 1};

	for (size_t i = 0; i < COUNT(which); i++) {
		const struct audit_seller *s = &a->sellers[which[i]];
		brings[i][0] = brings[i][1] = s->revenue * 1000;
		if (i == 0 || which[i] != which[i - 1]) {
			curves[count++] = (struct page_curve){.class = "dash", .name = s->provider, .x = ends, .y = brings[i], .count = 2};
		}
	}
	return count;
}

static void put_load(const struct audit *a, FILE *out) {
	static const double ends[] = {1, 100};
	const struct costs *c = &a->cards[a->cheapest].costs;
	double x[POINTS + 1], y[POINTS + 1], brings[3][2];
	char sign[PAGE_FIGURE_MAX];
	struct page_curve curves[PAGE_CURVES_MAX] = {{.class = "out", .name = "should cost", .x = x, .y = y, .count = POINTS + 1}};

	for (int i = 0; i <= POINTS; i++) {
		x[i] = 100 * pow(100, (double)i / POINTS - 1);
		y[i] = explain_at_load(c, x[i] / 100).request * 1000;
	}
	page_card(out, "load", "At what load it pays", "Dashed: the price of a thousand requests at the most expensive, the median and the cheapest seller. Left of where the curve crosses such a line, that seller loses money.");
	page_plot(out, &(struct page_plot){.says = "Cost of a thousand requests by load, and sellers' prices; the table has the figures", .curves = curves,
	                                   .count = add_sellers(a, ends, brings, curves, 1), .x = {.low = 1, .high = 100, .log = true, .name = "load", .suffix = " %"},
	                                   .y = {.log = true, .name = "1,000 requests", .prefix = page_sign(c->currency, sign)}});
	page_section_end(out);
}

static void put_cards(const struct audit *a, FILE *out) {
	static const char *const heads[] = {"<GPUs", "per GPU-hour", "batch", "requests/s", "1,000 at full load", "at half", "at a tenth"};
	char number[SHEET_NUMBER_MAX];

	page_card(out, "cards", "On likely GPUs", "Cheapest first in bold: what a thousand requests should cost.");
	page_table(out, "card", "Cost by GPU", heads, COUNT(heads), -1);
	for (size_t i = 0; i < a->card_count; i++) {
		const struct audit_card *k = &a->cards[i];
		fprintf(out, i == a->cheapest ? "<tr><td class=\"l b\">%.0f × " : "<tr><td class=\"l\">%.0f × ", k->costs.gpus);
		page_text(out, k->costs.roofline.gpu.name);
		fputs("</td>", out);
		put_unit_cell(out, k->per_hour);
		page_cell(out, (double)k->costs.full_batch, sheet_number((double)k->costs.full_batch, 0, number), NULL);
		page_cell(out, k->costs.capacity, sheet_number(k->costs.capacity, 2, number), NULL);
		put_thousand_cell(out, k->request[3]);
		put_thousand_cell(out, k->request[HALF]);
		put_thousand_cell(out, k->request[0]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

static bool any_cached(const struct audit *a) {
	for (size_t i = 0; i < a->seller_count; i++) {
		if (!isnan(a->sellers[i].cached)) {
			return true;
		}
	}
	return false;
}

static bool has_words(const struct audit *a) {
	for (size_t i = 0; i < a->seller_count; i++) {
		if (audit_judge(&a->cards[a->cheapest], &a->sellers[i]).word[0]) {
			return true;
		}
	}
	return false;
}

struct columns {
	bool cached, words; /* is there any? */
};

static void put_seller(const struct audit *a, const struct audit_seller *s, const struct columns *has, FILE *out) {
	struct audit_verdict v = audit_judge(&a->cards[a->cheapest], s);
	const double shares[] = {v.break_even, v.margin[3], v.margin[HALF], v.margin_low, v.margin_high};

	fputs("<tr>", out);
	page_text_cell(out, s->provider);
	page_text_cell(out, s->id);
	put_unit_cell(out, s->input);
	if (has->cached) {
		put_unit_cell(out, s->cached);
	}
	put_unit_cell(out, s->output);
	put_thousand_cell(out, s->revenue);
	for (size_t i = 0; i < COUNT(shares); i++) {
		put_share_cell(out, shares[i]);
	}
	if (has->words) {
		page_text_cell(out, v.word);
	}
	fputs("</tr>\n", out);
}

static void put_sellers(const struct audit *a, FILE *out) {
	const struct columns has = {any_cached(a), has_words(a)};
	const char *heads[12] = {"<seller", "<as", "input"};
	size_t count = 3;
	char what[240], sign[PAGE_FIGURE_MAX];

	if (has.cached) {
		heads[count++] = "cached";
	}
	static const char *const rest[] = {"output", "1,000 requests", "pays at load", "margin, full", "at half load", "low", "high"};
	for (size_t i = 0; i < COUNT(rest); i++) {
		heads[count++] = rest[i];
	}
	if (has.words) {
		heads[count++] = "<verdict";
	}
	snprintf(what, sizeof what, "%s per million tokens as listed, and of 1,000 requests. Margins are of revenue, on the cheapest GPUs; low and high are the interval at half load.%s",
	         page_sign(a->cards[a->cheapest].costs.currency, sign), has.cached ? "" : " None lists cached input separately.");
	page_section(out, "sellers", "Sellers", what);
	page_table(out, "seller", "Sellers", heads, count, -1);
	for (size_t i = 0; i < a->seller_count; i++) {
		put_seller(a, &a->sellers[i], &has, out);
	}
	fputs("</tbody>", out);
	page_table_end(out);
	page_section_end(out);
}

void audit_html(const struct audit *a, FILE *out) {
	static const struct page_link links[] = {{"load", "Load"}, {"cards", "GPUs"}, {"sellers", "Sellers"}, {NULL, NULL}};
	char about[200];

	snprintf(about, sizeof about, "sellers of %s · %zu price lists", a->cards[a->cheapest].costs.roofline.model.name, a->seller_count);
	page_open(out, "What sellers must be paying – tollbook", about, "estimate", links);
	put_answer(a, out);
	fputs("<div class=\"two\">\n", out);
	put_load(a, out);
	put_cards(a, out);
	fputs("</div>\n", out);
	put_sellers(a, out);
	page_close(out, "Every figure by GPU: audit --format json");
}
