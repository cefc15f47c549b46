#include "ingest/redact.h"

#define NUMBER_MAX_BYTES ((size_t)32)

/* Bytes between words. */
static bool is_between(char c) {
	return c && strchr(" \t,:;{}[]()=\"'|<>\\", c);
}

/* "17", "-0.5", "1e-07", "81.5%", "4.5s". */
static bool is_number(struct text t) {
	size_t at = t.len > 0 && (t.at[0] == '-' || t.at[0] == '+');
	bool digit = at < t.len && text_is_digit(t.at[at]);

	while (at < t.len && (text_is_digit(t.at[at]) || t.at[at] == '.')) {
		at++;
	}
	if (at + 2 < t.len && (t.at[at] == 'e' || t.at[at] == 'E') && (t.at[at + 1] == '-' || t.at[at + 1] == '+')) {
		for (at += 2; at < t.len && text_is_digit(t.at[at]); at++) {
		}
	}
	struct text unit = text_cut(t, at, t.len);
	return digit && t.len <= NUMBER_MAX_BYTES &&
	       (unit.len == 0 || text_eq(unit, T("%")) || text_eq(unit, T("s")) || text_eq(unit, T("ms")));
}

/* The length of what matches at the start of t: '0' represents a digit, other bytes themselves; or 0. */
static size_t shape_len(struct text t, const char *shape) {
	size_t n = strlen(shape);

	for (size_t i = 0; i < n; i++) {
		if (i >= t.len || (shape[i] == '0' ? !text_is_digit(t.at[i]) : t.at[i] != shape[i])) {
			return 0;
		}
	}
	return n;
}

/* A date with or without a time of day, or "08-10 23:59:20"; or 0. */
static size_t stamp_len(struct text t) {
	static const char *const shapes[] = {
		"0000-00-00T00:00:00", "0000-00-00 00:00:00", "0000/00/00 00:00:00", "0000/00/00-00:00:00", "00-00 00:00:00",
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		size_t n = shape_len(t, shapes[i]);
		if (n > 0) {
			if (n < t.len && (t.at[n] == '.' || t.at[n] == ',')) {
				for (n++; n < t.len && text_is_digit(t.at[n]); n++) {
				}
			}
			return n < t.len && t.at[n] == 'Z' ? n + 1 : n;
		}
	}
	return 0;
}

static size_t word_len(struct text t) {
	size_t n = 0;

	while (n < t.len && !is_between(t.at[n])) {
		n++;
	}
	return n;
}

/* The last word: determines whether a number may follow. */
enum last { LAST_OTHER, LAST_START, LAST_NUMERIC };

/* A level or a stream precedes a timestamp; in OTLP "value" and "intValue" are between a key and its number. */
static bool is_transparent(struct text word) {
	static const struct text list[] = {T("INFO"),   T("WARN"),  T("WARNING"),  T("ERROR"),       T("DEBUG"),
	                                   T("stdout"), T("value"), T("intValue"), T("doubleValue"), T("stringValue")};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		if (text_eq(word, list[i])) {
			return true;
		}
	}
	return false;
}

/* One word; what follows it. */
static enum last put_word(struct text word, enum last last, FILE *out) {
	const struct redact_word *known = redact_word_find(word);

	if (known) {
		fwrite(word.at, 1, word.len, out);
		if (is_transparent(word)) {
			return last;
		}
		return known->numeric ? LAST_NUMERIC : LAST_OTHER;
	}
	if (last == LAST_NUMERIC && is_number(word)) {
		fwrite(word.at, 1, word.len, out);
	} else {
		fprintf(out, "<%zu bytes>", word.len);
	}
	return LAST_OTHER;
}

void redact_line(struct text line, FILE *out) {
	enum last last = LAST_START;

	while (line.len > 0) {
		size_t n = last != LAST_OTHER ? stamp_len(line) : 0;
		if (n > 0) {
			fwrite(line.at, 1, n, out);
			last = LAST_OTHER;
		} else if (is_between(line.at[0])) {
			n = 1;
			putc(line.at[0], out);
			/* A list contains token ids, not a count. */
			last = last == LAST_NUMERIC && line.at[0] == '[' ? LAST_OTHER : last;
		} else {
			n = word_len(line);
			last = put_word(text_cut(line, 0, n), last, out);
		}
		line = text_cut(line, n, line.len);
	}
}
