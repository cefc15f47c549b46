/* decimal.h: exact decimals for money. 1 currency unit = 1,000,000,000 nano. */
#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include "core/exact.h"
#include "core/text.h"

/* Enough for any formatted nano value and its NUL. */
#define DECIMAL_TEXT_MAX EXACT_TEXT_MAX

/*
 * Reads a decimal ("2.49", "-0.5", "5e-07", "1.25E3") as nano-units times 10^shift,
 * exactly: shift 0 for money, shift 6 turns a price per token into one per million
 * tokens. False if the text is not a decimal, does not fit, or has digits below one
 * nano (nothing is rounded away silently).
 */
bool decimal_parse(struct text t, int shift, int64_t *nano);

/* "4", "0.25", "1/7" above 0, and at most `most`, as a fraction in lowest terms. */
bool fraction_parse(struct text t, int64_t most, int64_t *num, int64_t *den);

/* Writes with exactly `places` (0 to 9) decimals, rounded half to even; returns `out`. */
const char *decimal_format(int128 nano, int places, char out[DECIMAL_TEXT_MAX]);
/* Exactly, without trailing zeros, except for so many decimals. */
const char *decimal_exact(int128 nano, int least_places, char out[DECIMAL_TEXT_MAX]);

#endif
