/*
 * Where the money went: from what was paid over its use and the models to the tenants, as ribbons with widths
 * proportional to money.
 */
#include <stdlib.h>

#include "report/renderings/page/html.h"

#define HEIGHT 340
#define GAP 9
#define TOP 20
#define NODES_MAX 12
/* Maximum of nodes; the rest is one node. */
#define TENANTS_SHOWN 9
#define MODELS_SHOWN 11
/* Horizontally, in thousandths. */
#define ACROSS 1000
#define NODE_WIDTH 8

struct node {
	struct text name;
	size_t others; /* number of items in one; 0: a single named one */
	int64_t nano;
	const char *class;
	double y, height, in, out; /* vertically: its position, and where the next ribbon joins on either side */
};

struct column {
	const char *title;
	int x;
	struct node at[NODES_MAX];
	size_t count;
	size_t *of; /* for the rows of a table: the node of each; NULL: parts */
};

struct flow {
	const struct statement *s;
	struct column columns[4];
	size_t count;
	FILE *out;
};

/* ---- nodes ---- */

static void add_parts(struct flow *f, int x) {
	static const char *const names[PARTS] = {"Prefill", "Decode", "Other", "Idle", "Not observed"};
	struct column *c = &f->columns[f->count++];

	*c = (struct column){.title = "by use", .x = x, .count = PARTS};
	for (int i = 0; i < PARTS; i++) {
		c->at[i] = (struct node){.name = text_of(names[i]), .nano = part_nano(&f->s->total, i), .class = part_names[i]};
	}
}

static void add_rows(struct flow *f, const char *title, int x, const struct table *t, enum by_key key, size_t shown) {
	const struct rendering_options order = {.sort = ROWS_BY_COST};
	struct column *c = &f->columns[f->count++];
	size_t count, *rows = rows_in_order(&order, t, &key, 1, &count);

	*c = (struct column){.title = title, .x = x, .of = must_calloc(count + 1, sizeof *c->of)};
	for (size_t i = 0; i < count; i++) {
		const struct row *row = table_at(t, rows[i]);
		size_t at = i < shown || count == shown + 1 ? i : shown;
		struct text name = key == BY_MODEL ? row->model : row->tenant;
		if (at == c->count) {
			c->at[c->count++] = (struct node){.name = name.len > 0 ? name : T("(none)"), .class = "own"};
		} else {
			c->at[at].others += c->at[at].others == 0 ? 2 : 1;
		}
		c->at[at].nano += row->block.capacity_nano;
		c->of[rows[i]] = at;
	}
	free(rows);
}

/* Heights by money, the tallest column filling the picture. */
static void lay_out(struct flow *f) {
	for (size_t k = 0; k < f->count; k++) {
		struct column *c = &f->columns[k];
		double y = TOP, room = HEIGHT - GAP * (double)(c->count - 1);
		for (size_t i = 0; i < c->count; i++) {
			struct node *n = &c->at[i];
			n->y = n->in = n->out = y;
			n->height = n->nano > 0 ? room * (double)n->nano / (double)f->s->total.capacity_nano : 0;
			y += n->height + GAP;
		}
	}
}

/* ---- ribbons ---- */

static void put_name(FILE *out, const struct node *n) {
	if (n->others > 0) {
		fprintf(out, "%zu other", n->others);
	} else {
		html_put_text(out, text_cut(n->name, 0, 60));
	}
}

static void put_ribbon(struct flow *f, size_t k, size_t from, size_t to, int64_t nano, const char *class) {
	struct column *left = &f->columns[k], *right = &f->columns[k + 1];
	struct node *a = &left->at[from], *b = &right->at[to];
	char money[DECIMAL_TEXT_MAX];

	if (nano <= 0 || a->nano <= 0 || b->nano <= 0) {
		return;
	}
	double out_height = a->height * (double)nano / (double)a->nano, in_height = b->height * (double)nano / (double)b->nano;
	int x0 = left->x + NODE_WIDTH, x1 = right->x, middle = (x0 + x1) / 2;
	if (out_height >= 0.1 || in_height >= 0.1) {
		fprintf(f->out, "<path class=\"ribbon %s\" d=\"M%d %.1fC%d %.1f %d %.1f %d %.1fV%.1fC%d %.1f %d %.1f %d %.1fz\"><title>", class, x0, a->out, middle, a->out, middle, b->in, x1,
		        b->in, b->in + in_height, middle, b->in + in_height, middle, a->out + out_height, x0, a->out + out_height);
		put_name(f->out, a);
		fputs(" → ", f->out);
		put_name(f->out, b);
		fprintf(f->out, " %s</title></path>\n", decimal_format(nano, 9, money));
	}
	a->out += out_height;
	b->in += in_height;
}

/* From the total's parts to those of each row. */
static void put_parts_to_rows(struct flow *f, size_t k, const struct table *t) {
	const struct column *right = &f->columns[k + 1];

	for (int p = 0; p < PARTS; p++) {
		int64_t to[NODES_MAX] = {0};
		for (size_t i = 0; i < t->count; i++) {
			exact_add(&to[right->of[i]], part_nano(&table_at(t, i)->block, p));
		}
		for (size_t i = 0; i < right->count; i++) {
			put_ribbon(f, k, (size_t)p, i, to[i], part_names[p]);
		}
	}
}

/* Rows are in the order of their names, after shared time. */
static size_t row_of(const struct table *t, const struct row *line, bool tenant) {
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct row *row = table_at(t, middle);
		int order = row->not_allocated != line->not_allocated ? line->not_allocated - row->not_allocated
		            : tenant                                  ? text_compare(row->tenant, line->tenant)
		                                                      : text_compare(row->model, line->model);
		if (order == 0) {
			return middle;
		}
		*(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
	}
	return t->count;
}

static void put_models_to_tenants(struct flow *f, size_t k) {
	const struct statement *s = f->s;
	int64_t sums[NODES_MAX][NODES_MAX] = {{0}};

	for (size_t i = 0; i < s->lines.count; i++) {
		const struct row *line = table_at(&s->lines, i);
		size_t model = row_of(&s->models, line, false), tenant = row_of(&s->tenants, line, true);
		if (model < s->models.count && tenant < s->tenants.count) {
			exact_add(&sums[f->columns[k].of[model]][f->columns[k + 1].of[tenant]], line->block.capacity_nano);
		}
	}
	for (size_t a = 0; a < f->columns[k].count; a++) {
		for (size_t b = 0; b < f->columns[k + 1].count; b++) {
			put_ribbon(f, k, a, b, sums[a][b], "own");
		}
	}
}

/* ---- the picture ---- */

static void put_nodes(struct flow *f) {
	for (size_t k = 0; k < f->count; k++) {
		for (size_t i = 0; i < f->columns[k].count; i++) {
			const struct node *n = &f->columns[k].at[i];
			fprintf(f->out, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>", n->class, f->columns[k].x, n->y, NODE_WIDTH, n->height > 0.5 ? n->height : 0.5);
		}
	}
	fputc('\n', f->out);
}

/* Labels to the right of their nodes, if there is room for a line. */
static void put_labels(struct flow *f) {
	char money[FIGURE_MAX], sign[FIGURE_MAX];

	figure_sign(f->s, sign);
	for (size_t k = 0; k < f->count; k++) {
		const struct column *c = &f->columns[k];
		double above = 0;
		fprintf(f->out, "<text class=\"d\" x=\"%.1f%%\" y=\"11\">%s</text>", c->x / 10.0, c->title);
		for (size_t i = 0; i < c->count; i++) {
			double y = c->at[i].y + c->at[i].height / 2 + 4;
			if (c->at[i].nano <= 0 || y - above < 12) {
				continue;
			}
			above = y;
			fprintf(f->out, "<text class=\"node\" x=\"%.1f%%\" y=\"%.1f\"><tspan class=\"n\">", (c->x + NODE_WIDTH) / 10.0 + 0.5, y);
			put_name(f->out, &c->at[i]);
			fprintf(f->out, "</tspan> %s%s</text>\n", sign, figure_sum(c->at[i].nano, money));
		}
	}
}

static void draw(struct flow *f, bool models, bool tenants) {
	fprintf(f->out, "<figure class=\"flow\"><svg height=\"%d\" role=\"img\" tabindex=\"0\" aria-label=\"Where the money went; the tables have the figures\">\n"
	        "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n", TOP + HEIGHT + 4, TOP + HEIGHT, ACROSS, TOP + HEIGHT);
	for (int p = 0; p < PARTS; p++) {
		put_ribbon(f, 0, 0, (size_t)p, f->columns[1].at[p].nano, part_names[p]);
	}
	put_parts_to_rows(f, 1, models ? &f->s->models : &f->s->tenants);
	if (models && tenants) {
		put_models_to_tenants(f, 2);
	}
	put_nodes(f);
	fputs("</svg>\n", f->out);
	put_labels(f);
	fputs("</svg></figure></section>\n", f->out);
}

void html_flow(const struct statement *s, FILE *out) {
	struct flow f = {.s = s, .out = out};
	bool models = s->models.count > 1, tenants = s->tenants.count > 1;

	if (s->total.capacity_nano <= 0 || (!models && !tenants)) {
		return;
	}
	f.columns[f.count++] = (struct column){.title = "paid", .count = 1, .at = {{.name = T("Paid"), .nano = s->total.capacity_nano, .class = "full"}}};
	add_parts(&f, models && tenants ? 230 : 380);
	if (models) {
		add_rows(&f, "by model", tenants ? 500 : 780, &s->models, BY_MODEL, MODELS_SHOWN);
	}
	if (tenants) {
		add_rows(&f, "by tenant", models ? 800 : 780, &s->tenants, BY_TENANT, TENANTS_SHOWN);
	}
	lay_out(&f);
	fprintf(out, "<section aria-labelledby=\"where-title\"><h2 id=\"where-title\">Where the money went</h2><p class=\"dim\">From what was paid to its use%s%s. %s</p>\n", models ? ", to the models" : "",
	        tenants ? ", to the tenants" : "", s->options.idle_proportional ? "Idle, other and unobserved time is shared by the work of the same pool and hour." : "Idle, other and unobserved time is not allocated.");
	draw(&f, models, tenants);
	for (size_t k = 0; k < f.count; k++) {
		free(f.columns[k].of);
	}
}
