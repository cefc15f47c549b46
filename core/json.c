#include "core/json.h"

#include <limits.h>
#include <stdlib.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

enum { MAX_DEPTH = 64 };
/* jsmn closes a bracket by walking up from its last token, which is quadratic in the depth. It gets its tokens in
 * slices, and between two of them the depth is checked. */
enum { SLICE = 256 };

struct json {
	const char *at;
	size_t len;
	jsmntok_t *tokens;
	int *after; /* for each token, the first one after everything inside it */
	size_t room;
	int count;
};

struct json *json_new(void) {
	return must_calloc(1, sizeof(struct json));
}

void json_free(struct json *j) {
	if (j) {
		free(j->tokens);
		free(j->after);
		free(j);
	}
}

static void make_room(struct json *j, size_t tokens) {
	if (tokens <= j->room) {
		return;
	}
	j->room = tokens > 2 * j->room ? tokens : 2 * j->room;
	j->tokens = must_realloc(j->tokens, j->room * sizeof *j->tokens);
	j->after = must_realloc(j->after, j->room * sizeof *j->after);
}

static bool too_deep(const struct json *j, int token) {
	int depth = 0;

	for (; token >= 0 && depth <= MAX_DEPTH; token = j->tokens[token].parent) {
		depth += j->tokens[token].type != JSMN_STRING;
	}
	return depth > MAX_DEPTH;
}

static bool tokenize(struct json *j, size_t *bad) {
	jsmn_parser parser;
	unsigned int limit = 0;
	int got = JSMN_ERROR_NOMEM;

	jsmn_init(&parser);
	while (got == JSMN_ERROR_NOMEM) {
		limit += SLICE;
		make_room(j, limit);
		got = jsmn_parse(&parser, j->at, j->len, j->tokens, limit);
		if (got == JSMN_ERROR_NOMEM && too_deep(j, parser.toksuper)) {
			got = JSMN_ERROR_INVAL;
		}
	}
	j->count = (int)parser.toknext;
	*bad = parser.pos;
	return got >= 0 && j->count > 0;
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const struct json *j, size_t at) {
	while (at < j->len && is_space(j->at[at])) {
		at++;
	}
	return at;
}

static size_t skip_digits(struct text t, size_t at) {
	while (at < t.len && t.at[at] >= '0' && t.at[at] <= '9') {
		at++;
	}
	return at;
}

static bool has(struct text t, size_t at, char a, char b) {
	return at < t.len && (t.at[at] == a || t.at[at] == b);
}

static bool is_number(struct text t) {
	size_t i = has(t, 0, '-', '-');
	size_t whole = i;

	i = skip_digits(t, i);
	if (i == whole || (t.at[whole] == '0' && i > whole + 1)) {
		return false;
	}
	if (has(t, i, '.', '.')) {
		size_t fraction = i + 1;
		i = skip_digits(t, fraction);
		if (i == fraction) {
			return false;
		}
	}
	if (has(t, i, 'e', 'E')) {
		size_t power = i + 1 + has(t, i + 1, '+', '-');
		i = skip_digits(t, power);
		if (i == power) {
			return false;
		}
	}
	return i == t.len;
}

static bool is_primitive(struct text t) {
	return is_number(t) || text_eq(t, T("true")) || text_eq(t, T("false")) || text_eq(t, T("null"));
}

static struct text token_text(const struct json *j, int i) {
	const jsmntok_t *t = &j->tokens[i];
	return (struct text){j->at + t->start, (size_t)(t->end - t->start)};
}

/* A walk over the tokens and the bytes between them, which jsmn did not check. */
struct walk {
	size_t at; /* the first byte not yet checked */
	int depth;
	bool value_due; /* a key was read, its value not yet */
	bool first;     /* the innermost container is still empty */
	int open[MAX_DEPTH];
};

/* White space, the separator unless it is 0, white space; then `start`? */
static bool gap(const struct json *j, struct walk *w, char separator, size_t start) {
	w->at = skip_space(j, w->at);
	if (separator != 0) {
		if (w->at >= j->len || j->at[w->at] != separator) {
			return false;
		}
		w->at = skip_space(j, w->at + 1);
	}
	return w->at == start;
}

/* Leaves the containers that end before `start`; the next token is `i`. */
static bool close_before(const struct json *j, struct walk *w, size_t start, int i) {
	while (w->depth > 0) {
		int container = w->open[w->depth - 1];
		size_t end = (size_t)j->tokens[container].end;
		if (end > start) {
			return true;
		}
		if (w->value_due || !gap(j, w, 0, end - 1)) {
			return false;
		}
		w->at = end;
		w->first = false;
		w->depth--;
		j->after[container] = i;
	}
	return true;
}

static char separator_of(const struct walk *w) {
	return w->value_due ? ':' : w->first || w->depth == 0 ? 0 : ',';
}

static bool step_in(struct json *j, struct walk *w, int i) {
	const jsmntok_t *t = &j->tokens[i];

	if (t->type == JSMN_OBJECT || t->type == JSMN_ARRAY) {
		if (w->depth == MAX_DEPTH) {
			return false;
		}
		w->open[w->depth++] = i;
		w->first = true;
		w->at = (size_t)t->start + 1;
		return true;
	}
	if (t->type != JSMN_STRING && !is_primitive(token_text(j, i))) {
		return false;
	}
	w->first = false;
	j->after[i] = i + 1;
	w->at = (size_t)t->end + (t->type == JSMN_STRING);
	return true;
}

static bool check_token(struct json *j, struct walk *w, int i) {
	const jsmntok_t *t = &j->tokens[i];
	size_t start = (size_t)t->start - (t->type == JSMN_STRING);

	if (!close_before(j, w, start, i) || (w->depth == 0 && i > 0) || !gap(j, w, separator_of(w), start)) {
		return false;
	}
	bool key = w->depth > 0 && !w->value_due && j->tokens[w->open[w->depth - 1]].type == JSMN_OBJECT;
	if (key && t->type != JSMN_STRING) {
		return false;
	}
	w->value_due = key;
	return step_in(j, w, i);
}

static bool check(struct json *j, size_t *bad) {
	struct walk w = {.at = skip_space(j, 0), .first = true};
	bool good = true;

	for (int i = 0; good && i < j->count; i++) {
		good = check_token(j, &w, i);
	}
	good = good && close_before(j, &w, j->len, j->count) && gap(j, &w, 0, j->len);
	*bad = w.at;
	return good;
}

/* jsmn in strict mode treats a lone number or literal as incomplete. */
static bool lone_primitive(struct json *j) {
	struct text t = text_trim((struct text){j->at, j->len});

	if (!is_primitive(t)) {
		return false;
	}
	make_room(j, SLICE);
	int start = (int)(t.at - j->at);
	j->tokens[0] = (jsmntok_t){.type = JSMN_PRIMITIVE, .start = start, .end = start + (int)t.len, .parent = -1};
	j->after[0] = 1;
	j->count = 1;
	return true;
}

bool json_parse(struct json *j, struct text bytes, size_t *bad) {
	size_t at = 0;

	j->at = bytes.at;
	j->len = bytes.len;
	j->count = 0;
	bool good = bytes.len > 0 && bytes.len < INT_MAX;
	if (good) {
		at = skip_space(j, 0);
		bool nested = at < j->len && (j->at[at] == '{' || j->at[at] == '[' || j->at[at] == '"');
		good = nested ? tokenize(j, &at) && check(j, &at) : lone_primitive(j);
	}
	if (!good) {
		j->count = 0;
	}
	if (bad) {
		*bad = at < bytes.len ? at : bytes.len;
	}
	return good;
}

static bool present(const struct json *j, json_at v) {
	return v >= 0 && v < j->count;
}

enum json_type json_type(const struct json *j, json_at v) {
	if (!present(j, v)) {
		return JSON_NONE;
	}
	switch (j->tokens[v].type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return JSON_STRING;
	default:
		break;
	}
	char c = j->at[j->tokens[v].start];
	return c == 't' || c == 'f' ? JSON_BOOL : c == 'n' ? JSON_NULL : JSON_NUMBER;
}

static bool is_container(const struct json *j, json_at v) {
	return present(j, v) && (j->tokens[v].type == JSMN_OBJECT || j->tokens[v].type == JSMN_ARRAY);
}

int json_count(const struct json *j, json_at v) {
	return is_container(j, v) ? j->tokens[v].size : 0;
}

json_at json_first(const struct json *j, json_at container) {
	if (json_count(j, container) == 0) {
		return JSON_ABSENT;
	}
	return container + (j->tokens[container].type == JSMN_OBJECT ? 2 : 1);
}

static bool is_member(const struct json *j, json_at v) {
	return present(j, v) && j->tokens[v].parent >= 0 && j->tokens[j->tokens[v].parent].type == JSMN_STRING;
}

json_at json_next(const struct json *j, json_at value) {
	if (!present(j, value)) {
		return JSON_ABSENT;
	}
	int key = is_member(j, value);
	int parent = j->tokens[value - key].parent;
	int next = j->after[value];

	return next < j->count && j->tokens[next].parent == parent ? next + key : JSON_ABSENT;
}

struct text json_key(const struct json *j, json_at value) {
	return is_member(j, value) ? token_text(j, value - 1) : T("");
}

json_at json_get(const struct json *j, json_at object, struct text key) {
	json_at found = JSON_ABSENT;

	if (json_type(j, object) != JSON_OBJECT) {
		return JSON_ABSENT;
	}
	int end = j->after[object];
	for (int k = object + 1; k < end; k = j->after[k + 1]) {
		if (text_eq(token_text(j, k), key)) {
			found = k + 1;
		}
	}
	return found;
}

uint64_t json_key_bytes(const struct json *j, json_at object) {
	uint64_t bits = 0;

	for (json_at v = json_first(j, object); v != JSON_ABSENT; v = json_next(j, v)) {
		struct text key = json_key(j, v);
		bits |= key.len > 0 ? UINT64_C(1) << (*key.at & 63) : 0;
	}
	return bits;
}

struct text json_raw(const struct json *j, json_at v) {
	return present(j, v) ? token_text(j, v) : T("");
}

size_t json_offset(const struct json *j, json_at v) {
	return present(j, v) ? (size_t)j->tokens[v].start - (j->tokens[v].type == JSMN_STRING) : 0;
}

bool json_bool(const struct json *j, json_at v, bool *out) {
	if (json_type(j, v) != JSON_BOOL) {
		return false;
	}
	*out = j->at[j->tokens[v].start] == 't';
	return true;
}
