#define PCRE2_CODE_UNIT_WIDTH 8
#include "report/prices/price_match.h"

#include <assert.h>
#include <pcre2.h>

#include "report/prices/prices.h"

/* Patterns are not trusted: matching stops after this much work per name and counts as no match. */
#define REGEX_WORK_MAX 100000

static const struct {
	struct text key;
	enum match_op op;
} match_keys[] = {
    {T("equals"), MATCH_EQUALS},
    {T("starts_with"), MATCH_STARTS_WITH},
    {T("ends_with"), MATCH_ENDS_WITH},
    {T("contains"), MATCH_CONTAINS},
    {T("regex"), MATCH_REGEX},
    {T("or"), MATCH_OR},
    {T("and"), MATCH_AND},
};

const char *match_key_of(enum match_op op) {
	for (size_t i = 0; i < sizeof match_keys / sizeof *match_keys; i++) {
		if (match_keys[i].op == op) {
			return match_keys[i].key.at;
		}
	}
	return NULL;
}

static enum match_op op_of(struct text key) {
	for (size_t i = 0; i < sizeof match_keys / sizeof *match_keys; i++) {
		if (text_eq(key, match_keys[i].key)) {
			return match_keys[i].op;
		}
	}
	return MATCH_NEVER;
}

static int read_list(struct import *im, json_at list, struct match *m) {
	if (json_type(im->json, list) != JSON_ARRAY) {
		return import_fault(im, list, "this match rule is not a list, expected a list of rules");
	}
	m->any = prices_alloc(im->prices, (size_t)json_count(im->json, list) * sizeof(*m->any));
	for (json_at v = json_first(im->json, list); v != JSON_ABSENT; v = json_next(im->json, v)) {
		int error = match_read(im, v, &m->any[m->count++]);
		if (error) {
			return error;
		}
	}
	return 0;
}

static void compile(struct import *im, struct match *m, struct text pattern) {
	int code;
	size_t offset;

	m->regex = pcre2_compile((PCRE2_SPTR)pattern.at, pattern.len, PCRE2_CASELESS | PCRE2_UTF, &code, &offset, NULL);
	if (!m->regex) {
		m->op = MATCH_NEVER;
		prices_note(im->prices, "regular expression not understood:", pattern);
		return;
	}
	m->next_regex = im->prices->regexes;
	im->prices->regexes = m;
}

static struct text lower(struct text kept) {
	char *at = (char *)(uintptr_t)kept.at; /* our own copy */
	for (size_t i = 0; i < kept.len; i++) {
		if (at[i] >= 'A' && at[i] <= 'Z') {
			at[i] = (char)(at[i] - 'A' + 'a');
		}
	}
	return kept;
}

static int read_text(struct import *im, json_at v, struct match *m) {
	struct text text;
	int error = import_text(im, v, "this match rule is not a string, expected a string", &text);
	if (error) {
		return error;
	}
	if (m->op == MATCH_REGEX) {
		m->text = text;
		compile(im, m, text);
	} else {
		m->text = lower(text);
	}
	return 0;
}

int match_read(struct import *im, json_at v, const struct match **out) {
	json_at inner = json_first(im->json, v);

	*out = NULL;
	if (json_type(im->json, v) != JSON_OBJECT || json_count(im->json, v) != 1) {
		return import_fault(im, v, "not a match rule, expected an object with one key such as \"equals\"");
	}
	struct match *m = prices_alloc(im->prices, sizeof(*m));
	m->op = op_of(json_key(im->json, inner));
	*out = m;
	if (m->op == MATCH_NEVER) {
		prices_note(im->prices, "match rule not understood:", json_key(im->json, inner));
		return 0;
	}
	return m->op == MATCH_OR || m->op == MATCH_AND ? read_list(im, inner, m) : read_text(im, inner, m);
}

static bool holds_equals(const struct match *m, struct text name) {
	return text_eq(name, m->text);
}

static bool holds_starts(const struct match *m, struct text name) {
	return text_starts(name, m->text);
}

static bool holds_ends(const struct match *m, struct text name) {
	return text_ends(name, m->text);
}

static bool holds_contains(const struct match *m, struct text name) {
	return text_find(name, m->text) != SIZE_MAX;
}

static bool holds_regex(const struct match *m, struct text name) {
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	bool yes = false;

	if (data && limits) {
		pcre2_set_match_limit(limits, REGEX_WORK_MAX);
		pcre2_set_depth_limit(limits, REGEX_WORK_MAX);
		yes = pcre2_match(m->regex, (PCRE2_SPTR)name.at, name.len, 0, 0, data, limits) >= 0;
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	return yes;
}

static bool holds_or(const struct match *m, struct text name) {
	for (size_t i = 0; i < m->count; i++) {
		if (match_holds(m->any[i], name)) {
			return true;
		}
	}
	return false;
}

static bool holds_and(const struct match *m, struct text name) {
	for (size_t i = 0; i < m->count; i++) {
		if (!match_holds(m->any[i], name)) {
			return false;
		}
	}
	return m->count > 0;
}

static bool holds_never(const struct match *m, struct text name) {
	(void)m;
	(void)name;
	return false;
}

bool match_holds(const struct match *m, struct text name) {
	static bool (*const ops[MATCH_OPS])(const struct match *, struct text) = {
	    [MATCH_EQUALS] = holds_equals,     [MATCH_STARTS_WITH] = holds_starts, [MATCH_ENDS_WITH] = holds_ends,
	    [MATCH_CONTAINS] = holds_contains, [MATCH_REGEX] = holds_regex,        [MATCH_OR] = holds_or,
	    [MATCH_AND] = holds_and,           [MATCH_NEVER] = holds_never,
	};

	assert(!m || m->op < MATCH_OPS);
	return m && ops[m->op](m, name);
}

void match_free_regexes(struct match *first) {
	for (struct match *m = first; m; m = m->next_regex) {
		pcre2_code_free(m->regex);
	}
}
