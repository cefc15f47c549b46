/* Any bytes as the statistics of other runs: an error with a place, or the same text again after it is written and read. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/attribute.h"
#include "tests/fuzz/fuzz_help.h"

static char *write_fits(struct attribution_fits *f) {
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct fault why = {0};

	assert(out);
	int rc = attribution_fits_write(f, out, &why);
	fclose(out);
	assert(rc == 0 || why.message[0]);
	if (rc < 0) {
		free(text);
		return NULL;
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct names *names = names_new();
	struct attribution_fits *f = attribution_fits_new(names), *again = attribution_fits_new(names);
	struct fault why = {0};

	if (attribution_fits_read(f, fuzz_text(data, size), "fuzz", &why) < 0) {
		assert(strncmp(why.message, "fuzz:", 5) == 0);
	} else {
		char *one = write_fits(f);
		if (one) {
			assert(attribution_fits_read(again, text_of(one), "again", &why) == 0);
			char *other = write_fits(again);
			assert(other && strcmp(one, other) == 0);
			free(other);
			free(one);
		}
	}
	attribution_fits_free(again);
	attribution_fits_free(f);
	names_free(names);
	return 0;
}
