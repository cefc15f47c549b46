/* Money over time, as stacked parts. */
#include <math.h>
#include <stdlib.h>

#include "core/instant.h"
#include "report/renderings/page/html.h"

/* Maximum of bars in a picture. */
#define BARS_LEAST 3
#define BARS_MOST 62
#define PLOT_HEIGHT 150
#define PLOT_TOP 22
/* In percent: figures are to the left of the plot. */
#define GUTTER 6.0

/* Merged steps of the series. */
struct bars {
	int64_t first_ns, step_ns;
	size_t count;
	struct block *at; /* gpu_ns, cost and capacity only */
};

static bool bars_of(const struct series *v, struct bars *out) {
	static const int64_t hours[] = {1, 6, 24, 168, 672}, days[] = {1, 7, 28, 84, 364};
	const int64_t *together = v->step_ns < NS_PER_DAY ? hours : days;
	size_t t = 0;

	while (t + 1 < sizeof hours / sizeof *hours && v->count / (size_t)together[t] > BARS_MOST) {
		t++;
	}
	*out = (struct bars){.step_ns = v->step_ns * together[t]};
	out->first_ns = instant_floor(v->first_ns, out->step_ns);
	size_t shift = (size_t)((v->first_ns - out->first_ns) / v->step_ns);
	out->count = v->count > 0 ? (v->count + shift - 1) / (size_t)together[t] + 1 : 0;
	if (out->count < BARS_LEAST) {
		return false;
	}
	out->at = must_calloc(out->count, sizeof *out->at);
	for (size_t i = 0; i < v->count; i++) {
		struct block *b = &out->at[(i + shift) / (size_t)together[t]];
		for (int k = 0; k < ENTRY_KINDS; k++) {
			b->gpu_ns[k] += v->steps[i].gpu_ns[k];
			b->cost_nano[k] += v->steps[i].cost_nano[k];
			b->capacity_ns += v->steps[i].gpu_ns[k];
			b->capacity_nano += v->steps[i].cost_nano[k];
		}
	}
	return true;
}

static int64_t part_most(const struct bars *b, int parts) {
	int64_t most = 1;

	for (size_t i = 0; i < b->count; i++) {
		int64_t sum = 0;
		for (int p = 0; p < parts; p++) {
			sum += part_nano(&b->at[i], p);
		}
		most = sum > most ? sum : most;
	}
	return most;
}

static void put_levels(FILE *out, const struct statement *s, int64_t top) {
	char figure[FIGURE_MAX], sign[FIGURE_MAX];

	figure_sign(s, sign);
	for (int i = 0; i <= 2; i++) {
		int y = PLOT_TOP + i * PLOT_HEIGHT / 2;
		int64_t nano = i == 0 ? top : i == 1 ? top / 2 : 0;
		fprintf(out, "<line class=\"grid\" x1=\"%.1f%%\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/><text class=\"d e\" x=\"%.1f%%\" y=\"%d\">%s%s</text>", GUTTER, y, y,
		        GUTTER - 0.8, y + 4, nano ? sign : "", nano ? figure_sum(nano, figure) : "0");
	}
}

/* A day of the month if bars are days; else the time of day. */
static void put_when(FILE *out, const struct bars *b, size_t i, bool long_form) {
	char text[INSTANT_TEXT_MAX];

	instant_format(b->first_ns + (int64_t)i * b->step_ns, text);
	if (long_form) {
		text[10] = ' ';
		text[b->step_ns < NS_PER_DAY ? 16 : 10] = '\0';
		fputs(text, out);
		return;
	}
	text[b->step_ns < NS_PER_DAY ? 16 : 10] = '\0';
	fputs(b->step_ns < NS_PER_DAY ? text + 11 : text + (text[8] == '0' ? 9 : 8), out);
}

static void put_tip(FILE *out, const struct bars *b, size_t i) {
	char money[DECIMAL_TEXT_MAX];

	fputs("<title>", out);
	put_when(out, b, i, true);
	for (int p = 0; p < PARTS; p++) {
		if (part_nano(&b->at[i], p) != 0) {
			fprintf(out, "&#10;%s %s", part_names[p], decimal_format(part_nano(&b->at[i], p), 9, money));
		}
	}
	fprintf(out, "&#10;= %s</title>", decimal_format(b->at[i].capacity_nano, 9, money));
}

static void put_bar(FILE *out, const struct bars *b, size_t i, int parts, int64_t top) {
	double width = (100 - GUTTER) / (double)b->count, x = GUTTER + width * (double)i, below = 0;

	fputs("<g>", out);
	put_tip(out, b, i);
	for (int p = 0; p < parts; p++) {
		double height = PLOT_HEIGHT * (double)part_nano(&b->at[i], p) / (double)top;
		if (height > 0.05) {
			fprintf(out, "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\"/>", part_names[p], x + 0.08 * width,
			        PLOT_TOP + PLOT_HEIGHT - below - height, 0.84 * width, height);
		}
		below += height;
	}
	fputs("</g>\n", out);
}

static void put_times(FILE *out, const struct bars *b) {
	size_t every = b->count > 40 ? 4 : b->count > 20 ? 2 : 1;

	for (size_t i = 0; i < b->count; i += every) {
		double width = (100 - GUTTER) / (double)b->count;
		fprintf(out, "<text class=\"d m%s\" x=\"%.2f%%\" y=\"%d\">", (i / every) % 2 ? " alt" : (i / every) % 4 ? " alt2" : "",
		        GUTTER + width * ((double)i + 0.5), PLOT_TOP + PLOT_HEIGHT + 16);
		put_when(out, b, i, false);
		fputs("</text>", out);
	}
}

/* Marks where the rate of a pool changes within the period. */
static void put_rate_changes(FILE *out, const struct statement *s, const struct bars *b) {
	const struct series *v = &s->series;
	char before[FIGURE_MAX], after[FIGURE_MAX], sign[FIGURE_MAX];

	figure_sign(s, sign);
	for (size_t i = 1; i < v->rate_count; i++) {
		if (v->rates[i].pool != v->rates[i - 1].pool) {
			continue;
		}
		double x = GUTTER + (100 - GUTTER) * (double)(v->rates[i].from_ns - b->first_ns) / ((double)b->step_ns * (double)b->count);
		fprintf(out, "<line class=\"rate\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"8\" y2=\"%d\"/><text class=\"d%s\" x=\"%.2f%%\" dx=\"%s\" y=\"12\">%s%s → %s%s per GPU-hour</text>",
		        x, x, PLOT_TOP + PLOT_HEIGHT, x > 70 ? " e" : "", x, x > 70 ? "-5" : "5", sign, figure_unit(v->rates[i - 1].rate_nano, before), sign,
		        figure_unit(v->rates[i].rate_nano, after));
	}
}

static void put_panel(FILE *out, const struct statement *s, const struct bars *b, int parts, const char *what) {
	int64_t top = chart_top(part_most(b, parts));

	fprintf(out, "<figure class=\"spend\"><p class=\"axisname\">%s</p><svg height=\"%d\" role=\"img\" tabindex=\"0\" aria-label=\"%s over time; the table below has the figures\">\n", what,
	        PLOT_TOP + PLOT_HEIGHT + 20, what);
	put_levels(out, s, top);
	for (size_t i = 0; i < b->count; i++) {
		put_bar(out, b, i, parts, top);
	}
	put_times(out, b);
	if (parts == PARTS) {
		put_rate_changes(out, s, b);
	}
	fputs("</svg></figure>\n", out);
}

static void put_legend(FILE *out, const struct block *b) {
	fputs("<ul class=\"legend\">", out);
	for (int i = 0; i < PARTS; i++) {
		if (part_nano(b, i) > 0) {
			fprintf(out, "<li><svg aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" height=\"100%%\" rx=\"2\"/></svg>%s</li>", part_names[i],
			        i == 4 ? "not observed" : part_names[i]);
		}
	}
	fputs("</ul>\n", out);
}

static void put_table(FILE *out, const struct statement *s, const struct bars *b) {
	char exact[DECIMAL_TEXT_MAX], shown[FIGURE_MAX];
	int places = figure_places(s->total.capacity_nano);

	fputs("<details><summary>The figures</summary><div class=\"wrap tall\" role=\"region\" tabindex=\"0\" aria-label=\"Spend over time, table\">"
	      "<table id=\"spend\" aria-label=\"Spend over time\"><thead><tr><th scope=\"col\" class=\"l\">from</th>", out);
	for (int p = 0; p < PARTS; p++) {
		fprintf(out, "<th scope=\"col\">%s</th>", part_names[p]);
	}
	fputs("<th scope=\"col\" data-sum>cost</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < b->count; i++) {
		fputs("<tr><td class=\"l\">", out);
		put_when(out, b, i, true);
		fputs("</td>", out);
		for (int p = 0; p <= PARTS; p++) {
			int64_t nano = p < PARTS ? part_nano(&b->at[i], p) : b->at[i].capacity_nano;
			fprintf(out, "<td><data value=\"%s\">%s</data></td>", decimal_format(nano, 9, exact), figure_money(nano, places, shown));
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></details>\n", out);
}

static const char *step_word(const struct bars *b, char out[40]) {
	int64_t hours = b->step_ns / NS_PER_HOUR;

	if (hours % 24 == 0) {
		snprintf(out, 40, hours == 24 ? "day" : hours == 168 ? "week" : "%lld days", (long long)(hours / 24));
	} else {
		snprintf(out, 40, hours == 1 ? "hour" : "%lld hours", (long long)hours);
	}
	return out;
}

void html_spend(const struct statement *s, FILE *out) {
	struct bars b;
	int64_t rest = s->total.capacity_nano - part_nano(&s->total, 0) - part_nano(&s->total, 1);
	char word[40], what[140], sign[FIGURE_MAX];

	if (s->total.capacity_nano <= 0 || !bars_of(&s->series, &b)) {
		return;
	}
	step_word(&b, word);
	fprintf(out, "<section aria-labelledby=\"spend-title\"><h2 id=\"spend-title\">Spend by %s</h2>", word);
	put_legend(out, &s->total);
	snprintf(what, sizeof what, "All paid time, %s a %s (UTC)", figure_sign(s, sign), word);
	put_panel(out, s, &b, PARTS, what);
	if (rest > s->total.capacity_nano / 10 * 6) {
		snprintf(what, sizeof what, "At work only, %s a %s (UTC)", sign, word);
		put_panel(out, s, &b, 2, what);
	}
	put_table(out, s, &b);
	fputs("</section>\n", out);
	free(b.at);
}
