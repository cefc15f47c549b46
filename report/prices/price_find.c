/* From a model's name in a log to a model of the catalogue. */
#include <assert.h>

#include "report/prices/prices.h"

#define NAME_MAX_BYTES 256

/* A name in lower case, in a buffer of its own. */
struct name {
	char bytes[NAME_MAX_BYTES];
	size_t len;
};

static struct text name_text(const struct name *n) {
	return (struct text){n->bytes, n->len};
}

static void name_lower(struct name *n, struct text t) {
	n->len = t.len < NAME_MAX_BYTES ? t.len : NAME_MAX_BYTES;
	for (size_t i = 0; i < n->len; i++) {
		n->bytes[i] = t.at[i] >= 'A' && t.at[i] <= 'Z' ? (char)(t.at[i] - 'A' + 'a') : t.at[i];
	}
}

/* What follows the last '/'. */
static struct text base_of(struct text t) {
	size_t at = t.len;
	while (at > 0 && t.at[at - 1] != '/') {
		at--;
	}
	return text_cut(t, at, t.len);
}

/* What does not make another model: how it was tuned to follow, packed, or stamped. */
static const struct text plain_prefixes[] = {T("meta-"), T("mistralai-"), T("models--")};
static const struct text plain_suffixes[] = {
    T("-instruct"), T("-it"),      T("-chat"), T("-hf"),        T("-fp8"),    T("-fp16"),  T("-bf16"),
    T("-int8"),     T("-int4"),    T("-awq"),  T("-gptq"),      T("-gguf"),   T("-nvfp4"), T("-w4a16"),
    T("-w8a8"),     T("-4bit"),    T("-8bit"), T("-q8_0"),      T("-q4_k_m"), T("-turbo"), T("-dynamic"),
    T("-latest"),   T("-instant"), T(".gguf"), T("-versatile"),
};

static bool drop_suffix(struct text *t) {
	for (size_t i = 0; i < sizeof plain_suffixes / sizeof *plain_suffixes; i++) {
		if (t->len > plain_suffixes[i].len && text_ends(*t, plain_suffixes[i])) {
			t->len -= plain_suffixes[i].len;
			return true;
		}
	}
	return false;
}

/* '#' stands for a digit. */
static bool ends_like(struct text t, struct text pattern) {
	if (t.len <= pattern.len) {
		return false;
	}
	for (size_t i = 0; i < pattern.len; i++) {
		char c = t.at[t.len - pattern.len + i];
		if (pattern.at[i] == '#' ? c < '0' || c > '9' : c != pattern.at[i]) {
			return false;
		}
	}
	return true;
}

static bool drop_date(struct text *t) {
	static const struct text dates[] = {T("-####-##-##"), T("-########"), T("-####")};

	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		if (ends_like(*t, dates[i])) {
			t->len -= dates[i].len;
			return true;
		}
	}
	return false;
}

/* The name without what does not make another model; a slice of `t`. */
static struct text reduced(struct text t) {
	t = base_of(t);
	for (size_t i = 0; i < sizeof plain_prefixes / sizeof *plain_prefixes; i++) {
		text_skip(&t, plain_prefixes[i]);
	}
	while (drop_suffix(&t) || drop_date(&t)) {
	}
	return t;
}

/* Does it give a price per token at all? Free and unpriced entries are no candidates. */
static bool has_price(const struct price_model *m) {
	for (size_t r = 0; r < m->rule_count; r++) {
		if (m->rules[r].ladder[SERVICE_STANDARD][PRICE_INPUT].count > 0) {
			return m->understood;
		}
	}
	return false;
}

static void add_candidate(struct price_search *s, const struct price_model *m) {
	if (!has_price(m)) {
		return;
	}
	if (s->candidate_count == 0) {
		s->model = m;
		s->outcome = PRICE_FOUND;
	} else if (!price_same(s->model, m)) {
		s->outcome = PRICE_AMBIGUOUS;
	}
	if (s->candidate_count < PRICE_CANDIDATES_MAX) {
		s->candidates[s->candidate_count] = m;
	}
	s->candidate_count++;
}

typedef bool test(const struct price_model *m, struct text name);

static bool by_full_id(const struct price_model *m, struct text name) {
	size_t n = m->provider.len;
	return n > 0 && name.len > n && name.at[n] == '/' && text_eq_nocase(text_cut(name, 0, n), m->provider) &&
	       text_eq_nocase(text_cut(name, n + 1, name.len), m->id);
}

static bool by_id(const struct price_model *m, struct text name) {
	return text_eq_nocase(m->id, name);
}

/* Whoever sells it under this name, whatever organisation stands before it. */
static bool by_name(const struct price_model *m, struct text name) {
	return text_eq_nocase(base_of(m->id), base_of(name)) || match_holds(m->match, name) ||
	       match_holds(m->match, base_of(name));
}

static bool by_reduced(const struct price_model *m, struct text name) {
	struct name id;
	name_lower(&id, m->id);
	return text_eq(reduced(name_text(&id)), reduced(name));
}

static bool collect(const struct prices *p, test *fits, struct text name, struct price_search *s) {
	for (size_t i = 0; i < p->model_count; i++) {
		if (fits(&p->models[i], name)) {
			add_candidate(s, &p->models[i]);
		}
	}
	return s->candidate_count > 0;
}

/* The first provider that claims such names: gpt-… are openai's, whoever else sells them. */
static bool claimed(const struct prices *p, struct text name, struct price_search *s) {
	for (size_t i = 0; i < p->provider_count; i++) {
		const struct price_provider *provider = &p->providers[i];
		if (!match_holds(provider->model_match, name)) {
			continue;
		}
		for (size_t m = 0; m < provider->model_count && s->candidate_count == 0; m++) {
			const struct price_model *model = &p->models[provider->first_model + m];
			if (match_holds(model->match, name) || by_id(model, name)) {
				add_candidate(s, model);
			}
		}
		if (s->candidate_count > 0) {
			return true;
		}
	}
	return false;
}

static bool mapped(const struct prices *p, struct text name, struct price_search *s) {
	for (size_t i = p->mapping_count; i-- > 0;) {
		if (text_eq_nocase(p->mappings[i].name, name)) {
			s->mapped = p->mappings[i].target;
			return true;
		}
	}
	return false;
}

static bool claimed_by_base(const struct prices *p, struct text name, struct price_search *s) {
	return claimed(p, base_of(name), s);
}

static bool of_full_id(const struct prices *p, struct text name, struct price_search *s) {
	return collect(p, by_full_id, name, s);
}

static bool of_id(const struct prices *p, struct text name, struct price_search *s) {
	return collect(p, by_id, name, s);
}

static bool of_name(const struct prices *p, struct text name, struct price_search *s) {
	return collect(p, by_name, name, s);
}

static bool of_reduced(const struct prices *p, struct text name, struct price_search *s) {
	return collect(p, by_reduced, name, s);
}

typedef bool search(const struct prices *p, struct text name, struct price_search *s);

/* The first way that finds something; of what --list names, only by what the catalogue calls it. */
static void try_each(const struct prices *p, struct text name, struct price_search *out, bool named) {
	static const struct {
		search *find;
		const char *how;
		bool named; /* also for what --list names */
	} ways[] = {
	    {of_full_id, "its provider and id", true},
	    {of_id, "its id", true},
	    {claimed, "the provider that claims such names", false},
	    {claimed_by_base, "the provider that claims such names, without what stands before the last /", false},
	    {of_name, "its id or the catalogue's match rules", false},
	    {of_reduced, "its name without what makes no other model", false},
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways && out->candidate_count == 0; i++) {
		if ((named ? ways[i].named : ways[i].find != of_id) && ways[i].find(p, name, out)) {
			out->how = ways[i].how;
		}
	}
}

void price_find(const struct prices *p, struct text log_name, struct price_search *out) {
	struct name lower;

	*out = (struct price_search){.outcome = PRICE_NOT_FOUND};
	if (mapped(p, log_name, out)) {
		try_each(p, out->mapped, out, true);
		return;
	}
	name_lower(&lower, log_name);
	if (lower.len > 0) {
		try_each(p, name_text(&lower), out, false);
	}
}
