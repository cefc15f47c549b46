/* Any bytes as an object of a container runtime: the values read without the parser are those of the parser. */
#include <assert.h>
#include <stdlib.h>

#include "ingest/envelopes/envelope.h"
#include "tests/fuzz/fuzz_help.h"

/* The same object with white space in front of its first key: that is left to the parser. */
static struct text with_space(struct text line, char *to) {
	to[0] = '{';
	to[1] = ' ';
	memcpy(to + 2, line.at + 1, line.len - 1);
	return (struct text){to, line.len + 1};
}

static void compare(struct text line) {
	struct envelope *fast = envelope_new(4096), *slow = envelope_new(4096);
	char *copy = malloc(line.len + 2);
	struct unwrapped a = {0}, b = {0};

	enum envelope_status x = envelope_strip(fast, line, &a), y = envelope_strip(slow, with_space(line, copy), &b);
	bool unread = x == ENVELOPE_LINE && a.text.len > 0 && *a.text.at == '{'; /* an object in it may differ by the space */
	assert(x == y);
	assert(unread || x != ENVELOPE_LINE || (text_eq(a.text, b.text) && a.stamp_ns == b.stamp_ns));
	int from_a = 0, from_b = 0;
	bool more_a = envelope_peek(fast, &from_a, &a), more_b = envelope_peek(slow, &from_b, &b);
	assert(more_a == more_b && (!more_a || (from_a == from_b && text_eq(a.text, b.text))));
	free(copy);
	envelope_free(fast);
	envelope_free(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text rest = fuzz_text(data, size), line;

	while (fuzz_line(&rest, &line)) {
		if (line.len > 2 && line.at[0] == '{' && line.at[1] == '"') {
			compare(line);
		}
	}
	return 0;
}
