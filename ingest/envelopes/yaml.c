#include "ingest/envelopes/yaml.h"

#include <stdlib.h>

#include "core/error.h"

/* ---- output ---- */

static void put(struct yaml *y, struct yaml_text *to, struct text t) {
	if (t.len == 0) {
		return;
	}
	if (y->too_long || t.len > y->max_bytes || to->len > y->max_bytes - t.len) {
		y->too_long = true;
		return;
	}
	if (to->len + t.len > to->room) {
		to->room = 2 * (to->len + t.len) + 1024;
		to->at = must_realloc(to->at, to->room);
	}
	memcpy(to->at + to->len, t.at, t.len);
	to->len += t.len;
}

static void put_string(struct yaml *y, struct text t) {
	static const char digits[] = "0123456789abcdef";

	put(y, &y->json, T("\""));
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];
		const char escape[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
		if (c == '"' || c == '\\') {
			put(y, &y->json, T("\\"));
		}
		put(y, &y->json, c < ' ' ? (struct text){escape, sizeof escape} : text_cut(t, i, i + 1));
	}
	put(y, &y->json, T("\""));
}

/* A plain scalar that is the same in JSON. */
static bool is_literal(struct text t) {
	struct text rest = t, digits = t;
	int64_t n;

	text_skip(&digits, T("-"));
	return text_eq(t, T("null")) || text_eq(t, T("true")) || text_eq(t, T("false")) || text_eq(t, T("[]")) || text_eq(t, T("{}")) ||
	       (text_take_i64(&rest, &n) && rest.len == 0 && t.at[0] != '+' && (digits.at[0] != '0' || digits.len == 1));
}

static void close_scalar(struct yaml *y) {
	struct text t = {y->scalar.at, y->scalar.len};

	if (y->open == YAML_PLAIN && is_literal(t)) {
		put(y, &y->json, t);
	} else if (y->open != YAML_NONE) {
		put_string(y, y->scalar.len > 0 ? t : T(""));
	}
	y->open = YAML_NONE;
	y->scalar.len = 0;
}

static void pop(struct yaml *y) {
	put(y, &y->json, y->level[--y->depth].list ? T("]") : T("}"));
}

static void push(struct yaml *y, int indent, bool list) {
	if (y->depth == YAML_DEPTH_MAX) {
		y->broken = true;
		return;
	}
	y->level[y->depth].indent = indent;
	y->level[y->depth].list = list;
	y->level[y->depth++].any = false;
	put(y, &y->json, list ? T("[") : T("{"));
}

static void separate(struct yaml *y) {
	if (y->level[y->depth - 1].any) {
		put(y, &y->json, T(","));
	}
	y->level[y->depth - 1].any = true;
}

/* ---- scalars ---- */

/* "\n", "\"", "\u001b", and an escaped line end; moves past it. */
static void take_escape(struct yaml *y, struct text t, size_t *i) {
	static const char from[] = "ntre0\"\\/ ", to[] = "\n\t\r\33\0\"\\/ ";
	const char *at = *i + 1 < t.len ? memchr(from, t.at[*i + 1], sizeof from - 1) : NULL;
	int high, low;

	if (at) {
		put(y, &y->scalar, (struct text){&to[at - from], 1});
	} else if (*i + 5 < t.len && t.at[*i + 1] == 'u') {
		high = t.at[*i + 4] - '0';
		low = t.at[*i + 5] <= '9' ? t.at[*i + 5] - '0' : (t.at[*i + 5] | 32) - 'a' + 10;
		const char byte = (char)(16 * high + low);
		if (high >= 0 && high < 8 && low >= 0 && low < 16) {
			put(y, &y->scalar, (struct text){&byte, 1});
		}
		*i += 4;
	}
	*i += *i + 1 < t.len;
}

/* Reads up to the closing quote or the end of the line. */
static void take_quoted(struct yaml *y, struct text t) {
	char quote = y->open == YAML_SINGLE ? '\'' : '"';

	for (size_t i = 0; i < t.len; i++) {
		if (y->open == YAML_DOUBLE && t.at[i] == '\\') {
			take_escape(y, t, &i);
		} else if (t.at[i] != quote) {
			put(y, &y->scalar, text_cut(t, i, i + 1));
		} else if (quote == '\'' && i + 1 < t.len && t.at[i + 1] == quote) {
			put(y, &y->scalar, T("'"));
			i++;
		} else {
			close_scalar(y);
			return;
		}
	}
}

static void take_value(struct yaml *y, struct text t) {
	if (t.len == 0) {
		y->key_waits = true;
		return;
	}
	if (*t.at == '|' || (*t.at == '>' && t.len <= 2)) {
		y->open = YAML_BLOCK;
		y->block_indent = -1;
		y->folds = *t.at == '>';
	} else if (*t.at == '\'' || *t.at == '"') {
		y->open = *t.at == '"' ? YAML_DOUBLE : YAML_SINGLE;
		take_quoted(y, text_cut(t, 1, t.len));
	} else {
		y->open = YAML_PLAIN;
		put(y, &y->scalar, t);
	}
}

/* If the line continues the scalar, appends it. */
static bool goes_on(struct yaml *y, struct text line, int indent) {
	int over = y->level[y->depth - 1].indent; /* a scalar is open, in a map or a list */
	struct text t = text_trim(line);

	if (y->open == YAML_SINGLE || y->open == YAML_DOUBLE) {
		bool joined = y->open == YAML_DOUBLE && y->scalar.len > 0 && text_starts(t, T("\\ "));
		put(y, &y->scalar, t.len == 0 ? T("\n") : joined ? T("") : T(" "));
		take_quoted(y, t);
		return true;
	}
	if (y->open == YAML_PLAIN && indent > over && t.len > 0) {
		put(y, &y->scalar, T(" "));
		put(y, &y->scalar, t);
		return true;
	}
	if (y->open != YAML_BLOCK || (indent <= over && t.len > 0)) {
		return false;
	}
	bool first = y->block_indent < 0;
	y->block_indent = first ? indent : y->block_indent;
	put(y, &y->scalar, first ? T("") : y->folds ? T(" ") : T("\n"));
	put(y, &y->scalar, text_cut(line, (size_t)(indent < y->block_indent ? indent : y->block_indent), line.len));
	return true;
}

/* ---- structure ---- */

/* "key:", "key: value", "'a key': value". The key as written, without quotes. */
static bool take_key(struct text *t, struct text *key) {
	struct text rest = *t;
	char quote = rest.len > 0 && (*rest.at == '\'' || *rest.at == '"') ? *rest.at : 0;

	if (quote) {
		size_t end = text_find_byte(text_cut(rest, 1, rest.len), quote);
		*key = text_cut(rest, 1, end == SIZE_MAX ? 1 : end + 1);
		rest = text_cut(rest, end == SIZE_MAX ? rest.len : end + 2, rest.len);
		if (!text_skip(&rest, T(":"))) {
			return false;
		}
	} else if (!text_until(&rest, T(": "), key)) {
		if (rest.len == 0 || rest.at[rest.len - 1] != ':') {
			return false;
		}
		*key = text_cut(rest, 0, rest.len - 1);
		rest = T("");
	}
	*t = text_trim(rest);
	return key->len > 0;
}

static bool is_item(struct text t) {
	return text_starts(t, T("- ")) || text_eq(t, T("-"));
}

/* Begins the value below a key, or finds that there is none; ends structures that the line is no longer part of. */
static void settle(struct yaml *y, struct text t, int indent) {
	int over = y->depth > 0 ? y->level[y->depth - 1].indent : -1;

	if (y->key_waits || y->depth == 0) {
		bool in_map = y->depth > 0 && !y->level[y->depth - 1].list;
		bool below = indent > over || (indent == over && in_map && is_item(t));
		if (below) {
			push(y, indent, is_item(t));
		} else {
			put(y, &y->json, T("null"));
		}
		y->key_waits = false;
	}
	while (y->depth > 1 && (y->level[y->depth - 1].indent > indent ||
	                        (y->level[y->depth - 1].indent == indent && y->level[y->depth - 1].list && !is_item(t)))) {
		pop(y);
	}
}

static void take_line(struct yaml *y, struct text t, int indent) {
	struct text key;

	settle(y, t, indent);
	bool list = y->level[y->depth - 1].list; /* settle has begun one at least */
	if (y->broken || list != is_item(t) || y->level[y->depth - 1].indent != indent) {
		y->broken = true;
		return;
	}
	separate(y);
	if (list) {
		struct text item = text_cut(t, 2, t.len), rest = item;
		bool map = take_key(&rest, &key);
		if (map) {
			push(y, indent + 2, false);
		}
		if (map && !y->broken) {
			take_line(y, item, indent + 2);
		} else {
			take_value(y, text_trim(item));
		}
	} else if (take_key(&t, &key)) {
		put_string(y, key);
		put(y, &y->json, T(":"));
		take_value(y, t);
	} else {
		y->broken = true;
	}
}

/* ---- entries ---- */

enum yaml_status yaml_end(struct yaml *y, struct text *out) {
	close_scalar(y);
	if (y->key_waits) {
		put(y, &y->json, T("null"));
	}
	while (y->depth > 0) {
		pop(y);
	}
	bool any = y->json.len > 0, too_long = y->too_long, broken = y->broken;
	*out = (struct text){y->json.at, y->json.len};
	y->json.len = y->scalar.len = 0;
	y->key_waits = y->too_long = y->broken = false;
	return broken ? YAML_BROKEN : too_long ? YAML_TOO_LONG : any ? YAML_ENTRY : YAML_MORE;
}

enum yaml_status yaml_line(struct yaml *y, struct text line, struct text *out) {
	struct text t = text_trim(line);
	int indent = 0;

	if (y->open != YAML_SINGLE && y->open != YAML_DOUBLE && (text_eq(line, T("---")) || text_eq(line, T("...")))) {
		return yaml_end(y, out);
	}
	while ((size_t)indent < line.len && line.at[indent] == ' ' && indent < 1024) {
		indent++;
	}
	if (y->broken || (y->open != YAML_NONE && goes_on(y, line, indent)) || t.len == 0 || *t.at == '#') {
		return YAML_MORE;
	}
	close_scalar(y);
	take_line(y, t, indent);
	return YAML_MORE;
}

void yaml_release(struct yaml *y) {
	free(y->json.at);
	free(y->scalar.at);
}

/* ---- the bid ---- */

/* A marker, then keys without indentation, one of them that of an entry's line or timestamp. */
bool yaml_bids(struct text head) {
	static const struct text words[] = {T("insertId:"), T("textPayload:"), T("jsonPayload:"), T("logName:")};
	struct text line, key, rest = head;
	bool known = false;

	if (!text_until(&rest, T("\n"), &line) || !text_eq(text_trim(line), T("---"))) {
		return false;
	}
	for (int i = 0; i < 40 && text_until(&rest, T("\n"), &line) && !known; i++) {
		struct text t = line;
		if (i == 0 && !take_key(&t, &key)) {
			return false;
		}
		for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
			known |= text_starts(line, words[k]);
		}
	}
	return known;
}
