#define _GNU_SOURCE /* memmem */
#include "core/text.h"

#include "core/error.h"

struct text text_of(const char *s) {
	return (struct text){s, strlen(s)};
}

char *text_copy(struct text t) {
	char *at = must_alloc(t.len + 1);

	if (t.len > 0) {
		memcpy(at, t.at, t.len);
	}
	at[t.len] = '\0';
	return at;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct text text_trim(struct text t) {
	while (t.len > 0 && is_blank(t.at[t.len - 1])) {
		t.len--;
	}
	while (t.len > 0 && is_blank(*t.at)) {
		t.at++;
		t.len--;
	}
	return t;
}

static char lower(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_eq_nocase(struct text a, struct text b) {
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.at[i]) != lower(b.at[i])) {
			return false;
		}
	}
	return true;
}

struct text text_base(struct text t) {
	size_t at = t.len;

	while (at > 0 && t.at[at - 1] != '/') {
		at--;
	}
	return text_cut(t, at, t.len);
}

bool text_ends(struct text t, struct text suffix) {
	return t.len >= suffix.len && memcmp(t.at + t.len - suffix.len, suffix.at, suffix.len) == 0;
}

int text_compare(struct text a, struct text b) {
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int text_order_strings(const void *a, const void *b) {
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* From this length on, memmem's setup cost pays off. */
#define SHORT_NEEDLE 16

/* Searches by the first byte. */
static size_t find_short(struct text t, struct text needle) {
	size_t from = 0;

	while (t.len - from >= needle.len) {
		const char *at = memchr(t.at + from, *needle.at, t.len - from - needle.len + 1);
		if (!at) {
			break;
		}
		/* Of words in quotes most places are excluded by the byte after the quote. */
		if (needle.len == 1 || (at[1] == needle.at[1] && memcmp(at + 1, needle.at + 1, needle.len - 1) == 0)) {
			return (size_t)(at - t.at);
		}
		from = (size_t)(at - t.at) + 1;
	}
	return SIZE_MAX;
}

size_t text_find(struct text t, struct text needle) {
	if (needle.len == 0) {
		return 0;
	}
	if (needle.len <= SHORT_NEEDLE) {
		return find_short(t, needle);
	}
	const char *at = t.len > 0 ? memmem(t.at, t.len, needle.at, needle.len) : NULL;
	return at ? (size_t)(at - t.at) : SIZE_MAX;
}

static void advance(struct text *t, size_t n) {
	t->at += n;
	t->len -= n;
}

bool text_until(struct text *t, struct text needle, struct text *before) {
	size_t at = text_find(*t, needle);

	if (at == SIZE_MAX) {
		return false;
	}
	*before = text_cut(*t, 0, at);
	advance(t, at + needle.len);
	return true;
}

void text_skip_blanks(struct text *t) {
	while (t->len > 0 && (*t->at == ' ' || *t->at == '\t')) {
		advance(t, 1);
	}
}

/* Reads digits as a negative number, which has the larger range; false if it does not fit. */
static bool append_digit(int64_t *negative, char digit) {
	return !__builtin_mul_overflow(*negative, 10, negative) &&
	       !__builtin_sub_overflow(*negative, digit - '0', negative);
}

static bool with_sign(int64_t negative, bool minus, int64_t *out) {
	if (minus) {
		*out = negative;
		return true;
	}
	return !__builtin_sub_overflow((int64_t)0, negative, out);
}

bool text_take_any_i64(struct text *t, int64_t *out) {
	bool minus = t->len > 0 && *t->at == '-';
	size_t first = minus, i = first;
	int64_t value = 0;

	for (; i < t->len && text_is_digit(t->at[i]); i++) {
		if (!append_digit(&value, t->at[i])) {
			return false;
		}
	}
	if (i == first || !with_sign(value, minus, out)) {
		return false;
	}
	advance(t, i);
	return true;
}

/* Round up? `rest` starts at the first dropped digit. */
static bool rounds_up(struct text rest, bool odd) {
	if (rest.len == 0 || *rest.at < '5') {
		return false;
	}
	if (*rest.at > '5') {
		return true;
	}
	for (size_t i = 1; i < rest.len; i++) {
		if (rest.at[i] != '0') {
			return true;
		}
	}
	return odd;
}

/* "61.37": few digits, of which none is dropped. False, and nothing moved, for any other number. */
static bool take_short_fixed(struct text *t, int digits, int64_t *out) {
	size_t i = 0, end;
	int64_t value = 0;
	int left = digits;

	for (; i < t->len && i < PLAIN_DIGITS / 2 && text_is_digit(t->at[i]); i++) {
		value = 10 * value + (t->at[i] - '0');
	}
	if (i == 0 || i == PLAIN_DIGITS / 2 || digits > PLAIN_DIGITS / 2) {
		return false;
	}
	end = i;
	if (i + 1 < t->len && t->at[i] == '.' && text_is_digit(t->at[i + 1])) {
		for (end = i + 1; end < t->len && text_is_digit(t->at[end]); end++, left--) {
			if (left == 0) {
				return false;
			}
			value = 10 * value + (t->at[end] - '0');
		}
	}
	for (; left > 0; left--) {
		value *= 10;
	}
	*out = value;
	advance(t, end);
	return true;
}

bool text_take_fixed(struct text *t, int digits, int64_t *out) {
	if (take_short_fixed(t, digits, out)) {
		return true;
	}
	bool minus = t->len > 0 && *t->at == '-';
	size_t i = minus, whole, end;
	int64_t value = 0;
	int left = digits;

	for (whole = i; i < t->len && text_is_digit(t->at[i]); i++) {
		if (!append_digit(&value, t->at[i])) {
			return false;
		}
	}
	if (i == whole) {
		return false;
	}
	end = i;
	if (i + 1 < t->len && t->at[i] == '.' && text_is_digit(t->at[i + 1])) {
		for (i++; i < t->len && text_is_digit(t->at[i]) && left > 0; i++, left--) {
			if (!append_digit(&value, t->at[i])) {
				return false;
			}
		}
		for (end = i; end < t->len && text_is_digit(t->at[end]); end++) {
		}
	}
	for (; left > 0; left--) {
		if (!append_digit(&value, '0')) {
			return false;
		}
	}
	if (rounds_up(text_cut(*t, i, end), value % 2 != 0) && __builtin_sub_overflow(value, 1, &value)) {
		return false;
	}
	if (!with_sign(value, minus, out)) {
		return false;
	}
	advance(t, end);
	return true;
}

bool text_to_i64(struct text t, int64_t *out) {
	return text_take_i64(&t, out) && t.len == 0;
}

uint64_t text_hash(struct text t) {
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < t.len; i++) {
		hash = (hash ^ (unsigned char)t.at[i]) * UINT64_C(1099511628211);
	}
	return hash;
}

size_t text_character(struct text t, uint32_t *c) {
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)t.at[0];
	size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;

	if (len == 0 || len > t.len) {
		return 0;
	}
	*c = len == 1 ? first : first & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char byte = (unsigned char)t.at[i];
		if (byte >> 6 != 2) {
			return 0;
		}
		*c = *c << 6 | (byte & 0x3F);
	}
	return *c < least[len] || *c > 0x10FFFF || (*c >= 0xD800 && *c <= 0xDFFF) ? 0 : len;
}
