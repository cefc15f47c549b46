/* bytes.h: bytes eight or sixteen at a time. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include "core/text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The eight bytes at `at`; the first is the lowest one, on any machine. */
static inline uint64_t eight_at(const char *at) {
	uint64_t bytes;

	memcpy(&bytes, at, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	bytes = __builtin_bswap64(bytes);
#endif
	return bytes;
}

static inline uint32_t four_at(const char *at) {
	uint32_t bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* Has one of the eight bytes a value below `limit`, which is at most 128? */
static inline bool any_below(uint64_t bytes, uint64_t limit) {
	return ((bytes - EACH_BYTE(limit)) & ~bytes & EACH_BYTE(0x80)) != 0;
}

/* Is none of the eight bytes a quote, a backslash or a control character? */
static inline bool all_plain(uint64_t bytes) {
	return !any_below(bytes, 0x20) && !any_below(bytes ^ EACH_BYTE('"'), 1) && !any_below(bytes ^ EACH_BYTE('\\'), 1);
}

static inline bool is_plain(char c) {
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* The number of bytes up to the first quote, backslash or control character; t.len: there is none. */
static inline size_t plain_len(struct text t) {
	size_t i = 0;

#ifdef __SSE2__
	for (; t.len - i >= 16; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(t.at + i));
		__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
		__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
		int found = _mm_movemask_epi8(_mm_or_si128(control, marks));
		if (found != 0) {
			return i + (size_t)__builtin_ctz((unsigned)found);
		}
	}
#endif
	while (t.len - i >= 8 && all_plain(eight_at(t.at + i))) {
		i += 8;
	}
	while (i < t.len && is_plain(t.at[i])) {
		i++;
	}
	return i;
}

/* Has the text a control character? */
static inline bool has_control(struct text t) {
	size_t i = 0;

#ifdef __SSE2__
	for (; t.len - i >= 16; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(t.at + i));
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes)) != 0) {
			return true;
		}
	}
#endif
	while (t.len - i >= 8 && !any_below(eight_at(t.at + i), 0x20)) {
		i += 8;
	}
	while (i < t.len && (unsigned char)t.at[i] >= 0x20) {
		i++;
	}
	return i < t.len;
}

/* Powers of ten, by the number of digits that digits_of returns. */
static const uint32_t digit_tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/*
 * The number from the digits at the start of eight bytes, the first in the lowest one, and their count. A byte after
 * the first other one may be treated as a digit: only the first matters.
 */
static inline uint64_t digits_of(uint64_t bytes, unsigned *count) {
	uint64_t digits = bytes ^ EACH_BYTE('0'), others = ((digits + EACH_BYTE(0x76)) | digits) & EACH_BYTE(0x80);

	*count = others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
	if (*count == 0) {
		return 0;
	}
	digits <<= 64 - 8 * *count; /* leading zeros, trailing bytes are shifted out */
	/* Pairs, then fours, then all. */
	digits = digits * 10 + (digits >> 8);
	return ((digits & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
	        (digits >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >> 32;
}

/* Do the bytes at `at`, as many as the token has, equal it? Overlapping words, mostly without a call. */
static inline bool token_at(const char *at, struct text token) {
	if (token.len < 4) {
		return memcmp(at, token.at, token.len) == 0;
	}
	if (token.len < 8) {
		return four_at(at) == four_at(token.at) && four_at(at + token.len - 4) == four_at(token.at + token.len - 4);
	}
	return eight_at(at) == eight_at(token.at) && eight_at(at + token.len - 8) == eight_at(token.at + token.len - 8) &&
	       (token.len <= 16 || eight_at(at + 8) == eight_at(token.at + 8)) &&
	       (token.len <= 24 || memcmp(at + 16, token.at + 16, token.len - 16) == 0);
}

#endif
