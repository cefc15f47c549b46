/* Any bytes as the lines of a log in envelopes. */
#include <assert.h>

#include "ingest/envelopes/envelope.h"
#include "tests/fuzz/fuzz_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct envelope *e = envelope_new(4096);
	struct text rest = fuzz_text(data, size), line;
	struct unwrapped out;
	size_t lines = 0;

	while (fuzz_line(&rest, &line)) {
		enum envelope_status status = envelope_strip(e, line, &out);
		do {
			/* A sample follows the labels of its series. */
			assert(status != ENVELOPE_LINE || out.text.len <= 4096 || out.text.len <= 2 * line.len);
			lines += status == ENVELOPE_LINE;
		} while ((status = envelope_more(e, &out)) != ENVELOPE_DONE);
	}
	for (int from = 0; envelope_peek(e, &from, &out);) {
		lines++;
	}
	assert(lines <= size + 1); /* nothing grows */
	envelope_free(e);
	return 0;
}
