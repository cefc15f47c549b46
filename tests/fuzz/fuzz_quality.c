/* Any bytes as lines of what was wrong with logs: those that are read are written and read again without a change. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/quality_lines.h"
#include "tests/fuzz/fuzz_help.h"

static void read_lines(struct quality *q, struct json *j, struct text rest) {
	struct text line;

	while (fuzz_line(&rest, &line)) {
		if (json_parse(j, line, NULL)) {
			quality_read_line(q, j);
		}
	}
}

static char *write_lines(const struct quality *q) {
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert(out);
	quality_write_lines(q, out);
	fclose(out);
	return text;
}

/* The lines of what was read from lines. */
static char *read_and_write(struct text lines) {
	struct quality q;
	struct json *j = json_new();

	quality_init(&q);
	read_lines(&q, j, lines);
	char *out = write_lines(&q);
	quality_release(&q);
	json_free(j);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *any = read_and_write(fuzz_text(data, size));
	char *one = read_and_write(text_of(any)); /* what is not UTF-8 has been replaced */
	char *other = read_and_write(text_of(one));

	assert(strcmp(one, other) == 0);
	free(any);
	free(one);
	free(other);
	return 0;
}
