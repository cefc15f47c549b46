#include "ingest/formats/python.h"

#define DEPTH_MAX 64

/* The length of the string at the start, quotes included; 0 if it does not end. */
static size_t string_len(struct text t) {
	char quote = t.at[0];

	for (size_t i = 1; i < t.len; i++) {
		if (t.at[i] == '\\') {
			i++;
		} else if (t.at[i] == quote) {
			return i + 1;
		}
	}
	return 0;
}

static char closing(char open) {
	return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : '\0';
}

bool python_next_value(struct text *t, struct text *value) {
	char wanted[DEPTH_MAX];
	size_t depth = 0, at = 0;

	for (; at < t->len; at++) {
		char c = t->at[at];
		if (c == '\'' || c == '"') {
			size_t n = string_len(text_cut(*t, at, t->len));
			if (n == 0) {
				return false;
			}
			at += n - 1;
		} else if (closing(c)) {
			if (depth == DEPTH_MAX) {
				return false;
			}
			wanted[depth++] = closing(c);
		} else if (c == ')' || c == ']' || c == '}') {
			if (depth == 0) {
				break;
			}
			if (wanted[--depth] != c) {
				return false;
			}
		} else if (c == ',' && depth == 0) {
			break;
		}
	}
	*value = text_trim(text_cut(*t, 0, at));
	*t = text_cut(*t, at, t->len);
	return depth == 0;
}

struct text python_string(struct text value) {
	bool quoted = value.len >= 2 && (value.at[0] == '\'' || value.at[0] == '"') && string_len(value) == value.len;

	return quoted ? text_cut(value, 1, value.len - 1) : T("");
}

bool python_get(struct text dictionary, struct text key, struct text *value) {
	struct text t = dictionary, name;

	if (!text_skip(&t, T("{"))) {
		return false;
	}
	for (;;) {
		text_skip_blanks(&t);
		size_t n = t.len > 0 && (t.at[0] == '\'' || t.at[0] == '"') ? string_len(t) : 0;
		if (n == 0) {
			return false;
		}
		name = python_string(text_cut(t, 0, n));
		t = text_cut(t, n, t.len);
		if (!text_skip(&t, T(":")) || !python_next_value(&t, value)) {
			return false;
		}
		if (text_eq(name, key)) {
			return t.len > 0;
		}
		if (!text_skip(&t, T(","))) {
			return false;
		}
	}
}
