#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fits_help.h"

const struct fit_key day_one = {.gpus_per_replica = 1, .day_ns = 20 * NS_PER_DAY};

uint64_t next_random(uint64_t *state) {
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int64_t below(uint64_t *state, int64_t bound) {
	return (int64_t)(next_random(state) >> 12) % bound;
}

char *written(struct attribution_fits *f) {
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct fault why;

	assert_int_equal(attribution_fits_write(f, out, &why), 0);
	fclose(out);
	return text;
}

void assert_written_same(struct attribution_fits *a, struct attribution_fits *b) {
	char *x = written(a), *y = written(b);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

void check_sums(struct names *n, struct attribution_fits *whole, struct attribution_fits *sum, struct attribution_fits *rest,
                void same(struct attribution_fits *a, struct attribution_fits *b)) {
	struct attribution_fits *read = attribution_fits_new(n);
	char *text = written(whole);
	struct fault why;

	assert_int_equal(fits_merge(sum, rest, &why), 0);
	same(whole, sum);
	assert_int_equal(attribution_fits_read(read, (struct text){text, strlen(text)}, "fits", &why), 0);
	same(whole, read);
	free(text);
	attribution_fits_free(read);
}
