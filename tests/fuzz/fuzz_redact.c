/*
 * Any bytes as a refused line: what is written of it is not longer than its lengths spelt out, and holds no control
 * characters.
 */
#include <assert.h>
#include <stdlib.h>

#include "ingest/redact.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert(out);
	redact_line(fuzz_text(data, size), out);
	fclose(out);
	assert(len <= 32 * size + 32);
	for (size_t i = 0; i < len; i++) {
		assert((unsigned char)text[i] < 0x7f && (text[i] >= ' ' || text[i] == '\t'));
	}
	free(text);
	return 0;
}
