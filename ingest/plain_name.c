#include "ingest/plain_name.h"

#include <stdio.h>

#include "core/bytes.h"
#include "core/digest.h"

/* "~" and 16 hex digits of a digest, at the end of a truncated name. */
#define DIGEST_LEN 17

static bool are_simple(uint64_t bytes) {
	return (bytes & EACH_BYTE(0x80)) == 0 && !any_below(bytes, 1) && !any_below(bytes ^ EACH_BYTE('\\'), 1);
}

#ifdef __SSE2__
/* The same of sixteen bytes: those above 0x7f are negative. */
static bool are_simple_sixteen(__m128i bytes) {
	return _mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(1)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')))) == 0;
}
#endif

/* Is it ASCII without NUL and backslash, like nearly all names? Eight bytes at a time; the last eight may overlap. */
static bool is_simple(struct text t) {
#ifdef __SSE2__
	if (t.len >= 8 && t.len <= 16) {
		return are_simple_sixteen(_mm_set_epi64x((long long)eight_at(t.at + t.len - 8), (long long)eight_at(t.at)));
	}
#endif
	if (t.len >= 8) {
		size_t i = 0;
		while (i + 8 < t.len && are_simple(eight_at(t.at + i))) {
			i += 8;
		}
		return i + 8 >= t.len && are_simple(eight_at(t.at + t.len - 8));
	}
	for (size_t i = 0; i < t.len; i++) {
		if ((unsigned char)(t.at[i] - 1) >= 0x7F || t.at[i] == '\\') {
			return false;
		}
	}
	return true;
}

static bool is_hex(char c) {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* Is this an escape as written below? */
static bool looks_escaped(struct text t) {
	return t.len >= 4 && t.at[0] == '\\' && t.at[1] == 'x' && is_hex(t.at[2]) && is_hex(t.at[3]);
}

/* The bytes at the start that are converted together, and the result. */
static size_t plain_character(struct text t, char out[8], size_t *out_len) {
	uint32_t c;
	size_t len = text_character(t, &c);

	if (len == 0 || c == 0 || looks_escaped(t)) {
		*out_len = (size_t)snprintf(out, 8, "\\x%02X", (unsigned char)t.at[0]);
		return 1;
	}
	memcpy(out, t.at, len);
	*out_len = len;
	return len;
}

static void put_digest(struct text name, char *at) {
	char hex[DIGEST_HEX_MAX];
	digest_of(name, hex);
	*at = '~';
	memcpy(at + 1, hex, DIGEST_LEN - 1);
}

bool plain_name_is(struct text name, size_t max) {
	return name.len <= max && is_simple(name);
}

struct text plain_name(struct text name, size_t max, char out[PLAIN_NAME_MAX]) {
	struct text rest = name;
	size_t len = 0, kept = 0; /* kept: where a truncated name ends */

	if (plain_name_is(name, max)) {
		return name;
	}
	while (rest.len > 0) {
		char one[8];
		size_t one_len, used = plain_character(rest, one, &one_len);
		if (len + one_len > max) {
			put_digest(name, out + kept);
			return (struct text){out, kept + DIGEST_LEN};
		}
		memcpy(out + len, one, one_len);
		len += one_len;
		kept = len <= max - DIGEST_LEN ? len : kept;
		rest = text_cut(rest, used, rest.len);
	}
	return (struct text){out, len};
}
