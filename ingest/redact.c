#include "ingest/redact.h"

/* Longer lines without quotes are not a log's own words but a piece of some text. */
#define PLAIN_MAX ((size_t)400)
#define NAME_MAX_BYTES ((size_t)128)
#define NUMBER_MAX_BYTES ((size_t)40)

/* Keys whose values are names of things, not words of people. */
static const struct text things[] = {
	T("schema"), T("kind"), T("type"), T("object"), T("id"), T("request_id"), T("rid"), T("custom_id"), T("model"),
	T("model_name"), T("replica"), T("prefill_replica"), T("status"), T("finish_reason"), T("duration_kind"), T("gpu"),
	T("uuid"), T("level"), T("event"), T("stream"), T("key"), T("__name__"), T("job"), T("instance"), T("pod"),
	T("traceId"), T("spanId"), T("service_tier"), T("call_type"),
};
/* Those whose values may be persons. */
static const struct text people[] = {T("tenant"), T("team_id"), T("end_user"), T("user"), T("api_key"), T("organization")};
/* A wrapper's: the log's own line. */
static const struct text lines[] = {T("log"), T("message"), T("MESSAGE"), T("msg")};

#define IS_ONE_OF(key, list) is_one_of(key, list, sizeof(list) / sizeof *(list))
static bool is_one_of(struct text key, const struct text *list, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (text_eq(key, list[i])) {
			return true;
		}
	}
	return false;
}

static bool only(struct text t, const char *bytes) {
	for (size_t i = 0; i < t.len; i++) {
		if (!t.at[i] || !strchr(bytes, t.at[i])) {
			return false;
		}
	}
	return true;
}

/* A number or an instant. */
static bool is_number(struct text t) {
	static const char digits[] = "0123456789";

	return t.len <= NUMBER_MAX_BYTES && only(t, "0123456789.,:+-eETZ \t") &&
	       (t.len == 0 || strchr(digits, t.at[0]) || (t.len > 1 && strchr("+-", t.at[0]) && strchr(digits, t.at[1])));
}

static bool is_name(struct text t) {
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)t.at[i] <= ' ' || t.at[i] == '\\') {
			return false;
		}
	}
	return t.len <= NAME_MAX_BYTES;
}

static void put(struct text t, FILE *out) {
	fwrite(t.at, 1, t.len, out);
}

static void hide(struct text t, FILE *out) {
	if (t.len > 0) {
		fprintf(out, "<%zu bytes>", t.len);
	}
}

/* ---- outside quotes ---- */

static bool is_word_byte(char c) {
	return c && !strchr(" \t,:;{}[]()=", c);
}

/* Numbers, punctuation and JSON's own words stay. */
static void put_outside(struct text t, FILE *out) {
	static const struct text own[] = {T("true"), T("false"), T("null"), T("<"), T(">"), T("|")};

	for (size_t at = 0; at < t.len;) {
		size_t end = at;
		while (end < t.len && is_word_byte(t.at[end])) {
			end++;
		}
		struct text word = text_cut(t, at, end > at ? end : at + 1);
		if (end == at || is_number(word) || IS_ONE_OF(word, own)) {
			put(word, out);
		} else {
			hide(word, out);
		}
		at += word.len;
	}
}

/* ---- in quotes ---- */

/* From behind a quote up to the next one that no backslash escapes, or to the end. */
static size_t string_end(struct text line, size_t at, char quote) {
	while (at < line.len && line.at[at] != quote) {
		at += line.at[at] == '\\' && at + 1 < line.len ? 2 : 1;
	}
	return at < line.len ? at : line.len;
}

static bool is_key(struct text line, size_t end) {
	for (end++; end < line.len && (line.at[end] == ' ' || line.at[end] == '\t'); end++) {
	}
	return end < line.len && line.at[end] == ':';
}

/* "rid" of "rid='", as Python prints it; or nothing. */
static struct text name_before(struct text line, size_t quote) {
	size_t from = quote;

	if (quote == 0 || line.at[quote - 1] != '=') {
		return T("");
	}
	for (from = quote - 1; from > 0 && is_word_byte(line.at[from - 1]); from--) {
	}
	return text_cut(line, from, quote - 1);
}

static bool may_stay(struct text key, struct text value, const struct redact_options *o) {
	bool own_line = IS_ONE_OF(key, lines) && value.len <= PLAIN_MAX && text_find_byte(value, '\\') == SIZE_MAX && !o->prose;

	return is_number(value) || own_line ||
	       (is_name(value) && (IS_ONE_OF(key, things) || (!o->names && IS_ONE_OF(key, people))));
}

/* What stands between quotes of one kind stays or goes by its key. */
static void put_quoted(struct text line, char quote, bool keep_outside, const struct redact_options *o, FILE *out) {
	void (*const put_rest)(struct text, FILE *) = keep_outside ? put : put_outside;
	struct text key = T("");
	size_t at = 0, found;

	while ((found = text_find_byte(text_cut(line, at, line.len), quote)) != SIZE_MAX) {
		size_t start = at + found + 1, end = string_end(line, start, quote);
		struct text value = text_cut(line, start, end), before = name_before(line, start - 1);
		bool named = is_key(line, end);
		key = before.len > 0 ? before : key;
		put_rest(text_cut(line, at, start - 1), out);
		putc(quote, out);
		if (named ? is_name(value) : end < line.len && may_stay(key, value, o)) {
			put(value, out);
		} else {
			hide(value, out);
		}
		if (end < line.len) {
			putc(quote, out);
		}
		key = named ? value : key;
		at = end < line.len ? end + 1 : line.len;
	}
	put_rest(text_cut(line, at, line.len), out);
}

void redact_line(struct text line, const struct redact_options *o, FILE *out) {
	bool own_words = !o->prose && !o->names && line.len <= PLAIN_MAX;

	if (text_find_byte(line, '"') != SIZE_MAX) {
		put_quoted(line, '"', false, o, out);
	} else {
		put_quoted(line, '\'', own_words, o, out); /* as Python prints texts */
	}
}
