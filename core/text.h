/* text.h: a slice of bytes that is owned elsewhere; nothing here allocates. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not NUL-terminated. `at` may be NULL only if `len` is 0. */
struct text {
	const char *at;
	size_t len;
};

/* A slice of a string literal: T("abc"). */
#define T(literal) ((struct text){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s", TEXT_ARG(t). Never use it on bytes from a log: see text_print. */
#define TEXT_ARG(t) (int)((t).len), (t).at

/* The slice over a C string, without its NUL. */
struct text text_of(const char *s);

static inline bool text_is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* The slice from `from` up to (not including) `to`, both clipped to the text. */
static inline struct text text_cut(struct text t, size_t from, size_t to) {
	from = from < t.len ? from : t.len;
	to = to < t.len ? to : t.len;
	return (struct text){t.at ? t.at + from : t.at, to > from ? to - from : 0};
}

/* What follows the last '/', or all of it. */
struct text text_base(struct text t);
/* Without spaces, tabs, CR and LF at either end. */
struct text text_trim(struct text t);
/* Its bytes, NUL-terminated; the caller frees. */
char *text_copy(struct text t);

/* Same bytes? The second one without regard to ASCII case. */
static inline bool text_eq(struct text a, struct text b) {
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
bool text_eq_nocase(struct text a, struct text b);

static inline bool text_starts(struct text t, struct text prefix) {
	return t.len >= prefix.len && memcmp(t.at, prefix.at, prefix.len) == 0;
}
bool text_ends(struct text t, struct text suffix);

/* Byte order, as memcmp with the shorter text first. */
int text_compare(struct text a, struct text b);
/* The same for qsort, of an array of C strings. */
int text_order_strings(const void *a, const void *b);

/* The first position of `needle` (or the byte), or SIZE_MAX. */
size_t text_find(struct text t, struct text needle);
static inline size_t text_find_byte(struct text t, char c) {
	const char *at = t.len > 0 ? memchr(t.at, c, t.len) : NULL;

	return at ? (size_t)(at - t.at) : SIZE_MAX;
}

/*
 * If `*t` starts with `prefix`, moves `*t` past it and returns true; else leaves `*t` unchanged. Line formats are
 * read with this and the two functions below.
 */
static inline bool text_skip(struct text *t, struct text prefix) {
	if (!text_starts(*t, prefix)) {
		return false;
	}
	t->at += prefix.len;
	t->len -= prefix.len;
	return true;
}

/* Takes the text before the first `needle`, and moves `*t` past the needle. */
bool text_until(struct text *t, struct text needle, struct text *before);

/* Drops leading spaces and tabs. */
void text_skip_blanks(struct text *t);

/*
 * Reads a decimal integer (an optional '-', then digits) at the start of `*t` and
 * moves past it. False, and nothing moved, if there is none or it does not fit.
 */
bool text_take_any_i64(struct text *t, int64_t *out);

/* Nearly all numbers have no sign and fewer than 18 digits, which always fit. */
#define PLAIN_DIGITS 18
static inline bool text_take_i64(struct text *t, int64_t *out) {
	size_t i = 0;
	int64_t value = 0;

	for (; i < t->len && i < PLAIN_DIGITS && (unsigned char)(t->at[i] - '0') <= 9; i++) {
		value = 10 * value + (t->at[i] - '0');
	}
	if (i == 0 || i == PLAIN_DIGITS) {
		return text_take_any_i64(t, out);
	}
	*out = value;
	t->at += i;
	t->len -= i;
	return true;
}

/*
 * Reads a decimal number such as "61.37" at the start of `*t` as an integer of 10^-digits units, exactly ("61.37" with
 * digits 6 is 61370000), and moves past it. Digits below one unit are rounded half to even. No exponent. False if there
 * is no number or it does not fit.
 */
bool text_take_fixed(struct text *t, int digits, int64_t *out);

/* The whole text as an integer; false if it contains anything else. */
bool text_to_i64(struct text t, int64_t *out);

/* The length of the UTF-8 character at the start of a text that is not empty, and the character; 0 if there is none. */
size_t text_character(struct text t, uint32_t *c);

/* For messages: "%" PRId64 " line%s" with PLURAL(n) is "1 line", "2 lines". */
#define PLURAL(n) ((n) == 1 ? "" : "s")

/* FNV-1a over the bytes, for hash tables. */
uint64_t text_hash(struct text t);

#endif
