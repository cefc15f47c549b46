/* Prints a catalogue's content. */
#define _GNU_SOURCE /* strcasestr */
#include <stdlib.h>

#include "core/instant.h"
#include "report/prices/prices.h"
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
	for (int k = 0; k < PRICE_TOKENS; k++) {
		grid_add(g, q->nano[k] == PRICE_UNKNOWN ? "–" : figure_money(q->nano[k], 4, figure));
	}
}

void prices_print_summary(const struct prices *p, FILE *out) {
	char text[LABEL_MAX];

	for (size_t i = 0; i < p->source_count; i++) {
		const struct price_source *s = &p->sources[i];
		printable(s->path, text, sizeof text);
		fprintf(out, "%s: %.*s of %s, %zu models, %zu sets of prices, %zu prices, sha256 %s\n", text,
			TEXT_ARG(s->format), s->date, s->models, s->rules, s->prices, s->sha256);
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
			price_at(&p->models[i], at_ns, 0, SERVICE_STANDARD, &q);
			grid_add(&g, name_of(&p->models[i], name));
			add_prices(&g, &q);
		}
	}
	grid_print(&g, 200, out);
	grid_release(&g);
}

/* ---- one model ---- */

/* A day, or a day and an hour. */
static const char *edge(int64_t ns, char out[INSTANT_TEXT_MAX]) {
	instant_format(ns, out);
	out[instant_floor(ns, NS_PER_DAY) == ns ? 10 : 16] = '\0';
	return out;
}

/* "daily", "Mon Tue" */
static void describe_days(unsigned weekdays, char *out, size_t size) {
	static const char *const names[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	size_t len = (size_t)snprintf(out, size, "%s", weekdays ? "" : "daily");
	for (unsigned day = 0; day < 7 && len < size; day++) {
		if (weekdays & 1u << day) {
			len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", names[day]);
		}
	}
}

static void describe_when(const struct price_rule *r, char out[LABEL_MAX]) {
	char instant[INSTANT_TEXT_MAX], from[60] = "", to[60] = "", daily[100] = "", days[40] = "";

	if (r->from_ns != INT64_MIN) {
		snprintf(from, sizeof from, "from %s", edge(r->from_ns, instant));
	}
	if (r->to_ns != INT64_MAX) {
		snprintf(to, sizeof to, "%suntil %s", from[0] ? " " : "", edge(r->to_ns, instant));
	}
	if (r->daily) {
		describe_days(r->weekdays, days, sizeof days);
		snprintf(daily, sizeof daily, "%s%s %02d:%02d to %02d:%02d UTC", from[0] || to[0] ? ", " : "", days,
			 r->from_minute / 60, r->from_minute % 60, r->to_minute / 60, r->to_minute % 60);
	}
	snprintf(out, LABEL_MAX, "%s%s%s", from, to, from[0] || to[0] || daily[0] ? daily : "always");
}

static const char *const service_notes[PRICE_SERVICES] = {"", ", batch", ", priority", ", flex", ", fast"};

static bool is_above(const struct price_rule *rule, int service) {
	bool above = false;
	for (int k = 0; k < PRICE_KINDS; k++) {
		above |= rule->ladder[service][k].above;
	}
	return above;
}

/* One line for each tier of service, and each prompt length from which a price of it changes. */
static void add_line(struct grid *g, const struct price_rule *rule, int service, int64_t over_ntok, bool applies) {
	char when[LABEL_MAX], over[FIGURE_MAX], figure[FIGURE_MAX], tier[80] = "";

	describe_when(rule, when);
	if (over_ntok > 0) {
		snprintf(tier, sizeof tier, is_above(rule, service) ? ", part above %s" : ", prompts over %s",
			 figure_count(over_ntok, over));
	}
	grid_addf(g, "%s%.160s%s%s", applies ? "* " : "  ", when, service_notes[service], tier);
	for (int k = 0; k < PRICE_TOKENS; k++) {
		int64_t nano = price_step_at(&rule->ladder[service][k], over_ntok);
		grid_add(g, nano == PRICE_UNKNOWN ? "–" : figure_money(nano, 4, figure));
	}
}

static bool has_step(const struct price_ladder *ladders, int64_t over_ntok) {
	for (int k = 0; k < PRICE_KINDS; k++) {
		for (size_t s = 0; s < ladders[k].count; s++) {
			if (ladders[k].steps[s].over_ntok == over_ntok) {
				return true;
			}
		}
	}
	return false;
}

static void add_service(struct grid *g, const struct prices *p, const struct price_rule *rule, int service,
			bool applies) {
	add_line(g, rule, service, 0, applies);
	const struct cuts *prompts = &p->cuts.prompt_over_ntok;
	for (size_t c = 0; c < prompts->count; c++) {
		if (has_step(rule->ladder[service], prompts->at[c])) {
			add_line(g, rule, service, prompts->at[c], applies);
		}
	}
}

/* Prices in addition to plain tokens: of the set that applies, for short prompts. */
static void print_parts(const struct price_model *m, const struct price_rule *now, FILE *out) {
	char figure[FIGURE_MAX];

	for (int k = PRICE_TOKENS; now && k < PRICE_KINDS; k++) {
		int64_t nano = price_step_at(&now->ladder[SERVICE_STANDARD][k], 0);
		if (nano != PRICE_UNKNOWN && k < PRICE_SEARCHES) {
			fprintf(out, "%s: %s per million tokens\n", price_kind_names[k], figure_money(nano, 4, figure));
		} else if (nano != PRICE_UNKNOWN) {
			fprintf(out, "%s: %s per thousand\n", price_kind_names[k], figure_money(nano / 1000, 4, figure));
		}
	}
	for (size_t i = 0; i < m->geo_count; i++) {
		fprintf(out, "bound to %.*s: all prices times %s\n", TEXT_ARG(m->geos[i].name), figure_money(m->geos[i].nano, 4, figure));
	}
	if (m->left_out.len > 0) {
		fprintf(out, "The catalogue also has prices that are not applied: %.*s.\n", TEXT_ARG(m->left_out));
	}
}

static void print_rules(const struct prices *p, const struct price_model *m, int64_t at_ns, FILE *out) {
	char title[120], currency[20];
	const char *headers[] = {title, "input", "cache read", "cache write", "output", "reasoning"};
	const struct price_rule *now = price_rule_at(m, at_ns);
	struct grid g;

	printable(m->currency, currency, sizeof currency);
	snprintf(title, sizeof title, "%s per million tokens", currency);
	grid_init(&g, headers, 6, 1);
	for (size_t i = 0; i < m->rule_count; i++) {
		for (int s = 0; s < PRICE_SERVICES; s++) {
			if (s == SERVICE_STANDARD || has_step(m->rules[i].ladder[s], 0)) {
				add_service(&g, p, &m->rules[i], s, &m->rules[i] == now);
			}
		}
	}
	grid_print(&g, 200, out);
	grid_release(&g);
	fputs(now ? "" : "No set of prices applies at this instant: the price is not known.\n", out);
	fputs(m->understood ? "" : "A condition of these prices was not understood: none of them is used.\n", out);
	print_parts(m, now, out);
}

static void list_candidates(const struct price_search *s, char out[LABEL_MAX]) {
	char one[LABEL_MAX];
	size_t len = 0, shown = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->candidate_count && i < PRICE_CANDIDATES_MAX && len < LABEL_MAX; i++) {
		len += (size_t)snprintf(out + len, LABEL_MAX - len, "%s%.80s", i > 0 ? ", " : "",
					name_of(s->candidates[i], one));
		shown++;
	}
	if (shown < s->candidate_count && len < LABEL_MAX) {
		snprintf(out + len, LABEL_MAX - len, " and %zu more", s->candidate_count - shown);
	}
}

static int refuse(const struct price_search *s, const char *name, struct fault *why) {
	char candidates[LABEL_MAX], safe[LABEL_MAX];

	printable(text_of(name), safe, sizeof safe);
	if (s->by_median) {
		list_candidates(s, candidates);
		return fault_set(why, ERROR_CONFIG,
				 "%.80s: %zu models match, expected one as PROVIDER/MODEL: %s", safe,
				 s->candidate_count, candidates);
	}
	return fault_set(
	    why, ERROR_CONFIG,
	    "%.80s: no model with a price of this name in the catalogue, expected a name or PROVIDER/MODEL as "
	    "'tollbook prices list TEXT' lists them", safe);
}

int prices_check_matches(const struct prices *p, struct fault *why) {
	for (size_t i = 0; i < p->mapping_count; i++) {
		struct price_search s;
		char target[LABEL_MAX];
		price_find(p, p->mappings[i].name, T(""), &s);
		if (s.outcome != PRICE_FOUND || s.by_median) {
			snprintf(target, sizeof target, "%.*s", TEXT_ARG(s.mapped));
			return refuse(&s, target, why);
		}
	}
	return 0;
}

int prices_print_model(const struct prices *p, const char *name, int64_t at_ns, FILE *out, struct fault *why) {
	struct price_search s;
	char label[LABEL_MAX], at[INSTANT_TEXT_MAX];

	price_find(p, text_of(name), T(""), &s);
	if (s.outcome != PRICE_FOUND) {
		return refuse(&s, name, why);
	}
	fprintf(out, "%s at %s (the rule marked * applies)\n", name_of(s.model, label), instant_format(at_ns, at));
	fprintf(out, "found by %s%s\n", s.mapped.len > 0 ? "what --list or a match names: " : "", s.how);
	if (s.by_median) {
		char candidates[LABEL_MAX];
		list_candidates(&s, candidates);
		fprintf(out, "the median of %zu prices: %s\n", s.candidate_count, candidates);
	}
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

static const char *shortest(int64_t nano, char out[DECIMAL_TEXT_MAX]) {
	return nano == PRICE_UNKNOWN ? "unknown" : decimal_exact(nano, 0, out);
}

/* A change of a model, piece by piece: ": this, that". */
struct change {
	FILE *out;
	bool any;
};

static const char *next_lead(struct change *c) {
	const char *lead = c->any ? "," : ":";
	c->any = true;
	return lead;
}

static void print_ladder(struct change *c, int service, int kind, const struct price_ladder *a, const struct price_ladder *b) {
	char before[DECIMAL_TEXT_MAX], after[DECIMAL_TEXT_MAX], over[40] = "";
	struct text class = service == SERVICE_STANDARD ? T("") : price_class_name(service);
	size_t i = 0, k = 0;

	while (i < a->count || k < b->count) {
		int64_t x = i < a->count ? a->steps[i].over_ntok : INT64_MAX, y = k < b->count ? b->steps[k].over_ntok : INT64_MAX;
		int64_t at = x < y ? x : y, was = price_step_at(a, at), is = price_step_at(b, at);
		if (at > 0) {
			snprintf(over, sizeof over, " over %lld", (long long)at);
		}
		if (was != is) {
			fprintf(c->out, "%s %.*s%s%s%s %s to %s", next_lead(c), TEXT_ARG(class), class.len > 0 ? " " : "",
				price_kind_names[kind], over, shortest(was, before), shortest(is, after));
		}
		i += x == at;
		k += y == at;
	}
	if (a->above != b->above && a->count > 1 && b->count > 1) {
		fprintf(c->out, "%s of long prompts %s", next_lead(c), b->above ? "only the part above costs more" : "all costs more");
	}
}

static bool same_times(const struct price_model *a, const struct price_model *b) {
	bool same = a->rule_count == b->rule_count;
	for (size_t i = 0; same && i < a->rule_count; i++) {
		const struct price_rule *x = &a->rules[i], *y = &b->rules[i];
		same = x->from_ns == y->from_ns && x->to_ns == y->to_ns && x->daily == y->daily &&
		       x->from_minute == y->from_minute && x->to_minute == y->to_minute && x->weekdays == y->weekdays;
	}
	return same;
}

/* The prices of the latest sets; for others, only that they changed. */
static void print_change(const struct price_model *a, const struct price_model *b, FILE *out) {
	struct change c = {.out = out};

	if (!text_eq(a->currency, b->currency)) {
		fprintf(out, "%s currency %.*s to %.*s", next_lead(&c), TEXT_ARG(a->currency), TEXT_ARG(b->currency));
	}
	if (a->understood != b->understood) {
		fprintf(out, "%s its conditions are %sunderstood", next_lead(&c), b->understood ? "now " : "not ");
	}
	for (int s = 0; s < PRICE_SERVICES && a->rule_count > 0 && b->rule_count > 0; s++) {
		for (int k = 0; k < PRICE_KINDS; k++) {
			print_ladder(&c, s, k, &a->rules[a->rule_count - 1].ladder[s][k], &b->rules[b->rule_count - 1].ladder[s][k]);
		}
	}
	if (!same_times(a, b)) {
		fprintf(out, "%s when its prices apply", next_lead(&c));
	} else if (!c.any) {
		fputs(": prices that applied before, or apply at times of the day", out);
	}
	fputc('\n', out);
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
			fprintf(out, "%-8s %s", what, name_of(order < 0 ? a[i] : b[k], name));
			any = true;
		}
		if (what && order == 0) {
			print_change(a[i], b[k], out);
		} else if (what) {
			fputc('\n', out);
		}
		i += order <= 0;
		k += order >= 0;
	}
	free(a);
	free(b);
	return any;
}
