/* exact.h: integer arithmetic that rounds as stated and never wraps. */
#ifndef CORE_EXACT_H
#define CORE_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_HOUR (3600 * NS_PER_SECOND)
#define NS_PER_DAY (24 * NS_PER_HOUR)
/* Nano-units in one unit of a currency. */
#define NANO INT64_C(1000000000)

typedef __int128 int128;

/*
 * a * b / c (c > 0) to the nearest integer, halves to even; exact in 128 bits.
 * False if the result does not fit 64 bits.
 */
bool exact_mul_div(int64_t a, int64_t b, int64_t c, int64_t *out);

/* num / den (den > 0) to the nearest integer, halves to even. */
int128 exact_div(int128 num, int128 den);

/* In decimal digits; returns `out`. */
#define EXACT_TEXT_MAX 48
const char *exact_print(int128 n, char out[EXACT_TEXT_MAX]);

/* <0, 0 or >0, for comparing functions. */
static inline int exact_order(int64_t a, int64_t b) {
	return (a > b) - (a < b);
}

/* The same for qsort, of an array of int64_t. */
static inline int exact_order_at(const void *a, const void *b) {
	return exact_order(*(const int64_t *)a, *(const int64_t *)b);
}

/* *sum += x; false, and *sum unchanged, if that does not fit. */
static inline bool exact_add(int64_t *sum, int64_t x) {
	int64_t got;
	if (__builtin_add_overflow(*sum, x, &got)) {
		return false;
	}
	*sum = got;
	return true;
}

/* For figures in print. */
static inline double exact_hours(int64_t ns) {
	return (double)ns / (double)NS_PER_HOUR;
}

/* Widens a first and a last instant to a period; initially MAX and MIN. */
static inline void exact_widen(int64_t *first_ns, int64_t *last_ns, int64_t from_ns, int64_t to_ns) {
	*first_ns = from_ns < *first_ns ? from_ns : *first_ns;
	*last_ns = to_ns > *last_ns ? to_ns : *last_ns;
}

#endif
