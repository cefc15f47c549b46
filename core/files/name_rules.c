#include "core/files/name_rules.h"

#include <stdlib.h>
#include <string.h>

/* Words of one pattern; a rule with more is refused. */
#define WORDS_MAX 16

struct word {
	struct text name, value;
};

/* The run that was last tried without success: none, one within a part of the path, one over any parts. */
enum stuck { STUCK_NONE, STUCK_PART, STUCK_ANY };

struct words {
	struct word at[WORDS_MAX];
	size_t count;
	enum stuck stuck;
};

/* Reads "{pod}" at the start of *t: its name; *t moves past it. */
static bool take_word(struct text *t, struct text *name) {
	struct text rest = *t;

	if (!text_skip(&rest, T("{")) || !text_until(&rest, T("}"), name) || name->len == 0) {
		return false;
	}
	*t = rest;
	return true;
}

static bool match(struct text pattern, struct text path, struct words *words);

/*
 * The shortest run of bytes of `path`, without "/" unless `any`, after which the rest matches. If a later run of the
 * same kind failed from its first possible start, a longer run here cannot help: the time does not grow exponentially
 * with the number of runs.
 */
static bool match_run(struct text rest, struct text path, size_t least, bool any, struct words *words, struct text name) {
	const enum stuck own = any ? STUCK_ANY : STUCK_PART;
	size_t before = words->count;

	for (size_t n = least; n <= path.len; n++) {
		if (n > 0 && !any && path.at[n - 1] == '/') {
			break;
		}
		words->count = before;
		if (name.len > 0 && words->count < WORDS_MAX) {
			words->at[words->count++] = (struct word){name, text_cut(path, 0, n)};
		}
		words->stuck = STUCK_NONE;
		if (match(rest, text_cut(path, n, path.len), words)) {
			return true;
		}
		if (words->stuck >= own) {
			return false;
		}
	}
	words->stuck = own;
	return false;
}

static bool match(struct text pattern, struct text path, struct words *words) {
	struct text name;

	while (pattern.len > 0) {
		if (take_word(&pattern, &name)) {
			return match_run(pattern, path, 1, false, words, name);
		}
		if (text_skip(&pattern, T("**"))) {
			return match_run(pattern, path, 0, true, words, T(""));
		}
		if (text_skip(&pattern, T("*"))) {
			return match_run(pattern, path, 0, false, words, T(""));
		}
		if (path.len == 0 || path.at[0] != pattern.at[0]) {
			return false;
		}
		pattern = text_cut(pattern, 1, pattern.len);
		path = text_cut(path, 1, path.len);
	}
	return path.len == 0;
}

/* At the start of the path, or at any folder of it: logs are copied with their folders. */
static bool match_anywhere(struct text pattern, struct text path, struct words *words) {
	for (size_t at = 0; at < path.len; at++) {
		bool boundary = at == 0 || path.at[at] == '/' || path.at[at - 1] == '/';
		words->count = 0;
		if (boundary && match(pattern, text_cut(path, at, path.len), words)) {
			return true;
		}
	}
	return false;
}

static const struct word *word_named(const struct words *words, struct text name) {
	for (size_t i = 0; i < words->count; i++) {
		if (text_eq(words->at[i].name, name)) {
			return &words->at[i];
		}
	}
	return NULL;
}

static bool append(char *out, size_t size, size_t *len, struct text t) {
	if (t.len >= size - *len) {
		return false;
	}
	memcpy(out + *len, t.at, t.len);
	*len += t.len;
	out[*len] = '\0';
	return true;
}

static bool expand(struct text t, const struct words *words, char *out, size_t size) {
	size_t len = 0;
	struct text name;

	while (t.len > 0) {
		const struct word *w = NULL;
		if (take_word(&t, &name)) {
			w = word_named(words, name);
			if (!w || !append(out, size, &len, w->value)) {
				return false;
			}
			continue;
		}
		if (!append(out, size, &len, text_cut(t, 0, 1))) {
			return false;
		}
		t = text_cut(t, 1, t.len);
	}
	return len > 0;
}

bool name_rules_path(const struct name_rules *rules, const char *path, char *out, size_t size) {
	struct words words;

	for (size_t i = 0; i < rules->count; i++) {
		const struct name_rule *rule = &rules->at[i];
		if (!rule->is_field && match_anywhere(text_of(rule->pattern), text_of(path), &words)) {
			return expand(text_of(rule->replica), &words, out, size);
		}
	}
	return false;
}

bool name_rule_value(const struct name_rule *rule, struct text value, char *out, size_t size) {
	const struct words words = {.at = {{T("value"), value}}, .count = 1};

	return expand(text_of(rule->replica), &words, out, size);
}

/* The words that a pattern binds. */
static void list_words(struct text pattern, struct words *words) {
	struct text name;

	while (pattern.len > 0) {
		if (!take_word(&pattern, &name)) {
			pattern = text_cut(pattern, 1, pattern.len);
		} else if (words->count < WORDS_MAX) {
			words->at[words->count++] = (struct word){name, T("x")};
		}
	}
}

const char *name_rule_wrong(const struct name_rule *rule) {
	struct words words = {.count = 0};
	struct text t = text_of(rule->replica), name;

	if (rule->is_field) {
		words = (struct words){.at = {{T("value"), T("x")}}, .count = 1};
	} else {
		list_words(text_of(rule->pattern), &words);
	}
	if (words.count == WORDS_MAX) {
		return "too many {words}, expected fewer than 16";
	}
	while (t.len > 0) {
		if (!take_word(&t, &name)) {
			t = text_cut(t, 1, t.len);
		} else if (!word_named(&words, name)) {
			return rule->is_field ? "\"replica\" uses an unknown word, expected {value}"
			                      : "\"replica\" uses a word that \"path\" lacks, expected one of its {words}";
		}
	}
	return rule->replica[0] == '\0' ? "\"replica\" is empty, expected a name such as \"{pod}\"" : NULL;
}

void name_rules_release(struct name_rules *rules) {
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->at[i].pattern);
		free(rules->at[i].replica);
	}
	free(rules->at);
	*rules = (struct name_rules){0};
}
