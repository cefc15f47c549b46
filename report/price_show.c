/* What a catalogue holds, for people. */
#define _GNU_SOURCE /* strcasestr */
#include <stdlib.h>

#include "core/instant.h"
#include "report/prices.h"
#include "report/renderings/grid.h"

#define LABEL_MAX 400

static const char *const price_headers[] = {"provider/model", "input",  "cache read",
					    "cache write",    "output", "reasoning"};

static const char *name_of(const struct price_model *m, char out[LABEL_MAX]) {
	char provider[LABEL_MAX / 2], id[LABEL_MAX / 2];

	printable(m->provider, provider, sizeof provider);
	printable(m->id, id, sizeof id);
	snprintf(out, LABEL_MAX, "%s/%s", provider, id);
	return out;
}

static void add_prices(struct grid *g, const struct price_quote *q) {
	char figure[FIGURE_MAX];
	for (int k = 0; k < PRICE_KINDS; k++) {
		grid_add(g, q->nano[k] == PRICE_UNKNOWN ? "–" : figure_money(q->nano[k], 4, figure));
	}
}

void prices_print_summary(const struct prices *p, FILE *out) {
	char text[LABEL_MAX];

	for (size_t i = 0; i < p->source_count; i++) {
		const struct price_source *s = &p->sources[i];
		printable(s->path, text, sizeof text);
		fprintf(out, "%s: %s, %zu models, %zu prices, sha256 %s\n", text, s->format, s->models, s->prices,
			s->sha256);
	}
	for (size_t i = 0; i < p->note_count; i++) {
		printable(p->notes[i].what, text, sizeof text);
		fprintf(out, "%s (%lld)\n", text, (long long)p->notes[i].count);
	}
}

static bool contains(const struct price_model *m, const char *filter) {
	char name[LABEL_MAX];
	return !filter || strcasestr(name_of(m, name), filter) != NULL;
}

void prices_print_list(const struct prices *p, const char *filter, int64_t at_ns, FILE *out) {
	struct grid g;
	char name[LABEL_MAX];

	grid_init(&g, price_headers, 6, 1);
	for (size_t i = 0; i < p->model_count; i++) {
		struct price_quote q;
		if (contains(&p->models[i], filter)) {
			price_at(&p->models[i], at_ns, 0, false, &q);
			grid_add(&g, name_of(&p->models[i], name));
			add_prices(&g, &q);
		}
	}
	grid_print(&g, 200, out);
	grid_release(&g);
}

/* ---- one model ---- */

static void describe_when(const struct price_rule *r, char out[LABEL_MAX]) {
	char from[INSTANT_TEXT_MAX];

	if (r->when == PRICE_DAILY) {
		snprintf(out, LABEL_MAX, "daily %02d:%02d to %02d:%02d UTC", r->from_minute / 60, r->from_minute % 60,
			 r->to_minute / 60, r->to_minute % 60);
	} else if (r->when == PRICE_FROM_DATE) {
		snprintf(out, LABEL_MAX, "from %.10s", instant_format(r->from_ns, from));
	} else {
		snprintf(out, LABEL_MAX, "always");
	}
}

/* One line for each prompt length from which a price of the rule changes. */
static void add_rule(struct grid *g, const struct price_model *m, size_t index, int64_t over_ntok, bool applies) {
	struct price_rule rule = m->rules[index];
	struct price_model alone = {.rules = &rule, .rule_count = 1, .understood = m->understood};
	struct price_quote q;
	char when[LABEL_MAX], over[FIGURE_MAX];

	describe_when(&rule, when);
	price_at(&alone, 0, over_ntok, false, &q);
	if (over_ntok > 0) {
		grid_addf(g, "%s%s, prompts over %s", applies ? "* " : "  ", when, figure_count(over_ntok, over));
	} else {
		grid_addf(g, "%s%s", applies ? "* " : "  ", when);
	}
	add_prices(g, &q);
}

static void add_rules(struct grid *g, const struct prices *p, const struct price_model *m, size_t index, bool applies) {
	const struct price_ladder *ladders = &m->rules[index].ladder[0][0];

	add_rule(g, m, index, 0, applies);
	for (size_t c = 0; c < p->prompt_cut_count; c++) {
		bool cut = false;
		for (size_t k = 0; k < (size_t)PRICE_SERVICES * PRICE_KINDS; k++) {
			for (size_t s = 0; s < ladders[k].count; s++) {
				cut |= ladders[k].steps[s].over_ntok == p->prompt_cuts[c];
			}
		}
		if (cut) {
			add_rule(g, m, index, p->prompt_cuts[c], applies);
		}
	}
}

static void print_rules(const struct prices *p, const struct price_model *m, int64_t at_ns, FILE *out) {
	const char *headers[] = {
	    "price per million tokens", "input", "cache read", "cache write", "output", "reasoning"};
	struct grid g;

	grid_init(&g, headers, 6, 1);
	for (size_t i = 0; i < m->rule_count; i++) {
		add_rules(&g, p, m, i, &m->rules[i] == price_rule_at(m, at_ns));
	}
	grid_print(&g, 200, out);
	grid_release(&g);
}

static int refuse(const struct price_search *s, const char *name, struct fault *why) {
	char candidates[LABEL_MAX] = "", one[LABEL_MAX];

	for (size_t i = 0; i < s->candidate_count && i < PRICE_CANDIDATES_MAX; i++) {
		size_t len = strlen(candidates);
		snprintf(candidates + len, sizeof candidates - len, "%s%s", i > 0 ? ", " : "",
			 name_of(s->candidates[i], one));
	}
	if (s->outcome == PRICE_AMBIGUOUS) {
		return fault_set(why, ERROR_CONFIG, "%.100s: %zu models could be meant, expected PROVIDER/MODEL: %s",
				 name, s->candidate_count, candidates);
	}
	return fault_set(why, ERROR_CONFIG, "%.100s: no such model in the catalogue, expected a name or PROVIDER/MODEL",
			 name);
}

int prices_print_model(const struct prices *p, const char *name, int64_t at_ns, FILE *out, struct fault *why) {
	struct price_search s;
	char label[LABEL_MAX], at[INSTANT_TEXT_MAX];

	price_find(p, text_of(name), &s);
	if (s.outcome != PRICE_FOUND) {
		return refuse(&s, name, why);
	}
	fprintf(out, "%s at %s (the rule marked * applies)\n", name_of(s.model, label), instant_format(at_ns, at));
	print_rules(p, s.model, at_ns, out);
	return 0;
}

/* ---- two catalogues ---- */

static int compare_models(const void *a, const void *b) {
	const struct price_model *x = *(const struct price_model *const *)a, *y = *(const struct price_model *const *)b;
	int order = text_compare(x->provider, y->provider);
	return order ? order : text_compare(x->id, y->id);
}

static const struct price_model **sorted_models(const struct prices *p) {
	const struct price_model **models = must_alloc((p->model_count + 1) * sizeof(*models));
	for (size_t i = 0; i < p->model_count; i++) {
		models[i] = &p->models[i];
	}
	qsort(models, p->model_count, sizeof(*models), compare_models);
	return models;
}

bool prices_print_diff(const struct prices *before, const struct prices *after, FILE *out) {
	const struct price_model **a = sorted_models(before), **b = sorted_models(after);
	size_t i = 0, k = 0;
	bool any = false;
	char name[LABEL_MAX];

	while (i < before->model_count || k < after->model_count) {
		int order = i == before->model_count ? 1 : k == after->model_count ? -1 : compare_models(&a[i], &b[k]);
		const char *what = order < 0 ? "gone" : order > 0 ? "new" : price_same(a[i], b[k]) ? NULL : "changed";
		if (what) {
			fprintf(out, "%-8s %s\n", what, name_of(order < 0 ? a[i] : b[k], name));
			any = true;
		}
		i += order <= 0;
		k += order >= 0;
	}
	free(a);
	free(b);
	return any;
}
