#include "core/exact.h"

#include <assert.h>
#include <string.h>

int128 exact_div(int128 num, int128 den) {
	assert(den > 0);
	int128 whole = num / den, rest = num % den;

	if (rest < 0) { /* floor */
		rest += den;
		whole--;
	}
	int128 other = den - rest;
	if (rest > other || (rest == other && whole % 2 != 0)) {
		whole++;
	}
	return whole;
}

bool exact_mul_div(int64_t a, int64_t b, int64_t c, int64_t *out) {
	int128 got = exact_div((int128)a * b, c);

	if (got > INT64_MAX || got < INT64_MIN) {
		return false;
	}
	*out = (int64_t)got;
	return true;
}

const char *exact_print(int128 n, char out[EXACT_TEXT_MAX]) {
	unsigned __int128 left = n < 0 ? -(unsigned __int128)n : (unsigned __int128)n;
	char digits[EXACT_TEXT_MAX];
	size_t at = sizeof digits;

	digits[--at] = '\0';
	for (; left > UINT64_MAX; left /= 10) {
		digits[--at] = (char)('0' + (int)(left % 10));
	}
	uint64_t rest = (uint64_t)left; /* most figures: divided without a call */
	do {
		digits[--at] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest > 0);
	if (n < 0) {
		digits[--at] = '-';
	}
	return memcpy(out, digits + at, sizeof digits - at);
}
