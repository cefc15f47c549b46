/* Any bytes as the lines of a log in envelopes. */
#include <assert.h>

#include "ingest/envelopes/envelope.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct envelope *e = envelope_new(4096);
	struct text rest = fuzz_text(data, size), line;
	struct unwrapped out;
	size_t total = 0;

	while (fuzz_line(&rest, &line)) {
		if (envelope_strip(e, line, &out) == ENVELOPE_LINE) {
			total += out.text.len;
			assert(out.text.len <= 4096 || out.text.len <= line.len);
		}
	}
	while (envelope_last(e, &out)) {
		total += out.text.len;
	}
	assert(total <= 2 * size); /* nothing grows */
	envelope_free(e);
	return 0;
}
