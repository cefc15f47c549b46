/* fits_help.h: fits of steps, requests and windows: their day, repeatable random numbers, their text. */
#ifndef TESTS_FITS_HELP_H
#define TESTS_FITS_HELP_H

#include "attribute/model/fits.h"

extern const struct fit_key day_one;

/* Marsaglia's xorshift: the same numbers everywhere. */
uint64_t next_random(uint64_t *state);
/* A number below a bound, from its upper bits. */
int64_t below(uint64_t *state, int64_t bound);

/* The text attribution_fits_write writes; the caller frees it. */
char *written(struct attribution_fits *f);
/* Both write the same text. */
void assert_written_same(struct attribution_fits *a, struct attribution_fits *b);
/* `whole` is unchanged after writing and reading; `sum` with `rest` added equals `whole`. `same` compares. */
void check_sums(struct names *n, struct attribution_fits *whole, struct attribution_fits *sum, struct attribution_fits *rest,
                void same(struct attribution_fits *a, struct attribution_fits *b));

#endif
