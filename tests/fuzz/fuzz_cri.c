/*
 * Any lines as those of a container log of Kubernetes: what is in front is removed at once as it is in two steps, and is none
 * of the other envelopes that begin with a digit.
 */
#include <assert.h>

#include "ingest/envelopes/envelope_private.h"
#include "tests/fuzz/fuzz_help.h"

static bool by_steps(struct envelope *e, struct peeling *p) {
	if (!strip_rfc3339(e, p)) {
		return false;
	}
	p->depth++;
	return !strip_labels(e, p) && strip_cri(e, p);
}

static void compare(struct envelope *fast, struct text line) {
	struct envelope *slow = envelope_new(4096); /* which knows no second */
	struct peeling a = {.text = line, .stamp_ns = UNKNOWN}, b = a, other = a;

	bool x = strip_cri_line(fast, &a), y = by_steps(slow, &b);
	assert(x == y);
	if (x) {
		assert(text_eq(a.text, b.text) && a.stamp_ns == b.stamp_ns && a.stamped == b.stamped && a.depth == b.depth);
		assert(a.in_parts == b.in_parts && a.part == b.part && a.stream == b.stream);
		assert(!strip_out_file(slow, &other) && !strip_fluentd(slow, &other));
	} else {
		assert(text_eq(a.text, line) && a.stamp_ns == UNKNOWN && !a.stamped && a.depth == 0);
	}
	envelope_free(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct envelope *e = envelope_new(4096);
	struct text rest = fuzz_text(data, size), line;

	while (fuzz_line(&rest, &line)) {
		if (line.len > 0 && *line.at >= '0' && *line.at <= '9') {
			compare(e, line);
		}
	}
	envelope_free(e);
	return 0;
}
