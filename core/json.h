/* json.h: strict JSON over jsmn; no other file uses its tokens. */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdio.h>

#include "core/error.h"
#include "core/exact.h"
#include "core/text.h"

enum json_type { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

/* A parsed document; its token array is reused from one parse to the next. */
struct json;

/* A place in the document: index of a value. JSON_ABSENT is "no such value". */
typedef int json_at;
#define JSON_ABSENT (-1)

struct json *json_new(void);
void json_free(struct json *j);

/*
 * Parses one whole value. The bytes must live as long as the document is read. True; or false with the offset of the
 * error in *bad (may be NULL). Also refused: invalid numbers and literals, a missing colon or comma, nesting deeper
 * than 64, trailing bytes other than white space. The root is value 0.
 */
bool json_parse(struct json *j, struct text bytes, size_t *bad);

enum json_type json_type(const struct json *j, json_at v);

/* Members or elements directly in an object or array; 0 for anything else. */
int json_count(const struct json *j, json_at v);

/* The value under a key of an object (the last one of duplicates), or JSON_ABSENT. */
json_at json_get(const struct json *j, json_at object, struct text key);
/*
 * A set with a bit for the first byte, modulo 64, of each key as written: if the bit of a key is not set, it is
 * absent.
 */
uint64_t json_key_bytes(const struct json *j, json_at object);
static inline bool json_may_have(uint64_t key_bytes, struct text key) {
	return key.len == 0 || (key_bytes >> (*key.at & 63) & 1) != 0;
}

/* Iteration: the first value in an object or array, and the next one; JSON_ABSENT at the end. */
json_at json_first(const struct json *j, json_at container);
json_at json_next(const struct json *j, json_at value);
/* The raw key (escapes as written) of a value that is a member of an object. */
struct text json_key(const struct json *j, json_at value);

/* The raw bytes of a value: for a string its content between the quotes, with escapes as written. */
struct text json_raw(const struct json *j, json_at v);

/*
 * A string with its escapes resolved into `buffer` (cut there if too small; invalid surrogates become U+FFFD), or
 * without a copy if it has none. Empty if not a string.
 */
struct text json_string(const struct json *j, json_at v, char *buffer, size_t size);

/* An integer that fits: a JSON number without fraction or exponent, or a whole one such as 1e3 or 12.0. A string
 * is not a number. */
bool json_i64(const struct json *j, json_at v, int64_t *out);
/* A member of the outermost object. */
static inline bool json_number(const struct json *j, const char *key, int64_t *out) {
	return json_i64(j, json_get(j, 0, text_of(key)), out);
}
/* The same, beyond 64 bits: digits alone. */
bool json_wide(const struct json *j, json_at v, int128 *out);
bool json_bool(const struct json *j, json_at v, bool *out);

/* The byte offset at which a value starts, for messages; see text_place. */
size_t json_offset(const struct json *j, json_at v);

/* Line and column, from 1, of an offset in a text. */
void text_place(struct text whole, size_t offset, int *line, int *column);

/*
 * Writes text as the inside of a JSON string: quotes, backslashes and control bytes
 * escaped, bytes that are not UTF-8 as \ufffd. Returns the length written; never more
 * than `size` - 1 and a NUL. A text of n bytes needs at most 6n + 1.
 */
size_t json_escape(struct text t, char *out, size_t size);

/* Writes text as a JSON string, in quotes. */
void json_put_text(FILE *out, struct text t);

#endif
