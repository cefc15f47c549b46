#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>

/* A number's digits without its point, and the power of ten of the last digit. */
struct digits {
	struct text mantissa; /* digits and at most one point */
	int64_t power;
	bool minus;
};

static bool exponent(struct text t, int64_t *out) {
	text_skip(&t, T("+"));
	return text_to_i64(t, out) && *out > -1000000000 && *out < 1000000000;
}

static bool take_apart(struct text t, struct digits *d) {
	*d = (struct digits){.minus = text_skip(&t, T("-"))};
	size_t e = 0;
	while (e < t.len && t.at[e] != 'e' && t.at[e] != 'E') {
		e++;
	}
	if (e < t.len && !exponent(text_cut(t, e + 1, t.len), &d->power)) {
		return false;
	}
	d->mantissa = text_cut(t, 0, e);
	size_t point = text_find_byte(d->mantissa, '.');
	if (point != SIZE_MAX) {
		d->power -= (int64_t)(d->mantissa.len - point - 1);
	}
	return true;
}

/* Moves trailing zeros of the mantissa into the power. */
static void drop_zeros(struct digits *d) {
	struct text *m = &d->mantissa;

	while (m->len > 0 && (m->at[m->len - 1] == '0' || m->at[m->len - 1] == '.')) {
		d->power += m->at[m->len - 1] == '0';
		m->len--;
	}
}

static bool append(int64_t *negative, int digit) {
	return !__builtin_mul_overflow(*negative, 10, negative) && !__builtin_sub_overflow(*negative, digit, negative);
}

static bool whole(struct text number, int64_t *out) {
	struct digits d;
	int64_t value = 0;

	if (!take_apart(number, &d)) {
		return false;
	}
	drop_zeros(&d);
	for (size_t i = 0; i < d.mantissa.len; i++) {
		if (d.mantissa.at[i] != '.' && !append(&value, d.mantissa.at[i] - '0')) {
			return false;
		}
	}
	if (value != 0 && d.power < 0) {
		return false;
	}
	for (; value != 0 && d.power > 0; d.power--) {
		if (!append(&value, 0)) {
			return false;
		}
	}
	if (d.minus) {
		*out = value;
		return true;
	}
	return !__builtin_sub_overflow((int64_t)0, value, out);
}

bool json_i64(const struct json *j, json_at v, int64_t *out) {
	if (json_type(j, v) != JSON_NUMBER) {
		return false;
	}
	struct text raw = json_raw(j, v);
	return text_to_i64(raw, out) || whole(raw, out);
}

bool json_wide(const struct json *j, json_at v, int128 *out) {
	struct text digits = json_raw(j, v);
	int64_t n;

	if (json_i64(j, v, &n)) {
		*out = n;
		return true;
	}
	*out = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9' || *out >= (int128)1 << 120) {
			return false;
		}
		*out = 10 * *out + (digits.at[i] - '0');
	}
	return json_type(j, v) == JSON_NUMBER;
}

static int hex_digit(char c) {
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return (c | 0x20) - 'a' + 10;
}

static bool take_unit(struct text *t, unsigned *unit) {
	if (t->len < 6 || t->at[0] != '\\' || t->at[1] != 'u') {
		return false;
	}
	*unit = 0;
	for (int i = 2; i < 6; i++) {
		*unit = *unit * 16 + (unsigned)hex_digit(t->at[i]);
	}
	*t = text_cut(*t, 6, t->len);
	return true;
}

/* The code point at a \u escape, from one unit or two. */
static unsigned take_code_point(struct text *t) {
	unsigned high = 0, low = 0;

	take_unit(t, &high);
	if (high < 0xD800 || high > 0xDFFF) {
		return high;
	}
	struct text rest = *t;
	if (high > 0xDBFF || !take_unit(&rest, &low) || low < 0xDC00 || low > 0xDFFF) {
		return 0xFFFD;
	}
	*t = rest;
	return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static size_t utf8_of(unsigned c, char out[4]) {
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (char)(lead[n] | c);
	return n;
}

/* What the escape at the start of `*t` represents; moves past it. */
static size_t take_escape(struct text *t, char out[4]) {
	static const char names[] = "bfnrt", bytes[] = "\b\f\n\r\t";

	if (t->len >= 6 && t->at[1] == 'u') {
		return utf8_of(take_code_point(t), out);
	}
	char c = t->len > 1 ? t->at[1] : '\\';
	const char *name = memchr(names, c, sizeof names - 1);
	out[0] = name ? bytes[name - names] : c;
	*t = text_cut(*t, 2, t->len);
	return 1;
}

struct text json_string(const struct json *j, json_at v, char *buffer, size_t size) {
	struct text raw = json_raw(j, v);
	size_t n = 0;

	if (json_type(j, v) != JSON_STRING) {
		return T("");
	}
	if (text_find_byte(raw, '\\') == SIZE_MAX) {
		return raw;
	}
	while (raw.len > 0) {
		char one[4] = {*raw.at};
		size_t len = 1;
		if (*raw.at == '\\') {
			len = take_escape(&raw, one);
		} else {
			raw = text_cut(raw, 1, raw.len);
		}
		if (n + len > size) {
			break;
		}
		memcpy(buffer + n, one, len);
		n += len;
	}
	return (struct text){buffer, n};
}

void text_place(struct text whole_text, size_t offset, int *line, int *column) {
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset && i < whole_text.len; i++) {
		(*column)++;
		if (whole_text.at[i] == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

/* The length of the UTF-8 sequence at `at`, 0 if it is not one (RFC 3629: no overlong ones, no surrogates). */
static size_t utf8_length(const unsigned char *at, size_t left) {
	unsigned char c = at[0];
	size_t n = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;

	if (n == 0 || n > left) {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xC0) != 0x80) {
			return 0;
		}
	}
	bool outside = (c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) || (c == 0xF0 && at[1] < 0x90) ||
	               (c == 0xF4 && at[1] > 0x8F);
	return outside ? 0 : n;
}

static size_t escape_byte(unsigned char c, char out[8]) {
	static const char bytes[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *at = memchr(bytes, c, sizeof bytes - 1);

	if (at) {
		out[0] = '\\';
		out[1] = names[at - bytes];
		return 2;
	}
	return (size_t)snprintf(out, 8, "\\u%04x", c);
}

/* One character of the text, escaped if necessary; returns how many bytes of it were used. */
static size_t escape_one(const unsigned char *at, size_t left, char out[8], size_t *len) {
	size_t n = utf8_length(at, left);

	if (n == 0) {
		memcpy(out, "\\ufffd", 6);
		*len = 6;
		return 1;
	}
	if (n == 1 && (*at < 0x20 || *at == 0x7F || *at == '"' || *at == '\\')) {
		*len = escape_byte(*at, out);
	} else if (n == 2 && at[0] == 0xC2 && at[1] < 0xA0) { /* the control characters U+0080 to U+009F */
		*len = escape_byte(at[1], out);
	} else {
		memcpy(out, at, n);
		*len = n;
	}
	return n;
}

size_t json_escape(struct text t, char *out, size_t size) {
	size_t n = 0, i = 0;

	while (i < t.len) {
		char one[8];
		size_t len;
		i += escape_one((const unsigned char *)t.at + i, t.len - i, one, &len);
		if (n + len + 1 > size) {
			break;
		}
		memcpy(out + n, one, len);
		n += len;
	}
	if (size > 0) {
		out[n] = 0;
	}
	return n;
}

void json_put_text(FILE *out, struct text t) {
	size_t size = 6 * t.len + 1;
	char *escaped = must_alloc(size);

	json_escape(t, escaped, size);
	fprintf(out, "\"%s\"", escaped);
	free(escaped);
}
