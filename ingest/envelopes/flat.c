/*
 * flat.c: the objects that container runtimes write for each line, read without a JSON parser: a few keys with
 * strings as values. Docker's, and Fluent Bit's form of CRI's:
 *
 * {"log":"a line\n","stream":"stderr","time":"2026-05-12T08:50:00.123456789Z"}
 * {"time":"2026-05-12T08:50:00.123456789Z","stream":"stderr","_p":"F","log":"a line"}
 *
 * In any doubtful case it is left to the parser: another key or type, a duplicate key, a rare escape, white space, a
 * timestamp not in RFC 3339. tests/fuzz/fuzz_flat.c compares both.
 */
#include "core/instant.h"
#include "ingest/envelopes/peeling.h"

/* The value of each key; `at` is NULL if it is missing. */
enum flat_key { FLAT_LOG, FLAT_STREAM, FLAT_TIME, FLAT_TAG, FLAT_KEYS };

static const struct {
	struct text name; /* with its quotes and the value's first */
	enum flat_key key;
} flat_keys[] = {
#define KEY(literal) {"\"" literal "\":\"", sizeof(literal) + 3}
	{KEY("log"), FLAT_LOG}, {KEY("stream"), FLAT_STREAM}, {KEY("time"), FLAT_TIME}, {KEY("_p"), FLAT_TAG}, {KEY("logtag"), FLAT_TAG},
};

size_t flat_end_of_string(struct text t, bool *escaped) {
	for (size_t from = 0;;) {
		size_t quote = text_find_byte(text_cut(t, from, t.len), '"');
		if (quote == SIZE_MAX) {
			return SIZE_MAX;
		}
		size_t end = from + quote, backslashes = 0;
		while (backslashes < end && t.at[end - 1 - backslashes] == '\\') {
			backslashes++;
		}
		if (backslashes % 2 == 0) {
			*escaped = *escaped || text_find_byte(text_cut(t, 0, end), '\\') != SIZE_MAX;
			return end;
		}
		from = end + 1;
	}
}

static bool take_member(struct text *t, struct text values[FLAT_KEYS], bool *log_escaped) {
	for (size_t i = 0; i < sizeof flat_keys / sizeof *flat_keys; i++) {
		enum flat_key key = flat_keys[i].key;
		bool escaped = false;
		/* Their first letters differ: most keys are excluded by one byte. */
		if (t->len < 2 || t->at[1] != flat_keys[i].name.at[1] || !text_skip(t, flat_keys[i].name)) {
			continue;
		}
		size_t end = flat_end_of_string(*t, &escaped);
		if (end == SIZE_MAX || values[key].at || (escaped && key != FLAT_LOG)) {
			return false;
		}
		*log_escaped = *log_escaped || escaped;
		values[key] = text_cut(*t, 0, end);
		*t = text_cut(*t, end + 1, t->len);
		return true;
	}
	return false;
}

static bool take_members(struct text t, struct text values[FLAT_KEYS], bool *log_escaped) {
	if (!text_skip(&t, T("{"))) {
		return false;
	}
	do {
		if (!take_member(&t, values, log_escaped)) {
			return false;
		}
	} while (text_skip(&t, T(",")));
	return text_eq(t, T("}"));
}

static int hex(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A byte below 0x80 as "\u001b"; or -1. */
static int small_unicode(struct text t) {
	int high = t.len >= 6 ? hex(t.at[4]) : -1, low = t.len >= 6 ? hex(t.at[5]) : -1;

	return high >= 0 && high < 8 && low >= 0 && t.at[2] == '0' && t.at[3] == '0' ? 16 * high + low : -1;
}

bool flat_resolve(struct text t, char *to, struct text *out) {
	static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	size_t len = 0;

	while (t.len > 0) {
		size_t plain = text_find_byte(t, '\\');
		plain = plain == SIZE_MAX ? t.len : plain;
		memcpy(to + len, t.at, plain);
		len += plain;
		t = text_cut(t, plain, t.len);
		if (t.len == 0) {
			break;
		}
		const char *simple = t.len > 1 ? memchr(from, t.at[1], sizeof from - 1) : NULL;
		int byte = simple ? meant[simple - from] : t.len > 1 && t.at[1] == 'u' ? small_unicode(t) : -1;
		if (byte < 0) {
			return false;
		}
		to[len++] = (char)byte;
		t = text_cut(t, simple ? 2 : 6, t.len);
	}
	*out = (struct text){to, len};
	return true;
}

bool strip_flat(struct envelope *e, struct peeling *p) {
	struct text values[FLAT_KEYS] = {{0}}, line;
	bool escaped = false, newline = false; /* newline: the line's only escape, at its end */
	int64_t ns;

	if (!text_starts(p->text, T("{\"")) || !take_members(p->text, values, &escaped) || !values[FLAT_LOG].at || !values[FLAT_TIME].at ||
	    text_find_byte(p->text, '\0') != SIZE_MAX) {
		return false;
	}
	struct text time = values[FLAT_TIME], tag = values[FLAT_TAG];
	/* A number in a string, a date alone and a timestamp without a zone are left to the parser. */
	if ((tag.at && tag.len == 0) || time.len < 20 || time.at[4] != '-' || !envelope_take_instant(e, &time, &ns) || time.len > 0) {
		return false;
	}
	line = values[FLAT_LOG];
	if (escaped && text_find_byte(line, '\\') == line.len - 2 && text_ends(line, T("\\n")) && text_find_byte(line, '\n') == SIZE_MAX) {
		line = text_cut(line, 0, line.len - 2);
		newline = true;
	} else if (escaped && !flat_resolve(line, envelope_scratch(e, p, line.len + 1), &line)) {
		return false;
	}
	peel_line(p, line);
	p->ended |= newline;
	set_stamp(p, ns);
	p->in_parts = true;
	p->part = tag.len > 0 ? text_eq(tag, T("P")) || text_eq(tag, T("p")) : !p->ended;
	p->stream = text_eq(values[FLAT_STREAM], T("stderr")) ? STREAM_ERR : STREAM_OUT;
	return true;
}
