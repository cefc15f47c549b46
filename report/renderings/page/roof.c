/* Compute-bound or memory-bound: the log's own steps under the roofline of their GPUs. */
#include <math.h>
#include <stdlib.h>

#include "report/page.h"
#include "report/renderings/page/html.h"

static const struct {
	const char *class, *name, *label;
} kinds[ROOF_KINDS] = {[ROOF_PREFILL] = {"in", "prefill alone", "prefill"}, [ROOF_DECODE] = {"out", "decode alone", "decode"}, [ROOF_MIXED] = {"mix", "mixed", "mixed"}};

struct points {
	double *x, *y, *radius;
	const char **labels;
	size_t from[ROOF_KINDS], count[ROOF_KINDS];
	int128 gpu_ns[ROOF_KINDS], all_ns;
};

static void fill(struct points *p, const struct roofline_picture *r) {
	int128 most = 1;

	*p = (struct points){must_calloc(r->count, sizeof *p->x), must_calloc(r->count, sizeof *p->y), must_calloc(r->count, sizeof *p->radius),
	                     must_calloc(r->count, sizeof *p->labels), {0}, {0}, {0}, 0};
	for (size_t i = 0; i < r->count; i++) {
		most = r->cells[i].gpu_ns > most ? r->cells[i].gpu_ns : most;
	}
	for (size_t i = r->count; i-- > 0;) {
		const struct roof_cell *c = &r->cells[i];
		p->x[i] = roof_intensity(c);
		p->y[i] = roof_tflop_s(c);
		p->radius[i] = 2 + 7 * sqrt((double)c->gpu_ns / (double)most);
		p->labels[i] = kinds[c->kind].label;
		p->from[c->kind] = i; /* cells come by kind */
		p->count[c->kind]++;
		p->gpu_ns[c->kind] += c->gpu_ns;
		p->all_ns += c->gpu_ns;
	}
}

static void put_legend(FILE *out, const struct points *p) {
	fputs("<ul class=\"legend\">", out);
	for (int k = 0; k < ROOF_KINDS; k++) {
		double share = (double)p->gpu_ns[k] / (double)p->all_ns;
		if (p->count[k] > 0) {
			fprintf(out, k == ROOF_MIXED ? "<li><svg aria-hidden=\"true\"><rect class=\"p-%s\" x=\"1\" y=\"1\" width=\"9\" height=\"9\"/></svg>%s" : "<li><svg aria-hidden=\"true\"><circle class=\"p-%s\" cx=\"50%%\" cy=\"50%%\" r=\"5\"/></svg>%s",
			        kinds[k].class, kinds[k].name);
			fprintf(out, share < 0.001 ? " &lt;0.1 %%</li>" : " %.0f %%</li>", 100 * share);
		}
	}
	fputs("</ul>\n", out);
}

static void put_plot(FILE *out, const struct roofline_picture *r, const struct points *p) {
	double low = INFINITY, high = 0, flops = r->peak_tflop_s, bytes = r->peak_gb_s / 1e3;

	for (size_t i = 0; i < r->count; i++) {
		low = fmin(low, p->x[i]);
		high = fmax(high, p->x[i]);
	}
	const double roof_x[] = {fmin(low, flops / bytes / 10), flops / bytes, fmax(high, 3 * flops / bytes)}, roof_y[] = {roof_x[0] * bytes, flops, flops};
	struct page_curve curves[ROOF_KINDS + 1] = {{.class = "roof", .name = "peak", .x = roof_x, .y = roof_y, .count = 3}};
	size_t count = 1;
	for (int k = 0; k < ROOF_KINDS; k++) {
		if (p->count[k] > 0) {
			size_t from = p->from[k];
			curves[count++] = (struct page_curve){.class = kinds[k].class, .x = p->x + from, .y = p->y + from, .radius = p->radius + from, .square = k == ROOF_MIXED, .labels = p->labels + from, .count = p->count[k],
			                                      .form = PAGE_POINTS};
		}
	}
	page_plot(out, &(struct page_plot){.says = "Steps of this log under the peaks of their GPUs; the table has the figures", .curves = curves, .count = count, .height = 280,
	                                   .x = {.log = true, .name = "FLOP per byte read"}, .y = {.log = true, .name = "TFLOP/s"}});
}

static void put_table(FILE *out, const struct roofline_picture *r) {
	static const char *const heads[] = {"<kind", "FLOP per byte", "TFLOP/s", "steps", "GPU-hours"};
	char exact[EXACT_TEXT_MAX], shown[FIGURE_MAX];

	fputs("<details><summary>The figures</summary>", out);
	page_table(out, "roofcells", "Steps under the roofline", heads, 5, -1);
	for (size_t i = 0; i < r->count; i++) {
		const struct roof_cell *c = &r->cells[i];
		fprintf(out, "<tr><td class=\"l\">%s</td><td><data value=\"%.6g\">%.3g</data></td><td><data value=\"%.6g\">%.3g</data></td>", kinds[c->kind].name, roof_intensity(c), roof_intensity(c),
		        roof_tflop_s(c), roof_tflop_s(c));
		snprintf(exact, sizeof exact, "%lld", (long long)c->steps);
		fprintf(out, "<td><data value=\"%s\">%s</data></td>", exact, figure_count(c->steps, shown));
		fprintf(out, "<td><data value=\"%s\">%s</data></td></tr>\n", exact_print(c->gpu_ns, exact), figure_hours(c->gpu_ns, 6, shown));
	}
	fputs("</tbody>", out);
	page_table_end(out);
	fputs("</details>", out);
}

void html_roof(const struct statement *s, FILE *out) {
	const struct roofline_picture *r = &s->roofline;
	struct points p;

	if (r->count < 3) {
		return;
	}
	fill(&p, r);
	page_section(out, "roof", "FLOPS or memory?", NULL);
	fputs("<p class=\"dim\">Each dot is a group of this log's steps, its area their GPU time. Left of the bend a step waits for memory, right of it for arithmetic: ", out);
	html_put_text(out, r->model);
	fprintf(out, " on %lld × ", (long long)r->gpus);
	html_put_text(out, r->gpu);
	fputs(".</p>\n", out);
	put_legend(out, &p);
	put_plot(out, r, &p);
	put_table(out, r);
	page_section_end(out);
	free(p.x);
	free(p.y);
	free(p.radius);
	free(p.labels);
}
