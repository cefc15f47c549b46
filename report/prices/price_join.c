/* price_join.c: dated catalogues of one model joined into one history. */
#include <stdlib.h>

#include "core/files/platform.h"
#include "core/instant.h"
#include "report/prices/prices.h"

static const char *date_of(const struct prices *p, const struct price_model *m) {
	return m->source < p->source_count ? p->sources[m->source].date : "";
}

/* Sorts equal models by date, then by file. */
static int compare(const void *a, const void *b, void *prices) {
	const struct prices *p = prices;
	const struct price_model *x = &p->models[*(const size_t *)a], *y = &p->models[*(const size_t *)b];
	int order = text_compare(x->provider, y->provider);

	order = order != 0 ? order : text_compare(x->id, y->id);
	order = order != 0 ? order : text_compare(x->key, y->key);
	order = order != 0 ? order : strcmp(date_of(p, x), date_of(p, y));
	order = order != 0 ? order : (x->source > y->source) - (x->source < y->source);
	return order != 0 ? order : (x > y) - (x < y);
}

static bool is_same_model(const struct price_model *a, const struct price_model *b) {
	return text_eq(a->provider, b->provider) && text_eq(a->id, b->id) && text_eq(a->key, b->key) &&
	       text_eq(a->currency, b->currency);
}

/* Adds a model's rules as they apply within [from, to). */
static void add_rules(struct price_rule *rules, size_t *count, const struct price_model *m, int64_t from_ns, int64_t to_ns) {
	for (size_t i = 0; i < m->rule_count; i++) {
		struct price_rule rule = m->rules[i];
		rule.from_ns = rule.from_ns > from_ns ? rule.from_ns : from_ns;
		rule.to_ns = rule.to_ns < to_ns ? rule.to_ns : to_ns;
		if (rule.from_ns < rule.to_ns) {
			rules[(*count)++] = rule;
		}
	}
}

/* The instant from which a snapshot applies: the first one also before its date. */
static int64_t start_of(const struct prices *p, const struct price_model *m, bool first) {
	int64_t ns = INT64_MIN;

	return !first && instant_parse(text_of(date_of(p, m)), &ns) ? ns : INT64_MIN;
}

/* The last of the models gets the rules of all; the others have none, and are never found. */
static void join(struct prices *p, const size_t *index, size_t count) {
	size_t rule_count = 0, room = 0;

	for (size_t i = 0; i < count; i++) {
		room += p->models[index[i]].rule_count;
	}
	struct price_rule *rules = prices_alloc(p, (room + 1) * sizeof(*rules));
	for (size_t i = 0; i < count; i++) {
		const struct price_model *m = &p->models[index[i]];
		int64_t to_ns = i + 1 < count ? start_of(p, &p->models[index[i + 1]], false) : INT64_MAX;
		add_rules(rules, &rule_count, m, start_of(p, m, i == 0), to_ns);
	}
	for (size_t i = 0; i + 1 < count; i++) {
		p->models[index[i]].joined = true;
	}
	p->models[index[count - 1]].rules = rules;
	p->models[index[count - 1]].rule_count = rule_count;
}

/* Snapshots of different days; duplicates within one file are not joined. */
static bool may_join(const struct prices *p, const struct price_model *a, const struct price_model *b) {
	return is_same_model(a, b) && a->source != b->source && strcmp(date_of(p, a), date_of(p, b)) != 0 &&
	       a->understood && b->understood;
}

void prices_join(struct prices *p) {
	if (p->source_count < 2) {
		return;
	}
	size_t *index = must_alloc((p->model_count + 1) * sizeof(*index));
	for (size_t i = 0; i < p->model_count; i++) {
		index[i] = i;
	}
	platform_sort(index, p->model_count, sizeof(*index), compare, p);
	for (size_t from = 0, to; from < p->model_count; from = to) {
		for (to = from + 1; to < p->model_count && may_join(p, &p->models[index[to - 1]], &p->models[index[to]]); to++) {
		}
		if (to - from > 1) {
			join(p, index + from, to - from);
		}
	}
	free(index);
}
