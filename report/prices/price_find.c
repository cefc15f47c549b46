/* From a model's name in a log to a model of the catalogue. */
#include <stdlib.h>

#include "report/prices/price_index.h"

/* Sellers beyond this many are not compared. */
#define SELLERS_MAX 256

/* The result of a search. */
struct found {
	const struct price_model *at[SELLERS_MAX];
	size_t count;
};

/* Does it have a price per token? Entries without one are not candidates, nor those merged into a later snapshot. */
static bool has_price(const struct price_model *m) {
	for (size_t r = 0; r < m->rule_count && !m->joined; r++) {
		if (m->rules[r].ladder[SERVICE_STANDARD][PRICE_INPUT].count > 0) {
			return m->understood;
		}
	}
	return false;
}

static void add_candidate(struct found *f, const struct price_model *m) {
	if (has_price(m) && f->count < SELLERS_MAX) {
		f->at[f->count++] = m;
	}
}

/* ---- by the index ---- */

static bool collect(const struct prices *p, enum price_way way, struct text name, struct found *f) {
	struct price_cursor at = {0};
	const struct price_model *m;

	while ((m = price_index_next(p, way, name, &at))) {
		add_candidate(f, m);
	}
	return f->count > 0;
}

static bool has_id(const struct price_model *m, struct text name) {
	return text_eq_nocase(m->id, name);
}

/* Any seller with this name, with any organisation as prefix. */
static bool has_name(const struct price_model *m, struct text name) {
	return text_eq_nocase(text_base(m->id), text_base(name)) || match_holds(m->match, name) ||
	       match_holds(m->match, text_base(name));
}

struct naming {
	struct text name;
	struct found *found;
};

static void add_named(void *naming, const struct price_model *m) {
	struct naming *n = naming;

	if (has_name(m, n->name)) {
		add_candidate(n->found, m);
	}
}

/* The first provider that claims such names: gpt-… is openai's, whoever else sells it. */
static bool claimed_by(const struct prices *p, struct text name, struct found *f) {
	for (size_t i = 0; i < p->provider_count && f->count == 0; i++) {
		const struct price_provider *provider = &p->providers[i];
		if (!match_holds(provider->model_match, name)) {
			continue;
		}
		for (size_t m = 0; m < provider->model_count && f->count == 0; m++) {
			const struct price_model *model = &p->models[provider->first_model + m];
			if (match_holds(model->match, name) || has_id(model, name)) {
				add_candidate(f, model);
			}
		}
	}
	return f->count > 0;
}

static bool of_claims(const struct prices *p, struct text name, struct found *f) {
	return claimed_by(p, name, f) || claimed_by(p, text_base(name), f);
}

static bool of_key(const struct prices *p, struct text name, struct found *f) {
	return collect(p, PRICE_BY_KEY, name, f);
}

static bool of_full_id(const struct prices *p, struct text name, struct found *f) {
	return collect(p, PRICE_BY_FULL_ID, name, f);
}

static bool of_id(const struct prices *p, struct text name, struct found *f) {
	return collect(p, PRICE_BY_ID, name, f);
}

static bool of_name(const struct prices *p, struct text name, struct found *f) {
	struct naming naming = {name, f};

	price_index_named(p, name, add_named, &naming);
	return f->count > 0;
}

static bool of_reduced(const struct prices *p, struct text name, struct found *f) {
	return collect(p, PRICE_BY_REDUCED, name_reduced(name), f);
}

/* If neither has a date, they are different names; if both have one, different models. */
static bool of_other_date(const struct prices *p, struct text name, struct found *f) {
	struct text plain = text_base(name);
	bool dated = name_without_date(&plain);

	return collect(p, dated ? PRICE_BY_UNDATED : PRICE_BY_DATED, plain, f);
}

/* The name without its date; else any of the catalogue's dates. */
static bool of_undated(const struct prices *p, struct text name, struct found *f) {
	struct text plain = name;

	if (name_without_date(&plain) && (of_key(p, plain, f) || of_claims(p, plain, f) || of_id(p, plain, f))) {
		return true;
	}
	return of_other_date(p, name, f);
}

/* "ft:BASE:ORG:NAME:ID" has the price of an entry "ft:BASE", and never that of BASE. */
static bool of_fine_tune(const struct prices *p, struct text name, struct found *f) {
	struct text rest = name, base;

	if (!text_skip(&rest, T("ft:")) || !text_until(&rest, T(":"), &base)) {
		return false;
	}
	struct text entry = text_cut(name, 0, sizeof "ft:" - 1 + base.len);
	return of_id(p, entry, f) || (name_without_date(&entry) && of_id(p, entry, f));
}

/* Names as written by clouds: "us.anthropic.claude-…-v1:0", "publishers/google/models/…", "claude-…@20250929". */
static bool of_cloud(const struct prices *p, struct text name, struct found *f) {
	struct name plain;

	for (int step = 0; step < NAME_CLOUD_STEPS && f->count == 0; step++) {
		if (name_from_cloud(&plain, name, step)) {
			struct text t = name_text(&plain);
			(void)(of_key(p, t, f) || of_claims(p, t, f) || of_id(p, t, f) || of_name(p, t, f));
		}
	}
	return f->count > 0;
}

static bool of_signs(const struct prices *p, struct text name, struct found *f) {
	static const char signs[] = "-.";
	struct name spelled;

	for (size_t i = 0; i + 1 < sizeof signs && f->count == 0; i++) {
		name_with_sign(&spelled, name, signs[i]);
		struct text t = name_text(&spelled);
		(void)(of_key(p, t, f) || of_claims(p, t, f) || of_id(p, t, f) || of_name(p, t, f));
	}
	return f->count > 0;
}

/* A version as another publisher writes it, "4.5" and "4-5"; with its date, then without. */
static bool of_spelling(const struct prices *p, struct text name, struct found *f) {
	struct name plain;

	if (text_starts(name, T("ft:"))) {
		return false; /* not the price of its base */
	}
	if (!name_from_cloud(&plain, name, NAME_CLOUD_STEPS - 1)) {
		name_lower(&plain, name);
	}
	struct text t = text_base(name_text(&plain));
	return of_signs(p, t, f) || (name_without_date(&t) && of_signs(p, t, f));
}

/* ---- with the provider that the log names ---- */

typedef bool provider_test(const struct price_provider *p, struct text id, struct text name);

/* A name in a log or in a cloud's form, of a provider. */
struct offer {
	struct name names[1 + NAME_CLOUD_STEPS];
	struct text texts[1 + NAME_CLOUD_STEPS];
	size_t count, at;
	const struct prices *prices;
	struct text provider;
	provider_test *is;
	struct found *found;
};

/* The provider that a model is listed under. */
static const struct price_provider *provider_of(const struct prices *p, const struct price_model *m) {
	size_t from = 0, to = p->provider_count, index = (size_t)(m - p->models);

	while (to - from > 1) {
		size_t middle = from + (to - from) / 2;
		*(p->providers[middle].first_model <= index ? &from : &to) = middle;
	}
	return &p->providers[from];
}

static void add_of_provider(struct offer *o, const struct price_model *m) {
	if (o->is(provider_of(o->prices, m), m->provider, o->provider)) {
		add_candidate(o->found, m);
	}
}

static void add_sold(void *offer, const struct price_model *m) {
	struct offer *o = offer;

	if (has_name(m, o->texts[o->at])) {
		add_of_provider(o, m);
	}
}

static void collect_of_provider(struct offer *o, enum price_way way, struct text name) {
	struct price_cursor at = {0};
	const struct price_model *m;

	while ((m = price_index_next(o->prices, way, name, &at))) {
		add_of_provider(o, m);
	}
}

static void name_offer(struct offer *o, struct text name) {
	o->texts[o->count++] = name;
	for (int step = 0; step < NAME_CLOUD_STEPS; step++) {
		if (name_from_cloud(&o->names[o->count], name, step)) {
			o->texts[o->count] = name_text(&o->names[o->count]);
			o->count++;
		}
	}
}

/*
 * An entry with exactly this name has precedence over those that end with it; additions by clouds are removed step by
 * step, so that a region's entry has precedence over the model's; entries with another date come last.
 */
static bool of_provider_by(const struct prices *p, struct text name, struct text provider, provider_test *is,
			   struct found *f) {
	struct offer o = {.prices = p, .provider = provider, .is = is, .found = f};

	name_offer(&o, name);
	for (; o.at < o.count && f->count == 0; o.at++) {
		collect_of_provider(&o, PRICE_BY_KEY, o.texts[o.at]);
		if (f->count == 0) {
			collect_of_provider(&o, PRICE_BY_ID, o.texts[o.at]);
		}
		if (f->count == 0) {
			price_index_named(p, o.texts[o.at], add_sold, &o);
		}
	}
	if (f->count == 0) {
		struct text plain = text_base(name);
		bool dated = name_without_date(&plain);
		collect_of_provider(&o, dated ? PRICE_BY_UNDATED : PRICE_BY_DATED, plain);
	}
	return f->count > 0;
}

static bool is_rule(const struct price_provider *p, struct text id, struct text name) {
	(void)id;
	return match_holds(p->provider_match, name);
}

static bool is_equal(const struct price_provider *p, struct text id, struct text name) {
	(void)p;
	return name_is_provider(id, name, NAME_EQUAL);
}

static bool is_alias(const struct price_provider *p, struct text id, struct text name) {
	(void)p;
	return name_is_provider(id, name, NAME_ALIAS);
}

static bool is_branch(const struct price_provider *p, struct text id, struct text name) {
	(void)p;
	return name_is_provider(id, name, NAME_BRANCH);
}

static provider_test *const provider_tests[] = {is_equal, is_alias, is_rule, is_branch};
#define PROVIDER_TESTS (sizeof provider_tests / sizeof *provider_tests)

/* Do the names of a provider in a log and in a catalogue match? Compared as whole words. */
static bool price_provider_is(const struct price_provider *p, struct text id, struct text name) {
	bool is = false;
	for (size_t i = 0; i < PROVIDER_TESTS && !is; i++) {
		is = provider_tests[i](p, id, name);
	}
	return is;
}

/* What the provider resells under the maker's name. */
static bool of_fallbacks(const struct prices *p, struct text name, struct text provider, struct found *f) {
	for (size_t i = 0; i < p->provider_count && f->count == 0; i++) {
		const struct price_provider *at = &p->providers[i];
		struct text rest = at->fallbacks, id;
		if (!price_provider_is(at, at->id, provider)) {
			continue;
		}
		while (f->count == 0 && text_until(&rest, T(";"), &id)) {
			(void)of_provider_by(p, name, id, is_equal, f);
		}
	}
	return f->count > 0;
}

static bool of_provider(const struct prices *p, struct text name, struct text provider, struct found *f) {
	for (size_t i = 0; i < PROVIDER_TESTS && provider.len > 0 && f->count == 0; i++) {
		(void)of_provider_by(p, name, provider, provider_tests[i], f);
	}
	return f->count > 0 || (provider.len > 0 && of_fallbacks(p, name, provider, f));
}

/* ---- several sellers ---- */

/* The cost of a prompt of three tokens and an answer of one, by the latest prices. */
static int128 cost_of(const struct price_model *m) {
	const struct price_ladder *l = m->rules[m->rule_count - 1].ladder[SERVICE_STANDARD];
	int64_t in = price_step_at(&l[PRICE_INPUT], 0), out = price_step_at(&l[PRICE_OUTPUT], 0);

	return 3 * (int128)(in > 0 ? in : 0) + (out > 0 ? out : 0);
}

static int compare_costs(const void *a, const void *b) {
	const struct price_model *x = *(const struct price_model *const *)a, *y = *(const struct price_model *const *)b;
	int128 left = cost_of(x), right = cost_of(y);
	int order = (left > right) - (left < right);

	order = order != 0 ? order : text_compare(x->provider, y->provider);
	order = order != 0 ? order : text_compare(x->id, y->id);
	return order != 0 ? order : (x > y) - (x < y);
}

/* The median, the cheaper one of two; the cheapest and the most expensive are kept for messages. */
static void settle(struct found *f, struct price_search *s) {
	bool differ = false;

	for (size_t i = 1; i < f->count; i++) {
		differ |= !price_same(f->at[0], f->at[i]);
	}
	s->outcome = PRICE_FOUND;
	s->model = f->at[0];
	s->candidate_count = f->count;
	s->by_median = differ;
	if (differ) {
		qsort(f->at, f->count, sizeof(f->at[0]), compare_costs);
		s->model = f->at[(f->count - 1) / 2];
	}
	for (size_t i = 0; i < f->count && i < PRICE_CANDIDATES_MAX; i++) {
		s->candidates[i] = f->at[i];
	}
	if (f->count > PRICE_CANDIDATES_MAX) {
		s->candidates[PRICE_CANDIDATES_MAX - 1] = f->at[f->count - 1];
	}
}

/* ---- the search ---- */

static bool mapped(const struct prices *p, struct text name, struct price_search *s) {
	for (size_t i = p->mapping_count; i-- > 0;) {
		if (text_eq_nocase(p->mappings[i].name, name)) {
			s->mapped = p->mappings[i].target;
			return true;
		}
	}
	return false;
}

typedef bool search(const struct prices *p, struct text name, struct found *f);

/* The first method that finds something; for names in --list, only the catalogue's own names. */
static void try_each(const struct prices *p, struct text name, struct price_search *out, struct found *f, bool named) {
	static const struct {
		search *find;
		const char *how;
		bool named; /* also for names in --list */
	} ways[] = {
	    {of_full_id, "its provider and id", true},
	    {of_key, "its name in the catalogue", true},
	    {of_claims, "the provider that claims such names", false},
	    {of_id, "its id", true},
	    {of_fine_tune, "the entry for fine-tuned models of its base", false},
	    {of_name, "its id or the catalogue's match rules", false},
	    {of_cloud, "its name as its maker writes it", false},
	    {of_reduced, "its name without suffixes that do not change the model", false},
	    {of_undated, "its name without its date", false},
	    {of_spelling, "its name with its version written otherwise", false},
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways && f->count == 0; i++) {
		if ((!named || ways[i].named) && ways[i].find(p, name, f)) {
			out->how = ways[i].how;
		}
	}
}

void price_find(const struct prices *p, struct text log_name, struct text log_provider, struct price_search *out) {
	struct name lower, provider;
	struct found f = {.count = 0};

	*out = (struct price_search){.outcome = PRICE_NOT_FOUND};
	if (mapped(p, log_name, out)) {
		try_each(p, out->mapped, out, &f, true);
	} else {
		name_lower(&lower, log_name);
		name_lower(&provider, log_provider.len > 0 ? log_provider : name_cloud(name_text(&lower)));
		if (lower.len > 0 && of_provider(p, name_text(&lower), name_text(&provider), &f)) {
			out->how = "the provider that the log names";
		} else if (lower.len > 0) {
			try_each(p, name_text(&lower), out, &f, false);
			out->other_provider = log_provider.len > 0 && f.count > 0;
		}
	}
	if (f.count > 0) {
		settle(&f, out);
	}
}

size_t price_sellers(const struct prices *p, struct text name, const struct price_model **out, size_t max) {
	struct name lower, wanted;
	size_t n = 0;

	name_lower(&wanted, name);
	for (size_t i = 0; i < p->model_count && n < max; i++) {
		const struct price_model *m = &p->models[i];
		name_lower(&lower, m->id);
		struct text reduced = name_reduced(name_text(&lower));
		bool open = name_has_size(reduced) && text_eq(reduced, name_reduced(name_text(&wanted)));
		if (has_price(m) && (has_name(m, name) || open)) {
			out[n++] = m;
		}
	}
	return n;
}
