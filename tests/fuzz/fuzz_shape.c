/*
 * Any lines as objects of collectors: an object split by the shape of the previous one has the values that the parser
 * finds. The second envelope gets each object with more white space before its first key than the previous one, so
 * that no two have the same shape.
 */
#include <assert.h>
#include <stdlib.h>

#include "ingest/envelopes/envelope.h"
#include "tests/fuzz/fuzz_help.h"

#define SPACES 32

static struct text with_spaces(struct text line, size_t spaces, char *to) {
	to[0] = '{';
	memset(to + 1, ' ', spaces);
	memcpy(to + 1 + spaces, line.at + 1, line.len - 1);
	return (struct text){to, line.len + spaces};
}

static void same_origin(const struct origin *a, const struct origin *b) {
	for (int i = 0; i < ORIGIN_PARTS; i++) {
		assert(text_eq(a->part[i], b->part[i]));
	}
	assert(text_eq(a->value, b->value));
}

static void compare(struct envelope *fast, struct envelope *slow, struct text line, size_t spaces) {
	char *copy = malloc(line.len + spaces + 1);
	struct unwrapped a = {0}, b = {0};

	enum envelope_status x = envelope_strip(fast, line, &a), y = envelope_strip(slow, with_spaces(line, spaces, copy), &b);
	bool unread = x == ENVELOPE_LINE && a.text.len > 0 && *a.text.at == '{'; /* an object in it may differ by the space */
	assert(x == y);
	if (x == ENVELOPE_LINE && !unread) {
		assert(text_eq(a.text, b.text) && a.stamp_ns == b.stamp_ns && a.has_local == b.has_local);
		same_origin(&a.origin, &b.origin);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct envelope *fast = envelope_new(4096), *slow = envelope_new(4096);
	struct text rest = fuzz_text(data, size), line;
	size_t spaces = 0;

	while (fuzz_line(&rest, &line)) {
		if (line.len > 2 && line.at[0] == '{' && line.at[1] == '"') {
			compare(fast, slow, line, 1 + spaces++ % SPACES);
			compare(fast, slow, line, 1 + spaces++ % SPACES); /* by now it is known */
		}
	}
	envelope_free(fast);
	envelope_free(slow);
	return 0;
}
